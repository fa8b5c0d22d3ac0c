//! What one call of `teach` leaves for the next one: texts that were read, and how the last head was judged.

use sha2::{Digest, Sha256};

use super::TeachOptions;
use super::judge::Judging;
use super::lesson::Lesson;
use super::memory::{Key, ReadTexts};
use crate::learn::Linear;
use crate::taught::About;

/// What is kept while examples are added: with one more example only that one is read and judged.
#[derive(Default)]
pub struct TeachMemory {
    pub(super) texts: ReadTexts,
    pub(super) earlier: Option<Earlier>,
}

/// The head that was taught last, and how it was judged.
pub struct Earlier {
    pub about: About,
    pub folds: usize,
    pub seed: u64,
    /// A hash of each example.
    pub examples: Vec<Key>,
    /// How many of them were judged by heads of folds; the others by the head that was there before them.
    pub by_folds: usize,
    pub judging: Judging,
    pub layer: Linear,
}

impl Earlier {
    /// Whether examples begin with those of this head, with at most a fifth more than were judged by folds, and all else is the same.
    pub fn leads_to(&self, about: &About, options: &TeachOptions, examples: &[Key]) -> bool {
        let same = About {
            temperature: self.about.temperature,
            examples: self.about.examples,
            name: self.about.name.clone(),
            ..about.clone()
        };
        self.about == same
            && (self.folds, self.seed) == (options.folds, options.seed)
            && examples.starts_with(&self.examples)
            && examples.len() * 5 <= self.by_folds * 6
    }
}

/// A hash of each example: of its features and its labels.
pub fn hashes(lesson: &Lesson) -> Vec<Key> {
    let mut hashes: Vec<Sha256> = lesson.texts.iter().map(|text| Sha256::new_with_prefix(text.key)).collect();
    for group in &lesson.groups {
        for span in &group.labels {
            let words = [group.rows.start + span.words.start, group.rows.start + span.words.end, span.label];
            words.iter().for_each(|number| hashes[group.example].update((*number as u64).to_le_bytes()));
        }
    }
    hashes.into_iter().map(|hash| hash.finalize().into()).collect()
}
