//! Where words lie in a text, and how a word of a list is tokenised.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::error::{LukeError, Result};
use crate::text::is_punctuation;
use crate::text::is_python_space;

/// Ideographs, each of which is a word. The blocks are those of BERT's tokenizer.
const IDEOGRAPHS: &str = concat!(
    r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2CEAF}",
    r"\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}",
);

/// Hiragana, in which particles are written: digits beside it are words of their own.
const HIRAGANA: &str = r"\x{3041}-\x{309F}";

/// Other scripts whose letters stand beside those of another script without a space: Katakana, Hangul, Thai, Lao, Tibetan,
/// Myanmar, Khmer, Hebrew, Arabic.
const SCRIPTS: [&str; 9] = [
    r"\x{30A0}-\x{30FF}\x{31F0}-\x{31FF}\x{FF66}-\x{FF9F}",
    r"\x{1100}-\x{11FF}\x{3130}-\x{318F}\x{A960}-\x{A97F}\x{AC00}-\x{D7FF}\x{FFA0}-\x{FFDC}",
    r"\x{E00}-\x{E7F}",
    r"\x{E80}-\x{EFF}",
    r"\x{F00}-\x{FFF}",
    r"\x{1000}-\x{109F}\x{A9E0}-\x{A9FF}\x{AA60}-\x{AA7F}",
    r"\x{1780}-\x{17FF}\x{19E0}-\x{19FF}",
    r"\x{590}-\x{5FF}\x{FB1D}-\x{FB4F}",
    r"\x{600}-\x{6FF}\x{750}-\x{77F}\x{8A0}-\x{8FF}\x{FB50}-\x{FDFF}\x{FE70}-\x{FEFC}",
];

/// What belongs to the sign before it (UAX 29): marks, skin tones, and the tags of flags.
const EXTENDING: &str = r"\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}";

/// Invisible characters that do not end a word which goes on behind them (UAX 29, WB4), such as a soft hyphen.
const INVISIBLE: &str = r"[\p{Cf}--\x{200B}]";

/// The words of a text in bytes: every ideograph, every run of letters of one script with marks, digits and underscores, and
/// every other visible character. Marks belong to the character before them.
pub fn split_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&pattern()).ok());
    WORD.iter().flat_map(move |word| word.find_iter(text)).map(|found| found.range())
}

fn pattern() -> String {
    let run = |letters: &str| format!(r"(?:{INVISIBLE}*[{letters}\p{{N}}_\p{{M}}])*");
    let ideograph = format!(r"[{IDEOGRAPHS}]\p{{M}}*");
    let hiragana = format!(r"[\p{{L}}&&[{HIRAGANA}]]");
    let hiragana = format!(r"{hiragana}(?:{INVISIBLE}*[{hiragana}\p{{M}}])*");
    // Digits before the letters go with them.
    let of_script = SCRIPTS.map(|block| {
        let letters = format!(r"[\p{{L}}&&[{block}]]");
        format!(r"[\p{{N}}_]*{letters}{}", run(&letters))
    });
    let letters = format!(r"[\p{{L}}--[{IDEOGRAPHS}{HIRAGANA}{}]]", SCRIPTS.concat());
    let other = format!(r"[{letters}\p{{N}}_]{}", run(&letters));
    let sign = format!(r"[^\s\x1c-\x1f][{EXTENDING}]*");
    [vec![ideograph, hiragana], of_script.to_vec(), vec![other, sign]].concat().join("|")
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// The words of a text, with a bar between them.
    fn words(text: &str) -> String {
        split_words(text).map(|word| &text[word]).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_mark_belongs_to_the_character_before_it() {
        for (text, want) in [
            ("❤️Angela Merkel", "❤️|Angela|Merkel"),
            ("1️⃣ First", "1️⃣|First"),
            ("™️Apple", "™️|Apple"),
            ("👍🏽Obama", "👍🏽|Obama"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}Wales", "🏴\u{e0067}\u{e0062}\u{e007f}|Wales"),
            ("-\u{301}Paris", "-\u{301}|Paris"),
            ("Beyonce\u{301} in Sa\u{303}o", "Beyonce\u{301}|in|Sa\u{303}o"),
            ("हिन्दी भाषा", "हिन्दी|भाषा"),
            (" \u{301}a", "\u{301}|a"),
            ("\u{301}a", "\u{301}|a"),
            ("葛\u{e0100}城市", "葛\u{e0100}|城|市"),
        ] {
            assert_eq!(words(text), want, "{text:?}");
        }
    }

    #[test]
    fn an_invisible_character_inside_a_word_does_not_end_it() {
        for invisible in ['\u{ad}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{200e}', '\u{200f}', '\u{feff}', '\u{2063}']
        {
            let word = format!("Par{invisible}is");
            assert_eq!(words(&format!("in {word}.")), format!("in|{word}|."), "{invisible:?}");
            let twice = format!("P{invisible}{invisible}a{invisible}ris");
            assert_eq!(words(&twice), twice);
            // At an end it is no part of the word.
            assert_eq!(words(&format!("{invisible}Paris{invisible} x")), format!("{invisible}|Paris|{invisible}|x"));
        }
        assert_eq!(words("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(words("Par\u{200b}is"), "Par|\u{200b}|is", "a zero-width space is a space");
    }

    #[test]
    fn words_end_where_the_script_changes() {
        for (text, want) in [
            ("IBM在纽约的总部", "IBM|在|纽|约|的|总|部"),
            ("北京Beijing大学", "北|京|Beijing|大|学"),
            ("東京タワーでSONYの3号館", "東|京|タワー|で|SONY|の|3|号|館"),
            ("LG전자는 서울에", "LG|전자는|서울에"),
            ("ที่กรุงเทพGoogleเปิด", "ที่กรุงเทพ|Google|เปิด"),
            ("فيIBMالقاهرة", "في|IBM|القاهرة"),
            ("3タワー2", "3タワー2"),
            ("iPhone15 x_1 Straße", "iPhone15|x_1|Straße"),
            ("Москва и Paris", "Москва|и|Paris"),
            ("µm Ωx кв2", "µm|Ωx|кв2"),
        ] {
            assert_eq!(words(text), want, "{text:?}");
        }
    }

    #[test]
    fn every_visible_character_is_in_one_word() {
        let text: String = ('\0'..=char::MAX).collect();
        let mut end = 0;
        for word in split_words(&text) {
            assert!(text[end..word.start].chars().all(crate::text::is_python_space), "{:?}", &text[end..word.start]);
            end = word.end;
        }
        assert!(text[end..].chars().all(crate::text::is_python_space));
    }

    #[test]
    fn a_megabyte_of_anything_takes_little_time() {
        for one in ["a", "1", "京", "タ", "1\u{ad}", "a\u{ad}", "\u{ad}", "-\u{301}", "\u{301}", "_", "1タ", "a "] {
            let text = one.repeat(1_000_000 / one.len());
            let started = Instant::now();
            assert!(split_words(&text).count() > 0);
            assert!(started.elapsed() < Duration::from_secs(1), "{one:?}: {:?}", started.elapsed());
        }
    }
}
