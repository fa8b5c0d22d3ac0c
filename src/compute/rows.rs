//! Tables of which a call needs few rows, kept on the CPU side as they are stored.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use std::borrow::Cow;
use std::ops::Range;

use crate::dtype::{DType, Int8Range, encode_q8, is_saturation_safe, split_q8};
use crate::error::{LukeError, Result};
use crate::memory;

/// Names the use of the memory in an `out-of-memory` error.
pub const WEIGHT: &str = "for the weight of a linear layer";

/// A matrix kept as it is stored, read a row at a time.
pub struct RowTable {
    columns: usize,
    dtype: DType,
    bytes: Vec<u8>,
}

impl RowTable {
    /// Rows of `columns` numbers, one after the other, each of `dtype.row_bytes(columns)` bytes. With no bytes in `bytes`,
    /// its memory is used by [`put`](Self::put).
    pub fn new(columns: usize, dtype: DType, bytes: Vec<u8>) -> Self {
        Self { columns, dtype, bytes }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bytes.len().checked_div(self.row_bytes()).unwrap_or(0)
    }

    /// How the rows are stored.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Each row as it is stored.
    pub fn stored_rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.row_bytes())
    }

    /// Each row as the [`DType::Q8`] of a linear layer; see [`rows_q8`].
    pub fn rows_q8(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        rows_q8(self.dtype, self.columns, &self.bytes)
    }

    /// Puts rows from `first` on in their place: as they are stored, or as f32 where other rows are stored in another
    /// way. The table has `rows` in all. Memory for all of them is reserved with the first ones; it is written only up
    /// to the last row that came, with zeros where none came.
    ///
    /// # Errors
    /// `out-of-memory` when there is no memory for all rows, `format` when the rows are not within the table.
    pub fn put(&mut self, first: usize, dtype: DType, bytes: &[u8], rows: usize) -> Result<()> {
        if self.bytes.is_empty() {
            self.dtype = dtype;
        }
        if self.dtype != dtype {
            let mut as_f32 = memory::with_capacity(self.columns.saturating_mul(rows), "for a weight")?;
            self.dtype.decode(&self.bytes, self.columns, &mut as_f32);
            let mut values = Vec::new();
            dtype.decode(bytes, self.columns, &mut values);
            let mut table =
                Self::new(self.columns, DType::F32, DType::F32.encode(&as_f32, self.columns, Int8Range::Full));
            table.put(first, DType::F32, &DType::F32.encode(&values, self.columns, Int8Range::Full), rows)?;
            *self = table;
            return Ok(());
        }
        let outside = || LukeError::format("a weight", format!("row {first} is beyond {rows} rows"));
        let size = rows.checked_mul(self.row_bytes()).ok_or_else(outside)?;
        let start = first.checked_mul(self.row_bytes()).ok_or_else(outside)?;
        let end = start.checked_add(bytes.len()).filter(|end| *end <= size).ok_or_else(outside)?;
        let missing = size.saturating_sub(self.bytes.len());
        memory::reserve(&mut self.bytes, missing, "for a weight")?;
        if start >= self.bytes.len() {
            self.bytes.resize(start, 0);
            self.bytes.extend_from_slice(bytes);
        } else {
            if end > self.bytes.len() {
                self.bytes.resize(end, 0);
            }
            self.bytes.get_mut(start..end).ok_or_else(outside)?.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// The memory of the rows, emptied.
    pub fn into_buffer(mut self) -> Vec<u8> {
        self.bytes.clear();
        self.bytes
    }

    /// Numbers in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Appends the `columns` numbers of row `index` to `out`, as f32; nothing if there is no such row.
    pub fn push_row(&self, index: usize, out: &mut Vec<f32>) {
        self.dtype.decode(self.row(index), self.columns, out);
    }

    /// Adds the numbers of row `index` to those of `out`, one by one; nothing if there is no such row. `out` should have
    /// `columns` numbers; a number that only one of the two has is ignored.
    pub fn add_row(&self, index: usize, out: &mut [f32]) {
        let mut sums = out.iter_mut();
        self.dtype.for_each(self.row(index), self.columns, |value| {
            if let Some(sum) = sums.next() {
                *sum += value;
            }
        });
    }

    /// Some rows as f32, row-major, without those that do not exist.
    ///
    /// # Shapes
    /// - result: `[rows, columns]`
    pub fn block(&self, rows: Range<usize>) -> Vec<f32> {
        let rows = rows.start..rows.end.min(self.rows());
        let bytes = byte_range(&rows, self.row_bytes()).and_then(|range| self.bytes.get(range)).unwrap_or_default();
        let mut out = Vec::with_capacity(rows.len().saturating_mul(self.columns));
        self.dtype.decode(bytes, self.columns, &mut out);
        out
    }

    fn row(&self, index: usize) -> &[u8] {
        let rows = index..index.saturating_add(1);
        byte_range(&rows, self.row_bytes()).and_then(|range| self.bytes.get(range)).unwrap_or_default()
    }

    fn row_bytes(&self) -> usize {
        self.dtype.row_bytes(self.columns).max(1)
    }
}

/// Where rows are among the bytes of all.
pub fn byte_range(rows: &Range<usize>, row_bytes: usize) -> Option<Range<usize>> {
    Some(rows.start.checked_mul(row_bytes)?..rows.end.checked_mul(row_bytes)?)
}

/// Rows of `columns` numbers as the [`DType::Q8`] of a linear layer: as they are stored where they are such rows and
/// [saturation-safe](is_saturation_safe), else quantized.
pub fn rows_q8(dtype: DType, columns: usize, bytes: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    bytes.chunks_exact(dtype.row_bytes(columns).max(1)).map(move |row| {
        if dtype == DType::Q8 && is_saturation_safe(split_q8(row).0) {
            return Cow::Borrowed(row);
        }
        let mut numbers = Vec::with_capacity(columns);
        dtype.decode(row, columns, &mut numbers);
        Cow::Owned(encode_q8(&numbers, Int8Range::SaturationSafe))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32_rows(values: &[f32]) -> Vec<u8> {
        DType::F32.encode(values, 2, Int8Range::Full)
    }

    #[test]
    fn rows_are_put_in_any_order() {
        let mut table = RowTable::new(2, DType::F32, Vec::with_capacity(100));
        table.put(2, DType::F32, &f32_rows(&[5.0, 6.0]), 4).unwrap();
        assert_eq!(table.block(0..9), [0.0, 0.0, 0.0, 0.0, 5.0, 6.0]);
        table.put(0, DType::F32, &f32_rows(&[1.0, 2.0]), 4).unwrap();
        table.put(1, DType::F32, &f32_rows(&[3.0, 4.0, 7.0, 8.0, 9.0, 10.0]), 4).unwrap();
        assert_eq!(table.block(0..4), [1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 10.0]);
        assert_eq!(table.rows(), 4);
    }

    #[test]
    fn rows_that_are_stored_in_different_ways_become_f32() {
        let mut table = RowTable::new(2, DType::F32, Vec::new());
        table.put(1, DType::F16, &DType::F16.encode(&[0.5, 2.0], 2, Int8Range::Full), 2).unwrap();
        assert_eq!(table.dtype(), DType::F16);
        table.put(0, DType::F32, &f32_rows(&[1.0, 3.0]), 2).unwrap();
        assert_eq!((table.dtype(), table.block(0..2)), (DType::F32, vec![1.0, 3.0, 0.5, 2.0]));
    }

    #[test]
    fn rows_that_are_not_there_are_no_panic() {
        let mut table = RowTable::new(2, DType::F32, f32_rows(&[1.0, 2.0]));
        let mut out = Vec::new();
        table.push_row(1, &mut out);
        table.push_row(usize::MAX, &mut out);
        assert_eq!((out.len(), table.block(1..2).len(), table.block(5..9).len()), (0, 0, 0));
        let mut sums = [1.0];
        table.add_row(7, &mut sums);
        table.add_row(0, &mut sums);
        assert_eq!(sums, [2.0]);
        for (first, rows) in [(1, 1), (usize::MAX, 2), (0, usize::MAX / 4), (2, 2)] {
            let error = table.put(first, DType::F32, &f32_rows(&[1.0, 2.0]), rows).unwrap_err();
            assert!(["format", "out-of-memory"].contains(&error.code()), "{error}");
        }
    }

    /// Earlier, the first row of a table of 2^24 rows came, and the allocation for all rows ended the program.
    #[test]
    fn a_table_larger_than_memory_is_an_error() {
        let row = vec![0; 1536];
        for rows in [1 << 40, usize::MAX / 1536, usize::MAX] {
            let mut table = RowTable::new(384, DType::F32, Vec::new());
            let error = table.put(0, DType::F32, &row, rows).unwrap_err();
            assert!(["format", "out-of-memory"].contains(&error.code()), "{error}");
        }
    }
}
