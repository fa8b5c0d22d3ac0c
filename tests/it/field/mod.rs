//! Faults that people meet with checkpoints, texts and datasets of other programs: each kind with several of its members.

mod files;
mod labels;
mod lines;
mod saved_by_5;
mod special_tokens;
mod stand_ins;
mod text;
mod weights;

use std::path::Path;

use crate::support::luke;

/// The error of a run that is refused.
fn error_of(arguments: &[&str]) -> String {
    let result = luke(arguments);
    assert!(!result.status.success(), "{arguments:?}");
    String::from_utf8(result.stderr).unwrap()
}

/// Removes files as far as they are there.
fn remove(folder: &Path, files: &[&str]) {
    files.iter().for_each(|file| drop(std::fs::remove_file(folder.join(file))));
}
