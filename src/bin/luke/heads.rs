//! Heads that were taught, as the command line names them: by a file, or by their name in a model folder.

use std::path::Path;

use luke_web::directory::Directory;
use luke_web::folder::TaughtHeadEntry;
use luke_web::taught::TaughtHead;
use luke_web::{AddedHead, LukeError, Result};

use crate::folder::read;

/// The most names that an error lists.
const MAX_NAMED: usize = 20;

/// What `--head` names: the head of the model folder that is called so, or else a file. So the same command finds the same head in
/// every working folder, and `./recipes` names a file where a head is called `recipes`.
///
/// # Errors
/// - `input` if there is neither, and the folder has heads
/// - `io` if a file cannot be read
/// - `format` and `integrity` as [`Directory::checked`], [`TaughtHead::from_bytes`] and [`AddedHead::read`]
pub fn find(model: &Path, given: &Path) -> Result<TaughtHead> {
    let directory = Directory::new(model);
    let folder = directory.checked()?;
    let heads = &folder.manifest().taught_heads;
    match heads.iter().find(|head| given.to_str() == Some(&head.name)) {
        Some(entry) => Ok(pollster::block_on(AddedHead::read(&folder, entry, &directory, []))?.head),
        None if heads.is_empty() || given.exists() => read_file(given).map(|(head, _)| head),
        None => {
            let reason = format!("{} has no head of this name, and there is no such file", model.display());
            Err(LukeError::Input {
                argument: format!("--head {}", given.display()),
                reason: format!("{reason}; its heads are {}", names(heads)),
            })
        }
    }
}

/// The head in a file, and the bytes of the file.
///
/// # Errors
/// `io` if the file cannot be read; `format` and `integrity` as [`TaughtHead::from_bytes`].
pub fn read_file(path: &Path) -> Result<(TaughtHead, Vec<u8>)> {
    let bytes = read(path)?;
    Ok((TaughtHead::from_bytes(&path.display().to_string(), &bytes)?, bytes))
}

/// The names of heads.
fn names(heads: &[TaughtHeadEntry]) -> String {
    let more = if heads.len() > MAX_NAMED { ", ..." } else { "" };
    let names: Vec<&str> = heads.iter().take(MAX_NAMED).map(|head| head.name.as_str()).collect();
    format!("{}{more}", names.join(", "))
}
