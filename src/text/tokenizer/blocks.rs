//! Cuts long texts into blocks that are tokenized one by one. The `tokenizers` crate takes a few hundred bytes of
//! memory for each byte of a text.

use std::ops::Range;

use super::is_punctuation;

/// Bytes of a block, from where on a place to cut is searched. A block takes some thousandths of a second, and nothing else runs
/// meanwhile.
pub(super) const BLOCK: usize = 1 << 13;

/// The most bytes of a block. A text without a place to cut is cut here, between two characters. No text of words is
/// like this.
pub(super) const MAX_BLOCK: usize = 1 << 18;

/// Where a text may be cut so that its tokens stay the same.
pub(super) struct Cuts {
    /// White space that may start a block.
    pub spaces: Vec<char>,
    /// Added tokens that take the white space after them.
    pub rstrip: Vec<String>,
}

impl Cuts {
    /// The byte ranges of the blocks of `text`, in order; together they are the whole text. A block ends at the first
    /// place to cut after `block` bytes, or after `max_block` bytes at most.
    pub fn blocks<'a>(
        &'a self,
        text: &'a str,
        block: usize,
        max_block: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
            let end = start.saturating_add(self.first(rest, block, max_block));
            let range = start..end;
            start = end;
            Some(range)
        })
    }

    /// The length of the first block in bytes.
    fn first(&self, text: &str, block: usize, max_block: usize) -> usize {
        if text.len() <= block {
            return text.len();
        }
        let from = text.ceil_char_boundary(block);
        let spaces =
            text.get(from..).unwrap_or("").match_indices(self.spaces.as_slice()).map(|(at, _)| from.saturating_add(at));
        let mut near = spaces.take_while(|at| *at <= max_block);
        near.find(|at| self.may_cut(text.get(..*at).unwrap_or(""))).unwrap_or_else(|| {
            let end = text.floor_char_boundary(max_block);
            if end == 0 { text.len() } else { end }
        })
    }

    /// Whether a block may end here, before white space. What stands before must be a word or a punctuation mark: after white
    /// space, a normalizer or a byte-level token could join the two; and some letters of Indic scripts (Unicode's `Prepend`)
    /// form a grapheme with the space after them.
    fn may_cut(&self, before: &str) -> bool {
        let prepends = |c: char| c == '\u{d4e}' || ('\u{11000}'..='\u{11fff}').contains(&c);
        let is_end = |c: char| (c.is_alphanumeric() || is_punctuation(c)) && !prepends(c);
        before.chars().next_back().is_some_and(is_end)
            && !self.rstrip.iter().any(|token| before.ends_with(token.as_str()))
    }
}
