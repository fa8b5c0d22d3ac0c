//! Which tokens and which spans share a forward pass. Entities attend to each other, so this decides the
//! logits: the rules are those of the authors' CoNLL-2003 reader (`examples/legacy/ner`), with windows added
//! for sentences longer than the model.

use std::ops::Range;

use crate::heads::NerContext;
use crate::tasks::windows::Windows;
use crate::text::Token;

/// The tokens of a text, and the token range of each word. Tokens between words (such as newlines) belong
/// to none.
#[derive(Clone, Debug, Default)]
pub struct TokenStream {
    /// All tokens, without special ones.
    pub tokens: Vec<Token>,
    /// Token range of each word.
    pub words: Vec<Range<usize>>,
}

impl TokenStream {
    /// The tokens of a span of words, which is not empty.
    pub fn tokens_of(&self, words: &Range<usize>) -> Range<usize> {
        self.words[words.start].start..self.words[words.end - 1].end
    }
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
    /// Most spans; the spans of a window are cut into equal parts.
    pub spans: usize,
    /// Whether to fill up with the text around the sentence.
    pub context: NerContext,
}

/// The passes for one sentence, given as a word range, that score the spans which `keep` says. A sentence that is too long is
/// read in windows that overlap, each of which scores the spans of which it shows most text. They are made one window at a
/// time.
pub fn passes<'a>(
    stream: &'a TokenStream,
    sentence: Range<usize>,
    limits: Limits,
    keep: impl Fn(&Range<usize>) -> bool + 'a,
) -> impl Iterator<Item = Pass> + 'a {
    let windows = windows(stream, &sentence, limits);
    let shown = windows.clone();
    let pass = move |(number, tokens): (usize, Range<usize>)| {
        let words = words_within(stream, &sentence, &tokens);
        let mut spans = spans(stream, words, limits.span_tokens);
        let scored_here =
            |span: &Range<usize>| shown.ranges().len() == 1 || shown.most_text(&stream.tokens_of(span)) == Some(number);
        spans.retain(|span| scored_here(span) && keep(span));
        equal_parts(Pass { tokens, spans }, limits.spans)
    };
    (0..windows.ranges().len()).map(move |i| (i, windows.ranges()[i].clone())).flat_map(pass)
}

/// The windows in which the words of a sentence are read without entities, each with the words of which it shows most text. Words
/// without tokens, and words longer than a window, are in none.
pub fn word_windows(stream: &TokenStream, sentence: Range<usize>, limits: Limits) -> Vec<(Range<usize>, Vec<usize>)> {
    let windows = windows(stream, &sentence, limits);
    let mut read: Vec<_> = windows.ranges().iter().map(|tokens| (tokens.clone(), Vec::new())).collect();
    for word in sentence.filter(|word| !stream.words[*word].is_empty()) {
        if let Some(window) = windows.most_text(&stream.words[word]) {
            read[window].1.push(word);
        }
    }
    read.retain(|(_, words)| !words.is_empty());
    read
}

/// The tokens of a sentence and the text around it; of a sentence that is too long, in windows. None for no words.
fn windows(stream: &TokenStream, sentence: &Range<usize>, limits: Limits) -> Windows {
    if sentence.is_empty() {
        return Windows::default();
    }
    let tokens = stream.tokens_of(sentence);
    if tokens.len() <= limits.tokens {
        return Windows::from_iter([match limits.context {
            NerContext::Sentence => tokens,
            NerContext::Document => with_context(tokens, stream.tokens.len(), limits.tokens),
        }]);
    }
    let overlap = (limits.tokens / 2).max(limits.span_tokens);
    let stride = limits.tokens.saturating_sub(overlap).max(1);
    let windows = Windows::strided(tokens.len(), limits.tokens, stride);
    windows.ranges().iter().map(|window| tokens.start + window.start..tokens.start + window.end).collect()
}

/// The words of a sentence that lie in a window.
fn words_within(stream: &TokenStream, sentence: &Range<usize>, tokens: &Range<usize>) -> Range<usize> {
    let words = &stream.words[sentence.clone()];
    let first = words.partition_point(|word| word.start < tokens.start);
    let end = words.partition_point(|word| word.end <= tokens.end);
    sentence.start + first..sentence.start + end.max(first)
}

