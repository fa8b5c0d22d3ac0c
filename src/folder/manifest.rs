//! `manifest.json` of a model folder (format `luke-web`, version 1).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::heads::{ClozeTokens, HeadSpec};

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
    /// Where each tensor lies.
    pub tensors: Vec<TensorEntry>,
    /// The entity table, where it is too large to load whole.
    #[serde(default)]
    pub entity_table: Option<EntityTable>,
    /// A fixed input and what it must give.
    #[serde(default)]
    pub self_test: Option<SelfTest>,
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

/// A file, or a part of one, and how to know it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Relative to the folder.
    pub path: String,
    /// Length.
    pub bytes: usize,
    /// Lower-case hexadecimal. A `manifest.json` always has it; a checkpoint read as it is has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where the bytes begin, for a part of a checkpoint's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
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

/// A weight file.
pub type Chunk = FileEntry;

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

impl TensorEntry {
    /// How many numbers there are in this part.
    pub fn numbers(&self) -> usize {
        let all = self.shape.iter().product();
        match (self.rows, self.shape.first()) {
            (Some([start, end]), Some(rows)) => all / (*rows).max(1) * (end - start),
            _ => all,
        }
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

impl Manifest {
    /// Reads and checks the `manifest.json` of a model folder.
    pub fn parse(json: &str) -> Result<Self> {
        let manifest = Self::parse_unhashed(json)?;
        if let Some(file) = manifest.all_files().find(|file| file.sha256.is_none() || file.offset.is_some()) {
            return Err(LukeError::format("manifest.json", format!("{} has no sha256, or an offset", file.path)));
        }
        Ok(manifest)
    }

    /// Reads and checks a manifest that may name parts of files, without hashes: that of a checkpoint read as it is.
    pub fn parse_unhashed(json: &str) -> Result<Self> {
        let bad = |reason: String| LukeError::format("manifest.json", reason);
        let value: Value = serde_json::from_str(json).map_err(|error| bad(format!("is not JSON: {error}")))?;
        if value.get("format").and_then(Value::as_str) != Some("luke-web") {
            return Err(bad("is no luke-web manifest (\"format\" is not \"luke-web\")".into()));
        }
        match value.get("version").and_then(Value::as_u64) {
            Some(1) => {}
            Some(other) => return Err(bad(format!("version {other} is not supported, only 1"))),
            None => return Err(bad("has no version".into())),
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Every file but the manifest itself.
    pub fn all_files(&self) -> impl Iterator<Item = &FileEntry> {
        let rows = self.entity_table.iter().flat_map(|table| &table.chunks);
        [&self.files.tokenizer, &self.files.entity_vocab].into_iter().chain(&self.chunks).chain(rows)
    }

    /// That its parts fit each other.
    pub fn check(&self) -> Result<()> {
        let bad = |reason: String| Err(LukeError::format("manifest.json", reason));
        if let Some(table) = &self.entity_table {
            table.check()?;
        }
        for file in self.all_files() {
            let inside = file.path.split('/').all(|part| !["", ".", ".."].contains(&part));
            if !inside || file.path.contains([':', '\\', '?', '#']) {
                return bad(format!("path '{}' is not inside the folder", file.path));
            }
        }
        for (task, head) in &self.heads {
            if head.max_span_tokens == Some(0) || head.context_tokens.is_some_and(|tokens| tokens < 4) {
                return bad(format!("head '{task}': maxSpanTokens or contextTokens is too small"));
            }
            let words = self.config.get("vocab_size").and_then(Value::as_u64).unwrap_or(0);
            match head.tokens {
                None if task == "cloze" => return bad("head 'cloze' has no tokens".into()),
                Some(ClozeTokens { highlight, placeholder, entity })
                    if [highlight, placeholder, entity].iter().any(|row| u64::from(*row) >= words) =>
                {
                    return bad(format!("head '{task}': tokens are not below vocab_size, {words}"));
                }
                _ => {}
            }
        }
        for t in &self.tensors {
            let Some(chunk) = self.chunks.get(t.chunk) else {
                return bad(format!("tensor {} is in chunk {}, there are {}", t.name, t.chunk, self.chunks.len()));
            };
            if t.offset.checked_add(t.bytes).is_none_or(|end| end > chunk.bytes) {
                return bad(format!("tensor {} reaches beyond {}", t.name, chunk.path));
            }
            let [start, end] = t.rows.unwrap_or([0, t.shape.first().copied().unwrap_or(1)]);
            let row: Option<usize> = t.shape.iter().skip(1).try_fold(1usize, |n, d| n.checked_mul(*d));
            if t.shape.len() < 2 && t.dtype.is_quantised() {
                return bad(format!("tensor {} is no matrix, only matrices are quantised", t.name));
            }
            let rows = end.checked_sub(start);
            let want = rows.zip(row).and_then(|(rows, row)| rows.checked_mul(t.dtype.row_bytes(row)));
            if want != Some(t.bytes) || t.shape.first().is_some_and(|rows| end > *rows) {
                return bad(format!("tensor {}: {} bytes do not fit shape {:?}", t.name, t.bytes, t.shape));
            }
        }
        Ok(())
    }
}

impl EntityTable {
    /// Most rows of a table that is kept as an ordinary tensor.
    pub const RESIDENT_ROWS: usize = 512;
    /// Rows of a chunk, as `luke convert` writes them.
    pub const ROWS_PER_CHUNK: usize = 512;

    /// The rows in a chunk.
    pub fn rows_of(&self, chunk: usize) -> std::ops::Range<usize> {
        let start = chunk * self.rows_per_chunk;
        start..(start + self.rows_per_chunk).min(self.rows)
    }

    fn check(&self) -> Result<()> {
        let bad = |reason: &str| Err(LukeError::format("manifest.json", format!("entityTable: {reason}")));
        if self.rows == 0 || self.rows > 1 << 24 || self.rows_per_chunk == 0 {
            return bad("rows or rowsPerChunk is out of range");
        }
        if self.row_bytes == 0 {
            return bad("rowBytes is 0");
        }
        if self.chunks.len() != self.rows.div_ceil(self.rows_per_chunk) {
            return bad("there are not as many chunks as the rows need");
        }
        let fits = |(i, chunk): (usize, &Chunk)| Some(chunk.bytes) == self.rows_of(i).len().checked_mul(self.row_bytes);
        match self.chunks.iter().enumerate().all(fits) {
            true => Ok(()),
            false => bad("a chunk is not as long as its rows"),
        }
    }
}

impl FileEntry {
    /// An entry for these bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self { path: path.into(), bytes: bytes.len(), sha256: Some(sha256_hex(bytes)), offset: None }
    }

    /// That `bytes` are this file's.
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        self.verify_by(bytes, &self.sha256.as_ref().map(|_| sha256_hex(bytes)).unwrap_or_default())
    }

    /// The same, where somebody else has their SHA-256 in lower-case hexadecimal.
    pub fn verify_by(&self, bytes: &[u8], sha256: &str) -> Result<()> {
        if bytes.len() != self.bytes {
            return Err(LukeError::integrity(
                &self.path,
                format!("{} bytes came, {} expected", bytes.len(), self.bytes),
            ));
        }
        let Some(want) = &self.sha256 else { return Ok(()) };
        match sha256 == want {
            true => Ok(()),
            false => Err(LukeError::integrity(&self.path, format!("sha256 is {sha256}, {want} expected"))),
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
