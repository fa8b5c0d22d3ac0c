//! Reads files of a folder on disk.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use luke_web::error::json_reason;
use luke_web::folder::limits::MAX_FILE_BYTES;
use luke_web::{LukeError, Result, file_start};

/// The bytes of a file, at most [`MAX_FILE_BYTES`].
///
/// # Errors
/// `io` if the file cannot be read, `format` if it is longer; the message names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_from(path, File::open(path).map_err(|error| io_error(path, &error))?)
}

/// As [`read`], from what was opened. `path` is for errors.
///
/// # Errors
/// As [`read`].
pub fn read_from(path: &Path, open: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| io_error(path, &error))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(file_error(path, &format!("has more than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The bytes of a file as text, without a byte order mark.
///
/// # Errors
/// `format` if they are not UTF-8, with the line, or if they stand in for the file.
pub fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    file_start::text(&path.display().to_string(), bytes)
}

/// Reads a JSON file.
///
/// # Errors
/// `io` if the file cannot be read, `format` if it has more than [`MAX_FILE_BYTES`] bytes or is not JSON of this form.
pub fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = read(path)?;
    serde_json::from_slice(file_start::check(&path.display().to_string(), &bytes)?)
        .map_err(|error| file_error(path, &json_reason(&error)))
}

/// Returns a function that reads files of `folder` by name. It gives `None` if there is no such file, and the errors of
/// [`read`].
pub fn lookup(folder: &Path) -> impl Fn(&str) -> Result<Option<Vec<u8>>> + '_ {
    |name| match folder.join(name) {
        path if path.exists() => read(&path).map(Some),
        _ => Ok(None),
    }
}

/// Makes an `io` error about a file or a folder.
pub fn io_error(path: &Path, error: &std::io::Error) -> LukeError {
    LukeError::io(path.display().to_string(), error)
}

/// The error of a program that reads a file: `io` where the system said it, else `format`, as the file is not of its form.
pub fn read_error(path: &Path, error: &std::io::Error) -> LukeError {
    match error.kind() {
        _ if error.raw_os_error().is_some() => io_error(path, error),
        // "failed to fill whole buffer"
        std::io::ErrorKind::UnexpectedEof if error.get_ref().is_none() => file_error(path, &"is cut short"),
        _ => file_error(path, error),
    }
}

/// Makes a `format` error about a file.
pub fn file_error(path: &Path, reason: &impl ToString) -> LukeError {
    LukeError::Format { file: path.display().to_string(), reason: reason.to_string() }
}
