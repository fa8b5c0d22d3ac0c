//! `pytorch_model.bin`: a zip archive with a pickle in it, or a pickle alone, as `luke convert` reads it.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fastrand::Rng;
use luke_web::checkpoint::Planned;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::convert::tensors::Tensors;
use crate::edit::edit_bytes;
use crate::kind;

/// A folder for the file, in memory where the system has such a place.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = root.join(format!("luke-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// Opens the file, and reads each tensor whole.
pub fn run(data: &[u8]) -> String {
    std::fs::write(folder().join("pytorch_model.bin"), data).unwrap();
    let tensors = match Tensors::open(folder()) {
        Ok(tensors) => tensors,
        Err(error) => return kind(&error),
    };
    let mut outcome = format!("{} tensors", tensors.stored.len());
    for (source, stored) in tensors.stored.iter().enumerate().filter(|(_, stored)| stored.dtype.is_ok()) {
        let all = 0..stored.rows();
        let planned = Planned { names: vec![stored.name.clone()], source, rows: vec![all.clone()] };
        match tensors.rows(&planned, all) {
            Ok(bytes) => assert_eq!(bytes.len(), stored.rows() * stored.row_bytes(), "bytes of {stored:?}"),
            Err(error) => outcome = kind(&error),
        }
    }
    outcome
}

/// Pieces of pickles: marks, containers, numbers and texts that promise more than there is, memos, and calls.
const OPCODES: [&[u8]; 16] = [
    b"(",
    b"}",
    b"]",
    b")",
    b"t",
    b"R",
    b"b",
    b"0",
    b"2",
    b"Q",
    b"\x80\x02",
    b"J\xff\xff\xff\x7f",
    b"\x8b\xff\xff\xff\x7f",
    b"X\xff\xff\xff\xff",
    b"j\xff\xff\xff\xff",
    b"\x8a\x08\0\0\0\0\0\0\0\x80",
];

/// Changes the file's bytes, or those of a file in the archive.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    let data = if random.u8(..30) == 0 { others } else { data };
    match read_zip(data) {
        Some(mut entries) if !entries.is_empty() && random.u8(..8) > 0 => {
            // The first is the pickle.
            let place = if random.u8(..4) > 0 { 0 } else { random.usize(..entries.len()) };
            match random.u8(..24) {
                0 => drop(entries.remove(place)),
                1 => entries[place].0 = entries[random.usize(..entries.len())].0.clone() + "0",
                _ => edit_pickle(&mut entries[place].1, random),
            }
            write_zip(&entries, if random.bool() { CompressionMethod::Stored } else { CompressionMethod::Deflated })
        }
        _ => {
            let mut bytes = data.to_vec();
            edit_pickle(&mut bytes, random);
            bytes
        }
    }
}

fn edit_pickle(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..1 + random.u8(..3) {
        if random.u8(..4) > 0 {
            edit_bytes(bytes, crate::edit(random));
        } else {
            let at = random.usize(..=bytes.len());
            let piece = random.choice(OPCODES).unwrap_or_default().repeat(1 + random.usize(..2) * random.usize(..200));
            bytes.splice(at..at, piece);
        }
    }
}

fn read_zip(data: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(data)).ok()?;
    let mut entries = Vec::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).ok()?;
        let mut bytes = Vec::new();
        entry.by_ref().take(1 << 20).read_to_end(&mut bytes).ok()?;
        entries.push((entry.name().ok()?.into_owned(), bytes));
    }
    Some(entries)
}

fn write_zip(entries: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        // A name that is there already is left out.
        if archive.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).is_ok() {
            archive.write_all(bytes).unwrap();
        }
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}
