//! `linear` with an int8 weight on the CPU. Weights are quantized per channel (one scale for each row), rows of `x` as they
//! come; products are added exactly in 32 bits, so every machine and every instruction set gives the same numbers.
//!
//! Rows of `x` have 8 unsigned bits with a zero point: GELU's results, nearly all of one sign, then have nearly twice as many
//! steps as signed bits would give them. Weights are signed, and such that four products can be added in 16 bits
//! (`dot_int8.rs`).

use super::LEAST_RANGE;
use super::dot_int8::{self, K_BLOCK, K_GROUP, PanelBlock};
use super::math::{self, ROUND, gelu};
use super::threads;
use super::tiles::{OutputPart, WIDTH, each_tile, output_parts};
use crate::dtype::split_q8;
use crate::error::Result;
use crate::memory;
use crate::plan::{Activation, LinearPlan};
use crate::rows::RowTable;
use crate::rows::WEIGHT;

/// How many multiply-adds take as long as quantizing a number.
const STEPS_PER_NUMBER: usize = 16;
/// Largest integer of a row of `x`; the smallest is 0.
const X_MAX: f32 = 255.0;

/// An int8 weight `[out_features, in_features]` with a scale for each row.
#[derive(Debug)]
pub struct QuantizedMatrix {
    in_features: usize,
    /// Bytes of a row: `in_features`, and zeros up to a multiple of [`K_BLOCK`].
    stride: usize,
    /// Panels of [`WIDTH`] rows, zeros beyond the last: `[out_features / WIDTH, stride / K_GROUP, WIDTH, K_GROUP]`.
    panels: Vec<PanelBlock>,
    scales: Vec<f32>,
    /// The sum of each row's integers, by which the zero point of `x` is taken out again.
    sums: Vec<i32>,
}

impl QuantizedMatrix {
    /// A copy of the table: its integers where the kernel can add them, else its numbers quantized again.
    ///
    /// # Errors
    /// `out-of-memory` where there is none for the copy.
    pub fn new(table: &RowTable) -> Result<Self> {
        let mut matrix = Self::zeros(table.rows(), table.columns())?;
        table.rows_q8().enumerate().for_each(|(i, row)| matrix.put(i, &row));
        Ok(matrix)
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// `out-of-memory` where there is none for it.
    pub fn zeros(out_features: usize, in_features: usize) -> Result<Self> {
        let stride = in_features.checked_next_multiple_of(K_BLOCK);
        let blocks = stride.and_then(|stride| out_features.div_ceil(WIDTH).checked_mul(stride / K_BLOCK));
        Ok(Self {
            in_features,
            panels: memory::zeros(blocks.unwrap_or(usize::MAX), WEIGHT)?,
            // Where it is beyond a machine word, so is the number of blocks.
            stride: stride.unwrap_or_default(),
            scales: memory::zeros(out_features, WEIGHT)?,
            sums: memory::zeros(out_features, WEIGHT)?,
        })
    }

    /// Puts a row in its place. `row` is what a file of dtype `q8` stores: the integers, then their scale.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn put(&mut self, index: usize, row: &[u8]) {
        let (values, scale) = split_q8(row);
        let lane = index % WIDTH;
        let (groups, rest) = values.as_chunks::<K_GROUP>();
        let mut places = self.panel_mut(index / WIDTH).as_flattened_mut().iter_mut();
        // The values stand first in `zip`: it asks its first iterator first, so no place is lost at their end.
        for (from, place) in groups.iter().zip(places.by_ref()) {
            place[lane] = from.map(|value| value as i8);
        }
        if let Some(place) = places.next() {
            place[lane].iter_mut().zip(rest).for_each(|(to, value)| *to = *value as i8);
        }
        self.scales[index] = scale;
        self.sums[index] = values.iter().map(|value| i32::from(*value as i8)).sum();
    }

    /// `[out_features, in_features]`
    pub fn dims(&self) -> [usize; 2] {
        [self.scales.len(), self.in_features]
    }

    fn panel(&self, index: usize) -> &[PanelBlock] {
        let blocks = self.stride / K_BLOCK;
        &self.panels[index * blocks..(index + 1) * blocks]
    }

    fn panel_mut(&mut self, index: usize) -> &mut [PanelBlock] {
        let blocks = self.stride / K_BLOCK;
        &mut self.panels[index * blocks..(index + 1) * blocks]
    }
}

