//! The f32 matrix product, natively: the `gemm` crate behind checked bounds. `gemm_wasm.rs` stands in its place in
//! wasm.

use std::ops::Range;

use super::matrix::Matrix;

/// The right operand of a product, stored column by column; `gemm` packs it into panels itself.
///
/// # Shapes
/// - `[depth, columns]`
#[derive(Debug)]
pub(super) struct Panels {
    depth: usize,
    columns: usize,
    data: Vec<f32>,
}

impl Panels {
    /// Stacks the rows of all parts, which have equal numbers of columns.
    pub fn new(parts: &[Matrix]) -> Self {
        let depth = parts.iter().map(|part| part.rows).sum();
        let columns = parts.first().map_or(0, |part| part.columns);
        let column = |index: usize, to: &mut Vec<f32>| parts.iter().for_each(|part| to.extend(part.column(index)));
        Self::from_columns([depth, columns], Vec::new(), column)
    }

    /// Floats of the storage of an operand; `usize::MAX` if they are more than `usize` can count.
    pub fn len([depth, columns]: [usize; 2]) -> usize {
        columns.saturating_mul(depth)
    }

    /// From its columns: `column(index, to)` appends the numbers of one to `to`. `data` is an empty vector; with the
    /// capacity of [`len`](Self::len) nothing is allocated.
    pub fn from_columns(
        [depth, columns]: [usize; 2],
        mut data: Vec<f32>,
        column: impl Fn(usize, &mut Vec<f32>),
    ) -> Self {
        data.reserve_exact(columns * depth);
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

    /// `out = a b[.., columns]`.
    ///
    /// # Shapes
    /// - a: `[rows, depth]`, out: `[rows, columns.len()]`, its rows `stride` floats apart
    ///
    /// # Panics
    /// If the shapes disagree.
    pub fn product(&self, a: Matrix, columns: Range<usize>, out: &mut [f32], stride: usize) {
        let (m, n, k) = (a.rows, columns.len(), a.columns);
        assert!(k == self.depth && columns.end <= self.columns);
        assert!(n <= stride && (m - 1) * stride + n <= out.len());
        // SAFETY: `Matrix::rows` checked that every row and column of `a` lies in its slice, `from_columns` that this
        // operand has all its numbers, and the lines above that `columns` are among them and that the result fits in
        // `out`, a unique borrow.
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
