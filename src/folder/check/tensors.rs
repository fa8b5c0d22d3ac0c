//! The tensors of a manifest against the shapes that the config and the heads need, and against the files they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{bad, shortened};
use crate::config::LukeConfig;
use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::folder::limits::{MAX_NAME_BYTES, MAX_NAMES_OF_BYTES, MAX_TENSOR_ENTRIES};
use crate::folder::manifest::{EntityTable, Manifest, TensorEntry};
use crate::folder::shapes::{TensorNames, TensorRole, TensorSpec, tensor_specs};

/// A tensor of the model, with the shape that the config needs. Its parts are complete and in row order.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Hugging Face's name.
    pub name: String,
    /// One or two dimensions.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub dtype: DType,
    /// Where its rows are.
    pub parts: Vec<Part>,
}

/// Some rows of a tensor, inside one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The rows of the tensor. Each number of a vector is a row.
    pub rows: Range<usize>,
    /// The index of the chunk.
    pub chunk: usize,
    /// The byte range of these rows in the chunk.
    pub bytes: Range<usize>,
}

impl Tensor {
    /// How many numbers a row has: the product of all dimensions but the first, so 1 for a vector.
    pub fn columns(&self) -> usize {
        columns(&self.shape)
    }
}

/// The names in a manifest.
struct Names<'a>(BTreeSet<&'a str>);

impl TensorNames for Names<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn has_under(&self, prefix: &str) -> bool {
        let start = format!("{prefix}.");
        self.0.range(start.as_str()..).next().is_some_and(|name| name.starts_with(&start))
    }
}

/// The tensors that the model of this manifest takes.
pub(super) fn specs(manifest: &Manifest, config: &LukeConfig) -> Result<Vec<TensorSpec>> {
    if manifest.tensors.len() > MAX_TENSOR_ENTRIES {
        return Err(bad(format!("tensors has {} entries, more than {MAX_TENSOR_ENTRIES}", manifest.tensors.len())));
    }
    if let Some(long) = manifest.tensors.iter().find(|tensor| tensor.name.len() > MAX_NAME_BYTES) {
        return Err(bad(format!("the name of tensor {} is too long", shortened(&long.name))));
    }
    let names = Names(manifest.tensors.iter().map(|tensor| tensor.name.as_str()).collect());
    tensor_specs(config, &manifest.heads, manifest.entity_table.is_some(), &names)
}

/// Each tensor of `specs` from its entries. Every entry must belong to one of them.
pub(super) fn check(manifest: &Manifest, specs: &[TensorSpec]) -> Result<Vec<Tensor>> {
    let mut entries: BTreeMap<&str, Vec<&TensorEntry>> = BTreeMap::new();
    for entry in &manifest.tensors {
        entries.entry(&entry.name).or_default().push(entry);
    }
    let mut tensors = Vec::new();
    for spec in specs {
        let parts = entries.remove(spec.name.as_str()).unwrap_or_default();
        tensors.push(tensor(spec, parts, manifest)?);
    }
    if let Some(unknown) = manifest.tensors.iter().find(|entry| entries.contains_key(entry.name.as_str())) {
        return Err(LukeError::format(&unknown.name, "this tensor is not known to any head of the model"));
    }
    disjoint(manifest)?;
    Ok(tensors)
}

fn tensor(spec: &TensorSpec, mut entries: Vec<&TensorEntry>, manifest: &Manifest) -> Result<Tensor> {
    let bad = |reason: String| Err(LukeError::format(&spec.name, reason));
    let Some(dtype) = entries.first().map(|entry| entry.dtype) else {
        return bad("this tensor is missing".into());
    };
    if dtype.is_quantized() && spec.shape.len() < 2 {
        return bad("this tensor is no matrix, and only matrices are quantized".into());
    }
    let all_rows = spec.shape.first().copied().unwrap_or(1);
    let row_bytes = dtype.row_bytes(columns(&spec.shape)) as u64;
    entries.sort_by_key(|entry| entry.rows);
    let mut parts: Vec<Part> = Vec::with_capacity(entries.len());
    let mut next = 0;
    for entry in entries {
        if entry.shape != spec.shape {
            let shape = shortened(&format!("{:?}", entry.shape.iter().take(4).collect::<Vec<_>>()));
            return bad(format!("this tensor has shape {shape}, the model needs {:?}", spec.shape));
        }
        let [start, end] = entry.rows.unwrap_or([0, all_rows]);
        if start != next || end <= start || end > all_rows || entry.dtype != dtype {
            return bad(format!("the parts of this tensor do not follow each other at row {next}"));
        }
        next = end;
        let expected = (end.abs_diff(start) as u64).checked_mul(row_bytes);
        if expected != Some(entry.bytes as u64) {
            return bad(format!("{} bytes do not fit rows {start} to {end} of shape {:?}", entry.bytes, spec.shape));
        }
        let Some(chunk) = manifest.chunks.get(entry.chunk) else {
            return bad(format!("is in chunk {}, there are {}", entry.chunk, manifest.chunks.len()));
        };
        match entry.offset.checked_add(entry.bytes) {
            Some(end) if end <= chunk.bytes => {
                parts.push(Part { rows: start..next, chunk: entry.chunk, bytes: entry.offset..end });
            }
            _ => return bad(format!("reaches beyond {}", chunk.path)),
        }
    }
    if next != all_rows {
        return bad(format!("this tensor ends at row {next} of {all_rows}"));
    }
    Ok(Tensor { name: spec.name.clone(), shape: spec.shape.clone(), dtype, parts })
}

