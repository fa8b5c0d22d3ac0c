//! Chunks in, checked tensors out by name.

use std::collections::HashSet;

use super::manifest::{DType, Manifest, TensorEntry};
use crate::error::{LukeError, Result};

/// Holds verified chunks until their tensors are taken.
pub struct WeightStore {
    manifest: Manifest,
    chunks: Vec<Option<Vec<u8>>>,
    /// Entries of each chunk not yet taken; a chunk is dropped with its last.
    pending: Vec<usize>,
    taken: HashSet<String>,
}

impl WeightStore {
    /// An empty store for this manifest.
    pub fn new(manifest: Manifest) -> Self {
        let mut pending = vec![0; manifest.chunks.len()];
        manifest.tensors.iter().for_each(|tensor| pending[tensor.chunk] += 1);
        Self { chunks: manifest.chunks.iter().map(|_| None).collect(), pending, manifest, taken: HashSet::new() }
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Adds a chunk after checking its length and hash.
    pub fn push_chunk(&mut self, index: usize, bytes: Vec<u8>) -> Result<()> {
        let Some(chunk) = self.manifest.chunks.get(index) else {
            return Err(LukeError::input("chunk", format!("there is no chunk {index}")));
        };
        chunk.verify(&bytes)?;
        self.chunks[index] = Some(bytes);
        Ok(())
    }

    /// That every chunk is here.
    pub fn check_complete(&self) -> Result<()> {
        match self.chunks.iter().position(Option::is_none) {
            Some(missing) => Err(LukeError::integrity(&self.manifest.chunks[missing].path, "was not loaded")),
            None => Ok(()),
        }
    }

    /// Whether the model has this tensor.
    pub fn has(&self, name: &str) -> bool {
        self.manifest.tensors.iter().any(|tensor| tensor.name == name)
    }

    /// That the model has used every tensor: one it does not know means a checkpoint we would misread.
    pub fn check_all_taken(&self) -> Result<()> {
        match self.manifest.tensors.iter().find(|tensor| !self.taken.contains(&tensor.name)) {
            Some(unknown) => Err(LukeError::format(&unknown.name, "this tensor is not known to any head of the model")),
            None => Ok(()),
        }
    }

    /// Removes a tensor, as f32. `shape` is what the model needs.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let parts = self.parts(name, shape)?;
        let mut values = Vec::with_capacity(parts.iter().map(|part| part.bytes / part.dtype.size()).sum());
        self.read(&parts, |dtype, bytes| dtype.decode(bytes, &mut values))?;
        Ok(values)
    }

    /// Removes a matrix, as stored: for tables of which a call needs few rows.
    pub fn take_table(&mut self, name: &str, shape: [usize; 2]) -> Result<RowTable> {
        let parts = self.parts(name, &shape)?;
        let dtype = parts.first().map_or(DType::F32, |part| part.dtype);
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.bytes).sum());
        self.read(&parts, |_, part| bytes.extend_from_slice(part))?;
        Ok(RowTable { columns: shape[1], dtype, bytes })
    }

    /// The parts of a tensor in row order, checked to make up `shape`.
    fn parts(&self, name: &str, shape: &[usize]) -> Result<Vec<TensorEntry>> {
        let bad = |reason: String| Err(LukeError::format(name, reason));
        let mut parts: Vec<TensorEntry> = self.manifest.tensors.iter().filter(|t| t.name == name).cloned().collect();
        parts.sort_by_key(|part| part.rows.map(|[start, _]| start));
        let Some(first) = parts.first() else {
            return bad("this tensor is missing".into());
        };
        if first.shape != shape {
            return bad(format!("this tensor has shape {:?}, the model needs {shape:?}", first.shape));
        }
        let rows = shape.first().copied().unwrap_or(1);
        let mut next = 0;
        for part in &parts {
            let [start, end] = part.rows.unwrap_or([0, rows]);
            if start != next || part.dtype != first.dtype || part.shape != shape {
                return bad("the parts of this tensor do not follow each other".into());
            }
            next = end;
        }
        match next == rows {
            true => Ok(parts),
            false => bad(format!("this tensor ends at row {next}")),
        }
    }

    /// Shows `to` the bytes of each part, and drops a chunk after its last.
    fn read(&mut self, parts: &[TensorEntry], mut to: impl FnMut(DType, &[u8])) -> Result<()> {
        for part in parts {
            let chunk = self.chunks[part.chunk].as_ref().ok_or_else(|| {
                let reason = format!("is not here, {} is in it", part.name);
                LukeError::integrity(&self.manifest.chunks[part.chunk].path, reason)
            })?;
            to(part.dtype, &chunk[part.offset..part.offset + part.bytes]);
            self.pending[part.chunk] = self.pending[part.chunk].saturating_sub(1);
            if self.pending[part.chunk] == 0 {
                self.chunks[part.chunk] = None;
            }
            self.taken.insert(part.name.clone());
        }
        Ok(())
    }
}

/// A matrix kept as stored on the CPU side, read a row at a time.
pub struct RowTable {
    columns: usize,
    dtype: DType,
    bytes: Vec<u8>,
}

impl RowTable {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bytes.len() / (self.columns * self.dtype.size())
    }

    /// Floats in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Appends row `index` to `out`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn push_row(&self, index: usize, out: &mut Vec<f32>) {
        self.dtype.decode(self.bytes_of(index, index + 1), out);
    }

    /// Adds `factor` times row `index` to `out`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn add_row(&self, index: usize, factor: f32, out: &mut [f32]) {
        let mut row = Vec::with_capacity(self.columns);
        self.push_row(index, &mut row);
        out.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
    }

    /// Rows `start..end` as f32.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn block(&self, start: usize, end: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity((end - start) * self.columns);
        self.dtype.decode(self.bytes_of(start, end), &mut out);
        out
    }

    fn bytes_of(&self, start: usize, end: usize) -> &[u8] {
        let row = self.columns * self.dtype.size();
        &self.bytes[start * row..end * row]
    }
}
