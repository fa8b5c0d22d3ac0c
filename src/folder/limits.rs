//! The largest things that a manifest may say. Real models stay far below; what is above is refused before memory or time is
//! spent on it. The limits of the config's numbers are in `config.rs`.

/// Bytes of a `manifest.json`. One of LUKE large with all entities in chunks of 1 MiB has less than 1 MiB.
pub const MAX_MANIFEST_BYTES: usize = 8 << 20;

/// Bytes of one file, or of the part of a file that is read at once. A vector in a 32-bit address space cannot be larger.
pub const MAX_FILE_BYTES: usize = i32::MAX as usize;

/// Bytes of a path.
pub const MAX_PATH_BYTES: usize = 1 << 10;

/// Weight files, and files of the entity table.
pub const MAX_CHUNKS: usize = 1 << 16;

/// Entries of `tensors`. LUKE large has about 600 tensors; a large table is cut into one part for each chunk.
pub const MAX_TENSOR_ENTRIES: usize = 1 << 16;

/// Bytes of the name of a tensor, or of a head that was added.
pub const MAX_NAME_BYTES: usize = 256;

/// Names of one run of bytes. Where a checkpoint has only `query`, it is `w2e_query`, `e2w_query` and `e2e_query` too.
pub const MAX_NAMES_OF_BYTES: usize = 4;

/// Rows in one file of the entity table.
pub const MAX_ROWS_PER_CHUNK: usize = 1 << 16;

/// Bytes of the name, of the license and of the source.
pub const MAX_TEXT_BYTES: usize = 1 << 16;

/// Memory that the weights of one model take: what 32 bits can address in a browser, else 64 GiB.
pub const MAX_MODEL_BYTES: u64 = if cfg!(target_pointer_width = "32") { u32::MAX as u64 } else { 64 << 30 };

/// Heads that were added to a folder. Each is in memory as long as the model.
pub const MAX_TAUGHT_HEADS: usize = 1000;

/// Bytes of the files of these heads. One with 200 labels for a model of 1,024 numbers a state has 3 MB.
pub const MAX_TAUGHT_HEAD_BYTES: usize = 256 << 20;

/// Bytes of the self-test's text.
pub const MAX_SELF_TEST_TEXT: usize = 1 << 16;

/// Spans of the self-test.
pub const MAX_SELF_TEST_SPANS: usize = 256;

/// Values that the self-test compares. `luke convert` writes at most 64.
pub const MAX_SELF_TEST_VALUES: usize = 1 << 16;

/// Tokens that `maxSpanTokens` or `contextTokens` of a head may say: the longest position table.
pub const MAX_HEAD_TOKENS: usize = crate::config::MAX_POSITION_EMBEDDINGS;
