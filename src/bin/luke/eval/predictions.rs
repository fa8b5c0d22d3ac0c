//! The predictions file (JSON Lines). The first line says which run the file belongs to. Then comes one line for each
//! example, in the order of the dataset. Each line is written at once, so a run that was stopped continues at the end
//! of the file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use luke_web::Result;
use luke_web::error::json_line_reason;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::bad_line;
use crate::folder::{file_error, io_error, read};

/// The line of one example.
#[derive(Serialize, Deserialize)]
pub struct Line<P> {
    /// The name of the example.
    pub id: String,
    /// The prediction, or the error.
    #[serde(flatten)]
    pub outcome: Outcome<P>,
}

/// The outcome of an example.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<P> {
    /// The model's answer.
    Prediction(P),
    /// Why the model could not take it.
    Error(String),
}

/// A predictions file, open for more lines.
pub struct Predictions {
    path: PathBuf,
    file: File,
}

impl Predictions {
    /// Opens the file, or creates it. Also returns its lines, as far as they are for the first examples of `ids`. A
    /// last line that was written only in part is removed.
    ///
    /// # Errors
    /// `io` if the file cannot be read or written; `format` if it is not a predictions file; if its header is not `header`
    /// (so of another model, dataset, task, device or other options); or if a line is broken or of another example.
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
                serde_json::from_slice(line).map_err(|error| bad_line(path, i + 1, &json_line_reason(&error)))?;
            if line.id != *id {
                return Err(bad_line(path, i + 1, &format!("is of example '{}', expected '{id}'", line.id)));
            }
            known.push(line);
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| io_error(path, &error))?;
        file.set_len(whole as u64).map_err(|error| io_error(path, &error))?;
        let mut predictions = Self { path: path.to_owned(), file };
        if whole == 0 {
            predictions.write(&first)?;
        }
        Ok((predictions, known))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// `io` if the file cannot be written.
    pub fn add<P: Serialize>(&mut self, line: &Line<P>) -> Result<()> {
        let line = serde_json::to_string(line).map_err(|error| file_error(&self.path, &error))?;
        self.write(&format!("{line}\n"))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.file.write_all(text.as_bytes()).map_err(|error| io_error(&self.path, &error))
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
