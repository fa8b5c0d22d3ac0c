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

/// Columns that are made with one block of rows before the next block: what they need of a weight stays in a cache that is not
/// far, and there are enough parts for many threads.
const PART: usize = 192;

/// Sums of a tile.
pub(super) type Tile<T> = [[T; WIDTH]; HEIGHT];

/// A part of the result, which one thread makes.
pub(super) struct Part<'a> {
    /// Its rows, those of the left operand.
    pub rows: Range<usize>,
    /// Its columns, those of the right operand.
    pub columns: Range<usize>,
    /// For each row, where its numbers go.
    pub out: Vec<&'a mut [f32]>,
}

/// Cuts a result into parts, always the same ones.
///
/// # Shapes
/// - y: `[rows, columns]`, row by row
pub(super) fn parts<'a>(y: &'a mut [f32], plan: &Plan) -> Vec<Part<'a>> {
    let n = plan.out_features;
    let mut parts: Vec<Part> = Vec::new();
    let mut y = y.chunks_exact_mut(n);
    for RowGroup { rows, first_feature } in &plan.groups {
        let (first, columns) = (parts.len(), *first_feature..first_feature + n);
        let blocks = rows.len().div_ceil(BLOCK);
        for part in columns.start / PART..columns.end.div_ceil(PART) {
            let columns = (part * PART).max(columns.start)..((part + 1) * PART).min(columns.end);
            for start in rows.clone().step_by(BLOCK) {
                let rows = start..(start + BLOCK).min(rows.end);
                parts.push(Part { out: Vec::with_capacity(rows.len()), rows, columns: columns.clone() });
            }
        }
        for (row, mut y) in y.by_ref().take(rows.len()).enumerate() {
            for part in parts[first..].iter_mut().skip(row / BLOCK).step_by(blocks) {
                let (here, right) = y.split_at_mut(part.columns.len());
                part.out.push(here);
                y = right;
            }
        }
    }
    parts
}

/// Fills a result whose rows are `stride` apart: `tile(rows, panel)` gives its tiles. A row beyond the end is the last one
/// again.
///
/// # Shapes
/// - out: `[rows, stride]`, of which the first `columns.len()` numbers of each row are written; `columns` are those of the
///   whole right operand
pub(super) fn each_tile<T: Copy>(
    out: &mut [T],
    stride: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    tile: impl Fn([usize; HEIGHT], usize) -> Tile<T>,
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
