//! How numbers are stored in a model folder, and how they become f32 again.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// How numbers are stored. All are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// 4 bytes a number, IEEE 754 binary32.
    F32,
    /// 2 bytes a number, IEEE 754 binary16.
    F16,
    /// 2 bytes a number, the upper half of an f32. Only checkpoints have it; `luke convert` writes none.
    Bf16,
    /// Symmetric int8 with one scale for each row (per-channel). A row of `n` numbers is `n` int8, then one f32 scale:
    /// `number = int8 * scale`.
    Q8,
    /// ggml's `Q4_0`, byte for byte. A row is cut into blocks of 32 numbers. A block is an f16 scale, then 16 bytes:
    /// the lower four bits of byte `i` are number `i`, the upper four bits are number `16 + i`;
    /// `number = (bits - 8) * scale`. The last block is filled with zeros.
    Q4,
}

/// Which range the int8 values of a [`DType::Q8`] row use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Int8Range {
    /// -127 to 127.
    Full,
    /// As small as [`is_saturation_safe`] needs it, so that the CPU's int8 kernel can add four products in 16 bits.
    /// ONNX Runtime calls this idea `reduce_range`. The weights of linear layers are stored so.
    SaturationSafe,
}

/// Numbers of a [`DType::Q4`] block.
const BLOCK: usize = 32;
/// Bytes of a [`DType::Q4`] block.
const BLOCK_BYTES: usize = 2 + BLOCK / 2;

impl DType {
    /// Bytes of a row of `columns` numbers; `usize::MAX` if they are more than `usize` can count.
    pub fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::F32 => columns.saturating_mul(4),
            Self::F16 | Self::Bf16 => columns.saturating_mul(2),
            Self::Q8 => columns.saturating_add(4),
            Self::Q4 => columns.div_ceil(BLOCK).saturating_mul(BLOCK_BYTES),
        }
    }

    /// Whether numbers of a row share scales. Only matrices are stored so.
    pub fn is_quantized(self) -> bool {
        matches!(self, Self::Q8 | Self::Q4)
    }

    /// Calls `visit` with the `columns` numbers of one stored row, in order, as f32. `row` must have `row_bytes(columns)` bytes.
    pub fn for_each(self, row: &[u8], columns: usize, mut visit: impl FnMut(f32)) {
        match self {
            Self::F32 => row.as_chunks().0.iter().for_each(|bytes| visit(f32::from_le_bytes(*bytes))),
            Self::F16 => row.as_chunks().0.iter().for_each(|bytes| visit(f16::from_le_bytes(*bytes).to_f32())),
            Self::Bf16 => row.as_chunks().0.iter().for_each(|bytes| visit(bf16::from_le_bytes(*bytes).to_f32())),
            Self::Q8 => {
                let (values, scale) = split_q8(row);
                values.iter().for_each(|value| visit(f32::from(value.cast_signed()) * scale));
            }
            Self::Q4 => {
                let blocks = row.as_chunks().0.iter().flat_map(|block| {
                    let (scale, bits) = split_q4(block);
                    let number = move |bits: u8| (f32::from(bits) - 8.0) * scale;
                    bits.iter().map(|b| b & 15).chain(bits.iter().map(|b| b >> 4)).map(number)
                });
                blocks.take(columns).for_each(visit);
            }
        }
    }

    /// Appends the numbers of stored rows to `out` as f32. A row has `columns` numbers, so `row_bytes(columns)` bytes;
    /// bytes of an incomplete last row are ignored.
    pub fn decode(self, bytes: &[u8], columns: usize, out: &mut Vec<f32>) {
        for row in bytes.chunks_exact(self.row_bytes(columns).max(1)) {
            self.for_each(row, columns, |value| out.push(value));
        }
    }

    /// The index of the first of these rows of `columns` numbers that has a number that is not finite; `None` if all are finite.
    pub fn not_finite(self, bytes: &[u8], columns: usize) -> Option<usize> {
        if self.all_finite(bytes, columns) {
            return None;
        }
        bytes.chunks(self.row_bytes(columns).max(1)).position(|row| !self.all_finite(row, columns))
    }

    /// Whether every number of these rows of `columns` is finite. NaN or infinity in a weight would spread to every
    /// result.
    pub fn all_finite(self, bytes: &[u8], columns: usize) -> bool {
        // No early exit: the loops over f32 and f16 become vector instructions.
        let any = |bad: bool, found: bool| bad | found;
        !match self {
            Self::F32 => {
                let exponents = bytes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b) & 0x7f80_0000);
                exponents.map(|exponent| exponent == 0x7f80_0000).fold(false, any)
            }
            Self::F16 => {
                let exponents = bytes.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b) & 0x7c00);
                exponents.map(|exponent| exponent == 0x7c00).fold(false, any)
            }
            Self::Bf16 => {
                let exponents = bytes.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b) & 0x7f80);
                exponents.map(|exponent| exponent == 0x7f80).fold(false, any)
            }
            // The largest number is the scale times 128.
            Self::Q8 => bytes
                .chunks_exact(self.row_bytes(columns).max(1))
                .any(|row| !(split_q8(row).1 * -f32::from(i8::MIN)).is_finite()),
            Self::Q4 => bytes.as_chunks().0.iter().any(|block| !split_q4(block).0.is_finite()),
        }
    }

    /// Encodes numbers as they are stored: `row_bytes(columns)` bytes for each row. Only [`DType::Q8`] uses `range`. A number
    /// beyond the range of f16 becomes infinite as [`DType::F16`].
    ///
    /// # Shapes
    /// - values: `[rows, columns]`, row-major
    pub fn encode(self, values: &[f32], columns: usize, range: Int8Range) -> Vec<u8> {
        let rows = values.chunks_exact(columns.max(1));
        match self {
            Self::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F16 => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
            Self::Bf16 => values.iter().flat_map(|value| bf16::from_f32(*value).to_le_bytes()).collect(),
            Self::Q8 => rows.flat_map(|row| encode_q8(row, range)).collect(),
            Self::Q4 => rows.flat_map(|row| row.chunks(BLOCK).flat_map(encode_q4)).collect(),
        }
    }
}

