//! Where a conversion writes: in folders of its own beside the output, which it replaces at the end.

use std::path::{Path, PathBuf};

use luke_web::{LukeError, Result};

use crate::folder;

/// Refuses an output that is not for us to replace: one that is there and is no model folder, or holds the checkpoint.
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
    match empty || manifest.is_ok_and(|manifest| manifest["format"] == "luke-web") {
        true => Ok(()),
        false => refused("is there already and is no model folder"),
    }
}

/// A folder beside the output, for what becomes of it.
pub fn beside(output: &Path, what: &str) -> PathBuf {
    output.with_file_name(format!(".{}.luke-{what}", super::file_name(output)))
}
