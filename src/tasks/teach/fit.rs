//! The training of a head on sentences, and how well it does on sentences that it has not seen.

use half::f16;

use super::types::{Confusion, LabelReport, Quality};
use crate::error::Result;
use crate::learn::crf::{self, LabeledSpan, Lattice};
use crate::learn::{Lesson, Linear, Precision, Random, train};
use crate::luke::Turns;

/// The cost of weights. From 1 to 30 the figures of the benchmark change by less than one point.
const L2: f64 = 5.0;

/// A head does not get better after that (docs/TEACHING.md).
const PRECISION: Precision = Precision { gradient: 0.05, max_steps: 60 };

/// Divisors of logits, of which the one is taken that makes the examples likeliest.
const TEMPERATURES: [f64; 9] = [0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0];

/// Of how many bytes of features the work is that a byte of tokenized text takes.
const BYTES_A_TURN: usize = 16;

/// A sentence of an example.
pub struct Sentence<'a> {
    /// `[words, columns]`
    pub features: &'a [f16],
    /// Its spans, as words of the sentence.
    pub spans: &'a [LabeledSpan],
    /// The number of its example.
    pub example: usize,
}

/// Teaches a layer.
///
/// # Errors
/// `out-of-memory`, and what the source of the model fails with at a pause.
pub async fn fit(sentences: &[&Sentence<'_>], columns: usize, labels: usize, turns: &mut Turns<'_>) -> Result<Linear> {
    let tags = crf::tags(labels);
    let groups: Vec<&[f16]> = sentences.iter().map(|sentence| sentence.features).collect();
    let loss =
        |number: usize, logits: &[f32], slopes: &mut [f32]| crf::loss(logits, sentences[number].spans, tags, slopes);
    let lesson = Lesson { columns, groups: &groups, loss, l2: L2 };
    train(lesson, &Linear::zeros(tags, columns), false, PRECISION, async |bytes| {
        turns.after(bytes / BYTES_A_TURN).await
    })
    .await
}

/// What heads found that were taught on the examples without one part of them.
pub struct Judged {
    /// The temperature that makes the spans of the examples likeliest.
    pub temperature: f64,
    /// Of all labels.
    pub all: Quality,
    /// Of each label.
    pub labels: Vec<Quality>,
    /// The most frequent first.
    pub confusions: Vec<Confused>,
}

/// Numbers of labels: what is there and what was found, where `None` is nothing; and how often.
type Confused = (Option<usize>, Option<usize>, usize);

/// Judges by `folds` heads. `done` is called after each.
///
/// # Errors
/// As [`fit`].
pub async fn judge(
    sentences: &[Sentence<'_>],
    columns: usize,
    labels: usize,
    folds: usize,
    seed: u64,
    turns: &mut Turns<'_>,
    mut done: impl FnMut(usize),
) -> Result<Judged> {
    let examples = sentences.iter().map(|sentence| sentence.example + 1).max().unwrap_or(0);
    let mut order: Vec<usize> = (0..examples).collect();
    Random::new(seed).shuffle(&mut order);
    let mut fold_of = vec![0; examples];
    order.into_iter().enumerate().for_each(|(place, example)| fold_of[example] = place % folds);
    let tags = crf::tags(labels);
    let (mut counts, mut losses) = (Counts::new(labels), [0.0; TEMPERATURES.len()]);
    for fold in 0..folds {
        let (seen, unseen): (Vec<_>, Vec<_>) = sentences.iter().partition(|sentence| fold_of[sentence.example] != fold);
        let layer = fit(&seen, columns, labels, turns).await?;
        let mut row = vec![0.0; columns];
        for sentence in unseen {
            let mut logits = Vec::with_capacity(sentence.features.len() / columns * tags);
            for features in sentence.features.chunks_exact(columns) {
                row.iter_mut().zip(features).for_each(|(to, value)| *to = f32::from(*value));
                logits.extend(layer.logits(&row));
            }
            counts.add(sentence.spans, &Lattice::new(&logits, tags).best());
            let mut slopes = vec![0.0; logits.len()];
            for (loss, temperature) in losses.iter_mut().zip(TEMPERATURES) {
                let cooled: Vec<f32> = logits.iter().map(|logit| logit / temperature as f32).collect();
                *loss += crf::loss(&cooled, sentence.spans, tags, &mut slopes);
            }
            turns.after(sentence.features.len() / BYTES_A_TURN).await?;
        }
        done(fold + 1);
    }
    let best = (0..losses.len()).fold(0, |best, next| if losses[next] < losses[best] { next } else { best });
    let (all, own, confusions) = counts.finish();
    Ok(Judged { temperature: TEMPERATURES[best], all, labels: own, confusions })
}

/// Spans there are, spans found, and those that are both.
#[derive(Clone, Copy, Default)]
struct Count {
    there: usize,
    found: usize,
    right: usize,
}

impl Count {
    fn quality(self) -> Quality {
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        Quality {
            precision: share(self.right, self.found),
            recall: share(self.right, self.there),
            f1: share(2 * self.right, self.there + self.found),
        }
    }
}

struct Counts {
    labels: Vec<Count>,
    /// `[labels + 1, labels + 1]`: what is there and what was found; the last is nothing.
    pairs: Vec<usize>,
}

impl Counts {
    fn new(labels: usize) -> Self {
        Self { labels: vec![Count::default(); labels], pairs: vec![0; (labels + 1) * (labels + 1)] }
    }

    fn add(&mut self, there: &[LabeledSpan], found: &[LabeledSpan]) {
        let nothing = self.labels.len();
        for span in there {
            self.labels[span.label].there += 1;
            let same = found.iter().find(|found| found.words == span.words).map(|found| found.label);
            self.labels[span.label].right += usize::from(same == Some(span.label));
            self.pairs[span.label * (nothing + 1) + same.unwrap_or(nothing)] += 1;
        }
        for span in found {
            self.labels[span.label].found += 1;
            if there.iter().all(|there| there.words != span.words) {
                self.pairs[nothing * (nothing + 1) + span.label] += 1;
            }
        }
    }

    fn finish(&self) -> (Quality, Vec<Quality>, Vec<Confused>) {
        let mut all = Count::default();
        for count in &self.labels {
            all.there += count.there;
            all.found += count.found;
            all.right += count.right;
        }
        let nothing = self.labels.len();
        let named = |label: usize| (label != nothing).then_some(label);
        let pair =
            |(place, count): (usize, &usize)| (named(place / (nothing + 1)), named(place % (nothing + 1)), *count);
        let wrong = |(there, found, count): &Confused| *count > 0 && there != found;
        let mut confusions: Vec<_> = self.pairs.iter().enumerate().map(pair).filter(wrong).collect();
        confusions.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        (all.quality(), self.labels.iter().map(|count| count.quality()).collect(), confusions)
    }
}

/// The parts of a report that name labels.
pub fn name(labels: &[String], spans: &[usize], judged: Option<&Judged>) -> (Vec<LabelReport>, Vec<Confusion>) {
    let report = |(number, label): (usize, &String)| LabelReport {
        label: label.clone(),
        spans: spans[number],
        quality: judged.map(|judged| judged.labels[number]),
    };
    let named = |label: Option<usize>| label.map(|label| labels[label].clone());
    let confusion =
        |(label, found, count): &Confused| Confusion { label: named(*label), found: named(*found), count: *count };
    let confusions = judged.iter().flat_map(|judged| &judged.confusions).map(confusion).collect();
    (labels.iter().enumerate().map(report).collect(), confusions)
}
