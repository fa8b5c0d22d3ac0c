//! Tokens by the `tokenizers` crate, from a checked `tokenizer.json`.

mod blocks;
mod case;
mod models;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{LazyLock, Mutex, MutexGuard};

use serde::Deserialize;
use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{AddedToken, DecoderWrapper, PreTokenizerWrapper, TokenizerImpl};

use super::CharSet;
use super::tokenizer_json::{self, CheckedTokenizerJson, FILE, Steps, TokenizerJson};
use crate::error::{LukeError, Result};
use crate::inputs::ModelInputs;
use blocks::{BLOCK, Cuts, MAX_BLOCK};
use case::CaseTypes;
use models::Model;

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

/// A token of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Its row of the word table.
    pub id: u32,
    /// Its token type. 0, unless the tokenizer has types ([`Tokenizer::with_case_types`]).
    pub token_type: u32,
}

/// A special token, whose type is 0.
impl From<u32> for Token {
    fn from(id: u32) -> Self {
        Self { id, token_type: 0 }
    }
}

type Inner = TokenizerImpl<Model, Steps, PreTokenizerWrapper, RobertaProcessing, DecoderWrapper>;

/// A tokenizer and the special tokens its post-processor puts around one or two sequences.
pub struct Tokenizer {
    /// Locked because the crate switches the treatment of special tokens on the tokenizer itself.
    inner: Mutex<Inner>,
    cuts: Cuts,
    max_id: u32,
    /// Ids of the special tokens, in order.
    special: Vec<u32>,
    case_types: bool,
    /// Tokens before the first sequence: `<s>` or `[CLS]`.
    pub before: Vec<Token>,
    /// Tokens between the sequences of a pair.
    pub between: Vec<Token>,
    /// Tokens after the last sequence: `</s>` or `[SEP]`.
    pub after: Vec<Token>,
}

impl Tokenizer {
    /// Reads and checks a `tokenizer.json`.
    ///
    /// # Errors
    /// `format` where it describes no tokenizer of a LUKE checkpoint; the error names the field.
    pub fn from_bytes(json: &[u8]) -> Result<Self> {
        Self::new(CheckedTokenizerJson::parse(json)?)
    }

    /// The tokenizer that a checked file describes.
    ///
    /// # Errors
    /// `format` where the `tokenizers` crate refuses what the checks let pass.
    pub fn new(checked: CheckedTokenizerJson) -> Result<Self> {
        let CheckedTokenizerJson { json, normalizer, around, max_id } = checked;
        let rstrip = json.added_tokens.iter().filter(|token| token.rstrip).map(|token| token.content.clone()).collect();
        let mut special: Vec<u32> =
            json.added_tokens.iter().filter(|token| token.special).map(|token| token.id).collect();
        special.sort_unstable();
        let TokenizerJson { added_tokens, pre_tokenizer, post_processor, decoder, model, .. } = json;
        let mut inner = Inner::new(Model::new(model).map_err(failed)?);
        inner.with_normalizer(normalizer).map_err(failed)?;
        inner.with_pre_tokenizer(pre_tokenizer.map(build_pre_tokenizer));
        inner.with_decoder(decoder.map(build_decoder));
        // Only what this one does to offsets is of use: special tokens around a text are put there by `InputBuilder`.
        if let Some(tokenizer_json::PostProcessor::Roberta { sep, cls, trim_offsets, add_prefix_space }) =
            post_processor
        {
            let trim = RobertaProcessing::new(sep, cls).trim_offsets(trim_offsets).add_prefix_space(add_prefix_space);
            inner.with_post_processor(Some(trim));
        }
        let added = added_tokens.into_iter().map(|token| {
            AddedToken::from(token.content, token.special)
                .lstrip(token.lstrip)
                .rstrip(token.rstrip)
                .normalized(token.normalized)
        });
        inner.add_tokens(added).map_err(failed)?;
        let cuts = cuts(&inner, rstrip)?;
        let [before, between, after] = [vec![around.before], around.between, vec![around.after]]
            .map(|ids| ids.into_iter().map(Token::from).collect());
        Ok(Self { inner: Mutex::new(inner), cuts, max_id, special, case_types: false, before, between, after })
    }

