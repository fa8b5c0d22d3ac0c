//! Model folders and other files on disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use luke_web::backend::DeviceKind;
use luke_web::folder::limits::MAX_FILE_BYTES;
use luke_web::folder::{CheckedFolder, FileEntry, Reading, Source};
use luke_web::memory;
use luke_web::{Luke, LukeError, Result};

/// The bytes of a file, at most [`MAX_FILE_BYTES`].
///
/// # Errors
/// `format` when the file cannot be read or is longer; the message names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let open = File::open(path).map_err(|error| file_error(path, &error))?;
    open.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| file_error(path, &error))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(file_error(path, &format!("has more than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
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

/// The checked manifest of a model folder.
pub fn checked(folder: &Path) -> Result<CheckedFolder> {
    let path = folder.join("manifest.json");
    CheckedFolder::parse(&String::from_utf8(read(&path)?).map_err(|error| file_error(&path, &error))?)
}

/// Loads a model folder.
pub async fn load(folder: &Path, device: DeviceKind, self_test: bool) -> Result<Luke> {
    Luke::load(checked(folder)?, Arc::new(Folder(folder.to_owned())), device, self_test).await
}

/// The files of a folder.
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn read<'a>(&'a self, file: &'a FileEntry, _next: Option<&'a FileEntry>, buffer: Vec<u8>) -> Reading<'a> {
        Box::pin(async move { read_part(&self.0.join(&file.path), file, buffer) })
    }
}

/// The bytes of a file, or of the part of it that the entry names: one more than the entry says where the file is longer.
fn read_part(path: &Path, file: &FileEntry, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
    let broken = |error: std::io::Error| file_error(path, &error);
    let mut open = File::open(path).map_err(broken)?;
    open.seek(SeekFrom::Start(file.offset.unwrap_or(0) as u64)).map_err(broken)?;
    let max = if file.offset.is_some() { file.bytes } else { file.bytes.saturating_add(1) };
    let available = open.metadata().map_err(broken)?.len().min(max as u64) as usize;
    buffer.clear();
    memory::reserve(&mut buffer, available, &format!("for {}", file.path))?;
    open.take(max as u64).read_to_end(&mut buffer).map_err(broken)?;
    Ok(buffer)
}
