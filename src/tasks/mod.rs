//! One file a task: its types, what goes in, and how the logits become a result.

mod call;
pub mod cloze;
pub mod embed;
pub mod masked;
mod mentions;
pub mod ner;
mod passes;
pub mod qa;
pub mod relation;
pub mod typing;
mod windows;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{LukeError, Result};
use crate::luke::Luke;
use crate::text::{EncodeOptions, InputForm, Spanned};
use crate::text::{OffsetUnit, SpecialTokens};

/// A label and how sure the model is of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// 0 to 1; what it measures is the task's affair.
    pub score: f64,
    /// The raw score.
    pub logit: f32,
}

/// Options of a task that gives labels.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LabelOptions {
    /// Give every label, where the task would leave some out.
    pub all_scores: bool,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

/// Reads an argument or an options object of the API; no options at all are the defaults.
pub fn from_value<T: serde::de::DeserializeOwned + Default>(name: &str, value: Value) -> Result<T> {
    match value {
        Value::Null => Ok(T::default()),
        value => required(name, value),
    }
}

/// Reads an argument that must be there.
pub fn required<T: serde::de::DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| LukeError::input(format!("{name}.{}", error.path()), error.inner().to_string()))
}

impl Luke {
    /// The logits of a head that classifies one input. A text longer than the model is read around its spans.
    async fn classify(
        &self,
        head: &str,
        input: Spanned<'_>,
        task: InputForm<'_>,
        options: &LabelOptions,
    ) -> Result<Vec<f32>> {
        self.head(head)?;
        let around_spans = Some(self.config.max_seq_tokens());
        let encoding = EncodeOptions { special: options.special_tokens, around_spans, ..Default::default() };
        let inputs = self.input_builder(encoding).encode(input, task)?;
        let outputs = self.forward(&inputs, Some(head)).await?;
        Ok(outputs.into_iter().next().map(|output| output.values).unwrap_or_default())
    }
}

fn best_first(labels: impl Iterator<Item = LabelScore>) -> Vec<LabelScore> {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by(|a, b| b.logit.total_cmp(&a.logit));
    labels
}

/// Softmax of one row, in f64.
fn softmax<T: Copy + Into<f64>>(logits: &[T]) -> Vec<f64> {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max((*logit).into()));
    let weights: Vec<f64> = logits.iter().map(|logit| ((*logit).into() - max).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
