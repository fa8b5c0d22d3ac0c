//! `linear` on the GPU: the entry point `tiled` of its shaders on a GPU, `direct` on an adapter that is a CPU.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{empty, has_dot4, is_software, launch};
use super::quantize_rows::quantize_rows;
use super::shaders::{LinearShader, Storage, TileShape};
use crate::kernels::plan::LinearPlan;

/// The pipelines that a model with weights of `storage` needs on the device of `like`.
pub fn pipelines(like: &CubeTensor, storage: Storage) -> Vec<LinearShader> {
    let tiles: &[(TileShape, bool)] = if is_software(like) {
        &[(TileShape::Direct, true), (TileShape::Direct, false)]
    } else {
        &[(TileShape::Low, true), (TileShape::Middle, true), (TileShape::High, true), (TileShape::Low, false)]
    };
    let dot4 = |tile| storage == Storage::Q8 && tile != TileShape::Direct && has_dot4();
    // Only heads have any number of out_features, and those of a quantized folder are f32.
    let needed = tiles.iter().filter(|(_, stores_vectors)| *stores_vectors || storage != Storage::Q8);
    let shader =
        |&(tile, stores_vectors)| LinearShader { storage, tile, vectors: true, stores_vectors, dot4: dot4(tile) };
    needed.map(shader).collect()
}

/// See [`linear_groups`](crate::kernels::linear_groups). `weight` is how the numbers are stored, and the buffers.
///
/// # Shapes
/// - x: `[rows, in_features]`, bias: `[features]`, result: `[rows, out_features]`
pub fn linear(
    x: CubeTensor,
    (storage, weight): (Storage, &[&CubeTensor]),
    bias: CubeTensor,
    plan: &LinearPlan,
) -> CubeTensor {
    let y = empty(&x, [plan.rows, plan.out_features]);
    let shader = LinearShader::fitting(plan, storage, is_software(&x), has_dot4());
    let rows = if storage == Storage::Q8 { quantize_rows(&x).to_vec() } else { vec![x] };
    let inputs: Vec<&CubeTensor> = rows.iter().chain(weight.iter().copied()).chain([&bias]).collect();
    for dispatch in shader.dispatches(plan) {
        launch(shader, &dispatch, &inputs, &y);
    }
    y
}
