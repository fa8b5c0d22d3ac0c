//! `linear` with an int8 weight on the CPU: each row of `x` is quantised as it comes, products are added exactly in
//! 32 bits, so every machine and every instruction set gives the same numbers.
//!
//! Rows of `x` have 8 unsigned bits with a zero point, which gives GELU's one-sided results nearly twice the steps. Weights
//! are signed and such that four products can be added in 16 bits (`dot.rs`).

use super::dot::{self, FOUR, STEP};
use super::linear::{Activation, Plan};
use super::math::{self, gelu};
use super::pool;
use super::tiles::{Part, WIDTH, each_tile, parts};
use crate::weights::{RowTable, split_q8};

/// How many multiply-adds take as long as quantising a number.
const STEPS_A_NUMBER: usize = 16;
/// Largest integer of a row of `x`; the smallest is 0.
const X_MOST: f32 = 255.0;

/// An int8 weight `[out_features, in_features]` with a scale for each row.
#[derive(Debug)]
pub struct QuantisedMatrix {
    pub(super) in_features: usize,
    /// Bytes of a row: `in_features`, and zeros up to a multiple of [`STEP`].
    stride: usize,
    /// Eight rows make a panel, zeros where there are fewer: `[out_features / 8, stride / 4, 8, 4]`.
    panels: Vec<dot::Step>,
    scales: Vec<f32>,
    /// Sum of each row's integers, which takes the zero point of `x` out again.
    sums: Vec<i32>,
}

impl QuantisedMatrix {
    /// A copy of the table's integers where they fit, else its numbers quantised.
    pub fn new(table: &RowTable) -> Self {
        let mut matrix = Self::zeros(table.rows(), table.columns());
        table.rows_q8().enumerate().for_each(|(i, row)| matrix.put(i, &row));
        matrix
    }

    /// A matrix of zeros.
    pub fn zeros(out_features: usize, in_features: usize) -> Self {
        let stride = in_features.next_multiple_of(STEP);
        Self {
            in_features,
            stride,
            panels: vec![Default::default(); out_features.div_ceil(WIDTH) * stride / STEP],
            scales: vec![0.0; out_features],
            sums: vec![0; out_features],
        }
    }

    /// Puts a row as it is stored in its place.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn put(&mut self, index: usize, row: &[u8]) {
        let (values, scale) = split_q8(row);
        let lane = index % WIDTH;
        let (fours, rest) = values.as_chunks::<FOUR>();
        let mut steps = self.panel_mut(index / WIDTH).as_flattened_mut().iter_mut();
        // The values first, or the last turn would take a step for nothing.
        for (from, step) in fours.iter().zip(steps.by_ref()) {
            step[lane] = from.map(|value| value as i8);
        }
        if let Some(step) = steps.next() {
            step[lane].iter_mut().zip(rest).for_each(|(to, value)| *to = *value as i8);
        }
        self.scales[index] = scale;
        self.sums[index] = values.iter().map(|value| i32::from(*value as i8)).sum();
    }

    /// Number of rows.
    pub fn out_features(&self) -> usize {
        self.scales.len()
    }

    fn panel(&self, index: usize) -> &[dot::Step] {
        let steps = self.stride / STEP;
        &self.panels[index * steps..(index + 1) * steps]
    }

    fn panel_mut(&mut self, index: usize) -> &mut [dot::Step] {
        let steps = self.stride / STEP;
        &mut self.panels[index * steps..(index + 1) * steps]
    }
}

/// Rows of `x` in 8 bits: `number = (integer - zero) * scale`.
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
        let numbers = to.scales.chunks_mut(pool::ROWS).zip(to.zeros.chunks_mut(pool::ROWS));
        let parts = x.chunks(pool::ROWS * columns).zip(to.values.chunks_mut(pool::ROWS * stride)).zip(numbers);
        pool::each(
            x.len() * STEPS_A_NUMBER,
            parts,
            || (),
            |(), ((x, values), (scales, zeros))| {
                let rows = x.chunks_exact(columns).zip(values.chunks_exact_mut(stride));
                for ((row, to), (to_scale, to_zero)) in rows.zip(scales.iter_mut().zip(zeros)) {
                    let (low, high) = (math::smallest(row).min(0.0), math::largest(row).max(0.0));
                    // A row of zeros has no step; any will do.
                    let scale = if high > low { (high - low) / X_MOST } else { 1.0 };
                    let inverse = 1.0 / scale;
                    let zero = (-low * inverse).round();
                    quantise(row, inverse, zero, &mut to[..columns]);
                    (*to_scale, *to_zero) = (scale, zero as i32);
                }
            },
        );
        to
    }
}

