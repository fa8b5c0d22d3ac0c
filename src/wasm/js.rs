//! Converts values and errors between JavaScript and Rust.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::pin::Pin;

use js_sys::{Array, ArrayBuffer, Object, Reflect};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::error::LukeError;
use crate::luke::Turns;

pub type JsResult<T> = std::result::Result<T, JsValue>;

/// The most levels of objects and arrays in an argument. The API needs five at most. An object that contains itself has
/// more.
const MAX_DEPTH: usize = 16;

/// The most values in an argument, those in its objects and arrays included.
const MAX_VALUES: usize = 1 << 23;

/// The largest integer that a number of JavaScript holds exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Reads an argument as JSON; `undefined` is `null`. Half a surrogate pair in a string becomes U+FFFD.
///
/// # Errors
/// `input`, with the path to the value that is not plain data: a function, a symbol, a BigInt, a number that is not
/// finite, an array of bytes, a `Map` or a `Set`; more than 16 levels (so a cycle) or 8 million values; or a getter or
/// a proxy that throws.
pub fn from_js(value: &JsValue, name: &str) -> JsResult<Value> {
    let mut reader = Reader { left: MAX_VALUES };
    reader
        .value(value, MAX_DEPTH)
        .map_err(|Fault { path, reason }| js_error(LukeError::input(format!("{name}{path}"), reason)))
}

#[wasm_bindgen]
extern "C" {
    /// `Array.isArray`, which throws for a proxy that was revoked; `js_sys` has it as a function that cannot fail.
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn is_array(value: &JsValue) -> JsResult<bool>;
}

/// Why a value cannot be read, and its path in the argument.
struct Fault {
    path: String,
    reason: String,
}

impl Fault {
    fn here<T>(reason: impl Into<String>) -> std::result::Result<T, Self> {
        Err(Self { path: String::new(), reason: reason.into() })
    }

    /// The fault as seen from the object or array around it.
    fn under(self, step: String) -> Self {
        Self { path: step + &self.path, ..self }
    }
}

struct Reader {
    /// How many values may still come.
    left: usize,
}

impl Reader {
    fn value(&mut self, value: &JsValue, levels: usize) -> std::result::Result<Value, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Fault::here(format!("has more than {MAX_VALUES} values"));
        };
        self.left = left;
        if let Some(number) = value.as_f64() {
            return number_from(number);
        }
        if value.is_undefined() || value.is_null() {
            return Ok(Value::Null);
        }
        if let Some(text) = value.as_string() {
            return Ok(Value::String(text));
        }
        if let Some(flag) = value.as_bool() {
            return Ok(Value::Bool(flag));
        }
        if !value.is_object() {
            let kind = value.js_typeof().as_string().unwrap_or_default();
            return Fault::here(format!("is no plain data but a {kind}"));
        }
        let Some(levels) = levels.checked_sub(1) else {
            return Fault::here(format!("has more than {MAX_DEPTH} levels of objects and arrays"));
        };
        if is_array(value).or_else(thrown)? { self.array(value, levels) } else { self.object(value, levels) }
    }

    fn array(&mut self, value: &JsValue, levels: usize) -> std::result::Result<Value, Fault> {
        let length = Reflect::get(value, &"length".into()).or_else(thrown)?.as_f64().unwrap_or_default();
        // The length is checked before the loop: an array may have 2^32 - 1 entries without a value.
        if length > self.left as f64 {
            return Fault::here(format!("has more than {MAX_VALUES} values"));
        }
        let mut items = Vec::new();
        for i in 0..length as u32 {
            let item = Reflect::get_u32(value, i).or_else(thrown)?;
            items.push(self.value(&item, levels).map_err(|fault| fault.under(format!("[{i}]")))?);
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, value: &JsValue, levels: usize) -> std::result::Result<Value, Fault> {
        let keyless = value.is_instance_of::<js_sys::Map>() || value.is_instance_of::<js_sys::Set>();
        if keyless || value.is_instance_of::<ArrayBuffer>() || ArrayBuffer::is_view(value) {
            return Fault::here("is neither an array nor a plain object");
        }
        let mut fields = Map::new();
        for key in Reflect::own_keys(value).or_else(thrown)?.iter() {
            // Keys that are not strings are symbols.
            let Some(name) = key.as_string() else { continue };
            let field = Reflect::get(value, &key).or_else(thrown)?;
            let field = self.value(&field, levels).map_err(|fault| fault.under(format!(".{name}")))?;
            fields.insert(name, field);
        }
        Ok(Value::Object(fields))
    }
}

