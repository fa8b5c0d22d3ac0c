//! Sentences in capitals, which are read in small letters.

/// Words of two capitals or more that a sentence in capitals has: one alone may be an abbreviation, such as `NATO`.
const MIN_WORDS: usize = 2;

/// Whether the words of a sentence are in capitals.
pub(super) fn are_capitals<'a>(words: impl Iterator<Item = &'a str>) -> bool {
    let mut found = 0;
    for word in words {
        if word.chars().any(char::is_lowercase) {
            return false;
        }
        found += usize::from(word.chars().filter(|c| c.is_uppercase()).nth(1).is_some());
    }
    found >= MIN_WORDS
}

/// The text in small letters, with every character where it was: a letter whose small letter has another number of bytes stays.
pub(super) fn lower(text: &str) -> String {
    let small = |c: char| {
        let mut small = c.to_lowercase();
        match (small.next(), small.next()) {
            (Some(small), None) if small.len_utf8() == c.len_utf8() => small,
            _ => c,
        }
    };
    text.chars().map(small).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_in_capitals() {
        let are = |text: &str| are_capitals(text.split(' '));
        for text in ["JAPAN WINS", "SOCCER - JAPAN GET LUCKY WIN", "ÉTÉ À PARIS ST", "THE U.S. SENATE, 1996"] {
            assert!(are(text), "{text}");
        }
        for text in ["", "NATO", "NATO - A", "Japan WINS NOW", "JAPAN iS HERE", "1996 12", "日本 が 勝つ", "NATO 1996."]
        {
            assert!(!are(text), "{text}");
        }
    }

    #[test]
    fn small_letters() {
        assert_eq!(lower("ÉTÉ IN PARIS, 1996: ΑΣ"), "été in paris, 1996: ασ");
        // A dotted I would be two characters, and the Kelvin sign one of another length.
        assert_eq!(lower("\u{130}\u{212a}A"), "\u{130}\u{212a}a");
    }

    proptest! {
        #[test]
        fn every_character_stays_where_it_was(text in ".{0,40}") {
            let small = lower(&text);
            let places = |text: &str| text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(places(&text), places(&small));
        }
    }
}
