//! Full stops behind initials, titles and abbreviations. UAX 29 ends a sentence there if a capital letter follows, which cuts
//! `W. H. Auden` and `the U.S. Senate` in two.

use super::sentences::unicode_ends;

/// What is written before a full stop, and goes on with a name or a number: titles, first parts of names, and words of
/// references.
const SHORT: [&str; 69] = [
    "Adm", "Amb", "Art", "Asst", "Atty", "Benj", "Brig", "Capt", "Cdr", "Cf", "Chas", "Cmdr", "Col", "Cpl", "Dr",
    "Dra", "Edw", "Fig", "Figs", "Fr", "Ft", "Gen", "Geo", "Gov", "Hon", "Insp", "Jas", "Jos", "Lt", "Maj", "Messrs",
    "Mlle", "Mme", "Mr", "Mrs", "Ms", "Mt", "Mx", "No", "Nos", "Pres", "Prof", "Pte", "Pvt", "Rep", "Rev", "Sec",
    "Sen", "Sgt", "Sra", "Srta", "St", "Ste", "Supt", "Thos", "Vol", "Wm", "cf", "col", "dr", "mr", "mrs", "ms", "pp",
    "prof", "st", "v", "vol", "vs",
];

/// Words that begin a sentence behind such a full stop, because no name begins with them.
const STARTERS: [&str; 72] = [
    "A", "After", "All", "Also", "Although", "An", "And", "Another", "As", "At", "Because", "Before", "Both", "But",
    "By", "Can", "Do", "Each", "Either", "Even", "Every", "For", "From", "He", "Her", "Here", "His", "How", "However",
    "If", "In", "Is", "It", "Its", "Just", "Many", "Most", "My", "Neither", "Nobody", "Not", "Nothing", "Now", "On",
    "Once", "One", "Only", "Or", "Our", "She", "Since", "So", "Some", "That", "The", "Their", "Then", "There", "These",
    "They", "This", "Those", "Though", "To", "We", "What", "When", "Where", "Who", "Why", "With", "You",
];

/// Bytes of a sentence from which on every full stop ends it. The time of a sentence grows with the square of its length, and a list of
/// authors has an initial every few bytes.
const MAX_BYTES: usize = 300;

/// Characters before a full stop that are looked at. No abbreviation is longer.
const MAX_CHARS: usize = 24;

/// The ends of the sentences of `text`, as [`unicode_ends`] gives them, without those behind initials, titles and abbreviations.
pub fn sentence_ends(text: &str) -> impl Iterator<Item = Vec<usize>> {
    let mut start = 0;
    unicode_ends(text).map(move |mut ends| {
        ends.retain(|end| {
            let is_end = end - start > MAX_BYTES || ends_sentence(text, *end);
            if is_end {
                start = *end;
            }
            is_end
        });
        ends
    })
}

/// Whether a sentence ends at the byte `end` of a text, where it does by UAX 29.
fn ends_sentence(text: &str, end: usize) -> bool {
    let (Some(before), Some(behind)) = (text.get(..end), text.get(end..)) else { return true };
    let space = |c: &char| c.is_whitespace();
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let spaces = before.chars().rev().take_while(space).take(MAX_CHARS);
    if behind.is_empty() || spaces.clone().count() == MAX_CHARS || spaces.clone().any(is_break) {
        return true;
    }
    let mut chars = before.chars().rev().skip_while(space);
    if chars.next() != Some('.') {
        return true;
    }
    let mut word: Vec<char> =
        chars.take(MAX_CHARS).take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect();
    word.reverse();
    let word: String = word.into_iter().collect();
    !(is_initials(&word) || SHORT.contains(&word.as_str())) || starts_sentence(behind)
}

/// `J`, `J.R.R`, `J.-P`, `U.S` and `p.m`, which are followed by a full stop.
fn is_initials(word: &str) -> bool {
    let parts = || word.split(['.', '-']);
    let is_letter = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
    };
    let mut capitals = parts().map(|part| part.chars().all(char::is_uppercase));
    parts().filter(|part| !part.is_empty()).all(is_letter)
        && parts().any(|part| !part.is_empty())
        && (word.contains('.') || capitals.all(|is_capital| is_capital))
}

fn starts_sentence(behind: &str) -> bool {
    let word: String = behind.chars().take(MAX_CHARS).take_while(|c| c.is_alphabetic()).collect();
    // An initial is no word: `J. A. Smith`.
    let is_initial = word.chars().count() == 1 && behind[word.len()..].starts_with('.');
    !is_initial && STARTERS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentences(text: &str) -> Vec<&str> {
        let mut start = 0;
        let ends = sentence_ends(text).flatten();
        ends.map(|end| text[std::mem::replace(&mut start, end)..end].trim()).collect()
    }

    #[test]
    fn initials_titles_and_abbreviations_end_no_sentence() {
        for text in [
            "W. H. Auden met J. R. R. Tolkien.",
            "J.R.R. Tolkien and W.E.B. Du Bois wrote.",
            "Jean-Paul and J.-P. Sartre left.",
            "He asked the U.S. Senate and the U.K. Treasury.",
            "Dr. Amara Diallo treated Mrs. Park in St. Louis.",
            "Lt. Col. Smith climbed Mt. Kenya.",
            "Jos. A. Bank and Wm. Wrigley sold it.",
            "It is in No. 10 Downing Street, Vol. III.",
            "They met at 5 p.m. Monday.",
            "Roe v. Wade, Brown vs. Board.",
            "(St. John's is a town.)",
            "She met É. Zola and Ø. Dahl.",
        ] {
            assert_eq!(sentences(text), [text]);
        }
    }

    #[test]
    fn other_full_stops_do() {
        for (text, first) in [
            ("He left. Peter stayed.", "He left."),
            ("He lives in the U.S. She does not.", "He lives in the U.S."),
            ("He came at 5 p.m. The door was shut.", "He came at 5 p.m."),
            ("This is plan B. It failed.", "This is plan B."),
            ("They sailed to St. And they came back.", "They sailed to St."),
            ("Ask Dr.\n\nPeter came.", "Ask Dr."),
            ("Ask Dr! Peter came.", "Ask Dr!"),
            ("\"Ask Dr.\" Peter came.", "\"Ask Dr.\""),
            ("We saw art. Paris has more.", "We saw art."),
            ("He said no. Peter left.", "He said no."),
            ("A dir. Peter left.", "A dir."),
            ("In 1990. Peter left.", "In 1990."),
            ("... Peter left.", "..."),
        ] {
            assert_eq!(sentences(text)[0], first);
        }
    }

    #[test]
    fn a_sentence_of_abbreviations_has_an_end() {
        for one in ["A. ", "Dr. ", "U.S. ", "Smith, J. A., "] {
            let text = one.repeat(10_000);
            let mut start = 0;
            for end in sentence_ends(&text).flatten() {
                assert!(end - std::mem::replace(&mut start, end) <= MAX_BYTES + 2 * one.len(), "{one:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn some_ends_of_uax_29_are_left_out(text in r"([A-Z]\.|Dr\.|U\.S\.|He|Peter|left\.|[ \n]|.){0,40}") {
            let all: Vec<usize> = unicode_ends(&text).flatten().collect();
            let some: Vec<usize> = sentence_ends(&text).flatten().collect();
            prop_assert!(some.iter().all(|end| all.contains(end)));
            prop_assert_eq!(some.last(), all.last());
        }
    }
}
