//! `manifest.json` of a model folder (format `luke-web`, version 1), as it is written. Nothing in it is to be trusted before
//! [`CheckedFolder`](super::CheckedFolder) has checked it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::{Chunk, FileEntry};
use crate::dtype::DType;
use crate::heads::HeadSpec;

/// The manifest; the field names in JSON are camelCase.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always `"luke-web"`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// The model's name.
    pub name: String,
    /// SPDX expression or a sentence.
    #[serde(default)]
    pub license: String,
    /// Where the weights come from.
    #[serde(default)]
    pub source: String,
    /// The checkpoint's `config.json`, whole.
    pub config: Value,
    /// How most weights are stored.
    pub dtype: DType,
    /// Heads by task name; see [`HeadSpec`].
    pub heads: BTreeMap<String, HeadSpec>,
    /// The other files.
    pub files: Files,
    /// Weight files in order of first use.
    pub chunks: Vec<Chunk>,
    /// Where each tensor is.
    pub tensors: Vec<TensorEntry>,
    /// The entity table, where it is too large to load whole.
    #[serde(default)]
    pub entity_table: Option<EntityTable>,
    /// A fixed input and what it must give.
    #[serde(default)]
    pub self_test: Option<SelfTest>,
    /// Heads that were taught on the model, and then added to its folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taught_heads: Vec<TaughtHeadEntry>,
    /// The SHA-256 of the manifest that the folder had before heads were added to it. Absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// Files beside the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    /// `tokenizer.json` for the `tokenizers` crate.
    pub tokenizer: FileEntry,
    /// Title to row of the entity table: a flat JSON object, or `entity_vocab.bin` where the table is in chunks.
    pub entity_vocab: FileEntry,
}

/// An entity table in files of its own: rows are fetched when a call needs them. Chunk `i` holds the rows from
/// `i * rows_per_chunk` on, row after row.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityTable {
    /// Rows in all.
    pub rows: usize,
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Rows of every chunk but the last.
    pub rows_per_chunk: usize,
    /// How the rows are stored.
    pub dtype: DType,
    /// The files.
    pub chunks: Vec<Chunk>,
}

/// A tensor, or a run of its rows, inside one chunk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TensorEntry {
    /// Hugging Face's name.
    pub name: String,
    /// How it is stored.
    pub dtype: DType,
    /// Shape of the whole tensor.
    pub shape: Vec<usize>,
    /// First and end row of this part, where the tensor is spread over chunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<[usize; 2]>,
    /// Index into `chunks`.
    pub chunk: usize,
    /// Bytes from the chunk's start.
    pub offset: usize,
    /// Length in bytes.
    pub bytes: usize,
}

/// A head that was taught on the model and added to its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaughtHeadEntry {
    /// Its name, by which calls choose it.
    pub name: String,
    /// The name of its task.
    pub task: String,
    /// Its file, as `luke teach` writes it.
    pub file: FileEntry,
}

impl Manifest {
    /// Every file but the manifest itself.
    pub fn all_files(&self) -> impl Iterator<Item = &FileEntry> {
        let rows = self.entity_table.iter().flat_map(|table| &table.chunks);
        let files = [&self.files.tokenizer, &self.files.entity_vocab].into_iter();
        files.chain(self.head_files()).chain(&self.chunks).chain(rows)
    }

    /// The files of the heads that were added.
    pub fn head_files(&self) -> impl Iterator<Item = &FileEntry> {
        self.taught_heads.iter().map(|head| &head.file)
    }

    /// The hash by which heads name this model: that of the manifest before heads were added, so a head fits the folder with and
    /// without them. `own` is the hash of this manifest.
    pub fn base_hash<'a>(&'a self, own: &'a str) -> &'a str {
        self.base.as_deref().unwrap_or(own)
    }
}

impl EntityTable {
    /// The most rows of a table that is kept as an ordinary tensor.
    pub const RESIDENT_ROWS: usize = 512;
    /// Rows of a chunk, as `luke convert` writes them.
    pub const ROWS_PER_CHUNK: usize = 512;

    /// The rows in a chunk.
    pub fn rows_of(&self, chunk: usize) -> Range<usize> {
        let start = chunk.saturating_mul(self.rows_per_chunk);
        start..start.saturating_add(self.rows_per_chunk).min(self.rows)
    }
}

/// Checked after loading: the head's logits for the text and spans must be the expected ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SelfTest {
    /// The text.
    pub text: String,
    /// Spans of it in UTF-16 units.
    pub spans: Vec<[usize; 2]>,
    /// The head to run; a key of `heads`, or `"model"` for the first word's hidden state.
    pub head: String,
    /// The logits, row after row.
    pub expected: Vec<f32>,
    /// Largest allowed difference.
    pub tolerance: f32,
}
