//! Examples that were read, as what a head learns from.

use std::ops::Range;
use std::sync::Arc;

use half::f16;

use super::memory::ReadText;
use crate::learn::crf::LabeledSpan;

/// Examples that were read.
pub struct Lesson {
    /// Of each example.
    pub texts: Vec<Arc<ReadText>>,
    /// In the order of the examples.
    pub groups: Vec<Group>,
    /// How many spans begin or end inside of a word of their text.
    pub widened: usize,
}

/// Rows of an example that are learned together: a sentence or a part of it, a mention, or a pair of mentions.
pub struct Group {
    /// The number of its example.
    pub example: usize,
    /// Its rows among those of the example.
    pub rows: Range<usize>,
    /// Its labels, with their places among the rows.
    pub labels: Vec<LabeledSpan>,
}

impl Lesson {
    /// The features of a group `[rows, columns]`.
    pub fn features(&self, group: &Group, columns: usize) -> &[f16] {
        &self.texts[group.example].features[group.rows.start * columns..group.rows.end * columns]
    }
}
