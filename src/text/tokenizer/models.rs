//! The models behind the `tokenizers` crate: its own BPE, and WordPiece and Unigram over a sorted vocabulary.
//!
//! The crate's WordPiece tries every end of a word, which costs the third power of the word's length; and its Unigram
//! keeps a hash map for each byte of each token: 260 MB for XLM-RoBERTa's 250,000. Both give the same tokens as these.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tokenizers::Token;
use tokenizers::models::bpe::{BPE, BpeTrainer};

use crate::text::sorted_strings::{Prefix, SortedStrings};
use crate::text::tokenizer_json;

/// What turns words into tokens.
pub(super) enum Model {
    Bpe(BPE),
    WordPiece(WordPiece),
    Unigram(Unigram),
}

impl Model {
    /// The model of a checked file.
    ///
    /// # Errors
    /// What the crate's BPE finds wrong with the vocabulary and the merges.
    pub fn new(model: tokenizer_json::Model) -> tokenizers::Result<Self> {
        Ok(match model {
            tokenizer_json::Model::Bpe(model) => {
                let merges = model.merges.into_iter().map(|tokenizer_json::Merge(left, right)| (left, right)).collect();
                let vocab: tokenizers::models::bpe::Vocab = model.vocab.into_iter().collect();
                let builder = BPE::builder().vocab_and_merges(vocab, merges).cache_capacity(BPE_CACHE);
                Self::Bpe(model.unk_token.into_iter().fold(builder, |builder, unk| builder.unk_token(unk)).build()?)
            }
            tokenizer_json::Model::WordPiece(model) => Self::WordPiece(WordPiece::new(model)),
            tokenizer_json::Model::Unigram(model) => Self::Unigram(Unigram::new(model)),
        })
    }
}

impl tokenizers::Model for Model {
    type Trainer = BpeTrainer;

    fn tokenize(&self, word: &str) -> tokenizers::Result<Vec<Token>> {
        match self {
            Self::Bpe(model) => model.tokenize(word),
            Self::WordPiece(model) => Ok(model.tokenize(word)),
            Self::Unigram(model) => Ok(model.tokenize(word)),
        }
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Bpe(model) => model.token_to_id(token),
            Self::WordPiece(model) => model.vocab.id(token),
            Self::Unigram(model) => model.vocab.id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Bpe(model) => model.id_to_token(id),
            Self::WordPiece(model) => model.vocab.token(id),
            Self::Unigram(model) => model.vocab.token(id),
        }
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        match self {
            Self::Bpe(model) => tokenizers::Model::get_vocab(model),
            Self::WordPiece(model) => model.vocab.all(),
            Self::Unigram(model) => model.vocab.all(),
        }
    }

    fn get_vocab_size(&self) -> usize {
        match self {
            Self::Bpe(model) => model.get_vocab_size(),
            Self::WordPiece(model) => model.vocab.tokens.len(),
            Self::Unigram(model) => model.vocab.tokens.len(),
        }
    }

    fn save(&self, _: &Path, _: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        Err("a checked tokenizer is saved as JSON".into())
    }

    fn get_trainer(&self) -> BpeTrainer {
        BpeTrainer::default()
    }
}

/// Words that BPE keeps. The crate never frees them, so a page that loads many models would leak more with its 10,000.
const BPE_CACHE: usize = 1000;

/// Tokens and their ids.
struct Vocab {
    tokens: SortedStrings,
    /// Id by place.
    ids: Vec<u32>,
    /// Place by id, in the order of ids.
    places: Vec<(u32, u32)>,
    /// The tokens that start with each byte.
    first: Vec<Option<Prefix>>,
}

impl Vocab {
    /// Of distinct tokens with distinct ids.
    fn new(mut entries: Vec<(String, u32)>) -> Self {
        entries.sort_unstable();
        let (mut tokens, mut ids) = (SortedStrings::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for (token, id) in entries {
            if tokens.push(&token).is_some() {
                ids.push(id);
            }
        }
        let mut places: Vec<(u32, u32)> = ids.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let first = (0..=u8::MAX).map(|byte| tokens.narrow(tokens.all(), byte)).collect();
        Self { tokens, ids, places, first }
    }

    fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(self.tokens.find(token)?).copied()
    }

    fn token(&self, id: u32) -> Option<String> {
        let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.places.get(at).map(|(_, place)| self.tokens.get(*place as usize).to_owned())
    }

    fn all(&self) -> HashMap<String, u32> {
        (0..self.tokens.len()).map(|place| self.tokens.get(place).to_owned()).zip(self.ids.iter().copied()).collect()
    }

    /// The tokens that `text` starts with: their lengths and ids, shortest first. With `inside`, the tokens that have the
    /// bytes of this prefix before those of `text`; lengths are those in `text`.
    fn matches<'a>(&'a self, inside: Option<Prefix>, text: &'a str) -> impl Iterator<Item = (usize, u32)> + 'a {
        let mut found = inside;
        let places = text.bytes().zip(1..).map_while(move |(byte, length)| {
            found = match found {
                Some(prefix) => self.tokens.narrow(prefix, byte),
                None => self.first.get(usize::from(byte)).copied().flatten(),
            };
            Some((length, self.tokens.exact(found?)))
        });
        places.filter_map(|(length, place)| Some((length, *self.ids.get(place?)?)))
    }
}

