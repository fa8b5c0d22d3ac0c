//! Some rows of a matrix, without reading their indices on the device: they travel with the launch.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::LukeOps;

/// Rows `rows` of `x`, in that order.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`; at least one row
///
/// # Panics
/// If there is no such row.
pub fn gather_rows(x: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let [height, _] = x.dims();
    assert!(!rows.is_empty() && rows.iter().all(|row| *row < height), "gather_rows: a row of {height}");
    Tensor::from_dispatch(<Dispatch as LukeOps>::gather_rows(x.into_dispatch(), rows.to_vec()))
}

#[cfg(feature = "cpu")]
pub(super) fn cpu(x: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|row| &x[row * width..(row + 1) * width]).copied().collect()
}

/// The op in `f64`.
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], width: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| (0..width).map(move |i| f64::from(x[row * width + i]))).collect()
}
