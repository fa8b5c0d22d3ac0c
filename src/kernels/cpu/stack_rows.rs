//! `stack_rows` on the CPU.

/// See [`stack_rows`](crate::kernels::stack_rows()).
///
/// # Shapes
/// - upper: `[m, width]`, lower: `[n, width]`, result: `[m + n, width]`
pub(super) fn stack_rows(upper: &[f32], lower: &[f32]) -> Vec<f32> {
    [upper, lower].concat()
}
