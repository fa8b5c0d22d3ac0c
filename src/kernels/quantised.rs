//! `linear` with an int8 weight on the CPU: each row of `x` is quantised as it comes, products are added exactly in
//! 32 bits, so every machine and every instruction set gives the same numbers.
//!
//! Rows of `x` are the unsigned operand, 7 bits with a zero point: WebAssembly's relaxed dot product wants 7 unsigned
//! bits in its second operand, and a zero point gives GELU's one-sided results nearly twice the steps. Weights are
//! signed and at most [`Q8_MOST`] in size, so that the sums of four products fit in 16 bits (`dot.rs`).

use super::dot::{self, LANES, TILE_COLUMNS, TILE_ROWS};
use super::linear::{Activation, Plan};
use super::math::gelu;
use crate::weights::{RowTable, encode_q8, split_q8};

/// Largest integer of a weight.
pub const Q8_MOST: i8 = 64;

/// Largest integer of a row of `x`; the smallest is 0.
const X_MOST: f32 = 127.0;

/// Bytes of a weight that are used on all rows before the next are (half of a level 1 cache).
const BLOCK_BYTES: usize = 16 << 10;

/// An int8 weight `[out_features, in_features]` with a scale for each row.
#[derive(Debug)]
pub struct QuantisedMatrix {
    pub(super) in_features: usize,
    /// Bytes from row to row: `in_features`, and zeros up to a multiple of [`LANES`].
    pub(super) stride: usize,
    /// More rows of zeros stand at the end, so that any row begins a whole tile.
    pub(super) values: Vec<i8>,
    pub(super) scales: Vec<f32>,
    /// Sum of each row's integers, which takes the zero point of `x` out again.
    sums: Vec<i32>,
}

impl QuantisedMatrix {
    /// A copy of the table's integers where it has such within [`Q8_MOST`]; else its numbers are quantised.
    pub fn new(table: &RowTable) -> Self {
        let in_features = table.columns();
        let stride = in_features.next_multiple_of(LANES);
        let rows = table.rows();
        let mut matrix = Self {
            in_features,
            stride,
            values: vec![0; (rows + TILE_COLUMNS - 1) * stride],
            scales: Vec::with_capacity(rows),
            sums: Vec::with_capacity(rows),
        };
        let as_stored = table.dtype() == crate::weights::DType::Q8;
        let mut numbers = Vec::with_capacity(in_features);
        for ((index, row), to) in table.stored_rows().enumerate().zip(matrix.values.chunks_exact_mut(stride)) {
            let fits = |row: &[u8]| split_q8(row).0.iter().all(|v| (*v as i8).unsigned_abs() <= Q8_MOST.unsigned_abs());
            let scale = if as_stored && fits(row) {
                fill(row, to)
            } else {
                numbers.clear();
                table.push_row(index, &mut numbers);
                fill(&encode_q8(&numbers, Q8_MOST), to)
            };
            matrix.scales.push(scale);
            matrix.sums.push(to.iter().map(|value| i32::from(*value)).sum());
        }
        matrix
    }

    /// Number of rows.
    pub fn out_features(&self) -> usize {
        self.scales.len()
    }
}

/// The integers of a stored row; gives its scale.
fn fill(row: &[u8], to: &mut [i8]) -> f32 {
    let (values, scale) = split_q8(row);
    to.iter_mut().zip(values).for_each(|(to, value)| *to = *value as i8);
    scale
}

/// Rows of `x` in 7 bits: `number = (integer - zero) * scale`.
pub(super) struct QuantisedRows {
    pub(super) values: Vec<u8>,
    pub(super) scales: Vec<f32>,
    pub(super) zeros: Vec<i32>,
}

