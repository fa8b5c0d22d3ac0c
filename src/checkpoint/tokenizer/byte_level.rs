//! RoBERTa's byte-level BPE: gives the ids of the slow `LukeTokenizer`.

use serde_json::{Map, Value, json};

use super::{Names, assemble, roberta_processing};
use crate::checkpoint::Lookup;
use crate::error::{LukeError, Result};

const ROLES: [(&str, &str); 5] = [
    ("bos_token", "<s>"),
    ("pad_token", "<pad>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("mask_token", "<mask>"),
];

pub(super) fn tokenizer(vocab: Map<String, Value>, names: &Names, files: Lookup) -> Result<Value> {
    let merges =
        files("merges.txt")?.ok_or_else(|| LukeError::format("merges.txt", "is missing, vocab.json needs it"))?;
    let merges = String::from_utf8(merges).map_err(|error| LukeError::format("merges.txt", error.to_string()))?;
    let merges: Vec<&str> = merges.lines().filter(|line| !line.starts_with("#version") && !line.is_empty()).collect();
    let tokens = names.special_tokens("vocab.json", &ROLES, |token| vocab.get(token)?.as_u64())?;
    let (cls, sep) = (
        names.pair("vocab.json", &tokens, "cls_token", "<s>")?,
        names.pair("vocab.json", &tokens, "sep_token", "</s>")?,
    );
    let mut tokenizer = assemble(
        &tokens,
        Value::Null,
        json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true }),
        roberta_processing(json!(cls), json!(sep)),
        json!({
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        }),
    );
    tokenizer["decoder"] =
        json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    Ok(tokenizer)
}
