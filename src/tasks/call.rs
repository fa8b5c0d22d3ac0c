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
    pub async fn call(&self, task: &str, input: Value, options: Value) -> Result<Value> {
        match task {
            "ner" => json(self.ner(&NerInput::from_value(input)?, &given(options)?).await?),
            "qa" => json(self.qa(&need(input)?, &given(options)?).await?),
            "typing" => json(self.typing(&need(input)?, &given(options)?).await?),
            "relation" => json(self.relation(&need(input)?, &given(options)?).await?),
            "cloze" => json(self.cloze(&need(input)?, &given(options)?).await?),
            "fillMask" => json(self.fill_mask(&need(input)?, &given(options)?).await?),
            "predictEntities" => json(self.predict_entities(&need(input)?, &given(options)?).await?),
            "embed" => json(self.embed(&need(input)?, &given(options)?).await?),
            other => Err(LukeError::input("task", format!("there is no task '{other}'"))),
        }
    }
}

fn need<T: DeserializeOwned>(input: Value) -> Result<T> {
    required("input", input)
}

fn given<T: DeserializeOwned + Default>(options: Value) -> Result<T> {
    from_value("options", options)
}

fn json(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|error| LukeError::Unsupported(error.to_string()))
}
