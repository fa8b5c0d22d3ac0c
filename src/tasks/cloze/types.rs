//! What goes into `cloze` and what comes out, as JSON has it.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::tasks::limits;
use crate::text::{OffsetUnit, SpecialTokens};

/// A query with a blank, and the passage that fills it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClozeInput {
    /// The text; `@highlight` in it starts a summary point, as in ReCoRD.
    pub passage: String,
    /// A sentence with exactly one `@placeholder`.
    pub query: String,
    /// What may fill the blank, as spans `[start, end)` of the passage in the unit of [`ClozeOptions::offsets`], in any
    /// order: at most 10,000, of which at most 64 may share a place. A span given twice is one candidate.
    pub candidates: Vec<[usize; 2]>,
}

/// Options of one call. The defaults are those of the authors' ReCoRD runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClozeOptions {
    /// How many tokens a window starts after the one before it, from 1 to 65,536. Default 128.
    pub doc_stride: usize,
    /// The longest window in tokens, query and special tokens included, from 4 to what the model reads. Default: the
    /// head's `contextTokens`, else all that the model takes.
    pub max_seq_tokens: Option<usize>,
    /// How many tokens of the query are read, from 1 to 65,536: the first ones, or those around the placeholder where it
    /// comes later. Default 90.
    pub max_query_tokens: usize,
    /// How many tokens of a candidate, its markers included, give their positions to its entity, from 1 to 65,536. Default
    /// 30.
    pub max_mention_tokens: usize,
    /// What special tokens inside the texts mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl Default for ClozeOptions {
    fn default() -> Self {
        Self {
            doc_stride: 128,
            max_seq_tokens: None,
            max_query_tokens: 90,
            max_mention_tokens: 30,
            special_tokens: SpecialTokens::default(),
            offsets: OffsetUnit::default(),
        }
    }
}

impl ClozeOptions {
    /// Checks every value; `max_seq_tokens` is what the model reads at once.
    ///
    /// # Errors
    /// `input`, with the option's name.
    pub(super) fn check(&self, max_seq_tokens: usize) -> Result<()> {
        limits::check("docStride", self.doc_stride, &limits::TOKENS)?;
        limits::check("maxQueryTokens", self.max_query_tokens, &limits::TOKENS)?;
        limits::check("maxMentionTokens", self.max_mention_tokens, &limits::TOKENS)?;
        limits::check_seq_tokens(self.max_seq_tokens, max_seq_tokens)
    }
}

/// A candidate and how well it fills the blank.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClozeAnswer {
    /// Offset of its first unit in the passage.
    pub start: usize,
    /// Offset after its last unit.
    pub end: usize,
    /// What stands there.
    pub text: String,
    /// Its raw score, the best of all windows that show it.
    pub logit: f32,
    /// Its share (softmax of the logits) among all candidates.
    pub score: f64,
}
