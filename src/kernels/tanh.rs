//! The hyperbolic tangent of each number.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;

/// `tanh` of each number.
///
/// # Shapes
/// - x, result: `[rows, columns]`
pub fn tanh(x: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as LukeOps>::tanh(x.into_dispatch()))
}

/// The op in `f64`.
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| libm::tanh(f64::from(*x))).collect()
}
