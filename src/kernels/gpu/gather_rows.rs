//! `gather_rows` on the GPU.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, flop_of_numbers, strided};
use super::launch::{empty, launch};
use super::shaders::GatherRowsShader;

/// See [`gather_rows`](crate::kernels::gather_rows()).
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`
pub fn gather_rows(x: CubeTensor, rows: &[usize]) -> CubeTensor {
    let width = x.meta.shape()[1];
    let y = empty(&x, [rows.len(), width]);
    let vectors = width.is_multiple_of(4);
    let mut params = vec![if vectors { width / 4 } else { width }, rows.len()];
    params.extend_from_slice(rows);
    let dispatch = Dispatch { workgroups: strided(rows.len()), params, flop: flop_of_numbers(rows.len() * width) };
    launch(GatherRowsShader { vectors }, &dispatch, &[&x], &y);
    y
}
