//! Reads JSON datasets. Errors name the record that is wrong.

use std::path::Path;

use luke_web::error::{json_line_reason, json_reason};
use luke_web::{LukeError, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::folder::{file_error, text};
use crate::line::whole_surrogates;

/// The name of a record, which some programs write as a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "an id must be a string or a number")]
pub enum Id {
    /// A string.
    Text(String),
    /// A number, as it is written.
    Number(serde_json::Number),
}

impl Id {
    /// The name as text.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A gold answer of SQuAD or ReCoRD.
#[derive(Deserialize)]
pub struct Text {
    /// The text of the answer. The score does not need its position.
    pub text: String,
}

/// Reads a JSON file. `path` is for errors only.
///
/// # Errors
/// `format` if `bytes` are not JSON of this form. The message has the place in the file, such as
/// `data[0].paragraphs[2]`.
pub fn json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T> {
    let text = whole_surrogates(text(path, bytes)?);
    let mut from = serde_json::Deserializer::from_str(&text);
    let value = serde_path_to_error::deserialize(&mut from)
        .map_err(|error| bad(path, &error.path().to_string(), &json_reason(error.inner())))?;
    from.end().map_err(|error| file_error(path, &json_reason(&error)))?;
    Ok(value)
}

/// Reads JSON Lines. Blank lines are skipped. `path` is for errors only.
///
/// # Errors
/// `format` if a line is not JSON of this form. The message names the line, counted from 1.
pub fn json_lines<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<Vec<T>> {
    let text = whole_surrogates(text(path, bytes)?);
    let lines = text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| serde_json::from_str(line).map_err(|error| bad_line(path, i, &json_line_reason(&error))))
        .collect()
}

/// Makes a `format` error about a record of a file.
pub fn bad(path: &Path, record: &str, reason: &str) -> LukeError {
    match record {
        // The whole file.
        "." => file_error(path, &reason),
        record => file_error(path, &format!("{record}: {reason}")),
    }
}

/// Makes a `format` error about a line. `line` counts from 0; the message counts from 1.
pub fn bad_line(path: &Path, line: usize, reason: &str) -> LukeError {
    LukeError::Format { file: format!("{}:{}", path.display(), line + 1), reason: reason.into() }
}
