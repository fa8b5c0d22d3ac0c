//! Named entities by span classification (Yamada et al. 2020, section 4.3): every run of words is a `[MASK]`
//! entity, classified from its first word, its last word and itself; then greedily, best first, the spans that
//! overlap nothing already taken.

mod abbreviations;
mod capitals;
mod likely;
mod lines;
mod passes;
mod reader;
mod scorer;
mod sentences;
mod tagging;
mod taught;
mod types;
mod words_alone;

pub use reader::{Document, Reader};
pub(super) use tagging::Tagging;
pub(super) use taught::{run as run_taught, settings};
pub use types::{Entity, Found, LostTo, NerInput, NerOptions, NerResult, RunnerUp, SentenceRule, Sentences, Words};
pub(super) use words_alone::WordReader;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::labels::softmax;
use super::limits;
use crate::error::Result;
use crate::luke::{Luke, Turns};
use crate::text::Offsets;
use scorer::{ScoredSpan, Scorer};

/// See [`Luke::ner`].
///
/// # Errors
/// As [`Luke::ner`].
pub(super) async fn run(luke: &Luke, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
    let texts = match input {
        NerInput::Text(text) => std::slice::from_ref(text),
        NerInput::Texts(texts) => texts,
        NerInput::Words(words) => return words_of(luke, words, options).await.map(NerResult::One),
    };
    let mut all = Vec::with_capacity(texts.len());
    each(luke, texts, options, async |found| {
        all.push(found);
        Ok(())
    })
    .await?;
    Ok(match input {
        NerInput::Text(_) => NerResult::One(all.into_iter().next().unwrap_or_default()),
        _ => NerResult::Many(all),
    })
}

/// See [`Luke::ner_each`].
///
/// # Errors
/// As [`Luke::ner_each`].
pub(super) async fn each(
    luke: &Luke,
    texts: &[String],
    options: &NerOptions,
    mut visit: impl AsyncFnMut(Found) -> Result<()>,
) -> Result<()> {
    let reader = Reader::new(luke, options)?;
    let mut scorer = Scorer::new(luke, reader.head, options.runners_up);
    // The words of each text that was read and not given to `visit` yet.
    let mut open: VecDeque<(&str, Vec<Range<usize>>)> = VecDeque::new();
    for (i, text) in texts.iter().enumerate() {
        let document = reader.text(text).await?;
        score(&reader, &mut scorer, &document).await?;
        open.push_back((text, document.words));
        if i + 1 == texts.len() {
            scorer.run().await?;
        }
        while let Some(spans) = scorer.next_done() {
            let Some((text, words)) = open.pop_front() else { break };
            let offsets = Offsets::new(text, options.offsets);
            visit(found(&reader, spans, place_in(text, &words, &offsets)).await?).await?;
        }
    }
    Ok(())
}

/// Gives the offsets and the text of words of a text, which lie at the bytes `words`.
fn place_in<'a>(
    text: &'a str,
    words: &'a [Range<usize>],
    offsets: &'a Offsets<'_>,
) -> impl Fn(&Range<usize>) -> (usize, usize, String) + 'a {
    |span| {
        let (start, end) = (words[span.start].start, words[span.end - 1].end);
        (offsets.of_byte(start), offsets.of_byte(end), text[start..end].to_owned())
    }
}

async fn words_of(luke: &Luke, input: &Words, options: &NerOptions) -> Result<Found> {
    let reader = Reader::new(luke, options)?;
    let document = reader.words(input).await?;
    let mut scorer = Scorer::new(luke, reader.head, options.runners_up);
    score(&reader, &mut scorer, &document).await?;
    scorer.run().await?;
    let spans = scorer.next_done().unwrap_or_default();
    found(&reader, spans, |span| (span.start, span.end, input.words[span.clone()].join(" "))).await
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
    scorer.end_text();
    Ok(())
}

