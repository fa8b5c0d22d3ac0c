//! What goes into `teach` and what comes out, as JSON has it.

use serde::{Deserialize, Serialize};

use crate::taught::TaughtTask;
use crate::text::OffsetUnit;

/// What a head is taught.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeachInput {
    /// What it shall do.
    pub task: TaughtTask,
    /// What it is called.
    pub name: String,
    /// Its labels, in the order of their scores. Default: those of the examples, in the order in which they come.
    pub labels: Option<Vec<String>>,
    /// Texts with all their spans: what is not marked is no span.
    pub examples: Vec<Example>,
}

/// A text with its spans.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The text.
    pub text: String,
    /// Its spans in any order. They do not overlap.
    pub spans: Vec<ExampleSpan>,
}

/// A span of an example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleSpan {
    /// Offset of its first unit.
    pub start: usize,
    /// Offset after its last unit.
    pub end: usize,
    /// Its label.
    pub label: String,
}

/// Options of `teach`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TeachOptions {
    /// The same seed and examples give the same head.
    pub seed: u64,
    /// The head is judged by so many others, each of which was taught on the examples without one part of them; from 2 to 20. 0 does
    /// not judge it. With fewer examples there are as many parts as examples.
    pub folds: usize,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl Default for TeachOptions {
    fn default() -> Self {
        Self { seed: 0, folds: 5, offsets: OffsetUnit::default() }
    }
}

/// How good a head is, by heads that did not see the examples on which they were judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TeachReport {
    /// How many examples there were.
    pub examples: usize,
    /// How many spans they have.
    pub spans: usize,
    /// How many spans began or ended inside of a word, and were taken as whole words.
    pub widened: usize,
    /// Of all labels together. Absent if the head was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Quality>,
    /// Of each label, in their order.
    pub labels: Vec<LabelReport>,
    /// What is taken for what, the most frequent first.
    pub confusions: Vec<Confusion>,
}

/// What a head knows of a label.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelReport {
    /// The label.
    pub label: String,
    /// How many spans of the examples have it.
    pub spans: usize,
    /// How well it is found. Absent if the head was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Whole spans that are right, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// The share of the spans found that are right; 0 if none was found.
    pub precision: f64,
    /// The share of the spans there are that were found; 0 if there are none.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// Spans that were taken for something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confusion {
    /// The label in the examples; `None`: there is no span there.
    pub label: Option<String>,
    /// The label that was found for the same words; `None`: it was not found.
    pub found: Option<String>,
    /// How often.
    pub count: usize,
}

/// What `teach` is doing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TeachProgress {
    /// What it is doing.
    pub phase: TeachPhase,
    /// How many texts were read, or heads taught.
    pub done: usize,
    /// Of how many.
    pub total: usize,
}

/// A part of `teach`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TeachPhase {
    /// The model reads the examples.
    Reading,
    /// Heads are taught: first those that judge, then the head.
    Teaching,
}
