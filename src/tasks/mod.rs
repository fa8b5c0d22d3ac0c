//! The tasks: a file or a folder for each, with its input, its options, and how the logits become a result. [`Luke`]'s methods
//! for them are here; each calls the `run` of its module.
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod batches;
pub(crate) mod call;
pub mod cloze;
pub mod embed;
pub mod fill_mask;
mod labels;
pub mod limits;
mod mentions;
pub mod ner;
pub mod predict_entities;
pub mod qa;
pub mod rank;
pub mod relation;
mod taught_labels;
pub mod teach;
mod top_k;
pub mod typing;
mod windows;
mod words;

use serde_json::Value;

use crate::error::{LukeError, Result, json_reason};
use crate::luke::Luke;
use crate::taught::{TaughtHead, TaughtTask};
use cloze::{ClozeAnswer, ClozeInput, ClozeOptions};
use embed::{EmbedInput, EmbedOptions, Embedding};
use fill_mask::{FillMaskInput, FillMaskOptions, TokenScore};
use ner::{Found, NerInput, NerOptions, NerResult};
use predict_entities::{EntityScore, PredictEntitiesInput, PredictEntitiesOptions};
use qa::{Answer, QaInput, QaOptions};
use rank::{RankOptions, Ranked};
use relation::RelationInput;
use teach::{TeachInput, TeachMemory, TeachOptions, TeachProgress, TeachReport};
use typing::TypingInput;

pub use labels::{LabelOptions, LabelScore};
pub use windows::Windows;

/// The tasks. They all fail with `task-unavailable` where the model lacks the head, `input` for an option out of its range
/// (see [`limits`]), `aborted` where the source ends the call at a pause, and `network`, `io`, `integrity`, `format`,
/// `device-lost` or `out-of-memory` where that happens while they run. A span that does not fit the text is `input`.
impl Luke {
    /// Finds the named entities of a text, of several texts or of a list of words, in the order in which they stand there.
    ///
    /// Results of passes are kept between calls, up to [8 MiB](Luke::set_pass_cache_bytes). So when a word of a text changes, the
    /// next call runs only the passes that read this word: those of its sentence, and with `context: "document"` those of the
    /// sentences around it.
    ///
    /// # Errors
    /// `input` for an unknown label, for sentences that do not fit the text, and for a `runnersUp` that more than 50,000 spans
    /// of a text reach; else as for all tasks.
    pub async fn ner(&self, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
        ner::run(self, input, options).await
    }

    /// As [`ner`](Luke::ner) of several texts. `visit` gets what was found in each text, in their order, as soon as its passes
    /// and those of the texts before it have run. Texts share passes, so several may come at once.
    ///
    /// # Errors
    /// As [`ner`](Luke::ner), and those of `visit`. What `visit` got before is right.
    pub async fn ner_each(
        &self,
        texts: &[String],
        options: &NerOptions,
        visit: impl AsyncFnMut(Found) -> Result<()>,
    ) -> Result<()> {
        ner::each(self, texts, options, visit).await
    }

    /// As [`ner`](Luke::ner), by a head that was taught. It scores every run of words, and takes the likeliest way to cut a sentence into
    /// spans. The score of an entity is the probability of this span among all ways. Options about the spans that the model's own head
    /// scores are `input` errors.
    ///
    /// # Errors
    /// `input` for a head that was taught on another model; else as [`ner`](Luke::ner).
    pub async fn ner_by(&self, head: &TaughtHead, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
        ner::run_taught(self, head, input, options).await
    }

    /// Orders texts that have no labels by what they would teach a head for `ner`, the most useful first, so that somebody marks those first
    /// from which it learns most. See [`rank`].
    ///
    /// # Errors
    /// `input` for a head of another task or model, and for more than 10,000 texts; else as for all tasks.
    pub async fn rank(&self, head: &TaughtHead, texts: &[String], options: &RankOptions) -> Result<Vec<Ranked>> {
        rank::run(self, head, texts, options).await
    }

    /// Teaches a head on examples. The model itself does not change. The same examples and seed give the same head. `memory` keeps
    /// what the model has read of the texts and how the head was judged, for the next call with more examples.
    ///
    /// # Errors
    /// `input` for examples and labels that do not fit each other (see [`teach`]); else as for all tasks.
    pub async fn teach(
        &self,
        input: &TeachInput,
        options: &TeachOptions,
        memory: &mut TeachMemory,
        progress: impl FnMut(TeachProgress),
    ) -> Result<(TaughtHead, TeachReport)> {
        teach::run(self, input, options, memory, progress).await
    }

    /// Finds the best answer to a question in a context of any length, and the next best ones.
    ///
    /// # Errors
    /// `input` where the question leaves no room for the context; else as for all tasks.
    pub async fn qa(&self, input: &QaInput, options: &QaOptions) -> Result<Answer> {
        qa::run(self, input, options).await
    }

    /// Finds the types of a mention, best first: those with a positive logit, or all with `allScores`. Scores are sigmoids:
    /// types do not exclude each other.
    ///
    /// # Errors
    /// `input` for a mention that is longer than the model reads; else as for all tasks.
    pub async fn typing(&self, input: &TypingInput, options: &LabelOptions) -> Result<Vec<LabelScore>> {
        labels::run(self, input, options).await
    }

    /// As [`typing`](Luke::typing), by a head that was taught. Where each mention has exactly one label, it gives the likeliest, or all with
    /// `allScores`, and scores are shares.
    ///
    /// # Errors
    /// `input` for a head of another task or model, for a mention without a token, and for one that is longer than the model reads; else as
    /// for all tasks.
    pub async fn typing_by(
        &self,
        head: &TaughtHead,
        input: &TypingInput,
        options: &LabelOptions,
    ) -> Result<Vec<LabelScore>> {
        taught_labels::run(self, head, TaughtTask::Typing, input, options).await
    }