/// All runs of words of at most `max` tokens, by start, then end. Words without tokens start and end none.
pub fn spans(stream: &TokenStream, words: Range<usize>, max: usize) -> Vec<Range<usize>> {
    let visible: Vec<usize> = words.filter(|word| !stream.words[*word].is_empty()).collect();
    let mut spans = Vec::new();
    for (i, first) in visible.iter().enumerate() {
        let fits = |last: &&usize| stream.words[**last].end - stream.words[*first].start <= max;
        spans.extend(visible[i..].iter().take_while(fits).map(|last| *first..last + 1));
    }
    spans
}

/// Grows a token range to `max` tokens: the side with less text first gets at most half of what is left.
fn with_context(sentence: Range<usize>, all: usize, max: usize) -> Range<usize> {
    let (left, right, n) = (sentence.start, all - sentence.end, sentence.len());
    let half = (max - n) / 2;
    let (before, after) = if left < right {
        let before = left.min(half);
        (before, right.min(max - before - n))
    } else {
        let after = right.min(half);
        (left.min(max - after - n), after)
    };
    sentence.start - before..sentence.end + after
}

/// Cuts the spans of a pass into parts of at most `max` that differ by one at most; no spans make no pass.
fn equal_parts(pass: Pass, max: usize) -> Vec<Pass> {
    let size = part_size(pass.spans.len(), max);
    pass.spans.chunks(size).map(|spans| Pass { tokens: pass.tokens.clone(), spans: spans.to_vec() }).collect()
}

/// How many of `n` spans are in each of as many equal parts as it takes for at most `max` in one.
pub fn part_size(n: usize, max: usize) -> usize {
    let parts = n.div_ceil(max.max(1)).max(1);
    n.div_ceil(parts).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(sizes: &[usize]) -> TokenStream {
        let mut stream = TokenStream::default();
        for size in sizes {
            let start = stream.tokens.len();
            stream.tokens.extend(std::iter::repeat_n(Token::from(7), *size));
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
        let limits = Limits { tokens: 510, span_tokens: 16, spans: 128, context: NerContext::Document };
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
            let limits = Limits { tokens: 510, span_tokens: 16, spans: 128, context };
            let (mut rows, mut start, mut lengths) = (0, 0, [4, 22, 13, 31, 8, 600].into_iter().cycle());
            while start < words {
                let end = (start + lengths.next().unwrap()).min(words);
                let passes = passes(&stream, start..end, limits, |_| true);
                rows += passes.map(|pass| pass.tokens.len() + pass.spans.len()).sum::<usize>();
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
        /// Every word of the sentence that has tokens and fits into a window is read exactly once, whole, in the order of the text.
        #[test]
        fn every_word_once(sizes in prop::collection::vec(0usize..6, 1..120), tokens in 8usize..40, document in any::<bool>()) {
            let stream = stream(&sizes);
            let context = if document { NerContext::Document } else { NerContext::Sentence };
            let limits = Limits { tokens, span_tokens: 8, spans: 1, context };
            let mut got = Vec::new();
            for (shown, words) in word_windows(&stream, 0..sizes.len(), limits) {
                prop_assert!(shown.len() <= tokens && !words.is_empty());
                prop_assert!(words.iter().all(|word| shown.start <= stream.words[*word].start && stream.words[*word].end <= shown.end));
                got.extend(words);
            }
            prop_assert_eq!(got, (0..sizes.len()).filter(|word| sizes[*word] > 0).collect::<Vec<_>>());
        }

        /// Every span of the sentence that is to be kept is scored exactly once, in a pass that shows all of it and obeys the limits.
        #[test]
        fn every_span_once(
            sizes in prop::collection::vec(0usize..6, 1..120),
            tokens in 8usize..40,
            span_tokens in 1usize..9,
            max in prop_oneof![1usize..30, Just(usize::MAX)],
            document in any::<bool>(),
            cut in any::<prop::sample::Index>(),
            drop in 2usize..9,
        ) {
            let stream = stream(&sizes);
            let context = if document { NerContext::Document } else { NerContext::Sentence };
            let limits = Limits { tokens, span_tokens, spans: max, context };
            let sentence = 0..cut.index(sizes.len()) + 1;
            let keep = |span: &Range<usize>| !(span.start + span.end).is_multiple_of(drop);
            let mut got = Vec::new();
            for pass in passes(&stream, sentence.clone(), limits, keep) {
                prop_assert!(pass.tokens.len() <= tokens && !pass.spans.is_empty());
                prop_assert!(pass.spans.len() <= max);
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
