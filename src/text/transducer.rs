//! Reads the keys of a transducer that crate `fst` 0.4 wrote (its format 3). That crate follows the addresses in the
//! bytes without checks; here every step is checked, so hostile bytes are an error.
//!
//! A node's bytes end at its address: a state byte comes last, and what it needs stands before it. A node's transitions
//! lead to nodes that lie before it.

use super::sorted_strings::SortedStrings;

/// Bytes before the first node: the version and a type.
const HEADER: usize = 16;

/// Bytes behind the root node: the number of keys, the root's address, the checksum.
const FOOTER: usize = 20;

/// Bytes of a key. Wikipedia's titles have at most 255, and a language before them.
const MAX_KEY: usize = 1024;

/// The bytes that the lower six bits of a state stand for, but for 0 (`COMMON_INPUTS_INV` of `fst`).
const COMMON_INPUTS: &[u8; 63] = b"te/oasripcnw.hlm-du012g=:bf3y5&_4v9678k%?xCDASFIBEjPTzRNM+LOqHG";

/// Transitions from which on a node has an index of them.
const INDEXED: usize = 33;

/// All keys, in order. There must be `count`, and few bytes of them for each of the `count` that the file was large
/// enough for, so that a small file cannot ask for much memory or time.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn keys(bytes: &[u8], count: usize) -> Result<SortedStrings, &'static str> {
    let cut = "is cut short";
    let (content, checksum) = bytes.split_last_chunk::<4>().ok_or(cut)?;
    if masked_crc32c(content) != u32::from_le_bytes(*checksum) {
        return Err("has another checksum than its bytes");
    }
    let (content, root) = content.split_last_chunk::<8>().ok_or(cut)?;
    let (_, keys) = content.split_last_chunk::<8>().ok_or(cut)?;
    let (version, _) = content.split_first_chunk::<8>().ok_or(cut)?;
    if u64::from_le_bytes(*version) != 3 {
        return Err("is of another version than 3");
    }
    if usize::try_from(u64::from_le_bytes(*keys)) != Ok(count) {
        return Err("has another number of titles than of rows");
    }
    let root = usize::try_from(u64::from_le_bytes(*root)).map_err(|_| cut)?;
    let end = bytes.len().checked_sub(FOOTER).ok_or(cut)?;
    if root != 0 && root.checked_add(1) != Some(end) {
        return Err("has no root where it should be");
    }
    let nodes = Nodes(bytes.get(..end).ok_or(cut)?);
    let keys =
        nodes.walk(root, count).ok_or("leads out of its bytes, or to titles out of order, too long or not UTF-8")?;
    if keys.len() == count { Ok(keys) } else { Err("has another number of titles than it says") }
}

/// The bytes up to the end of the root.
struct Nodes<'a>(&'a [u8]);

/// Where a node's parts are.
struct Node {
    is_final: bool,
    len: usize,
    /// The first transition's byte; those of the others stand before it.
    inputs: Inputs,
    targets: Targets,
    /// Where the node's bytes start; targets are counted back from here.
    start: usize,
}

enum Inputs {
    One(u8),
    /// Behind the first one's byte.
    Before(usize),
}

enum Targets {
    /// The node that ends where this one starts.
    Previous,
    /// Behind the first one's number, and how long each is.
    Before(usize, usize),
}

impl Nodes<'_> {
    fn byte_before(&self, at: usize) -> Option<u8> {
        self.0.get(at.checked_sub(1)?).copied()
    }

    fn node(&self, address: usize) -> Option<Node> {
        if address == 0 {
            return Some(Node { is_final: true, len: 0, inputs: Inputs::One(0), targets: Targets::Previous, start: 0 });
        }
        let state = *self.0.get(address)?;
        let (low, mut at) = (usize::from(state & 0x3f), address);
        if state & 0x80 != 0 {
            let common = low.checked_sub(1).and_then(|place| COMMON_INPUTS.get(place)).copied();
            let input = match common {
                Some(input) => input,
                None => {
                    at = at.checked_sub(1)?;
                    *self.0.get(at)?
                }
            };
            let (targets, start) = if state & 0x40 != 0 {
                (Targets::Previous, at)
            } else {
                let (target, output) = sizes(self.byte_before(at)?);
                at = at.checked_sub(1)?;
                (Targets::Before(at, target), at.checked_sub(target)?.checked_sub(output)?)
            };
            return Some(Node { is_final: false, len: 1, inputs: Inputs::One(input), targets, start });
        }
        let is_final = state & 0x40 != 0;
        let len = if low > 0 {
            low
        } else {
            let len = self.byte_before(at)?;
            at = at.checked_sub(1)?;
            // One transition would be in the state, so 1 stands for what a byte cannot say.
            if len == 1 { 256 } else { usize::from(len) }
        };
        let (target, output) = sizes(self.byte_before(at)?);
        at = at.checked_sub(1)?.checked_sub(if len < INDEXED { 0 } else { 256 })?;
        let targets = at.checked_sub(len)?;
        let outputs = len.checked_add(usize::from(is_final))?.checked_mul(output)?;
        let start = targets.checked_sub(len.checked_mul(target)?)?.checked_sub(outputs)?;
        Some(Node { is_final, len, inputs: Inputs::Before(at), targets: Targets::Before(targets, target), start })
    }

    /// A node's transition: its byte and where it leads.
    fn transition(&self, node: &Node, place: usize) -> Option<(u8, usize)> {
        let input = match node.inputs {
            Inputs::One(input) => input,
            Inputs::Before(at) => self.byte_before(at.checked_sub(place)?)?,
        };
        let back = match node.targets {
            Targets::Previous => 1,
            Targets::Before(at, size @ 1..=8) => {
                let end = at.checked_sub(size.checked_mul(place)?)?;
                let bytes = self.0.get(end.checked_sub(size)?..end)?;
                let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
                usize::try_from(number).ok()?
            }
            Targets::Before(..) => return None,
        };
        let target = if back == 0 { 0 } else { node.start.checked_sub(back).filter(|target| *target >= HEADER)? };
        Some((input, target))
    }

    /// Goes along every path once. Paths end, as targets lie before their nodes.
    fn walk(&self, root: usize, count: usize) -> Option<SortedStrings> {
        let max_bytes = count.checked_mul(128)?.checked_add(1 << 16)?;
        let (mut keys, mut key, mut steps) = (SortedStrings::with_capacity(count), Vec::new(), 0usize);
        let mut path = vec![(self.node(root)?, 0usize)];
        if path.iter().any(|(root, _)| root.is_final) {
            keys.push("")?;
        }
        while let Some((node, next)) = path.last_mut() {
            if *next == node.len {
                path.pop();
                key.pop();
                continue;
            }
            let (input, target) = self.transition(node, *next)?;
            *next = next.checked_add(1)?;
            let child = self.node(target)?;
            key.push(input);
            if child.is_final {
                keys.push(std::str::from_utf8(&key).ok()?)?;
            }
            path.push((child, 0));
            steps = steps.checked_add(1)?;
            if key.len() > MAX_KEY || keys.len() > count || keys.bytes().max(steps) > max_bytes {
                return None;
            }
        }
        Some(keys)
    }
}

