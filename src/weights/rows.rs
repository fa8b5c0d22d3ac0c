//! Tables of which a call needs few rows: kept as stored on the CPU side, or left where they are and fetched by row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use crate::dtype::{DType, Integers, encode_q8, split_q8, sums_fit};
use crate::error::{LukeError, Result};
use crate::folder::{EntityTable, Source, read_verified};

/// A matrix kept as stored on the CPU side, read a row at a time.
pub struct RowTable {
    columns: usize,
    dtype: DType,
    bytes: Vec<u8>,
}

impl RowTable {
    /// Rows of `columns` numbers, one after the other.
    pub fn new(columns: usize, dtype: DType, bytes: Vec<u8>) -> Self {
        Self { columns, dtype, bytes }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bytes.len() / self.row_bytes()
    }

    /// How the rows are stored.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Each row as it is stored.
    pub fn stored_rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.row_bytes())
    }

    /// Each row as the [`DType::Q8`] of a layer; see [`rows_q8`].
    pub fn rows_q8(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        rows_q8(self.dtype, self.columns, &self.bytes)
    }

    /// Puts rows from `first` on in their place as they are stored, or as f32 where others are stored in another way. The table
    /// has `rows` in all, zeros where nothing was put.
    pub fn put(&mut self, first: usize, dtype: DType, bytes: &[u8], rows: usize) {
        if self.bytes.is_empty() {
            self.dtype = dtype;
            let size = rows * self.row_bytes();
            self.bytes.reserve_exact(size);
            self.bytes.resize(size, 0);
        }
        if self.dtype == dtype {
            let start = first * self.row_bytes();
            self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
            return;
        }
        let (mut values, mut own) = (self.block(0..rows), Vec::new());
        dtype.decode(bytes, self.columns, &mut own);
        values[first * self.columns..][..own.len()].copy_from_slice(&own);
        *self = Self::new(self.columns, DType::F32, DType::F32.encode(&values, self.columns, Integers::All));
    }

    /// The memory of the rows, without rows.
    pub fn into_room(mut self) -> Vec<u8> {
        self.bytes.clear();
        self.bytes
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
        self.dtype.decode(self.bytes_of(index..index + 1), self.columns, out);
    }

    /// Adds row `index` to `out`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn add_row(&self, index: usize, out: &mut [f32]) {
        let mut sums = out.iter_mut();
        self.dtype.for_each(self.bytes_of(index..index + 1), self.columns, |value| {
            if let Some(sum) = sums.next() {
                *sum += value;
            }
        });
    }

    /// Some rows as f32.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn block(&self, rows: Range<usize>) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len() * self.columns);
        self.dtype.decode(self.bytes_of(rows), self.columns, &mut out);
        out
    }

    fn bytes_of(&self, rows: Range<usize>) -> &[u8] {
        let row = self.row_bytes();
        &self.bytes[rows.start * row..rows.end * row]
    }

    fn row_bytes(&self) -> usize {
        self.dtype.row_bytes(self.columns).max(1)
    }
}

/// Rows of `columns` numbers as the [`DType::Q8`] of a layer: each as it is stored where it is such a row, else quantised.
pub fn rows_q8(dtype: DType, columns: usize, bytes: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    bytes.chunks_exact(dtype.row_bytes(columns).max(1)).map(move |row| {
        if dtype == DType::Q8 && sums_fit(split_q8(row).0) {
            return Cow::Borrowed(row);
        }
        let mut numbers = Vec::with_capacity(columns);
        dtype.decode(row, columns, &mut numbers);
        Cow::Owned(encode_q8(&numbers, Integers::Summable))
    })
}

/// The entity table: whole in memory, or in chunks that are fetched when a row of them is needed.
pub enum EntityRows {
    /// Whole, as checkpoints with few entities have it.
    Resident(RowTable),
    /// In chunks.
    Paged(PagedRows),
}

