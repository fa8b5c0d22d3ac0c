//! `gather_rows` on the CPU.

/// The op `gather_rows` of `kernels`.
///
/// # Shapes
/// - x: `[any, width]`, result: `[rows, width]`
pub fn gather_rows(x: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|row| &x[row * width..(row + 1) * width]).copied().collect()
}
