//! Tensors by name, read from their chunks when the model asks for them.

use std::collections::{HashMap, HashSet};

use super::RowTable;
use super::check_finite;
use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::folder::{CheckedFolder, Part, Source, Tensor, read_verified};
use crate::memory;

/// Hands out the tensors of a folder. A chunk is read when its first tensor is taken and dropped with its last one, so
/// a model is built while its files come in. Buffers of chunks and of short-lived tables are used again: allocators
/// find no place for the next ones between what stays, and wasm never gives memory back.
pub struct WeightStore<'a> {
    folder: &'a CheckedFolder,
    source: &'a dyn Source,
    tensors: HashMap<&'a str, &'a Tensor>,
    /// The chunks that are in memory, by index.
    chunks: HashMap<usize, Vec<u8>>,
    /// How many parts of each chunk have not been taken.
    pending: HashMap<usize, usize>,
    /// The place of each chunk in the order in which they will be read, as far as the order of the tensors says.
    places: HashMap<usize, usize>,
    taken: HashSet<&'a str>,
    spare_chunk: Vec<u8>,
    /// A buffer for a table that is needed for a moment.
    pub spare_table: Vec<u8>,
}

impl<'a> WeightStore<'a> {
    /// The tensors of `folder`, from `source`.
    pub fn new(folder: &'a CheckedFolder, source: &'a dyn Source) -> Self {
        let mut pending: HashMap<usize, usize> = HashMap::new();
        for part in folder.tensors().iter().flat_map(|tensor| &tensor.parts) {
            let count = pending.entry(part.chunk).or_default();
            *count = count.saturating_add(1);
        }
        Self {
            folder,
            source,
            tensors: folder.tensors().iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
            chunks: HashMap::new(),
            pending,
            places: folder.reading_order().iter().copied().zip(0..).collect(),
            taken: HashSet::new(),
            spare_chunk: Vec::new(),
            spare_table: Vec::new(),
        }
    }