/// Rows of `x` in 8 bits: `number = (integer - zero) * scale`.
struct QuantizedRows {
    values: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl QuantizedRows {
    /// # Shapes
    /// - x: `[rows, columns]`; the result's rows are `stride` bytes apart
    fn new(x: &[f32], columns: usize, stride: usize) -> Self {
        let rows = x.len() / columns;
        let mut to = Self { values: vec![0; rows * stride], scales: vec![0.0; rows], zeros: vec![0; rows] };
        let numbers = to.scales.chunks_mut(threads::ROWS).zip(to.zeros.chunks_mut(threads::ROWS));
        let parts = x.chunks(threads::ROWS * columns).zip(to.values.chunks_mut(threads::ROWS * stride)).zip(numbers);
        threads::each(
            threads::work([x.len(), STEPS_PER_NUMBER]),
            parts,
            || (),
            |(), ((x, values), (scales, zeros))| {
                let rows = x.chunks_exact(columns).zip(values.chunks_exact_mut(stride));
                for ((row, to), (to_scale, to_zero)) in rows.zip(scales.iter_mut().zip(zeros)) {
                    let (low, high) = (math::min(row).min(0.0), math::max(row).max(0.0));
                    // For a row of zeros any scale will do.
                    let scale = if high - low > LEAST_RANGE { (high - low) / X_MAX } else { 1.0 };
                    let inverse = 1.0 / scale;
                    let zero = (-low * inverse).round();
                    quantize(row, inverse, zero, &mut to[..columns]);
                    (*to_scale, *to_zero) = (scale, zero as i32);
                }
            },
        );
        to
    }
}

/// `value * inverse + zero`, rounded, within 0 to [`X_MAX`].
fn quantize(row: &[f32], inverse: f32, zero: f32, to: &mut [u8]) {
    let (row, rest) = row.as_chunks::<16>();
    let (to, to_rest) = to.as_chunks_mut::<16>();
    let number = |value: f32| ((value * inverse + zero).clamp(0.0, X_MAX) + ROUND).to_bits() as u8;
    for (to, row) in to.iter_mut().zip(row) {
        #[cfg(target_arch = "wasm32")]
        quantize_sixteen(row, inverse, zero, to);
        #[cfg(not(target_arch = "wasm32"))]
        to.iter_mut().zip(row).for_each(|(to, value)| *to = number(*value));
    }
    to_rest.iter_mut().zip(rest).for_each(|(to, value)| *to = number(*value));
}

/// By hand, because the compiler narrows the numbers one byte at a time.
#[cfg(target_arch = "wasm32")]
fn quantize_sixteen(row: &[f32; 16], inverse: f32, zero: f32, to: &mut [u8; 16]) {
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

/// The op `linear_groups` of `kernels`.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[features, in_features]`, bias: `[features]`, result: `[rows, out_features]`
pub fn linear_int8(x: &[f32], weight: &QuantizedMatrix, bias: &[f32], plan: &LinearPlan) -> Vec<f32> {
    let (n, stride) = (plan.out_features, weight.stride);
    let mut x = QuantizedRows::new(x, plan.in_features, stride);
    let offset = dot_int8::convert_operand(&mut x.values);
    x.zeros.iter_mut().for_each(|zero| *zero -= offset);
    let mut y = vec![0.0; plan.rows * n];
    let work = threads::work([plan.rows, n, stride]);
    threads::each(work, output_parts(&mut y, plan), Vec::new, |sums, OutputPart { rows, columns, out }| {
        let width = columns.len();
        sums.resize(rows.len() * width, 0);
        each_tile(sums, width, rows.clone(), columns.clone(), |rows, panel| {
            dot_int8::products(rows.map(|row| &x.values[row * stride..(row + 1) * stride]), weight.panel(panel))
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

/// The numbers that [`linear_int8`] multiplies, exactly: `x` after it was quantized, and the weight.
///
/// # Shapes
/// - x, first result: `[rows, in_features]`, weight, second result: `[features, in_features]`
pub fn exact_operands(x: &[f32], weight: &QuantizedMatrix) -> (Vec<f64>, Vec<f64>) {
    let [features, k] = weight.dims();
    let rows = QuantizedRows::new(x, k, k);
    let exact =
        |(i, value): (usize, &u8)| (f64::from(*value) - f64::from(rows.zeros[i / k])) * f64::from(rows.scales[i / k]);
    let number = |feature: usize, i: usize| {
        let (panel, lane) = (weight.panel(feature / WIDTH).as_flattened(), feature % WIDTH);
        f64::from(panel[i / K_GROUP][lane][i % K_GROUP]) * f64::from(weight.scales[feature])
    };
    let weight = (0..features).flat_map(|feature| (0..k).map(move |i| number(feature, i)));
    (rows.values.iter().enumerate().map(exact).collect(), weight.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_quantized_within_half_a_step() {
        let x = [[-1.0f32, 0.0, 3.0, 0.4], [0.0; 4], [2.0, 5.0, 1.0, 0.1], [-9.0, -1.0, -3.0, -0.01]].concat();
        let rows = QuantizedRows::new(&x, 4, 32);
        for (i, number) in x.iter().enumerate() {
            let (row, column) = (i / 4, i % 4);
            let integer = rows.values[row * 32 + column];
            let back = (f32::from(integer) - rows.zeros[row] as f32) * rows.scales[row];
            assert!((back - number).abs() <= 0.501 * rows.scales[row], "{number} became {back}");
        }
    }

    #[test]
    fn a_row_of_tiny_numbers_becomes_zeros() {
        for tiny in [f32::from_bits(1), f32::MIN_POSITIVE, 1e-31] {
            let rows = QuantizedRows::new(&[0.0, tiny, 0.0, -tiny], 4, 4);
            assert_eq!((&rows.values[..], rows.scales[0], rows.zeros[0]), (&[0; 4][..], 1.0, 0));
        }
        let rows = QuantizedRows::new(&[0.0, 1e-29, 0.0, 0.0], 4, 4);
        assert_eq!(&rows.values[..], [0, 255, 0, 0]);
    }

    #[test]
    fn a_matrix_that_does_not_fit_is_an_error() {
        for [rows, columns] in [[usize::MAX, 8], [8, usize::MAX], [usize::MAX / 16, 1 << 20], [1 << 50, 64]] {
            assert_eq!(QuantizedMatrix::zeros(rows, columns).unwrap_err().code(), "out-of-memory");
        }
    }
}
