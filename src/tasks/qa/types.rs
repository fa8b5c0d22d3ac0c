//! What goes into `qa` and what comes out, as JSON has it.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{LukeError, Result};
use crate::tasks::limits;
use crate::text::{OffsetUnit, SpecialTokens};

/// A question and the text to find its answer in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QaInput {
    /// The question.
    pub question: String,
    /// The text; offsets of answers are in it.
    pub context: String,
}

/// The authors' stride.
const DOC_STRIDE: usize = 128;

/// Options of one call. The defaults are those of the authors' SQuAD 1.1 runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QaOptions {
    /// How many answers to give: the best and `topK - 1` alternatives, at most `nBest` in all. From 1 to 1,000. Default 1.
    pub top_k: usize,
    /// How many answers compete: scores are shares among these. Also how many starts and ends of each window are
    /// looked at. From 1 to 1,000. Default 20.
    pub n_best: usize,
    /// How many tokens a window starts after the one before it, from 1 to 65,536. Default 128, or less where that could
    /// lose an answer of `maxAnswerTokens` between two windows; a stride that is given is taken as it is.
    pub doc_stride: Option<usize>,
    /// The longest window in tokens, question and special tokens included, from 4 to what the model reads. Default: the
    /// head's `contextTokens`, else all that the model takes.
    pub max_seq_tokens: Option<usize>,
    /// Tokens of the question beyond these are not read. From 1 to 65,536. Default 64.
    pub max_question_tokens: usize,
    /// The longest answer in tokens, from 1 to 65,536. Default 30.
    pub max_answer_tokens: usize,
    /// Entities by mention: `{ "L.A.": "Los Angeles" }`, at most 100,000. Mentions are looked for without regard to case,
    /// the longest first, where a word starts. A title that is not in the entity vocabulary adds no entity; mentions that
    /// differ in case only and have different titles are ambiguous and left out.
    pub entities: Option<BTreeMap<String, String>>,
    /// The answer stands only while `nullScore` exceeds its `startLogit + endLogit` by no more than this, which is finite.
    pub null_threshold: Option<f64>,
    /// What special tokens inside the texts mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl Default for QaOptions {
    fn default() -> Self {
        Self {
            top_k: 1,
            n_best: 20,
            doc_stride: None,
            max_seq_tokens: None,
            max_question_tokens: 64,
            max_answer_tokens: 30,
            entities: None,
            null_threshold: None,
            special_tokens: SpecialTokens::default(),
            offsets: OffsetUnit::default(),
        }
    }
}

impl QaOptions {
    /// Checks every value; `max_seq_tokens` is what the model reads at once.
    ///
    /// # Errors
    /// `input`, with the option's name.
    pub(super) fn check(&self, max_seq_tokens: usize) -> Result<()> {
        limits::check("topK", self.top_k, &limits::TOP_K)?;
        limits::check("nBest", self.n_best, &limits::N_BEST)?;
        limits::check("docStride", self.doc_stride.unwrap_or(DOC_STRIDE), &limits::TOKENS)?;
        limits::check("maxQuestionTokens", self.max_question_tokens, &limits::TOKENS)?;
        limits::check("maxAnswerTokens", self.max_answer_tokens, &limits::TOKENS)?;
        limits::check_count("entities", self.entities.as_ref().map_or(0, BTreeMap::len), limits::MAX_LINKS)?;
        limits::check_seq_tokens(self.max_seq_tokens, max_seq_tokens)?;
        match self.null_threshold.filter(|threshold| !threshold.is_finite()) {
            Some(threshold) => Err(LukeError::input("nullThreshold", format!("{threshold} is not finite"))),
            None => Ok(()),
        }
    }

    /// How many context tokens fit into a window of `max` tokens beside `others`, and how far apart windows start.
    ///
    /// # Errors
    /// `input` where no context token fits.
    pub(super) fn budget_and_stride(&self, max: usize, others: usize) -> Result<(usize, usize)> {
        let budget = max.saturating_sub(others);
        if budget == 0 {
            let reason = format!("{max} leaves no room for the context beside {others} question and special tokens");
            return Err(LukeError::input("maxSeqTokens", reason));
        }
        let widest = budget.saturating_sub(self.max_answer_tokens).saturating_add(1);
        Ok((budget, self.doc_stride.unwrap_or(DOC_STRIDE.min(widest)).min(budget)))
    }
}

/// An answer. Without one, `answer` is empty, the offsets, logits and score are 0 and `answerable` is false.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What stands in the context from `start` to `end`, never with white space around it.
    pub answer: String,
    /// Offset of its first unit.
    pub start: usize,
    /// Offset after its last unit.
    pub end: usize,
    /// Its share (softmax of `startLogit + endLogit`) among the `nBest` answers, those of white space alone included.
    pub score: f64,
    /// Raw score of its first token as a start.
    pub start_logit: f32,
    /// Raw score of its last token as an end.
    pub end_logit: f32,
    /// Whether it stands: with `nullThreshold`, that `nullScore - (startLogit + endLogit)` is not above it (the rule of
    /// SQuAD 2.0); without, always. The other fields tell of the best span even where it does not stand.
    pub answerable: bool,
    /// Score of "no answer": the smallest, over all windows, of start and end logit of the first token; 0 where the
    /// context is empty.
    pub null_score: f64,
    /// The next best answers, without alternatives of their own.
    pub alternatives: Vec<Answer>,
}
