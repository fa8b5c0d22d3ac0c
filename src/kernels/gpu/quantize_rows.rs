//! Rows in 8 bits, for `linear` with a weight of int8.

use burn_cubecl::tensor::CubeTensor;

use super::dispatch::{Dispatch, flop_of_numbers, strided};
use super::launch::{empty, launch};
use super::shaders::QuantizeRowsShader;

/// The integers of each row, four in a number, and its scale and zero point.
///
/// # Shapes
/// - x: `[rows, features]`, integers: `[rows, features / 4]`, grids: `[rows, 2]`
pub fn quantize_rows(x: &CubeTensor) -> [CubeTensor; 2] {
    let [rows, steps] = [x.meta.shape()[0], x.meta.shape()[1] / 4];
    let [integers, grids] = [empty(x, [rows, steps]), empty(x, [rows, 2])];
    let workgroups = strided(rows.div_ceil(QuantizeRowsShader::ROWS));
    let dispatch = Dispatch { workgroups, params: vec![rows, steps], flop: flop_of_numbers(4 * rows * steps) };
    launch(QuantizeRowsShader, &dispatch, &[x, &integers], &grids);
    [integers, grids]
}