/// The int8 values of a [`DType::Q8`] row, each as a byte, and its scale. None and 0 if the row has fewer than 4 bytes.
pub fn split_q8(row: &[u8]) -> (&[u8], f32) {
    match row.split_last_chunk::<4>() {
        Some((values, scale)) => (values, f32::from_le_bytes(*scale)),
        None => (&[], 0.0),
    }
}

/// The scale of a [`DType::Q4`] block, and the bits of its numbers.
fn split_q4(block: &[u8; BLOCK_BYTES]) -> (f32, &[u8]) {
    let [low, high, bits @ ..] = block;
    (f16::from_le_bytes([*low, *high]).to_f32(), bits)
}

/// Whether the CPU's int8 kernel can multiply these int8 values with any unsigned bytes without overflow. The kernel
/// adds four products in 16 bits before it widens them. Of each eight values, one group is numbers 0, 1, 4 and 5, the
/// other is numbers 2, 3, 6 and 7.
pub fn is_saturation_safe(values: &[u8]) -> bool {
    largest_group_sum(values) <= MAX_GROUP_SUM
}

/// 255 times this fits in 16 bits.
const MAX_GROUP_SUM: i16 = i16::MAX / 255;

/// The largest size of a sum over the values with one sign in a group; see [`is_saturation_safe`].
fn largest_group_sum(values: &[u8]) -> i16 {
    let of_group = |group: [i16; 4]| {
        let positive: i16 = group.iter().map(|value| (*value).max(0)).sum();
        let negative: i16 = group.iter().map(|value| (*value).min(0)).sum();
        positive.max(negative.wrapping_neg())
    };
    let of_eight = |eight: &[u8; 8]| {
        let [a, b, c, d, e, f, g, h] = eight.map(|value| i16::from(value.cast_signed()));
        of_group([a, b, e, f]).max(of_group([c, d, g, h]))
    };
    let (eights, rest) = values.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, value)| *to = *value);
    eights.iter().map(of_eight).fold(of_eight(&last), i16::max)
}

