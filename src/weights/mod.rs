//! The model folder: what the manifest promises, and the tensors taken from its chunks. No IO happens
//! here; bytes are pushed in.

mod manifest;
mod store;

pub use manifest::{
    Chunk, DType, FileEntry, Files, HeadSpec, Manifest, NerContext, SelfTest, TensorEntry, encode_f16, sha256_hex,
};
pub use store::{RowTable, WeightStore};
