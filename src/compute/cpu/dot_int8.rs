//! Integer dot products, the inner loop of `linear_int8.rs`, by instruction set. All give the same, exact sums.

use super::tiles::{HEIGHT, Tile, WIDTH};

/// Numbers of one row of the weight that stand side by side in a panel: a 32-bit lane of a vector adds up their products.
pub(super) const K_GROUP: usize = 4;
/// Numbers of each row in a [`PanelBlock`].
pub(super) const K_BLOCK: usize = 8;

/// Part of a panel: the next [`K_BLOCK`] numbers of its [`WIDTH`] rows of the weight.
pub(super) type PanelBlock = [[[i8; K_GROUP]; WIDTH]; K_BLOCK / K_GROUP];

/// Brings `x` into the form that [`products`] needs. Where the engine's dot product takes signed bytes, that is the byte less
/// 128. Returns what was subtracted, 128 or 0, which is to be subtracted from the zero point too.
pub(super) fn convert_operand(x: &mut [u8]) -> i32 {
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    if *wasm::ENGINE == wasm::Engine::Signed {
        x.iter_mut().for_each(|byte| *byte ^= 128);
        return 128;
    }
    let _ = x;
    0
}

/// The product of each row of `x` with each row of the weight in a panel, whose integers are such that four products can be
/// added in 16 bits (`dtype.rs` has the rule).
///
/// # Shapes
/// - x: `[HEIGHT, k]`, panel: `[k / K_BLOCK]` blocks, result: `[HEIGHT, WIDTH]`
///
/// # Panics
/// If a row of `x` is not as long as the panel's rows.
pub(super) fn products(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
    assert!(x.iter().all(|row| row.len() == panel.len() * K_BLOCK));
    #[cfg(target_arch = "wasm32")]
    return wasm::products(x, panel);
    #[cfg(not(target_arch = "wasm32"))]
    {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, and the rows are as long as the panel's.
            return unsafe { avx2::products(x, panel) };
        }
        plain(x, panel)
    }
}