    /// As [`typing_by`](Luke::typing_by) of each of several mentions, which share forward passes.
    ///
    /// # Errors
    /// As [`typing_by`](Luke::typing_by); `input` names the mention.
    pub async fn typing_batch_by(
        &self,
        head: &TaughtHead,
        inputs: &[TypingInput],
        options: &LabelOptions,
    ) -> Result<Vec<Vec<LabelScore>>> {
        taught_labels::run_batch(self, head, TaughtTask::Typing, inputs, options).await
    }

    /// As [`typing`](Luke::typing) of each of several mentions, which share forward passes.
    ///
    /// # Errors
    /// As [`typing`](Luke::typing); `input` names the mention.
    pub async fn typing_batch(&self, inputs: &[TypingInput], options: &LabelOptions) -> Result<Vec<Vec<LabelScore>>> {
        labels::run_batch(self, inputs, options).await
    }

    /// Finds how two mentions are related: every label with its probability, best first.
    ///
    /// # Errors
    /// `input` for mentions that are further apart than the model reads; else as for all tasks.
    pub async fn relation(&self, input: &RelationInput, options: &LabelOptions) -> Result<Vec<LabelScore>> {
        labels::run(self, input, options).await
    }

    /// As [`relation`](Luke::relation), by a head that was taught.
    ///
    /// # Errors
    /// `input` for a head of another task or model, for a mention without a token, and for mentions that are further apart than the model
    /// reads; else as for all tasks.
    pub async fn relation_by(
        &self,
        head: &TaughtHead,
        input: &RelationInput,
        options: &LabelOptions,
    ) -> Result<Vec<LabelScore>> {
        taught_labels::run(self, head, TaughtTask::Relation, input, options).await
    }

    /// As [`relation_by`](Luke::relation_by) of each of several pairs, which share forward passes.
    ///
    /// # Errors
    /// As [`relation_by`](Luke::relation_by); `input` names the pair.
    pub async fn relation_batch_by(
        &self,
        head: &TaughtHead,
        inputs: &[RelationInput],
        options: &LabelOptions,
    ) -> Result<Vec<Vec<LabelScore>>> {
        taught_labels::run_batch(self, head, TaughtTask::Relation, inputs, options).await
    }

    /// As [`relation`](Luke::relation) of each of several pairs, which share forward passes.
    ///
    /// # Errors
    /// As [`relation`](Luke::relation); `input` names the pair.
    pub async fn relation_batch(
        &self,
        inputs: &[RelationInput],
        options: &LabelOptions,
    ) -> Result<Vec<Vec<LabelScore>>> {
        labels::run_batch(self, inputs, options).await
    }

    /// Finds which candidate fills the blank of a query: every candidate and its score, best first. Of equal logits the one
    /// of the last window comes first, as in the authors' evaluation.
    ///
    /// # Errors
    /// `input` for a query without exactly one `@placeholder`, and for a candidate that no window shows whole; else as for
    /// all tasks.
    pub async fn cloze(&self, input: &ClozeInput, options: &ClozeOptions) -> Result<Vec<ClozeAnswer>> {
        cloze::run(self, input, options).await
    }

    /// Finds the best tokens for each mask of a text, in the order of the text. In a text longer than the model each mask is
    /// read with as much text on both sides as fits.
    ///
    /// # Errors
    /// `input` for a text without a mask or with more than 1,000; else as for all tasks.
    pub async fn fill_mask(&self, input: &FillMaskInput, options: &FillMaskOptions) -> Result<Vec<Vec<TokenScore>>> {
        fill_mask::run(self, input, options).await
    }

    /// Finds the best entities for each mention of a text, in the order of the spans. Mentions that share a window of the
    /// model are read together, as entities see each other.
    ///
    /// # Errors
    /// `input` for a mention that is longer than the model reads, for more than 1,000 mentions, and for `titles` that are not as
    /// many; else as for all tasks.
    pub async fn predict_entities(
        &self,
        input: &PredictEntitiesInput,
        options: &PredictEntitiesOptions,
    ) -> Result<Vec<Vec<EntityScore>>> {
        predict_entities::run(self, input, options).await
    }

    /// Computes vectors of every token and every mention. A text longer than the model is read in windows that overlap by
    /// half; each token and mention is taken from the window that shows most around it, and the pooled vector is the mean
    /// over the windows.
    ///
    /// # Errors
    /// `input` for a mention that is longer than the model reads, for more than 10,000 mentions, and for `titles` that are not as
    /// many; else as for all tasks.
    pub async fn embed(&self, input: &EmbedInput, options: &EmbedOptions) -> Result<Embedding> {
        embed::run(self, input, options).await
    }
}

/// Reads an argument or an options object of the API; no options at all are the defaults.
///
/// # Errors
/// `input`, with the path of the field that is wrong.
pub fn from_value<T: serde::de::DeserializeOwned + Default>(name: &str, value: Value) -> Result<T> {
    match value {
        Value::Null => Ok(T::default()),
        // A list would be taken as the fields in their order.
        Value::Array(_) => Err(LukeError::input(name, "must be an object, not a list")),
        value => required(name, value),
    }
}

/// Reads an argument that must be there.
///
/// # Errors
/// `input`, with the path of the field that is wrong.
pub fn required<T: serde::de::DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let argument = match error.path().to_string() {
            whole if whole == "." => name.to_owned(),
            item if item.starts_with('[') => format!("{name}{item}"),
            field => format!("{name}.{field}"),
        };
        LukeError::input(argument, json_reason(error.inner()))
    })
}
