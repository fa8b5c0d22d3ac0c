//! `tanh` on the GPU.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, flop_of_numbers, strided};
use super::launch::{empty, launch};
use super::shaders::TanhShader;

/// See [`tanh`](crate::kernels::tanh()).
///
/// # Shapes
/// - x, result: `[rows, columns]`
pub fn tanh(x: CubeTensor) -> CubeTensor {
    let (rows, columns) = (x.meta.shape()[0], x.meta.shape()[1]);
    let y = empty(&x, [rows, columns]);
    let (params, flop) = (vec![rows, columns], flop_of_numbers(rows * columns));
    launch(TanhShader, &Dispatch { workgroups: strided(rows), params, flop }, &[&x], &y);
    y
}