/// A row of `n` numbers as the `n + 4` bytes of [`DType::Q8`]. The number of largest size becomes 127 or -127, or what
/// [`Int8Range::SaturationSafe`] leaves of that.
pub fn encode_q8(row: &[f32], range: Int8Range) -> Vec<u8> {
    let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let mut max = f32::from(i8::MAX);
    loop {
        let scale = largest / max;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let mut bytes: Vec<u8> = row.iter().map(|value| to_i8(value * inverse).cast_unsigned()).collect();
        let sum = if range == Int8Range::Full { 0 } else { largest_group_sum(&bytes) };
        if sum <= MAX_GROUP_SUM {
            bytes.extend(scale.to_le_bytes());
            return bytes;
        }
        // What would fit but for rounding, and less where that was not enough.
        max = (max * f32::from(MAX_GROUP_SUM) / f32::from(sum)).min(max - 0.5);
    }
}

/// A block of up to 32 numbers as ggml's `Q4_0`. The scale is the one with the least squared error near the scale that
/// turns the number of largest size into -8, which is the end of the range that has no counterpart.
fn encode_q4(block: &[f32]) -> Vec<u8> {
    let largest =
        block.iter().fold(0.0f32, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
    let integer = |value: f32, inverse: f32| (value * inverse + 8.0).round().clamp(0.0, 15.0);
    let mut best = (f32::INFINITY, f16::ZERO, 0.0);
    for steps in 14u8..=20 {
        let scale = f16::from_f32(largest / (-0.5 * f32::from(steps)));
        let number = scale.to_f32();
        let inverse = if number == 0.0 { 0.0 } else { 1.0 / number };
        let error = |value: &f32| ((integer(*value, inverse) - 8.0) * number - value).powi(2);
        let error = block.iter().map(error).sum();
        if error < best.0 {
            best = (error, scale, inverse);
        }
    }
    let (_, scale, inverse) = best;
    let mut bits = [8; BLOCK];
    bits.iter_mut().zip(block).for_each(|(bits, value)| *bits = to_i8(integer(*value, inverse)).cast_unsigned());
    let (lower, upper) = bits.split_at(BLOCK / 2);
    let mut bytes = scale.to_le_bytes().to_vec();
    bytes.extend(lower.iter().zip(upper).map(|(lower, upper)| lower | upper << 4));
    bytes
}

/// The nearest int8.
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted here")]
fn to_i8(value: f32) -> i8 {
    value.round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 37 numbers a row, so that the last group is not full; a row of zeros; a row whose largest number is negative.
    fn rows() -> Vec<f32> {
        let mut values: Vec<f32> = (0..37).map(|i| (i as f32 - 11.0) * 0.37).collect();
        values.extend([0.0; 37]);
        values.extend((0..37).map(|i| if i == 5 { -20.0 } else { (i % 7) as f32 }));
        values
    }

    #[test]
    fn numbers_come_back() {
        for dtype in [DType::Q8, DType::Q4] {
            let (values, mut back) = (rows(), Vec::new());
            let bytes = dtype.encode(&values, 37, Int8Range::Full);
            assert_eq!(bytes.len(), 3 * dtype.row_bytes(37));
            dtype.decode(&bytes, 37, &mut back);
            assert_eq!(back.len(), values.len());
            for (row, got) in values.chunks(37).zip(back.chunks(37)) {
                let largest = row.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                // 4 bits end at 7 steps on one side, and a smaller step may cost the largest number some of its size.
                let most = if dtype == DType::Q4 { largest / 4.0 } else { largest * 0.501 / 127.0 };
                assert!(row.iter().zip(got).all(|(v, g)| (v - g).abs() <= most), "{dtype:?}: {row:?} {got:?}");
            }
        }
    }

    #[test]
    fn scales_of_four_bits_are_no_worse_than_the_largest_number_gives() {
        let row: Vec<f32> =
            (0..32).map(|i| ((i * 37 % 64) as f32 - 32.0) / 9.0 + if i == 3 { 4.0 } else { 0.0 }).collect();
        let error = |numbers: &[f32]| -> f32 { row.iter().zip(numbers).map(|(a, b)| (a - b) * (a - b)).sum() };
        let largest = row.iter().fold(0.0f32, |m, v| if v.abs() > m.abs() { *v } else { m });
        let scale = f16::from_f32(largest / -8.0).to_f32();
        let plain: Vec<f32> = row.iter().map(|v| (v / scale).round().clamp(-8.0, 7.0) * scale).collect();
        let mut back = Vec::new();
        DType::Q4.decode(&DType::Q4.encode(&row, 32, Int8Range::Full), 32, &mut back);
        assert!(error(&back) < error(&plain));
    }

    #[test]
    fn floats_come_back() {
        for dtype in [DType::F32, DType::F16, DType::Bf16] {
            let mut back = Vec::new();
            dtype.decode(&dtype.encode(&[0.5, -2.0, 1.0, 0.0], 2, Int8Range::Full), 2, &mut back);
            assert_eq!(back, [0.5, -2.0, 1.0, 0.0]);
        }
    }

    #[test]
    fn rows_of_a_layer_are_lowered_only_where_their_sums_need_it() {
        let integers = |row: &[f32]| -> Vec<i8> {
            let bytes = encode_q8(row, Int8Range::SaturationSafe);
            assert!(is_saturation_safe(split_q8(&bytes).0));
            split_q8(&bytes).0.iter().map(|value| *value as i8).collect()
        };
        // Four of one sign that are added, then four that are not, then four of two signs.
        assert_eq!(integers(&[1.0, 1.0, 0.0, 0.0, 1.0, 1.0]), [32, 32, 0, 0, 32, 32]);
        assert_eq!(integers(&[-1.0, -1.0, -1.0, -1.0]), [-64; 4]);
        assert_eq!(integers(&[1.0, -1.0, -1.0, 1.0, 0.0, 0.0]), [127, -127, -127, 127, 0, 0]);
        // The rule holds in the middle and at the end of a row as at its start.
        for start in [0, 8, 40] {
            let mut row = vec![0.25; 46];
            row[start..start + 6].fill(-1.0);
            assert_eq!(integers(&row)[start], -32);
        }
        assert_eq!(encode_q8(&[0.0; 3], Int8Range::SaturationSafe), [0; 7]);
    }

    #[test]
    fn numbers_that_are_not_finite_are_seen_in_every_type_and_place() {
        for dtype in [DType::F32, DType::F16, DType::Bf16, DType::Q8, DType::Q4] {
            let good = dtype.encode(&rows(), 37, Int8Range::Full);
            assert_eq!((dtype.all_finite(&good, 37), dtype.not_finite(&good, 37)), (true, None), "{dtype:?}");
            // The highest byte of each number or scale; all ones in it and the byte below are NaN in all three float
            // types.
            let row = dtype.row_bytes(37);
            let places: Vec<usize> = match dtype {
                DType::F32 => (3..good.len()).step_by(4).collect(),
                DType::F16 | DType::Bf16 => (1..good.len()).step_by(2).collect(),
                DType::Q8 => (row - 1..good.len()).step_by(row).collect(),
                DType::Q4 => (1..good.len()).step_by(BLOCK_BYTES).collect(),
            };
            for place in places {
                let mut bad = good.clone();
                (bad[place], bad[place - 1]) = (0xff, 0xff);
                assert!(!dtype.all_finite(&bad, 37), "{dtype:?} at {place}");
                assert_eq!(dtype.not_finite(&bad, 37), Some(place / row), "{dtype:?} at {place}");
            }
        }
        // A finite scale whose products are not.
        let mut large = vec![127, 0, 0];
        large.extend(f32::MAX.to_le_bytes());
        assert!(!DType::Q8.all_finite(&large, 3));
    }
}
