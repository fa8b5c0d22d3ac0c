//! `luke convert --add-head`: a copy of a model folder with heads that were taught on the model. The other files and the other fields
//! of the manifest stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use luke_web::backend::DeviceKind;
use luke_web::directory::{self, Directory};
use luke_web::folder::{CheckedFolder, FileEntry, TaughtHeadEntry, read_verified};
use luke_web::{LukeError, Result};
use pollster::block_on;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::place;
use super::writer::write;
use crate::folder::{file_error, io_error, read, text};
use crate::heads::read_file;

/// Digits of its SHA-256 that a head's file is named by. A head with other bytes has another name, so no cache confuses the two.
const NAME_DIGITS: usize = 16;

/// A head to add.
struct Given<'a> {
    path: &'a Path,
    entry: TaughtHeadEntry,
    bytes: Vec<u8>,
}

/// Writes the folder, and prints its name, the number of its files, their bytes, and its heads that were taught, as JSON. The result is
/// loaded and tested if `self_test` says so, and only then moved to `output`.
///
/// # Errors
/// - `input` if the output may not be replaced, or if a head was taught on another model, is given twice, or has the name of a head
///   for another task
/// - `io`, `integrity` and `format` if a file cannot be read or written, or is not what the manifest says
/// - else those of [`directory::load`]
pub fn add(model: &Path, output: &Path, files: &[PathBuf], self_test: bool) -> Result<()> {
    place::check("model", model, output)?;
    let directory = Directory::new(model);
    let before = directory.checked()?;
    let given: Vec<Given<'_>> = files.iter().map(|file| Given::read(file, &before)).collect::<Result<_>>()?;
    let (entries, replaced) = with_given(&before.manifest().taught_heads, &given)?;
    let manifest = manifest_with(&model.join("manifest.json"), &entries, before.base_hash())?;
    let after = CheckedFolder::parse(&manifest)?;

    let temporary = place::Temporary::beside(output, "partial")?;
    let of_before: BTreeSet<&str> = before.manifest().all_files().map(|file| file.path.as_str()).collect();
    copy_others(model, output, &of_before, temporary.path())?;
    for file in after.manifest().all_files() {
        let bytes = match given.iter().find(|given| given.entry.file == *file) {
            Some(given) => given.bytes.clone(),
            None => block_on(read_verified(&directory, file, [], Vec::new()))?,
        };
        write(temporary.path(), &file.path, &bytes)?;
    }
    write(temporary.path(), "manifest.json", manifest.as_bytes())?;
    if self_test {
        block_on(directory::load(temporary.path(), DeviceKind::Cpu, true))?;
    }
    temporary.move_to(output)?;
    let manifest = after.manifest();
    let bytes: usize = manifest.all_files().map(|file| file.bytes).sum();
    let names: Vec<&String> = manifest.taught_heads.iter().map(|head| &head.name).collect();
    let files = manifest.all_files().count();
    println!(
        "{}",
        json!({ "name": manifest.name, "files": files, "bytes": bytes, "taughtHeads": names, "replaced": replaced })
    );
    Ok(())
}

impl Given<'_> {
    /// Reads a head, which must have been taught on the model of the folder.
    fn read<'a>(path: &'a Path, folder: &CheckedFolder) -> Result<Given<'a>> {
        let (head, bytes) = read_file(path)?;
        head.check_model(&folder.manifest().name, folder.base_hash(), folder.config())
            .map_err(|error| about(path, &error))?;
        let mut file = FileEntry::of("", &bytes);
        let sha256 = file.sha256.as_deref().unwrap_or_default();
        file.path = format!("heads/{}.bin", &sha256[..NAME_DIGITS]);
        let entry = TaughtHeadEntry { name: head.about.name, task: head.about.task.name().into(), file };
        Ok(Given { path, entry, bytes })
    }

    fn refused(&self, reason: &str) -> LukeError {
        let reason = format!("{}: '{}' {reason}", self.path.display(), self.entry.name);
        LukeError::Input { argument: "--add-head".into(), reason }
    }
}

/// An error about a file that was given.
fn about(path: &Path, error: &LukeError) -> LukeError {
    match error {
        LukeError::Input { reason, .. } => {
            LukeError::Input { argument: "--add-head".into(), reason: format!("{}: {reason}", path.display()) }
        }
        other => other.clone(),
    }
}

/// The heads of a folder with those that are given, and the names of those whose place they take.
fn with_given(before: &[TaughtHeadEntry], given: &[Given<'_>]) -> Result<(Vec<TaughtHeadEntry>, Vec<String>)> {
    let (mut entries, mut replaced, mut names) = (before.to_vec(), Vec::new(), BTreeSet::new());
    for head in given {
        let entry = &head.entry;
        if !names.insert(&entry.name) {
            return Err(head.refused("is the name of two of the heads that are given"));
        }
        match entries.iter_mut().find(|old| old.name == entry.name) {
            Some(old) if old.task != entry.task => {
                let is = format!("is a head for {}, and the model has one of this name for {}", entry.task, old.task);
                return Err(head.refused(&format!("{is}: teach it with another --name")));
            }
            Some(old) => {
                *old = entry.clone();
                replaced.push(entry.name.clone());
            }
            None => entries.push(entry.clone()),
        }
    }
    Ok((entries, replaced))
}

/// The text of a manifest with these heads. All other fields have the values of the file, digit by digit.
fn manifest_with(path: &Path, entries: &[TaughtHeadEntry], base: &str) -> Result<String> {
    let bytes = read(path)?;
    let broken = |error: serde_json::Error| file_error(path, &error);
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text(path, &bytes)?).map_err(broken)?;
    fields.insert("taughtHeads".into(), to_raw_value(entries).map_err(broken)?);
    fields.insert("base".into(), to_raw_value(base).map_err(broken)?);
    serde_json::to_string(&fields).map_err(broken)
}

/// Copies what no manifest names, such as a README and a license. Hidden files stay behind, links to folders, and the output itself.
fn copy_others(folder: &Path, output: &Path, named: &BTreeSet<&str>, to: &Path) -> Result<()> {
    let output = output.canonicalize().ok();
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        let place = folder.join(&inside);
        let broken = |error: std::io::Error| io_error(&place, &error);
        for entry in std::fs::read_dir(&place).map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let path = inside.join(entry.file_name());
            let name = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            if entry.file_name().to_string_lossy().starts_with('.') || named.contains(name.as_str()) {
                continue;
            }
            if entry.file_type().map_err(broken)?.is_dir() {
                if entry.path().canonicalize().ok() != output {
                    open.push(path);
                }
            } else if name != "manifest.json" && entry.path().is_file() {
                let target = to.join(&path);
                std::fs::create_dir_all(target.parent().unwrap_or(to))
                    .and_then(|()| std::fs::copy(entry.path(), &target))
                    .map_err(|error| io_error(&target, &error))?;
            }
        }
    }
    Ok(())
}
