//! What the tasks that give labels share.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::heads::{HeadKind, HeadSpec};
use crate::inputs::ModelInputs;
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

/// A text with the mentions that get labels.
pub trait Mentioning {
    /// What the arguments of its mentions are called.
    const NAMES: &'static [&'static str];

    /// The text, and its mentions in bytes, as many as there are names.
    ///
    /// # Errors
    /// `input` for a span that does not fit the text.
    fn spanned(&self, unit: OffsetUnit) -> Result<(&str, Vec<Range<usize>>)>;
}

/// What a task that gives labels classifies.
pub trait Classified: Mentioning {
    /// The head that classifies it.
    const HEAD: HeadKind;
    /// The form of the model's input.
    const FORM: InputForm<'static>;

    /// The result of the task. `logits` has one for each label of the head.
    fn result(logits: &[f32], head: &HeadSpec, options: &LabelOptions) -> Vec<LabelScore>;
}

/// Classifies an input. A text longer than the model is read around its spans.
///
/// # Errors
/// `task-unavailable` without such a head; `input` for spans further apart than the model reads.
pub async fn run<T: Classified>(luke: &Luke, input: &T, options: &LabelOptions) -> Result<Vec<LabelScore>> {
    luke.head(T::HEAD)?;
    let inputs = encode(luke, input, T::FORM, options).await?;
    let results = classify::<T>(luke, &[inputs], options).await?;
    Ok(results.into_iter().next().unwrap_or_default())
}

/// Classifies several inputs, as many in a forward pass as the device takes with profit.
///
/// # Errors
/// As [`run`]; an `input` error names the input.
pub async fn run_batch<T: Classified>(
    luke: &Luke,
    inputs: &[T],
    options: &LabelOptions,
) -> Result<Vec<Vec<LabelScore>>> {
    luke.head(T::HEAD)?;
    let encode = async |input: &T| encode(luke, input, T::FORM, options).await;
    in_batches(luke, inputs, encode, async |batch: &[ModelInputs]| classify::<T>(luke, batch, options).await).await
}

/// Encodes inputs and gives them to `run`, as many at once as the device takes with profit. Gives what `run` gives for each.
///
/// # Errors
/// Those of `encode`, of which an `input` error names the input, and those of `run`.
pub async fn in_batches<T, R>(
    luke: &Luke,
    inputs: &[T],
    encode: impl AsyncFn(&T) -> Result<ModelInputs>,
    mut run: impl AsyncFnMut(&[ModelInputs]) -> Result<Vec<R>>,
) -> Result<Vec<R>> {
    let (mut results, mut batch, mut rows) = (Vec::with_capacity(inputs.len()), Vec::new(), 0usize);
    for (i, input) in inputs.iter().enumerate() {
        let encoded = encode(input).await.map_err(|error| error.inside(&format!("inputs[{i}]")))?;
        let more = encoded.rows();
        if rows.saturating_add(more) > luke.batch_rows() && !batch.is_empty() {
            results.extend(run(&std::mem::take(&mut batch)).await?);
            rows = 0;
        }
        rows = rows.saturating_add(more);
        batch.push(encoded);
    }
    if !batch.is_empty() {
        results.extend(run(&batch).await?);
    }
    Ok(results)
}

/// The input of the model for a text with mentions, in a form. A text longer than the model is read around its mentions.
///
/// # Errors
/// `input` for mentions that do not fit the text, or are further apart than the model reads.
pub async fn encode<T: Mentioning>(
    luke: &Luke,
    input: &T,
    form: InputForm<'_>,
    options: &LabelOptions,
) -> Result<ModelInputs> {
    let (text, spans) = input.spanned(options.offsets)?;
    let around_spans = Some(luke.config.max_seq_tokens());
    let encoding = EncodeOptions { special: options.special_tokens, around_spans, ..Default::default() };
    let builder = luke.input_builder(encoding);
    let tokenizing = builder.tokenizing(Spanned { text, spans: &spans });
    builder.arrange(luke.turns().tokenize(tokenizing).await?, form)
}

async fn classify<T: Classified>(
    luke: &Luke,
    batch: &[ModelInputs],
    options: &LabelOptions,
) -> Result<Vec<Vec<LabelScore>>> {
    let (_, head) = luke.head(T::HEAD)?;
    let outputs = luke.forward_head(batch, Some(T::HEAD)).await?;
    let result =
        |outputs: &Vec<Output>| Ok(T::result(&Output::find(outputs, OutputName::Logits)?.values, head, options));
    outputs.iter().map(result).collect()
}

/// Sorts labels by their logits, the highest first; equal ones stay in the order of the head.
pub fn best_first(labels: impl Iterator<Item = LabelScore>) -> Vec<LabelScore> {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by(|a, b| b.logit.total_cmp(&a.logit));
    labels
}

/// Softmax of one row, whose logits are divided by `temperature`, in f64.
pub fn softmax<T: Copy + Into<f64>>(logits: &[T], temperature: f64) -> Vec<f64> {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max((*logit).into()));
    let weights: Vec<f64> = logits.iter().map(|logit| (((*logit).into() - max) / temperature).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
