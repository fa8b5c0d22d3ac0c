//! Word tokens by the `tokenizers` crate, from a `tokenizer.json`.

use std::ops::Range;
use std::sync::{LazyLock, Mutex, MutexGuard};

use regex::Regex;
use serde::Deserialize;
use tokenizers::ModelWrapper;

use crate::error::{LukeError, Result};

/// What special tokens such as `<mask>` or `</s>` inside the text mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecialTokens {
    /// They become the special token, as in Hugging Face's tokenizer.
    #[default]
    Match,
    /// They are text like any other.
    Text,
}

/// A tokenizer and the special tokens its post-processor puts around one or two sequences.
pub struct Tokenizer {
    /// Locked because the crate switches the treatment of special tokens on the tokenizer itself.
    inner: Mutex<tokenizers::Tokenizer>,
    /// Ids before the first sequence, between two, and after the last: `[CLS]`, `[SEP]`...
    pub before: Vec<u32>,
    /// Ids between the sequences of a pair.
    pub between: Vec<u32>,
    /// Ids after the last sequence.
    pub after: Vec<u32>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. Its post-processor must put one token before and one after a sequence.
    pub fn from_bytes(json: &[u8]) -> Result<Self> {
        let bad = |reason: String| LukeError::format("tokenizer.json", reason);
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(|error| bad(error.to_string()))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| bad(error.to_string()))?;
        let ids = |encoding: tokenizers::Result<tokenizers::Encoding>| {
            encoding.map(|e| e.get_ids().to_vec()).map_err(|error| bad(error.to_string()))
        };
        let single = ids(inner.encode("", true))?;
        let pair = ids(inner.encode(("", ""), true))?;
        let ([first, last], true) = (single.as_slice(), pair.len() >= 3) else {
            return Err(bad("the post-processor does not add one token before and one after a sequence".into()));
        };
        let (before, after, between) = (vec![*first], vec![*last], pair[1..pair.len() - 1].to_vec());
        Ok(Self { inner: Mutex::new(inner), before, between, after })
    }

    /// The ids of `text` alone, with no special tokens around them.
    pub fn encode(&self, text: &str, special: SpecialTokens) -> Result<Vec<u32>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let encoding = self.treating(special).encode_fast(text, false).map_err(failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// As [`encode`](Self::encode), with the bytes of `text` that each token stands for. A token that holds part of a
    /// character has the whole character.
    pub fn encode_with_offsets(&self, text: &str, special: SpecialTokens) -> Result<Vec<(u32, Range<usize>)>> {
        let encoding = self.treating(special).encode(text, false).map_err(failed)?;
        let whole = |(start, end): &(usize, usize)| text.floor_char_boundary(*start)..text.ceil_char_boundary(*end);
        Ok(encoding.get_ids().iter().copied().zip(encoding.get_offsets().iter().map(whole)).collect())
    }

    /// The text of tokens. For byte-level BPE this is the slow tokenizer's `convert_tokens_to_string`: a leading space
    /// stays, and bytes that make no character become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.lock().decode(ids, false).map_err(failed)
    }

    /// Whether a token goes on the word before it (`is_subword` of the authors' entity linker): it has no space before
    /// it and does not start with punctuation; in WordPiece, it has the continuation mark.
    pub fn continues_word(&self, id: u32) -> bool {
        let inner = self.lock();
        let token = inner.id_to_token(id).unwrap_or_default();
        if let ModelWrapper::WordPiece(model) = inner.get_model() {
            return token.starts_with(&model.continuing_subword_prefix);
        }
        let text = inner.decode(&[id], false).unwrap_or_default();
        // SentencePiece's mark for a space, which its decoder drops at the start.
        let spaced = token.starts_with('\u{2581}') || text.starts_with(' ');
        !spaced && !text.chars().next().is_some_and(is_punctuation)
    }

    /// The masked word's token and its id: `<mask>`, or BERT's `[MASK]`.
    pub fn mask_token(&self) -> Option<(&'static str, u32)> {
        ["<mask>", "[MASK]"].into_iter().find_map(|token| self.token_to_id(token).map(|id| (token, id)))
    }

    /// The id of a token, such as `<ent>`.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.lock().token_to_id(token)
    }

    /// Rows of the word table the tokenizer can name.
    pub fn vocab_size(&self) -> usize {
        self.lock().get_vocab_size(true)
    }

    fn lock(&self) -> MutexGuard<'_, tokenizers::Tokenizer> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn treating(&self, special: SpecialTokens) -> MutexGuard<'_, tokenizers::Tokenizer> {
        let mut inner = self.lock();
        inner.set_encode_special_tokens(special == SpecialTokens::Text);
        inner
    }
}

fn failed(error: tokenizers::Error) -> LukeError {
    LukeError::format("tokenizer.json", error.to_string())
}

/// BERT's punctuation: Unicode's, and every ASCII sign that is no letter, digit or space.
pub fn is_punctuation(c: char) -> bool {
    static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{P}").ok());
    let unicode = || PUNCTUATION.as_ref().is_some_and(|mark| mark.is_match(c.encode_utf8(&mut [0; 4])));
    c.is_ascii_punctuation() || (!c.is_ascii() && unicode())
}
