//! The `tokenizer.json` of a checkpoint: its own, or one built from the files of the slow tokenizer that gives the
//! same ids.

mod byte_level;
mod unigram;
mod word_piece;

use serde_json::{Map, Value, json};

use super::{Lookup, json as json_file};
use crate::error::{LukeError, Result};

/// The tokenizer of a checkpoint, without truncation or padding: from `tokenizer.json`, from `vocab.json` and
/// `merges.txt` (RoBERTa's), from `vocab.txt` (BERT's) or from `sentencepiece.bpe.model` (XLM-R's).
pub fn tokenizer_json(files: Lookup) -> Result<Value> {
    if let Some(own) = json_file::<Map<String, Value>>(files, "tokenizer.json")? {
        return own_tokenizer(own, files);
    }
    let names = Names::read(files)?;
    if let Some(vocab) = json_file::<Map<String, Value>>(files, "vocab.json")? {
        return byte_level::tokenizer(vocab, &names, files);
    }
    if let Some(vocab) = files("vocab.txt")? {
        return word_piece::tokenizer(&vocab, &names);
    }
    match files("sentencepiece.bpe.model")? {
        Some(model) => unigram::tokenizer(&model, &names),
        None => Err(LukeError::format(
            "tokenizer.json",
            "is not in the checkpoint, nor vocab.json and merges.txt, vocab.txt, or sentencepiece.bpe.model",
        )),
    }
}

/// Adds special tokens to a `tokenizer.json`.
pub fn add_special_tokens(tokenizer: &mut Value, tokens: &[(&str, u32)]) {
    if let Some(added) = tokenizer.get_mut("added_tokens").and_then(Value::as_array_mut) {
        added.extend(tokens.iter().map(|(content, id)| Special::new(u64::from(*id), content).json()));
    }
}

/// The id of a word of a `tokenizer.json`'s model.
pub fn token_id(tokenizer: &Value, token: &str) -> Option<usize> {
    match tokenizer.get("model")?.get("vocab")? {
        Value::Object(vocab) => vocab.get(token)?.as_u64().map(|id| id as usize),
        Value::Array(vocab) => vocab.iter().position(|entry| entry.get(0).and_then(Value::as_str) == Some(token)),
        _ => None,
    }
}

/// A `tokenizer.json` that lacks nothing but perhaps the tokens around a sequence.
fn own_tokenizer(mut tokenizer: Map<String, Value>, files: Lookup) -> Result<Value> {
    tokenizer.insert("truncation".into(), Value::Null);
    tokenizer.insert("padding".into(), Value::Null);
    if tokenizer.get("post_processor").is_none_or(Value::is_null) {
        let names = Names::read(files)?;
        let added = tokenizer.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
        let special = |role: &str| {
            let content = names.own(role)?;
            let id = added.iter().find(|token| token["content"] == content.as_str())?.get("id")?.clone();
            Some(json!([content, id]))
        };
        let (Some(cls), Some(sep)) = (special("cls_token"), special("sep_token")) else {
            return Err(LukeError::format(
                "tokenizer.json",
                "has no post_processor, and tokenizer_config.json names no cls_token and sep_token",
            ));
        };
        tokenizer.insert("post_processor".into(), roberta_processing(cls, sep));
    }
    Ok(Value::Object(tokenizer))
}

/// `<s> A </s>` and `<s> A </s></s> B </s>`.
fn roberta_processing(cls: Value, sep: Value) -> Value {
    json!({ "type": "RobertaProcessing", "sep": sep, "cls": cls, "trim_offsets": false, "add_prefix_space": false })
}

/// A token that is found in a text before the tokenizer's own work.
struct Special {
    id: u64,
    content: String,
    /// Eats the spaces before it.
    lstrip: bool,
    /// Eats the spaces after it.
    rstrip: bool,
}

impl Special {
    fn new(id: u64, content: &str) -> Self {
        // Of the usual special tokens only the mask eats the spaces before it.
        Self { id, content: content.to_owned(), lstrip: content == "<mask>", rstrip: false }
    }

    fn json(&self) -> Value {
        json!({ "id": self.id, "content": self.content, "single_word": false, "lstrip": self.lstrip,
                "rstrip": self.rstrip, "normalized": false, "special": true })
    }
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
    fn own(&self, role: &str) -> Option<String> {
        let token = self.config.get(role)?;
        token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
    }

    fn get(&self, role: &str, default: &str) -> String {
        self.own(role).unwrap_or_else(|| default.to_owned())
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
        id_of: impl Fn(&str) -> Option<u64>,
    ) -> Result<Vec<Special>> {
        let mut tokens: Vec<Special> = Vec::new();
        for (role, default) in roles {
            let content = self.get(role, default);
            let missing = || LukeError::format(file, format!("has no token {content}"));
            let id = id_of(&content).ok_or_else(missing)?;
            if !tokens.iter().any(|known| known.id == id) {
                tokens.push(Special::new(id, &content));
            }
        }
        let decoder = self.config.get("added_tokens_decoder").and_then(Value::as_object);
        let later = decoder.into_iter().flatten().filter_map(|(id, token)| {
            Some((token.get("content")?.as_str()?.to_owned(), Value::from(id.parse::<u64>().ok()?), Some(token)))
        });
        let added = self.added.iter().map(|(content, id)| (content.clone(), id.clone(), None)).chain(later);
        for (content, id, flags) in added {
            let no_id = || LukeError::format("added_tokens.json", format!("{content} has no id"));
            let id = id.as_u64().ok_or_else(no_id)?;
            let place = tokens.iter().position(|known| known.id == id).unwrap_or_else(|| {
                tokens.push(Special::new(id, &content));
                tokens.len() - 1
            });
            if let Some(flags) = flags {
                let flag = |name: &str| flags.get(name).and_then(Value::as_bool).unwrap_or(false);
                (tokens[place].lstrip, tokens[place].rstrip) = (flag("lstrip"), flag("rstrip"));
            }
        }
        tokens.sort_by_key(|token| token.id);
        Ok(tokens)
    }

    /// A special token as a post-processor wants it.
    fn pair(&self, file: &str, tokens: &[Special], role: &str, default: &str) -> Result<(String, u64)> {
        let content = self.get(role, default);
        let missing = || LukeError::format(file, format!("{role} {content} is not special"));
        let token = tokens.iter().find(|token| token.content == content).ok_or_else(missing)?;
        Ok((content, token.id))
    }
}

/// A `tokenizer.json` of these parts.
fn assemble(tokens: &[Special], normalizer: Value, pre_tokenizer: Value, post_processor: Value, model: Value) -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": tokens.iter().map(Special::json).collect::<Vec<_>>(),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": null,
        "model": model,
    })
}
