//! The model folder: what the manifest promises, and the tensors and rows taken from its files. No IO happens
//! here; a [`Source`] brings the bytes.

mod dtype;
mod manifest;
mod rows;
mod source;
mod store;

pub use dtype::{DType, Integers, encode_q8, split_q8, sums_fit};
pub use manifest::{
    Candidates, Chunk, ClozeTokens, EntityTable, FileEntry, Files, HeadSpec, Manifest, NerContext, SelfTest,
    TensorEntry, hex, sha256_hex,
};
pub use rows::{EntityRows, PagedRows, RowTable, rows_q8};
pub use source::{Reading, Source, Verifying, read_verified};
pub use store::WeightStore;
