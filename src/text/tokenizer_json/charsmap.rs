//! SentencePiece's `precompiled_charsmap`: a double-array trie (crate `spm_precompiled`, after darts-clone) whose leaves
//! say where replacements start. That crate follows the trie without checks, so all of it is checked here.
//!
//! The bytes: the trie's length (u32), its units (u32, all little-endian), then the replacements, each ended by a NUL.

/// Bytes of a whole map. That of `nmt_nfkc`, which XLM-RoBERTa has, is 240,007 bytes long.
const MAX_BYTES: usize = 1 << 20;

/// Bytes of one replacement. The longest of Unicode's is that of U+FDFA, 33 bytes.
const MAX_REPLACEMENT: usize = 64;

/// Checks that every step a text can make stays inside the trie, and every replacement inside its string.
pub(super) fn check(map: &[u8]) -> Result<(), &'static str> {
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
    walk(&units, replacements).ok_or("leads out of its trie, or to no replacement")
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
    use tokenizers::normalizers::Precompiled;

    /// The map of the fixture `micro-mluke`, which is XLM-RoBERTa's.
    static MAP: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let model = include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/checkpoints/micro-mluke/sentencepiece.bpe.model"
        ));
        crate::text::slow::charsmap_of(model).unwrap()
    });

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
            if check(&map).is_ok() {
                let map = Precompiled::from(&map).unwrap();
                let _ = map.normalize_string(&text);
                (1..=char::MAX as u32).filter_map(char::from_u32).step_by(7).for_each(|c| {
                    let _ = map.normalize_string(c.encode_utf8(&mut [0; 4]));
                });
            }
        }
    }
}
