//! `tokenizer.json`, as far as LUKE's tokenizers need it: the file's fields, and the gate that lets only known and
//! bounded ones pass. What is not listed here is an error, so the `tokenizers` crate never reads a file itself.

mod charsmap;
mod check;
mod fields;
mod normalizer;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use ahash::AHashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{LukeError, Result, json_reason};
use crate::file_start;

pub use check::CheckedTokenizerJson;
pub(super) use fields::Merge;
pub(super) use normalizer::{Steps, nmt_nfkc};

/// The fields of a `tokenizer.json`, not yet checked; [`check`](Self::check) does that.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerJson {
    #[serde(default = "version")]
    pub(super) version: String,
    #[serde(default, serialize_with = "null")]
    pub(super) truncation: IgnoredAny,
    #[serde(default, serialize_with = "null")]
    pub(super) padding: IgnoredAny,
    #[serde(default)]
    pub(super) added_tokens: Vec<Added>,
    #[serde(default)]
    pub(super) normalizer: Option<Normalizer>,
    #[serde(default)]
    pub(super) pre_tokenizer: Option<PreTokenizer>,
    #[serde(default)]
    pub(super) post_processor: Option<PostProcessor>,
    #[serde(default)]
    pub(super) decoder: Option<Decoder>,
    pub(super) model: Model,
}

fn version() -> String {
    "1.0".into()
}

/// Truncation and padding are ours to do, so what a file says of them is left out.
fn null<S: Serializer>(_: &IgnoredAny, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// A token that is found in a text before the model's own work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Added {
    pub id: u32,
    pub content: String,
    pub single_word: bool,
    /// The token takes the white space before it.
    pub lstrip: bool,
    /// The token takes the white space after it.
    pub rstrip: bool,
    /// The token is searched in the normalized text.
    pub normalized: bool,
    pub special: bool,
}

/// What errors call the file.
pub(super) const FILE: &str = "tokenizer.json";

impl TokenizerJson {
    /// Reads the fields of a file.
    ///
    /// # Errors
    /// `format` where it is no JSON, or has a part that no LUKE tokenizer has.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(file_start::check(FILE, bytes)?)
            .map_err(|error| LukeError::format(FILE, json_reason(&error)))
    }

    /// The parts of a slow tokenizer.
    pub(super) fn of(model: Model, added_tokens: Vec<Added>, post_processor: PostProcessor) -> Self {
        Self {
            version: version(),
            truncation: IgnoredAny,
            padding: IgnoredAny,
            added_tokens,
            normalizer: None,
            pre_tokenizer: None,
            post_processor: Some(post_processor),
            decoder: None,
            model,
        }
    }

    /// Leaves out the added tokens whose ids are not below `end`.
    pub fn drop_added_tokens_from(&mut self, end: usize) {
        self.added_tokens.retain(|token| (token.id as usize) < end);
    }

    /// Adds special tokens.
    pub fn add_special_tokens(&mut self, tokens: &[(&str, u32)]) {
        self.added_tokens.extend(tokens.iter().map(|(content, id)| Added::special(*id, content)));
    }

    /// Adds the special tokens that are not there yet. One that is not in the vocabulary gets the next id after it and after
    /// the tokens that were added before.
    pub(super) fn add_missing<'a>(&mut self, contents: impl Iterator<Item = &'a str>) {
        let vocabulary = self.model.ids();
        let mut known: HashSet<String> = self.added_tokens.iter().map(|token| token.content.clone()).collect();
        let added = known.iter().filter(|content| !vocabulary.contains_key(content.as_str())).count();
        let mut next = u32::try_from(vocabulary.len().saturating_add(added)).unwrap_or(u32::MAX);
        for content in contents {
            if known.insert(content.to_owned()) {
                let id = vocabulary.get(content).copied().unwrap_or(next);
                next = next.saturating_add(u32::from(id == next));
                self.added_tokens.push(Added::special(id, content));
            }
        }
    }

    /// The id of a token of the model's vocabulary.
    pub fn token_id(&self, token: &str) -> Option<usize> {
        let id = |vocab: &[(String, u32)]| vocab.iter().find(|(known, _)| known == token).map(|(_, id)| *id as usize);
        match &self.model {
            Model::Bpe(model) => id(&model.vocab),
            Model::WordPiece(model) => id(&model.vocab),
            Model::Unigram(model) => model.vocab.iter().position(|(known, _)| known == token),
        }
    }
}

impl Added {
    /// A special token. Of the usual ones only the mask takes the white space before it.
    pub fn special(id: u32, content: &str) -> Self {
        let (content, lstrip) = (content.to_owned(), content == "<mask>");
        Self { id, content, single_word: false, lstrip, rstrip: false, normalized: false, special: true }
    }
}