impl QuantisedRows {
    /// # Shapes
    /// - x: `[rows, columns]`; the result's rows are `stride` apart
    pub(super) fn new(x: &[f32], columns: usize, stride: usize) -> Self {
        let rows = x.len() / columns;
        let mut to = Self { values: vec![0; rows * stride], scales: vec![0.0; rows], zeros: vec![0; rows] };
        for (i, row) in x.chunks_exact(columns).enumerate() {
            // Eight at a time, so that the compiler uses vectors.
            let (mut low, mut high) = ([0.0f32; 8], [0.0f32; 8]);
            for part in row.chunks(8) {
                for ((low, high), value) in low.iter_mut().zip(&mut high).zip(part) {
                    *low = if *value < *low { *value } else { *low };
                    *high = if *value > *high { *value } else { *high };
                }
            }
            let (low, high) = (low.iter().copied().fold(0.0, f32::min), high.iter().copied().fold(0.0, f32::max));
            // A row of zeros has no step; any will do.
            let scale = if high > low { (high - low) / X_MOST } else { 1.0 };
            let inverse = 1.0 / scale;
            let zero = (-low * inverse).round();
            for (to, value) in to.values[i * stride..].iter_mut().zip(row) {
                // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
                *to = ((value * inverse + zero).clamp(0.0, X_MOST) + 12_582_912.0).to_bits() as u8;
            }
            (to.scales[i], to.zeros[i]) = (scale, zero as i32);
        }
        to
    }
}

/// The op.
pub(super) fn cpu(x: &[f32], weight: &QuantisedMatrix, bias: &[f32], plan: &Plan) -> Vec<f32> {
    let (n, stride) = (plan.out_features, weight.stride);
    let x = QuantisedRows::new(x, plan.in_features, stride);
    let mut y = vec![0.0; plan.rows * n];
    let block = (BLOCK_BYTES / stride / TILE_COLUMNS * TILE_COLUMNS).max(TILE_COLUMNS);
    let mut sums = vec![0; TILE_ROWS * block];
    for group in &plan.groups {
        for first in (0..n).step_by(block) {
            let columns = first..(first + block).min(n);
            let begin = (group.first_feature + first) * stride;
            let width = columns.len().next_multiple_of(TILE_COLUMNS);
            let w = &weight.values[begin..begin + width * stride];
            for start in group.rows.clone().step_by(TILE_ROWS) {
                let rows = start..(start + TILE_ROWS).min(group.rows.end);
                let x_row = |row: usize| &x.values[row * stride..(row + 1) * stride];
                let (upper, lower) = sums.split_at_mut(block);
                // Where there is one row left it is both; what is beyond the columns is not used.
                dot::products([x_row(rows.start), x_row(rows.end - 1)], w, [&mut upper[..width], &mut lower[..width]]);
                for (row, sums) in rows.zip(sums.chunks_exact(block)) {
                    let at = group.first_feature + columns.start..group.first_feature + columns.end;
                    let to = &mut y[row * n..][columns.clone()];
                    let features = weight.scales[at.clone()].iter().zip(&weight.sums[at.clone()]).zip(&bias[at]);
                    for ((to, sum), ((scale, all), bias)) in to.iter_mut().zip(sums).zip(features) {
                        *to = (sum - x.zeros[row] * all) as f32 * (x.scales[row] * scale) + bias;
                    }
                    if plan.activation == Activation::Gelu {
                        to.iter_mut().for_each(|v| *v = gelu(*v));
                    }
                }
            }
        }
    }
    y
}

/// The op in exact arithmetic on the integers that the op makes of `x`.
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], weight: &QuantisedMatrix, bias: &[f32], plan: &Plan) -> Vec<f64> {
    let rows = QuantisedRows::new(x, plan.in_features, plan.in_features);
    let back = |(i, value): (usize, &u8)| {
        let row = i / plan.in_features;
        (f64::from(*value) - f64::from(rows.zeros[row])) * f64::from(rows.scales[row])
    };
    let x: Vec<f64> = rows.values.iter().enumerate().map(back).collect();
    let number = |feature: usize, i: usize| {
        f64::from(weight.values[feature * weight.stride + i]) * f64::from(weight.scales[feature])
    };
    super::linear::reference_of(&|row, i| x[row * plan.in_features + i], &number, bias, plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_quantised_within_half_a_step() {
        let x = [[-1.0f32, 0.0, 3.0, 0.4], [0.0; 4], [2.0, 5.0, 1.0, 0.1], [-9.0, -1.0, -3.0, -0.01]].concat();
        let rows = QuantisedRows::new(&x, 4, 32);
        for (i, number) in x.iter().enumerate() {
            let (row, column) = (i / 4, i % 4);
            let integer = rows.values[row * 32 + column];
            let back = (f32::from(integer) - rows.zeros[row] as f32) * rows.scales[row];
            assert!(integer <= 127 && (back - number).abs() <= 0.501 * rows.scales[row], "{number} became {back}");
        }
    }
}
