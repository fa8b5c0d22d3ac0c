//! Paths, lengths and hashes of the files that a manifest names.

use std::collections::BTreeMap;

use super::{Kind, bad, shortened};
use crate::config::{LukeConfig, MAX_ENTITY_VOCAB_SIZE};
use crate::error::Result;
use crate::folder::file::FileEntry;
use crate::folder::limits::{MAX_CHUNKS, MAX_FILE_BYTES, MAX_PATH_BYTES, MAX_ROWS_PER_CHUNK};
use crate::folder::manifest::{EntityTable, Manifest};

/// Checks every file, and the entity table's.
pub(super) fn check(manifest: &Manifest, config: &LukeConfig, kind: Kind) -> Result<()> {
    if manifest.chunks.len() > MAX_CHUNKS {
        return Err(bad(format!("has {} chunks, more than {MAX_CHUNKS}", manifest.chunks.len())));
    }
    if let Some(table) = &manifest.entity_table {
        entity_table(table, config)?;
    }
    manifest.all_files().try_for_each(|file| one(file, kind))?;
    disjoint(manifest)
}

fn one(file: &FileEntry, kind: Kind) -> Result<()> {
    if file.path.len() > MAX_PATH_BYTES {
        return Err(bad(format!("path '{}' is longer than {MAX_PATH_BYTES} bytes", shortened(&file.path))));
    }
    let path = &file.path;
    let inside = path.split('/').all(|part| !["", ".", ".."].contains(&part));
    if !inside || path.contains([':', '\\', '?', '#']) || path.chars().any(char::is_control) {
        return Err(bad(format!("path '{}' is not inside the folder", path.escape_debug())));
    }
    if file.bytes == 0 || file.bytes > MAX_FILE_BYTES {
        return Err(bad(format!("{path} has {} bytes, not 1 to {MAX_FILE_BYTES}", file.bytes)));
    }
    if file.offset.is_some_and(|offset| offset.checked_add(file.bytes).is_none()) {
        return Err(bad(format!("{path} begins beyond what can be addressed")));
    }
    match (kind, &file.sha256, file.offset) {
        (Kind::ModelFolder, Some(sha256), None) if is_sha256(sha256) => Ok(()),
        (Kind::ModelFolder, Some(_), None) => {
            Err(bad(format!("the sha256 of {path} is not 64 lower-case hexadecimal digits")))
        }
        (Kind::ModelFolder, ..) => Err(bad(format!("{path} has no sha256, or an offset"))),
        (Kind::Checkpoint, None, _) => Ok(()),
        (Kind::Checkpoint, Some(_), _) => Err(bad(format!("{path} is a part of a checkpoint and has a sha256"))),
    }
}

/// Whether a text is a SHA-256, as manifests have it.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Two entries of one path are the same entry, or parts of the file that do not overlap.
fn disjoint(manifest: &Manifest) -> Result<()> {
    let mut by_place: BTreeMap<(&str, usize), &FileEntry> = BTreeMap::new();
    for file in manifest.all_files() {
        let other = *by_place.entry((&file.path, file.offset.unwrap_or(0))).or_insert(file);
        if other != file {
            return Err(bad(format!("{} is named twice, with different lengths or hashes", file.path)));
        }
    }
    for (file, next) in by_place.values().zip(by_place.values().skip(1)) {
        let end = file.offset.unwrap_or(0).saturating_add(file.bytes);
        if file.path == next.path && end > next.offset.unwrap_or(0) {
            return Err(bad(format!("two parts of {} overlap", file.path)));
        }
    }
    Ok(())
}

