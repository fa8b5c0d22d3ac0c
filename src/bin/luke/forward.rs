//! `luke forward`: the model on arrays, over JSON Lines.

use luke_web::inputs::ModelInputs;
use luke_web::tasks::{from_value, required};
use luke_web::{Luke, Output, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Options of `forward`, as in the API.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ForwardOptions {
    head: Option<String>,
}

/// The outputs for the arrays of one sequence by their names, or for each of a list of sequences.
///
/// # Errors
/// `input` for arrays and options that do not fit; else those of [`Luke::forward_batch`].
pub fn forward(luke: &Luke, inputs: Value, options: Value) -> Result<Value> {
    let ForwardOptions { head } = from_value("options", options)?;
    let several = inputs.is_array();
    let batch: Vec<ModelInputs> = match several {
        true => required("inputs", inputs)?,
        false => vec![required("inputs", inputs)?],
    };
    let outputs = pollster::block_on(luke.forward_batch(&batch, head.as_deref()))?;
    let mut results = outputs.into_iter().map(by_name);
    Ok(if several { results.collect() } else { results.next().unwrap_or_default() })
}

fn by_name(outputs: Vec<Output>) -> Value {
    let named = outputs
        .into_iter()
        .map(|output| (output.name.to_string(), json!({ "shape": output.shape, "data": output.values })));
    Value::Object(named.collect::<Map<_, _>>())
}
