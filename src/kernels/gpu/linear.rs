//! `linear` on the GPU: the entry point `tiled` of its shaders on a GPU, `direct` on an adapter that is a CPU.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{empty, is_software, launch};
use super::shaders::{LinearShader, Storage, TileShape};
use crate::backend;
use crate::kernels::plan::LinearPlan;

fn shader(storage: Storage, tile: TileShape, vectors: bool) -> LinearShader {
    LinearShader { storage, tile, vectors, dot4: storage == Storage::Q8 && backend::has_dot4() }
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
    let vectors = plan.in_features.is_multiple_of(4);
    let tile =
        if is_software(&x) || !vectors { TileShape::Direct } else { TileShape::fitting(plan.rows, plan.out_features) };
    let shader = shader(storage, tile, vectors);
    let inputs: Vec<&CubeTensor> = [&x].into_iter().chain(weight.iter().copied()).chain([&bias]).collect();
    let max_rows = backend::dispatch_rows(2.0 * plan.in_features as f64 * plan.out_features as f64);
    for dispatch in shader.dispatches(plan, max_rows) {
        launch(shader, &dispatch, &inputs, &y);
    }
    y
}
