//! A view of a matrix inside a slice, with checked bounds.

use std::ops::Range;

/// Rows and columns of a larger matrix, not copied.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows `rows` and columns `columns` of a row-major matrix `stride` floats wide.
    ///
    /// # Panics
    /// If they are empty or not inside `data`.
    pub fn rows(data: &'a [f32], stride: usize, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(columns.end <= stride && rows.end * stride <= data.len() && !rows.is_empty() && !columns.is_empty());
        Self {
            data: &data[rows.start * stride + columns.start..],
            rows: rows.len(),
            columns: columns.len(),
            row_stride: stride,
            column_stride: 1,
        }
    }

    /// The same numbers with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The numbers of a column, from the first row to the last.
    pub fn column(&self, index: usize) -> impl Iterator<Item = f32> {
        self.data[index * self.column_stride..].iter().step_by(self.row_stride).take(self.rows).copied()
    }
}
