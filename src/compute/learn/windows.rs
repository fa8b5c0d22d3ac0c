//! A sentence of any length in pieces that a random field takes at once, so that neither its memory nor the time without a pause grows
//! with the sentence.

use std::ops::Range;

use super::crf::LabeledSpan;

/// Tags of words that a random field has at once, at most, where this many words or fewer would have more.
const CELLS: usize = 1 << 17;
const MIN_WORDS: usize = 256;
const MAX_WORDS: usize = 512;

/// The words at the end of a window that are cut into spans again, with the words behind them. A span of so many words is found whole,
/// wherever it lies.
const OVERLAP: usize = 64;

/// The most words of a span that can be learned.
pub const MAX_SPAN_WORDS: usize = MIN_WORDS;

/// How many words of so many tags a random field takes at once.
pub fn window(tags: usize) -> usize {
    (CELLS / tags.max(1)).clamp(MIN_WORDS, MAX_WORDS)
}

/// How many words of a window are done, of a sentence that goes on behind it: up to the last words, but not through a span.
pub fn done(best: &[LabeledSpan], length: usize) -> usize {
    let bound = length.saturating_sub(OVERLAP).max(1);
    let across = best.iter().find(|span| span.words.start < bound && span.words.end > bound);
    match across {
        None => bound,
        Some(span) if span.words.start == 0 => span.words.end,
        Some(span) => span.words.start,
    }
}

/// Cuts a sentence into pieces of at most a window, but not through its spans. Spans are in order, do not overlap, and have at most
/// [`MAX_SPAN_WORDS`] words.
pub fn pieces(sentence: Range<usize>, spans: &[LabeledSpan], tags: usize) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), sentence.start);
    while start < sentence.end {
        let bound = sentence.end.min(start + window(tags));
        let next = spans.partition_point(|span| span.words.end <= bound);
        let across = spans.get(next).filter(|span| span.words.start < bound);
        let end = across.map_or(bound, |span| if span.words.start > start { span.words.start } else { span.words.end });
        pieces.push(start..end);
        start = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::learn::Random;
    use crate::learn::crf::{Lattice, tags};

    fn spans(gaps: &[(usize, usize)]) -> Vec<LabeledSpan> {
        let mut at = 0;
        let span = |(gap, length): &(usize, usize)| {
            let start = at + gap;
            at = start + length;
            LabeledSpan { words: start..at, label: 0 }
        };
        gaps.iter().map(span).collect()
    }

    proptest! {
        /// Pieces are the sentence, none is longer than a window, and no span is in two of them.
        #[test]
        fn pieces_keep_spans_whole(
            gaps in prop::collection::vec((0usize..300, 1usize..=MAX_SPAN_WORDS), 0..20),
            rest in 0usize..1000,
            tags in 1usize..1000,
        ) {
            let spans = spans(&gaps);
            let length = spans.last().map_or(0, |span| span.words.end) + rest;
            let pieces = pieces(0..length, &spans, tags);
            let mut at = 0;
            for piece in &pieces {
                prop_assert!(piece.start == at && !piece.is_empty() && piece.len() <= window(tags));
                at = piece.end;
            }
            prop_assert_eq!(at, length);
            for span in &spans {
                prop_assert!(pieces.iter().any(|piece| piece.start <= span.words.start && span.words.end <= piece.end));
            }
        }

        /// A window always gets further, and what is done cuts no span.
        #[test]
        fn a_window_gets_further(gaps in prop::collection::vec((0usize..90, 1usize..200), 0..9), length in MIN_WORDS..=MAX_WORDS) {
            let best: Vec<_> = spans(&gaps).into_iter().filter(|span| span.words.end <= length).collect();
            let done = done(&best, length);
            prop_assert!((1..=length).contains(&done));
            prop_assert!(best.iter().all(|span| span.words.end <= done || span.words.start >= done));
            prop_assert!(best.iter().any(|span| span.words.len() > OVERLAP) || done > length - 2 * OVERLAP);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Window by window, a long sentence is cut into the same spans as at once.
        #[test]
        fn windows_find_what_the_whole_sentence_has(words in 600usize..2500, labels in 1usize..3, seed in any::<u64>()) {
            let tags = tags(labels);
            let mut random = Random::new(seed);
            let logits: Vec<f32> = (0..words * tags).map(|_| random.below(1 << 16) as f32 / 8192.0).collect();
            let (mut found, mut start) = (Vec::new(), 0);
            while start < words {
                let end = words.min(start + window(tags));
                let best = Lattice::new(&logits[start * tags..end * tags], tags).best();
                let done = if end == words { end - start } else { done(&best, end - start) };
                let own = best.into_iter().filter(|span| span.words.start < done);
                found.extend(own.map(|span| LabeledSpan { words: start + span.words.start..start + span.words.end, ..span }));
                start += done;
            }
            prop_assert_eq!(found, Lattice::new(&logits, tags).best());
        }
    }

    #[test]
    fn many_labels_have_short_windows() {
        assert_eq!([window(1), window(17), window(401), window(801), window(usize::MAX)], [512, 512, 326, 256, 256]);
    }
}
