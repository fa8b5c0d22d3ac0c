//! Sentences of a text by Unicode's rules (UAX 29), in time proportional to the text.

use std::ops::Range;
use std::sync::LazyLock;

use unicode_segmentation::UnicodeSegmentation;

use crate::text::CharSet;

/// Characters that UAX 29 skips: Extend and Format. The code points after these two classes are the marks of Unicode
/// 17, which this version of `regex-syntax` does not know yet.
static JOINERS: LazyLock<CharSet> = LazyLock::new(|| {
    CharSet::new(concat!(
        r"[\p{SB=Extend}\p{SB=Format}\x{1ACF}-\x{1ADD}\x{1AE0}-\x{1AEB}\x{10EFA}\x{10EFB}\x{11B60}-\x{11B67}",
        r"\x{1E6E3}\x{1E6E6}\x{1E6EE}\x{1E6EF}\x{1E6F5}]",
    ))
});
static CLOSE: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{SB=Close}"));
static SPACE: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{SB=Sp}"));
static LETTER: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"[\p{SB=Lower}\p{SB=Upper}\p{SB=OLetter}]"));

/// Bytes of a piece of text, from where on a place to cut is searched.
pub const PIECE: usize = 1 << 12;

/// The ends of the sentences of `text` in bytes, in order, a piece of the text at a time: a long text takes long. Each sentence
/// starts at the end of the one before it.
pub fn unicode_ends(text: &str) -> impl Iterator<Item = Vec<usize>> {
    ends_by_piece(text, PIECE)
}

fn ends_by_piece(text: &str, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let cut = place_to_cut(rest, size);
        let piece = &rest[..cut.unwrap_or(rest.len())];
        let mut ends: Vec<usize> = ends(piece).into_iter().map(|end| start + end).collect();
        if cut.is_some() {
            ends.pop(); // no sentence ends there
        }
        start += piece.len();
        Some(ends)
    })
}

/// The first place behind `size` bytes where a text may be cut: between a letter and a letter or a space. UAX 29 puts no boundary there,
/// and what stands before the place has no effect on the boundaries behind it, nor the other way round: its rules look back to the last
/// letter and ahead to the next one.
fn place_to_cut(text: &str, size: usize) -> Option<usize> {
    let from = text.ceil_char_boundary(size);
    let mut is_behind_letter = false;
    for (at, c) in text.get(from..)?.char_indices() {
        let is_letter = LETTER.contains(c);
        if is_behind_letter && (is_letter || c == ' ') {
            return Some(from + at);
        }
        is_behind_letter = is_letter;
    }
    None
}

/// The runs of a text in bytes: a closing mark or a space, and more of the same class behind it, from the end of the first character
/// on. UAX 29 treats a run as its first character: it puts no boundary inside.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, first) = chars.next()?;
            let class = [&*CLOSE, &*SPACE].into_iter().find(|class| class.contains(first));
            let start = at + first.len_utf8();
            let mut end = start;
            if let Some(class) = class {
                while let Some((at, c)) = chars.next_if(|&(_, c)| class.contains(c) || JOINERS.contains(c)) {
                    end = at + c.len_utf8();
                }
            }
            if end > start {
                return Some(start..end);
            }
        }
    })
}

