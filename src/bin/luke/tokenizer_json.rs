//! The `tokenizer.json` of a checkpoint: its own, or one built from RoBERTa's `vocab.json` and `merges.txt`
//! that gives the ids of the slow `LukeTokenizer`.

use std::path::Path;

use luke_web::Result;
use serde_json::{Map, Value, json};

use crate::folder::{file_error, read};

/// The tokenizer of a checkpoint folder, without truncation or padding.
pub fn tokenizer_json(folder: &Path) -> Result<Value> {
    let own = folder.join("tokenizer.json");
    if !own.exists() {
        return byte_level_bpe(folder);
    }
    let mut tokenizer = object(&own)?;
    tokenizer.insert("truncation".into(), Value::Null);
    tokenizer.insert("padding".into(), Value::Null);
    if tokenizer.get("post_processor").is_none_or(Value::is_null) {
        let names = object(&folder.join("tokenizer_config.json"))?;
        let added = tokenizer.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
        let id =
            |content: &str| added.iter().find(|token| token["content"] == content).map(|token| token["id"].clone());
        let special = |role: &str| {
            let content = content(&names, role)?;
            id(&content).map(|id| json!([content, id]))
        };
        let (Some(cls), Some(sep)) = (special("cls_token"), special("sep_token")) else {
            return Err(file_error(
                &own,
                &"has no post_processor, and tokenizer_config.json names no cls_token and sep_token",
            ));
        };
        tokenizer.insert("post_processor".into(), roberta_processing(cls, sep));
    }
    Ok(Value::Object(tokenizer))
}

fn byte_level_bpe(folder: &Path) -> Result<Value> {
    let (vocab_path, merges_path) = (folder.join("vocab.json"), folder.join("merges.txt"));
    let vocab = object(&vocab_path)?;
    let merges = String::from_utf8(read(&merges_path)?).map_err(|error| file_error(&merges_path, &error))?;
    let merges: Vec<&str> = merges.lines().filter(|line| !line.starts_with("#version") && !line.is_empty()).collect();
    let added_path = folder.join("added_tokens.json");
    let added = if added_path.exists() { object(&added_path)? } else { Map::new() };
    let config_path = folder.join("tokenizer_config.json");
    let names = if config_path.exists() { object(&config_path)? } else { Map::new() };

    let mut tokens = Vec::new();
    let roles = [
        ("bos_token", "<s>"),
        ("pad_token", "<pad>"),
        ("eos_token", "</s>"),
        ("unk_token", "<unk>"),
        ("mask_token", "<mask>"),
    ];
    for (role, default) in roles {
        let content = content(&names, role).unwrap_or_else(|| default.to_owned());
        let Some(id) = vocab.get(&content).and_then(Value::as_u64) else {
            return Err(file_error(&vocab_path, &format!("has no token {content}")));
        };
        // Only <mask> eats the spaces before it.
        tokens.push((id, content, role == "mask_token"));
    }
    for (content, id) in &added {
        let id = id.as_u64().ok_or_else(|| file_error(&added_path, &format!("{content} has no id")))?;
        if !tokens.iter().any(|(known, ..)| *known == id) {
            tokens.push((id, content.clone(), false));
        }
    }
    tokens.sort();
    let find = |wanted: &str| tokens.iter().find(|(_, content, _)| content == wanted).map(|(id, ..)| *id);
    let special = |role: &str, default: &str| {
        let content = content(&names, role).unwrap_or_else(|| default.to_owned());
        let id = find(&content).ok_or_else(|| file_error(&vocab_path, &format!("{role} {content} is not special")))?;
        Ok(json!([content, id]))
    };
    let post_processor = roberta_processing(special("cls_token", "<s>")?, special("sep_token", "</s>")?);
    let added_tokens: Vec<Value> = tokens
        .iter()
        .map(|(id, content, lstrip)| {
            json!({ "id": id, "content": content, "single_word": false, "lstrip": lstrip, "rstrip": false,
                    "normalized": false, "special": true })
        })
        .collect();
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_tokens,
        "normalizer": null,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "post_processor": post_processor,
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    }))
}

/// `<s> A </s>` and `<s> A </s></s> B </s>`.
fn roberta_processing(cls: Value, sep: Value) -> Value {
    json!({ "type": "RobertaProcessing", "sep": sep, "cls": cls, "trim_offsets": false, "add_prefix_space": false })
}

/// The text of a special token, which `tokenizer_config.json` gives plain or as an `AddedToken`.
fn content(names: &Map<String, Value>, role: &str) -> Option<String> {
    let token = names.get(role)?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}

fn object(path: &Path) -> Result<Map<String, Value>> {
    match serde_json::from_slice(&read(path)?) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(file_error(path, &"is not a JSON object")),
        Err(error) => Err(file_error(path, &error)),
    }
}
