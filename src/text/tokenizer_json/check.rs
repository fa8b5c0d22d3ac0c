//! The gate: a tokenizer whose parts fit each other, and whose numbers are bounded.

use ahash::{AHashMap, AHashSet};
use tokenizers::pre_tokenizers::byte_level::ByteLevel as ByteAlphabet;

use super::normalizer::{self, Steps};
use super::{
    Added, Decoder, FILE, Merge, Metaspace, Model, Piece, PostProcessor, PreTokenizer, PrependScheme, Sequence,
    TokenizerJson,
};
use crate::error::{LukeError, Result};

/// The most tokens of a vocabulary, and the bound of their ids. `LukeConfig` bounds the rows of the word table to 2^22.
const MAX_TOKENS: usize = 1 << 24;

/// The most bytes of a token. RoBERTa's longest has 256.
const MAX_TOKEN_BYTES: usize = 512;

/// The most tokens that are added to a vocabulary.
const MAX_ADDED_TOKENS: usize = 10_000;

/// The most characters that `max_input_chars_per_word` of WordPiece may be. BERT has 100.
const MAX_WORD_CHARS: usize = 1000;

/// A `tokenizer.json` that has passed all checks: what a `Tokenizer` is made of.
pub struct CheckedTokenizerJson {
    pub(in crate::text) json: TokenizerJson,
    pub(in crate::text) normalizer: Option<Steps>,
    pub(in crate::text) around: SpecialIds,
    /// The greatest id of a token.
    pub(in crate::text) max_id: u32,
}

/// Ids of the special tokens around texts.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::text) struct SpecialIds {
    pub before: u32,
    pub between: Vec<u32>,
    pub after: u32,
}

impl CheckedTokenizerJson {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// `format` where it is no JSON or describes no tokenizer of a LUKE checkpoint; the error names the field.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        TokenizerJson::parse(bytes)?.check()
    }

    /// The file.
    ///
    /// # Errors
    /// `format`; checked fields can all be written, so there is none in practice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.json).map_err(|error| bad(error.to_string()))
    }
}

impl TokenizerJson {
    /// Checks all fields.
    ///
    /// # Errors
    /// `format`, which names the field.
    pub fn check(self) -> Result<CheckedTokenizerJson> {
        if self.version != "1.0" {
            return Err(bad(format!("version is '{}', only 1.0 is read", self.version)));
        }
        let mut ids = check_model(&self.model)?;
        check_pre_tokenizer(&self.model, self.pre_tokenizer.as_ref())?;
        check_decoder(self.decoder.as_ref())?;
        let normalizer = self.normalizer.as_ref().map(normalizer::build).transpose()?;
        check_added(&self.added_tokens, normalizer.as_ref(), &mut ids)?;
        let around = special_ids(self.post_processor.as_ref(), &ids)?;
        let max_id = ids.values().copied().max().unwrap_or(0);
        Ok(CheckedTokenizerJson { json: self, normalizer, around, max_id })
    }
}

/// Ids by token.
type Ids<'a> = AHashMap<&'a str, u32>;

