//! The `model` of a `tokenizer.json`, which older files leave without a type.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bpe, Model, Unigram, WordPiece};

/// The fields of all models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::text) struct AnyModel {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: Vocab,
    merges: Option<Vec<Merge>>,
    unk_token: Option<String>,
    unk_id: Option<usize>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    dropout: Option<f64>,
    /// Of no effect: a byte-level vocabulary has a token for each byte, so nothing is unknown.
    #[serde(default, rename = "fuse_unk")]
    _fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
}

/// A vocabulary as a file has it.
enum Vocab {
    Ids(Vec<(String, u32)>),
    Scores(Vec<(String, f64)>),
}

/// Two tokens that become one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::text) struct Merge(pub String, pub String);

impl<'de> Deserialize<'de> for Vocab {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Vocab;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("ids by token, or a list of tokens with scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocab, A::Error> {
                let mut ids = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    ids.push(entry);
                }
                Ok(Vocab::Ids(ids))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocab, A::Error> {
                let mut scores = Vec::new();
                while let Some(entry) = list.next_element()? {
                    scores.push(entry);
                }
                Ok(Vocab::Scores(scores))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Merge {
    /// The tokens of a line such as `a b`.
    pub fn parse(line: &str) -> Option<Self> {
        let (left, right) = line.split_once(' ')?;
        (!right.contains(' ')).then(|| Self(left.to_owned(), right.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Merge;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a merge: two tokens, as a list or with one space between them")
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Merge, E> {
                Merge::parse(line).ok_or_else(|| E::custom(format!("merge '{line}' is not two tokens")))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merge, A::Error> {
                match (list.next_element()?, list.next_element()?, list.next_element::<String>()?) {
                    (Some(left), Some(right), None) => Ok(Merge(left, right)),
                    _ => Err(A::Error::custom("a merge is not two tokens")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl TryFrom<AnyModel> for Model {
    type Error = String;

    fn try_from(any: AnyModel) -> Result<Self, String> {
        let kind = match (any.kind.as_deref(), &any.vocab, &any.merges) {
            (Some(kind), ..) => kind,
            (None, Vocab::Scores(_), _) => "Unigram",
            (None, Vocab::Ids(_), Some(_)) => "BPE",
            (None, Vocab::Ids(_), None) => "WordPiece",
        };
        let missing = |field: &str| format!("model: a {kind} model has no {field}");
        if any.byte_fallback || any.ignore_merges || any.dropout.is_some_and(|dropout| dropout != 0.0) {
            return Err("model: byte_fallback, ignore_merges and dropout are not supported".into());
        }
        if any.end_of_word_suffix.is_some_and(|suffix| !suffix.is_empty()) {
            return Err("model: end_of_word_suffix is not supported".into());
        }
        match (kind, any.vocab) {
            ("BPE", Vocab::Ids(vocab)) => {
                if any.continuing_subword_prefix.is_some_and(|prefix| !prefix.is_empty()) {
                    return Err("model: continuing_subword_prefix of a BPE model is not supported".into());
                }
                let merges = any.merges.ok_or_else(|| missing("merges"))?;
                Ok(Self::Bpe(Bpe { vocab, merges, unk_token: any.unk_token }))
            }
            ("WordPiece", Vocab::Ids(vocab)) => Ok(Self::WordPiece(WordPiece {
                vocab,
                unk_token: any.unk_token.ok_or_else(|| missing("unk_token"))?,
                continuing_subword_prefix: any
                    .continuing_subword_prefix
                    .ok_or_else(|| missing("continuing_subword_prefix"))?,
                max_input_chars_per_word: any
                    .max_input_chars_per_word
                    .ok_or_else(|| missing("max_input_chars_per_word"))?,
            })),
            ("Unigram", Vocab::Scores(vocab)) => {
                Ok(Self::Unigram(Unigram { vocab, unk_id: any.unk_id.ok_or_else(|| missing("unk_id"))? }))
            }
            ("BPE" | "WordPiece" | "Unigram", _) => Err(format!("model: vocab is not that of a {kind} model")),
            (other, _) => Err(format!("model: type '{other}' is none of BPE, WordPiece, Unigram")),
        }
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Ids<'a>(&'a [(String, u32)]);
        impl Serialize for Ids<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(token, id)| (token, id)))
            }
        }
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Bpe(model) => {
                map.serialize_entry("type", "BPE")?;
                map.serialize_entry("unk_token", &model.unk_token)?;
                for absent in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
                    map.serialize_entry(absent, &())?;
                }
                for off in ["fuse_unk", "byte_fallback", "ignore_merges"] {
                    map.serialize_entry(off, &false)?;
                }
                map.serialize_entry("vocab", &Ids(&model.vocab))?;
                let merges: Vec<String> =
                    model.merges.iter().map(|Merge(left, right)| format!("{left} {right}")).collect();
                map.serialize_entry("merges", &merges)?;
            }
            Self::WordPiece(model) => {
                map.serialize_entry("type", "WordPiece")?;
                map.serialize_entry("unk_token", &model.unk_token)?;
                map.serialize_entry("continuing_subword_prefix", &model.continuing_subword_prefix)?;
                map.serialize_entry("max_input_chars_per_word", &model.max_input_chars_per_word)?;
                map.serialize_entry("vocab", &Ids(&model.vocab))?;
            }
            Self::Unigram(model) => {
                map.serialize_entry("type", "Unigram")?;
                map.serialize_entry("unk_id", &model.unk_id)?;
                map.serialize_entry("byte_fallback", &false)?;
                map.serialize_entry("vocab", &model.vocab)?;
            }
        }
        map.end()
    }
}
