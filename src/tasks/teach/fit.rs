//! The training of a head on examples.

use half::f16;

use super::lesson::{Group, Lesson};
use crate::error::Result;
use crate::learn::{Choice, Linear, Precision, train};
use crate::luke::Turns;

/// The cost of weights. From 1 to 30 the figures of the benchmark change by less than one point.
const L2: f64 = 5.0;

/// 25 steps give heads that are as good (docs/TEACHING.md), but not yet the same ones in every engine.
const PRECISION: Precision = Precision { gradient: 0.05, max_steps: 25 };

/// Of how many products of a feature's byte and a weight the work is that a byte of tokenized text takes.
const PRODUCTS: usize = 1 << 8;

/// What a head learns from, and how.
pub struct Learning<'a> {
    /// The examples.
    pub lesson: &'a Lesson,
    /// What is chosen among the labels.
    pub choice: Choice,
    /// How many features a row has.
    pub columns: usize,
    /// How many labels there are.
    pub labels: usize,
}

impl Learning<'_> {
    pub fn classes(&self) -> usize {
        self.choice.classes(self.labels)
    }

    pub fn features(&self, group: &Group) -> &[f16] {
        self.lesson.features(group, self.columns)
    }

    /// What reading so many bytes of features takes, in bytes that are tokenized.
    pub fn work(&self, bytes: usize) -> usize {
        bytes.saturating_mul(self.classes()) / PRODUCTS
    }
}

/// Teaches a layer on the examples whose number `seen` takes.
///
/// # Errors
/// `out-of-memory`, and what the source of the model fails with at a pause.
pub async fn fit(learning: &Learning<'_>, seen: impl Fn(usize) -> bool, turns: &mut Turns<'_>) -> Result<Linear> {
    let (classes, columns) = (learning.classes(), learning.columns);
    let own: Vec<&Group> = learning.lesson.groups.iter().filter(|group| seen(group.example)).collect();
    let groups: Vec<&[f16]> = own.iter().map(|group| learning.features(group)).collect();
    let loss = |number: usize, logits: &[f32], slopes: &mut [f32]| {
        learning.choice.loss(logits, &own[number].labels, classes, slopes)
    };
    let lesson = crate::learn::Lesson { columns, groups: &groups, loss, l2: L2 };
    let pause = async |bytes| turns.after(learning.work(bytes)).await;
    train(lesson, classes, PRECISION, pause).await
}
