//! What runs row by row on WebGPU: `add_layer_norm`, `gather_rows` and `stack_rows`.

use burn_cubecl::tensor::CubeTensor;

use super::wgsl::{empty, launch};
use crate::kernels::shaders::{AddLayerNorm, GatherRows, StackRows};

/// Most workgroups along one axis that WebGPU promises.
const MAX_WORKGROUPS: usize = 65_535;

/// Launches `add_layer_norm`.
pub fn add_layer_norm(
    x: CubeTensor,
    residual: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    epsilon: f32,
) -> CubeTensor {
    let (rows, features) = (x.meta.shape()[0], x.meta.shape()[1]);
    let y = empty(&x, [rows, features]);
    let params = [rows, features, epsilon.to_bits() as usize];
    launch(AddLayerNorm, [rows.min(MAX_WORKGROUPS), 1, 1], &params, &[&x, &residual, &weight, &bias], &y);
    y
}

/// Launches `gather_rows`.
pub fn gather_rows(x: CubeTensor, rows: &[usize]) -> CubeTensor {
    let width = x.meta.shape()[1];
    let y = empty(&x, [rows.len(), width]);
    let vectors = width.is_multiple_of(4);
    let params: Vec<usize> =
        [if vectors { width / 4 } else { width }, rows.len()].into_iter().chain(rows.iter().copied()).collect();
    launch(GatherRows(vectors), [rows.len().min(MAX_WORKGROUPS), 1, 1], &params, &[&x], &y);
    y
}

/// Launches `stack_rows`.
pub fn stack_rows(upper: CubeTensor, lower: CubeTensor) -> CubeTensor {
    let ([m, width], n) = ([upper.meta.shape()[0], upper.meta.shape()[1]], lower.meta.shape()[0]);
    let y = empty(&upper, [m + n, width]);
    let lanes = if width.is_multiple_of(4) { 4 } else { 1 };
    let params = [m * width / lanes, (m + n) * width / lanes];
    let workgroups = params[1].div_ceil(64).min(MAX_WORKGROUPS);
    launch(StackRows(lanes == 4), [workgroups, 1, 1], &params, &[&upper, &lower], &y);
    y
}
