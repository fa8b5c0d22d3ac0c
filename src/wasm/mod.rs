//! The bindings to JavaScript: they convert and delegate. Only this module names a JavaScript crate.
//!
//! Every error is a JavaScript object `{ code, message, detail }`; `code` is that of
//! [`LukeError`](crate::error::LukeError::code).
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used))]

mod js;
mod source;
#[cfg(feature = "threads")]
mod threads;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::backend::DeviceKind;
use crate::checkpoint::{self, HeadChoice, RawCheckpoint};
use crate::folder::CheckedFolder;
use crate::inputs::ModelInputs;
use crate::luke::Luke;
use crate::tasks;
use crate::tasks::embed::{EmbedInput, EmbedOptions, Embedding};
use js::{JsResult, from_js, js_error, tensor, to_js};
use source::JsSource;

/// Loads a model folder. `options.selfTest` runs the manifest's self-test.
///
/// `read(file, next, write)` calls `write` with the pieces of a file in their order, and returns a promise that settles
/// after the last piece. `file` is `{ path, bytes, offset }`; with an `offset`, only that part of the file is read.
/// `next` is the file that will be read after it, or undefined. `read` may be called as long as the model lives.
///
/// # Errors
/// - `input` if `options` is not plain data
/// - `network` if `read` fails
/// - `format`, `integrity`, `unsupported`, `device-lost` and `out-of-memory`, as [`CheckedFolder::parse`] and
///   [`Luke::load`]
#[wasm_bindgen(js_name = loadModel)]
pub async fn load_model(manifest_json: &str, read: js_sys::Function, options: JsValue) -> JsResult<Model> {
    console_panics();
    let options = from_js(&options, "options")?;
    let folder = CheckedFolder::parse(manifest_json).map_err(js_error)?;
    let self_test = options.get("selfTest").and_then(Value::as_bool).unwrap_or(false);
    Luke::load(folder, JsSource::new(read), DeviceKind::DEFAULT, self_test).await.map(Model).map_err(js_error)
}

/// Loads a checkpoint without conversion. `read` is as in [`load_model`].
///
/// # Errors
/// - `network` if `read` fails
/// - `format`, `integrity`, `unsupported`, `device-lost` and `out-of-memory`, as [`Luke::load_checkpoint`]
#[wasm_bindgen(js_name = loadCheckpoint)]
pub async fn load_checkpoint(checkpoint: Checkpoint, read: js_sys::Function) -> JsResult<Model> {
    Luke::load_checkpoint(checkpoint.0, JsSource::new(read), DeviceKind::DEFAULT).await.map(Model).map_err(js_error)
}

/// The names of the safetensors files in a `model.safetensors.index.json`.
///
/// # Errors
/// `format`, as [`checkpoint::shards`].
#[wasm_bindgen(js_name = checkpointShards)]
pub fn checkpoint_shards(index_json: &[u8]) -> JsResult<Vec<String>> {
    checkpoint::shards(index_json).map_err(js_error)
}

/// How many bytes at the start of a safetensors file are its header, the 8 bytes of its length included. `first` holds
/// at least the first 8 bytes of the file.
///
/// # Errors
/// `format` if `first` is shorter, or if the header is longer than
/// [`MAX_HEADER_BYTES`](checkpoint::limits::MAX_HEADER_BYTES).
#[wasm_bindgen(js_name = checkpointHeaderBytes)]
pub fn checkpoint_header_bytes(file: &str, first: &[u8]) -> JsResult<usize> {
    checkpoint::header_bytes(file, first).map_err(js_error)
}

/// A checkpoint whose small files have been read; [`load_checkpoint`] takes it.
#[wasm_bindgen]
pub struct Checkpoint(RawCheckpoint);

#[wasm_bindgen]
impl Checkpoint {
    /// The parts of its weight files that a load reads, as entries of a manifest: `{ path, bytes, offset }`.
    ///
    /// # Errors
    /// None in practice: such entries always have a form in JavaScript.
    pub fn files(&self) -> JsResult<JsValue> {
        to_js(&self.0.folder.manifest().chunks)
    }
}

/// Reads the small files of a checkpoint that is loaded without conversion; see [`RawCheckpoint`]. `files` has their
/// bytes by name: `config.json`, `entity_vocab.json`, `luke_web.json` and the tokenizer's files, as far as they exist.
/// `headers` has the start of each safetensors file by name. Both have values of type `Uint8Array`. `heads` names the
/// heads to keep; `[]` keeps all.
///
/// # Errors
/// - `input` if `heads` names an unknown head, or two heads that would be one layer
/// - `format` if a file is missing, or if the checkpoint is not one that this program can follow
/// - `out-of-memory` if its weights take too much memory
#[wasm_bindgen(js_name = readCheckpoint)]
pub fn read_checkpoint(
    name: &str,
    files: &js_sys::Object,
    headers: &js_sys::Object,
    heads: Vec<String>,
) -> JsResult<Checkpoint> {
    console_panics();
    let (files, headers) = (bytes_by_name(files), bytes_by_name(headers));
    let read = || {
        let mut stored = Vec::new();
        for (file, start) in &headers {
            stored.extend(checkpoint::read_header(file, start, None)?);
        }
        let heads: Vec<HeadChoice> = heads.iter().map(|head| head.parse()).collect::<Result<_, _>>()?;
        RawCheckpoint::read(&|file| Ok(files.get(file).cloned()), &stored, name, &heads)
    };
    read().map(Checkpoint).map_err(js_error)
}

