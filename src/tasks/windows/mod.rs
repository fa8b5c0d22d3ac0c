//! Windows over the tokens of a text that the model cannot read at once, and which of them answers for a span.
//!
//! Two rules choose among the windows that hold all of a span:
//! - [`Windows::most_text`] takes the window with the most tokens on the poorer side of the span. Everything but `qa` uses it.
//! - [`Windows::most_context`] is BERT's rule for answers, which the authors' SQuAD code follows: it looks at the first token
//!   of the span alone, and a longer window gains a little. The first logits of an answer come from this window.
//!
//! Both find their window in a time that grows with the logarithm of the number of windows.

use std::ops::Range;

use crate::luke::Luke;

#[cfg(test)]
mod tests;

/// Windows in the order of the text: each starts and ends after the one before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    ranges: Vec<Range<usize>>,
}

/// A window and the items that it answers for.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The tokens it shows.
    pub tokens: Range<usize>,
    /// Indices of items.
    pub items: Vec<usize>,
}

/// The tokens that the model reads at once, without the special ones around a single text.
pub fn token_budget(luke: &Luke) -> usize {
    luke.config.max_seq_tokens().saturating_sub(luke.tokenizer.before.len() + luke.tokenizer.after.len())
}

impl Windows {
    /// Windows of `size` over `len` tokens, each starting `stride` after the one before it, until one ends with the last
    /// token. Without tokens there is one empty window.
    pub fn strided(len: usize, size: usize, stride: usize) -> Self {
        let (size, stride) = (size.max(1), stride.max(1));
        let mut ranges = Vec::new();
        let mut start = 0;
        loop {
            let end = (start + size).min(len);
            ranges.push(start..end);
            if end == len {
                return Self { ranges };
            }
            start += stride.min(size);
        }
    }

    /// The tokens of each window.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Whether a window holds all of `tokens`.
    pub fn hold(&self, tokens: &Range<usize>) -> bool {
        !self.holding(tokens).is_empty()
    }

    /// The window that shows most tokens on the poorer side of `tokens`, the earliest of equals; `None` where no window
    /// holds all of them.
    pub fn most_text(&self, tokens: &Range<usize>) -> Option<usize> {
        let sides = |window: &Range<usize>| (tokens.start - window.start, window.end - tokens.end);
        self.best(tokens, sides, |window| {
            let (left, right) = sides(window);
            left.min(right) as f64
        })
    }

    /// The window in which the first of `tokens` has most context by BERT's measure, the earliest of equals; `None` where
    /// no window holds all of `tokens`, which must not be empty.
    ///
    /// The authors choose among all windows that hold the first token, and drop a span that their choice cuts. Where it
    /// cuts none this is the same; where the last window is hardly longer than a step they lose answers at the end of
    /// the text, and we do not.
    pub fn most_context(&self, tokens: &Range<usize>) -> Option<usize> {
        let sides = |window: &Range<usize>| (tokens.start - window.start, window.end - 1 - tokens.start);
        self.best(tokens, sides, |window| {
            let (left, right) = sides(window);
            left.min(right) as f64 + 0.01 * window.len() as f64
        })
    }

    /// The numbers of the windows that hold all of `tokens`.
    fn holding(&self, tokens: &Range<usize>) -> Range<usize> {
        let first = self.ranges.partition_point(|window| window.end < tokens.end);
        let end = self.ranges.partition_point(|window| window.start <= tokens.start);
        first..end
    }

    /// The holding window of the highest score. From window to window the left side shrinks and the right side grows, so
    /// the smaller side is largest where they cross. The last window may be shorter than the others, which costs it at most
    /// its place before the one ahead of it.
    fn best(
        &self,
        tokens: &Range<usize>,
        sides: impl Fn(&Range<usize>) -> (usize, usize),
        score: impl Fn(&Range<usize>) -> f64,
    ) -> Option<usize> {
        let holding = self.holding(tokens);
        let ranges = self.ranges.get(holding.clone())?;
        let crossing = ranges.partition_point(|window| {
            let (left, right) = sides(window);
            left >= right
        });
        let near = crossing.saturating_sub(2)..(crossing + 1).min(ranges.len());
        let better = |best: usize, next: usize| if score(&ranges[next]) > score(&ranges[best]) { next } else { best };
        near.reduce(better).map(|window| holding.start + window)
    }

    /// Adds a window between the others.
    fn insert(&mut self, window: Range<usize>) {
        let place = self.ranges.partition_point(|other| other.start < window.start);
        self.ranges.insert(place, window);
    }
}

/// From the ranges of windows, which must be in the order of the text.
impl FromIterator<Range<usize>> for Windows {
    fn from_iter<I: IntoIterator<Item = Range<usize>>>(ranges: I) -> Self {
        Self { ranges: ranges.into_iter().collect() }
    }
}

/// Windows of `size` over `len` tokens that overlap by `overlap`, each with the items of which it shows most text. An item
/// that no such window holds gets one more window. Items must not be longer than `size`.
pub fn assign(len: usize, size: usize, overlap: usize, items: &[Range<usize>]) -> Vec<Window> {
    let size = size.max(1);
    let mut windows = Windows::strided(len, size, size - overlap.min(size - 1));
    for item in items {
        if !windows.hold(item) {
            let start = item.start.saturating_sub((size - item.len().min(size)) / 2).min(len - size.min(len));
            windows.insert(start..(start + size).min(len));
        }
    }
    let mut assigned: Vec<Window> =
        windows.ranges.iter().map(|tokens| Window { tokens: tokens.clone(), items: Vec::new() }).collect();
    for (i, item) in items.iter().enumerate() {
        if let Some(window) = windows.most_text(item) {
            assigned[window].items.push(i);
        }
    }
    assigned
}
