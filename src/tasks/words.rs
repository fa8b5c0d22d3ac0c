//! Where words lie in a text, and how a word of a list is tokenised.

use std::ops::Range;
use std::sync::LazyLock;

use crate::error::{LukeError, Result};
use crate::text::CharSet;
use crate::text::is_punctuation;
use crate::text::is_python_space;

/// First and last characters of blocks.
type Blocks = &'static [(char, char)];

/// Ideographs, each of which is a word. The blocks are those of BERT's tokenizer.
const IDEOGRAPHS: Blocks = &[
    ('\u{3400}', '\u{4DBF}'),
    ('\u{4E00}', '\u{9FFF}'),
    ('\u{F900}', '\u{FAFF}'),
    ('\u{20000}', '\u{2A6DF}'),
    ('\u{2A700}', '\u{2CEAF}'),
    ('\u{2F800}', '\u{2FA1F}'),
];

/// Hiragana, in which particles are written: digits beside it are words of their own.
const HIRAGANA: Blocks = &[('\u{3041}', '\u{309F}')];

/// Other scripts whose letters stand beside those of another script without a space: Katakana, Hangul, Thai, Lao, Tibetan,
/// Myanmar, Khmer, Hebrew, Arabic.
const SCRIPTS: [Blocks; 9] = [
    &[('\u{30A0}', '\u{30FF}'), ('\u{31F0}', '\u{31FF}'), ('\u{FF66}', '\u{FF9F}')],
    &[
        ('\u{1100}', '\u{11FF}'),
        ('\u{3130}', '\u{318F}'),
        ('\u{A960}', '\u{A97F}'),
        ('\u{AC00}', '\u{D7FF}'),
        ('\u{FFA0}', '\u{FFDC}'),
    ],
    &[('\u{E00}', '\u{E7F}')],
    &[('\u{E80}', '\u{EFF}')],
    &[('\u{F00}', '\u{FFF}')],
    &[('\u{1000}', '\u{109F}'), ('\u{A9E0}', '\u{A9FF}'), ('\u{AA60}', '\u{AA7F}')],
    &[('\u{1780}', '\u{17FF}'), ('\u{19E0}', '\u{19FF}')],
    &[('\u{590}', '\u{5FF}'), ('\u{FB1D}', '\u{FB4F}')],
    &[
        ('\u{600}', '\u{6FF}'),
        ('\u{750}', '\u{77F}'),
        ('\u{8A0}', '\u{8FF}'),
        ('\u{FB50}', '\u{FDFF}'),
        ('\u{FE70}', '\u{FEFC}'),
    ],
];

static LETTERS: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{L}"));
static NUMBERS: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{N}"));
static MARKS: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"\p{M}"));
static FORMATS: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(r"[\p{Cf}--\x{200B}]"));

/// What a character is to words.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ideograph,
    Hiragana,
    /// A letter of one of [`SCRIPTS`].
    Script(usize),
    /// Any other letter.
    Letter,
    /// A digit or an underscore.
    Number,
    Mark,
    /// Does not end a word that goes on behind it (UAX 29, WB4), such as a soft hyphen.
    Invisible,
    Space,
    Sign,
}

impl Kind {
    fn of(c: char) -> Self {
        let is_in = |blocks: Blocks| blocks.iter().any(|(first, last)| (*first..=*last).contains(&c));
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' | '_' => Self::Number,
            '\x1c'..='\x1f' => Self::Space,
            _ if c.is_whitespace() => Self::Space,
            _ if c.is_ascii() => Self::Sign,
            _ if is_in(IDEOGRAPHS) => Self::Ideograph,
            _ if LETTERS.contains(c) => match SCRIPTS.iter().position(|blocks| is_in(blocks)) {
                Some(script) => Self::Script(script),
                None if is_in(HIRAGANA) => Self::Hiragana,
                None => Self::Letter,
            },
            _ if NUMBERS.contains(c) => Self::Number,
            _ if MARKS.contains(c) => Self::Mark,
            _ if FORMATS.contains(c) => Self::Invisible,
            _ => Self::Sign,
        }
    }
}

