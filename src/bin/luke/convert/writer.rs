//! Writes the files of a model folder.

use std::ops::Range;
use std::path::{Path, PathBuf};

use luke_web::checkpoint::{Planned, WORD_TABLE};
use luke_web::dtype::{DType, Int8Range};
use luke_web::folder::{Chunk, EntityTable, FileEntry, Manifest, TensorEntry};
use luke_web::{LukeError, Result};

use super::calibrate::Means;
use super::tensors::Tensors;
use crate::folder::{file_error, io_error};

/// Writes one model folder.
pub struct Writer {
    /// The folder.
    pub folder: PathBuf,
    /// How matrices are stored.
    pub dtype: DType,
    /// How the word table is stored, if not as `dtype` says.
    pub word_table: Option<DType>,
    /// The mean input of each linear layer, by its name; see `calibrate.rs`. Empty for no bias correction.
    pub means: Means,
}

impl Writer {
    /// Writes a file. `path` is relative to the folder.
    ///
    /// # Errors
    /// `io` if the file cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<FileEntry> {
        write(&self.folder, path, bytes)?;
        Ok(FileEntry::of(path, bytes))
    }

    /// Writes `manifest.json`.
    ///
    /// # Errors
    /// `io` if the file cannot be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<()> {
        let path = self.folder.join("manifest.json");
        let json = serde_json::to_vec(manifest).map_err(|error| file_error(&path, &error))?;
        self.write("manifest.json", &json).map(drop)
    }

    /// Writes tensors as chunks of at most `max_bytes` bytes, in the order given. Only a row that is longer makes a
    /// longer chunk. A matrix that does not fit into the rest of a chunk is cut by rows if a quarter of a chunk is
    /// free.
    ///
    /// # Errors
    /// `io` if a chunk cannot be written, and those of [`Tensors::rows`].
    pub fn write_tensors(
        &self,
        planned: &[Planned],
        tensors: &Tensors,
        max_bytes: usize,
    ) -> Result<(Vec<Chunk>, Vec<TensorEntry>)> {
        let (mut chunks, mut entries, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let flush = |open: &mut Vec<u8>, chunks: &mut Vec<Chunk>| -> Result<()> {
            chunks.push(self.write(&format!("chunks/{:04}.bin", chunks.len()), open)?);
            open.clear();
            Ok(())
        };
        for tensor in planned {
            let mut shape = tensors.stored[tensor.source].shape.clone();
            if let Some(rows) = shape.first_mut() {
                *rows = tensor.len();
            }
            let dtype = self.dtype_of(&tensor.names, &shape);
            let (rows, mut start) = (tensor.len(), 0);
            let row = dtype.row_bytes(shape.iter().skip(1).product());
            while start < rows {
                if !open.is_empty() && open.len() + row.max(((rows - start) * row).min(max_bytes / 4)) > max_bytes {
                    flush(&mut open, &mut chunks)?;
                }
                let fit = (max_bytes.saturating_sub(open.len()) / row.max(1)).max(1);
                let end = (start + fit).min(rows);
                let mut part = encode(tensors, tensor, start..end, dtype)?;
                self.correct_bias(&mut part, tensor, start..end, planned, tensors)?;
                entries.extend(tensor.names.iter().map(|name| TensorEntry {
                    name: name.clone(),
                    dtype,
                    shape: shape.clone(),
                    rows: (start > 0 || end < rows).then_some([start, end]),
                    chunk: chunks.len(),
                    offset: open.len(),
                    bytes: part.len(),
                }));
                open.extend(part);
                start = end;
            }
        }
        if !open.is_empty() {
            flush(&mut open, &mut chunks)?;
        }
        Ok((chunks, entries))
    }

    /// How a tensor is stored. Vectors stay f32: they are small, and rounding of LayerNorm and biases shows in the
    /// results. Heads stay f32 in a quantized folder, because no later layer evens out their rounding. Tables do not
    /// get four bits, unless the word table is asked for so: the embedding of a word is a single row, so its rounding errors do
    /// not average out.
    fn dtype_of(&self, names: &[String], shape: &[usize]) -> DType {
        match (self.dtype, self.word_table) {
            _ if shape.len() < 2 => DType::F32,
            (_, Some(dtype)) if names.iter().any(|name| name == WORD_TABLE) => dtype,
            (DType::Q8 | DType::Q4, _) if !names.iter().all(|name| quantizable(name)) => DType::F32,
            (DType::Q4, _) if is_table(names) => DType::Q8,
            (dtype, _) => dtype,
        }
    }

    /// Corrects rows of a bias: adds the part of the layer's mean result that is lost when its weight is quantized.
    /// Other tensors stay as they are.
    ///
    /// # Errors
    /// Those of [`Tensors::rows`].
    fn correct_bias(
        &self,
        bias: &mut [u8],
        tensor: &Planned,
        rows: Range<usize>,
        planned: &[Planned],
        tensors: &Tensors,
    ) -> Result<()> {
        let layer = tensor.names.iter().find_map(|name| {
            let layer = name.strip_suffix(".bias")?;
            Some((self.means.get(layer)?, format!("{layer}.weight")))
        });
        let Some((mean, name)) = layer else { return Ok(()) };
        let Some(weight) = planned.iter().find(|tensor| tensor.is(&name)) else { return Ok(()) };
        let exact = encode(tensors, weight, rows.clone(), DType::F32)?;
        let stored = encode(tensors, weight, rows, self.dtype)?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        DType::F32.decode(&exact, mean.len(), &mut before);
        self.dtype.decode(&stored, mean.len(), &mut after);
        let rows = before.chunks_exact(mean.len()).zip(after.chunks_exact(mean.len()));
        for (bytes, (before, after)) in bias.chunks_exact_mut(4).zip(rows) {
            let lost: f64 =
                before.iter().zip(after).zip(mean).map(|((b, a), m)| f64::from(b - a) * f64::from(*m)).sum();
            if let Ok(value) = <[u8; 4]>::try_from(&*bytes) {
                bytes.copy_from_slice(&(f32::from_le_bytes(value) + lost as f32).to_le_bytes());
            }
        }
        Ok(())
    }

    /// Writes a large entity table in chunks of [`EntityTable::ROWS_PER_CHUNK`] rows.
    ///
    /// # Errors
    /// `io` if a chunk cannot be written, and those of [`Tensors::rows`].
    pub fn write_entity_table(&self, table: &Planned, tensors: &Tensors) -> Result<EntityTable> {
        let (rows, rows_per_chunk) = (table.len(), EntityTable::ROWS_PER_CHUNK);
        let columns = tensors.stored[table.source].columns();
        let dtype = self.dtype_of(&table.names, &[rows, columns]);
        let mut chunks = Vec::new();
        for start in (0..rows).step_by(rows_per_chunk) {
            let bytes = encode(tensors, table, start..(start + rows_per_chunk).min(rows), dtype)?;
            chunks.push(self.write(&format!("entities/{:04}.bin", chunks.len()), &bytes)?);
        }
        Ok(EntityTable { rows, row_bytes: dtype.row_bytes(columns), rows_per_chunk, dtype, chunks })
    }
}