impl EntityRows {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Resident(table) => table.rows(),
            Self::Paged(pages) => pages.table.rows,
        }
    }

    /// Floats in a row.
    pub fn columns(&self) -> usize {
        match self {
            Self::Resident(table) => table.columns(),
            Self::Paged(pages) => pages.columns,
        }
    }

    /// The rows `ids` as f32, in their order.
    ///
    /// # Panics
    /// If there is no such row.
    pub async fn gather(&self, ids: &[u32]) -> Result<Vec<f32>> {
        match self {
            Self::Resident(table) => {
                let mut out = Vec::with_capacity(ids.len() * table.columns());
                ids.iter().for_each(|id| table.push_row(*id as usize, &mut out));
                Ok(out)
            }
            Self::Paged(pages) => pages.gather(ids).await,
        }
    }

    /// Some rows that follow each other, as f32; what is fetched for them is not kept.
    ///
    /// # Panics
    /// If there are no such rows.
    pub async fn block(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        match self {
            Self::Resident(table) => Ok(table.block(rows)),
            Self::Paged(pages) => pages.block(rows).await,
        }
    }
}

/// An entity table in chunks, of which the last used are kept.
pub struct PagedRows {
    table: EntityTable,
    columns: usize,
    source: Arc<dyn Source>,
    cache: Mutex<Cache>,
}

/// Chunks by index, each with the time of its last use.
#[derive(Default)]
struct Cache {
    chunks: BTreeMap<usize, (u64, Arc<Vec<u8>>)>,
    clock: u64,
}

impl PagedRows {
    /// Most bytes of chunks kept between calls.
    pub const KEPT_BYTES: usize = 32 << 20;

    /// A table of `columns` numbers a row that nothing has been read of.
    pub fn new(table: EntityTable, columns: usize, source: Arc<dyn Source>) -> Result<Self> {
        match table.dtype.row_bytes(columns) == table.row_bytes {
            true => Ok(Self { table, columns, source, cache: Mutex::default() }),
            false => {
                let reason = format!("entityTable: rowBytes is {}, no row of {columns} numbers", table.row_bytes);
                Err(LukeError::format("manifest.json", reason))
            }
        }
    }

    async fn gather(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let columns = self.columns;
        let mut out = vec![0.0; ids.len() * columns];
        let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, id) in ids.iter().enumerate() {
            places.entry(*id as usize / self.table.rows_per_chunk).or_default().push(place);
        }
        for (index, places) in places {
            let chunk = self.chunk(index, true).await?;
            let start = self.table.rows_of(index).start;
            let mut row = Vec::with_capacity(columns);
            for place in places {
                let at = (ids[place] as usize - start) * self.table.row_bytes;
                row.clear();
                self.table.dtype.decode(&chunk[at..at + self.table.row_bytes], columns, &mut row);
                out[place * columns..(place + 1) * columns].copy_from_slice(&row);
            }
        }
        Ok(out)
    }

    async fn block(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        let mut out = Vec::with_capacity(rows.len() * self.columns);
        for index in rows.start / self.table.rows_per_chunk..rows.end.div_ceil(self.table.rows_per_chunk) {
            let chunk = self.chunk(index, false).await?;
            let here = self.table.rows_of(index);
            let (first, end) = (rows.start.max(here.start) - here.start, rows.end.min(here.end) - here.start);
            let bytes = &chunk[first * self.table.row_bytes..end * self.table.row_bytes];
            self.table.dtype.decode(bytes, self.columns, &mut out);
        }
        Ok(out)
    }

    /// A chunk, from the cache or the source.
    async fn chunk(&self, index: usize, keep: bool) -> Result<Arc<Vec<u8>>> {
        if let Some(chunk) = self.cache().get(index) {
            return Ok(chunk);
        }
        let chunk: Arc<Vec<u8>> = Arc::new(read_verified(&*self.source, &self.table.chunks[index], Vec::new()).await?);
        if keep {
            self.cache().put(index, chunk.clone());
        }
        Ok(chunk)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Cache {
    fn get(&mut self, index: usize) -> Option<Arc<Vec<u8>>> {
        self.clock += 1;
        let (used, chunk) = self.chunks.get_mut(&index)?;
        *used = self.clock;
        Some(chunk.clone())
    }

    fn put(&mut self, index: usize, chunk: Arc<Vec<u8>>) {
        self.clock += 1;
        self.chunks.insert(index, (self.clock, chunk));
        let mut bytes: usize = self.chunks.values().map(|(_, chunk)| chunk.len()).sum();
        while bytes > PagedRows::KEPT_BYTES && self.chunks.len() > 1 {
            let Some(oldest) = self.chunks.iter().min_by_key(|(_, (used, _))| *used).map(|(index, _)| *index) else {
                break;
            };
            bytes -= self.chunks.remove(&oldest).map_or(0, |(_, chunk)| chunk.len());
        }
    }
}
