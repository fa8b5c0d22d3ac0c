//! The folders that a conversion writes to. It works in temporary folders beside the output, and replaces the output at
//! the end.

use std::path::{Path, PathBuf};

use luke_web::{LukeError, Result};

use crate::folder::{self, io_error};

/// Checks that the output may be replaced. `what` is the checkpoint or the model that is read from `from`.
///
/// # Errors
/// `input` if `output` has no name, if it holds what is read, or if it exists and is neither empty nor a model folder.
pub fn check(what: &str, from: &Path, output: &Path) -> Result<()> {
    let refused = |reason: &str| {
        Err(LukeError::Input { argument: "output".into(), reason: format!("{} {reason}", output.display()) })
    };
    if output.file_name().is_none() {
        return refused("has no name of its own");
    }
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    if from.canonicalize().is_ok_and(|from| from.starts_with(&there)) {
        return refused(&format!("holds the {what}"));
    }
    let empty = std::fs::read_dir(&there).is_ok_and(|mut entries| entries.next().is_none());
    let manifest = folder::json::<serde_json::Value>(&there.join("manifest.json"));
    if empty || manifest.is_ok_and(|manifest| manifest["format"] == "luke-web") {
        Ok(())
    } else {
        refused("is there already and is no model folder")
    }
}

/// A temporary folder. It is removed with its contents when the value goes out of scope.
pub struct Temporary(PathBuf);

impl Temporary {
    /// A temporary folder beside `output`, which does not exist yet. `what` is a part of its name. A folder that an
    /// earlier conversion left there is removed.
    ///
    /// # Errors
    /// `io` if it cannot be removed.
    pub fn beside(output: &Path, what: &str) -> Result<Self> {
        let folder = beside(output, what);
        remove(&folder)?;
        Ok(Self(folder))
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the folder to `output`. A folder with that name is moved away first, and removed at the end.
    ///
    /// # Errors
    /// `io` if a folder cannot be moved. The old folder is then moved back to its place. If that fails too, it stays
    /// where it is, and the message says where.
    pub fn move_to(self, output: &Path) -> Result<()> {
        let broken = |error: std::io::Error| io_error(output, &error);
        let old = Self::beside(output, "old")?;
        let replaces = output.exists();
        if replaces {
            std::fs::rename(output, old.path()).map_err(broken)?;
        }
        let Err(error) = std::fs::rename(&self.0, output) else { return Ok(()) };
        if replaces && std::fs::rename(old.path(), output).is_err() {
            let kept = old.path().display().to_string();
            std::mem::forget(old); // it holds the only copy
            let reason = format!("{error}; the folder that was there is now {kept}");
            return Err(LukeError::Io { file: output.display().to_string(), reason });
        }
        Err(broken(error))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // If this fails, only disk space is lost.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes a folder and its contents, if it exists.
///
/// # Errors
/// `io` if it cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error(folder, &error)),
        _ => Ok(()),
    }
}

/// The path of a temporary folder beside the output. `what` is a part of its name.
pub fn beside(output: &Path, what: &str) -> PathBuf {
    output.with_file_name(format!(".{}.luke-{what}", super::file_name(output)))
}
