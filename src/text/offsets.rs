//! Offsets into a text in the units that callers count in: UTF-16 units, code points or bytes.
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

use std::ops::Range;

use serde::Deserialize;

use crate::error::{LukeError, Result};

/// What an offset counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OffsetUnit {
    /// UTF-16 units: JavaScript's string indices.
    #[default]
    Utf16,
    /// Unicode code points: Python's string indices.
    Codepoint,
    /// UTF-8 bytes: Rust's string indices.
    Byte,
}

/// Bytes of text between two entries of the table. One lookup reads at most this many bytes of the text.
const BLOCK: usize = 64;

/// Translates between byte offsets and another unit for one text.
///
/// Every unit has a byte of its own: the first byte of its character, or the second byte for the second UTF-16 unit of a
/// character that has two. The table counts the units at the start of each block of 64 bytes; the rest is counted in the text.
pub struct Offsets<'a> {
    text: &'a str,
    unit: OffsetUnit,
    /// How many units have their byte before each block.
    units_before: Vec<usize>,
    /// Units of the whole text.
    units: usize,
}

impl<'a> Offsets<'a> {
    /// The table of `text`, between bytes and `unit`.
    pub fn new(text: &'a str, unit: OffsetUnit) -> Self {
        let (mut units_before, mut units, mut previous) = (Vec::new(), 0usize, 0);
        if unit == OffsetUnit::Byte {
            return Self { text, unit, units_before, units: text.len() };
        }
        units_before.reserve_exact(text.len().div_ceil(BLOCK));
        for block in text.as_bytes().chunks(BLOCK) {
            units_before.push(units);
            units = units.saturating_add(unit_bytes(block, previous, unit).filter(|begins| *begins).count());
            previous = block.last().copied().unwrap_or(0);
        }
        Self { text, unit, units_before, units }
    }

    /// The byte offset of the boundary at offset `unit`, which is counted in this table's [`OffsetUnit`]. The end of the text is
    /// a boundary. `None` beyond the text or inside a character.
    pub fn to_byte(&self, unit: usize) -> Option<usize> {
        let byte = match unit {
            unit if unit > self.units => return None,
            unit if unit == self.units => self.text.len(),
            unit if self.unit == OffsetUnit::Byte => unit,
            unit => {
                let block = self.units_before.partition_point(|before| *before <= unit).checked_sub(1)?;
                let skipped = unit.checked_sub(*self.units_before.get(block)?)?;
                let start = block.saturating_mul(BLOCK);
                let bytes = self.begins(start, self.text.len()).enumerate();
                let (at, _) = bytes.filter(|(_, begins)| *begins).nth(skipped)?;
                start.saturating_add(at)
            }
        };
        self.text.is_char_boundary(byte).then_some(byte)
    }

    /// The offset of a byte in this table's [`OffsetUnit`]; of the next unit where there is none at that byte. Beyond the text,
    /// one more than the text has units.
    pub fn of_byte(&self, byte: usize) -> usize {
        if byte > self.text.len() {
            return self.units.saturating_add(1);
        }
        if self.unit == OffsetUnit::Byte {
            return byte;
        }
        let block = byte.div_euclid(BLOCK);
        let before = self.units_before.get(block).copied().unwrap_or(self.units);
        before.saturating_add(self.begins(block.saturating_mul(BLOCK), byte).filter(|begins| *begins).count())
    }

    /// The byte range of a span `[start, end)`, which must hold at least one character. `name` is the argument, for the error.
    ///
    /// # Errors
    /// `input` when the span is empty or reversed, reaches beyond the text, or cuts a character in two.
    pub fn span(&self, name: &str, span: [usize; 2]) -> Result<Range<usize>> {
        let [start, end] = span;
        let bad = |reason: &str| LukeError::input(name, format!("[{start}, {end}] {reason}"));
        if end <= start {
            return Err(bad("is empty or reversed"));
        }
        if end > self.units {
            return Err(bad(&format!("reaches beyond the text, which ends at {}", self.units)));
        }
        match (self.to_byte(start), self.to_byte(end)) {
            (Some(start), Some(end)) => Ok(start..end),
            _ => Err(bad("cuts a character in two")),
        }
    }

