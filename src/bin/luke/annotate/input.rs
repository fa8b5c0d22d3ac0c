//! Reads lines in groups.

use std::io::{self, BufRead};

use crate::read_line;

/// Lines of a group. The texts of a group share passes of the model, and a run continues at the start of a group. A group
/// begins at every multiple of this, so every run makes the same groups, and so does a run on a part of the input that begins
/// at such a line.
pub const GROUP_LINES: u64 = 64;
/// A group ends where it has so many bytes, and another one takes the rest of the lines.
const GROUP_BYTES: usize = 1 << 18;

/// A line of input.
pub enum Line {
    /// Its bytes, without the line end.
    Bytes(Vec<u8>),
    /// It has more bytes than a line may have, and was not kept.
    TooLong {
        /// Most bytes of a line.
        max: usize,
    },
}

impl Line {
    /// The bytes that were kept.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::TooLong { .. } => &[],
        }
    }
}

/// Lines that follow each other.
pub struct Group {
    /// Number of the group.
    pub number: u64,
    /// Number of its first line; the first of the input has 0.
    pub first: u64,
    /// The lines; at least one.
    pub lines: Vec<Line>,
    /// Bytes of the lines.
    pub bytes: usize,
}

/// The groups of an input.
pub struct Groups {
    input: Box<dyn BufRead + Send>,
    max_line_bytes: usize,
    /// Groups and lines so far.
    groups: u64,
    lines: u64,
}

impl Groups {
    /// All groups of `input`.
    pub fn new(input: Box<dyn BufRead + Send>, max_line_bytes: usize) -> Self {
        Self { input, max_line_bytes, groups: 0, lines: 0 }
    }

    /// The next group; `None` at the end of the input.
    ///
    /// # Errors
    /// Those of the input.
    pub fn next(&mut self) -> io::Result<Option<Group>> {
        let mut group = Group { number: self.groups, first: self.lines, lines: Vec::new(), bytes: 0 };
        loop {
            let mut line = Vec::new();
            let Some(whole) = read_line(&mut self.input, &mut line, self.max_line_bytes)? else { break };
            self.lines += 1;
            group.bytes += line.len();
            group.lines.push(if whole { Line::Bytes(line) } else { Line::TooLong { max: self.max_line_bytes } });
            if self.lines.is_multiple_of(GROUP_LINES) || group.bytes >= GROUP_BYTES {
                break;
            }
        }
        self.groups += 1;
        Ok((!group.lines.is_empty()).then_some(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: String, max: usize) -> Vec<Group> {
        let mut groups = Groups::new(Box::new(io::Cursor::new(text.into_bytes())), max);
        std::iter::from_fn(|| groups.next().unwrap()).collect()
    }

    #[test]
    fn groups_begin_at_multiples_of_their_size_also_after_a_long_one() {
        let long = "x".repeat(GROUP_BYTES);
        let lines: Vec<&str> = (0..200).map(|line| if line == 70 { &long } else { "short" }).collect();
        let groups = groups(lines.join("\n"), 1 << 20);
        let firsts: Vec<_> = groups.iter().map(|group| (group.number, group.first, group.lines.len())).collect();
        assert_eq!(firsts, [(0, 0, 64), (1, 64, 7), (2, 71, 57), (3, 128, 64), (4, 192, 8)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_in_its_place_and_not_kept() {
        let groups = groups(format!("a\n{}\n\nb", "x".repeat(100)), 10);
        let lines: Vec<_> = groups[0].lines.iter().map(Line::bytes).collect();
        assert_eq!(lines, [&b"a"[..], b"", b"", b"b"]);
        assert!(matches!(groups[0].lines[1], Line::TooLong { max: 10 }));
        assert!(matches!(groups[0].lines[2], Line::Bytes(_)));
    }
}
