//! `add_layer_norm` on the GPU.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, flop_of_numbers, strided};
use super::launch::{empty, launch};
use super::shaders::AddLayerNormShader;

/// See [`add_layer_norm`](crate::kernels::add_layer_norm()).
///
/// # Shapes
/// - x, residual, result: `[rows, features]`, weight, bias: `[features]`
pub fn add_layer_norm(
    x: CubeTensor,
    residual: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    epsilon: f32,
) -> CubeTensor {
    let (rows, features) = (x.meta.shape()[0], x.meta.shape()[1]);
    let y = empty(&x, [rows, features]);
    let params = vec![rows, features, epsilon.to_bits() as usize];
    let shader = AddLayerNormShader { vectors: features.is_multiple_of(4) };
    let dispatch =
        Dispatch { workgroups: strided(rows.div_ceil(shader.rows())), params, flop: flop_of_numbers(rows * features) };
    launch(shader, &dispatch, &[&x, &residual, &weight, &bias], &y);
    y
}
