//! From start and end logits to the best answers (`squad_decode` of the authors: the best starts times the best ends,
//! answers of the same text merged).

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::layout::Layout;
use crate::error::Result;
use crate::tasks::windows::Windows;

/// A span of context tokens that may be the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerSpan {
    /// The tokens, never none.
    pub tokens: Range<usize>,
    /// Raw score of the first token as a start.
    pub start_logit: f32,
    /// Raw score of the last token as an end.
    pub end_logit: f32,
}

impl AnswerSpan {
    /// The sum of the two logits. The candidate with the highest sum is the best one.
    pub fn score(&self) -> f64 {
        f64::from(self.start_logit) + f64::from(self.end_logit)
    }
}

/// How the logits of a window are searched.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// All windows.
    pub windows: &'a Windows,
    /// The place of a window's first context token among its logits.
    pub offset: usize,
    /// How many starts, and how many ends, are combined.
    pub n_best: usize,
    /// The longest answer in tokens.
    pub max_answer: usize,
}

impl Search<'_> {
    /// The candidates of a window, in the order of the rank of their start, then of their end.
    ///
    /// # Shapes
    /// - starts, ends: `[input tokens of the window]`
    pub fn candidates(&self, window: usize, starts: &[f32], ends: &[f32]) -> Vec<AnswerSpan> {
        let range = &self.windows.ranges()[window];
        // Positions outside the context are left out only after the best were chosen: they count among the `n_best`.
        let in_context = |position: usize| {
            let token = position.checked_sub(self.offset)? + range.start;
            range.contains(&token).then_some((position, token))
        };
        let best_starts: Vec<_> = best(starts, self.n_best).filter_map(in_context).collect();
        let best_ends: Vec<_> = best(ends, self.n_best).filter_map(in_context).collect();
        let mut found = Vec::new();
        for (start, first) in best_starts {
            for (end, last) in &best_ends {
                let tokens = first..last + 1;
                let fits = first <= *last && tokens.len() <= self.max_answer;
                if fits && self.windows.most_context(&tokens) == Some(window) {
                    found.push(AnswerSpan { tokens, start_logit: starts[start], end_logit: ends[*end] });
                }
            }
        }
        found
    }
}

/// The text of a span of tokens, by which answers are told apart.
pub trait Texts {
    /// The ids of the tokens: equal ids have equal texts.
    fn ids(&self, tokens: &Range<usize>) -> Vec<u32>;

    /// The text of the tokens, without white space around it.
    ///
    /// # Errors
    /// Those of [`Layout::text`].
    fn text(&self, tokens: &Range<usize>) -> Result<String>;
}

impl Texts for Layout<'_> {
    fn ids(&self, tokens: &Range<usize>) -> Vec<u32> {
        Layout::ids(self, tokens)
    }

    fn text(&self, tokens: &Range<usize>) -> Result<String> {
        Layout::text(self, tokens)
    }
}

/// The best answers so far: as many as asked for, best first, no two of the same text.
#[derive(Clone, Debug)]
pub struct NBest {
    size: usize,
    kept: Vec<(AnswerSpan, String)>,
}

impl NBest {
    /// An empty list, which keeps up to `size` answers.
    pub fn new(size: usize) -> Self {
        Self { size, kept: Vec::new() }
    }

    /// Adds the candidates of the next window. Equal ones stay in the order they came in, so this gives what ranking
    /// all windows at once would.
    ///
    /// # Errors
    /// Those of [`Texts::text`].
    pub fn add(&mut self, new: Vec<AnswerSpan>, texts: &impl Texts) -> Result<()> {
        let known = std::mem::take(&mut self.kept).into_iter().map(|(candidate, text)| (candidate, Some(text)));
        let mut all: Vec<_> = known.chain(new.into_iter().map(|candidate| (candidate, None))).collect();
        all.sort_by(|(a, _), (b, _)| descending(&a.score(), &b.score()));
        // Decoding takes time. In a text that repeats itself, most candidates have ids that were decoded already.
        let (mut seen_ids, mut seen_texts) = (HashSet::new(), HashSet::new());
        for (candidate, known) in all {
            if self.kept.len() == self.size {
                break;
            }
            if !seen_ids.insert(texts.ids(&candidate.tokens)) {
                continue;
            }
            let text = known.map_or_else(|| texts.text(&candidate.tokens), Ok)?;
            if seen_texts.insert(text.clone()) {
                self.kept.push((candidate, text));
            }
        }
        Ok(())
    }

