//! Copies some rows of a matrix. Their numbers are known on the host and travel with the launch, so no index tensor is read.

use std::ops::Range;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;
use super::reshape;

/// Rows `rows` of `x`, in that order.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`; at least one row
///
/// # Panics
/// If `rows` is empty, or `x` does not have one of them.
pub fn gather_rows(x: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let [height, _] = x.dims();
    assert!(!rows.is_empty() && rows.iter().all(|row| *row < height), "gather_rows: a row of {height}");
    Tensor::from_dispatch(<Dispatch as LukeOps>::gather_rows(x.into_dispatch(), rows.to_vec()))
}

/// The rows `rows` of `x`, one after another.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`; at least one row
///
/// # Panics
/// If `rows` is empty, or `x` does not have them.
pub fn row_range(x: Tensor<2>, rows: Range<usize>) -> Tensor<2> {
    let [height, _] = x.dims();
    if rows == (0..height) { x } else { gather_rows(x, &rows.collect::<Vec<_>>()) }
}

/// Column `i` of `x`.
///
/// # Shapes
/// - x: `[rows, columns]`, result: `[rows, 1]`; at least one row
///
/// # Panics
/// If `x` has no row, or does not have the column.
pub fn column(x: Tensor<2>, i: usize) -> Tensor<2> {
    let [rows, columns] = x.dims();
    assert!(i < columns, "column: {i} of {columns}");
    let values = reshape(x, [rows * columns, 1]);
    gather_rows(values, &(0..rows).map(|row| row * columns + i).collect::<Vec<_>>())
}

/// The op in `f64`.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], width: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| (0..width).map(move |i| f64::from(x[row * width + i]))).collect()
}