    /// The same tokenizer, with token types that say how the text of a token is written: 0 without a capital letter, 1 with
    /// one, 2 if its word has no small letter (`case.rs`). Special tokens have type 0. The word of a token is looked for in the
    /// text that [`encode`](Self::encode) gets.
    pub fn with_case_types(self) -> Self {
        Self { case_types: true, ..self }
    }

    /// The bytes of the blocks of `text`. One after the other, they have the tokens of the whole.
    pub fn blocks<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.cuts.blocks(text, BLOCK, MAX_BLOCK)
    }

    /// The tokens of `text` alone, with no special tokens around them.
    ///
    /// # Errors
    /// `format` if the tokenizer fails. For a checked tokenizer, no text is known that makes it fail.
    pub fn encode(&self, text: &str, special: SpecialTokens) -> Result<Vec<Token>> {
        if self.case_types {
            return Ok(self.encode_with_offsets(text, special)?.into_iter().map(|(token, _)| token).collect());
        }
        let (inner, mut tokens) = (self.treating(special), Vec::new());
        for block in self.blocks(text) {
            let encoding = inner.encode_fast(text.get(block).unwrap_or(""), false).map_err(failed)?;
            tokens.extend(encoding.get_ids().iter().copied().map(Token::from));
        }
        Ok(tokens)
    }

    /// As [`encode`](Self::encode), with the bytes of `text` that each token stands for. A token that holds part of a
    /// character has the whole character.
    ///
    /// # Errors
    /// `format`, as [`encode`](Self::encode).
    pub fn encode_with_offsets(&self, text: &str, special: SpecialTokens) -> Result<Vec<(Token, Range<usize>)>> {
        self.encode_blocks(text, special, BLOCK, MAX_BLOCK)
    }

    fn encode_blocks(
        &self,
        text: &str,
        special: SpecialTokens,
        block: usize,
        max_block: usize,
    ) -> Result<Vec<(Token, Range<usize>)>> {
        let (inner, mut tokens) = (self.treating(special), Vec::new());
        let mut types = self.case_types.then(|| CaseTypes::new(text));
        for block in self.cuts.blocks(text, block, max_block) {
            let start = block.start;
            let encoding = inner.encode(text.get(block).unwrap_or(""), false).map_err(failed)?;
            let whole = |(first, end): &(usize, usize)| {
                text.floor_char_boundary(start.saturating_add(*first))
                    ..text.ceil_char_boundary(start.saturating_add(*end))
            };
            for (id, bytes) in encoding.get_ids().iter().copied().zip(encoding.get_offsets().iter().map(whole)) {
                let token_type = match &mut types {
                    Some(types) if self.special.binary_search(&id).is_err() => types.of(bytes.clone()),
                    _ => 0,
                };
                tokens.push((Token { id, token_type }, bytes));
            }
        }
        Ok(tokens)
    }

    /// An input of these tokens, one list after the other, without entities. Every input of a task starts here, so that it
    /// has the token types.
    pub fn inputs(&self, parts: &[&[Token]]) -> ModelInputs {
        let tokens = || parts.iter().copied().flatten();
        ModelInputs {
            input_ids: tokens().map(|token| token.id).collect(),
            token_type_ids: self.case_types.then(|| tokens().map(|token| token.token_type).collect()),
            ..Default::default()
        }
    }

    /// The text of tokens. For byte-level BPE this is `convert_tokens_to_string` of Hugging Face's slow tokenizer: a
    /// leading space stays, and bytes that are no character become U+FFFD. Ids without a token are skipped.
    ///
    /// # Errors
    /// `format` if the decoder fails. For a checked tokenizer, no ids are known that make it fail.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.lock().decode(ids, false).map_err(failed)
    }

    /// Whether a token goes on the word before it (`is_subword` of the authors' entity linker): it has no space before
    /// it and does not start with punctuation; in WordPiece, it has the continuation mark.
    pub fn continues_word(&self, id: u32) -> bool {
        let inner = self.lock();
        let token = inner.id_to_token(id).unwrap_or_default();
        if let Model::WordPiece(model) = inner.get_model() {
            return token.starts_with(&model.continuing_subword_prefix);
        }
        let text = inner.decode(&[id], false).unwrap_or_default();
        // SentencePiece's mark for a space, which its decoder drops at the start.
        let spaced = token.starts_with('\u{2581}') || text.starts_with(' ');
        !spaced && !text.chars().next().is_some_and(is_punctuation)
    }

    /// The mask token and its id: `<mask>`, or `[MASK]` in a BERT vocabulary. `None` if the vocabulary has neither.
    pub fn mask_token(&self) -> Option<(&'static str, u32)> {
        ["<mask>", "[MASK]"].into_iter().find_map(|token| self.token_to_id(token).map(|id| (token, id)))
    }

    /// The id of a token, such as `<ent>`; `None` if it is not in the vocabulary.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.lock().token_to_id(token)
    }

    /// Rows that the word table must have: one more than the greatest id.
    pub fn vocab_size(&self) -> usize {
        (self.max_id as usize).saturating_add(1)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn treating(&self, special: SpecialTokens) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        inner.set_encode_special_tokens(special == SpecialTokens::Text);
        inner
    }
}

