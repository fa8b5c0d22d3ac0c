//! The f32 matrix product of the CPU kernels behind checked bounds: natively the `gemm` crate; in wasm our own, which is
//! faster there (`panel.rs`).

use std::ops::Range;

#[cfg(target_arch = "wasm32")]
pub(super) use super::panel::Panels;

/// A checked view of a matrix inside a slice.
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

    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The numbers of a column.
    pub fn column(&self, index: usize) -> impl Iterator<Item = f32> {
        self.data[index * self.column_stride..].iter().step_by(self.row_stride).take(self.rows).copied()
    }
}

/// The right operand of a product, column by column: `gemm` packs it itself.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub(super) struct Panels {
    depth: usize,
    columns: usize,
    data: Vec<f32>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Panels {
    /// The rows of all parts, one after the other; the parts have equal numbers of columns.
    pub fn new(parts: &[Matrix]) -> Self {
        let depth = parts.iter().map(|part| part.rows).sum();
        let columns = parts.first().map_or(0, |part| part.columns);
        let column = |index: usize, to: &mut Vec<f32>| parts.iter().for_each(|part| to.extend(part.column(index)));
        Self::from_columns(depth, columns, column)
    }

    /// From its columns, which `column(index, to)` appends to `to`.
    pub fn from_columns(depth: usize, columns: usize, column: impl Fn(usize, &mut Vec<f32>)) -> Self {
        let mut data = Vec::with_capacity(columns * depth);
        (0..columns).for_each(|index| column(index, &mut data));
        assert_eq!(data.len(), columns * depth);
        Self { depth, columns, data }
    }

    /// Rows of the operand.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the operand.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `out = a b`, of which only `columns`; `out` has rows `stride` floats apart.
    pub fn product(&self, a: Matrix, columns: Range<usize>, out: &mut [f32], stride: usize) {
        let (m, n, k) = (a.rows, columns.len(), a.columns);
        assert!(k == self.depth && columns.end <= self.columns);
        assert!(n <= stride && (m - 1) * stride + n <= out.len());
        // SAFETY: `Matrix::rows` checked that every row and column of `a` lies in its slice, `from_columns` that this
        // operand has all its numbers, and the lines above that `columns` are among them and `out`, a unique borrow,
        // has room.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                out.as_mut_ptr(),
                1,
                stride as isize,
                false,
                a.data.as_ptr(),
                a.column_stride as isize,
                a.row_stride as isize,
                self.data.as_ptr().add(columns.start * k),
                k as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_columns_of_stacked_parts() {
        let a: Vec<f32> = (0..15).map(|i| i as f32).collect();
        let b: Vec<f32> = (0..60).map(|i| (i * 7 % 11) as f32).collect();
        let parts = [Matrix::rows(&b, 12, 0..2, 1..11), Matrix::rows(&b, 12, 2..5, 2..12)];
        let (panels, mut out) = (Panels::new(&parts), vec![9.0; 3 * 6]);
        panels.product(Matrix::rows(&a, 5, 0..3, 0..5), 3..8, &mut out, 6);
        for row in 0..3 {
            for column in 0..5 {
                let number = |i: usize| b[i * 12 + column + 3 + if i < 2 { 1 } else { 2 }];
                let want: f32 = (0..5).map(|i| a[row * 5 + i] * number(i)).sum();
                assert_eq!(out[row * 6 + column], want);
            }
            assert_eq!(out[row * 6 + 5], 9.0);
        }
    }
}