/// The ends of the sentences of `text`.
///
/// `unicode-segmentation` looks ahead from every closing mark and space behind a full stop (rule SB8), up to the next
/// letter: quadratic in the length of such a run. It gets a copy of the text with each run cut to its first character.
fn ends(text: &str) -> Vec<usize> {
    let mut short = String::with_capacity(text.len());
    // Where a run ends in the copy, and in the text.
    let (mut run_ends, mut copied) = (Vec::new(), 0);
    for run in runs(text) {
        short.push_str(&text[copied..run.start]);
        run_ends.push((short.len(), run.end));
        copied = run.end;
    }
    short.push_str(&text[copied..]);
    let (mut run_ends, mut shift) = (run_ends.into_iter().peekable(), 0);
    let in_text = |at: usize| {
        while let Some((in_copy, in_text)) = run_ends.next_if(|(in_copy, _)| *in_copy <= at) {
            shift = in_text - in_copy;
        }
        at + shift
    };
    short.split_sentence_bound_indices().map(|(at, sentence)| at + sentence.len()).map(in_text).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn by_the_crate(text: &str) -> Vec<usize> {
        text.split_sentence_bound_indices().map(|(at, sentence)| at + sentence.len()).collect()
    }

    fn in_pieces(text: &str, size: usize) -> Vec<usize> {
        ends_by_piece(text, size).flatten().collect()
    }

    /// Two characters or more of each class of UAX 29 table 4, of several lengths in UTF-8.
    const OF_EVERY_CLASS: [char; 47] = [
        '\r',
        '\n',
        '\u{85}',
        '\u{2028}',
        '\u{2029}', // CR, LF, Sep
        '\u{300}',
        '\u{20dd}',
        '\u{fe0f}',
        '\u{200d}',
        '\u{e0100}', // Extend
        '\u{ad}',
        '\u{202e}',
        '\u{feff}',
        '\u{600}', // Format
        ' ',
        '\t',
        '\u{a0}',
        '\u{3000}', // Sp
        'a',
        'ß',
        'ʰ',
        '𝔞',
        'A',
        'É',
        'Ⅷ',
        '𝔄', // Lower, Upper
        'א',
        '京',
        '𠮷',
        'ŉ',
        '0',
        '9',
        '٣', // OLetter, Numeric
        '.',
        '․',
        '．',
        '?',
        '!',
        '。',
        '‼', // ATerm, STerm
        ',',
        '-',
        ';',
        ')',
        '"',
        '「',
        '👍', // SContinue, Close, Any
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn sentences_are_those_of_the_crate(
            text in prop::collection::vec(prop::sample::select(&OF_EVERY_CLASS[..]), 0..24),
            size in 0usize..16,
        ) {
            let text: String = text.into_iter().collect();
            prop_assert_eq!(ends(&text), by_the_crate(&text));
            prop_assert_eq!(in_pieces(&text, size), by_the_crate(&text));
        }

        #[test]
        fn sentences_of_any_text_are_those_of_the_crate(text in ".{0,60}") {
            prop_assert_eq!(ends(&text), by_the_crate(&text));
            prop_assert_eq!(in_pieces(&text, 2), by_the_crate(&text));
        }
    }

    #[test]
    fn a_long_text_comes_in_pieces() {
        let text = "He left at 9.30 p.m. today (again). ".repeat(1000);
        assert!(unicode_ends(&text).count() > 36_000 / (PIECE + 40));
        assert_eq!(unicode_ends(&text).flatten().collect::<Vec<_>>(), by_the_crate(&text));
        for one in ["no end ", "a ", "end"] {
            let text = one.repeat(20_000);
            assert!(unicode_ends(&text).count() > text.len() / (PIECE + 40));
            assert_eq!(unicode_ends(&text).flatten().collect::<Vec<_>>(), [text.len()]);
        }
    }

    /// A piece must not end behind what is no letter to the crate.
    #[test]
    fn letters_are_letters_of_the_crate() {
        for c in ('\0'..=char::MAX).filter(|c| LETTER.contains(*c)) {
            let end = c.len_utf8();
            // What is read over stays behind the mark; and what is neither read over nor a letter does not end rule SB8's
            // search for a small letter.
            assert_eq!(by_the_crate(&format!("!{c}")), [1, 1 + end], "{c:?}");
            let small = by_the_crate(&format!("A. {c}")) == [3 + end];
            assert_eq!(by_the_crate(&format!("A. {c}b")).len(), if small { 1 } else { 2 }, "{c:?}");
        }
    }

    /// No text is quadratic because the sets and the crate differ about a character.
    #[test]
    fn the_sets_have_the_classes_of_the_crate() {
        let in_sets = |c| CLOSE.contains(c) || SPACE.contains(c) || JOINERS.contains(c);
        let first_end = |text: &str| by_the_crate(text)[0];
        let in_crate = |c: char| {
            // These four classes stay with a question mark before them, and end no sentence behind a letter.
            let (behind_mark, behind_letter) = (format!("!{c}B"), format!("京{c}B"));
            first_end(&behind_mark) == 1 + c.len_utf8() && first_end(&behind_letter) == behind_letter.len()
        };
        let differ: Vec<_> =
            ('\0'..=char::MAX).filter(|c| in_crate(*c) != in_sets(*c)).map(|c| format!("{:x}", u32::from(c))).collect();
        assert_eq!(differ, Vec::<String>::new());
    }

    #[test]
    fn a_megabyte_of_anything_takes_less_than_a_second() {
        let fillers = [
            " ",
            "\t \u{3000}",
            ")",
            ") ",
            ")\u{300}",
            "\u{300}",
            " \u{ad}",
            "0",
            "0.",
            ".",
            ". ",
            ".) ",
            "...) 1 ",
            "👍",
            "-",
            "- ",
            "\n",
            "a",
            "A.",
            "京",
            ". 1 ",
            ".\u{e0100}",
            " \u{1acf}",
            "\u{11b60})",
            "「」",
            "(\"'",
            "?",
            "? ",
            "\0",
        ];
        for filler in fillers {
            for start in ["", "He left. ", "He left.)", "He left.\u{ad}", "He left?"] {
                let text = format!("{start}{}", filler.repeat(1_000_000 / filler.len()));
                let took = || {
                    let started = Instant::now();
                    assert_eq!(unicode_ends(&text).flatten().last(), Some(text.len()));
                    started.elapsed()
                };
                // Other work on the machine may slow one attempt, and hardly all of them.
                assert!((0..3).any(|_| took() < Duration::from_secs(1)), "{start:?} and {filler:?}");
            }
        }
    }
}
