//! How the CPU divides a matrix product: the right operand lies in panels of [`WIDTH`] columns, and [`HEIGHT`] rows of a
//! panel are one tile, whose sums stay in registers.

use std::ops::Range;

use super::linear::{Plan, RowGroup};

/// Columns of a panel: eight f32 or int32 are two vectors.
pub(super) const WIDTH: usize = 8;
/// Rows of a tile: four times two sums are what 16 registers have room for.
pub(super) const HEIGHT: usize = 4;
/// Rows that are made with one panel before the next: they stay in a near cache.
const BLOCK: usize = 32;

/// Sums of a tile.
pub(super) type Tile<T> = [[T; WIDTH]; HEIGHT];

/// Divides the rows into blocks: `block` is shown some rows, the columns of the right operand they need, and their place
/// in `y`.
///
/// # Shapes
/// - y: `[rows, columns]`, row by row
pub(super) fn each_block(y: &mut [f32], plan: &Plan, block: impl Fn(Range<usize>, Range<usize>, &mut [f32])) {
    let n = plan.out_features;
    for RowGroup { rows, first_feature } in &plan.groups {
        for start in rows.clone().step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(rows.end);
            let out = &mut y[rows.start * n..rows.end * n];
            block(rows, *first_feature..first_feature + n, out);
        }
    }
}

/// Fills a result whose rows are `stride` apart: `tile(rows, panel)` gives its tiles. A row beyond the end is the last one
/// again.
///
/// # Shapes
/// - out: `[rows, stride]`, of which the first `columns.len()` numbers of each row are written; `columns` are those of the
///   whole right operand
pub(super) fn each_tile(
    out: &mut [f32],
    stride: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    tile: impl Fn([usize; HEIGHT], usize) -> Tile<f32>,
) {
    for panel in columns.start / WIDTH..columns.end.div_ceil(WIDTH) {
        let first = panel * WIDTH;
        let here = first.max(columns.start)..(first + WIDTH).min(columns.end);
        for row in rows.clone().step_by(HEIGHT) {
            let values = tile(std::array::from_fn(|i| (row + i).min(rows.end - 1)), panel);
            for (i, values) in values.iter().enumerate().take(rows.end - row) {
                let start = (row - rows.start + i) * stride + here.start - columns.start;
                match out[start..].first_chunk_mut() {
                    // The usual case without a call for 32 bytes.
                    Some(to) if here.len() == WIDTH => *to = *values,
                    _ => {
                        let values = &values[here.start - first..here.end - first];
                        out[start..start + here.len()].copy_from_slice(values);
                    }
                }
            }
        }
    }
}
