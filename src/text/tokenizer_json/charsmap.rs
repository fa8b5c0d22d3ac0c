//! SentencePiece's `precompiled_charsmap`: a double-array trie (of darts-clone) whose leaves say where replacements start.
//! At each place of a text, the longest key of the trie is replaced, as SentencePiece does. The `tokenizers` crate looks
//! at whole graphemes and takes the shortest key, so that a letter with two marks loses the second one.
//!
//! The bytes: the trie's length (u32), its units (u32, all little-endian), then the replacements, each ended by a NUL.

use tokenizers::{NormalizedString, Normalizer};

/// Bytes of a whole map. That of `nmt_nfkc`, which XLM-RoBERTa has, is 240,007 bytes long.
const MAX_BYTES: usize = 1 << 20;

/// Bytes of one replacement. The longest of Unicode's is that of U+FDFA, 33 bytes.
const MAX_REPLACEMENT: usize = 64;

/// Bytes of a key that are looked at: a map of another maker must not make a text cost the square of its length.
const MAX_KEY: usize = 64;

/// A map that has been checked: every step a text can make stays inside the trie, and every replacement inside its string.
pub(in crate::text) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
}

impl Charsmap {
    /// Reads and checks a map; the error says what is wrong with it.
    pub(super) fn new(map: &[u8]) -> Result<Self, &'static str> {
        if map.len() > MAX_BYTES {
            return Err("is longer than 1 MiB");
        }
        let (length, rest) = map.split_first_chunk::<4>().ok_or("is cut short")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| "is cut short")?;
        let (trie, replacements) = rest.split_at_checked(length).ok_or("is cut short")?;
        let (units, odd) = trie.as_chunks::<4>();
        if !odd.is_empty() {
            return Err("has a trie of no whole number of units");
        }
        let units: Vec<u32> = units.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        let replacements = std::str::from_utf8(replacements).map_err(|_| "has replacements that are not UTF-8")?;
        walk(&units, replacements).ok_or("leads out of its trie, or to no replacement")?;
        Ok(Self { units, replacements: replacements.to_owned() })
    }

    /// The longest key that a text starts with: its bytes, and what replaces it.
    fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let unit = |place: u32| self.units.get(usize::try_from(place).ok()?).copied();
        let (mut node, mut found) = (offset(unit(0)?), None);
        for (byte, length) in text.bytes().zip(1..=MAX_KEY) {
            let child = node ^ u32::from(byte);
            let Some(next) = unit(child).filter(|unit| byte != 0 && unit & (1 << 31 | 0xff) == u32::from(byte)) else {
                break;
            };
            node = child ^ offset(next);
            if next >> 8 & 1 == 1 && text.is_char_boundary(length) {
                let start = usize::try_from(unit(node)? & !(1 << 31)).ok()?;
                let (replacement, _) = self.replacements.get(start..)?.split_once('\0')?;
                found = Some((length, replacement));
            }
        }
        found
    }
}

impl Normalizer for Charsmap {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        // Each new character, and how many it stands for: 1 if it is one more, -n if n old ones behind it are gone.
        let (mut new, mut gone_before, mut changed): (Vec<(char, isize)>, usize, bool) = (Vec::new(), 0, false);
        let mut rest = text.get();
        while let Some(first) = rest.chars().next() {
            let Some((length, replacement)) = self.longest(rest) else {
                new.push((first, 0));
                rest = rest.get(first.len_utf8()..).unwrap_or("");
                continue;
            };
            changed = true;
            let (key, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let (old, mut left) = (key.chars().count(), key.chars().count());
            for c in replacement.chars() {
                new.push((c, isize::from(left == 0)));
                left = left.saturating_sub(1);
            }
            match new.last_mut() {
                Some((_, change)) => *change = change.saturating_sub(isize::try_from(left).unwrap_or(0)),
                None => gone_before = gone_before.saturating_add(old),
            }
            rest = behind;
        }
        if changed {
            text.transform(new, gone_before);
        }
        Ok(())
    }
}

/// Goes to every node that some bytes lead to, once.
fn walk(units: &[u32], replacements: &str) -> Option<()> {
    let unit = |place: u32| units.get(usize::try_from(place).ok()?).copied();
    let mut seen = vec![false; units.len()];
    let mut nodes = vec![offset(unit(0)?)];
    while let Some(node) = nodes.pop() {
        for byte in 1..=u32::from(u8::MAX) {
            let child = node ^ byte;
            let found = unit(child)?;
            if found & (1 << 31 | 0xff) != byte {
                continue;
            }
            let next = child ^ offset(found);
            if found >> 8 & 1 == 1 {
                let start = usize::try_from(unit(next)? & !(1 << 31)).ok()?;
                let (replacement, _) = replacements.get(start..)?.split_once('\0')?;
                if replacement.len() > MAX_REPLACEMENT {
                    return None;
                }
            }
            let seen = seen.get_mut(usize::try_from(child).ok()?)?;
            if !std::mem::replace(seen, true) {
                nodes.push(next);
            }
        }
    }
    Some(())
}

