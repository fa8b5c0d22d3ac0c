//! Sets of characters by their Unicode properties. A regular expression would have to be compiled for each, which takes an engine that
//! has just fetched the wasm a tenth of a second.

use std::cmp::Ordering;

use regex_syntax::hir::{Class, HirKind};

/// A set of characters.
pub struct CharSet {
    /// First and last characters of its ranges, in order.
    ranges: Vec<(char, char)>,
}

impl CharSet {
    /// The set that a regular expression of one class describes, for example `[\p{L}_]`. Empty if it is no class, or only of ASCII.
    pub fn new(class: &str) -> Self {
        let hir = regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind);
        let ranges = match hir {
            Ok(HirKind::Class(Class::Unicode(class))) => {
                class.iter().map(|range| (range.start(), range.end())).collect()
            }
            _ => Vec::new(),
        };
        Self { ranges }
    }

    /// Whether the set has this character.
    pub fn contains(&self, c: char) -> bool {
        let place = |&(first, last): &(char, char)| {
            if last < c {
                Ordering::Less
            } else if first > c {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        };
        self.ranges.binary_search_by(place).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn a_set_has_the_characters_that_the_expression_matches() {
        for class in
            [r"[\p{L}\p{M}\p{N}_]", r"\p{P}", r"[\p{SB=Extend}\p{SB=Format}\x{1ACF}-\x{1ADD}]", r"\p{SB=Close}"]
        {
            let set = CharSet::new(class);
            let expression = Regex::new(&format!("^{class}$")).unwrap();
            for c in '\0'..=char::MAX {
                assert_eq!(set.contains(c), expression.is_match(c.encode_utf8(&mut [0; 4])), "{class}: {c:?}");
            }
        }
    }

    #[test]
    fn what_is_no_class_is_empty() {
        for expression in ["ab", "[", ""] {
            assert!(!CharSet::new(expression).contains('a'), "{expression}");
        }
    }
}
