//! What the manifest of a model folder says of a head.

use serde::{Deserialize, Serialize};

/// A head of a model folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadSpec {
    /// Label names in id order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// NER: the context of a sentence by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<NerContext>,
    /// NER: which spans are looked at by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Candidates>,
    /// NER: the longest span in tokens by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_span_tokens: Option<usize>,
    /// NER with context, questions and cloze: the longest input in tokens, special ones included. Default: all the model takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<usize>,
    /// Logits are divided by it before they become scores: a number that makes scores the share of right answers, found on texts that
    /// the model was not trained on (Guo et al. 2017, section 4.2). Default 1. Which answer is best does not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// NER: how a sentence that has no small letter is read by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capitals: Option<Capitals>,
    /// Cloze: the tokens that mark the parts of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<ClozeTokens>,
}

/// What the label of "no entity" is called: in CoNLL's files, and by LUKE's authors.
const NO_ENTITY: [&str; 2] = ["O", "NIL"];

impl HeadSpec {
    /// See the field of this name.
    pub fn temperature(&self) -> f64 {
        self.temperature.unwrap_or(1.0)
    }

    /// Of a head `ner`, the place of the label that means "no entity".
    ///
    /// # Errors
    /// What is wrong where not exactly one label is called `O` or `NIL`.
    pub fn no_entity(&self) -> Result<usize, String> {
        let mut named = self.labels.iter().enumerate().filter(|(_, label)| NO_ENTITY.contains(&label.as_str()));
        match (named.next(), named.next()) {
            (Some((place, _)), None) => Ok(place),
            _ => Err(format!("one of the labels must be O or NIL, for \"no entity\": {}", self.labels.join(", "))),
        }
    }
}

/// The tokens that ReCoRD's reader adds to the vocabulary, as rows of the word table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClozeTokens {
    /// `[HIGHLIGHT]`, where the passage has `@highlight`.
    pub highlight: u32,
    /// `[PLACEHOLDER]`, where the query has `@placeholder`.
    pub placeholder: u32,
    /// `[ENTITY]`, on both sides of a candidate.
    pub entity: u32,
}

impl ClozeTokens {
    /// The last three rows of a word table, where the authors' code puts them.
    pub fn last_rows(vocab_size: usize) -> Self {
        let row = |from_end: usize| vocab_size.saturating_sub(from_end) as u32;
        Self { highlight: row(3), placeholder: row(2), entity: row(1) }
    }
}

/// The context that a sentence is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NerContext {
    /// None.
    Sentence,
    /// As much of the text before and after it as fits.
    Document,
}

/// How a sentence that has no small letter is read. Models see few of them in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capitals {
    /// As it is.
    #[default]
    Keep,
    /// In small letters. Offsets and results are those of the text.
    Lower,
}

/// Which spans are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Candidates {
    /// Every run of words, as in the paper, those of signs alone too.
    #[default]
    All,
    /// Those that look like names in English: a tenth of them. Where letters do not tell (no capitals, all capitals,
    /// another language or script), every run that has a letter or a digit.
    Likely,
}