/// BERT's WordPiece: the longest token that the rest of a word starts with, again and again.
pub(super) struct WordPiece {
    vocab: Vocab,
    unk: (String, u32),
    /// What tokens inside a word start with: `##`.
    pub continuing_subword_prefix: String,
    continuing: Option<Prefix>,
    max_chars: usize,
}

impl WordPiece {
    fn new(model: tokenizer_json::WordPiece) -> Self {
        let vocab = Vocab::new(model.vocab);
        let prefix = model.continuing_subword_prefix;
        let continuing = prefix.bytes().try_fold(vocab.tokens.all(), |tokens, byte| vocab.tokens.narrow(tokens, byte));
        let unk = vocab.id(&model.unk_token).unwrap_or(0);
        Self {
            vocab,
            unk: (model.unk_token, unk),
            continuing_subword_prefix: prefix,
            continuing,
            max_chars: model.max_input_chars_per_word,
        }
    }

    fn tokenize(&self, word: &str) -> Vec<Token> {
        let unknown = || vec![Token::new(self.unk.1, self.unk.0.clone(), (0, word.len()))];
        if word.chars().nth(self.max_chars).is_some() {
            return unknown();
        }
        let (mut tokens, mut start, mut rest) = (Vec::new(), 0usize, word);
        while !rest.is_empty() {
            let longest = match (start, self.continuing) {
                (0, _) => self.vocab.matches(None, rest).last(),
                (_, Some(prefix)) => self.vocab.matches(Some(prefix), rest).last(),
                (_, None) => None,
            };
            let Some((id, (text, left))) = longest.and_then(|(length, id)| Some((id, rest.split_at_checked(length)?)))
            else {
                return unknown();
            };
            let end = start.saturating_add(text.len());
            let inside = if start == 0 { "" } else { self.continuing_subword_prefix.as_str() };
            tokens.push(Token::new(id, format!("{inside}{text}"), (start, end)));
            (start, rest) = (end, left);
        }
        tokens
    }
}

/// SentencePiece's unigram model: the tokens with the greatest sum of scores. Characters that no token stands for are
/// unknown, and those that follow each other become one unknown token.
pub(super) struct Unigram {
    vocab: Vocab,
    /// Score by id.
    scores: Vec<f64>,
    unk: u32,
    /// Of an unknown character: ten less than the least score, as in SentencePiece.
    unk_score: f64,
}

/// The best tokens that end at some byte.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    /// Where the last of them starts; `None` where no tokens end here.
    start: Option<usize>,
    id: u32,
}

impl Unigram {
    fn new(model: tokenizer_json::Unigram) -> Self {
        let (tokens, scores): (Vec<String>, Vec<f64>) = model.vocab.into_iter().unzip();
        let unk_score = scores.iter().copied().fold(f64::INFINITY, f64::min) - 10.0;
        let unk = u32::try_from(model.unk_id).unwrap_or(0);
        Self { vocab: Vocab::new(tokens.into_iter().zip(0..).collect()), scores, unk, unk_score }
    }

    fn tokenize(&self, word: &str) -> Vec<Token> {
        let token = |(start, end): (usize, usize)| {
            let text = word.get(start..end).unwrap_or("");
            Token::new(self.vocab.id(text).unwrap_or(self.unk), text.to_owned(), (start, end))
        };
        self.parts(word).into_iter().map(token).collect()
    }

    /// The bytes of the best tokens; unknown characters that follow each other are one.
    fn parts(&self, word: &str) -> Vec<(usize, usize)> {
        let mut best = vec![Best { score: 0.0, start: None, id: self.unk }; word.len().saturating_add(1)];
        for (start, c) in word.char_indices() {
            let (here, rest) = (best.get(start).map_or(0.0, |best| best.score), word.get(start..).unwrap_or(""));
            let mut reach = |length: usize, score: f64, id: u32| {
                let score = score + here;
                if let Some(end) = best.get_mut(start.saturating_add(length))
                    && (end.start.is_none() || score > end.score)
                {
                    *end = Best { score, start: Some(start), id };
                }
            };
            let mut is_known = false;
            for (length, id) in self.vocab.matches(None, rest) {
                reach(length, self.scores.get(id as usize).copied().unwrap_or(self.unk_score), id);
                is_known |= length == c.len_utf8();
            }
            if !is_known {
                reach(c.len_utf8(), self.unk_score, self.unk);
            }
        }
        let (mut parts, mut end): (Vec<(usize, usize, bool)>, usize) = (Vec::new(), word.len());
        while let Some(Best { start: Some(start), id, .. }) = best.get(end) {
            let is_unknown = *id == self.unk;
            match parts.last_mut() {
                Some((later, _, true)) if is_unknown => *later = *start,
                _ => parts.push((*start, end, is_unknown)),
            }
            end = *start;
        }
        parts.iter().rev().map(|(start, end, _)| (*start, *end)).collect()
    }
}
