//! The tokenizer of a checkpoint: its own `tokenizer.json`, or one built from the files of the slow tokenizer that gives
//! the same ids.

mod byte_level;
mod unigram;
mod word_piece;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::tokenizer_json::{Added, FILE, PostProcessor, TokenizerJson};
use crate::error::{LukeError, Result};

/// Gives the bytes of a small file of a checkpoint, or nothing where there is no such file.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>>;

/// A JSON file of a checkpoint; nothing where there is no such file.
///
/// # Errors
/// `format` where it is no JSON of this form, and those of `files`.
pub(crate) fn json_file<T: serde::de::DeserializeOwned>(files: Lookup, name: &str) -> Result<Option<T>> {
    let Some(bytes) = files(name)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| LukeError::format(name, error.to_string()))
}

impl TokenizerJson {
    /// The tokenizer of a checkpoint: from `tokenizer.json`, from `vocab.json` and `merges.txt` (RoBERTa's), from
    /// `vocab.txt` (BERT's) or from `sentencepiece.bpe.model` (XLM-R's).
    ///
    /// # Errors
    /// `format` where one of these files is missing or wrong, and those of `files`.
    pub fn of_checkpoint(files: Lookup) -> Result<Self> {
        if let Some(bytes) = files(FILE)? {
            return with_post_processor(Self::parse(&bytes)?, files);
        }
        let names = Names::read(files)?;
        if let Some(vocab) = json_file(files, "vocab.json")? {
            return byte_level::tokenizer(vocab, &names, files);
        }
        if let Some(vocab) = files("vocab.txt")? {
            return word_piece::tokenizer(&vocab, &names);
        }
        match files("sentencepiece.bpe.model")? {
            Some(model) => unigram::tokenizer(&model, &names),
            None => Err(LukeError::format(
                FILE,
                "is not in the checkpoint, nor vocab.json and merges.txt, vocab.txt, or sentencepiece.bpe.model",
            )),
        }
    }
}

/// A checkpoint's `tokenizer.json` may lack the tokens around a text.
fn with_post_processor(mut json: TokenizerJson, files: Lookup) -> Result<TokenizerJson> {
    if json.post_processor.is_none() {
        let names = Names::read(files)?;
        let special = |role: &str| {
            let content = names.named(role)?;
            json.added_tokens.iter().find(|token| token.content == content).map(|token| (content, token.id))
        };
        let (Some(cls), Some(sep)) = (special("cls_token"), special("sep_token")) else {
            return Err(LukeError::format(
                FILE,
                "has no post_processor, and tokenizer_config.json names no cls_token and sep_token",
            ));
        };
        json.post_processor = Some(roberta_processing(cls, sep));
    }
    Ok(json)
}

/// `<s> A </s>` and `<s> A </s></s> B </s>`.
fn roberta_processing(cls: (String, u32), sep: (String, u32)) -> PostProcessor {
    PostProcessor::Roberta { sep, cls, trim_offsets: false, add_prefix_space: false }
}

/// What `tokenizer_config.json` and `added_tokens.json` say.
struct Names {
    config: Map<String, Value>,
    added: Map<String, Value>,
}

impl Names {
    fn read(files: Lookup) -> Result<Self> {
        Ok(Self {
            config: json_file(files, "tokenizer_config.json")?.unwrap_or_default(),
            added: json_file(files, "added_tokens.json")?.unwrap_or_default(),
        })
    }

    /// The text of a special token, which the file gives plain or as an `AddedToken`.
    fn named(&self, role: &str) -> Option<String> {
        let token = self.config.get(role)?;
        token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
    }

    fn get(&self, role: &str, default: &str) -> String {
        self.named(role).unwrap_or_else(|| default.to_owned())
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.config.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Every special token in the order of ids: those of the vocabulary's own `roles` (with default texts), found by
    /// `id_of`, and those that were added. `file` is the vocabulary's.
    fn special_tokens(
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

    /// A special token as a post-processor wants it.
    fn pair(&self, file: &str, tokens: &[Added], role: &str, default: &str) -> Result<(String, u32)> {
        let content = self.get(role, default);
        let missing = || LukeError::format(file, format!("{role} {content} is not special"));
        let token = tokens.iter().find(|token| token.content == content).ok_or_else(missing)?;
        Ok((content, token.id))
    }
}

#[cfg(test)]
pub(super) use unigram::charsmap_of;