/// From a unit's place to its children's.
fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & (1 << 9)) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn check(map: &[u8]) -> Result<(), &'static str> {
        Charsmap::new(map).map(drop)
    }

    fn normalized(normalizers: &[&dyn Normalizer], text: &str) -> String {
        let mut text = NormalizedString::from(text);
        normalizers.iter().for_each(|normalizer| normalizer.normalize(&mut text).unwrap());
        text.get().to_owned()
    }

    /// The map of the fixture `micro-mluke`, which is XLM-RoBERTa's.
    static MAP: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let model = include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/checkpoints/micro-mluke/sentencepiece.bpe.model"
        ));
        crate::text::slow::charsmap_of(model).unwrap()
    });

    static CHECKED: LazyLock<Charsmap> = LazyLock::new(|| Charsmap::new(&MAP).unwrap());

    #[test]
    fn the_map_of_xlm_roberta_passes() {
        assert_eq!((MAP.len(), check(&MAP)), (240_007, Ok(())));
    }

    #[test]
    fn maps_that_lie_about_their_lengths_are_refused() {
        for (map, part) in [
            (vec![], "cut short"),
            (vec![255; 4], "cut short"),
            (vec![0; 4], "leads out"),
            (vec![2, 0, 0, 0, 0, 0], "whole number"),
            (vec![0, 0, 0, 0, 255], "UTF-8"),
            (vec![0; MAX_BYTES + 1], "1 MiB"),
        ] {
            assert!(check(&map).unwrap_err().contains(part), "{part}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// A map that passes can be asked for anything.
        #[test]
        fn what_passes_cannot_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
            text in "\\PC{0,200}",
        ) {
            let mut map = MAP.clone();
            for (place, byte) in changes {
                let place = place.index(map.len());
                map[place] = byte;
            }
            if let Ok(map) = Charsmap::new(&map) {
                let _ = normalized(&[&map], &text);
                (1..=char::MAX as u32).filter_map(char::from_u32).step_by(7).for_each(|c| {
                    let _ = normalized(&[&map], c.encode_utf8(&mut [0; 4]));
                });
            }
        }
    }

    /// Letters with several marks are composed, in whatever order the rules of Unicode allow.
    #[test]
    fn the_longest_key_is_replaced() {
        for (text, want) in [
            ("u\u{308}\u{301}", "ǘ"),
            ("lu\u{308}\u{301}n", "lǘn"),
            ("E\u{302}\u{301}", "Ế"),
            ("o\u{31b}\u{301}", "ớ"),
            ("a\u{306}\u{303}", "ẵ"),
            ("α\u{313}\u{301}", "ἄ"),
            ("e\u{301}", "é"),
            ("\u{1}\u{2}a", "a"),
            ("ﷺ", "صلى الله عليه وسلم"),
            ("", ""),
        ] {
            assert_eq!(normalized(&[&*CHECKED], text), want, "{text:?}");
        }
    }

    /// What stands in for the map of a `tokenizer.json` that lacks it. It leaves characters as they are that are newer than the
    /// Unicode of the `tokenizers` crate, and it joins the parts of U+0344 with the letter before them. Of what the map leaves
    /// alone, it changes U+FF5E.
    #[test]
    fn nmt_and_nfkc_do_what_the_map_does() {
        let rules = crate::text::tokenizer_json::nmt_nfkc();
        let rules =
            super::super::normalizer::build(&super::super::Normalizer::Sequence { normalizers: rules }).unwrap();
        let mut same = 0;
        let is_known = |c: char| CHECKED.longest(c.encode_utf8(&mut [0; 4])).is_some();
        for c in ('\u{1}'..=char::MAX).filter(|c| is_known(*c) || ['\u{200c}', '\u{200d}', '\u{ad}'].contains(c)) {
            let text = format!("a{c}b");
            let (by_map, by_rules) = (normalized(&[&*CHECKED], &text), normalized(&[&rules], &text));
            same += usize::from(by_map == by_rules);
            assert!(by_map == by_rules || by_rules == text || c == '\u{344}', "{c:?}: {by_map:?}, {by_rules:?}");
        }
        assert!(same > 4_500, "{same}");
    }
}
