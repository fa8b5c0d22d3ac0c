//! Where a model's files come from: a folder, a web server, or memory. Whoever loads a model brings one.

use std::future::Future;
use std::pin::Pin;

use super::manifest::FileEntry;
use crate::error::Result;

/// The bytes of a file, at some time.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// Reads files of one model. Files are asked for one at a time, in the manifest's order as a rule.
pub trait Source: Send + Sync {
    /// The bytes of a file, or of the part of it that the entry names.
    fn read<'a>(&'a self, file: &'a FileEntry) -> Reading<'a>;
}

/// Reads a file, and refuses bytes that are not what the manifest promised.
pub async fn read_verified(source: &dyn Source, file: &FileEntry) -> Result<Vec<u8>> {
    let bytes = source.read(file).await?;
    file.verify(&bytes)?;
    Ok(bytes)
}
