//! How the logits of a group of rows become labels: spans of a sentence, one label of a row, or any number of labels of a row.

use super::crf::{self, LabeledSpan, Lattice};

/// What is chosen among the labels. Of a choice that is not of spans, a group is one row, and its labels are spans of this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Spans of words, by a conditional random field: rows are the words of a sentence.
    Spans,
    /// One label: a softmax.
    One,
    /// Any number of labels: a sigmoid for each.
    Any,
}

impl Choice {
    /// How many logits a row has for so many labels.
    pub const fn classes(self, labels: usize) -> usize {
        match self {
            Self::Spans => crf::tags(labels),
            Self::One | Self::Any => labels,
        }
    }

    /// The loss of a group, and its gradient: the negative logarithm of the probability of its labels.
    ///
    /// # Shapes
    /// - logits, gradient: `[rows, classes]`; there is at least one row
    ///
    /// # Panics
    /// If the choice is of one label, and the group has none.
    pub fn loss(self, logits: &[f32], labels: &[LabeledSpan], classes: usize, gradient: &mut [f32]) -> f64 {
        match self {
            Self::Spans => crf::loss(logits, labels, classes, gradient),
            Self::One => {
                let total = log_sum(logits);
                gradient.iter_mut().zip(logits).for_each(|(slope, logit)| {
                    *slope = libm::exp(f64::from(*logit) - total) as f32;
                });
                let label = labels[0].label;
                gradient[label] -= 1.0;
                total - f64::from(logits[label])
            }
            Self::Any => {
                gradient.iter_mut().zip(logits).for_each(|(slope, logit)| *slope = sigmoid(f64::from(*logit)) as f32);
                // Minus the logarithm of the sigmoid of x is that of 1 + exp(-x).
                let missed: f64 = logits.iter().map(|logit| softplus(f64::from(*logit))).sum();
                labels.iter().fold(missed, |loss, span| {
                    gradient[span.label] -= 1.0;
                    loss - f64::from(logits[span.label])
                })
            }
        }
    }

    /// The likeliest labels of a group, by their place, then number. Of equal ones the first is taken.
    ///
    /// # Shapes
    /// - logits: `[rows, classes]`; there is at least one row
    pub fn best(self, logits: &[f32], classes: usize) -> Vec<LabeledSpan> {
        let of_row = |label| LabeledSpan { words: 0..1, label };
        match self {
            Self::Spans => Lattice::new(logits, classes).best(),
            Self::One => {
                let better = |best: usize, next: usize| if logits[next] > logits[best] { next } else { best };
                vec![of_row((0..classes).fold(0, better))]
            }
            Self::Any => (0..classes).filter(|label| logits[*label] > 0.0).map(of_row).collect(),
        }
    }
}

/// The probability of a label that does not exclude others.
pub fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// The logarithm of 1 + exp(x), also where exp(x) is above the largest number.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// The logarithm of the sum of exp(logit).
fn log_sum(logits: &[f32]) -> f64 {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max(f64::from(*logit)));
    max + libm::log(logits.iter().map(|logit| libm::exp(f64::from(*logit) - max)).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The loss is minus the logarithm of the probability, and the gradient is its slope.
        #[test]
        fn losses_are_those_of_the_probabilities(logits in prop::collection::vec(-6.0f32..6.0, 1..8), labels in prop::collection::vec(any::<bool>(), 8)) {
            let classes = logits.len();
            let exp: Vec<f64> = logits.iter().map(|logit| f64::from(*logit).exp()).collect();
            let there: Vec<usize> = (0..classes).filter(|label| labels[*label]).collect();
            let first = there.first().copied().unwrap_or(0);
            let all = (0..classes).map(|label| if there.contains(&label) { exp[label] } else { 1.0 } / (1.0 + exp[label]));
            let spans = |labels: &[usize]| labels.iter().map(|label| LabeledSpan { words: 0..1, label: *label }).collect::<Vec<_>>();
            for (choice, labels, probability) in
                [(Choice::One, vec![first], exp[first] / exp.iter().sum::<f64>()), (Choice::Any, there.clone(), all.product())]
            {
                let spans = spans(&labels);
                let loss = |logits: &[f32], slopes: &mut [f32]| choice.loss(logits, &spans, classes, slopes);
                let mut gradient = vec![0.0; classes];
                let value = loss(&logits, &mut gradient);
                prop_assert!((value + probability.ln()).abs() < 1e-9, "{choice:?}: {value}, {}", -probability.ln());
                for (i, slope) in gradient.iter().enumerate() {
                    let moved = |by: f32| {
                        let mut logits = logits.clone();
                        logits[i] += by;
                        loss(&logits, &mut vec![0.0; classes])
                    };
                    prop_assert!((f64::from(*slope) - (moved(0.01) - moved(-0.01)) / 0.02).abs() < 1e-3);
                }
                // No other labels are likelier.
                let best = choice.best(&logits, classes);
                let least = choice.loss(&logits, &best, classes, &mut vec![0.0; classes]);
                prop_assert!(least <= value);
            }
        }
    }

    #[test]
    fn large_logits_have_finite_losses() {
        for logits in [[1e30, -1e30], [-1e30, 1e30], [3e38, 3e38]] {
            for choice in [Choice::One, Choice::Any] {
                let labels = [LabeledSpan { words: 0..1, label: 0 }];
                let mut gradient = [0.0; 2];
                assert!(choice.loss(&logits, &labels, 2, &mut gradient).is_finite());
                assert!(gradient.iter().all(|slope| slope.is_finite()));
            }
        }
    }

    #[test]
    fn of_equal_labels_the_first_is_taken() {
        assert_eq!(Choice::One.best(&[1.0, 2.0, 2.0], 3), [LabeledSpan { words: 0..1, label: 1 }]);
        assert_eq!(Choice::Any.best(&[0.0, -1.0], 2), []);
    }
}
