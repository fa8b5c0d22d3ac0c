//! The authors' `.tar.gz` archives.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, Read, Seek};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use luke_web::Result;
use tar::EntryType;

use crate::folder::file_error;

/// Bytes of an archive when it is unpacked. mLUKE large has about 5 GB.
const MAX_UNPACKED_BYTES: u64 = 32 << 30;

/// How many times longer than the archive its files may be. Weights hardly compress; a decompression bomb reaches 1,000.
const MAX_RATIO: u64 = 100;

/// Bytes that any archive may unpack to, however short it is.
const MIN_UNPACKED_BYTES: u64 = 1 << 20;

/// Files and folders of an archive, and headers that extend those of others.
const MAX_ENTRIES: usize = 1 << 10;

/// Bytes of a header that extends another.
const MAX_EXTENSION_BYTES: u64 = 1 << 16;

/// A checkpoint's folder, unpacked from an archive where it was one; what was unpacked is removed again.
pub enum Unpacked<'a> {
    Folder(&'a Path),
    Archive(PathBuf),
}

impl<'a> Unpacked<'a> {
    /// Unpacks `checkpoint`, where it is a file, beside `output`.
    ///
    /// # Errors
    /// `format` when the archive is broken, larger than the limits, or has a link, a sparse file, two files of one name or a path
    /// that leaves the archive's folder.
    pub fn of(checkpoint: &'a Path, output: &Path) -> Result<Self> {
        if !checkpoint.is_file() {
            return Ok(Self::Folder(checkpoint));
        }
        let unpacked = Self::Archive(super::place::beside(output, "unpacked"));
        super::place::remove(unpacked.folder())?;
        unpack(checkpoint, unpacked.folder()).map_err(|error| file_error(checkpoint, &error))?;
        Ok(unpacked)
    }

    /// Where the files are.
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
            // Nothing is lost but disk space where this fails.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Puts the archive's files into one folder, under their bare names.
fn unpack(archive: &Path, folder: &Path) -> std::io::Result<()> {
    let mut file = File::open(archive)?;
    let max_bytes = file.metadata()?.len().saturating_mul(MAX_RATIO).clamp(MIN_UNPACKED_BYTES, MAX_UNPACKED_BYTES);
    let mut magic = [0; 2];
    file.read_exact(&mut magic)?;
    file.rewind()?;
    let bytes: Box<dyn Read> = match magic {
        [0x1f, 0x8b] => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    std::fs::create_dir_all(folder)?;
    let (mut names, mut long_path, mut unpacked) = (BTreeSet::new(), None, 0u64);
    // Raw entries: the `tar` crate would read a header that extends another into memory, whatever its length.
    for (count, entry) in tar::Archive::new(bytes).entries()?.raw(true).enumerate() {
        let mut entry = entry?;
        if count == MAX_ENTRIES {
            return Err(Error::other(format!("has more than {MAX_ENTRIES} entries")));
        }
        // What is skipped is decompressed too.
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

/// The bytes of a header that extends another.
fn extension(entry: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_EXTENSION_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_EXTENSION_BYTES {
        return Err(Error::other(format!("has a header of more than {MAX_EXTENSION_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The file's name, if its path stays inside the archive's folder.
fn bare_name(path: &str) -> std::io::Result<String> {
    let outside = || Error::other(format!("has path {path:?}, which is not inside its folder"));
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let inside = Path::new(path).components().all(inside) && !path.chars().any(char::is_control);
    let name = Path::new(path).file_name().filter(|_| inside).and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(outside)
}