/// Checks the model's numbers and strings; its vocabulary.
fn check_model(model: &Model) -> Result<Ids<'_>> {
    let named = |reason: String| bad(format!("model: {reason}"));
    let ids: Vec<(&str, u32)> = match model {
        Model::Bpe(super::Bpe { vocab, .. }) | Model::WordPiece(super::WordPiece { vocab, .. }) => {
            vocab.iter().map(|(token, id)| (token.as_str(), *id)).collect()
        }
        Model::Unigram(model) => model.vocab.iter().zip(0..).map(|((token, _), id)| (token.as_str(), id)).collect(),
    };
    if ids.len() > MAX_TOKENS {
        return Err(named(format!("has {} tokens, at most {MAX_TOKENS} are read", ids.len())));
    }
    let (mut by_token, mut taken) = (Ids::with_capacity(ids.len()), AHashSet::with_capacity(ids.len()));
    for (token, id) in ids {
        check_length(token).map_err(|reason| named(format!("vocab: {reason}")))?;
        if id as usize >= MAX_TOKENS {
            return Err(named(format!("vocab: the id of '{token}' is {id}, it must be below {MAX_TOKENS}")));
        }
        if by_token.insert(token, id).is_some() || !taken.insert(id) {
            return Err(named(format!("vocab: '{token}' or its id {id} is there twice")));
        }
    }
    let check_unknown = |token: &str| match by_token.contains_key(token) {
        true => Ok(()),
        false => Err(named(format!("unk_token '{token}' is not in the vocabulary"))),
    };
    match model {
        Model::Bpe(model) => {
            model.unk_token.as_deref().map_or(Ok(()), check_unknown)?;
            if let Some(missing) = ByteAlphabet::alphabet()
                .into_iter()
                .find(|c| !by_token.contains_key(c.encode_utf8(&mut [0; 4]) as &str))
            {
                return Err(named(format!("vocab: has no token for the byte that is written '{missing}'")));
            }
            let mut whole = String::new();
            for Merge(left, right) in &model.merges {
                whole.clear();
                whole.extend([left.as_str(), right.as_str()]);
                let known = [left, right, &whole].iter().all(|token| by_token.contains_key(token.as_str()));
                if !known || whole.contains(' ') {
                    return Err(named(format!("merges: '{left}' and '{right}' are not two tokens that give a third")));
                }
            }
        }
        Model::WordPiece(model) => {
            check_unknown(&model.unk_token)?;
            let prefix = &model.continuing_subword_prefix;
            check_length(prefix).map_err(|reason| named(format!("continuing_subword_prefix: {reason}")))?;
            let chars = model.max_input_chars_per_word;
            if chars == 0 || chars > MAX_WORD_CHARS {
                return Err(named(format!("max_input_chars_per_word is {chars}, not 1 to {MAX_WORD_CHARS}")));
            }
        }
        Model::Unigram(model) => {
            if model.unk_id >= model.vocab.len() {
                return Err(named(format!("unk_id is {}, there are {} tokens", model.unk_id, model.vocab.len())));
            }
            if let Some((token, score)) = model.vocab.iter().find(|(_, score)| !score.is_finite()) {
                return Err(named(format!("vocab: the score of '{token}' is {score}")));
            }
        }
    }
    Ok(by_token)
}

/// Each model has the pre-tokenizer that its vocabulary was made with.
fn check_pre_tokenizer(model: &Model, pre_tokenizer: Option<&PreTokenizer>) -> Result<()> {
    let fits = match (model, pre_tokenizer) {
        (Model::Bpe(_), Some(PreTokenizer::ByteLevel(bytes))) => bytes.use_regex,
        (Model::WordPiece(_), Some(PreTokenizer::Bert {})) => true,
        (Model::Unigram(_), Some(PreTokenizer::Metaspace(metaspace))) => return check_metaspace(metaspace),
        (Model::Unigram(_), Some(PreTokenizer::Sequence { pretokenizers })) => match pretokenizers.as_slice() {
            [PreTokenizer::WhitespaceSplit {}, PreTokenizer::Metaspace(metaspace)] => {
                return check_metaspace(metaspace);
            }
            _ => false,
        },
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = match model {
        Model::Bpe(_) => "a BPE model needs ByteLevel with use_regex",
        Model::WordPiece(_) => "a WordPiece model needs BertPreTokenizer",
        Model::Unigram(_) => "a Unigram model needs Metaspace, alone or in a Sequence after WhitespaceSplit",
    };
    Err(bad(format!("pre_tokenizer: {wanted}")))
}

fn check_metaspace(metaspace: &Metaspace) -> Result<()> {
    let never = metaspace.prepend_scheme == Some(PrependScheme::Never);
    if metaspace.replacement != '\u{2581}' || metaspace.str_rep.is_some_and(|mark| mark != '\u{2581}') {
        return Err(bad(format!("Metaspace: replacement is '{}', not '\u{2581}'", metaspace.replacement)));
    }
    if metaspace.split == Some(false) {
        return Err(bad("Metaspace: split must be true".into()));
    }
    if metaspace.add_prefix_space == Some(false) && metaspace.prepend_scheme.is_some() && !never {
        return Err(bad("Metaspace: add_prefix_space does not fit prepend_scheme".into()));
    }
    Ok(())
}

fn check_decoder(decoder: Option<&Decoder>) -> Result<()> {
    match decoder {
        Some(Decoder::Metaspace(metaspace)) => check_metaspace(metaspace),
        Some(Decoder::WordPiece { prefix, .. }) => {
            check_length(prefix).map_err(|reason| bad(format!("decoder: prefix: {reason}")))
        }
        Some(Decoder::ByteLevel(_)) | None => Ok(()),
    }
}

/// Adds the added tokens to `ids`.
fn check_added<'a>(added: &'a [Added], normalizer: Option<&Steps>, ids: &mut Ids<'a>) -> Result<()> {
    let named = |reason: String| bad(format!("added_tokens: {reason}"));
    if added.len() > MAX_ADDED_TOKENS {
        return Err(named(format!("has {} tokens, at most {MAX_ADDED_TOKENS} are read", added.len())));
    }
    // Where it is not in the vocabulary, a token gets the next id after the vocabulary's tokens.
    let mut next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let taken: AHashSet<u32> = ids.values().copied().collect();
    let (mut contents, mut patterns) = (AHashSet::new(), AHashSet::new());
    for token in added {
        let content = token.content.as_str();
        check_pattern(content).map_err(|reason| named(format!("'{content}' {reason}")))?;
        if token.single_word || (token.normalized && token.rstrip) {
            let reason = "single_word, and rstrip of a normalized token, are not supported";
            return Err(named(format!("'{content}': {reason}")));
        }
        if !contents.insert(content) {
            return Err(named(format!("'{content}' is there twice")));
        }
        let known = ids.get(content).copied();
        let id = known.unwrap_or(next);
        if id != token.id || (known.is_none() && taken.contains(&id)) || id as usize >= MAX_TOKENS {
            return Err(named(format!("the id of '{content}' is {}, by the vocabulary it would be {id}", token.id)));
        }
        if known.is_none() {
            ids.insert(content, id);
            next = next.saturating_add(1);
        }
        if token.normalized {
            let pattern = normalizer::normalized(normalizer, content)?;
            check_pattern(&pattern).map_err(|reason| named(format!("'{content}', normalized, {reason}")))?;
            if !patterns.insert(pattern) {
                return Err(named(format!("'{content}', normalized, is there twice")));
            }
        }
    }
    Ok(())
}

