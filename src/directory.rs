//! Model folders on disk, for programs that run natively. The only module of the library that opens files.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backend::DeviceKind;
use crate::error::{LukeError, Result};
use crate::file_start;
use crate::folder::{CheckedFolder, FileEntry, Reading, Source};
use crate::luke::Luke;
use crate::memory;

/// People give a checkpoint folder in place of a model folder.
const NO_MANIFEST: &str = "there is no such file. A model folder has one: `luke convert` makes it from a checkpoint";

/// The files of a model folder on disk. As a [`Source`] it blocks the thread while it reads.
pub struct Directory(PathBuf);

impl Directory {
    /// The folder at `path`. Opens no file yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Reads and checks its `manifest.json`.
    ///
    /// # Errors
    /// `io` when the file cannot be read; `format` when it is not UTF-8; `format` and `out-of-memory` as
    /// [`CheckedFolder::parse`].
    pub fn checked(&self) -> Result<CheckedFolder> {
        let path = self.0.join("manifest.json");
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => LukeError::Io { file: path.display().to_string(), reason: NO_MANIFEST.into() },
            _ => file_error(&path, &error),
        })?;
        CheckedFolder::parse(file_start::text(&path.display().to_string(), &bytes)?)
    }
}

impl Source for Directory {
    fn read<'a>(&'a self, file: &'a FileEntry, _: &'a [&'a FileEntry], _: bool, buffer: Vec<u8>) -> Reading<'a> {
        Box::pin(async move { read_part(&self.0.join(&file.path), file, buffer) })
    }
}

/// Loads the model folder at `path`. Runs the manifest's self-test if `self_test` says so.
///
/// # Errors
/// As [`Directory::checked`] and [`Luke::load`]; `io` for a file that cannot be read.
pub async fn load(path: impl Into<PathBuf>, device: DeviceKind, self_test: bool) -> Result<Luke> {
    let directory = Directory::new(path);
    Luke::load(directory.checked()?, Arc::new(directory), device, self_test).await
}

/// The bytes of a file, or of the part of it that the entry names: one more than the entry says where the file is longer.
fn read_part(path: &Path, file: &FileEntry, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
    let broken = |error: Error| file_error(path, &error);
    let mut open = File::open(path).map_err(broken)?;
    open.seek(SeekFrom::Start(file.offset.unwrap_or(0) as u64)).map_err(broken)?;
    let max = if file.offset.is_some() { file.bytes } else { file.bytes.saturating_add(1) };
    let available = open.metadata().map_err(broken)?.len().min(max as u64) as usize;
    buffer.clear();
    memory::reserve(&mut buffer, available, &format!("for {}", file.path))?;
    open.take(max as u64).read_to_end(&mut buffer).map_err(broken)?;
    Ok(buffer)
}

fn file_error(path: &Path, error: &Error) -> LukeError {
    LukeError::io(path.display().to_string(), error)
}
