//! A checkpoint: headers, which tensors become which, heads, the tokenizer, and a manifest of it all. Nothing is loaded.

use fastrand::Rng;

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
    for part in parts(&raw) {
        let length = files[&part.path].len();
        let end = part.offset.unwrap_or(0).checked_add(part.bytes);
        assert!(end.is_some_and(|end| end <= length), "{part:?} is not inside the file, which has {length} bytes");
        assert!(part.bytes > 0, "{part:?} has no bytes");
    }
    format!("{} parts", parts(&raw).count())
}

/// Changes a checkpoint.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    crate::pack::mutate(data, others, random, edit_checkpoint)
}
