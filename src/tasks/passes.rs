//! Which tokens and which spans share a forward pass. Entities attend to each other, so this decides the
//! logits: the rules are those of the authors' CoNLL-2003 reader (`examples/legacy/ner`), with windows added
//! for sentences longer than the model.

use std::ops::Range;

use super::windows::{Window, assign};
use crate::heads::NerContext;

/// A tokenised text: its ids and the token range of each word. Tokens between words (such as newlines) belong
/// to none.
#[derive(Clone, Debug, Default)]
pub struct TokenStream {
    /// All tokens, without special ones.
    pub ids: Vec<u32>,
    /// Token range of each word.
    pub words: Vec<Range<usize>>,
}

/// One forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// The tokens it reads.
    pub tokens: Range<usize>,
    /// The spans it scores, as word ranges.
    pub spans: Vec<Range<usize>>,
}

/// Limits of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most tokens, without special ones.
    pub tokens: usize,
    /// Most tokens of a span.
    pub span_tokens: usize,
    /// Most spans; the spans are then cut into equal parts.
    pub spans: Option<usize>,
    /// Whether to fill up with the text around the sentence.
    pub context: NerContext,
}

/// The passes for one sentence, given as a word range, that score the spans which `keep` says.
pub fn passes(
    stream: &TokenStream,
    sentence: Range<usize>,
    limits: Limits,
    keep: impl Fn(&Range<usize>) -> bool,
) -> Vec<Pass> {
    let words = &stream.words[sentence.clone()];
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Vec::new() };
    let mut spans = spans(stream, sentence, limits.span_tokens);
    spans.retain(keep);
    let (start, end) = (first.start, last.end);
    let parts = if end - start <= limits.tokens {
        let tokens = match limits.context {
            NerContext::Sentence => start..end,
            NerContext::Document => with_context(start..end, stream.ids.len(), limits.tokens),
        };
        vec![Pass { tokens, spans }]
    } else {
        let tokens = |span: &Range<usize>| stream.words[span.start].start..stream.words[span.end - 1].end;
        windows(start..end, limits, spans, tokens)
    };
    parts.into_iter().flat_map(|pass| equal_parts(pass, limits.spans)).collect()
}

/// All runs of words of at most `most` tokens, by start, then end. Words without tokens start and end none.
pub fn spans(stream: &TokenStream, sentence: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for first in sentence.clone().filter(|word| !stream.words[*word].is_empty()) {
        for last in first..sentence.end {
            let word = &stream.words[last];
            if word.end - stream.words[first].start > most {
                break;
            }
            if !word.is_empty() {
                spans.push(first..last + 1);
            }
        }
    }
    spans
}

/// Grows a token range to `most` tokens: the side with less text first gets at most half of the room.
fn with_context(sentence: Range<usize>, all: usize, most: usize) -> Range<usize> {
    let (left, right, n) = (sentence.start, all - sentence.end, sentence.len());
    let half = (most - n) / 2;
    let (before, after) = if left < right {
        let before = left.min(half);
        (before, right.min(most - before - n))
    } else {
        let after = right.min(half);
        (left.min(most - after - n), after)
    };
    sentence.start - before..sentence.end + after
}

/// Overlapping windows over a sentence that is too long. Each span goes to the window that shows most text on
/// its poorer side (the first such), so none is lost at an edge.
fn windows(
    sentence: Range<usize>,
    limits: Limits,
    spans: Vec<Range<usize>>,
    tokens_of: impl Fn(&Range<usize>) -> Range<usize>,
) -> Vec<Pass> {
    let overlap = (limits.tokens / 2).max(limits.span_tokens);
    let from_sentence = |tokens: Range<usize>| tokens.start - sentence.start..tokens.end - sentence.start;
    let items: Vec<_> = spans.iter().map(|span| from_sentence(tokens_of(span))).collect();
    let windows = assign(sentence.len(), limits.tokens, overlap, &items);
    let pass = |window: Window| Pass {
        tokens: sentence.start + window.tokens.start..sentence.start + window.tokens.end,
        spans: window.items.into_iter().map(|item| spans[item].clone()).collect(),
    };
    windows.into_iter().map(pass).collect()
}

fn equal_parts(pass: Pass, most: Option<usize>) -> Vec<Pass> {
    let size = part_size(pass.spans.len(), most);
    pass.spans.chunks(size).map(|spans| Pass { tokens: pass.tokens.clone(), spans: spans.to_vec() }).collect()
}

