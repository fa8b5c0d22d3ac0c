//! Where a model's files come from: a folder, a web server, or memory. Whoever loads a model brings one.

use std::future::Future;
use std::pin::Pin;

use super::file::FileEntry;
use crate::error::Result;

/// A future of the bytes of a file.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// A future that succeeds if the bytes are the file's.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Reads files of one model. Files are asked for one at a time.
pub trait Source: Send + Sync {
    /// The bytes of a file, or of the part of it that the entry names.
    ///
    /// `next` is the file that will be asked for after this one, where that is known: a slow source can fetch it meanwhile.
    /// `buffer` may be used for the result; its contents are discarded. An implementation may return a different vector.
    ///
    /// # Errors
    /// `network`, or another code that says why there are no bytes. The bytes themselves need no check here:
    /// [`read_verified`] does it.
    fn read<'a>(&'a self, file: &'a FileEntry, next: Option<&'a FileEntry>, buffer: Vec<u8>) -> Reading<'a>;

    /// Checks that `bytes` are the file's, as [`FileEntry::verify`] does. For sources that have a faster SHA-256.
    ///
    /// # Errors
    /// `integrity`.
    fn verify<'a>(&'a self, file: &'a FileEntry, bytes: &'a [u8]) -> Verifying<'a> {
        Box::pin(async move { file.verify(bytes) })
    }
}

/// Reads a file and checks its length and hash. `next` and `buffer` are for [`Source::read`].
///
/// # Errors
/// `integrity` when the bytes are not what the manifest says; what [`Source::read`] fails with.
pub async fn read_verified(
    source: &dyn Source,
    file: &FileEntry,
    next: Option<&FileEntry>,
    buffer: Vec<u8>,
) -> Result<Vec<u8>> {
    let bytes = source.read(file, next, buffer).await?;
    source.verify(file, &bytes).await?;
    Ok(bytes)
}