/// The words of a text in bytes: every ideograph, every run of letters of one script with marks, digits and underscores, and
/// every other visible character. Marks belong to the character before them.
pub fn split_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut kinds = text[at..].char_indices().map(|(skipped, c)| (skipped, c, Kind::of(c)));
        let (skipped, first, kind) = kinds.find(|(.., kind)| *kind != Kind::Space)?;
        let start = at + skipped;
        let from = start + first.len_utf8();
        at = match kind {
            Kind::Ideograph => end_of_run(text, from, |kind| kind == Kind::Mark, false),
            Kind::Hiragana => end_of_run(text, from, |next| next == kind || next == Kind::Mark, true),
            Kind::Script(_) | Kind::Letter => end_of_letters(text, from, kind),
            Kind::Number => {
                // Digits before the letters of a script go with them.
                let digits = end_of_run(text, from, |kind| kind == Kind::Number, false);
                match text[digits..].chars().next().map(|c| (c, Kind::of(c))) {
                    Some((c, script @ Kind::Script(_))) => end_of_letters(text, digits + c.len_utf8(), script),
                    _ => end_of_letters(text, from, Kind::Letter),
                }
            }
            _ => from + text[from..].find(|c| !is_extending(c)).unwrap_or(text.len() - from),
        };
        Some(start..at)
    })
}

/// The end of a word that has letters of this kind, and marks, digits and underscores with them.
fn end_of_letters(text: &str, from: usize, letters: Kind) -> usize {
    end_of_run(text, from, |kind| kind == letters || matches!(kind, Kind::Number | Kind::Mark), true)
}

/// The end of a run of characters. With `invisible`, they may have invisible ones between them.
fn end_of_run(text: &str, from: usize, is_inside: impl Fn(Kind) -> bool, invisible: bool) -> usize {
    let mut end = from;
    for (at, c) in text[from..].char_indices() {
        let kind = Kind::of(c);
        if is_inside(kind) {
            end = from + at + c.len_utf8();
        } else if !(invisible && kind == Kind::Invisible) {
            break;
        }
    }
    end
}

/// Whether it belongs to the sign before it (UAX 29): marks, skin tones, and the tags of flags.
fn is_extending(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}') || Kind::of(c) == Kind::Mark
}

/// The words that lie inside each sentence: their places in `words`. All ranges of the arguments are bytes of the text.
///
/// # Errors
/// `input` for a sentence that begins before the end of the one before it.
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

    use proptest::prelude::*;

    use super::*;

    /// The words of a text, with a bar between them.
    fn words(text: &str) -> String {
        split_words(text).map(|word| &text[word]).collect::<Vec<_>>().join("|")
    }

    /// The words as one regular expression says them.
    fn by_expression(text: &str) -> Vec<Range<usize>> {
        static WORD: LazyLock<regex::Regex> = LazyLock::new(|| {
            const INVISIBLE: &str = r"[\p{Cf}--\x{200B}]";
            let class = |blocks: Blocks| {
                let range = |(a, b): &(char, char)| format!(r"\x{{{:X}}}-\x{{{:X}}}", u32::from(*a), u32::from(*b));
                blocks.iter().map(range).collect::<String>()
            };
            let run = |letters: &str| format!(r"(?:{INVISIBLE}*[{letters}\p{{N}}_\p{{M}}])*");
            let ideograph = format!(r"[{}]\p{{M}}*", class(IDEOGRAPHS));
            let hiragana = format!(r"[\p{{L}}&&[{}]]", class(HIRAGANA));
            let hiragana = format!(r"{hiragana}(?:{INVISIBLE}*[{hiragana}\p{{M}}])*");
            let scripts = SCRIPTS.map(class);
            let of_script = scripts.each_ref().map(|block| {
                let letters = format!(r"[\p{{L}}&&[{block}]]");
                format!(r"[\p{{N}}_]*{letters}{}", run(&letters))
            });
            let blocks = [class(IDEOGRAPHS), class(HIRAGANA), scripts.concat()].concat();
            let letters = format!(r"[\p{{L}}--[{blocks}]]");
            let other = format!(r"[{letters}\p{{N}}_]{}", run(&letters));
            let sign = r"[^\s\x1c-\x1f][\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*".to_owned();
            let all = [vec![ideograph, hiragana], of_script.to_vec(), vec![other, sign]].concat();
            regex::Regex::new(&all.join("|")).unwrap()
        });
        WORD.find_iter(text).map(|found| found.range()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn words_are_those_of_the_expression(
            text in r"([ab1_. \n\x1d-]|[\u{301}\u{ad}\u{200b}\u{200d}\u{e0100}\u{903}\u{20e3}]|[京のタ전กລཀကខאعЖ९Ⅷ]|👍|\u{1F3FD}|\u{E0067}|\PC){0,16}",
        ) {
            prop_assert_eq!(split_words(&text).collect::<Vec<_>>(), by_expression(&text));
        }
    }

    #[test]
    fn every_character_is_a_word_as_the_expression_says() {
        for c in '\0'..=char::MAX {
            for text in [c.to_string(), format!("a{c}"), format!("1{c}b"), format!(".{c}"), format!("京{c}の")] {
                assert_eq!(split_words(&text).collect::<Vec<_>>(), by_expression(&text), "{text:?}");
            }
        }
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