    /// The answers, best first.
    pub fn candidates(&self) -> impl Iterator<Item = &AnswerSpan> {
        self.kept.iter().map(|(candidate, _)| candidate)
    }
}

/// The positions of the `max` highest logits, best first; the first of equals.
fn best(logits: &[f32], max: usize) -> impl Iterator<Item = usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|a, b| descending(&logits[*a], &logits[*b]));
    order.into_iter().take(max)
}

fn descending<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    b.partial_cmp(a).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens whose ids and texts are told by their place.
    struct ByPlace<F> {
        ids: Vec<u32>,
        name: F,
    }

    impl<F: Fn(&Range<usize>) -> String> Texts for ByPlace<F> {
        fn ids(&self, tokens: &Range<usize>) -> Vec<u32> {
            self.ids[tokens.clone()].to_vec()
        }

        fn text(&self, tokens: &Range<usize>) -> Result<String> {
            Ok((self.name)(tokens))
        }
    }

    #[test]
    fn an_answer_at_every_position_of_a_long_context_is_found() {
        // The number of tokens at which the authors' windows lose most: one more than a whole number of steps.
        let (tokens, room, offset) = (444 + 75 * 128 + 1, 444, 67);
        let windows = Windows::strided(tokens, room, 128);
        let search = Search { windows: &windows, offset, n_best: 20, max_answer: 30 };
        let texts = ByPlace { ids: (0..tokens as u32).collect(), name: |range: &Range<usize>| format!("{range:?}") };
        for start in 0..tokens {
            let answer = start..tokens.min(start + 1 + start % 30);
            let mut n_best = NBest::new(20);
            let touches = |window: &Range<usize>| window.contains(&start) || window.contains(&(answer.end - 1));
            for (i, window) in windows.ranges().iter().enumerate().filter(|(_, window)| touches(window)) {
                // Every window that sees an end of the answer scores it: one alone must not be taken for another.
                let high = |token: usize| {
                    let mut logits = vec![0.0; offset + window.len() + 1];
                    if window.contains(&token) {
                        logits[offset + token - window.start] = 5.0;
                    }
                    logits
                };
                n_best.add(search.candidates(i, &high(start), &high(answer.end - 1)), &texts).unwrap();
            }
            let first = n_best.candidates().next().unwrap();
            assert_eq!((&first.tokens, first.score()), (&answer, 10.0));
        }
    }

    #[test]
    fn windows_one_by_one_rank_as_all_at_once() {
        let make = |at: usize, start_logit: f32| AnswerSpan { tokens: at..at + 1, start_logit, end_logit: 0.0 };
        let windows = [vec![make(0, 1.0), make(1, 3.0), make(7, 3.0)], vec![make(2, 3.0), make(3, 2.0), make(5, 9.0)]];
        let texts = ByPlace { ids: (0..10).collect(), name: |range: &Range<usize>| (range.start % 5).to_string() };
        let mut steps = NBest::new(3);
        for window in &windows {
            steps.add(window.clone(), &texts).unwrap();
        }
        let mut whole = NBest::new(3);
        whole.add(windows.concat(), &texts).unwrap();
        let starts = |n_best: &NBest| n_best.candidates().map(|c| c.tokens.start).collect::<Vec<_>>();
        // 7 and 2 have one text, and 7 came first; 0 has the text of 5.
        assert_eq!(starts(&steps), [5, 1, 7]);
        assert_eq!(starts(&steps), starts(&whole));
    }

    /// The same tokens at every place are decoded once, however many candidates there are.
    #[test]
    fn answers_of_the_same_tokens_are_decoded_once() {
        let decoded = std::cell::Cell::new(0);
        let name = |range: &Range<usize>| {
            decoded.set(decoded.get() + 1);
            range.len().to_string()
        };
        let texts = ByPlace { ids: vec![7; 500], name };
        let windows = Windows::strided(500, 500, 1);
        let search = Search { windows: &windows, offset: 0, n_best: 1000, max_answer: 100 };
        let candidates = search.candidates(0, &[1.0; 500], &[1.0; 500]);
        assert_eq!(candidates.len(), 401 * 100 + 99 * 100 / 2);
        let mut n_best = NBest::new(1000);
        n_best.add(candidates, &texts).unwrap();
        assert_eq!((n_best.candidates().count(), decoded.get()), (100, 100));
    }
}
