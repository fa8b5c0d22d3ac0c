//! The matrix product in wasm: `b` is copied into panels of eight columns, which are then used on four rows of `a` at a time.

use core::arch::wasm32::{f32x4_splat, v128, v128_load, v128_load32_splat, v128_store};

use super::product::Matrix;

/// Columns of a panel: two vectors.
const WIDTH: usize = 8;
/// Rows of `a` in a tile: four times two sums are what 16 registers have room for.
const HEIGHT: usize = 4;
/// Rows of a panel; 32 KiB of it.
const DEPTH: usize = 1024;

/// `out += a b`, with bounds checked by the caller.
pub(super) fn add_product(out: &mut [f32], stride: usize, a: Matrix, b: Matrix) {
    let mut panel = vec![0.0; DEPTH.min(a.columns) * WIDTH];
    // Rows of `a` that are not contiguous would have to be copied too; the kernels have none.
    assert_eq!(a.column_stride, 1);
    for depth in (0..a.columns).step_by(DEPTH) {
        let count = DEPTH.min(a.columns - depth);
        let panel = &mut panel[..count * WIDTH];
        for column in (0..b.columns).step_by(WIDTH) {
            let width = WIDTH.min(b.columns - column);
            copy(panel, &b, depth, column, width);
            for row in (0..a.rows).step_by(HEIGHT) {
                // A row beyond the end is the last one again; its sums are not used.
                let rows = std::array::from_fn(|i| {
                    let start = (row + i).min(a.rows - 1) * a.row_stride as usize + depth;
                    &a.data[start..start + count]
                });
                for (i, sums) in tile(rows, panel).iter().enumerate().take(a.rows - row) {
                    let start = (row + i) * stride + column;
                    out[start..start + width].iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
                }
            }
        }
    }
}

/// Columns `column..column + width` of `b`, from row `depth` on; what is wider than that stays as it is.
fn copy(panel: &mut [f32], b: &Matrix, depth: usize, column: usize, width: usize) {
    let (down, right) = (b.row_stride as usize, b.column_stride as usize);
    for i in 0..width {
        let from = b.data[depth * down + (column + i) * right..].iter().step_by(down);
        panel[i..].iter_mut().step_by(WIDTH).zip(from).for_each(|(to, value)| *to = *value);
    }
}

#[cfg(not(feature = "relaxed-simd"))]
fn tile(rows: [&[f32]; HEIGHT], panel: &[f32]) -> [[f32; WIDTH]; HEIGHT] {
    tile_with(rows, panel, |sum, a, b| {
        use core::arch::wasm32::{f32x4_add, f32x4_mul};
        f32x4_add(sum, f32x4_mul(a, b))
    })
}

#[cfg(feature = "relaxed-simd")]
fn tile(rows: [&[f32]; HEIGHT], panel: &[f32]) -> [[f32; WIDTH]; HEIGHT] {
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn relaxed(rows: [&[f32]; HEIGHT], panel: &[f32]) -> [[f32; WIDTH]; HEIGHT] {
        tile_with(rows, panel, |sum, a, b| core::arch::wasm32::f32x4_relaxed_madd(a, b, sum))
    }
    // SAFETY: a module with these instructions is only run where the engine has them.
    // SAFETY: a module with these instructions is only run where the engine has them.
    unsafe { relaxed(rows, panel) }
}

/// Sums of a tile; `madd(sum, a, b)` is `sum + a * b`.
#[inline(always)]
fn tile_with(rows: [&[f32]; HEIGHT], panel: &[f32], madd: impl Fn(v128, v128, v128) -> v128) -> [[f32; WIDTH]; HEIGHT] {
    let count = panel.len() / WIDTH;
    assert!(rows.iter().all(|row| row.len() == count));
    let mut sums = [[f32x4_splat(0.0); 2]; HEIGHT];
    for i in 0..count {
        // SAFETY: the panel has `count` times eight floats, and each row `count`.
        unsafe {
            let from = panel.as_ptr().add(i * WIDTH).cast::<v128>();
            let (left, right) = (v128_load(from), v128_load(from.add(1)));
            for (sums, row) in sums.iter_mut().zip(rows) {
                let a = v128_load32_splat(row.as_ptr().add(i).cast());
                *sums = [madd(sums[0], a, left), madd(sums[1], a, right)];
            }
        }
    }
    sums.map(|both| {
        let mut to = [0.0; WIDTH];
        // SAFETY: eight floats are two vectors.
        unsafe {
            v128_store(to.as_mut_ptr().cast(), both[0]);
            v128_store(to.as_mut_ptr().add(4).cast(), both[1]);
        }
        to
    })
}
