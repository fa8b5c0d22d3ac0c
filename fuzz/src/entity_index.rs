//! An index of entity titles, or the JSON that one is made of.

use fastrand::Rng;
use luke_web::text::EntityVocab;

use crate::edit::{edit_bytes, edit_json};
use crate::files::repair_index;
use crate::kind;

/// Rows of the entity table.
const ROWS: usize = 514;

/// Reads the index, and looks titles and rows up in it.
pub fn run(data: &[u8]) -> String {
    let vocab = match EntityVocab::from_bytes(data, ROWS) {
        Ok(vocab) => vocab,
        Err(error) => return kind(&error),
    };
    for row in (0..8).chain([200, 512, 513, 514, u32::MAX]) {
        if let Some(title) = vocab.title(row) {
            assert_eq!(vocab.row(&title), Some(row), "the row of {title:?}");
        }
    }
    for title in ["", "E4", "E51", "E513", "[MASK2]", "\u{10ffff}"] {
        if let Some(row) = vocab.row(title) {
            assert!((row as usize) < ROWS, "{title} is row {row}");
        }
    }
    format!("{} titles", vocab.titles().ilog2())
}

/// Changes JSON as JSON, and the bytes of an index, whose checksum is made right but for one time in eight.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = if random.u8(..30) == 0 { others.to_vec() } else { data.to_vec() };
    if let Ok(mut value) = serde_json::from_slice(&bytes)
        && random.u8(..8) > 0
    {
        edit_json(&mut value, crate::edit(random));
        return value.to_string().into_bytes();
    }
    for _ in 0..1 + random.u8(..3) {
        edit_bytes(&mut bytes, crate::edit(random));
    }
    if random.u8(..8) > 0 {
        repair_index(&mut bytes);
    }
    bytes
}
