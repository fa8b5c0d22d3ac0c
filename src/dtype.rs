//! How numbers are stored in a model folder, and how they become f32 again.

use half::f16;
use serde::{Deserialize, Serialize};

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// 4 bytes, little-endian.
    F32,
    /// 2 bytes, IEEE 754 binary16, little-endian.
    F16,
    /// 2 bytes, the upper half of an f32, little-endian (checkpoints only; `luke convert` writes none).
    Bf16,
    /// A row is an int8 for each number, then the f32 they are all multiplied with.
    Q8,
    /// A row is cut into groups of 32 numbers: an f16 they are multiplied with, then 16 bytes. The lower four bits of
    /// byte `i` are number `i` of the group plus 8, the upper four number `16 + i`. Zeros fill the last group.
    Q4,
}

/// Which integers the rows of a [`DType::Q8`] have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integers {
    /// -127 to 127.
    All,
    /// The same, less what [`sums_fit`] refuses: rows of a layer.
    Summable,
}

/// Numbers of a [`DType::Q4`] group.
const GROUP: usize = 32;
/// Bytes of a [`DType::Q4`] group.
const GROUP_BYTES: usize = 2 + GROUP / 2;

impl DType {
    /// Bytes of a row of `columns` numbers; `usize::MAX` where that is more than there can be.
    pub fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::F32 => columns.saturating_mul(4),
            Self::F16 | Self::Bf16 => columns.saturating_mul(2),
            Self::Q8 => columns.saturating_add(4),
            Self::Q4 => columns.div_ceil(GROUP).saturating_mul(GROUP_BYTES),
        }
    }

    /// Whether rows share scales, so that only matrices are stored so.
    pub fn is_quantised(self) -> bool {
        matches!(self, Self::Q8 | Self::Q4)
    }

    /// Shows the `columns` numbers of one row to `to`, in order.
    pub fn for_each(self, row: &[u8], columns: usize, mut to: impl FnMut(f32)) {
        match self {
            Self::F32 => row.chunks_exact(4).for_each(|b| to(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Self::F16 => row.chunks_exact(2).for_each(|b| to(f16::from_le_bytes([b[0], b[1]]).to_f32())),
            Self::Bf16 => row.chunks_exact(2).for_each(|b| to(half::bf16::from_le_bytes([b[0], b[1]]).to_f32())),
            Self::Q8 => {
                let (values, scale) = split_q8(row);
                values.iter().for_each(|value| to(f32::from(*value as i8) * scale));
            }
            Self::Q4 => {
                let groups = row.chunks_exact(GROUP_BYTES).flat_map(|group| {
                    let scale = f16::from_le_bytes([group[0], group[1]]).to_f32();
                    let number = move |bits: u8| (f32::from(bits) - 8.0) * scale;
                    let (lower, upper) = (group[2..].iter().map(|b| b & 15), group[2..].iter().map(|b| b >> 4));
                    lower.chain(upper).map(number)
                });
                groups.take(columns).for_each(to);
            }
        }
    }

    /// Appends the numbers of rows of `columns` to `out`.
    pub fn decode(self, bytes: &[u8], columns: usize, out: &mut Vec<f32>) {
        for row in bytes.chunks_exact(self.row_bytes(columns).max(1)) {
            self.for_each(row, columns, |value| out.push(value));
        }
    }

    /// Rows of `columns` numbers as they are stored, a [`DType::Q8`] with these integers.
    pub fn encode(self, values: &[f32], columns: usize, integers: Integers) -> Vec<u8> {
        match self {
            Self::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F16 => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
            Self::Bf16 => values.iter().flat_map(|value| half::bf16::from_f32(*value).to_le_bytes()).collect(),
            Self::Q8 => values.chunks_exact(columns).flat_map(|row| encode_q8(row, integers)).collect(),
            Self::Q4 => values.chunks_exact(columns).flat_map(|row| row.chunks(GROUP).flat_map(encode_q4)).collect(),
        }
    }
}

/// The integers of a [`DType::Q8`] row, and its scale.
pub fn split_q8(row: &[u8]) -> (&[u8], f32) {
    match row.split_last_chunk::<4>() {
        Some((values, scale)) => (values, f32::from_le_bytes(*scale)),
        None => (&[], 0.0),
    }
}

/// Whether the products of a row's integers with unsigned bytes can be added in 16 bits as the CPU's kernel does it, four at
/// a time: of each eight numbers the first, second, fifth and sixth, and the others.
pub fn sums_fit(values: &[u8]) -> bool {
    largest_sum(values) <= MOST_SUM
}

/// 255 times this is the most in 16 bits.
const MOST_SUM: i16 = i16::MAX / 255;

/// The largest sum of those numbers with one sign among four that are added.
fn largest_sum(values: &[u8]) -> i16 {
    let of = |eight: &[u8; 8]| {
        let sums = |number: &dyn Fn(usize) -> i16| {
            let four = |i: usize| number(i) + number(i + 1) + number(i + 4) + number(i + 5);
            four(0).max(four(2))
        };
        let number = |i: usize| i16::from(eight[i] as i8);
        sums(&|i| number(i).max(0)).max(sums(&|i| -number(i).min(0)))
    };
    let (eights, rest) = values.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, value)| *to = *value);
    eights.iter().map(of).fold(of(&last), i16::max)
}

