//! The model folder: what its manifest promises, and where its bytes come from. No IO happens here; a [`Source`] brings the bytes.

mod manifest;
mod source;

pub use manifest::{Chunk, EntityTable, FileEntry, Files, Manifest, SelfTest, TensorEntry, hex, sha256_hex};
pub use source::{Reading, Source, Verifying, read_verified};
