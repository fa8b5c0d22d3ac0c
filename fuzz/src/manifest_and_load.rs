//! A model folder: its manifest is checked; where it holds, the model is loaded, tests itself, and runs each task.

use fastrand::Rng;

use crate::checks::check_load;
use crate::files::edit_folder;
use crate::kind;
use crate::pack::unpack;
use crate::subject::{check_manifest, load_folder};

/// Loads the folder that `data` packs.
pub fn run(data: &[u8]) -> String {
    let files = unpack(data);
    let manifest = files.get("manifest.json").map(Vec::as_slice).unwrap_or_default();
    if let Err(error) = check_manifest(manifest) {
        return kind(&error);
    }
    let loaded = load_folder(files);
    let outcome = loaded.as_ref().err().map_or("loaded".into(), kind);
    if let Err(fault) = check_load(loaded, 16) {
        panic!("{fault}");
    }
    outcome
}

/// Changes a folder.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    crate::pack::mutate(data, others, random, edit_folder)
}
