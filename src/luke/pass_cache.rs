//! Results of passes, kept between calls: when one word of a long text changes, only the passes that read it run again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::heads::HeadKind;
use crate::inputs::ModelInputs;

/// How many bytes the results take that are kept, if nobody says another number.
pub const DEFAULT_BYTES: usize = 8 << 20;

/// What an entry takes beside its numbers: its key twice, its place in both maps, and what the allocator adds.
const ENTRY_BYTES: usize = 256;

/// The SHA-256 of a head and of all arrays of a pass. The arrays themselves are not the key, because they would stay in
/// memory: two kilobytes or more for each sentence. A weaker hash is not safe: a text could be made so that two different
/// passes have the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PassKey([u8; 32]);

impl PassKey {
    /// The key of a pass through a head.
    pub fn of(head: HeadKind, inputs: &ModelInputs) -> Self {
        // A new array must be hashed too: it does not compile before it is named here.
        let ModelInputs {
            input_ids,
            attention_mask,
            token_type_ids,
            entity_ids,
            entity_attention_mask,
            entity_position_ids,
            entity_token_type_ids,
            entity_start_positions,
            entity_end_positions,
        } = inputs;
        let mut hash = Hash(Sha256::new());
        hash.bytes(head.key().as_bytes());
        for ids in [input_ids, entity_ids, entity_start_positions, entity_end_positions] {
            hash.numbers(ids);
        }
        for ids in [token_type_ids, entity_token_type_ids] {
            hash.number(ids.is_some().into());
            hash.numbers(ids.as_deref().unwrap_or_default());
        }
        for mask in [attention_mask, entity_attention_mask] {
            hash.number(mask.is_some().into());
            hash.bytes(mask.as_deref().unwrap_or_default());
        }
        hash.number(entity_position_ids.len() as u64);
        for positions in entity_position_ids {
            hash.number(positions.len() as u64);
            positions.iter().for_each(|position| hash.0.update(position.to_le_bytes()));
        }
        Self(hash.0.finalize().into())
    }
}

/// A hash of arrays, each with its length, so that no two lists of arrays give the same bytes.
struct Hash(Sha256);

impl Hash {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn numbers(&mut self, numbers: &[u32]) {
        self.number(numbers.len() as u64);
        numbers.iter().for_each(|number| self.0.update(number.to_le_bytes()));
    }
}

/// The outputs of passes. Their bytes are bounded: those that were not used for the longest time go first.
pub struct PassCache(Mutex<Kept>);

struct Kept {
    max_bytes: usize,
    bytes: usize,
    entries: HashMap<PassKey, Entry>,
    /// The keys by the time of their last use.
    by_use: BTreeMap<u64, PassKey>,
    /// Counts uses.
    now: u64,
}

struct Entry {
    values: Arc<[f32]>,
    used: u64,
}

impl PassCache {
    /// An empty cache.
    pub fn new(max_bytes: usize) -> Self {
        let (entries, by_use) = (HashMap::new(), BTreeMap::new());
        Self(Mutex::new(Kept { max_bytes, bytes: 0, entries, by_use, now: 0 }))
    }

    /// Sets the limit, and drops what is beyond it; 0 keeps nothing.
    pub fn set_max_bytes(&self, max_bytes: usize) {
        let mut kept = self.lock();
        kept.max_bytes = max_bytes;
        kept.shrink();
    }

    /// What a pass gave.
    pub fn get(&self, key: &PassKey) -> Option<Arc<[f32]>> {
        let kept = &mut *self.lock();
        let entry = kept.entries.get_mut(key)?;
        kept.by_use.remove(&entry.used);
        kept.now += 1;
        entry.used = kept.now;
        kept.by_use.insert(kept.now, *key);
        Some(entry.values.clone())
    }

    /// Keeps what a pass gave. What is larger than the whole cache is not kept.
    pub fn put(&self, key: PassKey, values: &[f32]) {
        let kept = &mut *self.lock();
        if bytes_of(values) > kept.max_bytes {
            return;
        }
        kept.remove(&key);
        kept.now += 1;
        kept.bytes += bytes_of(values);
        kept.by_use.insert(kept.now, key);
        kept.entries.insert(key, Entry { values: values.into(), used: kept.now });
        kept.shrink();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn remove(&mut self, key: &PassKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= bytes_of(&entry.values);
        }
    }

    fn shrink(&mut self) {
        while self.bytes > self.max_bytes
            && let Some((_, key)) = self.by_use.first_key_value()
        {
            let key = *key;
            self.remove(&key);
        }
    }
}

