//! `typing` and `relation` by heads that were taught. A mention is read as it stands in its text, without marks around it, and as an entity
//! `[MASK]`, so that a model needs no head and no special tokens of the task. Its features are the states of its first and its last token
//! after some layers, averaged, then its states as an entity after some layers.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use super::labels::{LabelOptions, LabelScore, Mentioning, best_first, encode, in_batches, softmax};
use crate::error::{LukeError, Result};
use crate::inputs::ModelInputs;
use crate::learn::{Choice, sigmoid};
use crate::luke::Luke;
use crate::taught::{TaughtHead, TaughtTask};
use crate::text::InputForm;

/// The layers whose states are features.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// Of words.
    pub words: &'a [usize],
    /// Of mentions as entities.
    pub entities: &'a [usize],
}

/// Gives labels to one input of a task.
///
/// # Errors
/// `input` for a head of another task or model, and for mentions that do not fit the text, have no token or are further apart than the
/// model reads.
pub async fn run<T: Mentioning>(
    luke: &Luke,
    head: &TaughtHead,
    task: TaughtTask,
    input: &T,
    options: &LabelOptions,
) -> Result<Vec<LabelScore>> {
    check(luke, head, task)?;
    let inputs = [encode_mentions(luke, input, options).await?];
    Ok(classify(luke, head, &inputs, options).await?.into_iter().next().unwrap_or_default())
}

/// As [`run`] of several inputs, as many in a forward pass as the device takes with profit.
///
/// # Errors
/// As [`run`]; an `input` error of an input names it.
pub async fn run_batch<T: Mentioning>(
    luke: &Luke,
    head: &TaughtHead,
    task: TaughtTask,
    inputs: &[T],
    options: &LabelOptions,
) -> Result<Vec<Vec<LabelScore>>> {
    check(luke, head, task)?;
    let encode = async |input: &T| encode_mentions(luke, input, options).await;
    in_batches(luke, inputs, encode, async |batch: &[ModelInputs]| classify(luke, head, batch, options).await).await
}

fn check(luke: &Luke, head: &TaughtHead, task: TaughtTask) -> Result<()> {
    head.check_task(task.name(), task)?;
    luke.check_head(head)
}

/// The input of the model for mentions that a head reads.
///
/// # Errors
/// As [`run`], about the text and its mentions.
pub async fn encode_mentions<T: Mentioning>(luke: &Luke, input: &T, options: &LabelOptions) -> Result<ModelInputs> {
    let inputs = encode(luke, input, InputForm::EntitySpanClassification, options).await?;
    let empty = inputs.entity_position_ids.iter().zip(T::NAMES).find(|(positions, _)| positions.is_empty());
    match empty {
        Some((_, name)) => Err(LukeError::input(*name, "has no token that the model reads")),
        None => Ok(inputs),
    }
}

/// The features of the mentions of each input, one mention after the other.
///
/// # Shapes
/// - result: of each input `[mentions * (word layers + entity layers) * hidden]`
///
/// # Errors
/// Those of [`Luke::layer_states`].
pub async fn features(luke: &Luke, batch: &[ModelInputs], layers: Layers<'_>) -> Result<Vec<Vec<f32>>> {
    let hidden = luke.config.hidden_size;
    // All states are read after all layers: it is one forward pass, and the states that are not needed are few.
    let mut all = [layers.words, layers.entities].concat();
    all.sort_unstable();
    all.dedup();
    let rows = |inputs: &ModelInputs| {
        let ends = inputs.entity_start_positions.iter().zip(&inputs.entity_end_positions).zip(inputs.input_ids.len()..);
        ends.flat_map(|((first, last), entity)| [*first as usize, *last as usize, entity]).collect()
    };
    let wanted: Vec<_> = batch.iter().map(|inputs| (inputs.clone(), rows(inputs))).collect();
    let of_layer = |states: &[f32], layer: &usize| {
        let place = all.iter().position(|other| other == layer).unwrap_or_default();
        states.chunks_exact(hidden).nth(place).unwrap_or_default().to_vec()
    };
    let of_mention = |states: &[f32]| -> Vec<f32> {
        let mut of_row = states.chunks_exact(all.len().saturating_mul(hidden));
        let [first, last, entity] = [of_row.next(), of_row.next(), of_row.next()].map(Option::unwrap_or_default);
        let words = layers.words.iter().flat_map(|layer| {
            let ends = of_layer(first, layer).into_iter().zip(of_layer(last, layer));
            ends.map(|(first, last)| (first + last) / 2.0).collect::<Vec<_>>()
        });
        words.chain(layers.entities.iter().flat_map(|layer| of_layer(entity, layer))).collect()
    };
    let states = luke.layer_states(&wanted, &all).await?;
    let of_a_mention = all.len().saturating_mul(hidden).saturating_mul(3).max(1);
    Ok(states.iter().map(|states| states.chunks_exact(of_a_mention).flat_map(of_mention).collect()).collect())
}

async fn classify(
    luke: &Luke,
    head: &TaughtHead,
    batch: &[ModelInputs],
    options: &LabelOptions,
) -> Result<Vec<Vec<LabelScore>>> {
    let layers = Layers { words: &head.about.layers, entities: &head.about.entity_layers };
    let rows = features(luke, batch, layers).await?;
    Ok(rows.iter().map(|row| scores(head, &head.linear.logits(row).collect::<Vec<_>>(), options)).collect())
}

/// Labels with their scores, best first. Of a mention those that it has, unless all are asked for; of a pair all.
fn scores(head: &TaughtHead, logits: &[f32], options: &LabelOptions) -> Vec<LabelScore> {
    let (about, all) = (&head.about, options.all_scores || head.about.task == TaughtTask::Relation);
    let labeled = |scores: Vec<f64>| {
        let scored = about.labels.iter().zip(scores).zip(logits);
        best_first(scored.map(|((label, score), logit)| LabelScore { label: label.clone(), score, logit: *logit }))
    };
    if about.choice() == Choice::Any {
        let mut found = labeled(logits.iter().map(|logit| sigmoid(f64::from(*logit) / about.temperature)).collect());
        found.retain(|label| all || label.logit > 0.0);
        return found;
    }
    let mut found = labeled(softmax(logits, about.temperature));
    found.truncate(if all { found.len() } else { 1 });
    found
}
