//! What goes into `teach` and what comes out, as JSON has it.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{LukeError, Result};
use crate::tasks::labels::Mentioning;
use crate::tasks::required;
use crate::taught::TaughtTask;
use crate::text::{OffsetUnit, Offsets};

/// What a head is taught.
#[derive(Clone, Debug)]
pub struct TeachInput {
    /// What it is called.
    pub name: String,
    /// Its labels, in the order of their scores. Default: those of the examples, in the order in which they come.
    pub labels: Option<Vec<String>>,
    /// What it shall do, by examples.
    pub examples: Examples,
}

/// Examples of a task.
#[derive(Clone, Debug)]
pub enum Examples {
    /// Texts with all their spans: what is not marked is no span.
    Ner(Vec<Example>),
    /// Mentions with their labels.
    Typing(Vec<TypingExample>),
    /// Pairs of mentions, each with its label.
    Relation(Vec<RelationExample>),
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

/// A mention of a text with its labels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypingExample {
    /// The text.
    pub text: String,
    /// The mention.
    pub span: ExampleMention,
    /// Its labels; other labels of the head are not its labels.
    pub labels: Vec<String>,
}

/// Two mentions of a text with the label of their relation. That there is no relation is a label too.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationExample {
    /// The text.
    pub text: String,
    /// The head (subject).
    pub head: ExampleMention,
    /// The tail (object).
    pub tail: ExampleMention,
    /// Their label.
    pub label: String,
}

/// A mention `[start, end)` of at least one character, in JSON as `[start, end]` or as `{ start, end }`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "must be [start, end] or {start, end}, of whole numbers from 0 on")]
pub enum ExampleMention {
    /// As a pair.
    Pair([usize; 2]),
    /// As an object.
    Object {
        /// Offset of its first unit.
        start: usize,
        /// Offset after its last unit.
        end: usize,
    },
}

impl ExampleMention {
    fn bytes(self, name: &str, offsets: &Offsets<'_>) -> Result<Range<usize>> {
        let (Self::Pair([start, end]) | Self::Object { start, end }) = self;
        offsets.span(name, [start, end])
    }
}

impl Mentioning for TypingExample {
    const NAMES: &'static [&'static str] = &["span"];

    fn spanned(&self, unit: OffsetUnit) -> Result<(&str, Vec<Range<usize>>)> {
        Ok((&self.text, vec![self.span.bytes("span", &Offsets::new(&self.text, unit))?]))
    }
}

impl Mentioning for RelationExample {
    const NAMES: &'static [&'static str] = &["head", "tail"];

    fn spanned(&self, unit: OffsetUnit) -> Result<(&str, Vec<Range<usize>>)> {
        let offsets = Offsets::new(&self.text, unit);
        Ok((&self.text, vec![self.head.bytes("head", &offsets)?, self.tail.bytes("tail", &offsets)?]))
    }
}

impl TeachInput {
    /// Reads the argument of the API: `{ task, name, labels?, examples }`, where `task` says of which form the examples are.
    ///
    /// # Errors
    /// `input`, with the path of the field that is wrong.
    pub fn from_value(input: Value) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Fields<E> {
            #[serde(rename = "task")]
            _task: TaughtTask,
            name: String,
            labels: Option<Vec<String>>,
            examples: Vec<E>,
        }
        fn read<E: DeserializeOwned>(input: Value, examples: impl FnOnce(Vec<E>) -> Examples) -> Result<TeachInput> {
            let fields: Fields<E> = required("input", input)?;
            Ok(TeachInput { name: fields.name, labels: fields.labels, examples: examples(fields.examples) })
        }
        let Some(fields) = input.as_object() else { return Err(LukeError::input("input", "must be an object")) };
        let task = fields.get("task").ok_or_else(|| LukeError::input("input", "has no task"))?;
        match required("input.task", task.clone())? {
            TaughtTask::Ner => read(input, Examples::Ner),
            TaughtTask::Typing => read(input, Examples::Typing),
            TaughtTask::Relation => read(input, Examples::Relation),
        }
    }
}

impl Examples {
    /// The task of which these are examples.
    pub fn task(&self) -> TaughtTask {
        match self {
            Self::Ner(_) => TaughtTask::Ner,
            Self::Typing(_) => TaughtTask::Typing,
            Self::Relation(_) => TaughtTask::Relation,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ner(examples) => examples.len(),
            Self::Typing(examples) => examples.len(),
            Self::Relation(examples) => examples.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels that they have, in their order; a label comes as often as it is there.
    pub fn labels(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Ner(examples) => {
                Box::new(examples.iter().flat_map(|example| &example.spans).map(|span| span.label.as_str()))
            }
            Self::Typing(examples) => Box::new(examples.iter().flat_map(|example| &example.labels).map(String::as_str)),
            Self::Relation(examples) => Box::new(examples.iter().map(|example| example.label.as_str())),
        }
    }
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
    /// For `typing`: whether a mention may have any number of the labels, or has exactly one. Default: exactly one if each example has
    /// exactly one.
    pub multi: Option<bool>,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl Default for TeachOptions {
    fn default() -> Self {
        Self { seed: 0, folds: 5, multi: None, offsets: OffsetUnit::default() }
    }
}

/// How good a head is, by heads that did not see the examples on which they were judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TeachReport {
    /// How many examples there were.
    pub examples: usize,
    /// How many spans they have; for `typing` and `relation`, how many labels.
    pub spans: usize,
    /// How many spans of `ner` began or ended inside of a word, and were taken as whole words.
    pub widened: usize,
    /// For `typing`: whether a mention may have any number of the labels, or has exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi: Option<bool>,
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
    /// How many spans, mentions or pairs of the examples have it.
    pub spans: usize,
    /// How well it is found. Absent if the head was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Labels that are right, from 0 to 1; those of `ner` with their whole span.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// The share of those found that are right; 0 if none was found.
    pub precision: f64,
    /// The share of those there are that were found; 0 if there are none.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// What was taken for something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confusion {
    /// The label in the examples; `None`: there is none.
    pub label: Option<String>,
    /// The label that was found for the same words; `None`: there is none.
    pub found: Option<String>,
    /// How often.
    pub count: usize,
}

/// What `teach` is doing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TeachProgress {
    /// What it is doing.
    pub phase: TeachPhase,
    /// How many examples were read, or heads taught.
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