/// Bytes of each target, and of each output.
fn sizes(byte: u8) -> (usize, usize) {
    (usize::from(byte >> 4), usize::from(byte & 0xf))
}

/// CRC-32C, turned as `fst` does so that a checksum over a checksum says something.
fn masked_crc32c(bytes: &[u8]) -> u32 {
    let sum = !bytes.iter().fold(u32::MAX, |sum, byte| {
        let [low, ..] = sum.to_le_bytes();
        CRC32C.get(usize::from(low ^ byte)).map_or(0, |entry| entry ^ sum >> 8)
    });
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

static CRC32C: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let bit = |entry: u32, _| if entry & 1 == 1 { entry >> 1 ^ 0x82f6_3b78 } else { entry >> 1 };
    (0..=255).map(|byte| (0..8).fold(byte, bit)).collect()
});

#[cfg(test)]
pub(super) fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 4);
    let sum = masked_crc32c(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn written(keys: &BTreeSet<String>) -> Vec<u8> {
        fst::Map::from_iter(keys.iter().zip(0..)).unwrap().into_fst().into_inner()
    }

    fn read(keys: &SortedStrings) -> BTreeSet<String> {
        (0..keys.len()).map(|place| keys.get(place).to_owned()).collect()
    }

    proptest! {
        #[test]
        fn keys_that_fst_wrote_are_read(set in prop::collection::btree_set(".{0,9}|[a-d]{0,6}|\\PC", 0..300)) {
            let keys = keys(&written(&set), set.len()).unwrap();
            prop_assert_eq!(read(&keys), set);
        }

        /// On changed bytes with a right checksum, the crate `fst` panicked in 37 of 60 cases.
        #[test]
        fn changed_bytes_are_an_error_or_other_keys(
            set in prop::collection::btree_set("[a-f]{0,6}|\\PC{0,3}", 1..60),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = written(&set);
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Ok(keys) = keys(&with_checksum(bytes), set.len()) {
                prop_assert_eq!(read(&keys).len(), set.len());
            }
        }
    }

    /// The root of the second is at address 0, where nothing is written.
    #[test]
    fn sets_of_no_key_and_of_the_empty_key_are_read() {
        for set in [BTreeSet::new(), BTreeSet::from([String::new()])] {
            assert_eq!(keys(&written(&set), set.len()).map(|keys| read(&keys)), Ok(set));
        }
    }

    /// Levels of nodes that lead to the one before them by 32 bytes; the first, which has no transitions, is a key's
    /// end or not.
    fn levels(count: usize, is_final: bool, keys: u64) -> Vec<u8> {
        let mut bytes = [3u64.to_le_bytes(), [0; 8]].concat();
        bytes.extend([0x10, 0, if is_final { 0x40 } else { 0 }]);
        for _ in 0..count {
            bytes.extend([1; 32]);
            bytes.extend((1..=32).rev());
            bytes.extend([0x10, 32]);
        }
        let root = bytes.len() as u64 - 1;
        bytes.extend([keys.to_le_bytes(), root.to_le_bytes()].concat());
        bytes.extend([0; 4]);
        with_checksum(bytes)
    }

    #[test]
    fn a_walk_that_names_nothing_or_too_much_ends() {
        assert_eq!(keys(&levels(2, true, 1024), 1024).map(|keys| keys.len()), Ok(1024));
        let started = std::time::Instant::now();
        assert!(keys(&levels(20, false, 1), 1).is_err(), "32^20 paths, and no key at the end of any");
        assert!(keys(&levels(20, true, 1), 1).is_err());
        assert!(keys(&levels(1020, true, 1 << 20), 1 << 20).is_err());
        assert!(started.elapsed().as_secs() < 10);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let set = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let error = |bytes: Vec<u8>, count| keys(&bytes, count).err().unwrap();
        assert!(error(written(&set), 3).contains("another number of titles than of rows"));
        assert!(error(vec![0; 3], 0).contains("cut short"));
        let mut flipped = written(&set);
        flipped[20] ^= 1;
        assert!(error(flipped, 2).contains("checksum"));
        let mut version = written(&set);
        version[0] = 2;
        assert!(error(with_checksum(version), 2).contains("version"));
        let mut root = written(&set);
        let at = root.len() - 12;
        root[at] ^= 1;
        assert!(error(with_checksum(root), 2).contains("root"));
    }
}
