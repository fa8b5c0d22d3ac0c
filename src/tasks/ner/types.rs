//! What goes into `ner` and what comes out, as JSON has it.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::error::{LukeError, Result, shortened};
use crate::heads::{Candidates, Capitals, NerContext};
use crate::tasks::limits;
use crate::text::{EncodeOptions, OffsetUnit, SpecialTokens};

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
    /// Drop entities whose score is below this, from 0 to 1.
    pub threshold: Option<f64>,
    /// Keep only these labels.
    pub labels: Option<Vec<String>>,
    /// The longest entity in tokens, from 1 to 65,536; a window bounds it too. Default: the model's, else 16.
    pub max_span_tokens: Option<usize>,
    /// How many spans share one pass, from 1 to 16,384; `null` is 16,384. Default 128.
    #[serde(deserialize_with = "null_or_number")]
    pub max_entities_per_pass: Option<Option<usize>>,
    /// The longest pass in tokens, special ones included, from 4 to what the model reads. Default: the model's.
    pub max_seq_tokens: Option<usize>,
    /// Which spans are looked at.
    pub candidates: Option<Candidates>,
    /// How a text is cut into sentences.
    pub sentences: Option<Sentences>,
    /// What a sentence is read with.
    pub context: Option<NerContext>,
    /// How a sentence that has no small letter is read. Default: the model's, else `keep`.
    pub capitals: Option<Capitals>,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// Give the score of every label too.
    pub all_scores: bool,
    /// Give near misses too: spans whose best entity label has at least this probability, and that are no entities. From 0
    /// on; above 1 there are none.
    pub runners_up: Option<f64>,
    /// What offsets into a text count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl NerInput {
    /// Reads the first argument of the API.
    ///
    /// # Errors
    /// `input` for anything that is no text, list of texts or list of words.
    pub fn from_value(value: Value) -> Result<Self> {
        let read = match value {
            // Not as the fields of `Words` in their order.
            Value::Array(texts) => serde_json::from_value(texts.into()).map(Self::Texts),
            value => serde_json::from_value(value),
        };
        read.map_err(|_| LukeError::input("input", "must be a text, a list of texts, or {words, sentences?}"))
    }
}

/// How a text is cut into sentences.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "sentences must be 'auto', 'unicode', 'none' or a list of [start, end]")]
pub enum Sentences {
    /// `"auto"`, `"unicode"` or `"none"`.
    Rule(SentenceRule),
    /// The caller's own: spans `[start, end)` of the text in the unit of [`NerOptions::offsets`], in order and without overlap.
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
    /// Unicode's sentence boundaries (UAX 29) without those behind initials, titles and abbreviations. One line break inside a
    /// paragraph is a space.
    Auto,
    /// Unicode's sentence boundaries.
    Unicode,
    /// The text is one sentence, tokenized anew in each pass at that pass' spans, as Hugging Face does.
    None,
}

/// Keeps `null` apart from a field that is not there.
fn null_or_number<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<usize>>, D::Error> {
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

/// A span that is nearly an entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerUp {
    /// The span and its best entity label.
    #[serde(flatten)]
    pub entity: Entity,
    /// Why it is no entity.
    pub lost_to: LostTo,
}

/// Why a span is no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LostTo {
    /// "No entity" is more probable.
    None,
    /// A span with a higher logit overlaps it.
    Overlap,
}

/// What was found in one input. In JSON it is the list of the entities, or an object of both lists where there are two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// In the order in which they stand there.
    pub entities: Vec<Entity>,
    /// Where asked for: the near misses, by start, then end.
    pub runners_up: Option<Vec<RunnerUp>>,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Both<'a> {
            entities: &'a [Entity],
            runners_up: &'a [RunnerUp],
        }
        match &self.runners_up {
            None => self.entities.serialize(to),
            Some(runners_up) => Both { entities: &self.entities, runners_up }.serialize(to),
        }
    }
}

/// What was found in one input, or in each of several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NerResult {
    /// In a text or a word list.
    One(Found),
    /// In each text.
    Many(Vec<Found>),
}

impl NerOptions {
    /// How a text becomes tokens.
    pub(super) fn encode(&self) -> EncodeOptions {
        EncodeOptions { special: self.special_tokens, ..Default::default() }
    }

    /// Checks every value against the model's labels and what it reads at once.
    ///
    /// # Errors
    /// `input`, with the option's name.
    pub(super) fn check(&self, labels: &[String], max_seq_tokens: usize) -> Result<()> {
        if let Some(label) = self.labels.iter().flatten().find(|label| !labels.contains(label)) {
            return Err(LukeError::input("labels", format!("'{}' is none of {}", shortened(label), labels.join(", "))));
        }
        if let Some(tokens) = self.max_span_tokens {
            limits::check("maxSpanTokens", tokens, &limits::TOKENS)?;
        }
        if let Some(Some(entities)) = self.max_entities_per_pass {
            limits::check("maxEntitiesPerPass", entities, &limits::ENTITIES_PER_PASS)?;
        }
        limits::check_seq_tokens(self.max_seq_tokens, max_seq_tokens)?;
        if let Some(p) = self.runners_up.filter(|p| !(0.0..).contains(p)) {
            return Err(LukeError::input("runnersUp", format!("{p} is not a probability from 0 on")));
        }
        match self.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            Some(threshold) => Err(LukeError::input("threshold", format!("{threshold} is not between 0 and 1"))),
            None => Ok(()),
        }
    }
}
