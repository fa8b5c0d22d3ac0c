//! The model folder: what the manifest promises, and the tensors and rows taken from its files. No IO happens
//! here; a [`Source`] brings the bytes.

mod manifest;
mod rows;
mod source;
mod store;

pub use manifest::{
    Chunk, ClozeTokens, DType, EntityTable, FileEntry, Files, HeadSpec, Manifest, NerContext, SelfTest, TensorEntry,
    encode_f16, sha256_hex,
};
pub use rows::{EntityRows, PagedRows, RowTable};
pub use source::{Reading, Source, read_verified};
pub use store::WeightStore;
