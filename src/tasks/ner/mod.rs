//! Named entities by span classification (Yamada et al. 2020, section 4.3): every run of words is a `[MASK]`
//! entity, classified from its first word, its last word and itself; then greedily, best first, the spans that
//! overlap nothing already taken.

mod likely;
mod lines;
mod passes;
mod reader;
mod scorer;
mod sentences;
mod types;

pub use reader::{Document, Reader};
pub use types::{Entity, NerInput, NerOptions, NerResult, SentenceRule, Sentences, Words};

use std::collections::BTreeMap;
use std::ops::Range;

use super::labels::softmax;
use crate::error::Result;
use crate::luke::{Luke, Turns};
use crate::text::Offsets;
use scorer::{ScoredSpan, Scorer};

/// See [`Luke::ner`].
pub(super) async fn run(luke: &Luke, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
    let reader = Reader::new(luke, options)?;
    Ok(match input {
        NerInput::Text(text) => {
            let texts = entities_of_texts(&reader, std::slice::from_ref(text)).await?;
            NerResult::One(texts.into_iter().next().unwrap_or_default())
        }
        NerInput::Texts(texts) => NerResult::Many(entities_of_texts(&reader, texts).await?),
        NerInput::Words(words) => NerResult::One(entities_of_words(&reader, words).await?),
    })
}

async fn entities_of_texts(reader: &Reader<'_>, texts: &[String]) -> Result<Vec<Vec<Entity>>> {
    let mut scorer = Scorer::new(reader.luke);
    let mut words = Vec::with_capacity(texts.len());
    for text in texts {
        let document = reader.text(text).await?;
        score(reader, &mut scorer, &document).await?;
        words.push(document.words);
    }
    let mut all = Vec::with_capacity(texts.len());
    for ((text, words), spans) in texts.iter().zip(words).zip(scorer.finish().await?) {
        let offsets = Offsets::new(text, reader.options.offsets);
        let place = |span: &Range<usize>| {
            let (start, end) = (words[span.start].start, words[span.end - 1].end);
            (offsets.of_byte(start), offsets.of_byte(end), text[start..end].to_owned())
        };
        all.push(entities(reader, spans, place).await?);
    }
    Ok(all)
}

async fn entities_of_words(reader: &Reader<'_>, input: &Words) -> Result<Vec<Entity>> {
    let document = reader.words(input).await?;
    let mut scorer = Scorer::new(reader.luke);
    score(reader, &mut scorer, &document).await?;
    let spans = scorer.finish().await?.into_iter().next().unwrap_or_default();
    entities(reader, spans, |span| (span.start, span.end, input.words[span.clone()].join(" "))).await
}

async fn score(reader: &Reader<'_>, scorer: &mut Scorer<'_>, document: &Document) -> Result<()> {
    scorer.start_text();
    let mut turns = reader.luke.turns();
    for (inputs, spans) in reader.passes(document) {
        // Not every pass runs the model: one that has run before does not.
        let rows = inputs.rows();
        scorer.push(inputs, spans).await?;
        turns.after(rows).await?;
    }
    Ok(())
}

/// The entities among the scored spans of a text; `place` gives offsets and text of a span of words.
async fn entities(
    reader: &Reader<'_>,
    spans: Vec<ScoredSpan>,
    place: impl Fn(&Range<usize>) -> (usize, usize, String),
) -> Result<Vec<Entity>> {
    let (labels, options, mut turns) = (&reader.head.labels, reader.options, reader.luke.turns());
    let mut entities = Vec::new();
    for span in greedy(spans, &mut turns).await? {
        let scores = softmax(&span.logits);
        let (label, score) = (&labels[span.label], scores[span.label]);
        let wanted = options.labels.as_ref().is_none_or(|labels| labels.contains(label));
        if wanted && options.threshold.is_none_or(|threshold| score >= threshold) {
            let (start, end, text) = place(&span.words);
            let all = || labels.iter().cloned().zip(scores.iter().copied()).collect();
            let scores = options.all_scores.then(all);
            let logit = span.logits[span.label];
            entities.push(Entity { start, end, text, label: label.clone(), score, logit, scores });
        }
        turns.after(labels.len()).await?;
    }
    Ok(entities)
}

/// Takes spans by raw logit, best first (equal ones in their order), where no word is taken; gives them in the order of the
/// text.
async fn greedy(spans: Vec<ScoredSpan>, turns: &mut Turns<'_>) -> Result<Vec<ScoredSpan>> {
    let mut numbered: Vec<_> = spans.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, span)| span.words.start);
    let (mut rest, mut taken) = (numbered.into_iter().peekable(), Vec::new());
    while let Some(first) = rest.next() {
        // Only spans that overlaps join compete, from one to the next.
        let (mut end, mut group) = (first.1.words.end, vec![first]);
        while let Some(next) = rest.next_if(|(_, next)| next.words.start < end) {
            end = end.max(next.1.words.end);
            group.push(next);
        }
        let size = group.len();
        taken.extend(best_of_group(group));
        turns.after(size.saturating_mul(SPAN)).await?;
    }
    Ok(taken)
}

/// What choosing among spans costs for each of them, in bytes that are tokenized.
const SPAN: usize = 8;

/// As [`greedy`] of spans with their numbers, by which equal ones are in order.
fn best_of_group(mut spans: Vec<(usize, ScoredSpan)>) -> impl Iterator<Item = ScoredSpan> {
    let logit = |span: &ScoredSpan| span.logits[span.label];
    spans.sort_by(|(i, a), (j, b)| logit(b).total_cmp(&logit(a)).then(i.cmp(j)));
    // Each taken span by its start.
    let mut taken: BTreeMap<usize, ScoredSpan> = BTreeMap::new();
    for (_, span) in spans {
        let before = taken.range(..span.words.end).next_back();
        if before.is_none_or(|(_, before)| before.words.end <= span.words.start) {
            taken.insert(span.words.start, span);
        }
    }
    taken.into_values()
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The spans of the best logits that share no word, as marking every word would give them.
        #[test]
        fn greedy_takes_the_best_spans_that_do_not_overlap(
            spans in prop::collection::vec((0usize..20, 1usize..6, -9i8..9), 0..40),
        ) {
            let spans: Vec<ScoredSpan> = spans
                .into_iter()
                .map(|(start, len, logit)| ScoredSpan { words: start..start + len, logits: vec![0.0, logit.into()], label: 1, pass: 0 })
                .collect();
            let mut sorted = spans.clone();
            sorted.sort_by(|a, b| b.logits[1].total_cmp(&a.logits[1]));
            let mut marked = [false; 30];
            sorted.retain(|span| {
                let free = !marked[span.words.clone()].contains(&true);
                if free {
                    marked[span.words.clone()].fill(true);
                }
                free
            });
            sorted.sort_by_key(|span| span.words.start);
            prop_assert_eq!(block_on(greedy(spans, &mut Turns::free())).unwrap(), sorted);
        }
    }
}
