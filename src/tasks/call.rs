//! Every task by its name in the API, on arguments, options and results as JSON has them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ner::NerInput;
use super::{from_value, required};
use crate::error::{LukeError, Result};
use crate::luke::Luke;

impl Luke {
    /// Runs a task: `ner`, `qa`, `typing`, `relation`, `cloze`, `fillMask`, `predictEntities` or `embed`.
    ///
    /// # Errors
    /// `input` for another name, and for arguments and options that are not those of the task; else the errors of the task.
    pub async fn call(&self, task: &str, input: Value, options: Value) -> Result<Value> {
        match task {
            "ner" => json(self.ner(&NerInput::from_value(input)?, &optional(options)?).await?),
            "qa" => json(self.qa(&argument(input)?, &optional(options)?).await?),
            "typing" => json(self.typing(&argument(input)?, &optional(options)?).await?),
            "relation" => json(self.relation(&argument(input)?, &optional(options)?).await?),
            "cloze" => json(self.cloze(&argument(input)?, &optional(options)?).await?),
            "fillMask" => json(self.fill_mask(&argument(input)?, &optional(options)?).await?),
            "predictEntities" => json(self.predict_entities(&argument(input)?, &optional(options)?).await?),
            "embed" => json(self.embed(&argument(input)?, &optional(options)?).await?),
            other => Err(LukeError::input("task", format!("there is no task '{other}'"))),
        }
    }
}

fn argument<T: DeserializeOwned>(input: Value) -> Result<T> {
    required("input", input)
}

fn optional<T: DeserializeOwned + Default>(options: Value) -> Result<T> {
    from_value("options", options)
}

fn json(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|error| LukeError::Unsupported(error.to_string()))
}
