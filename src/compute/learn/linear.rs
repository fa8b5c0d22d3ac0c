//! A linear layer, and its training: the caller brings features and a convex loss of the logits.

use half::f16;

use super::curvature::Curvature;
use super::descent::{Precision, minimize};
use super::products::dot;
use crate::error::Result;
use crate::memory;

/// A number in half precision, in which features and heads are kept. One beyond the largest becomes that one.
pub fn half(value: f32) -> f16 {
    let max = f16::MAX.to_f32();
    f16::from_f32(value.clamp(-max, max))
}

/// A finite number in single precision. As `f32::from`, but without a branch, so that the compiler makes vector instructions of it, also
/// where the machine has none for half precision.
#[inline]
pub fn single(value: f16) -> f32 {
    const EXPONENT: f32 = f32::from_bits((127 + 112) << 23); // the exponents of the two formats differ by 112
    let bits = u32::from(value.to_bits());
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * EXPONENT;
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

/// A linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// `[classes, columns]`, row-major.
    pub weights: Vec<f32>,
    /// `[classes]`
    pub bias: Vec<f32>,
}

impl Linear {
    /// The logits `[classes]` of a row `[columns]`.
    pub fn logits<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.weights.chunks_exact(row.len()).zip(&self.bias).map(|(weights, bias)| dot(weights, row) + bias)
    }
}

/// What is learned from.
pub struct Lesson<'a, L> {
    /// How many features a row has.
    pub columns: usize,
    /// Rows `[rows, columns]` that the loss takes together: a sentence, or one row.
    pub groups: &'a [&'a [f16]],
    /// Of a group by its number: takes the logits `[rows, classes]`, writes the gradient of the loss there, and returns the loss.
    pub loss: L,
    /// How much weights cost: half of it for each squared weight, of features with a standard deviation of 1. 1 / C of scikit-learn.
    pub l2: f64,
}

/// Finds the layer with the smallest sum of loss and cost of weights. `pause` gets the number of bytes of features that were read since
/// its last call.
///
/// # Errors
/// `out-of-memory`, and those of `pause`.
pub async fn train<L: FnMut(usize, &[f32], &mut [f32]) -> f64>(
    mut lesson: Lesson<'_, L>,
    classes: usize,
    precision: Precision,
    mut pause: impl AsyncFnMut(usize) -> Result<()>,
) -> Result<Linear> {
    let columns = lesson.columns;
    let scale = Scale::of(lesson.groups, columns);
    let start = memory::zeros((columns + 1) * classes, "for the training")?;
    let mut work = Work::new(&lesson, classes)?;
    let places: Vec<&[f16]> = lesson.groups.iter().flat_map(|group| group.chunks_exact(columns)).collect();
    let row = |number: usize, to: &mut [f32]| scale.row(places[number], to);
    let curvature = Curvature::new(places.len(), columns, lesson.l2 as f32, &row)?;
    let divide = |gradient: &mut [f64]| {
        let (weights, bias) = gradient.split_at_mut(classes * columns);
        curvature.divide(weights, columns, &row);
        bias.iter_mut().for_each(|slope| *slope /= Curvature::of_bias(places.len()));
    };
    let found = minimize(start, precision, divide, async |point: &[f64], gradient: &mut [f64]| {
        let (weights, bias) = point.split_at(classes * columns);
        work.weights.iter_mut().zip(weights).for_each(|(to, weight)| *to = *weight as f32);
        gradient.fill(0.0);
        let mut value = add_cost(weights, lesson.l2, gradient);
        for (number, group) in lesson.groups.iter().enumerate() {
            let (logits, slopes) = work.logits(group, &scale, bias);
            value += (lesson.loss)(number, logits, slopes);
            work.add_gradient(group, &scale, bias.len(), gradient);
            pause(size_of_val(*group)).await?;
        }
        Ok(value)
    })
    .await?;
    Ok(scale.off(&found, classes))
}

/// Buffers of one training.
struct Work {
    /// `[classes, columns]`
    weights: Vec<f32>,
    /// `[classes, columns]`: the gradient of one group. It is added up in single precision, which is twice as fast.
    of_group: Vec<f32>,
    /// Of the largest group: `[rows, columns]` and `[rows, classes]`.
    rows: Vec<f32>,
    logits: Vec<f32>,
    slopes: Vec<f32>,
}

