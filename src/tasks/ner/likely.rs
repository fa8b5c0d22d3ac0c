//! Which spans may be entities, told from their letters alone (`candidates: "likely"`): in English a name has capitals,
//! and only some words and signs stand inside one. The lists are from CoNLL-2003's training set; what they gain and cost on
//! its test set is in docs/PERFORMANCE.md.

use std::ops::Range;

use crate::error::Result;
use crate::heads::Candidates;
use crate::luke::Turns;

/// Lower-case words inside names: "Bank of England", "Ludwig van Beethoven", "Hamid al Bayati".
#[rustfmt::skip]
const INSIDE: [&str; 44] = [
    "al", "and", "at", "ben", "bin", "d", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du", "e",
    "el", "et", "for", "i", "ibn", "in", "l", "la", "le", "les", "of", "on", "s", "t", "the", "to", "ul", "ur", "van", "von",
    "y", "zu", "zum", "zur", "'s",
];

/// Lower-case words that names start with, before a capital.
const START: [&str; 13] = ["al", "bin", "da", "de", "del", "della", "di", "du", "el", "la", "le", "van", "von"];

/// Words that are English and in no other language written alike: at least one lower-case word in twenty is one of these.
#[rustfmt::skip]
const ENGLISH: [&str; 35] = [
    "and", "are", "been", "but", "by", "could", "for", "from", "has", "have", "he", "his", "its", "not", "of", "or", "she",
    "than", "that", "the", "their", "there", "they", "this", "to", "was", "we", "were", "which", "who", "will", "with", "would",
    "you", "your",
];

/// Most letters of an abbreviation that has a full stop: "Corp."
const ABBREVIATION: usize = 5;

/// Says which spans are looked at.
pub(super) struct SpanFilter(Option<Likely>);

impl SpanFilter {
    /// For the words of a text and its sentences, as word ranges.
    ///
    /// # Errors
    /// Those of [`Turns::after`].
    pub async fn new(
        candidates: Candidates,
        words: &[&str],
        sentences: &[Range<usize>],
        turns: &mut Turns<'_>,
    ) -> Result<Self> {
        Ok(Self(match candidates {
            Candidates::All => None,
            Candidates::Likely => Some(Likely::new(words, sentences, turns).await?),
        }))
    }

    /// Whether a span of words is looked at.
    pub fn keeps(&self, span: &Range<usize>) -> bool {
        self.0.as_ref().is_none_or(|likely| likely.keeps(span))
    }
}

/// What each word of a text may be in a name.
struct Likely {
    words: Vec<Word>,
    /// What there is in the words before each, and in all at the end: a span is told in the same time however long it is.
    counts: Vec<Counts>,
}

/// Counts over the words from the first on.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Words that stand inside no name.
    outside: u32,
    /// Words that make a span a name.
    names: u32,
    /// `(` less `)`.
    brackets: i32,
}

#[derive(Clone, Copy)]
struct Word {
    starts: bool,
    inside: bool,
    ends: bool,
    /// Makes the span a name; something in it must.
    names: bool,
    /// `(` 1, `)` -1.
    bracket: i32,
}

/// Of a word where letters tell nothing: it may stand anywhere in a name.
const ANYTHING: Word = Word { starts: true, inside: true, ends: true, names: true, bracket: 0 };