/// What is among the scored spans of a text; `place` gives offsets and text of a span of words.
async fn found(
    reader: &Reader<'_>,
    spans: Vec<ScoredSpan>,
    place: impl Fn(&Range<usize>) -> (usize, usize, String),
) -> Result<Found> {
    let (labels, options, turns) = (&reader.head.labels, reader.options, &mut reader.luke.turns());
    let entity = |span: &ScoredSpan, least: Option<f64>| {
        let scores = softmax(&span.logits, reader.head.temperature());
        let (label, score) = (&labels[span.label], scores[span.label]);
        let wanted = options.labels.as_ref().is_none_or(|labels| labels.contains(label));
        (wanted && least.is_none_or(|least| score >= least)).then(|| {
            let (start, end, text) = place(&span.words);
            let all = || labels.iter().cloned().zip(scores.iter().copied()).collect();
            let scores = options.all_scores.then(all);
            Entity { start, end, text, label: label.clone(), score, logit: span.logits[span.label], scores }
        })
    };
    let (spans, mut lost): (Vec<_>, Vec<_>) = spans.into_iter().partition(|span| span.is_entity);
    let (taken, overlapped) = greedy(spans, turns).await?;
    let mut entities = Vec::new();
    for span in &taken {
        entities.extend(entity(span, options.threshold));
        turns.after(labels.len()).await?;
    }
    let Some(least) = options.runners_up else { return Ok(Found { entities, runners_up: None }) };
    lost.extend(overlapped);
    lost.sort_by_key(|span| (span.words.start, span.words.end));
    let mut runners_up = Vec::new();
    for span in &lost {
        let lost_to = if span.is_entity { LostTo::Overlap } else { LostTo::None };
        runners_up.extend(entity(span, Some(least)).map(|entity| RunnerUp { entity, lost_to }));
        limits::check_runners_up(runners_up.len())?;
        turns.after(labels.len()).await?;
    }
    Ok(Found { entities, runners_up: Some(runners_up) })
}

/// Takes spans by raw logit, best first (equal ones in their order), where no word is taken; gives them in the order of the
/// text, and the others after them.
async fn greedy(spans: Vec<ScoredSpan>, turns: &mut Turns<'_>) -> Result<(Vec<ScoredSpan>, Vec<ScoredSpan>)> {
    let mut numbered: Vec<_> = spans.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, span)| span.words.start);
    let (mut rest, mut taken, mut lost) = (numbered.into_iter().peekable(), Vec::new(), Vec::new());
    while let Some(first) = rest.next() {
        // Only spans that overlaps join compete, from one to the next.
        let (mut end, mut group) = (first.1.words.end, vec![first]);
        while let Some(next) = rest.next_if(|(_, next)| next.words.start < end) {
            end = end.max(next.1.words.end);
            group.push(next);
        }
        let size = group.len();
        taken.extend(best_of_group(group, &mut lost));
        turns.after(size.saturating_mul(SPAN)).await?;
    }
    Ok((taken, lost))
}

/// What choosing among spans costs for each of them, in bytes that are tokenized.
const SPAN: usize = 8;

/// As [`greedy`] of spans with their numbers, by which equal ones are in order. Adds the others to `lost`.
fn best_of_group(
    mut spans: Vec<(usize, ScoredSpan)>,
    lost: &mut Vec<ScoredSpan>,
) -> impl Iterator<Item = ScoredSpan> + use<> {
    let logit = |span: &ScoredSpan| span.logits[span.label];
    spans.sort_by(|(i, a), (j, b)| logit(b).total_cmp(&logit(a)).then(i.cmp(j)));
    // Each taken span by its start.
    let mut taken: BTreeMap<usize, ScoredSpan> = BTreeMap::new();
    for (_, span) in spans {
        let before = taken.range(..span.words.end).next_back();
        if before.is_none_or(|(_, before)| before.words.end <= span.words.start) {
            taken.insert(span.words.start, span);
        } else {
            lost.push(span);
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
                .map(|(start, len, logit)| ScoredSpan { words: start..start + len, logits: vec![0.0, logit.into()], label: 1, is_entity: true, pass: 0 })
                .collect();
            let mut sorted = spans.clone();
            sorted.sort_by(|a, b| b.logits[1].total_cmp(&a.logits[1]));
            let mut marked = [false; 30];
            let (mut taken, mut others): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|span| {
                let free = !marked[span.words.clone()].contains(&true);
                if free {
                    marked[span.words.clone()].fill(true);
                }
                free
            });
            taken.sort_by_key(|span| span.words.start);
            let (got, mut lost) = block_on(greedy(spans, &mut Turns::free())).unwrap();
            prop_assert_eq!(got, taken);
            let order = |a: &ScoredSpan, b: &ScoredSpan| {
                (a.words.start, a.words.end).cmp(&(b.words.start, b.words.end)).then(a.logits[1].total_cmp(&b.logits[1]))
            };
            lost.sort_by(order);
            others.sort_by(order);
            prop_assert_eq!(lost, others);
        }
    }
}