/// What is searched in a text. With white space at its ends it could overlap the white space that other tokens take;
/// with any in it, a text could not be cut at spaces.
fn check_pattern(pattern: &str) -> std::result::Result<(), String> {
    if pattern.is_empty() || pattern.contains(char::is_whitespace) {
        return Err("is empty or has white space".into());
    }
    check_length(pattern)
}

/// The ids around one and two texts.
fn special_ids(post_processor: Option<&PostProcessor>, ids: &Ids) -> Result<SpecialIds> {
    let named = |reason: String| bad(format!("post_processor: {reason}"));
    let id = |token: &str, id: u32| match ids.get(token) {
        Some(known) if *known == id => Ok(id),
        _ => Err(named(format!("no token '{token}' has the id {id}"))),
    };
    match post_processor {
        None => Err(named("there is none, so no token stands before and after a text".into())),
        Some(PostProcessor::Roberta { sep, cls, .. }) => {
            let (before, after) = (id(&cls.0, cls.1)?, id(&sep.0, sep.1)?);
            Ok(SpecialIds { before, between: vec![after; 2], after })
        }
        Some(PostProcessor::Bert { sep, cls }) => {
            let (before, after) = (id(&cls.0, cls.1)?, id(&sep.0, sep.1)?);
            Ok(SpecialIds { before, between: vec![after], after })
        }
        Some(PostProcessor::Template { single, pair, special_tokens }) => {
            let special = |piece: &Piece| {
                let Piece::SpecialToken { id: name, .. } = piece else { return Ok(None) };
                let token = special_tokens.get(name);
                match token.map(|token| (token.id == *name, token.ids.as_slice(), token.tokens.as_slice())) {
                    Some((true, [number], [token])) => id(token, *number).map(Some),
                    _ => Err(named(format!("special token '{name}' is not defined with one id and one token"))),
                }
            };
            let is = |piece: &Piece, wanted| matches!(piece, Piece::Sequence { id, .. } if *id == wanted);
            let one = match single.as_slice() {
                [first, text, last] if is(text, Sequence::A) => special(first)?.zip(special(last)?),
                _ => None,
            };
            let (before, after) =
                one.ok_or_else(|| named("single must be one special token, A, and one special token".into()))?;
            let odd =
                || named("pair must be single's first token, A, special tokens, B, and single's last token".into());
            let (first, rest) = pair.split_first().ok_or_else(odd)?;
            let (last, rest) = rest.split_last().ok_or_else(odd)?;
            let (text, rest) = rest.split_first().ok_or_else(odd)?;
            let (second, middle) = rest.split_last().ok_or_else(odd)?;
            let ends = [special(first)?, special(last)?] == [Some(before), Some(after)];
            let between: Option<Vec<u32>> = middle.iter().map(special).collect::<Result<_>>()?;
            match between {
                Some(between) if ends && is(text, Sequence::A) && is(second, Sequence::B) => {
                    Ok(SpecialIds { before, between, after })
                }
                _ => Err(odd()),
            }
        }
    }
}

fn check_length(token: &str) -> std::result::Result<(), String> {
    match token.len() {
        0..=MAX_TOKEN_BYTES => Ok(()),
        bytes => Err(format!("a token has {bytes} bytes, at most {MAX_TOKEN_BYTES} are read")),
    }
}

fn bad(reason: String) -> LukeError {
    LukeError::format(FILE, reason)
}
