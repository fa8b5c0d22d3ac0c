//! Line breaks inside a paragraph, which end no sentence and no word span: text is wrapped at any place.

use std::borrow::Cow;

/// The text with a space in place of each line break inside a paragraph. The line breaks of a blank line, which ends a
/// paragraph, stay, and so do those beside a form feed. Every character is where it was: a line break of two or three bytes becomes so many spaces,
/// or a space of so many bytes.
pub(super) fn join_lines(text: &str) -> Cow<'_, str> {
    // A paragraph separator is no line break.
    let is_space = |c: char| c.is_whitespace() && c != '\u{2029}';
    let (mut joined, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = text[at..].find(is_space) {
        let start = at + found;
        at = text[start..].find(|c| !is_space(c)).map_or(text.len(), |length| start + length);
        let space = &text[start..at];
        if is_one(space) {
            joined.reserve(text.len() - joined.len());
            joined.push_str(&text[copied..start]);
            joined.extend(space.chars().map(of_same_length));
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    joined.push_str(&text[copied..]);
    Cow::Owned(joined)
}

/// Whether white space has one line break.
fn is_one(space: &str) -> bool {
    let (mut breaks, mut last) = (0, ' ');
    for c in space.chars() {
        match c {
            '\x0b' | '\x0c' => return false,
            '\n' if last == '\r' => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' => breaks += 1,
            _ => {}
        }
        last = c;
    }
    breaks == 1
}

/// A space with the bytes of a line break; other white space as it is.
fn of_same_length(c: char) -> char {
    match c {
        '\n' | '\r' => ' ',
        '\u{85}' => '\u{a0}',
        '\u{2028}' => '\u{3000}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_break_is_a_space_and_a_blank_line_is_not() {
        for (text, want) in [
            ("New\nYork", "New York"),
            ("New\r\nYork", "New  York"),
            ("New\rYork", "New York"),
            ("New\u{85}York", "New\u{a0}York"),
            ("New\u{2028}York", "New\u{3000}York"),
            ("New \n\tYork\nand", "New  \tYork and"),
            ("One.\n\nTwo", "One.\n\nTwo"),
            ("One.\r\n\r\nTwo", "One.\r\n\r\nTwo"),
            ("One.\n \t\nTwo\nlines", "One.\n \t\nTwo lines"),
            ("One\r\rTwo", "One\r\rTwo"),
            ("One\n\rTwo", "One\n\rTwo"),
            ("One\u{2029}Two", "One\u{2029}Two"),
            ("One\n\u{2029}Two", "One \u{2029}Two"),
            ("One\x0cTwo\x0bThree", "One\x0cTwo\x0bThree"),
            ("One\n\x0cTwo", "One\n\x0cTwo"),
            ("\nOne\n", " One "),
            ("", ""),
        ] {
            assert_eq!(join_lines(text), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_character_is_where_it_was(text in "[a-c .\n\r\t\u{85}\u{2028}\u{2029}\x0b\x0c京]{0,40}") {
            let joined = join_lines(&text);
            prop_assert_eq!(joined.len(), text.len());
            for ((at, was), (place, is)) in text.char_indices().zip(joined.char_indices()) {
                prop_assert_eq!(at, place);
                prop_assert!(was == is || (was.is_whitespace() && is.is_whitespace()));
            }
        }
    }

    #[test]
    fn a_megabyte_of_anything_takes_little_time() {
        for one in [" ", "\n", "\r\n", " \n", "a\n", "\u{2029}", " \u{2029}\n", "a", "\t\r"] {
            let text = one.repeat(1_000_000 / one.len());
            let started = Instant::now();
            assert_eq!(join_lines(&text).len(), text.len());
            assert!(started.elapsed() < Duration::from_secs(1), "{one:?}: {:?}", started.elapsed());
        }
    }
}
