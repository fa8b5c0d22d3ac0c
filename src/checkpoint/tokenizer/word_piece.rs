//! BERT's WordPiece, from `vocab.txt`: gives the ids of `BertTokenizer`.

use serde_json::{Map, Value, json};

use super::{Names, assemble};
use crate::error::{LukeError, Result};

const FILE: &str = "vocab.txt";

const ROLES: [(&str, &str); 5] = [
    ("pad_token", "[PAD]"),
    ("unk_token", "[UNK]"),
    ("cls_token", "[CLS]"),
    ("sep_token", "[SEP]"),
    ("mask_token", "[MASK]"),
];

pub(super) fn tokenizer(vocab: &[u8], names: &Names) -> Result<Value> {
    let text = std::str::from_utf8(vocab).map_err(|error| LukeError::format(FILE, error.to_string()))?;
    let vocab: Map<String, Value> = text
        .trim_end_matches('\n')
        .split('\n')
        .enumerate()
        .map(|(id, token)| (token.trim_end_matches('\r').to_owned(), json!(id)))
        .collect();
    let tokens = names.special_tokens(FILE, &ROLES, |token| vocab.get(token)?.as_u64())?;
    let cls = names.pair(FILE, &tokens, "cls_token", "[CLS]")?;
    let sep = names.pair(FILE, &tokens, "sep_token", "[SEP]")?;
    let mut tokenizer = assemble(
        &tokens,
        json!({
            "type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": names.flag("tokenize_chinese_chars", true),
            "strip_accents": names.config.get("strip_accents").cloned().unwrap_or(Value::Null),
            "lowercase": names.flag("do_lower_case", true),
        }),
        json!({ "type": "BertPreTokenizer" }),
        json!({ "type": "BertProcessing", "sep": sep, "cls": cls }),
        json!({
            "type": "WordPiece", "unk_token": names.get("unk_token", "[UNK]"), "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab,
        }),
    );
    tokenizer["decoder"] = json!({ "type": "WordPiece", "prefix": "##", "cleanup": true });
    Ok(tokenizer)
}