impl Likely {
    /// For the words of a text and its sentences, as word ranges. A sentence in capitals alone tells nothing, so all its
    /// spans that have a letter or a digit are kept; so are those of a text that hardly has capitals or is not in English.
    async fn new(words: &[&str], sentences: &[Range<usize>], turns: &mut Turns<'_>) -> Result<Self> {
        let (mut letters, mut lower, mut english, mut names) = (0, 0, 0, 0);
        for word in words {
            letters += usize::from(word.chars().any(char::is_alphabetic));
            if word.chars().all(char::is_lowercase) {
                lower += 1;
                english += usize::from(ENGLISH.contains(word));
            }
            turns.after(word.len()).await?;
        }
        for word in sentences.iter().flat_map(|s| words.get(s.start + 1..s.end).unwrap_or_default()) {
            names += usize::from(is_name(word) && word.len() > 1);
            turns.after(word.len()).await?;
        }
        let text_tells = names * 50 >= letters && english * 20 >= lower;
        let mut known = Vec::with_capacity(words.len());
        for word in words {
            known.push(Word { names: word.chars().any(char::is_alphanumeric), ..ANYTHING });
            turns.after(word.len()).await?;
        }
        for sentence in sentences.iter().filter(|_| text_tells) {
            let words = &words[sentence.clone()];
            let mut tells = false;
            for word in words {
                tells = tells || (word.chars().count() > 1 && word.chars().any(char::is_lowercase));
                turns.after(word.len()).await?;
            }
            for i in (0..words.len()).filter(|_| tells) {
                known[sentence.start + i] = Word::of(words, i);
                turns.after(words[i].len()).await?;
            }
        }
        let before = std::iter::once(Counts::default()).chain(known.iter().scan(Counts::default(), |counts, word| {
            counts.outside += u32::from(!word.inside);
            counts.names += u32::from(word.names);
            counts.brackets += word.bracket;
            Some(*counts)
        }));
        Ok(Self { counts: before.collect(), words: known })
    }

    /// Whether a span may be an entity; it is not empty.
    fn keeps(&self, span: &Range<usize>) -> bool {
        let (first, last) = (self.words[span.start], self.words[span.end - 1]);
        let (start, end) = (self.counts[span.start], self.counts[span.end]);
        let all_inside = span.len() < 3 || self.counts[span.start + 1].outside == self.counts[span.end - 1].outside;
        let whole_brackets = last.bracket == 0 || start.brackets == end.brackets;
        first.starts && last.ends && all_inside && start.names < end.names && whole_brackets
    }
}

impl Word {
    fn of(words: &[&str], i: usize) -> Self {
        let at = |i: Option<usize>| i.and_then(|i| words.get(i)).copied().unwrap_or_default();
        let (word, next, before) = (words[i], at(Some(i + 1)), at(i.checked_sub(1)));
        let short_name = is_name(before) && before.chars().count() <= ABBREVIATION;
        let no = Self { starts: false, inside: false, ends: false, names: false, bracket: 0 };
        if is_name(word) {
            return ANYTHING;
        }
        if word.chars().any(char::is_numeric) {
            let starts = is_name(next) || [".", ","].contains(&next);
            return Self {
                starts,
                inside: true,
                ends: is_name(before) || ["-", ",", ".", "/"].contains(&before),
                ..no
            };
        }
        if word.chars().any(char::is_alphabetic) {
            // A word that a hyphen joins to a name: "anti-Soviet", "London-based", "U.S.-led".
            let before_hyphen = next == "-" && is_name(at(Some(i + 2)));
            let behind_hyphen = before == "-" && i.checked_sub(2).is_some_and(|i| is_name(words[i]) || words[i] == ".");
            let genitive = word == "'s" || (word == "s" && before == "'");
            let particle = START.contains(&word) && (is_name(next) || next == "-" || INSIDE.contains(&next));
            let inside = before_hyphen || behind_hyphen || word.starts_with('-') || INSIDE.contains(&word);
            return Self { starts: before_hyphen || particle, inside, ends: behind_hyphen || genitive, ..no };
        }
        match word {
            "." | "$" => Self { inside: true, ends: short_name, ..no },
            "!" => Self { inside: true, ends: is_name(before), ..no },
            "(" => Self { inside: true, bracket: 1, ..no },
            ")" => Self { inside: true, ends: true, bracket: -1, ..no },
            "-" | "–" | "'" | "’" | "&" | "," | "/" | ":" | "+" => Self { inside: true, ..no },
            _ => no,
        }
    }
}