/// Spans in each of `ceil(n / most)` equal parts.
pub fn part_size(n: usize, most: Option<usize>) -> usize {
    let parts = most.map_or(1, |most| n.div_ceil(most)).max(1);
    n.div_ceil(parts).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(sizes: &[usize]) -> TokenStream {
        let mut stream = TokenStream::default();
        for size in sizes {
            let start = stream.ids.len();
            stream.ids.extend(std::iter::repeat_n(7, *size));
            stream.words.push(start..start + size);
        }
        stream
    }

    /// One sentence of 10,000 tokens at the defaults: an entity at any position is scored, once, whole, and with at least a
    /// hundred tokens of the text on either side where there are so many.
    #[test]
    fn every_position_of_a_long_sentence_is_scored_with_text_around_it() {
        const LENGTH: usize = 10_000;
        let stream = stream(&[1; LENGTH]);
        let limits = Limits { tokens: 510, span_tokens: 16, spans: Some(128), context: NerContext::Document };
        let mut scored = vec![0; LENGTH];
        for pass in passes(&stream, 0..LENGTH, limits, |_| true) {
            for span in pass.spans {
                scored[span.start] += 1;
                assert!(span.start - pass.tokens.start >= span.start.min(100), "{span:?} in {:?}", pass.tokens);
                assert!(pass.tokens.end - span.end >= (LENGTH - span.end).min(100), "{span:?} in {:?}", pass.tokens);
            }
        }
        for (start, times) in scored.into_iter().enumerate() {
            assert_eq!(times, 16.min(LENGTH - start), "spans from {start}");
        }
    }

    /// What a word costs does not depend on how many there are: rows of the model a word, over sentences of many lengths.
    #[test]
    fn a_word_of_a_long_document_costs_what_one_of_a_short_one_does() {
        let cost = |words: usize, context| {
            let stream = stream(&(0..words).map(|word| 1 + word % 3).collect::<Vec<_>>());
            let limits = Limits { tokens: 510, span_tokens: 16, spans: Some(128), context };
            let (mut rows, mut start, mut lengths) = (0, 0, [4, 22, 13, 31, 8, 600].into_iter().cycle());
            while start < words {
                let end = (start + lengths.next().unwrap()).min(words);
                let passes = passes(&stream, start..end, limits, |_| true);
                rows += passes.iter().map(|pass| pass.tokens.len() + pass.spans.len()).sum::<usize>();
                start = end;
            }
            rows as f64 / words as f64
        };
        for context in [NerContext::Sentence, NerContext::Document] {
            let short = cost(4 * 678, context);
            for words in [10_000, 50_000] {
                let ratio = cost(words, context) / short;
                assert!((0.95..1.05).contains(&ratio), "{words} words, {context:?}: {ratio}");
            }
        }
    }

    proptest! {
        /// Every span of the sentence that is to be kept is scored exactly once, in a pass that shows all of it and obeys the limits.
        #[test]
        fn every_span_once(
            sizes in prop::collection::vec(0usize..6, 1..120),
            tokens in 8usize..40,
            span_tokens in 1usize..9,
            most in prop::option::of(1usize..30),
            document in any::<bool>(),
            cut in any::<prop::sample::Index>(),
            drop in 2usize..9,
        ) {
            let stream = stream(&sizes);
            let context = if document { NerContext::Document } else { NerContext::Sentence };
            let limits = Limits { tokens, span_tokens, spans: most, context };
            let sentence = 0..cut.index(sizes.len()) + 1;
            let keep = |span: &Range<usize>| !(span.start + span.end).is_multiple_of(drop);
            let mut got = Vec::new();
            for pass in passes(&stream, sentence.clone(), limits, keep) {
                prop_assert!(pass.tokens.len() <= tokens && !pass.spans.is_empty());
                prop_assert!(most.is_none_or(|most| pass.spans.len() <= most));
                for span in pass.spans {
                    prop_assert!(pass.tokens.start <= stream.words[span.start].start);
                    prop_assert!(stream.words[span.end - 1].end <= pass.tokens.end);
                    got.push((span.start, span.end));
                }
            }
            let want = spans(&stream, sentence, span_tokens).into_iter().filter(keep);
            let mut want: Vec<_> = want.map(|s| (s.start, s.end)).collect();
            got.sort_unstable();
            want.sort_unstable();
            prop_assert_eq!(got, want);
        }
    }
}