/// Writes a file, and makes the folders of its path. `path` is relative to the folder.
///
/// # Errors
/// `io` if the file cannot be written.
pub fn write(folder: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let target = folder.join(path);
    let parent = target.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&target, bytes))
        .map_err(|error| io_error(&target, &error))
}

/// Some rows of a tensor, stored as `dtype`.
///
/// # Errors
/// `format` if a number is not finite, before or after; those of [`Tensors::rows`].
fn encode(tensors: &Tensors, tensor: &Planned, rows: Range<usize>, dtype: DType) -> Result<Vec<u8>> {
    let (stored, first) = (&tensors.stored[tensor.source], rows.start);
    let (from, columns, bytes) = (stored.read_as(), stored.columns(), tensors.rows(tensor, rows)?);
    if let Some(row) = from.not_finite(&bytes, columns) {
        let reason = format!("row {} has a number that is not finite (NaN or infinite)", first + row);
        return Err(LukeError::Format { file: stored.own_name.clone(), reason });
    }
    if from == dtype {
        return Ok(bytes);
    }
    let mut values = Vec::new();
    from.decode(&bytes, columns, &mut values);
    let encoded = dtype.encode(&values, columns, integers(&tensor.names));
    if let Some(row) = dtype.not_finite(&encoded, columns) {
        let reason = format!("row {} has a number that is too large for {dtype:?}", first + row);
        return Err(LukeError::Format { file: stored.own_name.clone(), reason });
    }
    Ok(encoded)
}

/// Whether a matrix may be quantized. Tables, and the layers of the encoder and of the masked language model may.
fn quantizable(name: &str) -> bool {
    ["luke.", "lm_head.", "entity_predictions."]
        .iter()
        .any(|part| name.starts_with(part) || name.contains(&format!(".{part}")))
}

/// Whether the tensor is a table, whose rows are looked up.
fn is_table(names: &[String]) -> bool {
    names.iter().any(|name| name.ends_with("embeddings.weight") || name.ends_with("decoder.weight"))
}

fn integers(names: &[String]) -> Int8Range {
    if is_table(names) { Int8Range::Full } else { Int8Range::SaturationSafe }
}
