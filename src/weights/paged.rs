//! The entity table: whole in memory, or left in its files and read by row.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::check_finite;
use luke_compute::rows::{RowTable, byte_range};

use crate::error::{LukeError, Result};
use crate::folder::{CheckedFolder, EntityTable, Source, read_verified};
use crate::memory;

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
    /// # Shapes
    /// - result: `[ids, columns]`
    ///
    /// # Errors
    /// `input` when there is no such row, `out-of-memory`, and what the source fails with; `integrity` and `format` when a
    /// chunk that was fetched is not what the manifest says, or has a number that is not finite.
    pub async fn gather(&self, ids: &[u32]) -> Result<Vec<f32>> {
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.rows()) {
            return Err(no_row(*id as usize, self.rows()));
        }
        match self {
            Self::Resident(table) => {
                let count = ids.len().saturating_mul(table.columns());
                let mut out = memory::with_capacity(count, "for rows of entities")?;
                ids.iter().for_each(|id| table.push_row(*id as usize, &mut out));
                Ok(out)
            }
            Self::Paged(pages) => pages.gather(ids).await,
        }
    }

    /// Some rows that follow each other, as f32, for a caller that goes through the table block by block: the source is told
    /// of the chunks up to the end of the table, and of what is fetched only a chunk that the block ends in is kept.
    ///
    /// # Shapes
    /// - result: `[rows, columns]`
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub async fn block(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        if rows.end > self.rows() {
            return Err(no_row(rows.end.saturating_sub(1), self.rows()));
        }
        match self {
            Self::Resident(table) => Ok(table.block(rows)),
            Self::Paged(pages) => pages.block(rows).await,
        }
    }
}

fn no_row(row: usize, rows: usize) -> LukeError {
    LukeError::input("entityIds", format!("{row} is not below {rows}"))
}

/// An entity table in chunks, of which the last used are kept.
pub struct PagedRows {
    table: EntityTable,
    columns: usize,
    source: Arc<dyn Source>,
    cache: Mutex<Cache>,
}

impl PagedRows {
    /// The most bytes of chunks kept between calls.
    pub const KEPT_BYTES: usize = 32 << 20;

    /// The entity table that a folder leaves in its files, of which nothing has been read; `None` if there is none.
    pub fn new(folder: &CheckedFolder, source: Arc<dyn Source>) -> Option<Self> {
        let columns = folder.config().entity_emb_size;
        let table = folder.entity_table()?.clone();
        Some(Self { table, columns, source, cache: Mutex::default() })
    }

    /// The rows `ids`, which must be below the number of rows.
    async fn gather(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let mut out = memory::zeros(ids.len().saturating_mul(self.columns), "for rows of entities")?;
        // Each chunk is fetched once, for all its rows in the result.
        let mut by_chunk: BTreeMap<usize, Vec<(usize, &mut [f32])>> = BTreeMap::new();
        for (id, place) in ids.iter().zip(out.chunks_exact_mut(self.columns.max(1))) {
            let id = *id as usize;
            let chunk = id.checked_div(self.table.rows_per_chunk).unwrap_or(0);
            by_chunk.entry(chunk).or_default().push((id, place));
        }
        let indices: Vec<usize> = by_chunk.keys().copied().collect();
        for ((index, rows), after) in by_chunk.into_iter().zip(1..) {
            let ahead = indices.iter().skip(after).copied();
            let chunk = self.chunk(index, ahead, true).await?;
            let start = self.table.rows_of(index).start;
            for (id, place) in rows {
                let row = id.saturating_sub(start);
                let bytes = self.rows_in(&chunk, row..row.saturating_add(1));
                let mut place = place.iter_mut();
                self.table.dtype.for_each(bytes, self.columns, |value| {
                    if let Some(place) = place.next() {
                        *place = value;
                    }
                });
            }
        }
        Ok(out)
    }

