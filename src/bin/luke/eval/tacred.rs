//! TACRED (Zhang et al. 2017): a list of sentences as tokens. Subject and object are token ranges; an end is the last
//! token of a range, not the one after it.

use std::path::Path;

use luke_web::tasks::LabelOptions;
use luke_web::tasks::relation::RelationInput;
use luke_web::{Luke, Result};
use serde::Deserialize;
use serde_json::Value;

use super::Benchmark;
use super::metrics::relations::{NO_RELATION, relations};
use super::read::{Id, bad, json};

/// The sentences of a file.
pub struct Tacred {
    examples: Vec<Example>,
    options: LabelOptions,
}

struct Example {
    id: String,
    input: RelationInput,
    gold: String,
}

#[derive(Deserialize)]
struct Item {
    id: Option<Id>,
    token: Vec<String>,
    subj_start: usize,
    subj_end: usize,
    obj_start: usize,
    obj_end: usize,
    relation: String,
}

impl Tacred {
    /// Reads a file. The text of a sentence is its tokens with one space between them, as in the authors' code. `path`
    /// is for errors only; `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not JSON of this form, or if the subject or the object is not a range of the tokens. The
    /// message names the record.
    pub fn read(path: &Path, bytes: &[u8], options: LabelOptions) -> Result<Self> {
        let mut examples = Vec::new();
        for (i, item) in json::<Vec<Item>>(path, bytes)?.into_iter().enumerate() {
            let span = |name: &str, start: usize, end: usize| match item.token.get(start..=end) {
                Some(tokens) if start <= end => {
                    let before: usize = item.token[..start].iter().map(|token| token.chars().count() + 1).sum();
                    Ok([before, before + tokens.join(" ").chars().count()])
                }
                _ => {
                    let reason = format!("{start} to {end} is no range of the {} tokens", item.token.len());
                    Err(bad(path, &format!("[{i}].{name}_start"), &reason))
                }
            };
            let (head, tail) =
                (span("subj", item.subj_start, item.subj_end)?, span("obj", item.obj_start, item.obj_end)?);
            let id = item.id.map_or_else(|| i.to_string(), Id::into_text);
            let input = RelationInput { text: item.token.join(" "), head, tail };
            examples.push(Example { id, input, gold: item.relation });
        }
        Ok(Self { examples, options })
    }
}

impl Benchmark for Tacred {
    /// The best label.
    type Prediction = String;

    fn ids(&self) -> Vec<String> {
        self.examples.iter().map(|example| example.id.clone()).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<String> {
        let labels = pollster::block_on(luke.relation(&self.examples[example].input, &self.options))?;
        Ok(labels.into_iter().next().map_or_else(|| NO_RELATION.to_owned(), |best| best.label))
    }

    fn score(&self, predictions: &[Option<String>]) -> Value {
        let pairs = self.examples.iter().zip(predictions);
        relations(pairs.map(|(example, found)| (example.gold.as_str(), found.as_deref().unwrap_or(NO_RELATION))))
    }
}
