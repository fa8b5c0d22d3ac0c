//! Named entities by span classification (Yamada et al. 2020, section 4.3): every run of words is a `[MASK]`
//! entity, classified from its first word, its last word and itself; then greedily, best first, the spans that
//! overlap nothing already taken.

mod likely;
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
use crate::luke::Luke;
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
        let document = reader.text(text)?;
        score(reader, &mut scorer, &document).await?;
        words.push(document.words);
    }
    let found = texts.iter().zip(words).zip(scorer.finish().await?);
    let entities = found.map(|((text, words), spans)| {
        let offsets = Offsets::new(text, reader.options.offsets);
        entities(reader, spans, |span| {
            let (start, end) = (words[span.start].start, words[span.end - 1].end);
            (offsets.of_byte(start), offsets.of_byte(end), text[start..end].to_owned())
        })
    });
    Ok(entities.collect())
}

async fn entities_of_words(reader: &Reader<'_>, input: &Words) -> Result<Vec<Entity>> {
    let document = reader.words(input)?;
    let mut scorer = Scorer::new(reader.luke);
    score(reader, &mut scorer, &document).await?;
    let spans = scorer.finish().await?.into_iter().next().unwrap_or_default();
    Ok(entities(reader, spans, |span| (span.start, span.end, input.words[span.clone()].join(" "))))
}

async fn score(reader: &Reader<'_>, scorer: &mut Scorer<'_>, document: &Document) -> Result<()> {
    scorer.start_text();
    for (inputs, spans) in reader.passes(document) {
        scorer.push(inputs, spans).await?;
    }
    Ok(())
}

/// The entities among the scored spans of a text; `place` gives offsets and text of a span of words.
fn entities(
    reader: &Reader<'_>,
    spans: Vec<ScoredSpan>,
    place: impl Fn(&Range<usize>) -> (usize, usize, String),
) -> Vec<Entity> {
    let (labels, options) = (&reader.head.labels, reader.options);
    let mut entities = Vec::new();
    for span in greedy(spans) {
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
    }
    entities
}

/// Takes spans by raw logit, best first (equal ones in their order), where no word is taken; gives them in the order of the
/// text.
fn greedy(mut spans: Vec<ScoredSpan>) -> Vec<ScoredSpan> {
    spans.sort_by(|a, b| b.logits[b.label].total_cmp(&a.logits[a.label]));
    // End of each taken span by its start.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    spans.retain(|span| {
        let before = taken.range(..span.words.end).next_back();
        let free = before.is_none_or(|(_, end)| *end <= span.words.start);
        if free {
            taken.insert(span.words.start, span.words.end);
        }
        free
    });
    spans.sort_by_key(|span| span.words.start);
    spans
}

#[cfg(test)]
mod tests {
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
            prop_assert_eq!(greedy(spans), sorted);
        }
    }
}