/// The normalizers that may stand in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Normalizer {
    #[serde(rename = "BertNormalizer")]
    Bert {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    },
    Precompiled {
        precompiled_charsmap: String,
    },
    Strip {
        strip_left: bool,
        strip_right: bool,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    #[serde(rename = "NFC")]
    Nfc {},
    #[serde(rename = "NFD")]
    Nfd {},
    #[serde(rename = "NFKC")]
    Nfkc {},
    #[serde(rename = "NFKD")]
    Nfkd {},
    Nmt {},
    Lowercase {},
    StripAccents {},
    Sequence {
        normalizers: Vec<Normalizer>,
    },
}

/// What `Replace` searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Pattern {
    String(String),
    Regex(String),
}

/// The pre-tokenizers that may stand in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum PreTokenizer {
    ByteLevel(ByteLevel),
    #[serde(rename = "BertPreTokenizer")]
    Bert {},
    WhitespaceSplit {},
    Metaspace(Metaspace),
    Sequence {
        pretokenizers: Vec<PreTokenizer>,
    },
}

/// The decoders that may stand in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Decoder {
    ByteLevel(ByteLevel),
    WordPiece { prefix: String, cleanup: bool },
    Metaspace(Metaspace),
}

/// GPT-2's bytes as characters, as pre-tokenizer and as decoder.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByteLevel {
    pub add_prefix_space: bool,
    pub trim_offsets: bool,
    #[serde(default = "yes")]
    pub use_regex: bool,
}

/// SentencePiece's mark for spaces, as pre-tokenizer and as decoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metaspace {
    pub replacement: char,
    /// Older files have this in place of `prepend_scheme`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_prefix_space: Option<bool>,
    #[serde(default)]
    pub prepend_scheme: Option<PrependScheme>,
    #[serde(default)]
    pub split: Option<bool>,
    /// Older files repeat `replacement` here.
    #[serde(default, skip_serializing)]
    pub str_rep: Option<char>,
}

/// Which words get SentencePiece's mark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PrependScheme {
    First,
    Never,
    Always,
}

/// The post-processors that may stand in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum PostProcessor {
    #[serde(rename = "RobertaProcessing")]
    Roberta { sep: (String, u32), cls: (String, u32), trim_offsets: bool, add_prefix_space: bool },
    #[serde(rename = "BertProcessing")]
    Bert { sep: (String, u32), cls: (String, u32) },
    #[serde(rename = "TemplateProcessing")]
    Template { single: Vec<Piece>, pair: Vec<Piece>, special_tokens: std::collections::BTreeMap<String, TemplateToken> },
}

/// A part of a template.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Piece {
    Sequence { id: Sequence, type_id: u32 },
    SpecialToken { id: String, type_id: u32 },
}

/// The texts of a template.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Sequence {
    A,
    B,
}

/// A special token of a template.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateToken {
    pub id: String,
    pub ids: Vec<u32>,
    pub tokens: Vec<String>,
}

/// The models that may stand in a file.
#[derive(Debug, Deserialize)]
#[serde(try_from = "fields::AnyModel")]
pub(super) enum Model {
    Bpe(Bpe),
    WordPiece(WordPiece),
    Unigram(Unigram),
}

impl Model {
    /// Ids by token of the vocabulary; of a token that is there twice, the last.
    pub(super) fn ids(&self) -> AHashMap<&str, u32> {
        match self {
            Self::Bpe(Bpe { vocab, .. }) | Self::WordPiece(WordPiece { vocab, .. }) => {
                vocab.iter().map(|(token, id)| (token.as_str(), *id)).collect()
            }
            Self::Unigram(model) => model.vocab.iter().zip(0..).map(|((token, _), id)| (token.as_str(), id)).collect(),
        }
    }
}

/// Byte-pair encoding.
#[derive(Debug)]
pub(super) struct Bpe {
    pub vocab: Vec<(String, u32)>,
    pub merges: Vec<Merge>,
    pub unk_token: Option<String>,
}

/// BERT's longest match first.
#[derive(Debug)]
pub(super) struct WordPiece {
    pub vocab: Vec<(String, u32)>,
    pub unk_token: String,
    pub continuing_subword_prefix: String,
    pub max_input_chars_per_word: usize,
}

/// SentencePiece's unigram language model; a piece's id is its place.
#[derive(Debug)]
pub(super) struct Unigram {
    pub vocab: Vec<(String, f64)>,
    pub unk_id: usize,
}

fn yes() -> bool {
    true
}