/// [`products`] without SIMD, for other processors and the tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
fn plain(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
    x.map(|x| {
        let mut sums = [0; WIDTH];
        for (x, group) in x.as_chunks::<K_GROUP>().0.iter().zip(panel.as_flattened()) {
            for (sum, w) in sums.iter_mut().zip(group) {
                *sum += x.iter().zip(w).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum::<i32>();
            }
        }
        sums
    })
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{HEIGHT, K_BLOCK, PanelBlock, Tile, WIDTH};
    use std::arch::x86_64::*;

    /// # Safety
    /// The processor has AVX2; the rows of `x` are as long as the panel's.
    #[target_feature(enable = "avx2")]
    pub unsafe fn products(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_si256(); HEIGHT];
        for (i, block) in panel.iter().enumerate() {
            // SAFETY: half a block is 32 bytes.
            let w = block.each_ref().map(|w| unsafe { _mm256_loadu_si256(w.as_ptr().cast()) });
            for (sum, x) in sums.iter_mut().zip(x) {
                // SAFETY: each row has `panel.len() * K_BLOCK` bytes.
                let x: [i32; 2] = unsafe { x.as_ptr().add(i * K_BLOCK).cast::<[i32; 2]>().read_unaligned() };
                let [first, second] = [0, 1].map(|half| _mm256_maddubs_epi16(_mm256_set1_epi32(x[half]), w[half]));
                // These four products fit in 16 bits.
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_add_epi16(first, second), ones));
            }
        }
        sums.map(|sum| {
            let mut to = [0; WIDTH];
            // SAFETY: eight 32-bit integers are 32 bytes.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), sum) };
            to
        })
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    #[cfg(feature = "relaxed-simd")]
    use super::K_BLOCK;
    use super::{HEIGHT, K_GROUP, PanelBlock, Tile, WIDTH};
    use core::arch::wasm32::*;
    #[cfg(feature = "relaxed-simd")]
    use std::sync::LazyLock;

    /// See [`super::products`], which has checked the lengths.
    #[cfg(not(feature = "relaxed-simd"))]
    pub fn products([a, b, c, d]: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
        // Two rows at a time: more sums do not fit in 16 registers.
        let ([a, b], [c, d]) = (two_rows([a, b], panel), two_rows([c, d], panel));
        [a, b, c, d]
    }

    #[cfg(not(feature = "relaxed-simd"))]
    fn two_rows(x: [&[u8]; 2], panel: &[PanelBlock]) -> [[i32; WIDTH]; 2] {
        // Each vector has two sums of pairs for two rows of the weight.
        let mut sums = [[i32x4_splat(0); 4]; 2];
        for (i, group) in panel.as_flattened().iter().enumerate() {
            let from = group.as_ptr().cast::<i8>();
            // SAFETY: `group` has 32 bytes, and each row `panel.len() * K_BLOCK`.
            let (w, x) = unsafe {
                let w: [v128; 4] = std::array::from_fn(|two| i16x8_load_extend_i8x8(from.add(two * 8)));
                (w, x.map(|x| u16x8_extend_low_u8x16(v128_load32_splat(x.as_ptr().add(i * K_GROUP).cast()))))
            };
            for (sums, x) in sums.iter_mut().zip(x) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, w));
                }
            }
        }
        sums.map(|[a, b, c, d]| {
            let pairs = |a, b| i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
            store([pairs(a, b), pairs(c, d)])
        })
    }

    /// See [`super::products`], which has checked the lengths.
    #[cfg(feature = "relaxed-simd")]
    pub fn products(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
        // SAFETY: the page picks a module with these instructions only where the engine has them; `products` checked the lengths.
        unsafe { if *ENGINE == Engine::Pairs { paired_products(x, panel) } else { fused_products(x, panel) } }
    }

    /// How the engine computes the relaxed dot product.
    #[cfg(feature = "relaxed-simd")]
    #[derive(PartialEq)]
    pub enum Engine {
        /// The bytes of `x` are signed.
        Signed,
        /// The bytes of `x` are unsigned, and the product is one instruction.
        Unsigned,
        /// The bytes of `x` are unsigned, and the product is made of 16-bit pairs (x86 before VNNI): two instructions by hand
        /// are faster there.
        Pairs,
    }

    #[cfg(feature = "relaxed-simd")]
    pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        // SAFETY: the page picks a module with these instructions only where the engine has them.
        unsafe { engine() }
    });

    #[cfg(feature = "relaxed-simd")]
    /// # Safety
    /// The engine has relaxed SIMD.
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn engine() -> Engine {
        // Every byte is 255 or -1. The compiler must not know it, or it would compute the product itself.
        let all = i8x16_splat(core::hint::black_box(-1));
        let shown = i32x4_relaxed_dot_i8x16_i7x16_add(i8x16_splat(127), all, i32x4_splat(0));
        match i32x4_extract_lane::<0>(shown) {
            shown if shown == -4 * 127 => Engine::Signed,
            shown if shown == 4 * 127 * 255 => Engine::Unsigned,
            // Their sums do not fit in 16 bits.
            _ => Engine::Pairs,
        }
    }

    /// # Safety
    /// The engine has relaxed SIMD; the rows of `x` are as long as the panel's.
    #[cfg(feature = "relaxed-simd")]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn fused_products(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
        let mut sums = [[i32x4_splat(0); 2]; HEIGHT];
        for (i, group) in panel.as_flattened().iter().enumerate() {
            // SAFETY: `group` is two vectors, and each row has `panel.len() * K_BLOCK` bytes.
            let w = unsafe { two_vectors(group.as_ptr().cast()) };
            for (sums, x) in sums.iter_mut().zip(x) {
                // SAFETY: as above.
                let x = unsafe { v128_load32_splat(x.as_ptr().add(i * K_GROUP).cast()) };
                *sums = [0, 1].map(|half| i32x4_relaxed_dot_i8x16_i7x16_add(w[half], x, sums[half]));
            }
        }
        sums.map(store)
    }

    /// # Safety
    /// The engine has relaxed SIMD; the rows of `x` are as long as the panel's.
    #[cfg(feature = "relaxed-simd")]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn paired_products(x: [&[u8]; HEIGHT], panel: &[PanelBlock]) -> Tile<i32> {
        let ones = i16x8_splat(1);
        let mut sums = [[i32x4_splat(0); 2]; HEIGHT];
        for (i, [first, second]) in panel.iter().enumerate() {
            // SAFETY: half a block is two vectors.
            let w = unsafe { [two_vectors(first.as_ptr().cast()), two_vectors(second.as_ptr().cast())] };
            for (sums, x) in sums.iter_mut().zip(x) {
                // SAFETY: each row has `panel.len() * K_BLOCK` bytes.
                let x = unsafe {
                    let x = x.as_ptr().add(i * K_BLOCK);
                    [v128_load32_splat(x.cast()), v128_load32_splat(x.add(K_GROUP).cast())]
                };
                *sums = [0, 1].map(|half| {
                    // These four products fit in 16 bits.
                    let first = i16x8_relaxed_dot_i8x16_i7x16(w[0][half], x[0]);
                    let fours = i16x8_add(first, i16x8_relaxed_dot_i8x16_i7x16(w[1][half], x[1]));
                    i32x4_add(sums[half], i32x4_dot_i16x8(fours, ones))
                });
            }
        }
        sums.map(store)
    }

    /// # Safety
    /// There are 32 bytes at `from`.
    #[cfg(feature = "relaxed-simd")]
    #[inline(always)]
    unsafe fn two_vectors(from: *const v128) -> [v128; 2] {
        // SAFETY: the caller's.
        unsafe { [v128_load(from), v128_load(from.add(1))] }
    }

    #[inline(always)]
    fn store([left, right]: [v128; 2]) -> [i32; WIDTH] {
        let mut to = [0; WIDTH];
        // SAFETY: eight 32-bit integers are two vectors.
        unsafe {
            v128_store(to.as_mut_ptr().cast(), left);
            v128_store(to.as_mut_ptr().add(4).cast(), right);
        }
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_equal_the_plain_sums_at_the_ends_of_the_range() {
        for blocks in [1, 2, 5, 96] {
            let length = blocks * K_BLOCK;
            let some: [Vec<u8>; HEIGHT] =
                std::array::from_fn(|row| (0..length).map(|i| ((i * 37 + row * 5) % 256) as u8).collect());
            let max: [Vec<u8>; HEIGHT] = std::array::from_fn(|_| vec![255; length]);
            let panel = |number: &dyn Fn(usize) -> i8| -> Vec<PanelBlock> {
                let mut i = 0;
                let mut next = || {
                    i += 1;
                    number(i - 1)
                };
                (0..blocks).map(|_| [(); 2].map(|()| [(); WIDTH].map(|()| [(); K_GROUP].map(|()| next())))).collect()
            };
            let w = panel(&|i| ((i * 29) % 65) as i8 - 32);
            // As much of one sign as fits: 63, 1, 63 and 1 are added.
            let sign = |i: usize| if (i / (K_BLOCK * WIDTH)).is_multiple_of(2) { -1 } else { 1 };
            let ends = panel(&|i| sign(i) * if i.is_multiple_of(2) { 63 } else { 1 });
            for (x, w) in [(&some, &w), (&max, &ends), (&max, &w), (&some, &ends)] {
                let x = x.each_ref().map(|row| &row[..]);
                assert_eq!(products(x, w), plain(x, w));
            }
        }
    }
}