impl Work {
    fn new<L>(lesson: &Lesson<'_, L>, classes: usize) -> Result<Self> {
        let columns = lesson.columns;
        let largest = lesson.groups.iter().map(|group| group.len() / columns).max().unwrap_or(0);
        let zeros = |count| memory::zeros(count, "for the training");
        Ok(Self {
            weights: zeros(classes * columns)?,
            of_group: zeros(classes * columns)?,
            rows: zeros(largest * columns)?,
            logits: zeros(largest * classes)?,
            slopes: zeros(largest * classes)?,
        })
    }

    /// The logits of a group, and where the gradient of its loss goes.
    fn logits(&mut self, group: &[f16], scale: &Scale, bias: &[f64]) -> (&[f32], &mut [f32]) {
        let (columns, classes) = (scale.mean.len(), bias.len());
        let count = group.len() / columns;
        let rows = &mut self.rows[..group.len()];
        for (row, to) in group.chunks_exact(columns).zip(rows.chunks_exact_mut(columns)) {
            scale.row(row, to);
        }
        let (logits, slopes) = (&mut self.logits[..count * classes], &mut self.slopes[..count * classes]);
        for (row, logits) in rows.chunks_exact(columns).zip(logits.chunks_exact_mut(classes)) {
            let weights = self.weights.chunks_exact(columns).zip(bias);
            logits
                .iter_mut()
                .zip(weights)
                .for_each(|(logit, (weights, bias))| *logit = dot(weights, row) + *bias as f32);
        }
        (logits, slopes)
    }

    /// Adds the gradient of the group whose logits were computed last.
    fn add_gradient(&mut self, group: &[f16], scale: &Scale, classes: usize, gradient: &mut [f64]) {
        let columns = scale.mean.len();
        let (rows, slopes) = (&self.rows[..group.len()], &self.slopes[..group.len() / columns * classes]);
        let (of_weights, of_bias) = gradient.split_at_mut(classes * columns);
        self.of_group.fill(0.0);
        for (row, slopes) in rows.chunks_exact(columns).zip(slopes.chunks_exact(classes)) {
            for (to, slope) in self.of_group.chunks_exact_mut(columns).zip(slopes) {
                to.iter_mut().zip(row).for_each(|(to, value)| *to += slope * value);
            }
            of_bias.iter_mut().zip(slopes).for_each(|(to, slope)| *to += f64::from(*slope));
        }
        of_weights.iter_mut().zip(&self.of_group).for_each(|(to, slope)| *to += f64::from(*slope));
    }
}

/// Adds the gradient of the cost of weights, and returns the cost.
fn add_cost(weights: &[f64], l2: f64, gradient: &mut [f64]) -> f64 {
    let mut cost = 0.0;
    for (slope, weight) in gradient.iter_mut().zip(weights) {
        *slope += l2 * weight;
        cost += 0.5 * l2 * weight * weight;
    }
    cost
}

/// Moves each column of features to the mean 0 and the standard deviation 1.
struct Scale {
    mean: Vec<f32>,
    /// One divided by the standard deviation; of a column of equal numbers 0.
    inverse: Vec<f32>,
}

