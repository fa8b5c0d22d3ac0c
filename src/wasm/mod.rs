//! The bindings to JavaScript: they convert and delegate. Only this module names a JavaScript crate.
//!
//! Every error is a JavaScript object `{ code, message, detail }`; `code` is that of
//! [`LukeError`](crate::error::LukeError::code).
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used))]

#[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
mod bench;
mod call;
mod js;
mod source;
#[cfg(feature = "threads")]
mod threads;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Promise;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::backend::DeviceKind;
use crate::checkpoint::{self, HeadChoice, RawCheckpoint};
use crate::error::LukeError;
use crate::folder::CheckedFolder;
use crate::inputs::ModelInputs;
use crate::luke::{AddedHead, Luke};
use crate::tasks;
use crate::tasks::call::ner_value;
use crate::tasks::embed::{EmbedInput, Embedding};
use crate::tasks::ner::Found;
use crate::tasks::teach::{TeachInput, TeachMemory, TeachProgress};
use js::{JsResult, answer_to_js, from_js, js_error, list_to_js, tensor, to_js};
use source::{Host, JsSource, promise};

/// Loads a model folder. `host` has two functions, which may be called as long as the model lives:
///
/// - `read(file, ahead, again, write, call)` calls `write` with the pieces of a file in their order, or of a part of it where
///   there is an offset, and returns a promise that settles after the last piece. `file` is `{ path, bytes, sha256?, offset? }`;
///   `ahead` is an array of up to 16 files that will be read after it, in order. `again` is true where the bytes that the last
///   `read` gave for this file are not the file.
/// - `pause(call)` returns undefined where the work may go on at once, or a promise that settles when it may. Where it throws,
///   or the promise rejects, the call ends with the code `aborted`.
///
/// - `measured(flops, roundTripMs, flopPerRow, quantized)` is called on WebGPU before the first file is read: FLOP/s of the GPU, the
///   time from a submit to the report of its completion, FLOP of a row (a word or an entity) of the model, and whether its weights
///   are int8. Where it throws, the load ends with the code `unsupported`.
///
/// `call` is what JavaScript gave for the call that reads or pauses; in a load, undefined.
///
/// Where there is an `on_self_test`, it is called without arguments when everything is built, and then the manifest's self-test
/// runs, if it has one. What it throws is what the load fails with.
#[wasm_bindgen(js_name = loadModel)]
pub fn load_model(manifest_json: &str, host: Host, on_self_test: Option<js_sys::Function>) -> Promise {
    console_panics();
    let folder = CheckedFolder::parse(manifest_json).map_err(js_error);
    promise(JsValue::UNDEFINED, async {
        let mut luke = Luke::load(folder?, JsSource::new(host), DeviceKind::DEFAULT, false).await.map_err(js_error)?;
        if let Some(on_self_test) = on_self_test {
            on_self_test.call0(&JsValue::UNDEFINED)?;
            luke.self_test_error = luke.self_test().await.map_err(js_error)?;
        }
        Ok(Model::from(luke).into())
    })
}

