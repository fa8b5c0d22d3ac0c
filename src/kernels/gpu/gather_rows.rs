//! `gather_rows` on the GPU.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, strided};
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
    launch(GatherRowsShader { vectors }, &Dispatch { workgroups: strided(rows.len()), params }, &[&x], &y);
    y
}
