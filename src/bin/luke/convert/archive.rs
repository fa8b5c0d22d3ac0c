//! Unpacks the authors' `.tar.gz` archives.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, Read, Seek};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use luke_web::Result;
use tar::EntryType;

use crate::folder::read_error;

/// The most bytes that an archive may unpack to. mLUKE large unpacks to about 5 GB.
const MAX_UNPACKED_BYTES: u64 = 32 << 30;

/// How many times longer than the archive its files may be together. Weights hardly compress; a decompression bomb
/// reaches 1,000.
const MAX_RATIO: u64 = 100;

/// Bytes that any archive may unpack to, however short it is.
const MIN_UNPACKED_BYTES: u64 = 1 << 20;

/// The most entries of an archive: files, folders, and headers that extend the header of another entry.
const MAX_ENTRIES: usize = 1 << 10;

/// The most bytes of a header that extends the header of another entry.
const MAX_EXTENSION_BYTES: u64 = 1 << 16;

/// The folder of a checkpoint. A folder that was unpacked from an archive is removed when the value goes out of scope.
pub enum Unpacked<'a> {
    Folder(&'a Path),
    Archive(PathBuf),
}

impl<'a> Unpacked<'a> {
    /// Unpacks `checkpoint` into a folder beside `output`, if it is a file. A folder stays as it is.
    ///
    /// # Errors
    /// - `io` if the archive cannot be read, or its files cannot be written
    /// - `format` if it cannot be unpacked, if it is larger than the limits of this file, or if it has a link, a sparse
    ///   file, two files of one name, or a path that leaves its folder
    pub fn of(checkpoint: &'a Path, output: &Path) -> Result<Self> {
        if !checkpoint.is_file() {
            return Ok(Self::Folder(checkpoint));
        }
        let unpacked = Self::Archive(super::place::beside(output, "unpacked"));
        super::place::remove(unpacked.folder())?;
        unpack(checkpoint, unpacked.folder()).map_err(|error| read_error(checkpoint, &error))?;
        Ok(unpacked)
    }

    /// The folder that has the files.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Archive(folder) => folder,
        }
    }
}

impl Drop for Unpacked<'_> {
    fn drop(&mut self) {
        if let Self::Archive(folder) = self {
            // If this fails, only disk space is lost.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Writes the files of an archive into one folder, under their names without folders.
fn unpack(archive: &Path, folder: &Path) -> std::io::Result<()> {
    let mut file = File::open(archive)?;
    let max_bytes = file.metadata()?.len().saturating_mul(MAX_RATIO).clamp(MIN_UNPACKED_BYTES, MAX_UNPACKED_BYTES);
    let mut start = Vec::new();
    (&mut file).take(64).read_to_end(&mut start)?;
    file.rewind()?;
    if let Some(what) = luke_web::file_start::stand_in(&start) {
        return Err(Error::other(format!("is {what}")));
    }
    let bytes: Box<dyn Read> = match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    std::fs::create_dir_all(folder)?;
    let (mut names, mut long_path, mut unpacked) = (BTreeSet::new(), None, 0u64);
    // Raw entries: otherwise the `tar` crate reads every header that extends another one into memory, however long it
    // is.
    for (count, entry) in tar::Archive::new(bytes).entries()?.raw(true).enumerate() {
        let mut entry = entry?;
        if count == MAX_ENTRIES {
            return Err(Error::other(format!("has more than {MAX_ENTRIES} entries")));
        }
        // Entries that are skipped count too, because they are decompressed.
        unpacked = unpacked.saturating_add(entry.size()).saturating_add(512);
        if unpacked > max_bytes {
            return Err(Error::other(format!("unpacks to more than {max_bytes} bytes")));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut path = extension(&mut entry)?;
                path.truncate(path.iter().position(|byte| *byte == 0).unwrap_or(path.len()));
                long_path = Some(path);
            }
            EntryType::XHeader => {
                for record in tar::PaxExtensions::new(&extension(&mut entry)?) {
                    let record = record?;
                    match record.key_bytes() {
                        b"path" => long_path = Some(record.value_bytes().to_vec()),
                        b"size" => return Err(Error::other("has a file of more than 8 GiB")),
                        key if key.starts_with(b"GNU.sparse") => return Err(Error::other("has a sparse file")),
                        _ => {}
                    }
                }
            }
            EntryType::XGlobalHeader => drop(extension(&mut entry)?),
            EntryType::Directory => long_path = None,
            EntryType::Regular => {
                let path = long_path.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                let path = String::from_utf8(path).map_err(|_| Error::other("has a path that is not UTF-8"))?;
                if path.ends_with('/') {
                    continue;
                }
                let name = bare_name(&path)?;
                if !names.insert(name.clone()) {
                    return Err(Error::other(format!("has two files {name:?}")));
                }
                std::io::copy(&mut entry, &mut File::create_new(folder.join(name))?)?;
            }
            other => {
                return Err(Error::other(format!("has an entry of type {other:?}: only files and folders are read")));
            }
        }
    }
    Ok(())
}

/// The bytes of a header that extends the header of another entry.
fn extension(entry: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_EXTENSION_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_EXTENSION_BYTES {
        return Err(Error::other(format!("has a header of more than {MAX_EXTENSION_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The name of a file without its folders, if the path stays inside the folder of the archive.
fn bare_name(path: &str) -> std::io::Result<String> {
    let outside = || Error::other(format!("has path {path:?}, which is not inside its folder"));
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let inside = Path::new(path).components().all(inside) && !path.chars().any(char::is_control);
    let name = Path::new(path).file_name().filter(|_| inside).and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(outside)
}
