//! Copies some rows of a matrix. Their numbers are known on the host and travel with the launch, so no index tensor is read.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;

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

/// The op in `f64`.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], width: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| (0..width).map(move |i| f64::from(x[row * width + i]))).collect()
}
