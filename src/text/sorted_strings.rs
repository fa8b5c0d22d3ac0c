//! Distinct strings in sorted order, one after the other in memory: tokens of a vocabulary, titles of entities.

/// Distinct strings in byte order, together less than 2^32 bytes. A string's place is its index in this order.
pub struct SortedStrings {
    text: String,
    /// Where each string ends in `text`.
    ends: Vec<u32>,
}

/// The places whose strings start with the same bytes.
#[derive(Clone, Copy)]
pub struct Prefix {
    first: usize,
    end: usize,
    bytes: usize,
}

impl SortedStrings {
    /// Makes an empty list. Reserves memory for the ends of `count` strings (4 bytes each), but none for their bytes.
    pub fn with_capacity(count: usize) -> Self {
        Self { text: String::new(), ends: Vec::with_capacity(count) }
    }

    /// Adds a string behind all others. `None`, and no change, if it is not greater than the last one, or if all
    /// strings together would have 2^32 bytes or more.
    pub fn push(&mut self, string: &str) -> Option<()> {
        if self.ends.len().checked_sub(1).is_some_and(|last| self.get(last) >= string) {
            return None;
        }
        let end = self.text.len().checked_add(string.len())?;
        self.ends.push(u32::try_from(end).ok()?);
        self.text.push_str(string);
        Some(())
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all strings together.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The string at a place, or the empty string if there is no such place.
    pub fn get(&self, place: usize) -> &str {
        let end = |place: usize| self.ends.get(place).map_or(0, |end| *end as usize);
        let start = place.checked_sub(1).map_or(0, end);
        self.text.get(start..end(place)).unwrap_or("")
    }

    /// The place of a string; `None` if it is not in the list.
    pub fn find(&self, string: &str) -> Option<usize> {
        let place = self.partition_point(0, self.len(), |known| known.as_bytes() < string.as_bytes());
        (place < self.len() && self.get(place) == string).then_some(place)
    }

    /// All strings: the prefix of no bytes.
    pub fn all(&self) -> Prefix {
        Prefix { first: 0, end: self.len(), bytes: 0 }
    }

    /// The strings of `prefix` whose next byte is `byte`; `None` if there are none.
    pub fn narrow(&self, prefix: Prefix, byte: u8) -> Option<Prefix> {
        let next = |string: &str| string.as_bytes().get(prefix.bytes).copied();
        let first = self.partition_point(prefix.first, prefix.end, |string| next(string) < Some(byte));
        // Most prefixes leave few strings, so the search for the end begins at the start, in steps that double.
        let (mut low, mut step) = (first, 1usize);
        while low < prefix.end && next(self.get(low)) == Some(byte) {
            low = low.saturating_add(step).min(prefix.end);
            step = step.saturating_mul(2);
        }
        let end = self.partition_point(first, low, |string| next(string) == Some(byte));
        (first < end).then_some(Prefix { first, end, bytes: prefix.bytes.saturating_add(1) })
    }

    /// The place of the string that has the bytes of `prefix` and no more; `None` if there is none.
    pub fn exact(&self, prefix: Prefix) -> Option<usize> {
        (self.get(prefix.first).len() == prefix.bytes && prefix.first < prefix.end).then_some(prefix.first)
    }

    fn partition_point(&self, first: usize, end: usize, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (first, end);
        while low < high {
            let middle = low.midpoint(high);
            if before(self.get(middle)) { low = middle.saturating_add(1) } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn strings(of: &BTreeSet<String>) -> SortedStrings {
        let mut strings = SortedStrings::with_capacity(of.len());
        of.iter().for_each(|string| strings.push(string).unwrap());
        strings
    }

    proptest! {
        #[test]
        fn strings_and_places_find_each_other(set in prop::collection::btree_set("[ab\u{e9}]{0,5}", 0..40), other in "[ab\u{e9}]{0,6}") {
            let sorted = strings(&set);
            for (place, string) in set.iter().enumerate() {
                prop_assert_eq!(sorted.get(place), string.as_str());
                prop_assert_eq!(sorted.find(string), Some(place));
            }
            prop_assert_eq!(sorted.find(&other).is_some(), set.contains(&other));
            prop_assert_eq!(sorted.get(set.len()), "");
            let (mut prefix, mut found) = (Some(sorted.all()), Vec::new());
            for (bytes, byte) in other.bytes().enumerate() {
                prefix = prefix.and_then(|prefix| sorted.narrow(prefix, byte));
                found.extend(prefix.and_then(|prefix| sorted.exact(prefix)).map(|place| (bytes + 1, place)));
            }
            let wanted: Vec<_> = (1..=other.len())
                .filter_map(|end| Some((end, set.iter().position(|known| Some(known.as_str()) == other.get(..end))?)))
                .collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn strings_out_of_order_are_refused() {
        let mut sorted = strings(&BTreeSet::from(["b".to_owned()]));
        assert_eq!([sorted.push("b"), sorted.push("a"), sorted.push("")], [None; 3]);
        assert_eq!(sorted.push("ba"), Some(()));
        assert_eq!((sorted.len(), sorted.bytes()), (2, 3));
    }
}
