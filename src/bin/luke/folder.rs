//! Files on disk.

use std::path::Path;

use luke_web::{LukeError, Result};

/// The bytes of a file, or an error that names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| file_error(path, &error))
}

/// A JSON file.
pub fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&read(path)?).map_err(|error| file_error(path, &error))
}

/// Reads small files of a folder by name; nothing where there is no such file.
pub fn lookup(folder: &Path) -> impl Fn(&str) -> Result<Option<Vec<u8>>> + '_ {
    |name| match folder.join(name) {
        path if path.exists() => read(&path).map(Some),
        _ => Ok(None),
    }
}

/// An error about a file.
pub fn file_error(path: &Path, reason: &impl ToString) -> LukeError {
    LukeError::Format { file: path.display().to_string(), reason: reason.to_string() }
}