/// Adding this rounds to an integer, which is then in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// `value * inverse + zero`, rounded, within 0 to [`X_MOST`].
fn quantise(row: &[f32], inverse: f32, zero: f32, to: &mut [u8]) {
    let (row, rest) = row.as_chunks::<16>();
    let (to, to_rest) = to.as_chunks_mut::<16>();
    let number = |value: f32| ((value * inverse + zero).clamp(0.0, X_MOST) + ROUND).to_bits() as u8;
    for (to, row) in to.iter_mut().zip(row) {
        #[cfg(target_arch = "wasm32")]
        quantise_sixteen(row, inverse, zero, to);
        #[cfg(not(target_arch = "wasm32"))]
        to.iter_mut().zip(row).for_each(|(to, value)| *to = number(*value));
    }
    to_rest.iter_mut().zip(rest).for_each(|(to, value)| *to = number(*value));
}

/// The compiler makes single bytes of what these few instructions do.
#[cfg(target_arch = "wasm32")]
fn quantise_sixteen(row: &[f32; 16], inverse: f32, zero: f32, to: &mut [u8; 16]) {
    use core::arch::wasm32::*;
    let four = |i: usize| {
        // SAFETY: four of the sixteen floats are one vector.
        let values = unsafe { v128_load(row.as_ptr().add(4 * i).cast()) };
        let shifted = f32x4_add(f32x4_mul(values, f32x4_splat(inverse)), f32x4_splat(zero));
        i32x4_sub(f32x4_add(shifted, f32x4_splat(ROUND)), i32x4_splat(ROUND.to_bits() as i32))
    };
    let (low, high) = (i16x8_narrow_i32x4(four(0), four(1)), i16x8_narrow_i32x4(four(2), four(3)));
    let bytes = u8x16_narrow_i16x8(low, high);
    // SAFETY: sixteen bytes are one vector.
    unsafe { v128_store(to.as_mut_ptr().cast(), bytes) };
}

/// The op.
pub(super) fn cpu(x: &[f32], weight: &QuantisedMatrix, bias: &[f32], plan: &Plan) -> Vec<f32> {
    let (n, stride) = (plan.out_features, weight.stride);
    let mut x = QuantisedRows::new(x, plan.in_features, stride);
    let shift = dot::shift(&mut x.values);
    x.zeros.iter_mut().for_each(|zero| *zero -= shift);
    let mut y = vec![0.0; plan.rows * n];
    pool::each(y.len() * stride, parts(&mut y, plan), Vec::new, |sums, Part { rows, columns, out }| {
        let width = columns.len();
        sums.resize(rows.len() * width, 0);
        each_tile(sums, width, rows.clone(), columns.clone(), |rows, panel| {
            dot::products(rows.map(|row| &x.values[row * stride..(row + 1) * stride]), weight.panel(panel))
        });
        let features =
            || weight.scales[columns.clone()].iter().zip(&weight.sums[columns.clone()]).zip(&bias[columns.clone()]);
        for ((row, sums), y) in rows.zip(sums.chunks_exact(width)).zip(out) {
            let (zero, x_scale) = (x.zeros[row], x.scales[row]);
            for ((y, sum), ((scale, all), bias)) in y.iter_mut().zip(sums).zip(features()) {
                *y = (sum - zero * all) as f32 * (x_scale * scale) + bias;
            }
            if plan.activation == Activation::Gelu {
                y.iter_mut().for_each(|y| *y = gelu(*y));
            }
        }
    });
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
        let (panel, lane) = (feature / WIDTH, feature % WIDTH);
        f64::from(weight.panel(panel).as_flattened()[i / FOUR][lane][i % FOUR]) * f64::from(weight.scales[feature])
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
            assert!((back - number).abs() <= 0.501 * rows.scales[row], "{number} became {back}");
        }
    }
}
