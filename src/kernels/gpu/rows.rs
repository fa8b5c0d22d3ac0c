//! What runs row by row on WebGPU: `add_layer_norm` and `gather_rows`.

use burn_cubecl::tensor::CubeTensor;

use super::wgsl::{empty, launch};
use crate::kernels::shaders::{AddLayerNorm, GatherRows};

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
