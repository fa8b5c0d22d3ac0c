//! `stack_rows` on the CPU.

/// The op `stack_rows` of `kernels`.
///
/// # Shapes
/// - upper: `[m, width]`, lower: `[n, width]`, result: `[m + n, width]`
pub fn stack_rows(upper: &[f32], lower: &[f32]) -> Vec<f32> {
    [upper, lower].concat()
}
