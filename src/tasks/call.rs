//! Every task by its name in the API, on arguments, options and results as JSON has them.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ner::{Found, NerInput, NerResult};
use super::{from_value, required};
use crate::error::{LukeError, Result, shortened};
use crate::heads::Method;
use crate::luke::{Luke, Turns};
use crate::taught::TaughtHead;

impl Luke {
    /// Runs a task: `ner`, `qa`, `typing`, `relation`, `cloze`, `fillMask`, `predictEntities` or `embed`. A list of inputs of
    /// `typing` or `relation` gives a list of results.
    ///
    /// # Errors
    /// `input` for another name, and for arguments and options that are not those of the task; else the errors of the task.
    pub async fn call(&self, task: &str, input: Value, options: Value) -> Result<Value> {
        let unknown = || LukeError::input("task", format!("there is no task '{}'", shortened(task)));
        let turns = &mut self.turns();
        match Method::from_name(task).ok_or_else(unknown)? {
            Method::Ner => {
                ner_values(turns, &self.ner(&NerInput::from_value(input)?, &optional(options)?).await?).await
            }
            Method::Qa => json(self.qa(&argument(input)?, &optional(options)?).await?),
            Method::Typing if input.is_array() => {
                lists(turns, &self.typing_batch(&several(input)?, &optional(options)?).await?).await
            }
            Method::Relation if input.is_array() => {
                lists(turns, &self.relation_batch(&several(input)?, &optional(options)?).await?).await
            }
            Method::Typing => list(turns, &self.typing(&argument(input)?, &optional(options)?).await?).await,
            Method::Relation => list(turns, &self.relation(&argument(input)?, &optional(options)?).await?).await,
            Method::Cloze => list(turns, &self.cloze(&argument(input)?, &optional(options)?).await?).await,
            Method::FillMask => lists(turns, &self.fill_mask(&argument(input)?, &optional(options)?).await?).await,
            Method::PredictEntities => {
                lists(turns, &self.predict_entities(&argument(input)?, &optional(options)?).await?).await
            }
            Method::Embed => json(self.embed(&argument(input)?, &optional(options)?).await?),
        }
    }

    /// As [`call`](Self::call), by a head that was taught: `ner`, `typing` or `relation`; or `rank`, whose input is a list of texts.
    ///
    /// # Errors
    /// `input` for another name, for a head of another task or model, and for arguments and options that are not those of the task; else the
    /// errors of the task.
    pub async fn call_by(&self, task: &str, head: &TaughtHead, input: Value, options: Value) -> Result<Value> {
        let turns = &mut self.turns();
        match task {
            "ner" => {
                ner_values(turns, &self.ner_by(head, &NerInput::from_value(input)?, &optional(options)?).await?).await
            }
            "typing" if input.is_array() => {
                lists(turns, &self.typing_batch_by(head, &several(input)?, &optional(options)?).await?).await
            }
            "relation" if input.is_array() => {
                lists(turns, &self.relation_batch_by(head, &several(input)?, &optional(options)?).await?).await
            }
            "typing" => list(turns, &self.typing_by(head, &argument(input)?, &optional(options)?).await?).await,
            "relation" => list(turns, &self.relation_by(head, &argument(input)?, &optional(options)?).await?).await,
            "rank" => {
                let texts: Vec<String> = required("texts", input)?;
                list(turns, &self.rank(head, &texts, &optional(options)?).await?).await
            }
            _ => Err(LukeError::input("task", format!("no head can be taught for '{}'", shortened(task)))),
        }
    }

    /// Reads the file of a head.
    ///
    /// # Errors
    /// - `format` and `integrity` as [`TaughtHead::from_bytes`], where the file is called `head`
    /// - `input` if the head was taught on another model
    pub fn read_head(&self, bytes: &[u8]) -> Result<TaughtHead> {
        let head = TaughtHead::from_bytes("head", bytes)?;
        self.check_head(&head)?;
        Ok(head)
    }
}

async fn ner_values(turns: &mut Turns<'_>, result: &NerResult) -> Result<Value> {
    match result {
        NerResult::One(found) => ner_value(turns, found).await,
        NerResult::Many(texts) => {
            let mut all = Vec::with_capacity(texts.len());
            for found in texts {
                all.push(ner_value(turns, found).await?);
            }
            Ok(Value::Array(all))
        }
    }
}

fn argument<T: DeserializeOwned>(input: Value) -> Result<T> {
    match input {
        // A list would be taken as the fields in their order.
        Value::Array(_) => Err(LukeError::input("input", "must be an object, not a list")),
        input => required("input", input),
    }
}

fn several<T: DeserializeOwned>(inputs: Value) -> Result<Vec<T>> {
    required("inputs", inputs)
}

fn optional<T: DeserializeOwned + Default>(options: Value) -> Result<T> {
    from_value("options", options)
}

/// What `ner` found in one input, in the form of the API, with pauses.
///
/// # Errors
/// What the source fails with at a pause: `aborted` as a rule.
pub(crate) async fn ner_value(turns: &mut Turns<'_>, found: &Found) -> Result<Value> {
    let entities = list(turns, &found.entities).await?;
    let Some(runners_up) = &found.runners_up else { return Ok(entities) };
    let runners_up = list(turns, runners_up).await?;
    Ok(Value::Object([("entities".into(), entities), ("runnersUp".into(), runners_up)].into_iter().collect()))
}

async fn list<T: Serialize>(turns: &mut Turns<'_>, items: &[T]) -> Result<Value> {
    turns.collect(items.iter().map(json)).await?.into_iter().collect()
}

async fn lists<T: Serialize>(turns: &mut Turns<'_>, lists: &[Vec<T>]) -> Result<Value> {
    let mut all = Vec::with_capacity(lists.len());
    for items in lists {
        all.push(list(turns, items).await?);
    }
    Ok(Value::Array(all))
}

fn json(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|error| LukeError::Unsupported(error.to_string()))
}
