//! `stack_rows` on the GPU.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, flop_of_numbers, strided};
use super::launch::{empty, launch};
use super::shaders::StackRowsShader;

/// See [`stack_rows`](crate::kernels::stack_rows()).
///
/// # Shapes
/// - upper: `[m, width]`, lower: `[n, width]`, result: `[m + n, width]`
pub fn stack_rows(upper: CubeTensor, lower: CubeTensor) -> CubeTensor {
    let ([m, width], n) = ([upper.meta.shape()[0], upper.meta.shape()[1]], lower.meta.shape()[0]);
    let y = empty(&upper, [m + n, width]);
    let lanes = if width.is_multiple_of(4) { 4 } else { 1 };
    let elements = (m + n) * width / lanes;
    // A workgroup takes 64 elements at a time.
    let (workgroups, params) = (strided(elements.div_ceil(64)), vec![m * width / lanes, elements]);
    let dispatch = Dispatch { workgroups, params, flop: flop_of_numbers((m + n) * width) };
    launch(StackRowsShader { vectors: lanes == 4 }, &dispatch, &[&upper, &lower], &y);
    y
}
