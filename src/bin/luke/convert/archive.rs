//! The authors' `.tar.gz` archives.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use luke_web::Result;

use crate::folder::file_error;

/// A checkpoint's folder, unpacked from an archive where it was one; what was unpacked is removed again.
pub enum Unpacked<'a> {
    Folder(&'a Path),
    Archive(PathBuf),
}

impl<'a> Unpacked<'a> {
    /// Unpacks `checkpoint`, where it is a file, beside `output`.
    pub fn of(checkpoint: &'a Path, output: &Path) -> Result<Self> {
        if !checkpoint.is_file() {
            return Ok(Self::Folder(checkpoint));
        }
        let unpacked = Self::Archive(super::place::beside(output, "unpacked"));
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
    let mut magic = [0; 2];
    file.read_exact(&mut magic)?;
    file.rewind()?;
    let bytes: Box<dyn Read> = match magic {
        [0x1f, 0x8b] => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    std::fs::create_dir_all(folder)?;
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().map(PathBuf::from);
        if let (Some(name), true) = (name, entry.header().entry_type().is_file()) {
            std::io::copy(&mut entry, &mut File::create(folder.join(name))?)?;
        }
    }
    Ok(())
}
