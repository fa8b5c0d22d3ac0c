//! Where a conversion writes: in folders of its own beside the output, which it replaces at the end.

use std::path::{Path, PathBuf};

use luke_web::{LukeError, Result};

use crate::folder::{self, file_error};

/// Refuses an output that is not for us to replace: one that is there and is no model folder, or holds the checkpoint.
///
/// # Errors
/// `input`.
pub fn check(checkpoint: &Path, output: &Path) -> Result<()> {
    let refused = |reason: &str| {
        Err(LukeError::Input { argument: "output".into(), reason: format!("{} {reason}", output.display()) })
    };
    if output.file_name().is_none() {
        return refused("has no name of its own");
    }
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    if checkpoint.canonicalize().is_ok_and(|checkpoint| checkpoint.starts_with(&there)) {
        return refused("holds the checkpoint");
    }
    let empty = std::fs::read_dir(&there).is_ok_and(|mut entries| entries.next().is_none());
    let manifest = folder::json::<serde_json::Value>(&there.join("manifest.json"));
    if empty || manifest.is_ok_and(|manifest| manifest["format"] == "luke-web") {
        Ok(())
    } else {
        refused("is there already and is no model folder")
    }
}

/// A folder for a conversion's work, removed with what is in it when the value goes out of scope.
pub struct Temporary(PathBuf);

impl Temporary {
    /// The empty name beside `output` for `what`. What an earlier conversion left there is removed.
    ///
    /// # Errors
    /// `format` when it cannot be removed.
    pub fn beside(output: &Path, what: &str) -> Result<Self> {
        let folder = beside(output, what);
        remove(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the folder to `output`. A model folder that is there stays until the new one is in its place.
    ///
    /// # Errors
    /// `format` when a folder cannot be moved; the old one is then still in its place.
    pub fn move_to(self, output: &Path) -> Result<()> {
        let broken = |error: std::io::Error| file_error(output, &error);
        let old = Self::beside(output, "old")?;
        let replaces = output.exists();
        if replaces {
            std::fs::rename(output, old.path()).map_err(broken)?;
        }
        std::fs::rename(&self.0, output).map_err(|error| {
            if replaces {
                // The error of the first move is the one to tell.
                let _ = std::fs::rename(old.path(), output);
            }
            broken(error)
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing is lost but disk space where this fails.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes a folder if it is there.
///
/// # Errors
/// `format` when it cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_error(folder, &error)),
        _ => Ok(()),
    }
}

/// A folder beside the output, for what becomes of it.
pub fn beside(output: &Path, what: &str) -> PathBuf {
    output.with_file_name(format!(".{}.luke-{what}", super::file_name(output)))
}
