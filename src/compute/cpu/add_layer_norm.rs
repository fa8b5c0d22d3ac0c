//! `add_layer_norm` on the CPU.

use super::math::sum;
use super::threads;

/// How many multiply-adds take as long as normalizing a number.
const STEPS_PER_NUMBER: usize = 16;

/// The op `add_layer_norm` of `kernels`.
///
/// # Shapes
/// - x, residual, result: `[rows, features]`, weight, bias: `[features]`
pub fn add_layer_norm(x: &[f32], residual: &[f32], weight: &[f32], bias: &[f32], epsilon: f32) -> Vec<f32> {
    let features = weight.len();
    let mut y = vec![0.0; x.len()];
    let part = threads::ROWS * features;
    let parts = y.chunks_mut(part).zip(x.chunks(part).zip(residual.chunks(part)));
    threads::each(
        threads::work([x.len(), STEPS_PER_NUMBER]),
        parts,
        || (),
        |(), (y, (x, residual))| {
            y.iter_mut().zip(x.iter().zip(residual)).for_each(|(y, (a, b))| *y = a + b);
            for row in y.chunks_exact_mut(features) {
                let mean = sum(row, |v| v) / features as f32;
                let variance = sum(row, |v| (v - mean) * (v - mean)) / features as f32;
                let scale = 1.0 / (variance + epsilon).sqrt();
                for ((v, w), b) in row.iter_mut().zip(weight).zip(bias) {
                    *v = (*v - mean) * scale * w + b;
                }
            }
        },
    );
    y
}