/// Entries in a chunk are apart, or name the same bytes in the same way.
fn disjoint(manifest: &Manifest) -> Result<()> {
    let mut entries: Vec<&TensorEntry> = manifest.tensors.iter().collect();
    entries.sort_by_key(|entry| (entry.chunk, entry.offset, entry.bytes));
    let mut names = 1usize;
    for (entry, next) in entries.iter().zip(entries.iter().skip(1)) {
        let same = (entry.chunk, entry.offset, entry.bytes) == (next.chunk, next.offset, next.bytes)
            && (entry.dtype, &entry.shape, entry.rows) == (next.dtype, &next.shape, next.rows);
        names = if same { names.saturating_add(1) } else { 1 };
        let apart = entry.chunk != next.chunk || entry.offset.saturating_add(entry.bytes) <= next.offset;
        if !(same || apart) || names > MAX_NAMES_OF_BYTES {
            return Err(bad(format!("tensors {} and {} overlap", entry.name, next.name)));
        }
    }
    Ok(())
}

/// Indices of the chunks as the tensors need them; a chunk that no tensor needs is an error.
pub(super) fn reading_order(manifest: &Manifest, tensors: &[Tensor]) -> Result<Vec<usize>> {
    let mut seen = BTreeSet::new();
    let parts = tensors.iter().flat_map(|tensor| &tensor.parts);
    let order: Vec<usize> = parts.map(|part| part.chunk).filter(|chunk| seen.insert(*chunk)).collect();
    match manifest.chunks.iter().enumerate().find(|(index, _)| !seen.contains(index)) {
        Some((_, unused)) => Err(bad(format!("no tensor is in {}", unused.path))),
        None => Ok(order),
    }
}

/// Refuses a model whose weights take more than `max` bytes of this program's memory. On a GPU layers are elsewhere.
pub(super) fn check_memory(specs: &[TensorSpec], tensors: &[Tensor], max: u64) -> Result<()> {
    let of = |(spec, tensor): (&TensorSpec, &Tensor)| {
        let numbers = numbers(&spec.shape);
        match spec.role {
            TensorRole::Vector => numbers.saturating_mul(4),
            TensorRole::Table => {
                tensor.parts.iter().fold(0u64, |sum, part| sum.saturating_add(part.bytes.len() as u64))
            }
            TensorRole::Layer if cfg!(not(feature = "cpu")) => 0,
            TensorRole::Layer if tensor.dtype.is_quantized() => numbers,
            TensorRole::Layer => numbers.saturating_mul(4),
        }
    };
    let bytes = specs.iter().zip(tensors).map(of).fold(0, u64::saturating_add);
    if bytes > max { Err(LukeError::out_of_memory("for the weights", bytes, 1)) } else { Ok(()) }
}

/// Numbers of the whole model.
pub(super) fn parameters(specs: &[TensorSpec], table: Option<&EntityTable>, config: &LukeConfig) -> u64 {
    let table = table.map_or(0, |table| numbers(&[table.rows, config.entity_emb_size]));
    specs.iter().map(|spec| numbers(&spec.shape)).fold(table, u64::saturating_add)
}

fn numbers(shape: &[usize]) -> u64 {
    shape.iter().fold(1, |product, size| product.saturating_mul(*size as u64))
}

