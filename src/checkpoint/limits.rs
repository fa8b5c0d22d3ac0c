//! The largest things that a checkpoint may say. Real checkpoints stay far below.

/// Bytes of a safetensors header. LUKE large has about 70 KB.
pub const MAX_HEADER_BYTES: usize = 16 << 20;

/// Tensors of one file, and of all files of a checkpoint. LUKE large has about 600.
pub const MAX_STORED_TENSORS: usize = 1 << 16;

/// Bytes of a tensor's name.
pub const MAX_NAME_BYTES: usize = crate::folder::limits::MAX_NAME_BYTES;

/// Dimensions of a tensor. Those of LUKE have one or two.
pub const MAX_DIMENSIONS: usize = 8;

/// Files that `model.safetensors.index.json` may name.
pub const MAX_SHARDS: usize = 1 << 10;

/// Bytes of a JSON file that is small in every checkpoint: `config.json`, `luke_web.json`, the index of shards.
pub const MAX_JSON_BYTES: usize = 8 << 20;