    /// Whether the model has this tensor.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether the model has tensors whose names begin with `name` and a dot.
    pub fn has_under(&self, name: &str) -> bool {
        self.tensors.keys().any(|tensor| tensor.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Checks that the model has taken every tensor: one that it does not use means a checkpoint that we misread.
    ///
    /// # Errors
    /// `format` naming a tensor that was not taken.
    pub fn check_all_taken(&self) -> Result<()> {
        match self.folder.tensors().iter().find(|tensor| !self.taken.contains(tensor.name.as_str())) {
            Some(unknown) => Err(LukeError::format(&unknown.name, "this tensor is not known to any head of the model")),
            None => Ok(()),
        }
    }

    /// Takes a tensor as f32, in row-major order. `shape` is the shape that the model needs.
    ///
    /// # Errors
    /// - `format` if there is no such tensor, if it has another shape, or if one of its numbers is not finite
    /// - `integrity` if its chunk is not what the manifest says
    /// - `out-of-memory`
    /// - those of the source, such as `network`
    pub async fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.tensor(name, shape)?;
        let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size)).unwrap_or(usize::MAX);
        let mut values = memory::with_capacity(count, "for a weight")?;
        for part in &tensor.parts {
            self.read(tensor, part, |bytes| {
                tensor.dtype.decode(bytes, tensor.columns(), &mut values);
                Ok(())
            })
            .await?;
        }
        Ok(values)
    }

    /// Takes a matrix `[rows, columns]` as it is stored, for a table of which a call needs few rows. `shape` is the
    /// shape that the model needs.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn take_table(&mut self, name: &str, shape: [usize; 2]) -> Result<RowTable> {
        let [rows, columns] = shape;
        let mut table = RowTable::new(columns, DType::F32, Vec::new());
        self.take_parts(name, shape, |first, dtype, bytes| table.put(first, dtype, bytes, rows)).await?;
        Ok(table)
    }

    /// Takes a matrix, and calls `visit` with the first row, the storage and the bytes of each of its parts, in row
    /// order.
    ///
    /// # Errors
    /// As [`take`](Self::take), and what `visit` fails with.
    pub async fn take_parts(
        &mut self,
        name: &str,
        shape: [usize; 2],
        mut visit: impl FnMut(usize, DType, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let tensor = self.tensor(name, &shape)?;
        for part in &tensor.parts {
            self.read(tensor, part, |bytes| visit(part.rows.start, tensor.dtype, bytes)).await?;
        }
        Ok(())
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a Tensor> {
        let tensor = *self.tensors.get(name).ok_or_else(|| LukeError::format(name, "this tensor is missing"))?;
        if tensor.shape != shape {
            let reason = format!("this tensor has shape {:?}, the model needs {shape:?}", tensor.shape);
            return Err(LukeError::format(name, reason));
        }
        Ok(tensor)
    }

    /// Calls `visit` with the bytes of a part, whose numbers are all finite. Reads its chunk first where that is not
    /// here.
    async fn read(&mut self, tensor: &'a Tensor, part: &Part, visit: impl FnOnce(&[u8]) -> Result<()>) -> Result<()> {
        let chunk = match self.chunks.remove(&part.chunk) {
            Some(chunk) => chunk,
            None => self.read_chunk(part.chunk).await?,
        };
        let beyond = || LukeError::format(&tensor.name, "reaches beyond its chunk");
        let bytes = chunk.get(part.bytes.clone()).ok_or_else(beyond)?;
        check_finite(&tensor.name, tensor.dtype, bytes, tensor.columns(), part.rows.start)?;
        visit(bytes)?;
        let pending = self.pending.entry(part.chunk).or_default();
        *pending = pending.saturating_sub(1);
        if *pending == 0 {
            self.spare_chunk = chunk;
        } else {
            self.chunks.insert(part.chunk, chunk);
        }
        self.taken.insert(&tensor.name);
        Ok(())
    }

    async fn read_chunk(&mut self, index: usize) -> Result<Vec<u8>> {
        let after = self.places.get(&index).map_or(usize::MAX, |place| place.saturating_add(1));
        let ahead = self.folder.reading_order().iter().skip(after).filter_map(|next| self.folder.chunk(*next).ok());
        let buffer = std::mem::take(&mut self.spare_chunk);
        read_verified(self.source, self.folder.chunk(index)?, ahead, buffer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::{FileEntry, Reading, testing};

    /// The first chunk, of zeros; there are no others.
    struct First;

    impl Source for First {
        fn read<'a>(&'a self, file: &'a FileEntry, _: &'a [&'a FileEntry], _: bool, _: Vec<u8>) -> Reading<'a> {
            let missing = LukeError::Network { file: file.path.clone(), reason: "is not there".into() };
            let bytes = if file.path == "chunks/0000.bin" { Ok(vec![0; file.bytes]) } else { Err(missing) };
            Box::pin(async { bytes })
        }

        fn verify<'a>(&'a self, _: &'a FileEntry, _: &'a [u8]) -> crate::folder::Verifying<'a> {
            Box::pin(async { Ok(()) })
        }
    }

    const WORDS: &str = "luke.embeddings.word_embeddings.weight";

    /// A word table of gigabytes, of which the host has only a few rows. Earlier, memory for all rows was filled with
    /// zeros, or its allocation ended the program, before the second part was read.
    #[test]
    fn a_large_table_of_which_little_comes_is_an_error() {
        let manifest = testing::with_words(1 << 22, 384);
        let folder = CheckedFolder::parse(&manifest.to_string()).unwrap();
        assert!(folder.manifest().chunks.iter().map(|chunk| chunk.bytes as u64).sum::<u64>() > 6 << 30);
        let mut store = WeightStore::new(&folder, &First);
        let error = pollster::block_on(store.take_table(WORDS, [1 << 22, 384])).map(drop).unwrap_err();
        assert!(["network", "out-of-memory"].contains(&error.code()), "{error}");
    }

    #[test]
    fn tensors_have_the_shape_that_is_asked_for_and_all_are_used() {
        let folder = CheckedFolder::parse(&testing::with_words(10, 8).to_string()).unwrap();
        let mut store = WeightStore::new(&folder, &First);
        let error = pollster::block_on(store.take(WORDS, &[8, 10])).unwrap_err();
        assert!(error.code() == "format" && error.to_string().contains("[10, 8]"), "{error}");
        assert!(pollster::block_on(store.take("luke.x", &[1])).unwrap_err().to_string().contains("missing"));
        assert_eq!(pollster::block_on(store.take(WORDS, &[10, 8])).unwrap(), [0.0; 80]);
        assert!(store.check_all_taken().unwrap_err().to_string().contains("not known"));
        for tensor in folder.tensors() {
            pollster::block_on(store.take(&tensor.name, &tensor.shape)).unwrap();
        }
        assert!(store.check_all_taken().is_ok());
    }
}
