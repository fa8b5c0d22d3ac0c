//! How a long context is cut into windows that overlap, and which of them scores a span.

use std::ops::Range;

use crate::tasks::windows::strided;

/// Windows over the tokens of a context, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Windows {
    ranges: Vec<Range<usize>>,
}

impl Windows {
    /// Windows of `room` of `tokens` context tokens, each starting `stride` after the one before, until one reaches the
    /// end. No windows where there are no tokens. `stride` is from 1 to `room`.
    pub(super) fn new(tokens: usize, room: usize, stride: usize) -> Self {
        let ranges = strided(tokens, room, stride).into_iter().filter(|window| !window.is_empty()).collect();
        Self { ranges }
    }

    /// The context tokens of each window.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The window that scores a span of context tokens, which is not empty: of those that hold all of it, the one in which its first token
    /// has most context, by BERT's measure; the earliest of equals. `None` where no window holds it.
    ///
    /// The authors choose among all windows that hold the first token, and drop a span that their choice cuts. Where it
    /// cuts none this is the same; where the last window is hardly longer than a step they lose answers at the end of
    /// the text, and we do not.
    pub fn of(&self, span: &Range<usize>) -> Option<usize> {
        let first = self.ranges.partition_point(|window| window.end < span.end);
        let last = self.ranges.partition_point(|window| window.start <= span.start);
        let context = |i: usize| {
            let window = &self.ranges[i];
            let nearer_side = (span.start - window.start).min(window.end - 1 - span.start);
            nearer_side as f64 + 0.01 * window.len() as f64
        };
        (first..last).reduce(|best, i| if context(i) > context(best) { i } else { best })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The authors' rule, word for word: windows until one reaches the end, and the first window of most context.
    fn reference(tokens: usize, room: usize, stride: usize) -> (Vec<Range<usize>>, Vec<usize>) {
        let (mut spans, mut start) = (Vec::new(), 0);
        while start < tokens {
            let length = room.min(tokens - start);
            spans.push(start..start + length);
            if start + length == tokens {
                break;
            }
            start += length.min(stride);
        }
        let owner = |position: usize| {
            let mut best: Option<(f64, usize)> = None;
            for (i, span) in spans.iter().enumerate().filter(|(_, span)| span.contains(&position)) {
                let (left, right) = (position - span.start, span.end - 1 - position);
                let score = left.min(right) as f64 + 0.01 * span.len() as f64;
                if best.is_none_or(|(known, _)| score > known) {
                    best = Some((score, i));
                }
            }
            best.unwrap().1
        };
        let owners = (0..tokens).map(owner).collect();
        (spans, owners)
    }

    /// How many spans of up to `longest` tokens the authors lose; ours are all found, in a window that holds them.
    fn check(tokens: usize, room: usize, stride: usize, longest: usize) -> usize {
        let (what, windows) = (format!("{tokens} {room} {stride}"), Windows::new(tokens, room, stride));
        let (spans, owners) = reference(tokens, room, stride);
        assert_eq!(windows.ranges(), spans, "{what}");
        let mut lost = 0;
        for (start, owner) in owners.into_iter().enumerate() {
            assert_eq!(windows.of(&(start..start + 1)), Some(owner), "{what}: the window of most context");
            for end in start + 1..=tokens.min(start + longest) {
                let scored = windows.of(&(start..end)).unwrap_or_else(|| panic!("{what}: {start}..{end} is lost"));
                assert!(spans[scored].start <= start && end <= spans[scored].end, "{what}: {start}..{end} is cut");
                match end <= spans[owner].end {
                    true => assert_eq!(scored, owner, "{what}: {start}..{end}"),
                    false => lost += 1,
                }
            }
        }
        lost
    }

    #[test]
    fn every_answer_of_a_long_context_is_scored_whole_at_the_defaults() {
        // 512 tokens less 4 special ones and questions of 0, 20 and 64 tokens.
        for room in [508, 488, 444] {
            assert_eq!(check(10_000, room, 128, 30), 0, "the authors' rule finds them too");
            // One token more than a whole number of steps: the authors lose every longer answer at the end.
            assert!(check(room + 10 * 128 + 1, room, 128, 30) > 0);
        }
    }

    #[test]
    fn no_tokens_make_no_windows() {
        assert!(Windows::new(0, 10, 3).ranges().is_empty());
        assert_eq!(Windows::new(0, 10, 3).of(&(0..1)), None);
    }

    proptest! {
        #[test]
        fn every_answer_is_scored_whole_at_any_stride_allowed(
            tokens in 1usize..300, room in 1usize..60, answer in 1usize..40, stride in 1usize..60,
        ) {
            let answer = answer.min(room);
            check(tokens, room, stride.min(room - answer + 1), answer);
        }
    }
}