fn entity_table(table: &EntityTable, config: &LukeConfig) -> Result<()> {
    let bad = |reason: String| Err(bad(format!("entityTable: {reason}")));
    if table.rows != config.entity_vocab_size || table.rows > MAX_ENTITY_VOCAB_SIZE {
        return bad(format!("rows is {}, config.json says {}", table.rows, config.entity_vocab_size));
    }
    if table.rows_per_chunk == 0 || table.rows_per_chunk > MAX_ROWS_PER_CHUNK {
        return bad(format!("rowsPerChunk is {}, not 1 to {MAX_ROWS_PER_CHUNK}", table.rows_per_chunk));
    }
    let columns = config.entity_emb_size;
    if table.row_bytes != table.dtype.row_bytes(columns) {
        return bad(format!("rowBytes is {}, no row of {columns} numbers", table.row_bytes));
    }
    let chunks = table.rows.div_ceil(table.rows_per_chunk);
    if table.chunks.len() != chunks || chunks > MAX_CHUNKS {
        let max = MAX_CHUNKS.min(chunks);
        return bad(format!("there are {} chunks, {max} expected", table.chunks.len()));
    }
    for (i, chunk) in table.chunks.iter().enumerate() {
        if Some(chunk.bytes) != table.rows_of(i).len().checked_mul(table.row_bytes) {
            return bad(format!("chunk {i} is not as long as its rows"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{checkpoint, manifest, paged, refused, refused_checkpoint, refused_paged};
    use super::*;
    use crate::folder::CheckedFolder;

    #[test]
    fn paths_stay_inside_the_folder() {
        for path in [
            "../a",
            "a/../b",
            "/a",
            "a//b",
            "",
            ".",
            "a/",
            "c:a",
            "a\\b",
            "a?b",
            "a#b",
            "a\nb",
            "a\0b",
            "a\u{85}b",
            &"x".repeat(MAX_PATH_BYTES + 1),
        ] {
            refused("path", &|m| m["chunks"][0]["path"] = json!(path));
            refused("path", &|m| m["files"]["tokenizer"]["path"] = json!(path));
            refused_paged("path", &|m| m["entityTable"]["chunks"][0]["path"] = json!(path));
        }
    }

    #[test]
    fn every_file_has_a_length_and_a_hash() {
        for sha256 in [json!(null), json!(""), json!("0".repeat(63)), json!("0".repeat(65)), json!("A".repeat(64))] {
            refused("sha256", &|m| m["chunks"][0]["sha256"] = sha256.clone());
            refused("sha256", &|m| m["files"]["entityVocab"]["sha256"] = sha256.clone());
        }
        refused("offset", &|m| m["chunks"][0]["offset"] = json!(4));
        for bytes in [json!(0), json!(MAX_FILE_BYTES + 1), json!(u64::MAX)] {
            refused("bytes", &|m| m["chunks"][0]["bytes"] = bytes.clone());
            refused("bytes", &|m| m["files"]["tokenizer"]["bytes"] = bytes.clone());
        }
        refused("must be a whole number of 0 or more, not -1", &|m| m["chunks"][0]["bytes"] = json!(-1));
        refused("more than", &|m| m["chunks"] = json!(vec![m["chunks"][0].clone(); MAX_CHUNKS + 1]));
    }

    #[test]
    fn entries_of_one_path_agree() {
        refused("named twice", &|m| {
            m["files"]["tokenizer"]["path"] = json!("a");
            m["files"]["entityVocab"]["path"] = json!("a");
            m["files"]["entityVocab"]["sha256"] = json!("1".repeat(64));
        });
        let mut same = manifest();
        same["files"]["entityVocab"] = same["files"]["tokenizer"].clone();
        assert!(CheckedFolder::parse(&same.to_string()).is_ok());
    }

    #[test]
    fn parts_of_a_checkpoint_have_no_hash_and_do_not_overlap() {
        let check = |m: Value| CheckedFolder::of_checkpoint(serde_json::from_value(m).unwrap());
        assert!(check(checkpoint()).is_ok());
        assert!(CheckedFolder::parse(&checkpoint().to_string()).is_err(), "a model folder must have hashes");
        refused_checkpoint("sha256", &|m| m["chunks"][0]["sha256"] = json!("0".repeat(64)));
        refused_checkpoint("addressed", &|m| m["chunks"][0]["offset"] = json!(usize::MAX));
        refused_checkpoint("overlap", &|m| {
            let first = m["chunks"][0]["offset"].as_u64().unwrap();
            m["chunks"][1]["offset"] = json!(first + 1);
        });
    }

    #[test]
    fn an_entity_table_fits_the_config_and_its_files() {
        assert!(CheckedFolder::parse(&paged().to_string()).is_ok());
        for (field, values) in [
            ("rows", vec![json!(0), json!(7), json!(1u64 << 40)]),
            ("rowsPerChunk", vec![json!(0), json!(5), json!(MAX_ROWS_PER_CHUNK + 1), json!(u64::MAX)]),
            ("rowBytes", vec![json!(0), json!(15), json!(u64::MAX)]),
            ("dtype", vec![json!("f16"), json!("q8")]),
            ("chunks", vec![json!([])]),
        ] {
            for value in values {
                refused_paged("entityTable", &|m| m["entityTable"][field] = value.clone());
            }
        }
        refused_paged("chunk 1", &|m| m["entityTable"]["chunks"][1]["bytes"] = json!(1));
        refused_paged("entityTable", &|m| m["entityTable"]["chunks"].as_array_mut().unwrap().truncate(1));
        refused_paged("entityTable: there are 65537 chunks", &|m| {
            let rows = MAX_CHUNKS + 1;
            m["config"]["entity_vocab_size"] = json!(rows);
            m["entityTable"]["rows"] = json!(rows);
            m["entityTable"]["rowsPerChunk"] = json!(1);
            let chunk = json!({ "path": "e", "bytes": 16, "sha256": "0".repeat(64) });
            m["entityTable"]["chunks"] = json!(vec![chunk; rows]);
        });
    }
}