fn columns(shape: &[usize]) -> usize {
    shape.get(1).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{entry, manifest, refused, refused_checkpoint};
    use super::*;
    use crate::folder::CheckedFolder;

    const WORDS: &str = "luke.embeddings.word_embeddings.weight";

    #[test]
    fn tensors_have_the_shapes_of_the_config() {
        let folder = CheckedFolder::parse(&manifest().to_string()).unwrap();
        let words = folder.tensors().iter().find(|tensor| tensor.name == WORDS).unwrap();
        assert_eq!((words.shape.as_slice(), words.columns(), words.parts.len()), (&[12, 8][..], 8, 2));
        refused("this tensor is missing", &|m| m["tensors"].as_array_mut().unwrap().retain(|t| t["name"] != WORDS));
        refused("luke.x: this tensor is not known", &|m| {
            let mut other = entry(m, WORDS).clone();
            other["name"] = json!("luke.x");
            m["tensors"].as_array_mut().unwrap().push(other);
        });
        for shape in [json!([12]), json!([8, 12]), json!([12, 8, 1]), json!([0, 8]), json!([12, 0]), json!([])] {
            refused("needs [12, 8]", &|m| entry(m, WORDS)["shape"] = shape.clone());
        }
        // Products that wrap in 64 bits, or in 32.
        refused("needs [12, 8]", &|m| entry(m, WORDS)["shape"] = json!([1u64 << 61, 8]));
        refused("needs [12, 8]", &|m| entry(m, WORDS)["shape"] = json!(vec![1u64 << 32; 1000]));
        // The config says more rows than there are.
        refused("needs [13, 8]", &|m| m["config"]["vocab_size"] = json!(13));
        refused("name of tensor", &|m| entry(m, WORDS)["name"] = json!("x".repeat(MAX_NAME_BYTES + 1)));
        refused("more than", &|m| {
            let entry = entry(m, WORDS).clone();
            m["tensors"] = json!(vec![entry; MAX_TENSOR_ENTRIES + 1]);
        });
    }

    #[test]
    fn parts_are_complete_and_in_their_chunks() {
        for rows in [json!([0, 0]), json!([1, 10]), json!([0, 9]), json!([0, 13]), json!([10, 0]), json!(null)] {
            refused(WORDS, &|m| entry(m, WORDS)["rows"] = rows.clone());
        }
        refused("ends at row 10 of 12", &|m| {
            let tensors = m["tensors"].as_array_mut().unwrap();
            let second = tensors.iter().rposition(|tensor| tensor["name"] == WORDS).unwrap();
            tensors.remove(second);
            m["chunks"].as_array_mut().unwrap().truncate(1);
        });
        refused("do not follow", &|m| {
            let first = entry(m, WORDS).clone();
            m["tensors"].as_array_mut().unwrap().push(first);
        });
        refused("do not follow", &|m| {
            entry(m, WORDS)["dtype"] = json!("f16");
            entry(m, WORDS)["bytes"] = json!(160);
        });
        refused("bytes do not fit", &|m| entry(m, WORDS)["bytes"] = json!(4));
        refused("bytes do not fit", &|m| entry(m, WORDS)["bytes"] = json!(0));
        refused("there are 2", &|m| entry(m, WORDS)["chunk"] = json!(2));
        refused("reaches beyond", &|m| entry(m, WORDS)["offset"] = json!(100_000));
        refused("reaches beyond", &|m| entry(m, WORDS)["offset"] = json!(usize::MAX));
        refused("only matrices are quantized", &|m| {
            entry(m, "luke.embeddings.LayerNorm.bias")["dtype"] = json!("q8");
        });
        refused("no tensor is in", &|m| {
            let mut chunk = m["chunks"][0].clone();
            chunk["path"] = json!("chunks/unused.bin");
            m["chunks"].as_array_mut().unwrap().push(chunk);
        });
    }

    #[test]
    fn bytes_have_several_names_only_if_they_are_the_same_tensor() {
        let [bias, weight] = ["bias", "weight"].map(|part| format!("luke.embeddings.LayerNorm.{part}"));
        let alias = |m: &mut Value, shift: u64| {
            let from = entry(m, &bias)["offset"].as_u64().unwrap();
            entry(m, &weight)["offset"] = json!(from + shift);
        };
        let mut same = manifest();
        alias(&mut same, 0);
        assert!(CheckedFolder::parse(&same.to_string()).is_ok());
        refused("overlap", &|m| alias(m, 4));
        refused_checkpoint("overlap", &|m| alias(m, 4));
        // A small file cannot name the same bytes for every layer of a large model.
        refused("overlap", &|m| {
            let from = entry(m, &bias)["offset"].clone();
            for tensor in m["tensors"].as_array_mut().unwrap() {
                if tensor["shape"] == json!([8]) {
                    tensor["offset"] = from.clone();
                }
            }
        });
    }

    #[test]
    fn chunks_are_read_in_the_order_of_the_tensors() {
        let mut swapped = manifest();
        for tensor in swapped["tensors"].as_array_mut().unwrap() {
            tensor["chunk"] = json!(1 - tensor["chunk"].as_u64().unwrap());
        }
        swapped["chunks"].as_array_mut().unwrap().reverse();
        let folder = CheckedFolder::parse(&swapped.to_string()).unwrap();
        assert_eq!(folder.reading_order(), [1, 0]);
        assert_eq!(folder.manifest().chunks[1].path, "chunks/0000.bin");
    }

    #[test]
    fn a_model_that_cannot_fit_is_refused_before_it_is_read() {
        let folder = CheckedFolder::parse(&manifest().to_string()).unwrap();
        let specs = specs(folder.manifest(), folder.config()).unwrap();
        assert_eq!(folder.parameters(), specs.iter().map(|spec| numbers(&spec.shape)).sum::<u64>());
        // All of this manifest is f32.
        let bytes = folder.parameters() * 4;
        assert!(check_memory(&specs, folder.tensors(), bytes).is_ok());
        assert_eq!(check_memory(&specs, folder.tensors(), bytes - 1).unwrap_err().code(), "out-of-memory");
    }
}