    /// Rows that follow each other, which must exist.
    async fn block(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        let mut out = memory::with_capacity(rows.len().saturating_mul(self.columns), "for rows of entities")?;
        let per_chunk = self.table.rows_per_chunk.max(1);
        let first = rows.start.checked_div(per_chunk).unwrap_or(0);
        for index in first..rows.end.div_ceil(per_chunk) {
            let here = self.table.rows_of(index);
            // The block after this one begins in that chunk.
            let keep = rows.end < here.end;
            let chunk = self.chunk(index, index.saturating_add(1)..self.table.chunks.len(), keep).await?;
            let wanted = rows.start.max(here.start)..rows.end.min(here.end);
            let wanted = wanted.start.saturating_sub(here.start)..wanted.end.saturating_sub(here.start);
            self.table.dtype.decode(self.rows_in(&chunk, wanted), self.columns, &mut out);
        }
        Ok(out)
    }

    /// The bytes of rows, counted from the chunk's first.
    fn rows_in<'a>(&self, chunk: &'a [u8], rows: Range<usize>) -> &'a [u8] {
        byte_range(&rows, self.table.row_bytes).and_then(|range| chunk.get(range)).unwrap_or_default()
    }

    /// A chunk, from the cache or the source. `ahead` are those that will be needed after it.
    async fn chunk(&self, index: usize, ahead: impl Iterator<Item = usize>, keep: bool) -> Result<Arc<Vec<u8>>> {
        if let Some(chunk) = self.cache().get(index) {
            return Ok(chunk);
        }
        let file = self.table.chunks.get(index).ok_or_else(|| no_row(index, self.table.rows))?;
        let ahead = ahead.filter(|index| !self.cache().has(*index)).filter_map(|index| self.table.chunks.get(index));
        let chunk = read_verified(&*self.source, file, ahead, Vec::new()).await?;
        let first = self.table.rows_of(index).start;
        check_finite(&format!("the entity table in {}", file.path), self.table.dtype, &chunk, self.columns, first)?;
        let chunk = Arc::new(chunk);
        if keep {
            self.cache().put(index, chunk.clone());
        }
        Ok(chunk)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chunks by index, each with the time of its last use.
#[derive(Default)]
struct Cache {
    chunks: BTreeMap<usize, (u64, Arc<Vec<u8>>)>,
    clock: u64,
}

impl Cache {
    fn get(&mut self, index: usize) -> Option<Arc<Vec<u8>>> {
        self.clock = self.clock.wrapping_add(1);
        let (used, chunk) = self.chunks.get_mut(&index)?;
        *used = self.clock;
        Some(chunk.clone())
    }

    /// Whether a chunk is kept; this is no use of it.
    fn has(&self, index: usize) -> bool {
        self.chunks.contains_key(&index)
    }

    /// Keeps a chunk, and drops those that were not used for the longest time when there are too many bytes. The newest stays.
    fn put(&mut self, index: usize, chunk: Arc<Vec<u8>>) {
        self.clock = self.clock.wrapping_add(1);
        self.chunks.insert(index, (self.clock, chunk));
        while self.bytes() > PagedRows::KEPT_BYTES && self.chunks.len() > 1 {
            let oldest = self.chunks.iter().min_by_key(|(_, (used, _))| *used).map(|(index, _)| *index);
            oldest.and_then(|index| self.chunks.remove(&index));
        }
    }

    fn bytes(&self) -> usize {
        self.chunks.values().map(|(_, chunk)| chunk.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::dtype::{DType, Int8Range};
    use crate::folder::{FileEntry, Reading, Verifying, testing};

    /// Row `i` of the entity table is four times the number `i`; row `infinite` is infinite.
    struct Rows {
        infinite: usize,
        /// Each file that was read, and those that were told ahead.
        reads: Mutex<Vec<(String, Vec<String>)>>,
    }

    impl Source for Rows {
        fn read<'a>(&'a self, file: &'a FileEntry, ahead: &'a [&'a FileEntry], _: bool, _: Vec<u8>) -> Reading<'a> {
            let name = |file: &FileEntry| file.path.replace("entities/", "").replace(".bin", "");
            self.reads.lock().unwrap().push((name(file), ahead.iter().map(|file| name(file)).collect()));
            let first = name(file).parse::<usize>().unwrap() * testing::ROWS_IN_CHUNK;
            let number = |row: usize| if row == self.infinite { f32::INFINITY } else { row as f32 };
            let values: Vec<f32> = (first..first + testing::ROWS_IN_CHUNK).flat_map(|row| [number(row); 4]).collect();
            Box::pin(async move { Ok(DType::F32.encode(&values, 4, Int8Range::Full)) })
        }

        fn verify<'a>(&'a self, _: &'a FileEntry, _: &'a [u8]) -> Verifying<'a> {
            Box::pin(async { Ok(()) })
        }
    }

    fn rows(chunks: usize, infinite: usize) -> (EntityRows, Arc<Rows>) {
        let folder = CheckedFolder::parse(&testing::paged_in(chunks).to_string()).unwrap();
        let source = Arc::new(Rows { infinite, reads: Mutex::default() });
        (EntityRows::Paged(PagedRows::new(&folder, source.clone()).unwrap()), source)
    }

    impl Rows {
        fn take(&self) -> Vec<(String, Vec<String>)> {
            std::mem::take(&mut self.reads.lock().unwrap())
        }
    }

    /// Names of chunks as `Rows` has them.
    fn names(chunks: impl IntoIterator<Item = usize>) -> Vec<String> {
        chunks.into_iter().map(|chunk| format!("{chunk:04}")).collect()
    }

    #[test]
    fn rows_come_in_the_order_that_was_asked_for_and_each_chunk_once() {
        let (rows, source) = rows(2, usize::MAX);
        assert_eq!((rows.rows(), rows.columns()), (8, 4));
        let got = block_on(rows.gather(&[7, 0, 3, 4, 7])).unwrap();
        let firsts: Vec<f32> = got.chunks(4).map(|row| row[0]).collect();
        assert_eq!((firsts, source.take().len()), (vec![7.0, 0.0, 3.0, 4.0, 7.0], 2));
        let block = block_on(rows.block(2..6)).unwrap();
        assert_eq!(block.chunks(4).map(|row| row[3]).collect::<Vec<_>>(), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(source.take(), [], "both chunks were kept");
    }

    #[test]
    fn the_chunks_of_one_call_are_told_ahead() {
        let (rows, source) = rows(40, usize::MAX);
        let of = |chunks: &[usize]| chunks.iter().map(|chunk| (chunk * 4 + 1) as u32).collect::<Vec<u32>>();
        block_on(rows.gather(&of(&[9, 3, 30, 3]))).unwrap();
        let read = |chunk: usize, ahead: &[usize]| (names([chunk]).remove(0), names(ahead.iter().copied()));
        assert_eq!(source.take(), [read(3, &[9, 30]), read(9, &[30]), read(30, &[])]);
        // What is kept is neither read nor told ahead.
        block_on(rows.gather(&of(&[2, 3, 9, 31, 30, 32]))).unwrap();
        assert_eq!(source.take(), [read(2, &[31, 32]), read(31, &[32]), read(32, &[])]);
        let all: Vec<usize> = (0..40).collect();
        block_on(rows.gather(&of(&all))).unwrap();
        let reads = source.take();
        let unknown: Vec<usize> = all.into_iter().filter(|chunk| ![2, 3, 9, 30, 31, 32].contains(chunk)).collect();
        assert_eq!(reads[0], read(0, &unknown[1..17]));
        assert_eq!(reads[33], read(39, &[]));
    }

    #[test]
    fn blocks_of_the_table_read_each_chunk_once_and_are_told_ahead() {
        let (rows, source) = rows(40, usize::MAX);
        let mut values = Vec::new();
        for first in (0..rows.rows()).step_by(7) {
            values.extend(block_on(rows.block(first..(first + 7).min(rows.rows()))).unwrap());
        }
        assert!(values.iter().enumerate().all(|(i, value)| *value == (i / 4) as f32));
        let wanted = (0..40).map(|chunk| (names([chunk]).remove(0), names((chunk + 1..40).take(16))));
        assert_eq!(source.take(), wanted.collect::<Vec<_>>());
    }

    #[test]
    fn rows_that_do_not_exist_or_are_not_finite_are_errors() {
        let (rows, _) = rows(2, 5);
        for error in [block_on(rows.gather(&[0, 8])), block_on(rows.gather(&[u32::MAX])), block_on(rows.block(4..9))] {
            assert_eq!(error.unwrap_err().code(), "input");
        }
        let error = block_on(rows.gather(&[0, 4])).unwrap_err();
        assert!(error.code() == "format" && error.to_string().contains("entities/0001.bin"), "{error}");
        assert!(block_on(rows.gather(&[0, 3])).is_ok());
    }
}
