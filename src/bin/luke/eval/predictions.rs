//! The predictions file (JSON Lines): what it belongs to, then one line an example in the dataset's order. Each line is
//! written as soon as it is known, so a run that was stopped goes on where the file ends.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use luke_web::Result;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::bad_line;
use crate::folder::{file_error, read};

/// One example's line.
#[derive(Serialize, Deserialize)]
pub struct Line<P> {
    /// The example.
    pub id: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome<P>,
}

/// What came of an example.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<P> {
    /// The model's answer.
    Prediction(P),
    /// Why the model could not take it.
    Error(String),
}

/// The file, open for more.
pub struct Predictions {
    path: PathBuf,
    file: File,
}

impl Predictions {
    /// Opens or makes the file and gives the lines that are there, of the examples asked for. A line that was half
    /// written is taken off. A file of another model, dataset, task, device or other options is refused, and so is
    /// one that is no predictions file.
    pub fn open<P: DeserializeOwned>(path: &Path, header: &Value, ids: &[String]) -> Result<(Self, Vec<Line<P>>)> {
        let bytes = if path.exists() { read(path)? } else { Vec::new() };
        let first = format!("{header}\n");
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
        match lines.next() {
            Some(line) => check_header(path, line, header)?,
            None if first.as_bytes().starts_with(&bytes) => {}
            None => return Err(file_error(path, &"is not a predictions file")),
        }
        let mut known = Vec::new();
        for (i, (line, id)) in lines.zip(ids).enumerate() {
            let line: Line<P> =
                serde_json::from_slice(line).map_err(|error| bad_line(path, i + 1, &error.to_string()))?;
            if line.id != *id {
                return Err(bad_line(path, i + 1, &format!("is of example '{}', expected '{id}'", line.id)));
            }
            known.push(line);
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| file_error(path, &error))?;
        file.set_len(whole as u64).map_err(|error| file_error(path, &error))?;
        let mut predictions = Self { path: path.to_owned(), file };
        if whole == 0 {
            predictions.write(&first)?;
        }
        Ok((predictions, known))
    }

    /// Adds a line.
    pub fn add<P: Serialize>(&mut self, line: &Line<P>) -> Result<()> {
        let line = serde_json::to_string(line).map_err(|error| file_error(&self.path, &error))?;
        self.write(&format!("{line}\n"))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.file.write_all(text.as_bytes()).map_err(|error| file_error(&self.path, &error))
    }
}

fn check_header(path: &Path, line: &[u8], header: &Value) -> Result<()> {
    let found: Value = serde_json::from_slice(line).unwrap_or_default();
    for (field, want) in header.as_object().into_iter().flatten() {
        match &found[field] {
            got if got == want => {}
            got if found["format"] == header["format"] => {
                return Err(file_error(path, &format!("was made with another {field}: {got}, this run has {want}")));
            }
            _ => return Err(file_error(path, &"is not a predictions file")),
        }
    }
    Ok(())
}
