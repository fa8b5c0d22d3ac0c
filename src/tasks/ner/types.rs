//! What goes into `ner` and what comes out, as JSON has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{LukeError, Result};
use crate::heads::{Candidates, NerContext};
use crate::text::EncodeOptions;
use crate::text::{OffsetUnit, SpecialTokens};

/// What to find entities in.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum NerInput {
    /// A text; entities have offsets in it.
    Text(String),
    /// Several texts, one after the other.
    Texts(Vec<String>),
    /// A list of words, such as CoNLL's; entities are word ranges.
    Words(Words),
}

/// Words and where the sentences lie.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The words; none may be empty.
    pub words: Vec<String>,
    /// Word ranges `[start, end)`, in order; left out, the list is one sentence.
    pub sentences: Option<Vec<[usize; 2]>>,
}

/// Options of one call; what is left out comes from the manifest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NerOptions {
    /// Drop entities whose score is below this.
    pub threshold: Option<f64>,
    /// Keep only these labels.
    pub labels: Option<Vec<String>>,
    /// Most sub-words of an entity.
    pub max_span_tokens: Option<usize>,
    /// Most spans of one pass; `null` puts all into one. Default 128.
    #[serde(deserialize_with = "given")]
    pub max_entities_per_pass: Option<Option<usize>>,
    /// Most tokens of one pass, special ones included.
    pub max_seq_tokens: Option<usize>,
    /// Which spans are looked at.
    pub candidates: Option<Candidates>,
    /// How a text is cut into sentences.
    pub sentences: Option<Sentences>,
    /// What a sentence is read with.
    pub context: Option<NerContext>,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// Give the score of every label too.
    pub all_scores: bool,
    /// What offsets into a text count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl NerInput {
    /// Reads the API's first argument.
    pub fn from_value(value: serde_json::Value) -> Result<Self> {
        serde_json::from_value(value)
            .map_err(|_| LukeError::input("input", "must be a text, a list of texts, or {words, sentences?}"))
    }
}

/// How a text is cut into sentences.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "sentences must be 'auto', 'none' or a list of [start, end]")]
pub enum Sentences {
    /// `"auto"` or `"none"`.
    Rule(SentenceRule),
    /// The caller's own, in offsets.
    Spans(Vec<[usize; 2]>),
}

impl Sentences {
    /// Whether the text is one sentence.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::Rule(SentenceRule::None))
    }
}

/// A rule for sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentenceRule {
    /// Unicode's sentence boundaries (UAX 29).
    Auto,
    /// The text is one sentence, tokenised anew in each pass at that pass' spans, as Hugging Face does.
    None,
}

/// Keeps `null` apart from a field that is not there.
fn given<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A named entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// Offset of its first unit; for word lists, its first word.
    pub start: usize,
    /// Offset after its last unit; for word lists, after its last word.
    pub end: usize,
    /// What stands there; for word lists, the words joined by spaces.
    pub text: String,
    /// Its label.
    pub label: String,
    /// Probability of the label among all, "no entity" included.
    pub score: f64,
    /// The label's raw score, by which overlapping spans compete.
    pub logit: f32,
    /// Probability of every label, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<BTreeMap<String, f64>>,
}

/// The entities of one input, or of each of several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NerResult {
    /// Of a text or a word list.
    One(Vec<Entity>),
    /// Of each text.
    Many(Vec<Vec<Entity>>),
}

impl NerOptions {
    /// How the text is tokenised.
    pub(super) fn encode(&self) -> EncodeOptions {
        EncodeOptions { special: self.special_tokens, ..Default::default() }
    }

    /// That every value is one the model can follow.
    pub(super) fn check(&self, known: &[String], max_seq_tokens: usize) -> Result<()> {
        let bad = |option: &str, reason: String| Err(LukeError::input(option, reason));
        if let Some(label) = self.labels.iter().flatten().find(|label| !known.contains(label)) {
            return bad("labels", format!("'{label}' is none of {}", known.join(", ")));
        }
        if self.max_span_tokens == Some(0) {
            return bad("maxSpanTokens", "must be at least 1".into());
        }
        if self.max_entities_per_pass == Some(Some(0)) {
            return bad("maxEntitiesPerPass", "must be at least 1, or null for no limit".into());
        }
        if let Some(tokens) = self.max_seq_tokens.filter(|tokens| !(4..=max_seq_tokens).contains(tokens)) {
            return bad("maxSeqTokens", format!("{tokens} is not between 4 and {max_seq_tokens}"));
        }
        if let Some(threshold) = self.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            return bad("threshold", format!("{threshold} is not between 0 and 1"));
        }
        Ok(())
    }
}
