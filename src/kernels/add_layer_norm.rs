//! `LayerNorm(x + residual)` over the last axis, biased variance, as `torch.nn.LayerNorm`.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;

/// Adds `residual` to `x` and normalizes each row.
///
/// # Shapes
/// - x, residual: `[rows, features]`, weight, bias: `[features]`
/// - result: `[rows, features]`
///
/// # Panics
/// If the shapes disagree.
pub fn add_layer_norm(
    x: Tensor<2>,
    residual: Tensor<2>,
    weight: &Tensor<1>,
    bias: &Tensor<1>,
    epsilon: f32,
) -> Tensor<2> {
    let [_, features] = x.dims();
    assert_eq!(x.dims(), residual.dims(), "add_layer_norm: x and residual");
    assert_eq!(weight.dims(), [features], "add_layer_norm: weight");
    assert_eq!(bias.dims(), [features], "add_layer_norm: bias");
    Tensor::from_dispatch(<Dispatch as LukeOps>::add_layer_norm(
        x.into_dispatch(),
        residual.into_dispatch(),
        weight.clone().into_dispatch(),
        bias.clone().into_dispatch(),
        epsilon,
    ))
}

/// The op in `f64`.
///
/// # Shapes
/// - as [`add_layer_norm`]
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], residual: &[f32], weight: &[f32], bias: &[f32], epsilon: f32) -> Vec<f64> {
    let features = weight.len();
    let mut y: Vec<f64> = x.iter().zip(residual).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
    for row in y.chunks_exact_mut(features) {
        let mean = row.iter().sum::<f64>() / features as f64;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / features as f64;
        for (i, v) in row.iter_mut().enumerate() {
            *v = (*v - mean) / (variance + f64::from(epsilon)).sqrt() * f64::from(weight[i]) + f64::from(bias[i]);
        }
    }
    y
}