impl Scale {
    fn of(groups: &[&[f16]], columns: usize) -> Self {
        let count = (groups.iter().map(|group| group.len()).sum::<usize>() / columns).max(1) as f64;
        let (mut sum, mut squares) = (vec![0.0f64; columns], vec![0.0f64; columns]);
        let rows = || groups.iter().flat_map(|group| group.chunks_exact(columns));
        for row in rows() {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(single(*value)));
        }
        sum.iter_mut().for_each(|sum| *sum /= count);
        for row in rows() {
            let away = row.iter().zip(&sum).map(|(value, mean)| f64::from(single(*value)) - mean);
            squares.iter_mut().zip(away).for_each(|(squares, away)| *squares += away * away);
        }
        let inverse = |squares: f64| if squares > 0.0 { 1.0 / (squares / count).sqrt() } else { 0.0 };
        Self {
            inverse: squares.into_iter().map(|squares| inverse(squares) as f32).collect(),
            mean: sum.into_iter().map(|mean| mean as f32).collect(),
        }
    }

    fn row(&self, row: &[f16], to: &mut [f32]) {
        for ((to, value), (mean, inverse)) in to.iter_mut().zip(row).zip(self.mean.iter().zip(&self.inverse)) {
            *to = (single(*value) - mean) * inverse;
        }
    }

    /// A layer for features as they come, of the weights and the bias for scaled ones.
    fn off(&self, point: &[f64], classes: usize) -> Linear {
        let columns = self.mean.len();
        let (weights, bias) = point.split_at(classes * columns);
        let mut layer = Linear { weights: Vec::with_capacity(weights.len()), bias: Vec::with_capacity(classes) };
        for (weights, bias) in weights.chunks_exact(columns).zip(bias) {
            let mut moved = *bias;
            for ((weight, inverse), mean) in weights.iter().zip(&self.inverse).zip(&self.mean) {
                let weight = weight * f64::from(*inverse);
                moved -= weight * f64::from(*mean);
                layer.weights.push(weight as f32);
            }
            layer.bias.push(moved as f32);
        }
        layer
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use serde_json::Value;

    use super::*;
    use crate::error::LukeError;
    use crate::learn::Choice;
    use crate::learn::crf::{self, LabeledSpan};

    /// As one label of each row, and as sentences of one word: of such a sentence the tags are classes.
    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        let fixture: Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/softmax_regression.json")).unwrap();
        let numbers = |value: &Value| value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect::<Vec<_>>();
        let rows: Vec<Vec<f16>> = fixture["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| numbers(row).into_iter().map(f16::from_f64).collect())
            .collect();
        let known: Vec<usize> = numbers(&fixture["classes"]).into_iter().map(|class| class as usize).collect();
        let groups: Vec<&[f16]> = rows.iter().map(Vec::as_slice).collect();
        let span = |label| LabeledSpan { words: 0..1, label };
        let spans: [Vec<Vec<LabeledSpan>>; 2] = [
            known.iter().map(|class| vec![span(*class)]).collect(),
            known.iter().map(|class| class.checked_sub(1).map(span).into_iter().collect()).collect(),
        ];
        for ((choice, classes), spans) in [(Choice::One, 3), (Choice::Spans, crf::tags(2))].into_iter().zip(&spans) {
            let loss = |number: usize, logits: &[f32], slopes: &mut [f32]| {
                choice.loss(logits, &spans[number], classes, slopes)
            };
            let lesson = Lesson { columns: 6, groups: &groups, loss, l2: fixture["l2"].as_f64().unwrap() };
            let precision = Precision { gradient: 1e-5, max_steps: 1000 };
            let layer = block_on(train(lesson, classes, precision, async |_| Ok(()))).unwrap();
            for (row, want) in rows.iter().zip(fixture["probabilities"].as_array().unwrap()) {
                let row: Vec<f32> = row.iter().map(|value| value.to_f32()).collect();
                let logits: Vec<f32> = layer.logits(&row).collect();
                for (class, want) in numbers(want).into_iter().enumerate() {
                    let labels: Vec<_> = match choice {
                        Choice::One => vec![span(class)],
                        _ => class.checked_sub(1).map(span).into_iter().collect(),
                    };
                    let got = (-choice.loss(&logits, &labels, classes, &mut vec![0.0; classes])).exp();
                    assert!((got - want).abs() < 1e-4, "{choice:?}: {got}, scikit-learn {want}");
                }
            }
        }
    }

    #[test]
    fn single_precision_has_the_same_numbers() {
        for bits in 0..=u16::MAX {
            let value = f16::from_bits(bits);
            if value.is_finite() {
                assert_eq!(single(value).to_bits(), f32::from(value).to_bits(), "{value}");
            }
        }
    }

    #[test]
    fn an_error_at_a_pause_ends_the_training() {
        let group = [f16::ONE];
        let lesson = Lesson { columns: 1, groups: &[&group], loss: |_: usize, _: &[f32], _: &mut [f32]| 0.0, l2: 1.0 };
        let precision = Precision { gradient: 0.0, max_steps: 9 };
        let ended = block_on(train(lesson, 1, precision, async |_| Err(LukeError::Aborted)));
        assert_eq!(ended, Err(LukeError::Aborted));
    }
}
