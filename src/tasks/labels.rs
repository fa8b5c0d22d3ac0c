//! What the tasks that give labels share.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::heads::HeadKind;
use crate::luke::{Luke, Output, OutputName};
use crate::text::{EncodeOptions, InputForm, OffsetUnit, Spanned, SpecialTokens};

/// A label and how sure the model is of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// From 0 to 1: for typing the probability of the label, for relations its share among all labels.
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

/// The logits of a head that classifies one input. A text longer than the model is read around its spans.
///
/// # Errors
/// `task-unavailable` without such a head; `input` for spans further apart than the model reads.
pub async fn classify(
    luke: &Luke,
    head: HeadKind,
    input: Spanned<'_>,
    form: InputForm<'_>,
    options: &LabelOptions,
) -> Result<Vec<f32>> {
    luke.head(head)?;
    let around_spans = Some(luke.config.max_seq_tokens());
    let encoding = EncodeOptions { special: options.special_tokens, around_spans, ..Default::default() };
    let builder = luke.input_builder(encoding);
    let inputs = builder.arrange(luke.turns().tokenize(builder.tokenizing(input)).await?, form)?;
    let outputs = luke.forward_head(std::slice::from_ref(&inputs), Some(head)).await?;
    Ok(Output::find(&outputs.concat(), OutputName::Logits)?.values.clone())
}

/// Sorts labels by their logits, the highest first; equal ones stay in the order of the head.
pub fn best_first(labels: impl Iterator<Item = LabelScore>) -> Vec<LabelScore> {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by(|a, b| b.logit.total_cmp(&a.logit));
    labels
}

/// Softmax of one row, in f64.
pub fn softmax<T: Copy + Into<f64>>(logits: &[T]) -> Vec<f64> {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max((*logit).into()));
    let weights: Vec<f64> = logits.iter().map(|logit| ((*logit).into() - max).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