fn build_pre_tokenizer(pre_tokenizer: tokenizer_json::PreTokenizer) -> PreTokenizerWrapper {
    match pre_tokenizer {
        tokenizer_json::PreTokenizer::ByteLevel(bytes) => byte_level(bytes).into(),
        tokenizer_json::PreTokenizer::Bert {} => BertPreTokenizer.into(),
        tokenizer_json::PreTokenizer::WhitespaceSplit {} => WhitespaceSplit.into(),
        tokenizer_json::PreTokenizer::Metaspace(spaces) => metaspace(&spaces).into(),
        tokenizer_json::PreTokenizer::Sequence { pretokenizers } => {
            Sequence::new(pretokenizers.into_iter().map(build_pre_tokenizer).collect()).into()
        }
    }
}

fn build_decoder(decoder: tokenizer_json::Decoder) -> DecoderWrapper {
    match decoder {
        tokenizer_json::Decoder::ByteLevel(bytes) => byte_level(bytes).into(),
        tokenizer_json::Decoder::WordPiece { prefix, cleanup } => WordPieceDecoder::new(prefix, cleanup).into(),
        tokenizer_json::Decoder::Metaspace(spaces) => metaspace(&spaces).into(),
    }
}

fn byte_level(bytes: tokenizer_json::ByteLevel) -> ByteLevel {
    ByteLevel::new(bytes.add_prefix_space, bytes.trim_offsets, bytes.use_regex)
}

fn metaspace(spaces: &tokenizer_json::Metaspace) -> Metaspace {
    let scheme = match (spaces.add_prefix_space, spaces.prepend_scheme) {
        (Some(false), _) | (_, Some(tokenizer_json::PrependScheme::Never)) => PrependScheme::Never,
        (_, Some(tokenizer_json::PrependScheme::First)) => PrependScheme::First,
        (_, Some(tokenizer_json::PrependScheme::Always) | None) => PrependScheme::Always,
    };
    Metaspace::new(spaces.replacement, scheme, true)
}

/// Where texts may be cut: before white space that may start a text as well as stand inside one. A line's end may not
/// where the normalizer keeps it, for example.
fn cuts(inner: &Inner, rstrip: Vec<String>) -> Result<Cuts> {
    let ids = |text: String| Ok(inner.encode_fast(text, false).map_err(failed)?.get_ids().to_vec());
    let mut spaces = Vec::new();
    for space in [' ', '\n'] {
        if [ids("a".into())?, ids(format!("{space}b"))?].concat() == ids(format!("a{space}b"))? {
            spaces.push(space);
        }
    }
    Ok(Cuts { spaces, rstrip })
}

fn failed(error: tokenizers::Error) -> LukeError {
    LukeError::format(FILE, error.to_string())
}

/// BERT's punctuation: Unicode's, and every ASCII sign that is no letter, digit or space.
pub fn is_punctuation(c: char) -> bool {
    static PUNCTUATION: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{P}"));
    c.is_ascii_punctuation() || (!c.is_ascii() && PUNCTUATION.contains(c))
}
