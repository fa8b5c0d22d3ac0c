//! Where words lie in a text, and how a word of a list is tokenised.

use std::ops::Range;
use std::sync::LazyLock;

use crate::error::{LukeError, Result};
use crate::text::CharSet;
use crate::text::is_punctuation;
use crate::text::is_python_space;

/// Runs of letters, marks, digits and underscores, and every other visible character alone; in bytes.
pub fn split_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    static WORD: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"[\p{L}\p{M}\p{N}_]"));
    let is_in_word = |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { WORD.contains(c) };
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.find(|&(_, c)| !c.is_whitespace() && !('\x1c'..='\x1f').contains(&c))?;
        let mut last = (start, first);
        while is_in_word(first) {
            let Some(next) = chars.next_if(|&(_, c)| is_in_word(c)) else { break };
            last = next;
        }
        Some(start..last.0 + last.1.len_utf8())
    })
}

/// The words that lie inside each sentence.
pub fn word_ranges(
    words: &[Range<usize>],
    sentences: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = Result<Range<usize>>> {
    let mut last = 0;
    sentences.map(move |sentence| {
        if sentence.start < last {
            return Err(LukeError::input("sentences", "overlap or are out of order"));
        }
        last = sentence.end;
        let start = words.partition_point(|word| word.start < sentence.start);
        let end = words.partition_point(|word| word.end <= sentence.end);
        Ok(start..end.max(start))
    })
}

/// The authors' rule for word lists: no space before an apostrophe or a lone punctuation mark.
pub fn joins_the_word_before(word: &str) -> bool {
    let mut chars = word.chars();
    let lone = chars.next().filter(|_| chars.next().is_none());
    word.starts_with('\'') || lone.is_some_and(is_punctuation)
}

/// The word with a space before it, unless it starts with one.
pub fn with_space(word: &str) -> String {
    match word.starts_with(is_python_space) {
        true => word.to_owned(),
        false => format!(" {word}"),
    }
}