fn bytes_by_name(object: &js_sys::Object) -> BTreeMap<String, Vec<u8>> {
    let entries = js_sys::Object::entries(object);
    let entry = |entry: JsValue| {
        let entry = js_sys::Array::from(&entry);
        (entry.get(0).as_string().unwrap_or_default(), js_sys::Uint8Array::new(&entry.get(1)).to_vec())
    };
    entries.iter().map(entry).collect()
}

/// A loaded model; see [`Luke`].
#[wasm_bindgen]
pub struct Model(Luke);

#[wasm_bindgen]
impl Model {
    /// Runs any task but `embed`, by its name in the API.
    ///
    /// # Errors
    /// `input` if an argument is not plain data; else as [`Luke::call`].
    pub async fn call(&self, task: String, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let (input, options) = (from_js(&input, "input")?, from_js(&options, "options")?);
        to_js(&self.0.call(&task, input, options).await.map_err(js_error)?)
    }

    /// Computes vectors for `{ text, spans }`. Returns an object of four fields. `tokens` is a list of
    /// `{ id, start, end }`. `words` `[tokens, hidden]`, `entities` `[spans, hidden]` and `pooled` `[hidden]` are
    /// `{ shape, data: Float32Array }`; `pooled` is null if the model has no pooler.
    ///
    /// # Errors
    /// `input` if an argument is not plain data or has another form; else as [`Luke::embed`].
    pub async fn embed(&self, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let input: EmbedInput = tasks::required("input", from_js(&input, "input")?).map_err(js_error)?;
        let options: EmbedOptions = tasks::from_value("options", from_js(&options, "options")?).map_err(js_error)?;
        let Embedding { tokens, words, entities, pooled, hidden } =
            self.0.embed(&input, &options).await.map_err(js_error)?;
        let result = js_sys::Object::new();
        let set = |name: &str, value: &JsValue| js_sys::Reflect::set(&result, &name.into(), value);
        set("tokens", &to_js(&tokens)?)?;
        set("words", &tensor(&[words.len() / hidden, hidden], &words)?)?;
        set("entities", &tensor(&[entities.len() / hidden, hidden], &entities)?)?;
        set("pooled", &pooled.map_or(Ok(JsValue::NULL), |pooled| tensor(&[hidden], &pooled))?)?;
        Ok(result.into())
    }

    /// Runs the model on arrays of ids. Returns `{ NAME: { shape, data: Float32Array } }`; for a list of inputs, a list
    /// of such objects.
    ///
    /// # Errors
    /// `input` if an argument is not plain data or has another form; else as [`Luke::forward_batch`].
    pub async fn forward(&self, inputs: JsValue, options: JsValue) -> JsResult<JsValue> {
        let inputs = from_js(&inputs, "inputs")?;
        let several = inputs.is_array();
        let inputs = if several { inputs } else { Value::Array(vec![inputs]) };
        let batch: Vec<ModelInputs> = tasks::required("inputs", inputs).map_err(js_error)?;
        let options = from_js(&options, "options")?;
        let head = options.get("head").and_then(Value::as_str);
        let results = js_sys::Array::new();
        for outputs in self.0.forward_batch(&batch, head).await.map_err(js_error)? {
            let result = js_sys::Object::new();
            for output in outputs {
                js_sys::Reflect::set(&result, &output.name.as_str().into(), &tensor(&output.shape, &output.values)?)?;
            }
            results.push(&result);
        }
        Ok(if several { results.into() } else { results.get(0) })
    }

    /// Facts about the model and its device.
    ///
    /// # Errors
    /// None in practice: these facts always have a form in JavaScript.
    pub fn info(&self) -> JsResult<JsValue> {
        let Luke { manifest, device, .. } = &self.0;
        let tested = manifest.self_test.as_ref().zip(self.0.self_test_error);
        to_js(&json!({
            "name": manifest.name,
            "license": manifest.license,
            "dtype": manifest.dtype,
            "device": js_name(*device),
            "tasks": self.0.tasks(),
            "heads": manifest.heads,
            "parameters": self.0.parameters,
            "config": manifest.config,
            "selfTest": tested.map(|(test, error)| json!({ "maxError": error, "tolerance": test.tolerance })),
        }))
    }
}

/// Runs random cases of a kernel against its reference; see `kernels::check`. Returns `{ cases, maxError }`.
///
/// # Errors
/// `unsupported` if the device of this build cannot be opened.
#[cfg(feature = "kernel-tests")]
#[wasm_bindgen(js_name = kernelTest)]
pub async fn kernel_test(name: &str, seed: u32, cases: usize) -> JsResult<JsValue> {
    console_panics();
    let device = crate::backend::open(DeviceKind::DEFAULT).await.map_err(js_error)?;
    let mut max_error: f64 = 0.0;
    for case in 0..cases {
        max_error = max_error.max(crate::kernels::check::max_error(name, seed.into(), case, device.device()).await);
    }
    to_js(&json!({ "cases": cases, "maxError": max_error }))
}

/// A device's name in the JavaScript API.
fn js_name(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Cpu => "wasm",
        DeviceKind::Gpu => "webgpu",
    }
}

/// Writes the message of a panic to the console. A panic is a bug and ends the instance, and would end it without a
/// message.
fn console_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    });
}
