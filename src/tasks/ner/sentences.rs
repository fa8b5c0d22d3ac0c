//! Sentences of a text by Unicode's rules (UAX 29), in time proportional to the text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

/// Characters that UAX 29 skips: Extend and Format. The code points after these two classes are the marks of Unicode
/// 17, which this version of `regex` does not know yet.
macro_rules! joiners {
    () => {
        concat!(
            r"\p{SB=Extend}\p{SB=Format}\x{1ACF}-\x{1ADD}\x{1AE0}-\x{1AEB}\x{10EFA}\x{10EFB}\x{11B60}-\x{11B67}",
            r"\x{1E6E3}\x{1E6E6}\x{1E6EE}\x{1E6EF}\x{1E6F5}",
        )
    };
}

/// A closing mark or a space, and more of the same class behind it. UAX 29 treats such a run as its first character: it
/// puts no boundary inside.
const RUN: &str = concat!(r"\p{SB=Close}[\p{SB=Close}", joiners!(), r"]+|\p{SB=Sp}[\p{SB=Sp}", joiners!(), "]+");

/// The byte ranges of the sentences of `text`, in order; together they are the whole text.
///
/// In rule SB8, `unicode-segmentation` looks ahead from every closing mark and space behind a full stop to the next
/// letter. That time is quadratic in the length of a run of such characters. So it gets a copy of the text in which
/// each run is cut to its first character.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(RUN).ok());
    let mut short = String::with_capacity(text.len());
    // Where a run ends in the copy, and in the text.
    let (mut ends, mut copied) = (Vec::new(), 0);
    for run in RUNS.iter().flat_map(|runs| runs.find_iter(text)) {
        let first = run.as_str().chars().next().map_or(0, char::len_utf8);
        short.push_str(&text[copied..run.start() + first]);
        ends.push((short.len(), run.end()));
        copied = run.end();
    }
    short.push_str(&text[copied..]);
    let (mut ends, mut shift) = (ends.into_iter().peekable(), 0);
    let mut in_text = |at: usize| {
        while let Some((in_copy, in_text)) = ends.next_if(|(in_copy, _)| *in_copy <= at) {
            shift = in_text - in_copy;
        }
        at + shift
    };
    let mut start = 0;
    let end_of = |(at, sentence): (usize, &str)| at + sentence.len();
    short
        .split_sentence_bound_indices()
        .map(|sentence| {
            let end = in_text(end_of(sentence));
            std::mem::replace(&mut start, end)..end
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn by_the_crate(text: &str) -> Vec<Range<usize>> {
        text.split_sentence_bound_indices().map(|(at, sentence)| at..at + sentence.len()).collect()
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
        fn sentences_are_those_of_the_crate(text in prop::collection::vec(prop::sample::select(&OF_EVERY_CLASS[..]), 0..24)) {
            let text: String = text.into_iter().collect();
            prop_assert_eq!(sentences(&text), by_the_crate(&text));
        }

        #[test]
        fn sentences_of_any_text_are_those_of_the_crate(text in ".{0,60}") {
            prop_assert_eq!(sentences(&text), by_the_crate(&text));
        }
    }

    /// No text is quadratic because `regex` and the crate differ about a character: the classes of the pattern are the
    /// crate's.
    #[test]
    fn the_pattern_has_the_classes_of_the_crate() {
        let pattern = concat!(r"^[\p{SB=Close}\p{SB=Sp}", joiners!(), "]$");
        let in_pattern = Regex::new(pattern).unwrap();
        let first_end = |text: &str| by_the_crate(text)[0].end;
        let in_crate = |c: char| {
            // These four classes stay with a question mark before them, and end no sentence behind a letter.
            let (behind_mark, behind_letter) = (format!("!{c}B"), format!("京{c}B"));
            first_end(&behind_mark) == 1 + c.len_utf8() && first_end(&behind_letter) == behind_letter.len()
        };
        let differ: Vec<_> = ('\0'..=char::MAX)
            .filter(|c| in_crate(*c) != in_pattern.is_match(c.encode_utf8(&mut [0; 4])))
            .map(|c| format!("{:x}", u32::from(c)))
            .collect();
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
                let started = Instant::now();
                let sentences = sentences(&text);
                let time = started.elapsed();
                assert_eq!(sentences.last().unwrap().end, text.len());
                assert!(time < Duration::from_secs(1), "{start:?} and {filler:?}: {time:?}");
            }
        }
    }
}
