//! Teaches a head on a handful of examples, while the model stays as it is. The head is one linear layer on the states of words between
//! the layers of the encoder, and a conditional random field above it (`learn::crf`): so every run of words is a candidate, and all of
//! them cost one pass over the words. docs/TEACHING.md has the figures, and what was tried instead.

mod examples;
mod fit;
mod memory;
mod types;

pub use memory::ReadTexts;
pub use types::{
    Confusion, Example, ExampleSpan, LabelReport, Quality, TeachInput, TeachOptions, TeachPhase, TeachProgress,
    TeachReport,
};

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::learn::crf::LabeledSpan;
use crate::luke::Luke;
use crate::tasks::ner::{NerOptions, Reader, settings};
use crate::taught::{About, TaughtHead};
use examples::{CheckedExample, Labels};
use fit::{Sentence, fit, judge};
use memory::ReadText;

/// The layers whose states a head reads: those at a half and at two thirds of the encoder. States after the last layer say more about the
/// task that the model was trained for, and less about the words.
fn layers(luke: &Luke) -> Vec<usize> {
    let layers = luke.config.num_hidden_layers;
    let mut read = vec![layers.div_ceil(2), (2 * layers).div_ceil(3)];
    read.dedup();
    read
}

/// See [`Luke::teach`].
pub(super) async fn run(
    luke: &Luke,
    input: &TeachInput,
    options: &TeachOptions,
    read: &mut ReadTexts,
    mut progress: impl FnMut(TeachProgress),
) -> Result<(TaughtHead, TeachReport)> {
    let labels = Labels::of(input)?;
    let (settings, ner) = (settings(luke, &labels.names), NerOptions::default());
    let reader = Reader::of_words(luke, &settings, &ner)?;
    let examples = examples::check(&reader, input, &labels, options).await?;
    let (layers, count) = (layers(luke), examples.len());
    let columns = layers.len() * luke.config.hidden_size;

    let mut texts: Vec<Arc<ReadText>> = Vec::with_capacity(count);
    for (number, example) in examples.iter().enumerate() {
        progress(TeachProgress { phase: TeachPhase::Reading, done: number, total: count });
        texts.push(read.read(&reader, example, &layers).await?);
    }
    let spans: Vec<Vec<Vec<LabeledSpan>>> =
        examples.iter().zip(&texts).map(|(example, text)| by_sentence(example, text)).collect();
    let mut sentences = Vec::new();
    for (example, (text, spans)) in texts.iter().zip(&spans).enumerate() {
        for (words, spans) in text.sentences.iter().zip(spans) {
            sentences.push(Sentence {
                features: &text.features[words.start * columns..words.end * columns],
                spans,
                example,
            });
        }
    }

    let (labels, turns) = (labels.names, &mut luke.turns());
    let folds = if count < 2 { 0 } else { options.folds.min(count) };
    let mut taught = |done| progress(TeachProgress { phase: TeachPhase::Teaching, done, total: folds + 1 });
    taught(0);
    let judged = match folds {
        0 => None,
        folds => Some(judge(&sentences, columns, labels.len(), folds, options.seed, turns, &mut taught).await?),
    };
    let linear = fit(&sentences.iter().collect::<Vec<_>>(), columns, labels.len(), turns).await?;
    taught(folds + 1);

    let mut of_label = vec![0; labels.len()];
    examples.iter().flat_map(|example| &example.spans).for_each(|span| of_label[span.label] += 1);
    let (reports, confusions) = fit::name(&labels, &of_label, judged.as_ref());
    let report = TeachReport {
        examples: count,
        spans: of_label.iter().sum(),
        widened: examples.iter().map(|example| example.widened).sum(),
        all: judged.as_ref().map(|judged| judged.all),
        labels: reports,
        confusions,
    };
    let about = About {
        task: input.task,
        name: input.name.clone(),
        labels,
        model: luke.manifest.name.clone(),
        manifest_hash: luke.manifest_hash.clone(),
        layers,
        hidden: luke.config.hidden_size,
        temperature: judged.map_or(1.0, |judged| judged.temperature),
        examples: count,
    };
    Ok((TaughtHead { about, linear }.rounded(), report))
}

/// The spans of each sentence, as words of the sentence.
fn by_sentence(example: &CheckedExample<'_>, text: &ReadText) -> Vec<Vec<LabeledSpan>> {
    let mut spans = example.spans.iter().peekable();
    let of_sentence = |words: &Range<usize>| {
        let mut own = Vec::new();
        while let Some(span) = spans.next_if(|span| span.words.start < words.end) {
            own.push(LabeledSpan {
                words: span.words.start - words.start..span.words.end - words.start,
                label: span.label,
            });
        }
        own
    };
    text.sentences.iter().map(of_sentence).collect()
}
