//! BERT's WordPiece, from `vocab.txt`: gives the ids of `BertTokenizer`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Names;
use crate::error::Result;
use crate::file_start;
use crate::text::tokenizer_json::{Decoder, Model, Normalizer, PostProcessor, PreTokenizer, TokenizerJson, WordPiece};

const FILE: &str = "vocab.txt";

const ROLES: [(&str, &str); 5] = [
    ("pad_token", "[PAD]"),
    ("unk_token", "[UNK]"),
    ("cls_token", "[CLS]"),
    ("sep_token", "[SEP]"),
    ("mask_token", "[MASK]"),
];

/// The tokenizer of `vocab`, the bytes of `vocab.txt`: one token in each line, whose id is the number of the line from 0 on.
///
/// # Errors
/// `format` where the bytes are not UTF-8, or where a special token is missing.
pub(super) fn tokenizer(vocab: &[u8], names: &Names) -> Result<TokenizerJson> {
    let text = file_start::text(FILE, vocab)?;
    // As in `BertTokenizer`, a token that is there twice has the id of its last line.
    let lines = text.trim_end_matches('\n').split('\n').map(|line| line.trim_end_matches('\r'));
    let vocab: BTreeMap<&str, u32> = lines.zip(0..).collect();
    let tokens = names.special_tokens(FILE, &ROLES, |token| vocab.get(token).copied())?;
    let cls = names.pair(FILE, &tokens, "cls_token", "[CLS]")?;
    let sep = names.pair(FILE, &tokens, "sep_token", "[SEP]")?;

    let mut vocab: Vec<(String, u32)> = vocab.into_iter().map(|(token, id)| (token.to_owned(), id)).collect();
    vocab.sort_by_key(|(_, id)| *id);
    let model = Model::WordPiece(WordPiece {
        vocab,
        unk_token: names.get("unk_token", "[UNK]"),
        continuing_subword_prefix: "##".into(),
        max_input_chars_per_word: 100,
    });
    Ok(TokenizerJson {
        normalizer: Some(Normalizer::Bert {
            clean_text: true,
            handle_chinese_chars: names.flag("tokenize_chinese_chars", true),
            strip_accents: names.config.get("strip_accents").and_then(Value::as_bool),
            lowercase: names.flag("do_lower_case", true),
        }),
        pre_tokenizer: Some(PreTokenizer::Bert {}),
        decoder: Some(Decoder::WordPiece { prefix: "##".into(), cleanup: true }),
        ..TokenizerJson::of(model, tokens, PostProcessor::Bert { sep, cls })
    })
}
