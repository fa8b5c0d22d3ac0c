//! Integer dot products: the inner loop of `quantised.rs`, by instruction set. All give the same, exact sums.

/// Rows have a multiple of this many bytes.
pub(super) const LANES: usize = 32;
/// Rows of `x` in a tile.
pub(super) const TILE_ROWS: usize = 2;
/// Rows of the weight in a tile.
pub(super) const TILE_COLUMNS: usize = 4;

/// Sums of a tile.
type Tile = [[i32; TILE_COLUMNS]; TILE_ROWS];

/// Each row of `x` (at most 127) times each row of `w` (at most 64 in size); rows of `w` follow each other. Row by row of
/// `x`, the sums go to `sums`.
///
/// # Panics
/// If the rows have different lengths, or none that [`LANES`] divides; if [`TILE_COLUMNS`] does not divide their number.
pub(super) fn products(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
    let length = x[0].len();
    assert!(length.is_multiple_of(LANES) && length > 0 && x[1].len() == length);
    let columns = w.len() / length;
    assert!(columns.is_multiple_of(TILE_COLUMNS) && w.len() == columns * length);
    assert!(sums.iter().all(|row| row.len() == columns));
    #[cfg(target_arch = "wasm32")]
    wasm::products(x, w, sums);
    #[cfg(not(target_arch = "wasm32"))]
    {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2; a tile's rows are as long as `x`'s, which is a multiple of what is read at a time.
            each_tile(length, w, sums, |w| unsafe { avx2::tile(x.map(<[u8]>::as_ptr), w, length) });
            return;
        }
        plain(x, w, sums);
    }
}

/// Calls `tile` with the rows of each tile of `w`.
#[inline(always)]
fn each_tile(length: usize, w: &[i8], sums: [&mut [i32]; TILE_ROWS], tile: impl Fn([*const i8; TILE_COLUMNS]) -> Tile) {
    let [first, second] = sums.map(|row| row.as_chunks_mut::<TILE_COLUMNS>().0.iter_mut());
    for ((w, first), second) in w.chunks_exact(TILE_COLUMNS * length).zip(first).zip(second) {
        [*first, *second] = tile(std::array::from_fn(|i| w[i * length..(i + 1) * length].as_ptr()));
    }
}

