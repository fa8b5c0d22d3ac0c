//! What goes into `cloze` and what comes out, as JSON has it.

use serde::{Deserialize, Serialize};

use crate::error::{LukeError, Result};
use crate::text::{OffsetUnit, SpecialTokens};

/// A query with a blank, and the passage that fills it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClozeInput {
    /// The text; `@highlight` in it starts a summary point, as in ReCoRD.
    pub passage: String,
    /// A sentence with exactly one `@placeholder`.
    pub query: String,
    /// What may fill the blank, as spans `[start, end)` of the passage, in any order. A span given twice is one candidate.
    pub candidates: Vec<[usize; 2]>,
}

/// Options of one call. The defaults are those of the authors' ReCoRD runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClozeOptions {
    /// How many tokens a window starts after the one before it. Default 128.
    pub doc_stride: usize,
    /// Most tokens of a window, query and special tokens included. Default: the head's `contextTokens`, else all that
    /// the model takes.
    pub max_seq_tokens: Option<usize>,
    /// Most tokens of the query, of which the first are read; where the placeholder comes later, those around it.
    /// Default 90.
    pub max_query_tokens: usize,
    /// Most tokens of a candidate, its markers included, whose positions its entity gets. Default 30.
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
    /// That no count is zero and the window fits the model.
    pub(super) fn check(&self, max_seq_tokens: usize) -> Result<()> {
        let counts = [
            ("docStride", self.doc_stride),
            ("maxQueryTokens", self.max_query_tokens),
            ("maxMentionTokens", self.max_mention_tokens),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Err(LukeError::input(*name, "must be at least 1"));
        }
        match self.max_seq_tokens.filter(|tokens| !(4..=max_seq_tokens).contains(tokens)) {
            Some(tokens) => {
                Err(LukeError::input("maxSeqTokens", format!("{tokens} is not between 4 and {max_seq_tokens}")))
            }
            None => Ok(()),
        }
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
