//! The special tokens of a checkpoint, as its small files name them, and those that `transformers` adds by itself.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{Lookup, json_file};
use crate::error::{LukeError, Result};
use crate::text::tokenizer_json::{Added, Model, TokenizerJson};

/// The markers of mentions: the fields of `tokenizer_config.json` that may name them (of transformers 5 and 4), and what
/// this program calls them.
const MARKERS: [([&str; 2], &str); 2] =
    [(["entity_1_token", "entity_token_1"], "<ent>"), (["entity_2_token", "entity_token_2"], "<ent2>")];

/// The fields that name special entities. transformers 5 adds them to the words too, where they have no row.
const ENTITY_ROLES: [&str; 4] = ["entity_unk_token", "entity_pad_token", "entity_mask_token", "entity_mask2_token"];

/// What `tokenizer_config.json`, `added_tokens.json` and `config.json` say.
pub(super) struct Names {
    /// The fields of `tokenizer_config.json`, without the entity vocabulary.
    pub config: Map<String, Value>,
    added: Map<String, Value>,
    /// Rows of the word table.
    rows: Option<usize>,
}

impl Names {
    /// Reads the three files. One that is missing says nothing.
    ///
    /// # Errors
    /// `format` where a file is no JSON, or `tokenizer_config.json` or `added_tokens.json` no object; and those of `files`.
    pub fn read(files: Lookup) -> Result<Self> {
        let config: Config = json_file(files, "tokenizer_config.json")?.unwrap_or_default();
        let model: Value = json_file(files, "config.json")?.unwrap_or_default();
        let rows = model.get("vocab_size").and_then(Value::as_u64).and_then(|rows| usize::try_from(rows).ok());
        Ok(Self { config: config.0, added: json_file(files, "added_tokens.json")?.unwrap_or_default(), rows })
    }

    /// Whether `transformers` reads the files with `LukeTokenizer` or `MLukeTokenizer`.
    pub fn is_luke(&self) -> bool {
        let class = self.config.get("tokenizer_class").and_then(Value::as_str);
        class.is_some_and(|class| class == "LukeTokenizer" || class == "MLukeTokenizer")
    }

    /// The text of a special token, which the field `role` of `tokenizer_config.json` gives plain or as an `AddedToken`.
    pub fn named(&self, role: &str) -> Option<String> {
        content(self.config.get(role)?).map(str::to_owned)
    }

    /// As [`named`](Self::named); `default` where the file does not name the token.
    pub fn get(&self, role: &str, default: &str) -> String {
        self.named(role).unwrap_or_else(|| default.to_owned())
    }

    /// The field `name` of `tokenizer_config.json`; `default` where it is missing, or neither true nor false.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.config.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Whether this is the text of a special entity, not of a word: a field of [`ENTITY_ROLES`] names it. Never for a tokenizer
    /// that is not [LUKE's](Self::is_luke).
    pub fn is_entity(&self, content: &str) -> bool {
        self.is_luke() && ENTITY_ROLES.iter().any(|role| self.named(role).is_some_and(|name| name == content))
    }

    /// Every special token in the order of ids: those of the vocabulary's own `roles` (with default texts), found by
    /// `id_of`, and those that were added. `file` is the vocabulary's.
    ///
    /// # Errors
    /// `format` where the vocabulary lacks a token of `roles`, or a token of `added_tokens.json` has no id (0 to 2^32 - 1).
    pub fn special_tokens(
        &self,
        file: &str,
        roles: &[(&str, &str)],
        id_of: impl Fn(&str) -> Option<u32>,
    ) -> Result<Vec<Added>> {
        let mut tokens: BTreeMap<u32, Added> = BTreeMap::new();
        for (role, default) in roles {
            let content = self.get(role, default);
            let missing = || LukeError::format(file, format!("has no token {content}"));
            let id = id_of(&content).ok_or_else(missing)?;
            tokens.entry(id).or_insert_with(|| Added::special(id, &content));
        }
        for (content, id) in &self.added {
            let no_id = || LukeError::format("added_tokens.json", format!("{content} has no id"));
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(no_id)?;
            tokens.entry(id).or_insert_with(|| Added::special(id, content));
        }
        let decoder = self.config.get("added_tokens_decoder").and_then(Value::as_object);
        for (id, token) in decoder.into_iter().flatten() {
            let (Ok(id), Some(content)) = (id.parse(), token.get("content").and_then(Value::as_str)) else { continue };
            let flag = |name: &str| token.get(name).and_then(Value::as_bool).unwrap_or(false);
            let known = tokens.entry(id).or_insert_with(|| Added::special(id, content));
            (known.lstrip, known.rstrip) = (flag("lstrip"), flag("rstrip"));
        }
        Ok(tokens.into_values().collect())
    }

    /// A special token as a post-processor wants it: its text and its id. `file` is the vocabulary's.
    ///
    /// # Errors
    /// `format` where it is none of `tokens`.
    pub fn pair(&self, file: &str, tokens: &[Added], role: &str, default: &str) -> Result<(String, u32)> {
        let content = self.get(role, default);
        let missing = || LukeError::format(file, format!("{role} {content} is not special"));
        let token = tokens.iter().find(|token| token.content == content).ok_or_else(missing)?;
        Ok((content, token.id))
    }

    /// Adds the special tokens that the files name without an id, and the markers of mentions, as `LukeTokenizer` does: those
    /// that are missing get the ids after the vocabulary. Then leaves out every added token for which the word table has no
    /// row. A marker of another name gets ours, by which `InputBuilder` finds it.
    pub fn complete(&self, json: &mut TokenizerJson) {
        let lists = ["additional_special_tokens", "extra_special_tokens"].map(|list| self.config.get(list));
        let named = lists.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(content);
        let markers = MARKERS.map(|(fields, ours)| {
            let named = fields.iter().find_map(|field| self.named(field));
            (named.unwrap_or_else(|| ours.to_owned()), ours)
        });
        // `transformers` has no LUKE tokenizer with a WordPiece vocabulary, so nothing adds markers to one.
        let adds_markers = !matches!(json.model, Model::WordPiece(_));
        let markers_to_add = markers.iter().map(|(name, _)| name.as_str()).filter(|_| adds_markers);
        let mut wanted: Vec<&str> = named.filter(|name| !self.is_entity(name)).collect();
        wanted.extend(markers_to_add);
        json.add_missing(wanted.into_iter());
        for (name, ours) in markers {
            let renamed =
                json.token_id(&name).is_none() && !json.added_tokens.iter().any(|token| token.content == ours);
            if let Some(token) = json.added_tokens.iter_mut().find(|token| renamed && token.content == name) {
                ours.clone_into(&mut token.content);
            }
        }
        if let Some(rows) = self.rows {
            json.drop_added_tokens_from(rows);
        }
    }
}

fn content(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

/// `tokenizer_config.json` without the entity vocabulary that transformers 5 writes into it, which may be large.
#[derive(Default)]
struct Config(Map<String, Value>);

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Config;

            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Config, A::Error> {
                let mut config = Map::new();
                while let Some(name) = fields.next_key::<String>()? {
                    if name == "entity_vocab" {
                        fields.next_value::<IgnoredAny>()?;
                    } else {
                        config.insert(name, fields.next_value()?);
                    }
                }
                Ok(Config(config))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
