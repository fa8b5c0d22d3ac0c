//! Writes the files of a model folder.

use std::path::PathBuf;

use luke_web::Result;
use luke_web::checkpoint::Planned;
use luke_web::weights::{Chunk, DType, EntityTable, FileEntry, Manifest, TensorEntry, encode_f16};

use super::tensors::Tensors;
use crate::folder::file_error;

/// A model folder in the making.
pub struct Writer {
    /// Where.
    pub folder: PathBuf,
    /// How matrices are stored.
    pub dtype: DType,
}

impl Writer {
    /// Writes a file.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<FileEntry> {
        let target = self.folder.join(path);
        let parent = target.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&target, bytes))
            .map_err(|error| file_error(&target, &error))?;
        Ok(FileEntry::of(path, bytes))
    }

    /// Writes `manifest.json`.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<()> {
        let path = self.folder.join("manifest.json");
        let json = serde_json::to_vec(manifest).map_err(|error| file_error(&path, &error))?;
        self.write("manifest.json", &json).map(drop)
    }

    /// Writes tensors as chunks of at most `most` bytes, in the order given. A matrix is cut by rows where the rest of a
    /// chunk is worth filling.
    pub fn write_tensors(
        &self,
        planned: &[Planned],
        tensors: &Tensors,
        most: usize,
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
            // Vectors stay f32: they are small, and LayerNorm and biases are where rounding shows.
            let dtype = if shape.len() > 1 { self.dtype } else { DType::F32 };
            let (rows, mut start) = (tensor.len(), 0);
            let row = shape.iter().skip(1).product::<usize>() * dtype.size();
            while start < rows {
                if !open.is_empty() && open.len() + row.max(((rows - start) * row).min(most / 4)) > most {
                    flush(&mut open, &mut chunks)?;
                }
                let fit = (most.saturating_sub(open.len()) / row.max(1)).max(1);
                let end = (start + fit).min(rows);
                let part = encode(tensors, tensor, start..end, dtype)?;
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

    /// Writes a large entity table in chunks of a fixed number of rows.
    pub fn write_entity_table(&self, table: &Planned, tensors: &Tensors) -> Result<EntityTable> {
        let (rows, rows_per_chunk) = (table.len(), EntityTable::ROWS_PER_CHUNK);
        let columns: usize = tensors.stored[table.source].shape.iter().skip(1).product();
        let mut chunks = Vec::new();
        for start in (0..rows).step_by(rows_per_chunk) {
            let bytes = encode(tensors, table, start..(start + rows_per_chunk).min(rows), self.dtype)?;
            chunks.push(self.write(&format!("entities/{:04}.bin", chunks.len()), &bytes)?);
        }
        Ok(EntityTable { rows, row_bytes: columns * self.dtype.size(), rows_per_chunk, dtype: self.dtype, chunks })
    }
}

/// Some rows of a tensor in another type.
fn encode(tensors: &Tensors, tensor: &Planned, rows: std::ops::Range<usize>, dtype: DType) -> Result<Vec<u8>> {
    let (from, bytes) = (tensors.stored[tensor.source].dtype, tensors.rows(tensor, rows)?);
    if from == dtype {
        return Ok(bytes);
    }
    let mut values = Vec::with_capacity(bytes.len() / from.size());
    from.decode(&bytes, &mut values);
    Ok(match dtype {
        DType::F16 => encode_f16(&values),
        _ => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    })
}