/// A row as [`DType::Q8`]. The largest number becomes 127, or what is left of it for the others to fit.
pub fn encode_q8(row: &[f32], integers: Integers) -> Vec<u8> {
    let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let mut most = f32::from(i8::MAX);
    loop {
        let scale = largest / most;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let mut bytes: Vec<u8> = row.iter().map(|value| (value * inverse).round() as i8 as u8).collect();
        let sum = if integers == Integers::All { 0 } else { largest_sum(&bytes) };
        if sum <= MOST_SUM {
            bytes.extend(scale.to_le_bytes());
            return bytes;
        }
        // What would fit but for rounding, and less where that was not enough.
        most = (most * f32::from(MOST_SUM) / f32::from(sum)).min(most - 0.5);
    }
}

/// A group of up to 32 numbers. Near the scale where the number of largest size becomes -8, the end of the range without a
/// counterpart, the one with the least squared error.
fn encode_q4(group: &[f32]) -> Vec<u8> {
    let largest =
        group.iter().fold(0.0f32, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
    let integer = |value: f32, inverse: f32| (value * inverse + 8.0).round().clamp(0.0, 15.0);
    let mut best = (f32::INFINITY, f16::ZERO, 0.0);
    for steps in 14..=20 {
        let scale = f16::from_f32(largest / (-0.5 * steps as f32));
        let number = scale.to_f32();
        let inverse = if number == 0.0 { 0.0 } else { 1.0 / number };
        let error = |value: &f32| ((integer(*value, inverse) - 8.0) * number - value).powi(2);
        let error = group.iter().map(error).sum();
        if error < best.0 {
            best = (error, scale, inverse);
        }
    }
    let (_, scale, inverse) = best;
    let bits = |i: usize| group.get(i).map_or(8, |value| integer(*value, inverse) as u8);
    let mut bytes = scale.to_le_bytes().to_vec();
    bytes.extend((0..GROUP / 2).map(|i| bits(i) | bits(GROUP / 2 + i) << 4));
    bytes
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
            let bytes = dtype.encode(&values, 37, Integers::All);
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
        DType::Q4.decode(&DType::Q4.encode(&row, 32, Integers::All), 32, &mut back);
        assert!(error(&back) < error(&plain));
    }

    #[test]
    fn floats_come_back() {
        for dtype in [DType::F32, DType::F16, DType::Bf16] {
            let mut back = Vec::new();
            dtype.decode(&dtype.encode(&[0.5, -2.0, 1.0, 0.0], 2, Integers::All), 2, &mut back);
            assert_eq!(back, [0.5, -2.0, 1.0, 0.0]);
        }
    }

    #[test]
    fn rows_of_a_layer_are_lowered_only_where_their_sums_need_it() {
        let integers = |row: &[f32]| -> Vec<i8> {
            let bytes = encode_q8(row, Integers::Summable);
            assert!(sums_fit(split_q8(&bytes).0));
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
        assert_eq!(encode_q8(&[0.0; 3], Integers::Summable), [0; 7]);
    }
}
