//! Case as a token type, for a vocabulary without capitals: the type of a token says how its piece of the text is written.
//! [`CaseTypes::of`] is the rule; `tools/mini/case_types.py` is the same rule for training and for the fixtures.

use std::ops::Range;
use std::sync::LazyLock;

use crate::text::CharSet;

/// What words are made of.
static OF_WORDS: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"[\p{L}\p{M}\p{N}]"));

fn is_of_word(c: &char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { OF_WORDS.contains(*c) }
}

/// The token types of the pieces of a text, in its order.
pub(super) struct CaseTypes<'a> {
    text: &'a str,
    /// The last word that a piece was looked up in. Words are looked at once each, so that a long word of many pieces takes no
    /// longer than many words.
    word: Range<usize>,
    /// Whether it has several characters and no small letter.
    in_capitals: bool,
}

impl<'a> CaseTypes<'a> {
    /// The types of the pieces of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, word: 0..0, in_capitals: false }
    }

    /// The type of a piece, which does not start before the piece that was asked for last:
    /// - 0: it has no capital letter
    /// - 1: it has one, and the word of its first capital is one character or has a small letter too
    /// - 2: it has one, and that word has several characters and no small letter
    ///
    /// A word is a run of letters, marks and numbers. A capital that is none of these, such as a letter in a circle, is a word.
    pub fn of(&mut self, bytes: Range<usize>) -> u32 {
        let piece = self.text.get(bytes.clone()).unwrap_or("");
        let Some(capital) = piece.find(char::is_uppercase) else { return 0 };
        let capital = bytes.start.saturating_add(capital);
        while self.word.end <= capital && self.word.end < self.text.len() {
            self.next_word();
        }
        if self.word.contains(&capital) && self.in_capitals { 2 } else { 1 }
    }

    fn next_word(&mut self) {
        let rest = self.text.get(self.word.end..).unwrap_or("");
        let first = rest.find(|c: char| is_of_word(&c)).unwrap_or(rest.len());
        let from_first = rest.get(first..).unwrap_or("");
        let length = from_first.find(|c: char| !is_of_word(&c)).unwrap_or(from_first.len());
        let start = self.word.end.saturating_add(first);
        self.word = start..start.saturating_add(length);
        let word = from_first.get(..length).unwrap_or("");
        self.in_capitals = word.chars().nth(1).is_some() && !word.chars().any(char::is_lowercase);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    /// The types of the pieces of `pieces`, which `|` cuts.
    fn types(pieces: &str) -> Vec<u32> {
        let (text, mut at) = (pieces.replace('|', ""), 0);
        let mut types = CaseTypes::new(&text);
        let places = pieces.split('|').map(|piece| {
            let start = at;
            at += piece.len();
            start..at
        });
        places.map(|bytes| types.of(bytes)).collect()
    }

    #[test]
    fn the_word_of_a_piece_decides_between_one_capital_and_capitals() {
        assert_eq!(types("A|da| Love|lace"), [1, 0, 1, 0]);
        assert_eq!(types("Mc|Don|ald|-|McDON|ALD"), [1, 1, 0, 0, 1, 1]);
        assert_eq!(types("NA|TO|,| the| U|.|S|."), [2, 2, 0, 0, 1, 0, 1, 0]);
        assert_eq!(types("F|-|16| B|52| i|Phone| 199|0S"), [1, 0, 0, 2, 0, 0, 1, 0, 2]);
        assert_eq!(types("É|TÉ |ÉTÉ| Été| ß| SS"), [2, 2, 2, 1, 0, 2]);
        // A letter with a mark of its own is two characters; signs that are capitals are no letters.
        assert_eq!(types("E\u{301}| \u{24b6}| \u{24b6}\u{24b7}|東京|ДА|Да"), [2, 1, 1, 0, 1, 1]);
        assert_eq!(types(" |ДА| |Да|, A| (A)|, Ab|a-BC"), [0, 2, 0, 1, 1, 1, 1, 2]);
        assert_eq!(types(""), [0]);
    }

    #[test]
    fn a_long_word_of_many_pieces_takes_little_time() {
        let text = "A".repeat(1 << 20);
        let (mut types, start) = (CaseTypes::new(&text), Instant::now());
        assert!((0..text.len()).all(|at| types.of(at..at + 1) == 2));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }

    proptest! {
        /// The rule once more, without a memory of words.
        #[test]
        fn types_are_those_of_the_plain_rule(pieces in prop::collection::vec("[a-zA-Z0-9 ÉéßДд東\u{301}\u{24b6}.,]{0,4}", 0..20)) {
            let (text, mut at) = (pieces.concat(), 0);
            let mut types = CaseTypes::new(&text);
            for piece in &pieces {
                let expected = match piece.find(char::is_uppercase) {
                    None => 0,
                    Some(capital) => {
                        let (left, right) = text.split_at(at + capital);
                        let left = left.chars().rev().take_while(is_of_word);
                        let word: Vec<char> = left.chain(right.chars().take_while(is_of_word)).collect();
                        let is_in_one = right.starts_with(|c: char| is_of_word(&c));
                        1 + u32::from(is_in_one && word.len() > 1 && !word.iter().any(|c| c.is_lowercase()))
                    }
                };
                prop_assert_eq!(types.of(at..at + piece.len()), expected, "{:?} in {:?}", piece, text);
                at += piece.len();
            }
        }
    }
}