fn bytes_of(values: &[f32]) -> usize {
    size_of_val(values) + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(first: u32) -> PassKey {
        PassKey::of(HeadKind::Ner, &ModelInputs { input_ids: vec![first], ..Default::default() })
    }

    proptest! {
        /// Whatever is done with it, it has what was put last, it never takes more bytes than it may, and what it has lost was
        /// used before all that it has.
        #[test]
        fn it_is_a_bounded_map_that_loses_what_was_not_used(
            max in 0usize..4000,
            steps in prop::collection::vec((0u32..12, prop::option::of(0usize..200)), 0..80),
        ) {
            let cache = PassCache::new(max);
            // By key: the values and the time of the last use, in a map without bounds.
            let mut all: BTreeMap<u32, (Vec<f32>, usize)> = BTreeMap::new();
            for (now, (name, put)) in steps.into_iter().enumerate() {
                match put {
                    Some(count) => {
                        let values = vec![now as f32; count];
                        cache.put(key(name), &values);
                        if bytes_of(&values) <= max {
                            all.insert(name, (values, now));
                        }
                    }
                    None => {
                        if let Some(values) = cache.get(&key(name)) {
                            let known = all.get_mut(&name).unwrap();
                            prop_assert_eq!(&*values, &*known.0);
                            known.1 = now;
                        }
                    }
                }
                let kept = cache.lock();
                prop_assert!(kept.bytes <= max);
                prop_assert_eq!(kept.bytes, kept.entries.values().map(|entry| bytes_of(&entry.values)).sum::<usize>());
                prop_assert_eq!(kept.entries.len(), kept.by_use.len());
                let is_kept = |name: &u32| kept.entries.contains_key(&key(*name));
                let (kept, lost): (Vec<_>, Vec<_>) = all.iter().partition(|(name, _)| is_kept(name));
                let oldest = kept.iter().map(|(_, (_, used))| *used).min().unwrap_or(usize::MAX);
                prop_assert!(lost.iter().all(|(_, (_, used))| *used < oldest || kept.is_empty()));
            }
        }
    }

    #[test]
    fn a_smaller_limit_drops_what_is_beyond_it() {
        let cache = PassCache::new(3 * ENTRY_BYTES);
        (0..3).for_each(|name| cache.put(key(name), &[]));
        assert!(cache.get(&key(0)).is_some());
        cache.set_max_bytes(2 * ENTRY_BYTES);
        assert_eq!([0, 1, 2].map(|name| cache.get(&key(name)).is_some()), [true, false, true]);
        cache.set_max_bytes(0);
        assert_eq!([0, 1, 2].map(|name| cache.get(&key(name)).is_some()), [false; 3]);
    }

    #[test]
    fn every_array_and_the_head_are_in_the_key() {
        let same = ModelInputs {
            input_ids: vec![0, 7, 2],
            entity_ids: vec![1, 1],
            entity_position_ids: vec![vec![1], vec![1, 2]],
            entity_start_positions: vec![1, 1],
            entity_end_positions: vec![1, 2],
            ..Default::default()
        };
        let others = [
            ModelInputs { input_ids: vec![0, 8, 2], ..same.clone() },
            ModelInputs { input_ids: vec![0, 7, 2, 1], entity_ids: vec![1], ..same.clone() },
            ModelInputs { entity_ids: vec![1, 3], ..same.clone() },
            ModelInputs { entity_position_ids: vec![vec![1, 1], vec![2]], ..same.clone() },
            ModelInputs { entity_position_ids: vec![vec![1], vec![1, 3]], ..same.clone() },
            ModelInputs { entity_start_positions: vec![1, 2], ..same.clone() },
            ModelInputs { entity_end_positions: vec![2, 2], ..same.clone() },
            ModelInputs { attention_mask: Some(vec![1, 1, 0]), ..same.clone() },
            ModelInputs { entity_attention_mask: Some(vec![1, 1]), ..same.clone() },
            ModelInputs { token_type_ids: Some(vec![0, 0, 0]), ..same.clone() },
            ModelInputs { entity_token_type_ids: Some(vec![0, 0]), ..same.clone() },
        ];
        let keys: Vec<_> = std::iter::once(&same)
            .chain(&others)
            .map(|inputs| PassKey::of(HeadKind::Ner, inputs))
            .chain([PassKey::of(HeadKind::Qa, &same)])
            .collect();
        assert_eq!(keys[0], PassKey::of(HeadKind::Ner, &same.clone()));
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b), "{i}");
        }
    }
}
