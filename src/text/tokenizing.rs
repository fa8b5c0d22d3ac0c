//! Texts on their way to tokens, block by block: a long text takes long, and its caller may have to pause.

use std::borrow::Cow;
use std::ops::Range;

use super::tokenizer::{SpecialTokens, Token, Tokenizer};
use crate::error::{LukeError, Result};

/// A token and its bytes of the text.
pub type PlacedToken = (Token, Range<usize>);

/// A text and byte spans of it.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<'a> {
    /// The text that the spans are of.
    pub text: &'a str,
    /// Byte ranges, in the order of the entities they become.
    pub spans: &'a [Range<usize>],
}

impl<'a> Spanned<'a> {
    /// A text without spans.
    pub fn plain(text: &'a str) -> Self {
        Self { text, spans: &[] }
    }
}

/// The tokens of a text, alone or with their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokenized<T> {
    /// All tokens, without special ones around them.
    pub tokens: Vec<T>,
    /// The tokens of each span.
    pub spans: Vec<Range<usize>>,
}

/// How the text of a token becomes that token. It gets the byte where a block starts, the block, and whether a space is to be
/// put before it.
type Read<T> = fn(&How<'_>, usize, &str, bool) -> Result<Vec<T>>;

/// What reads the blocks.
pub(super) struct How<'a> {
    pub tokenizer: &'a Tokenizer,
    pub special: SpecialTokens,
    /// Puts a space before every segment that does not start with white space.
    pub prefix_space: bool,
}

/// A text that is being tokenized, in segments cut at every start and end of a span, so that spans start and end between tokens.
/// One ASCII space before such a place goes with the segment after it.
pub struct Tokenizing<'a, T> {
    how: How<'a>,
    input: Spanned<'a>,
    read: Read<T>,
    /// Where spans start and end, in order, each once.
    boundaries: Vec<usize>,
    /// How many tokens lie before each boundary that has been passed.
    before: Vec<usize>,
    tokens: Vec<T>,
    /// Bytes of the text that have been tokenized.
    done: usize,
    /// Whether the next block is the first of its segment.
    starts: bool,
}

impl<'a> Tokenizing<'a, Token> {
    /// The tokens of a text.
    pub(super) fn plain(how: How<'a>, input: Spanned<'a>) -> Self {
        Self::new(how, input, |how, _, block, spaced| how.tokenizer.encode(&with_space(block, spaced), how.special))
    }
}

impl<'a> Tokenizing<'a, PlacedToken> {
    /// The tokens of a text, each with its bytes, without the space before it.
    pub(super) fn placed(how: How<'a>, input: Spanned<'a>) -> Self {
        Self::new(how, input, |how, start, block, spaced| {
            let text = with_space(block, spaced);
            let place = |(token, range): PlacedToken| {
                let piece = text.get(range.clone()).unwrap_or("");
                let spaces = piece.len().saturating_sub(piece.trim_start().len());
                let first = if spaces < range.len() { range.start.saturating_add(spaces) } else { range.start };
                let in_text = |at: usize| at.saturating_sub(usize::from(spaced)).saturating_add(start);
                (token, in_text(first)..in_text(range.end))
            };
            Ok(how.tokenizer.encode_with_offsets(&text, how.special)?.into_iter().map(place).collect())
        })
    }
}

impl<'a, T> Tokenizing<'a, T> {
    fn new(how: How<'a>, input: Spanned<'a>, read: Read<T>) -> Self {
        let mut boundaries: Vec<usize> = input.spans.iter().flat_map(|span| [span.start, span.end]).collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        Self { how, input, read, boundaries, before: Vec::new(), tokens: Vec::new(), done: 0, starts: true }
    }

    /// How many tokens there are so far.
    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    /// Tokenizes one more block; how many bytes it has, or `None` at the end of the text.
    ///
    /// # Errors
    /// `input` where a span leaves the text or cuts a character; those of [`Tokenizer::encode`].
    pub fn step(&mut self) -> Result<Option<usize>> {
        loop {
            let segment = self.segment()?;
            if let Some(block) = self.how.tokenizer.blocks(segment).next() {
                let block = segment.get(block).unwrap_or("");
                let spaced = self.how.prefix_space && self.starts && !block.starts_with(is_python_space);
                self.tokens.extend((self.read)(&self.how, self.done, block, spaced)?);
                self.done = self.done.saturating_add(block.len());
                self.starts = false;
                return Ok(Some(block.len()));
            }
            if self.before.len() == self.boundaries.len() {
                return Ok(None);
            }
            self.before.push(self.tokens.len());
            self.starts = true;
        }
    }

    /// Tokenizes what is left.
    ///
    /// # Errors
    /// Those of [`step`](Self::step); `input` where a span ends before it starts.
    pub fn finish(mut self) -> Result<Tokenized<T>> {
        while self.step()?.is_some() {}
        // Spans often come in the order of the text: a place is looked for beside the last one first.
        let mut last = 0usize;
        let mut tokens_before = |byte: usize| {
            let beside = self.boundaries.iter().skip(last).take(2).position(|known| *known == byte);
            last = match beside {
                Some(steps) => last.saturating_add(steps),
                None => self.boundaries.binary_search(&byte).ok()?,
            };
            self.before.get(last).copied()
        };
        let mut tokens_of = |span: &Range<usize>| {
            let tokens = tokens_before(span.start)?..tokens_before(span.end)?;
            (tokens.start <= tokens.end).then_some(tokens)
        };
        let reversed = || LukeError::input("spans", "a span ends before it starts");
        let spans = self.input.spans.iter().map(|span| tokens_of(span).ok_or_else(reversed)).collect::<Result<_>>()?;
        Ok(Tokenized { tokens: self.tokens, spans })
    }

    /// What is left of the segment that is being tokenized.
    fn segment(&self) -> Result<&'a str> {
        let text = self.input.text;
        let end = match self.boundaries.get(self.before.len()) {
            None => text,
            Some(boundary) => {
                let outside =
                    || LukeError::input("spans", format!("byte {boundary} is no character boundary of the text"));
                let before = text.get(..*boundary).ok_or_else(outside)?;
                before.strip_suffix(' ').unwrap_or(before)
            }
        };
        Ok(end.get(self.done..).unwrap_or(""))
    }
}

fn with_space(block: &str, spaced: bool) -> Cow<'_, str> {
    if spaced { format!(" {block}").into() } else { block.into() }
}

/// Python's `str.isspace`, which counts the four ASCII separators too.
pub fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}
