//! A checkpoint: headers, which tensors become which, heads, the tokenizer, and a manifest of it all. Nothing is loaded.

use fastrand::Rng;

use crate::checks::check_parts;
use crate::files::edit_checkpoint;
use crate::kind;
use crate::pack::unpack;
use crate::subject::{parts, read_checkpoint};

/// Plans how the checkpoint that `data` packs is loaded.
pub fn run(data: &[u8]) -> String {
    let files = unpack(data);
    let raw = match read_checkpoint(&files) {
        Ok(raw) => raw,
        Err(error) => return kind(&error),
    };
    if let Err(fault) = check_parts(&raw, &files) {
        panic!("{fault}");
    }
    format!("{} parts", parts(&raw).count())
}

/// Changes a checkpoint.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    crate::pack::mutate(data, others, random, edit_checkpoint)
}
