//! Where a model's files come from: a folder, a web server, or memory. Whoever loads a model brings one.

use std::future::Future;
use std::pin::Pin;

use super::manifest::FileEntry;
use crate::error::Result;

/// The bytes of a file, at some time.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// That bytes are a file's, at some time.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Reads files of one model. Files are asked for one at a time, in the manifest's order as a rule.
pub trait Source: Send + Sync {
    /// The bytes of a file, or of the part of it that the entry names. `room` is memory to put them in, in place of what it
    /// holds; a source that has them anyhow may give others.
    fn read<'a>(&'a self, file: &'a FileEntry, room: Vec<u8>) -> Reading<'a>;

    /// That `bytes` are the file's. For sources that have a faster SHA-256 than ours.
    fn verify<'a>(&'a self, file: &'a FileEntry, bytes: &'a [u8]) -> Verifying<'a> {
        Box::pin(async move { file.verify(bytes) })
    }
}

/// Reads a file, into `room` where the source likes to, and refuses bytes that are not what the manifest promised.
pub async fn read_verified(source: &dyn Source, file: &FileEntry, room: Vec<u8>) -> Result<Vec<u8>> {
    let bytes = source.read(file, room).await?;
    source.verify(file, &bytes).await?;
    Ok(bytes)
}
