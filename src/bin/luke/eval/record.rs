//! ReCoRD (Zhang et al. 2018): passages with marked entities. One of the entities fills the `@placeholder` of a query.
//! Offsets count code points, and an end is the last code point of an entity, not the one after it.

use std::path::Path;

use luke_web::tasks::cloze::{ClozeInput, ClozeOptions};
use luke_web::{Luke, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Benchmark;
use super::metrics::answers::squad1;
use super::read::{Id, Text, bad, json, json_lines};
use crate::folder::text;

/// The queries of a file.
pub struct Record {
    queries: Vec<Query>,
    options: ClozeOptions,
}

struct Query {
    id: String,
    input: ClozeInput,
    gold: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    data: Vec<Entry>,
}

/// What tells a line of SuperGLUE's edition from the whole file of the original.
#[derive(Deserialize)]
struct Start {
    passage: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Entry {
    passage: Passage,
    qas: Vec<Qa>,
}

#[derive(Deserialize)]
struct Passage {
    text: String,
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    start: usize,
    end: usize,
}

#[derive(Deserialize)]
struct Qa {
    /// SuperGLUE calls it `idx`.
    #[serde(alias = "idx")]
    id: Id,
    query: String,
    answers: Vec<Text>,
}

impl Record {
    /// Reads a file: the original, or the JSON Lines of SuperGLUE, which have one passage each. `path` is for errors only;
    /// `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not JSON of this form, if an entity is not inside its passage, or if a query has no gold
    /// answer. The message names the record.
    pub fn read(path: &Path, bytes: &[u8], options: ClozeOptions) -> Result<Self> {
        let first = text(path, bytes)?.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_line = serde_json::from_str::<Start>(first).is_ok_and(|start| start.passage.is_some());
        let entries = if is_line { json_lines(path, bytes)? } else { json::<File>(path, bytes)?.data };
        let mut queries = Vec::new();
        for (d, Entry { passage, qas }) in entries.into_iter().enumerate() {
            let length = passage.text.chars().count();
            if let Some(i) = passage.entities.iter().position(|e| e.start > e.end || e.end >= length) {
                let Entity { start, end } = passage.entities[i];
                let reason = format!("{start} to {end} is no range of {length} characters");
                return Err(bad(path, &format!("data[{d}].passage.entities[{i}]"), &reason));
            }
            let candidates: Vec<_> = passage.entities.iter().map(|entity| [entity.start, entity.end + 1]).collect();
            for (q, qa) in qas.into_iter().enumerate() {
                if qa.answers.is_empty() {
                    return Err(bad(path, &format!("data[{d}].qas[{q}].answers"), "is empty"));
                }
                let (passage, candidates) = (passage.text.clone(), candidates.clone());
                let input = ClozeInput { passage, query: qa.query, candidates };
                let gold = qa.answers.into_iter().map(|answer| answer.text).collect();
                queries.push(Query { id: qa.id.into_text(), input, gold });
            }
        }
        Ok(Self { queries, options })
    }
}

impl Benchmark for Record {
    /// The text of the best candidate; empty if there is no candidate.
    type Prediction = String;

    fn ids(&self) -> Vec<String> {
        self.queries.iter().map(|query| query.id.clone()).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<String> {
        let answers = pollster::block_on(luke.cloze(&self.queries[example].input, &self.options))?;
        Ok(answers.into_iter().next().map(|best| best.text).unwrap_or_default())
    }

    fn score(&self, predictions: &[Option<String>]) -> Value {
        let gold = self.queries.iter().map(|query| query.gold.as_slice());
        squad1(gold.zip(predictions.iter().map(Option::as_deref)))
    }
}
