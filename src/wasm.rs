//! The wasm-bindgen skin: converts, delegates, and turns errors into `{ code, message, detail }`. The only
//! file that names a JavaScript crate.

use serde::Serialize;
use serde_json::{Value, json};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::backend::DeviceKind;
use crate::error::LukeError;
use crate::input::ModelInputs;
use crate::luke::{Luke, LukeLoader};
use crate::tasks::ner::{NerInput, NerOptions};
use crate::tasks::qa::{QaInput, QaOptions};
use crate::tasks::relation::RelationInput;
use crate::tasks::typing::TypingInput;
use crate::tasks::{self, LabelOptions};

type JsResult<T> = Result<T, JsValue>;

/// Collects the parts of a model folder; see `LukeLoader`.
#[wasm_bindgen]
pub struct Loader(LukeLoader);

#[wasm_bindgen]
impl Loader {
    /// Starts from the text of `manifest.json`.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest_json: &str) -> JsResult<Loader> {
        console_panics();
        LukeLoader::new(manifest_json).map(Loader).map_err(js_error)
    }

    /// Adds `"tokenizer"` or `"entityVocab"`.
    #[wasm_bindgen(js_name = pushFile)]
    pub fn push_file(&mut self, name: &str, bytes: &[u8]) -> JsResult<()> {
        self.0.push_file(name, bytes).map_err(js_error)
    }

    /// Adds a chunk.
    #[wasm_bindgen(js_name = pushChunk)]
    pub fn push_chunk(&mut self, index: usize, bytes: Vec<u8>) -> JsResult<()> {
        self.0.push_chunk(index, bytes).map_err(js_error)
    }

    /// Builds the model; `options.selfTest` runs the manifest's self-test.
    pub async fn finish(self, options: JsValue) -> JsResult<Model> {
        let options: Value = from_js(options, "options")?;
        let self_test = options.get("selfTest").and_then(Value::as_bool).unwrap_or(false);
        self.0.finish(DeviceKind::DEFAULT, self_test).await.map(Model).map_err(js_error)
    }
}

/// A loaded model; see `Luke`.
#[wasm_bindgen]
pub struct Model(Luke);

#[wasm_bindgen]
impl Model {
    /// Named entities.
    pub async fn ner(&self, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let input = NerInput::from_value(from_js(input, "input")?).map_err(js_error)?;
        let options: NerOptions = options_from_js(options)?;
        to_js(&self.0.ner(&input, &options).await.map_err(js_error)?)
    }

    /// Extractive question answering: `{ question, context }`.
    pub async fn qa(&self, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let input: QaInput = tasks::required("input", from_js(input, "input")?).map_err(js_error)?;
        let options: QaOptions = options_from_js(options)?;
        to_js(&self.0.qa(&input, &options).await.map_err(js_error)?)
    }

    /// Entity typing: `{ text, span }`.
    pub async fn typing(&self, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let input: TypingInput = tasks::required("input", from_js(input, "input")?).map_err(js_error)?;
        let options: LabelOptions = options_from_js(options)?;
        to_js(&self.0.typing(&input, &options).await.map_err(js_error)?)
    }

    /// Relation classification: `{ text, head, tail }`.
    pub async fn relation(&self, input: JsValue, options: JsValue) -> JsResult<JsValue> {
        let input: RelationInput = tasks::required("input", from_js(input, "input")?).map_err(js_error)?;
        let options: LabelOptions = options_from_js(options)?;
        to_js(&self.0.relation(&input, &options).await.map_err(js_error)?)
    }

    /// The model on arrays: `{ name: { shape, data: Float32Array } }`.
    pub async fn forward(&self, inputs: JsValue, options: JsValue) -> JsResult<JsValue> {
        let inputs: ModelInputs = tasks::required("inputs", from_js(inputs, "inputs")?).map_err(js_error)?;
        let options: Value = from_js(options, "options")?;
        let head = options.get("head").and_then(Value::as_str);
        let result = js_sys::Object::new();
        for output in self.0.forward(&inputs, head).await.map_err(js_error)? {
            let tensor = js_sys::Object::new();
            let data = js_sys::Float32Array::from(output.values.as_slice());
            js_sys::Reflect::set(&tensor, &"shape".into(), &to_js(&output.shape)?)?;
            js_sys::Reflect::set(&tensor, &"data".into(), &data)?;
            js_sys::Reflect::set(&result, &output.name.into(), &tensor)?;
        }
        Ok(result.into())
    }

    /// What is loaded and where it runs.
    pub fn info(&self) -> JsResult<JsValue> {
        let Luke { manifest, device, .. } = &self.0;
        let parameters: usize = manifest.tensors.iter().map(|tensor| tensor.bytes / tensor.dtype.size()).sum();
        let tested = manifest.self_test.as_ref().zip(self.0.self_test_error);
        to_js(&json!({
            "name": manifest.name,
            "license": manifest.license,
            "dtype": manifest.dtype,
            "device": device.name(),
            "tasks": self.0.tasks(),
            "heads": manifest.heads,
            "parameters": parameters,
            "config": manifest.config,
            "selfTest": tested.map(|(test, error)| json!({ "maxError": error, "tolerance": test.tolerance })),
        }))
    }
}

/// Runs cases of a kernel against its reference; see `kernels::check`.
#[cfg(feature = "kernel-tests")]
#[wasm_bindgen(js_name = kernelTest)]
pub async fn kernel_test(name: &str, seed: u32, cases: usize) -> JsResult<JsValue> {
    console_panics();
    let device = crate::backend::open(DeviceKind::DEFAULT).await.map_err(js_error)?;
    let mut max_error: f64 = 0.0;
    for case in 0..cases {
        max_error = max_error.max(crate::kernels::check::max_error(name, seed.into(), case, &device).await);
    }
    to_js(&json!({ "cases": cases, "maxError": max_error }))
}

fn from_js<T: serde::de::DeserializeOwned>(value: JsValue, name: &str) -> JsResult<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| js_error(LukeError::Input { argument: name.into(), reason: error.to_string() }))
}

fn options_from_js<T: serde::de::DeserializeOwned + Default>(value: JsValue) -> JsResult<T> {
    tasks::from_value("options", from_js(value, "options")?).map_err(js_error)
}

fn to_js(value: &impl Serialize) -> JsResult<JsValue> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}

fn js_error(error: LukeError) -> JsValue {
    let detail = match &error {
        LukeError::Integrity { file, reason } | LukeError::Format { file, reason } => {
            json!({ "file": file, "reason": reason })
        }
        LukeError::Input { argument, reason } => json!({ "argument": argument, "reason": reason }),
        LukeError::TaskUnavailable { task, available } => json!({ "task": task, "available": available }),
        LukeError::Unsupported(reason) | LukeError::DeviceLost(reason) => json!({ "reason": reason }),
    };
    let value = json!({ "code": error.code(), "message": error.to_string(), "detail": detail });
    to_js(&value).unwrap_or_else(|_| JsValue::from_str(&error.to_string()))
}

/// A panic is a bug of ours and ends the instance; its message must not be lost with it.
fn console_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    });
}
