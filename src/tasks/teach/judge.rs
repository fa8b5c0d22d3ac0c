//! How well a head does on examples that it has not seen.

use super::fit::{Learning, fit};
use super::types::{Confusion, LabelReport, Quality};
use crate::error::Result;
use crate::learn::crf::LabeledSpan;
use crate::learn::{Linear, Random, single};
use crate::luke::Turns;

/// Divisors of logits, of which the one is taken that makes the examples likeliest.
const TEMPERATURES: [f64; 9] = [0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0];

/// What heads found in examples that they had not seen.
#[derive(Clone)]
pub struct Judging {
    counts: Counts,
    /// The loss of the examples by each of the temperatures.
    losses: [f64; TEMPERATURES.len()],
}

/// What the report says of it.
pub struct Judged {
    /// The temperature that makes the labels of the examples likeliest.
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

impl Judging {
    /// Judges by `folds` heads, each of which is taught on the examples without one part of them. `done` is called after each.
    ///
    /// # Errors
    /// As [`fit`].
    pub async fn by_folds(
        learning: &Learning<'_>,
        folds: usize,
        seed: u64,
        turns: &mut Turns<'_>,
        mut done: impl FnMut(usize),
    ) -> Result<Self> {
        let examples = learning.lesson.texts.len();
        let mut order: Vec<usize> = (0..examples).collect();
        Random::new(seed).shuffle(&mut order);
        let mut fold_of = vec![0; examples];
        order.into_iter().enumerate().for_each(|(place, example)| fold_of[example] = place % folds);
        let mut judging = Self { counts: Counts::new(learning.labels), losses: [0.0; TEMPERATURES.len()] };
        for fold in 0..folds {
            let layer = fit(learning, |example| fold_of[example] != fold, turns).await?;
            judging.add(learning, &layer, |example| fold_of[example] == fold, turns).await?;
            done(fold + 1);
        }
        Ok(judging)
    }

    /// Judges a layer by the examples whose number `unseen` takes.
    ///
    /// # Errors
    /// What the source of the model fails with at a pause.
    pub async fn add(
        &mut self,
        learning: &Learning<'_>,
        layer: &Linear,
        unseen: impl Fn(usize) -> bool,
        turns: &mut Turns<'_>,
    ) -> Result<()> {
        let (classes, columns) = (learning.classes(), learning.columns);
        let mut row = vec![0.0; columns];
        for group in learning.lesson.groups.iter().filter(|group| unseen(group.example)) {
            let features = learning.features(group);
            let mut logits = Vec::with_capacity(group.rows.len() * classes);
            for features in features.chunks_exact(columns) {
                row.iter_mut().zip(features).for_each(|(to, value)| *to = single(*value));
                logits.extend(layer.logits(&row));
            }
            self.counts.add(&group.labels, &learning.choice.best(&logits, classes));
            turns.after(learning.work(size_of_val(features))).await?;
            let mut slopes = vec![0.0; logits.len()];
            for (loss, temperature) in self.losses.iter_mut().zip(TEMPERATURES) {
                let cooled: Vec<f32> = logits.iter().map(|logit| logit / temperature as f32).collect();
                *loss += learning.choice.loss(&cooled, &group.labels, classes, &mut slopes);
                turns.after(cooled.len()).await?;
            }
        }
        Ok(())
    }

    /// The figures.
    pub fn finish(&self) -> Judged {
        let losses = &self.losses;
        let best = (0..losses.len()).fold(0, |best, next| if losses[next] < losses[best] { next } else { best });
        let (all, labels, confusions) = self.counts.finish();
        Judged { temperature: TEMPERATURES[best], all, labels, confusions }
    }
}

/// Labels there are, labels found, and those that are both.
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

#[derive(Clone)]
struct Counts {
    labels: Vec<Count>,
    /// `[labels + 1, labels + 1]`: what is there and what was found; the last is nothing.
    pairs: Vec<usize>,
}

impl Counts {
    fn new(labels: usize) -> Self {
        Self { labels: vec![Count::default(); labels], pairs: vec![0; (labels + 1) * (labels + 1)] }
    }

    /// Adds what is in a group and what was found there. A label that was missed is confused with a wrong one that was found for the same
    /// words, each with another, or with nothing.
    fn add(&mut self, there: &[LabeledSpan], found: &[LabeledSpan]) {
        let nothing = self.labels.len();
        let mut wrong: Vec<&LabeledSpan> = found.iter().filter(|found| !there.contains(found)).collect();
        found.iter().for_each(|span| self.labels[span.label].found += 1);
        for span in there {
            self.labels[span.label].there += 1;
            let taken_for = if found.contains(span) {
                self.labels[span.label].right += 1;
                span.label
            } else {
                let same = wrong.iter().position(|found| found.words == span.words);
                same.map_or(nothing, |place| wrong.remove(place).label)
            };
            self.pairs[span.label * (nothing + 1) + taken_for] += 1;
        }
        wrong.iter().for_each(|span| self.pairs[nothing * (nothing + 1) + span.label] += 1);
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

/// The parts of a report that name labels. `spans` says how many examples of each label there are, in the order of `labels`. Without
/// `judged`, labels have no quality and there are no confusions.
///
/// # Panics
/// If `spans` or `judged` has fewer labels.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusions_pair_what_was_missed_with_what_was_found_there() {
        let spans = |spans: &[(usize, usize)]| {
            spans.iter().map(|(word, label)| LabeledSpan { words: *word..word + 1, label: *label }).collect::<Vec<_>>()
        };
        let mut counts = Counts::new(4);
        // One label right, one taken for another, one for nothing, and one that is not there.
        counts.add(&spans(&[(0, 0), (1, 1), (2, 2)]), &spans(&[(0, 0), (1, 2), (5, 3)]));
        // Several labels of the same words: the first is right, the second is taken for the third and fourth only once.
        counts.add(&spans(&[(0, 0), (0, 1)]), &spans(&[(0, 0), (0, 2), (0, 3)]));
        let (all, labels, mut confusions) = counts.finish();
        confusions.sort_unstable();
        assert_eq!(
            confusions,
            [(None, Some(3), 2), (Some(1), Some(2), 2), (Some(2), None, 1)].map(|(a, b, count)| (a, b, count))
        );
        assert_eq!((all.precision, all.recall), (2.0 / 6.0, 2.0 / 5.0));
        assert_eq!(labels[0], Quality { precision: 1.0, recall: 1.0, f1: 1.0 });
        assert_eq!(labels[3], Quality { precision: 0.0, recall: 0.0, f1: 0.0 });
    }
}
