//! How the CPU divides a matrix product: the right operand is stored in panels of [`WIDTH`] columns. [`HEIGHT`] rows of the
//! result in one panel are a tile, whose sums stay in registers.

use std::ops::Range;

use crate::plan::{LinearPlan, RowGroup};

/// Columns of a panel: eight f32 or int32 are two vectors.
pub(super) const WIDTH: usize = 8;
/// Rows of a tile: four times two vectors of sums fit in 16 registers, with the operands.
pub(super) const HEIGHT: usize = 4;
/// Rows of a part: rows that are computed with one panel before the next, so that they stay in the L1 cache.
const PART_ROWS: usize = 32;

/// Columns of a part: their slice of the weight stays in the L2 cache, and there are enough parts for many threads.
const PART_COLUMNS: usize = 192;

/// Sums of a tile.
pub(super) type Tile<T> = [[T; WIDTH]; HEIGHT];

/// A part of the result, computed by one thread.
pub(super) struct OutputPart<'a> {
    /// Its rows, those of the left operand.
    pub rows: Range<usize>,
    /// Its columns, those of the right operand.
    pub columns: Range<usize>,
    /// For each row, the memory of its `columns.len()` numbers.
    pub out: Vec<&'a mut [f32]>,
}

/// Cuts a result into parts, which never depend on the number of threads.
///
/// # Shapes
/// - y: `[rows, out_features]`, row-major
pub(super) fn output_parts<'a>(y: &'a mut [f32], plan: &LinearPlan) -> Vec<OutputPart<'a>> {
    let n = plan.out_features;
    let mut parts: Vec<OutputPart> = Vec::new();
    let mut y = y.chunks_exact_mut(n);
    for RowGroup { rows, first_feature } in &plan.groups {
        let (first, columns) = (parts.len(), *first_feature..first_feature + n);
        let blocks = rows.len().div_ceil(PART_ROWS);
        for part in columns.start / PART_COLUMNS..columns.end.div_ceil(PART_COLUMNS) {
            let columns = (part * PART_COLUMNS).max(columns.start)..((part + 1) * PART_COLUMNS).min(columns.end);
            for start in rows.clone().step_by(PART_ROWS) {
                let rows = start..(start + PART_ROWS).min(rows.end);
                parts.push(OutputPart { out: Vec::with_capacity(rows.len()), rows, columns: columns.clone() });
            }
        }
        for (row, mut y) in y.by_ref().take(rows.len()).enumerate() {
            for part in parts[first..].iter_mut().skip(row / PART_ROWS).step_by(blocks) {
                let (here, right) = y.split_at_mut(part.columns.len());
                part.out.push(here);
                y = right;
            }
        }
    }
    parts
}

/// Computes a result tile by tile: `tile(rows, panel)` returns the sums of four rows in one panel of the right operand. Where
/// fewer than four rows are left, it is called with the last one several times.
///
/// # Shapes
/// - out: `[rows.len(), stride]`; the first `columns.len()` numbers of each row are written. `columns` counts in the whole
///   right operand
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
                    // The usual case, without a call to copy 32 bytes.
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