/// Whether a word has a capital, or a letter of a script that has none.
fn is_name(word: &str) -> bool {
    word.chars().any(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()))
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::tasks::words::split_words;

    fn kept(text: &str) -> (Vec<&str>, Vec<&str>) {
        let places: Vec<_> = split_words(text).collect();
        let words: Vec<&str> = places.iter().map(|place| &text[place.clone()]).collect();
        let sentences: Vec<_> = std::iter::once(0..words.len()).collect();
        let filter = block_on(SpanFilter::new(Candidates::Likely, &words, &sentences, &mut Turns::free())).unwrap();
        let spans: Vec<_> =
            (0..words.len()).flat_map(|start| (start + 1..=words.len()).map(move |end| start..end)).collect();
        let text_of = |span: &Range<usize>| &text[places[span.start].start..places[span.end - 1].end];
        (spans.iter().filter(|span| filter.keeps(span)).map(text_of).collect(), spans.iter().map(text_of).collect())
    }

    #[test]
    fn names_of_every_form_are_kept() {
        let text = "In 1996 the U.S.-led talks of the Bank of England with Ludwig van Beethoven and al-Qaida (an anti-Soviet \
            group) about the 1990 World Cup, Boeing 747s, AT&T Corp., O'Neill's iPhone, Lloyd's and Federal Bank (West) were \
            held in Paris, 北京 and Yahoo! by some others.";
        let (kept, all) = kept(text);
        let names = "U.S.|U.S.-led|Bank of England|England|Ludwig van Beethoven|van Beethoven|al-Qaida|anti-Soviet|Soviet|\
            1990 World Cup|World Cup|Boeing 747s|Boeing|AT&T Corp.|AT&T|O'Neill's|O'Neill|iPhone|Lloyd's|Lloyd|\
            Federal Bank (West)|Paris|北京|Yahoo!|Yahoo|Paris, 北京";
        for name in names.split('|') {
            assert!(kept.contains(&name), "{name} is lost of {kept:?}");
        }
        for other in
            ["held", "talks of the Bank", "Bank of", "of England", "1996", "group", "West)", "the 1990", "Cup,"]
        {
            assert!(!kept.contains(&other), "{other} is kept");
        }
        assert!(kept.len() * 10 < all.len(), "{} of {} spans are kept", kept.len(), all.len());
    }

    #[test]
    fn letters_that_tell_nothing_keep_everything_that_has_a_letter_or_a_digit() {
        for text in [
            "",
            "?!",
            "i met angela merkel in paris and she said that it was not far from the river",
            "Gestern hat Angela Merkel in Paris den Präsidenten der Republik getroffen",
            "昨日、安倍晋三は東京で記者会見を開いた",
            "SOCCER - JAPAN GET LUCKY WIN",
        ] {
            let (kept, all) = kept(text);
            let with_letters: Vec<&str> = all.into_iter().filter(|span| span.contains(char::is_alphanumeric)).collect();
            assert_eq!(kept, with_letters, "{text}");
        }
    }

    /// Earlier, all spans of a line of signs were scored.
    #[test]
    fn a_span_of_signs_is_no_candidate() {
        for sign in ["-", "=", "👍", "👩\u{200d}💻", ".", "…", "*", "│", "—", "\u{301}", "\u{200b}"] {
            for (before, after) in [("", ""), ("", " "), ("I saw Paris ", ""), ("in paris ", " x"), ("ROME ", " PARIS")]
            {
                let text = format!("{before}{}{after}", sign.repeat(8));
                let (kept, all) = kept(&text);
                assert!(kept.iter().all(|span| span.contains(char::is_alphanumeric)), "{text}: {kept:?}");
                assert!(kept.len() < all.len());
            }
        }
        assert_eq!(kept("--- 7 ---").0.iter().filter(|span| **span == "7").count(), 1);
    }
}
