//! The tokenizer of a checkpoint: its own `tokenizer.json`, or one built from the files of the slow tokenizer that gives
//! the same ids.

mod byte_level;
mod names;
mod saved;
mod unigram;
mod word_piece;

use super::tokenizer_json::{FILE, PostProcessor, TokenizerJson};
use crate::error::{LukeError, Result, json_reason};
use crate::file_start;
use names::Names;

/// Gives the bytes of a small file of a checkpoint, or nothing where there is no such file.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>>;

/// A JSON file of a checkpoint; nothing where there is no such file.
///
/// # Errors
/// `format` where it is no JSON of this form, and those of `files`.
pub(crate) fn json_file<T: serde::de::DeserializeOwned>(files: Lookup, name: &str) -> Result<Option<T>> {
    let Some(bytes) = files(name)? else { return Ok(None) };
    serde_json::from_slice(file_start::check(name, &bytes)?)
        .map(Some)
        .map_err(|error| LukeError::format(name, json_reason(&error)))
}

impl TokenizerJson {
    /// The tokenizer of a checkpoint: from `tokenizer.json`, from `vocab.json` and `merges.txt` (RoBERTa's), from
    /// `vocab.txt` (BERT's) or from `sentencepiece.bpe.model` (XLM-R's). It has all special tokens that `transformers`
    /// adds, as far as the word table of `config.json` has rows for them.
    ///
    /// # Errors
    /// `format` where there is none of these tokenizers, where a file of it is missing or wrong, or where it lacks a special
    /// token; and those of `files`.
    pub fn of_checkpoint(files: Lookup) -> Result<Self> {
        let names = Names::read(files)?;
        let mut json = match files(FILE)? {
            Some(bytes) => saved::tokenizer(Self::parse(&bytes)?, &names)?,
            None => from_vocabulary(&names, files)?,
        };
        names.complete(&mut json);
        Ok(json)
    }
}

fn from_vocabulary(names: &Names, files: Lookup) -> Result<TokenizerJson> {
    if let Some(vocab) = json_file(files, "vocab.json")? {
        return byte_level::tokenizer(vocab, names, files);
    }
    if let Some(vocab) = files("vocab.txt")? {
        return word_piece::tokenizer(&vocab, names);
    }
    match files("sentencepiece.bpe.model")? {
        Some(model) => unigram::tokenizer(&model, names),
        None => Err(LukeError::format(
            FILE,
            "is not in the checkpoint, nor vocab.json and merges.txt, vocab.txt, or sentencepiece.bpe.model",
        )),
    }
}

/// `<s> A </s>` and `<s> A </s></s> B </s>`.
fn roberta_processing(cls: (String, u32), sep: (String, u32)) -> PostProcessor {
    PostProcessor::Roberta { sep, cls, trim_offsets: false, add_prefix_space: false }
}

#[cfg(test)]
pub(super) use unigram::charsmap_of;
