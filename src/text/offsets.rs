//! Offsets into a text in the units that callers count in: UTF-16 units, code points or bytes.

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

/// Bytes of text between two entries of the table.
const BLOCK: usize = 64;

/// Translates between byte offsets and another unit for one text.
///
/// Each unit has a byte of its own: the first of its character, and for the second UTF-16 unit of a character the second.
pub struct Offsets<'a> {
    text: &'a str,
    unit: OffsetUnit,
    /// Units before each block of bytes, then those of the whole text.
    before: Vec<usize>,
}

impl<'a> Offsets<'a> {
    /// For `text`, counted in `unit`.
    pub fn new(text: &'a str, unit: OffsetUnit) -> Self {
        let mut offsets = Self { text, unit, before: Vec::with_capacity(text.len().div_ceil(BLOCK).saturating_add(1)) };
        let mut units = 0usize;
        for start in (0..text.len()).step_by(BLOCK) {
            offsets.before.push(units);
            units = units.saturating_add(offsets.units(start, start.saturating_add(BLOCK)).count());
        }
        offsets.before.push(units);
        offsets
    }

    /// The bytes from `start` to `end` that units have.
    fn units(&self, start: usize, end: usize) -> impl Iterator<Item = usize> {
        let (bytes, unit) = (self.text.as_bytes(), self.unit);
        let of_pair =
            move |at: usize| at.checked_sub(1).and_then(|lead| bytes.get(lead)).is_some_and(|lead| *lead >= 0xf0);
        (start..end.min(bytes.len())).filter(move |at| match unit {
            OffsetUnit::Byte => true,
            OffsetUnit::Codepoint => self.text.is_char_boundary(*at),
            OffsetUnit::Utf16 => self.text.is_char_boundary(*at) || of_pair(*at),
        })
    }

    /// Units of the whole text.
    fn len(&self) -> usize {
        self.before.last().copied().unwrap_or(0)
    }

    /// The byte offset of a boundary; `None` beyond the text or inside a character.
    pub fn to_byte(&self, unit: usize) -> Option<usize> {
        let block = self.before.partition_point(|before| *before <= unit).checked_sub(1)?;
        let start = block.saturating_mul(BLOCK);
        let byte = match unit.checked_sub(*self.before.get(block)?)? {
            0 if unit == self.len() => self.text.len(),
            rest => self.units(start, start.saturating_add(BLOCK)).nth(rest)?,
        };
        Some(byte).filter(|byte| self.text.is_char_boundary(*byte))
    }

    /// The offset of a byte; of the next unit where there is none at that byte.
    pub fn of_byte(&self, byte: usize) -> usize {
        let block = (byte / BLOCK).min(self.before.len().saturating_sub(2));
        let before = self.before.get(block).copied().unwrap_or(0);
        let units = before.saturating_add(self.units(block.saturating_mul(BLOCK), byte).count());
        if byte > self.text.len() { units.saturating_add(1) } else { units }
    }

    /// The byte range of a span `[start, end)`, which must hold at least one character.
    ///
    /// # Errors
    /// `input`, under the name `name`, where it is empty, reaches beyond the text, or cuts a character.
    pub fn span(&self, name: &str, span: [usize; 2]) -> Result<Range<usize>> {
        let [start, end] = span;
        let bad = |reason: &str| LukeError::input(name, format!("[{start}, {end}] {reason}"));
        if end <= start {
            return Err(bad("is empty or reversed"));
        }
        if end > self.len() {
            return Err(bad(&format!("reaches beyond the text, which ends at {}", self.len())));
        }
        match (self.to_byte(start), self.to_byte(end)) {
            (Some(start), Some(end)) => Ok(start..end),
            _ => Err(bad("cuts a character in two")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The byte of each unit as a plain list.
        #[test]
        fn a_sparse_table_says_what_a_whole_one_would(text in "[a-z\u{e9}\u{6771}\u{1f600}]{0,200}|\\PC{0,80}") {
            for unit in [OffsetUnit::Utf16, OffsetUnit::Codepoint, OffsetUnit::Byte] {
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
                let offsets = Offsets::new(&text, unit);
                for at in 0..bytes.len() + 3 {
                    let byte = bytes.get(at).copied().filter(|byte| text.is_char_boundary(*byte));
                    prop_assert_eq!(offsets.to_byte(at), byte, "{:?} {}", unit, at);
                }
                for byte in 0..text.len() + 3 {
                    prop_assert_eq!(offsets.of_byte(byte), bytes.partition_point(|known| *known < byte), "{:?} {}", unit, byte);
                }
            }
        }
    }

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
}
