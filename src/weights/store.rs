//! Tensors by name, read from their chunks when the model asks for them.

use std::collections::{HashMap, HashSet};

use super::rows::RowTable;
use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::folder::{Manifest, Source, TensorEntry, read_verified};

/// Hands out the tensors of a manifest. A chunk is read when its first tensor is taken and let go with its last, so a model is
/// built while its files come in. The memory of chunks and of tables that were needed for a moment is used again: between what
/// stays, allocators find no place for the next ones, and wasm never gives memory back.
pub struct WeightStore<'a> {
    manifest: &'a Manifest,
    source: &'a dyn Source,
    /// The parts of each tensor in row order.
    tensors: HashMap<&'a str, Vec<&'a TensorEntry>>,
    chunks: Vec<Option<Vec<u8>>>,
    /// Entries of each chunk not yet taken.
    pending: Vec<usize>,
    taken: HashSet<String>,
    spare_chunk: Vec<u8>,
    /// Memory for a table that is needed for a moment.
    pub spare_table: Vec<u8>,
}

impl<'a> WeightStore<'a> {
    /// The tensors of `manifest`, from `source`.
    pub fn new(manifest: &'a Manifest, source: &'a dyn Source) -> Self {
        let mut pending = vec![0; manifest.chunks.len()];
        let mut tensors: HashMap<&str, Vec<&TensorEntry>> = HashMap::new();
        for tensor in &manifest.tensors {
            pending[tensor.chunk] += 1;
            tensors.entry(&tensor.name).or_default().push(tensor);
        }
        tensors.values_mut().for_each(|parts| parts.sort_by_key(|part| part.rows.map(|[start, _]| start)));
        Self {
            tensors,
            chunks: manifest.chunks.iter().map(|_| None).collect(),
            pending,
            manifest,
            source,
            taken: HashSet::new(),
            spare_chunk: Vec::new(),
            spare_table: Vec::new(),
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> &'a Manifest {
        self.manifest
    }

    /// Whether the model has this tensor.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether the model has tensors under this name.
    pub fn has_under(&self, name: &str) -> bool {
        self.tensors.keys().any(|tensor| tensor.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// That the model has used every tensor: one it does not know means a checkpoint we would misread.
    pub fn check_all_taken(&self) -> Result<()> {
        match self.manifest.tensors.iter().find(|tensor| !self.taken.contains(&tensor.name)) {
            Some(unknown) => Err(LukeError::format(&unknown.name, "this tensor is not known to any head of the model")),
            None => Ok(()),
        }
    }

    /// Removes a tensor, as f32. `shape` is what the model needs.
    pub async fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let parts = self.parts(name, shape)?;
        let columns = shape.iter().skip(1).product();
        let mut values = Vec::with_capacity(shape.iter().product());
        for part in parts {
            self.read(part, |bytes| part.dtype.decode(bytes, columns, &mut values)).await?;
        }
        Ok(values)
    }

    /// Removes a matrix, as stored: for tables of which a call needs few rows.
    pub async fn take_table(&mut self, name: &str, shape: [usize; 2]) -> Result<RowTable> {
        let mut table = RowTable::new(shape[1], DType::F32, Vec::new());
        self.take_parts(name, shape, |first, dtype, bytes| table.put(first, dtype, bytes, shape[0])).await?;
        Ok(table)
    }

    /// Removes a matrix, and shows `to` the first row and the bytes of its parts.
    pub async fn take_parts(
        &mut self,
        name: &str,
        shape: [usize; 2],
        mut to: impl FnMut(usize, DType, &[u8]),
    ) -> Result<()> {
        for part in self.parts(name, &shape)? {
            self.read(part, |bytes| to(part.rows.map_or(0, |[first, _]| first), part.dtype, bytes)).await?;
        }
        Ok(())
    }

    /// The parts of a tensor in row order, checked to make up `shape`.
    fn parts(&self, name: &str, shape: &[usize]) -> Result<Vec<&'a TensorEntry>> {
        let bad = |reason: String| Err(LukeError::format(name, reason));
        let parts = self.tensors.get(name).map(Vec::as_slice).unwrap_or_default();
        let Some(first) = parts.first() else {
            return bad("this tensor is missing".into());
        };
        if first.shape != shape {
            return bad(format!("this tensor has shape {:?}, the model needs {shape:?}", first.shape));
        }
        let rows = shape.first().copied().unwrap_or(1);
        let mut next = 0;
        for part in parts {
            let [start, end] = part.rows.unwrap_or([0, rows]);
            if start != next || part.dtype != first.dtype || part.shape != shape {
                return bad("the parts of this tensor do not follow each other".into());
            }
            next = end;
        }
        match next == rows {
            true => Ok(parts.to_vec()),
            false => bad(format!("this tensor ends at row {next}")),
        }
    }

    /// Shows `to` the bytes of a part, reading its chunk first where it is not here.
    async fn read(&mut self, part: &TensorEntry, to: impl FnOnce(&[u8])) -> Result<()> {
        let chunk = match self.chunks[part.chunk].take() {
            Some(chunk) => chunk,
            None => {
                let room = std::mem::take(&mut self.spare_chunk);
                read_verified(self.source, &self.manifest.chunks[part.chunk], room).await?
            }
        };
        to(&chunk[part.offset..part.offset + part.bytes]);
        self.pending[part.chunk] = self.pending[part.chunk].saturating_sub(1);
        match self.pending[part.chunk] {
            0 => self.spare_chunk = chunk,
            _ => self.chunks[part.chunk] = Some(chunk),
        }
        self.taken.insert(part.name.clone());
        Ok(())
    }
}
