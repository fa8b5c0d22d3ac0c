//! The matrix product of the CPU kernels behind checked bounds: natively the `gemm` crate; in wasm our own, which is
//! faster there (`panel.rs`).

use std::ops::Range;

/// A checked view of a matrix inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: isize,
    pub(super) column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// Rows `rows` and columns `columns` of a row-major matrix `stride` floats wide.
    pub fn rows(data: &'a [f32], stride: usize, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(columns.end <= stride && rows.end * stride <= data.len() && !rows.is_empty() && !columns.is_empty());
        Self {
            data: &data[rows.start * stride + columns.start..],
            rows: rows.len(),
            columns: columns.len(),
            row_stride: stride as isize,
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
}

/// `out += a b`, `out` being row-major with rows `stride` floats apart.
pub(super) fn add_product(out: &mut [f32], stride: usize, a: Matrix, b: Matrix) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows);
    assert!(n <= stride && (m - 1) * stride + n <= out.len());
    #[cfg(target_arch = "wasm32")]
    return super::panel::add_product(out, stride, a, b);
    #[cfg(not(target_arch = "wasm32"))]
    gemm_product(out, stride, a, b);
}

#[cfg(not(target_arch = "wasm32"))]
fn gemm_product(out: &mut [f32], stride: usize, a: Matrix, b: Matrix) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    // SAFETY: `Matrix::rows` checked that every row and column of `a` and `b` lies in its slice, `add_product` did so
    // for `out`, and `out` is a unique borrow.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            true,
            a.data.as_ptr(),
            a.column_stride,
            a.row_stride,
            b.data.as_ptr(),
            b.column_stride,
            b.row_stride,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
