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

/// Translates between byte offsets and another unit for one text.
pub struct Offsets<'a> {
    text: &'a str,
    /// The byte offset of each unit, then the text's length. A unit inside a character has a byte inside it,
    /// so the list is sorted.
    bytes: Vec<u32>,
}

impl<'a> Offsets<'a> {
    /// For `text`, counted in `unit`.
    pub fn new(text: &'a str, unit: OffsetUnit) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            let units = match unit {
                OffsetUnit::Utf16 => c.len_utf16(),
                OffsetUnit::Codepoint => 1,
                OffsetUnit::Byte => c.len_utf8(),
            };
            bytes.extend((at as u32..).take(units));
        }
        bytes.push(text.len() as u32);
        Self { text, bytes }
    }

    /// The byte offset of a boundary; `None` beyond the text or inside a character.
    pub fn to_byte(&self, unit: usize) -> Option<usize> {
        self.bytes.get(unit).map(|byte| *byte as usize).filter(|byte| self.text.is_char_boundary(*byte))
    }

    /// The offset of a byte; of the next unit where there is none at that byte.
    pub fn of_byte(&self, byte: usize) -> usize {
        self.bytes.partition_point(|known| (*known as usize) < byte)
    }

    /// The byte range of a span `[start, end)`, which must hold at least one character.
    pub fn span(&self, name: &str, span: [usize; 2]) -> Result<Range<usize>> {
        let [start, end] = span;
        let bad = |reason: &str| LukeError::input(name, format!("[{start}, {end}] {reason}"));
        if end <= start {
            return Err(bad("is empty or reversed"));
        }
        if end >= self.bytes.len() {
            return Err(bad(&format!("reaches beyond the text, which ends at {}", self.bytes.len() - 1)));
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
