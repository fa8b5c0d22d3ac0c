//! Two matrices, one below the other.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;

/// The rows of `upper`, then those of `lower`.
///
/// # Shapes
/// - upper: `[m, width]`, lower: `[n, width]`, result: `[m + n, width]`
///
/// # Panics
/// If the widths disagree.
pub fn stack_rows(upper: Tensor<2>, lower: Tensor<2>) -> Tensor<2> {
    assert_eq!(upper.dims()[1], lower.dims()[1], "stack_rows: widths");
    Tensor::from_dispatch(<Dispatch as LukeOps>::stack_rows(upper.into_dispatch(), lower.into_dispatch()))
}

/// The op in `f64`.
///
/// # Shapes
/// - upper: `[m, width]`, lower: `[n, width]`, result: `[m + n, width]`
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(upper: &[f32], lower: &[f32]) -> Vec<f64> {
    upper.iter().chain(lower).copied().map(f64::from).collect()
}