#[cfg(any(test, not(target_arch = "wasm32")))]
fn plain(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
    for (x, sums) in x.iter().zip(sums) {
        for (sum, w) in sums.iter_mut().zip(w.chunks_exact(x.len())) {
            *sum = x.iter().zip(w).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum();
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{TILE_COLUMNS, TILE_ROWS, Tile};
    use std::arch::x86_64::*;

    /// # Safety
    /// The processor has AVX2; each pointer has `length` bytes, a multiple of 32.
    #[target_feature(enable = "avx2")]
    pub unsafe fn tile(x: [*const u8; TILE_ROWS], w: [*const i8; TILE_COLUMNS], length: usize) -> Tile {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[_mm256_setzero_si256(); TILE_COLUMNS]; TILE_ROWS];
        for i in (0..length).step_by(32) {
            // SAFETY: `i + 32 <= length`.
            let (w, x) = unsafe {
                (w.map(|w| _mm256_loadu_si256(w.add(i).cast())), x.map(|x| _mm256_loadu_si256(x.add(i).cast())))
            };
            for (sums, x) in sums.iter_mut().zip(x) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    // Two products of 127 * 64 fit in 16 bits.
                    let pairs = _mm256_maddubs_epi16(x, w);
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        sums.map(|[a, b, c, d]| {
            let four = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
            let four = _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256::<1>(four));
            let mut to = [0; TILE_COLUMNS];
            // SAFETY: four 32-bit integers are 16 bytes.
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), four) };
            to
        })
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::{TILE_COLUMNS, TILE_ROWS, Tile, each_tile};
    use core::arch::wasm32::*;
    #[cfg(feature = "relaxed-simd")]
    use std::sync::LazyLock;

    /// See [`super::products`], which has checked the lengths.
    #[cfg(not(feature = "relaxed-simd"))]
    pub fn products(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
        let (length, x) = (x[0].len(), x.map(<[u8]>::as_ptr));
        // SAFETY: all rows have this length, a multiple of what is read at a time.
        each_tile(length, w, sums, |w| unsafe { tile(x, w, length) });
    }

    /// See [`super::products`], which has checked the lengths.
    #[cfg(feature = "relaxed-simd")]
    pub fn products(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
        #[target_feature(enable = "relaxed-simd")]
        unsafe fn fused_products(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
            let (length, x) = (x[0].len(), x.map(<[u8]>::as_ptr));
            // SAFETY: all rows have this length, a multiple of what is read at a time.
            each_tile(length, w, sums, |w| unsafe { tile_fused(x, w, length) });
        }
        #[target_feature(enable = "relaxed-simd")]
        unsafe fn pair_products(x: [&[u8]; TILE_ROWS], w: &[i8], sums: [&mut [i32]; TILE_ROWS]) {
            let (length, x) = (x[0].len(), x.map(<[u8]>::as_ptr));
            // SAFETY: all rows have this length, a multiple of what is read at a time.
            each_tile(length, w, sums, |w| unsafe { tile_pairs(x, w, length) });
        }
        // SAFETY: a module with these instructions is only run where the engine has them.
        unsafe { if *FUSED { fused_products(x, w, sums) } else { pair_products(x, w, sums) } }
    }

    /// # Safety
    /// Each pointer has `length` bytes, a multiple of 32.
    #[cfg(not(feature = "relaxed-simd"))]
    #[inline(always)]
    unsafe fn tile(x: [*const u8; TILE_ROWS], w: [*const i8; TILE_COLUMNS], length: usize) -> Tile {
        let mut sums = [[i32x4_splat(0); TILE_COLUMNS]; TILE_ROWS];
        for i in (0..length).step_by(8) {
            // SAFETY: `i + 8 <= length`.
            let (w, x) =
                unsafe { (w.map(|w| i16x8_load_extend_i8x8(w.add(i))), x.map(|x| i16x8_load_extend_u8x8(x.add(i)))) };
            for (sums, x) in sums.iter_mut().zip(x) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, w));
                }
            }
        }
        sums.map(across)
    }

    /// Whether to use [`tile_fused`].
    #[cfg(feature = "relaxed-simd")]
    static FUSED: LazyLock<bool> = LazyLock::new(|| unsafe { fused() });

    /// Whether the engine has one instruction for the 32-bit dot product. Where it has none (x86 before VNNI) it makes one
    /// of 16-bit pairs, which saturate; the products here are chosen to show that. Two steps by hand are faster there.
    #[cfg(feature = "relaxed-simd")]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn fused() -> bool {
        let shown = i32x4_relaxed_dot_i8x16_i7x16_add(i8x16_splat(127), opaque(), i32x4_splat(0));
        i32x4_extract_lane::<0>(shown) != 2 * i32::from(i16::MAX)
    }

    /// 255 in every byte, which the compiler must not know: it would compute the product itself.
    #[cfg(feature = "relaxed-simd")]
    fn opaque() -> v128 {
        i8x16_splat(core::hint::black_box(-1))
    }

    #[cfg(feature = "relaxed-simd")]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn tile_fused(x: [*const u8; TILE_ROWS], w: [*const i8; TILE_COLUMNS], length: usize) -> Tile {
        let mut sums = [[i32x4_splat(0); TILE_COLUMNS]; TILE_ROWS];
        for i in (0..length).step_by(16) {
            // SAFETY: `i + 16 <= length`.
            let (w, x) = unsafe { (w.map(|w| v128_load(w.add(i).cast())), x.map(|x| v128_load(x.add(i).cast()))) };
            for (sums, x) in sums.iter_mut().zip(x) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = i32x4_relaxed_dot_i8x16_i7x16_add(w, x, *sum);
                }
            }
        }
        sums.map(across)
    }

    #[cfg(feature = "relaxed-simd")]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn tile_pairs(x: [*const u8; TILE_ROWS], w: [*const i8; TILE_COLUMNS], length: usize) -> Tile {
        let ones = i16x8_splat(1);
        let mut sums = [[i32x4_splat(0); TILE_COLUMNS]; TILE_ROWS];
        for i in (0..length).step_by(32) {
            let load = |from: *const i8| {
                // SAFETY: `i + 32 <= length`.
                unsafe { [v128_load(from.add(i).cast()), v128_load(from.add(i + 16).cast())] }
            };
            let w = w.map(load);
            for (sums, x) in sums.iter_mut().zip(x) {
                let [x0, x1] = load(x.cast());
                for (sum, [w0, w1]) in sums.iter_mut().zip(w) {
                    // Four products of 127 * 64 fit in 16 bits.
                    let fours = i16x8_add(i16x8_relaxed_dot_i8x16_i7x16(w0, x0), i16x8_relaxed_dot_i8x16_i7x16(w1, x1));
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(fours, ones));
                }
            }
        }
        sums.map(across)
    }

    /// The sum of each vector.
    #[inline(always)]
    fn across([a, b, c, d]: [v128; TILE_COLUMNS]) -> [i32; TILE_COLUMNS] {
        let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        // [a, b, a, b] and [c, d, c, d], each half a sum.
        let sums = i32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd));
        [
            i32x4_extract_lane::<0>(sums),
            i32x4_extract_lane::<1>(sums),
            i32x4_extract_lane::<2>(sums),
            i32x4_extract_lane::<3>(sums),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_equal_the_plain_sums_at_the_ends_of_the_range() {
        for length in [32, 64, 96, 768] {
            let x: [Vec<u8>; 2] =
                std::array::from_fn(|row| (0..length).map(|i| ((i * 37 + row * 5) % 128) as u8).collect());
            let most: [Vec<u8>; 2] = std::array::from_fn(|_| vec![127; length]);
            let signed = |row: usize| (0..length).map(|i| (((i * 29 + row * 11) % 129) as i32 - 64) as i8).collect();
            let w: [Vec<i8>; 4] = std::array::from_fn(signed);
            let ends: [Vec<i8>; 4] = std::array::from_fn(|row| vec![if row % 2 == 0 { -64 } else { 64 }; length]);
            for (x, w) in [(&x, &w), (&most, &ends), (&most, &w), (&x, &ends)] {
                let (x, w) = ([&x[0][..], &x[1]], w.concat());
                let (mut got, mut want) = ([[0; 4]; 2], [[0; 4]; 2]);
                products(x, &w, got.each_mut().map(|row| &mut row[..]));
                plain(x, &w, want.each_mut().map(|row| &mut row[..]));
                assert_eq!(got, want);
            }
        }
    }
}