/// Loads a checkpoint that is read as it is; `host` is as in [`load_model`].
#[wasm_bindgen(js_name = loadCheckpoint)]
pub fn load_checkpoint(checkpoint: Checkpoint, host: Host) -> Promise {
    promise(JsValue::UNDEFINED, async {
        let luke =
            Luke::load_checkpoint(checkpoint.0, JsSource::new(host), DeviceKind::DEFAULT).await.map_err(js_error)?;
        Ok(Model::from(luke).into())
    })
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
/// bytes by name: `config.json`, `entity_vocab.json`, `luke_web.json`, `model.safetensors.index.json` and the tokenizer's
/// files, as far as they exist.
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

/// A loaded model; see `Luke`. Several calls may be under way: what runs in one of them changes nothing that another one sees.
#[wasm_bindgen]
pub struct Model {
    luke: Rc<Luke>,
    /// What the model has read of examples, while no `teach` runs: one that begins meanwhile reads all of its own.
    examples: Rc<RefCell<TeachMemory>>,
}

impl From<Luke> for Model {
    fn from(luke: Luke) -> Self {
        Self { luke: luke.into(), examples: Rc::default() }
    }
}

/// `call` is any value, which the host is told where the call reads a file or pauses.
#[wasm_bindgen]
impl Model {
    /// Any task but `embed`, by its name in the API.
    pub fn call(&self, task: String, input: JsValue, options: JsValue, call: JsValue) -> Promise {
        let luke = self.luke.clone();
        promise(call, async move {
            let (input, options) = (from_js(&input, "input")?, from_js(&options, "options")?);
            let answer = luke.call(&task, input, options).await.map_err(js_error)?;
            answer_to_js(&answer, &mut luke.turns()).await
        })
    }

    /// `ner` of several texts. Calls `visit` with what it found in each, in their order, as soon as that is known. What `visit`
    /// throws ends the call, which rejects with it.
    #[wasm_bindgen(js_name = nerEach)]
    pub fn ner_each(&self, texts: JsValue, options: JsValue, visit: js_sys::Function, call: JsValue) -> Promise {
        let luke = self.luke.clone();
        promise(call, async move {
            let texts: Vec<String> = tasks::required("texts", from_js(&texts, "texts")?).map_err(js_error)?;
            let options = tasks::from_value("options", from_js(&options, "options")?).map_err(js_error)?;
            let mut thrown = None;
            let show = async |found: Found| {
                let turns = &mut luke.turns();
                let value = ner_value(turns, &found).await?;
                let shown = answer_to_js(&value, turns).await;
                shown.and_then(|value| visit.call1(&JsValue::UNDEFINED, &value)).map(drop).map_err(|error| {
                    thrown = Some(error);
                    LukeError::Aborted
                })
            };
            let done = luke.ner_each(&texts, &options, show).await;
            thrown.map_or(done.map_err(js_error), Err).map(|()| JsValue::UNDEFINED)
        })
    }

    /// As `call`, by a head that was taught; `head` is its file.
    #[wasm_bindgen(js_name = callBy)]
    pub fn call_by(&self, task: String, head: &[u8], input: JsValue, options: JsValue, call: JsValue) -> Promise {
        let luke = self.luke.clone();
        let head = luke.read_head(head).map_err(js_error);
        promise(call, async move {
            let (head, input, options) = (head?, from_js(&input, "input")?, from_js(&options, "options")?);
            let answer = luke.call_by(&task, &head, input, options).await.map_err(js_error)?;
            answer_to_js(&answer, &mut luke.turns()).await
        })
    }

    /// Teaches a head: `{ bytes, head, report }`, its file, what it says of itself, and how good it is. Calls `on_progress` with
    /// `{ phase, done, total }`. What that throws is what the call rejects with, at its end.
    pub fn teach(&self, input: JsValue, options: JsValue, on_progress: js_sys::Function, call: JsValue) -> Promise {
        let (luke, examples) = (self.luke.clone(), self.examples.clone());
        promise(call, async move {
            let input = TeachInput::from_value(from_js(&input, "input")?).map_err(js_error)?;
            let options = tasks::from_value("options", from_js(&options, "options")?).map_err(js_error)?;
            let mut thrown = None;
            let show = |progress: TeachProgress| {
                let shown = to_js(&progress).and_then(|progress| on_progress.call1(&JsValue::UNDEFINED, &progress));
                thrown = thrown.take().or(shown.err());
            };
            let mut memory = examples.take();
            let taught = luke.teach(&input, &options, &mut memory, show).await;
            examples.replace(memory);
            let (head, report) = thrown.map_or(taught.map_err(js_error), Err)?;
            let result = head_to_js(&head.to_bytes(), &head.about)?;
            js_sys::Reflect::set(&result, &"report".into(), &to_js(&report)?)?;
            Ok(result)
        })
    }

    /// What the head in a file says of itself.
    ///
    /// # Errors
    /// `format`, `integrity` or `input`, as [`Luke::read_head`].
    #[wasm_bindgen(js_name = headFacts)]
    pub fn head_facts(&self, bytes: &[u8]) -> JsResult<JsValue> {
        to_js(&self.luke.read_head(bytes).map_err(js_error)?.about)
    }

    /// Sets how many bytes the results of passes take that are kept between calls of `ner`; 0 keeps nothing.
    #[wasm_bindgen(js_name = setPassCacheBytes)]
    pub fn set_pass_cache_bytes(&self, bytes: f64) {
        self.luke.set_pass_cache_bytes(bytes as usize);
    }

    /// Vectors: `{ text, spans }`; `words`, `entities`, `pooled` and `vector` are `{ shape, data: Float32Array }`.
    pub fn embed(&self, input: JsValue, options: JsValue, call: JsValue) -> Promise {
        let luke = self.luke.clone();
        promise(call, async move {
            let input: EmbedInput = tasks::required("input", from_js(&input, "input")?).map_err(js_error)?;
            let options = tasks::from_value("options", from_js(&options, "options")?).map_err(js_error)?;
            let Embedding { tokens, words, entities, pooled, vector, hidden } =
                luke.embed(&input, &options).await.map_err(js_error)?;
            let result = js_sys::Object::new();
            let set = |name: &str, value: &JsValue| js_sys::Reflect::set(&result, &name.into(), value);
            set("tokens", &list_to_js(&tokens, &mut luke.turns()).await?)?;
            set("words", &tensor(&[words.len() / hidden, hidden], &words)?)?;
            set("entities", &tensor(&[entities.len() / hidden, hidden], &entities)?)?;
            set("pooled", &pooled.map_or(Ok(JsValue::NULL), |pooled| tensor(&[hidden], &pooled))?)?;
            if let Some(vector) = vector {
                set("vector", &tensor(&[hidden], &vector)?)?;
            }
            Ok(result.into())
        })
    }

    /// The model on arrays: `{ name: { shape, data: Float32Array } }`; for several inputs, several such objects.
    pub fn forward(&self, inputs: JsValue, options: JsValue, call: JsValue) -> Promise {
        let luke = self.luke.clone();
        promise(call, async move {
            let inputs = from_js(&inputs, "inputs")?;
            let several = inputs.is_array();
            let inputs = if several { inputs } else { Value::Array(vec![inputs]) };
            let batch: Vec<ModelInputs> = tasks::required("inputs", inputs).map_err(js_error)?;
            let options = from_js(&options, "options")?;
            let head = options.get("head").and_then(Value::as_str);
            let results = js_sys::Array::new();
            for outputs in luke.forward_batch(&batch, head).await.map_err(js_error)? {
                let result = js_sys::Object::new();
                for output in outputs {
                    let value = tensor(&output.shape, &output.values)?;
                    js_sys::Reflect::set(&result, &output.name.as_str().into(), &value)?;
                }
                results.push(&result);
            }
            Ok(if several { results.into() } else { results.get(0) })
        })
    }

    /// Whether its device has failed, also while no call ran. The model must then be loaded again.
    #[wasm_bindgen(js_name = isLost)]
    pub fn is_lost(&self) -> bool {
        self.luke.is_lost()
    }

    /// Facts about the model and its device. `taughtHeads` are the heads of its folder that were taught, each as `{ bytes, head }`, if
    /// there are any.
    ///
    /// # Errors
    /// None in practice: these facts always have a form in JavaScript.
    pub fn info(&self) -> JsResult<JsValue> {
        let Luke { manifest, device, .. } = &*self.luke;
        let tested = manifest.self_test.as_ref().zip(self.luke.self_test_error);
        let info = to_js(&json!({
            "name": manifest.name,
            "license": manifest.license,
            "dtype": manifest.dtype,
            "device": js_name(*device),
            "tasks": self.luke.tasks(),
            "heads": manifest.heads,
            "parameters": self.luke.parameters,
            "config": manifest.config,
            "gpu": self.gpu(),
            "selfTest": tested.map(|(test, error)| json!({ "maxError": error, "tolerance": test.tolerance })),
        }))?;
        let heads = js_sys::Array::new();
        for AddedHead { head, bytes } in &self.luke.taught_heads {
            heads.push(&head_to_js(bytes, &head.about)?);
        }
        if heads.length() > 0 {
            js_sys::Reflect::set(&info, &"taughtHeads".into(), &heads)?;
        }
        Ok(info)
    }
}

impl Model {
    /// How fast the GPU is, and how the kernels agreed with plain loops.
    #[cfg(feature = "webgpu")]
    fn gpu(&self) -> Option<Value> {
        let (probed, speed) = (self.luke.probed?, crate::backend::speed()?);
        Some(json!({
            "gflops": (speed.flops / 1e8).round() / 10.0,
            "roundTripMs": (speed.round_trip.as_secs_f64() * 1e4).round() / 10.0,
            "kernels": { "checked": probed.kernels, "maxError": probed.max_error },
        }))
    }

    /// Nothing: this build has no GPU.
    #[cfg(not(feature = "webgpu"))]
    fn gpu(&self) -> Option<Value> {
        None
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

/// A head as `{ bytes, head }`: its file, and what it says of itself.
fn head_to_js(bytes: &[u8], about: &impl serde::Serialize) -> JsResult<JsValue> {
    let head = js_sys::Object::new();
    js_sys::Reflect::set(&head, &"bytes".into(), &js_sys::Uint8Array::from(bytes))?;
    js_sys::Reflect::set(&head, &"head".into(), &to_js(about)?)?;
    Ok(head.into())
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