fn number_from(number: f64) -> std::result::Result<Value, Fault> {
    if number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER {
        return Ok(Value::from(number as i64));
    }
    match Number::from_f64(number) {
        Some(number) => Ok(Value::Number(number)),
        None => Fault::here(format!("{number} is no finite number")),
    }
}

/// The fault of a getter or a proxy that threw `error`.
fn thrown<T>(error: JsValue) -> std::result::Result<T, Fault> {
    let message = error.dyn_ref::<js_sys::Error>().and_then(|error| error.message().as_string());
    Fault::here(format!("cannot be read: {}", message.unwrap_or_else(|| "something was thrown".into())))
}

/// Makes `{ shape, data: Float32Array }` from row-major values.
///
/// # Errors
/// None in practice: a new object takes every property.
pub fn tensor(shape: &[usize], values: &[f32]) -> JsResult<JsValue> {
    let tensor = Object::new();
    Reflect::set(&tensor, &"shape".into(), &to_js(&shape)?)?;
    Reflect::set(&tensor, &"data".into(), &js_sys::Float32Array::from(values))?;
    Ok(tensor.into())
}

/// Converts a value to plain objects and arrays.
///
/// # Errors
/// An `Error` of JavaScript if an integer is beyond the largest one that JavaScript holds exactly. No value of this
/// program is.
pub fn to_js(value: &impl Serialize) -> JsResult<JsValue> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}

/// A list as an array of plain objects, with pauses.
pub async fn list_to_js<T: Serialize>(items: &[T], turns: &mut Turns<'_>) -> JsResult<JsValue> {
    let list = Array::new();
    for item in items {
        list.push(&to_js(item)?);
        turns.after(0).await.map_err(js_error)?;
    }
    Ok(list.into())
}

/// The answer of a task, with pauses in its lists.
pub fn answer_to_js<'a>(
    answer: &'a Value,
    turns: &'a mut Turns<'_>,
) -> Pin<Box<dyn Future<Output = JsResult<JsValue>> + 'a>> {
    Box::pin(async move {
        match answer {
            Value::Array(items) if items.iter().all(has_lists) => {
                let list = Array::new();
                for item in items {
                    list.push(&answer_to_js(item, turns).await?);
                }
                Ok(list.into())
            }
            Value::Array(items) => list_to_js(items, turns).await,
            Value::Object(fields) if has_lists(answer) => {
                let object = Object::new();
                for (name, field) in fields {
                    Reflect::set(&object, &name.into(), &answer_to_js(field, turns).await?)?;
                }
                Ok(object.into())
            }
            _ => to_js(answer),
        }
    })
}

fn has_lists(value: &Value) -> bool {
    value.is_array() || value.as_object().is_some_and(|fields| fields.values().any(Value::is_array))
}

/// An error as `{ code, message, detail }`. `detail` has the error's `reason` and its `file` or `argument`; of `task-unavailable` `task`
/// and `available`; of a call that was ended nothing.
pub fn js_error(error: LukeError) -> JsValue {
    let detail = match &error {
        LukeError::Integrity { file, reason }
        | LukeError::Format { file, reason }
        | LukeError::Network { file, reason }
        | LukeError::Io { file, reason } => {
            json!({ "file": file, "reason": reason })
        }
        LukeError::Input { argument, reason } => json!({ "argument": argument, "reason": reason }),
        LukeError::TaskUnavailable { task, available } => json!({ "task": task, "available": available }),
        LukeError::Unsupported(reason) | LukeError::DeviceLost(reason) | LukeError::OutOfMemory(reason) => {
            json!({ "reason": reason })
        }
        LukeError::Aborted => json!({}),
    };
    let value = json!({ "code": error.code(), "message": error.to_string(), "detail": detail });
    to_js(&value).unwrap_or_else(|_| JsValue::from_str(&error.to_string()))
}
