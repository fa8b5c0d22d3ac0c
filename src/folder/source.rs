//! Where a model's files come from: a folder, a web server, or memory. Whoever loads a model brings one.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::file::FileEntry;
use crate::error::{LukeError, Result};

/// A future of the bytes of a file.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// A future that succeeds if the bytes are the file's.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// A future that succeeds when the work may go on.
pub type Pausing<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// The most files that [`Source::read`] is told ahead.
pub const MAX_AHEAD: usize = 16;

/// How fast a GPU is, and how much work a model is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// FLOP/s of the GPU.
    pub flops: f64,
    /// From a submit to the report of its completion.
    pub round_trip: Duration,
    /// FLOP of a row (a word or an entity) of the model.
    pub flop_per_row: f64,
    /// Whether the weights are int8, with which the CPU computes faster.
    pub quantized: bool,
}

/// Reads files of one model. One load or call asks for one file at a time; several calls may be under way.
pub trait Source: Send + Sync {
    /// The bytes of a file, or of the part of it that the entry names.
    ///
    /// - `ahead`: the files that will be asked for after this one, in order, as far as that is known, at most [`MAX_AHEAD`]. A
    ///   slow source can fetch them meanwhile.
    /// - `again`: the bytes that were given for this file just before are not the file. A source that keeps copies must bring
    ///   another one.
    /// - `buffer` may be used for the result; its contents are discarded. An implementation may return a different vector.
    ///
    /// # Errors
    /// `network`, or another code that says why there are no bytes. The bytes themselves need no check here:
    /// [`read_verified`] does it.
    fn read<'a>(&'a self, file: &'a FileEntry, ahead: &'a [&'a FileEntry], again: bool, buffer: Vec<u8>)
    -> Reading<'a>;

    /// Checks that `bytes` are the file's, as [`FileEntry::verify`] does. For sources that have a faster SHA-256.
    ///
    /// # Errors
    /// `integrity`.
    fn verify<'a>(&'a self, file: &'a FileEntry, bytes: &'a [u8]) -> Verifying<'a> {
        Box::pin(async move { file.verify(bytes) })
    }

    /// Called by a call between two forward passes, and between other pieces of long work. A host lets other work run here, or
    /// ends the call with an error. The library does not compute for long without a pause: a forward pass, or some hundredths
    /// of a second.
    ///
    /// # Errors
    /// `aborted` to end the call; any other error ends it too.
    fn pause(&self) -> Pausing<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Called by a load on a GPU before the first file is read. A host may end the load here.
    ///
    /// # Errors
    /// Any error ends the load.
    fn measured(&self, _: Measured) -> Result<()> {
        Ok(())
    }
}

/// Reads a file and checks its length and hash. Where they are wrong, the file is read once more: the source may have had an old
/// or a broken copy. `ahead` and `buffer` are for [`Source::read`]; of a longer `ahead`, the first [`MAX_AHEAD`] are used.
///
/// # Errors
/// `integrity` when the bytes are not what the manifest says, twice; what [`Source::read`] fails with.
pub async fn read_verified<'a>(
    source: &dyn Source,
    file: &FileEntry,
    ahead: impl IntoIterator<Item = &'a FileEntry>,
    buffer: Vec<u8>,
) -> Result<Vec<u8>> {
    let ahead: Vec<&FileEntry> = ahead.into_iter().take(MAX_AHEAD).collect();
    let bytes = source.read(file, &ahead, false, buffer).await?;
    match source.verify(file, &bytes).await {
        Err(LukeError::Integrity { .. }) => {}
        verified => return verified.map(|()| bytes),
    }
    let bytes = source.read(file, &ahead, true, bytes).await?;
    source.verify(file, &bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pollster::block_on;

    use super::*;

    /// Gives the bytes of its list one after the other, and writes down how it was asked.
    struct Copies {
        copies: Mutex<Vec<&'static [u8]>>,
        asked: Mutex<Vec<(bool, usize)>>,
    }

    impl Source for Copies {
        fn read<'a>(&'a self, file: &'a FileEntry, ahead: &'a [&'a FileEntry], again: bool, _: Vec<u8>) -> Reading<'a> {
            self.asked.lock().unwrap().push((again, ahead.len()));
            let mut copies = self.copies.lock().unwrap();
            let missing = || LukeError::Network { file: file.path.clone(), reason: "is not there".into() };
            let copy = if copies.is_empty() { Err(missing()) } else { Ok(copies.remove(0).to_vec()) };
            Box::pin(async { copy })
        }
    }

    fn read(copies: &[&'static [u8]], ahead: usize) -> (Result<Vec<u8>>, Vec<(bool, usize)>) {
        let source = Copies { copies: Mutex::new(copies.to_vec()), asked: Mutex::default() };
        let (file, other) = (FileEntry::of("a.bin", b"abc"), FileEntry::of("b.bin", b""));
        let got = block_on(read_verified(&source, &file, std::iter::repeat_n(&other, ahead), Vec::new()));
        (got, source.asked.into_inner().unwrap())
    }

    #[test]
    fn a_bad_copy_is_replaced_once() {
        assert_eq!(read(&[b"abc"], 3), (Ok(b"abc".to_vec()), vec![(false, 3)]));
        for bad in [b"abd".as_slice(), b"", b"abcd"] {
            assert_eq!(read(&[bad, b"abc"], 2), (Ok(b"abc".to_vec()), vec![(false, 2), (true, 2)]));
            let (got, asked) = read(&[bad, bad, b"abc"], 0);
            assert_eq!((got.unwrap_err().code(), asked), ("integrity", vec![(false, 0), (true, 0)]));
        }
        let (got, asked) = read(&[], 0);
        assert_eq!(
            (got.unwrap_err().code(), asked),
            ("network", vec![(false, 0)]),
            "only other bytes are asked for again"
        );
        assert_eq!(read(&[b"?"], 0).0.unwrap_err().code(), "network");
    }

    #[test]
    fn no_more_files_are_told_ahead_than_the_bound() {
        assert_eq!(read(&[b"abc"], 40).1, [(false, MAX_AHEAD)]);
    }
}
