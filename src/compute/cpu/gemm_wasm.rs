//! The f32 matrix product in wasm, where `gemm.rs` and its crate are left out.

use core::arch::wasm32::{f32x4_splat, v128, v128_load, v128_load32_splat, v128_store};
use std::ops::Range;

use super::matrix::Matrix;
use super::tiles::{HEIGHT, Tile, WIDTH, each_tile};

/// The right operand of a product in panels of [`WIDTH`] columns, zeros beyond the last.
///
/// # Shapes
/// - `[columns / WIDTH, depth, WIDTH]`
#[derive(Debug)]
pub(super) struct Panels {
    depth: usize,
    columns: usize,
    data: Vec<f32>,
}

impl Panels {
    /// Stacks the rows of all parts, which have equal numbers of columns.
    pub fn new(parts: &[Matrix]) -> Self {
        let depth = parts.iter().map(|part| part.rows).sum();
        let columns = parts.first().map_or(0, |part| part.columns);
        let mut panels = Self::zeros([depth, columns], Vec::new());
        for (first, panel) in panels.data.chunks_exact_mut((depth * WIDTH).max(1)).enumerate() {
            let mut below = 0;
            for part in parts {
                for column in 0..WIDTH.min(columns - first * WIDTH) {
                    let to = panel[below * WIDTH + column..].iter_mut().step_by(WIDTH);
                    to.zip(part.column(first * WIDTH + column)).for_each(|(to, value)| *to = value);
                }
                below += part.rows;
            }
        }
        panels
    }

    /// Floats of the storage of an operand; `usize::MAX` if they are more than `usize` can count.
    pub fn len([depth, columns]: [usize; 2]) -> usize {
        columns.div_ceil(WIDTH).saturating_mul(WIDTH).saturating_mul(depth)
    }

    /// From its columns: `column(index, to)` appends the numbers of one to `to`. `data` is an empty vector; with the
    /// capacity of [`len`](Self::len) nothing large is allocated.
    pub fn from_columns([depth, columns]: [usize; 2], data: Vec<f32>, column: impl Fn(usize, &mut Vec<f32>)) -> Self {
        let mut panels = Self::zeros([depth, columns], data);
        let mut values = Vec::with_capacity(WIDTH * depth);
        for (first, panel) in panels.data.chunks_exact_mut((depth * WIDTH).max(1)).enumerate() {
            values.clear();
            (first * WIDTH..columns.min((first + 1) * WIDTH)).for_each(|index| column(index, &mut values));
            // 64 rows of all columns at a time, so that the memory that is written stays in the L1 cache.
            for (part, to) in panel.chunks_mut(64 * WIDTH).enumerate() {
                for (i, values) in values.chunks_exact(depth).enumerate() {
                    to[i..].iter_mut().step_by(WIDTH).zip(&values[part * 64..]).for_each(|(to, value)| *to = *value);
                }
            }
        }
        panels
    }

    fn zeros([depth, columns]: [usize; 2], mut data: Vec<f32>) -> Self {
        let len = columns.next_multiple_of(WIDTH) * depth;
        data.reserve_exact(len);
        data.resize(len, 0.0);
        Self { depth, columns, data }
    }

    /// Rows of the operand.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the operand.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `out = a b[.., columns]`.
    ///
    /// # Shapes
    /// - a: `[rows, depth]`, out: `[rows, columns.len()]`, its rows `stride` floats apart
    ///
    /// # Panics
    /// If the shapes disagree.
    pub fn product(&self, a: Matrix, columns: Range<usize>, out: &mut [f32], stride: usize) {
        assert!(a.columns == self.depth && a.column_stride == 1 && columns.end <= self.columns);
        each_tile(out, stride, 0..a.rows, columns, |rows, panel| {
            let rows = rows.map(|row| &a.data[row * a.row_stride..][..self.depth]);
            tile(rows, &self.data[panel * self.depth * WIDTH..][..self.depth * WIDTH])
        });
    }
}

#[cfg(not(feature = "relaxed-simd"))]
fn tile(rows: [&[f32]; HEIGHT], panel: &[f32]) -> Tile<f32> {
    tile_with(rows, panel, |sum, a, b| {
        use core::arch::wasm32::{f32x4_add, f32x4_mul};
        f32x4_add(sum, f32x4_mul(a, b))
    })
}

#[cfg(feature = "relaxed-simd")]
fn tile(rows: [&[f32]; HEIGHT], panel: &[f32]) -> Tile<f32> {
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn relaxed(rows: [&[f32]; HEIGHT], panel: &[f32]) -> Tile<f32> {
        tile_with(rows, panel, |sum, a, b| core::arch::wasm32::f32x4_relaxed_madd(a, b, sum))
    }
    // SAFETY: the page picks a module with these instructions only where the engine has them.
    unsafe { relaxed(rows, panel) }
}

/// Sums of a tile; `madd(sum, a, b)` is `sum + a * b`.
#[inline(always)]
fn tile_with(rows: [&[f32]; HEIGHT], panel: &[f32], madd: impl Fn(v128, v128, v128) -> v128) -> Tile<f32> {
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
