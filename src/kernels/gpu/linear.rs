//! `linear` on the GPU: the entry point `tiled` of its shaders on a GPU, `direct` on an adapter that is a CPU.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{empty, has_dot4, is_software, launch};
use super::quantize_rows::quantize_rows;
use super::shaders::{LinearShader, Storage};
use crate::backend;
use luke_compute::plan::LinearPlan;

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
    #[cfg(feature = "kernel-tests")]
    let shader = super::tile_choice::with_chosen_tile(shader);
    let rows = if storage == Storage::Q8 { quantize_rows(&x).to_vec() } else { vec![x] };
    let inputs: Vec<&CubeTensor> = rows.iter().chain(weight.iter().copied()).chain([&bias]).collect();
    let max_rows = backend::dispatch_rows(2.0 * plan.in_features as f64 * plan.out_features as f64);
    for dispatch in shader.dispatches(plan, max_rows) {
        launch(shader, &dispatch, &inputs, &y);
    }
    y
}