    /// For each byte from `start` to `end`, whether it is the byte of a unit.
    fn begins(&self, start: usize, end: usize) -> impl Iterator<Item = bool> {
        let bytes = self.text.as_bytes();
        let previous = start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(0);
        unit_bytes(bytes.get(start..end).unwrap_or_default(), previous, self.unit)
    }
}

/// For each of some bytes of UTF-8, whether it is the byte of a unit. `previous` is the byte before them.
fn unit_bytes(bytes: &[u8], mut previous: u8, unit: OffsetUnit) -> impl Iterator<Item = bool> {
    bytes.iter().map(move |byte| {
        let continues = *byte & 0b1100_0000 == 0b1000_0000;
        // A character of four bytes has two UTF-16 units.
        let second = unit == OffsetUnit::Utf16 && previous >= 0b1111_0000;
        previous = *byte;
        !continues || second
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_go_there_and_back_in_every_unit() {
        let text = "a𝒳é\u{301}👩‍👧x";
        for (unit, last) in [(OffsetUnit::Utf16, 11), (OffsetUnit::Codepoint, 8), (OffsetUnit::Byte, text.len())] {
            let offsets = Offsets::new(text, unit);
            for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
                assert_eq!(offsets.to_byte(offsets.of_byte(byte)), Some(byte), "{unit:?} {byte}");
            }
            assert_eq!(offsets.of_byte(text.len()), last, "{unit:?}");
            assert_eq!(offsets.to_byte(last + 1), None);
        }
    }

    #[test]
    fn spans_that_cut_or_leave_the_text_are_refused() {
        let offsets = Offsets::new("a𝒳b", OffsetUnit::Utf16);
        assert_eq!(offsets.span("span", [1, 3]), Ok(1..5));
        for span in [[1, 2], [2, 3], [1, 1], [2, 1], [0, 5], [usize::MAX, usize::MAX]] {
            assert_eq!(offsets.span("span", span).map_err(|e| e.code()), Err("input"), "{span:?}");
        }
    }

    /// The byte of every unit, then the text's length.
    fn plain_table(text: &str, unit: OffsetUnit) -> Vec<usize> {
        let mut bytes = Vec::new();
        for (at, c) in text.char_indices() {
            let units = match unit {
                OffsetUnit::Utf16 => c.len_utf16(),
                OffsetUnit::Codepoint => 1,
                OffsetUnit::Byte => c.len_utf8(),
            };
            bytes.extend((at..).take(units));
        }
        bytes.push(text.len());
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn every_offset_is_that_of_the_plain_table(text in "([a-z ]|é|東|𝒳|👩‍👧|\\PC){0,200}") {
            for unit in [OffsetUnit::Utf16, OffsetUnit::Codepoint, OffsetUnit::Byte] {
                let (offsets, plain) = (Offsets::new(&text, unit), plain_table(&text, unit));
                for byte in 0..text.len() + 3 {
                    prop_assert_eq!(offsets.of_byte(byte), plain.partition_point(|known| *known < byte));
                }
                for at in 0..plain.len() + 3 {
                    let byte = plain.get(at).copied().filter(|byte| text.is_char_boundary(*byte));
                    prop_assert_eq!(offsets.to_byte(at), byte);
                }
            }
        }
    }

    #[test]
    fn the_table_has_an_entry_for_64_bytes() {
        let text = "東京 ".repeat(100_000);
        let offsets = Offsets::new(&text, OffsetUnit::Utf16);
        assert_eq!(offsets.units_before.capacity(), text.len().div_ceil(64));
        assert_eq!(offsets.of_byte(text.len()), 300_000);
    }
}
