//! RoBERTa's byte-level BPE: gives the ids of the slow `LukeTokenizer`.

use std::collections::BTreeMap;

use super::{Lookup, Names, roberta_processing};
use crate::error::{LukeError, Result};
use crate::file_start;
use crate::text::tokenizer_json::{Bpe, ByteLevel, Decoder, Merge, Model, PreTokenizer, TokenizerJson};

const FILE: &str = "vocab.json";

const ROLES: [(&str, &str); 5] = [
    ("bos_token", "<s>"),
    ("pad_token", "<pad>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("mask_token", "<mask>"),
];

/// The tokenizer of `vocab` (`vocab.json`) and of `merges.txt`.
///
/// # Errors
/// `format` where `merges.txt` is missing, is not UTF-8 or has a line that is not two tokens, or where a special token is
/// missing; and those of `files`.
pub(super) fn tokenizer(vocab: BTreeMap<String, u32>, names: &Names, files: Lookup) -> Result<TokenizerJson> {
    let merges =
        files("merges.txt")?.ok_or_else(|| LukeError::format("merges.txt", "is missing, vocab.json needs it"))?;
    let merges = file_start::text("merges.txt", &merges)?;
    let merge = |line| {
        Merge::parse(line).ok_or_else(|| LukeError::format("merges.txt", format!("line '{line}' is not two tokens")))
    };
    let lines = merges.lines().filter(|line| !line.starts_with("#version") && !line.is_empty());
    let merges = lines.map(merge).collect::<Result<_>>()?;
    let tokens = names.special_tokens(FILE, &ROLES, |token| vocab.get(token).copied())?;
    let cls = names.pair(FILE, &tokens, "cls_token", "<s>")?;
    let sep = names.pair(FILE, &tokens, "sep_token", "</s>")?;

    let mut vocab: Vec<(String, u32)> = vocab.into_iter().collect();
    vocab.sort_by_key(|(_, id)| *id);
    let model = Model::Bpe(Bpe { vocab, merges, unk_token: None });
    let bytes = |add_prefix_space| ByteLevel { add_prefix_space, trim_offsets: true, use_regex: true };
    Ok(TokenizerJson {
        pre_tokenizer: Some(PreTokenizer::ByteLevel(bytes(false))),
        decoder: Some(Decoder::ByteLevel(bytes(true))),
        ..TokenizerJson::of(model, tokens, roberta_processing(cls, sep))
    })
}
