//! `ner` by a head that was taught: the likeliest way to cut each sentence into spans.

use std::ops::Range;

use super::place_in;
use super::reader::{Document, Reader};
use super::tagging::{TagWindow, Tagging};
use super::types::{Entity, Found, LostTo, NerInput, NerOptions, NerResult, RunnerUp};
use crate::error::{LukeError, Result};
use crate::heads::{HeadKind, HeadSpec};
use crate::learn::crf::LabeledSpan;
use crate::luke::Luke;
use crate::tasks::limits;
use crate::taught::{TaughtHead, TaughtTask};
use crate::text::Offsets;

/// The longest span, in words, that may be a near miss.
const MAX_NEAR_WORDS: usize = 16;

/// The settings of the reader for a head with these labels: what the model's own head says of texts.
pub fn settings(luke: &Luke, labels: &[String]) -> HeadSpec {
    let capitals = luke.head(HeadKind::Ner).ok().and_then(|(_, own)| own.capitals);
    HeadSpec { labels: labels.to_vec(), capitals, ..HeadSpec::default() }
}

/// See [`Luke::ner_by`].
pub(crate) async fn run(luke: &Luke, head: &TaughtHead, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
    head.check_task("ner", TaughtTask::Ner)?;
    luke.check_head(head)?;
    check(options)?;
    let settings = settings(luke, &head.about.labels);
    let reader = Reader::of_words(luke, &settings, options)?;
    Ok(match input {
        NerInput::Text(text) => NerResult::One(text_of(&reader, head, text).await?),
        NerInput::Texts(texts) => {
            let mut all = Vec::with_capacity(texts.len());
            for text in texts {
                all.push(text_of(&reader, head, text).await?);
            }
            NerResult::Many(all)
        }
        NerInput::Words(words) => {
            let document = reader.words(words).await?;
            let place = |span: &Range<usize>| (span.start, span.end, words.words[span.clone()].join(" "));
            NerResult::One(found(&reader, head, &document, place).await?)
        }
    })
}

/// Options that say which spans the model's own head scores have no meaning here.
fn check(options: &NerOptions) -> Result<()> {
    let given = [
        ("candidates", options.candidates.is_some()),
        ("maxSpanTokens", options.max_span_tokens.is_some()),
        ("maxEntitiesPerPass", options.max_entities_per_pass.is_some()),
        ("allScores", options.all_scores),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => {
            Err(LukeError::input(*name, "has no meaning for a head that was taught: it scores no list of spans"))
        }
        None => Ok(()),
    }
}

async fn text_of(reader: &Reader<'_>, head: &TaughtHead, text: &str) -> Result<Found> {
    let document = reader.text(text).await?;
    let offsets = Offsets::new(text, reader.options.offsets);
    found(reader, head, &document, place_in(text, &document.words, &offsets)).await
}

/// What the head finds in a document; `place` gives offsets and text of words.
async fn found(
    reader: &Reader<'_>,
    head: &TaughtHead,
    document: &Document,
    place: impl Fn(&Range<usize>) -> (usize, usize, String),
) -> Result<Found> {
    let (mut entities, mut runners_up) = (Vec::new(), Vec::new());
    let (tags, options, turns) = (head.linear.bias.len(), reader.options, &mut reader.luke.turns());
    let entity = |first: usize, span: &LabeledSpan, probability: f64, least: Option<f64>| {
        let label = &head.about.labels[span.label];
        let wanted = options.labels.as_ref().is_none_or(|labels| labels.contains(label));
        (wanted && least.is_none_or(|least| probability >= least)).then(|| {
            let (start, end, text) = place(&(first + span.words.start..first + span.words.end));
            let logit = libm::log(probability / (1.0 - probability)).clamp(-100.0, 100.0) as f32;
            Entity { start, end, text, label: label.clone(), score: probability, logit, scores: None }
        })
    };
    let mut tagging = Tagging::new(reader, head, document);
    while let Some(TagWindow { lattice, best, first, done }) = tagging.next().await? {
        for span in best.iter().filter(|span| span.words.start < done) {
            entities.extend(entity(first, span, lattice.probability(span), options.threshold));
        }
        turns.after(lattice.words() * tags).await?;
        let Some(least) = options.runners_up else { continue };
        for start in 0..done {
            let near = best.partition_point(|other| other.words.end <= start);
            for end in start + 1..=lattice.words().min(start + MAX_NEAR_WORDS) {
                for label in 0..head.about.labels.len() {
                    let span = LabeledSpan { words: start..end, label };
                    let probability = lattice.probability(&span);
                    let overlapping = best[near..].iter().take_while(|other| other.words.start < end);
                    if probability < least || overlapping.clone().any(|other| *other == span) {
                        continue;
                    }
                    let lost_to = if overlapping.count() > 0 { LostTo::Overlap } else { LostTo::None };
                    runners_up
                        .extend(entity(first, &span, probability, None).map(|entity| RunnerUp { entity, lost_to }));
                    limits::check_runners_up(runners_up.len())?;
                }
            }
            turns.after(MAX_NEAR_WORDS * tags).await?;
        }
    }
    Ok(Found { entities, runners_up: options.runners_up.map(|_| runners_up) })
}
