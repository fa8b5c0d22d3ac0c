//! The best rows of a vocabulary for masked positions, without ever holding the logits of all rows.

use std::cmp::Ordering;

use crate::error::Result;
use crate::heads::Method;
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Vocabulary};

/// The best rows of a vocabulary at each position of each input: `top_k` of them, or all there are.
///
/// # Errors
/// Those of [`Luke::masked_logits`].
pub async fn best_rows(
    luke: &Luke,
    method: Method,
    vocabulary: Vocabulary,
    inputs: &[(ModelInputs, Vec<usize>)],
    top_k: usize,
) -> Result<Vec<Vec<Scored>>> {
    let mut best: Vec<TopK> = inputs.iter().flat_map(|(_, positions)| positions).map(|_| TopK::new(top_k)).collect();
    luke.masked_logits(method, vocabulary, inputs, |first, block| {
        let width = block.len() / best.len();
        best.iter_mut().zip(block.chunks_exact(width)).for_each(|(best, row)| best.push(first, row));
    })
    .await?;
    Ok(best.into_iter().map(TopK::finish).collect())
}

/// A row of a vocabulary and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    pub id: u32,
    pub logit: f32,
    /// Probability among all rows, 0 to 1.
    pub score: f64,
}

/// The best of many logits that come in blocks, and the softmax over all of them.
struct TopK {
    top_k: usize,
    /// The best so far, up to twice as many as wanted, in no order.
    rows: Vec<(f32, u32)>,
    /// The logit that a row must exceed, once there are enough.
    min: Option<f32>,
    max: f64,
    /// The sum of `exp(logit - max)`.
    sum: f64,
}

impl TopK {
    fn new(top_k: usize) -> Self {
        Self { top_k, rows: Vec::new(), min: None, max: f64::NEG_INFINITY, sum: 0.0 }
    }

    /// Adds the logits of the rows from `first` on.
    fn push(&mut self, first: usize, logits: &[f32]) {
        for (id, logit) in (first as u32..).zip(logits.iter().copied()) {
            let wide = f64::from(logit);
            if wide > self.max {
                self.sum = self.sum * (self.max - wide).exp() + 1.0;
                self.max = wide;
            } else {
                self.sum += (wide - self.max).exp();
            }
            if self.min.is_none_or(|min| logit > min) {
                self.rows.push((logit, id));
                if self.rows.len() == 2 * self.top_k {
                    self.cut();
                }
            }
        }
    }

    /// Keeps the best `top_k`; of equal ones the first.
    fn cut(&mut self) {
        if self.rows.len() > self.top_k {
            let (_, worst, _) = self.rows.select_nth_unstable_by(self.top_k - 1, by_logit);
            self.min = Some(worst.0);
            self.rows.truncate(self.top_k);
        }
    }

    /// The best rows, best first.
    fn finish(mut self) -> Vec<Scored> {
        self.cut();
        self.rows.sort_unstable_by(by_logit);
        let score = |logit: f32| (f64::from(logit) - self.max).exp() / self.sum;
        self.rows.iter().map(|(logit, id)| Scored { id: *id, logit: *logit, score: score(*logit) }).collect()
    }
}

/// Orders by logit, the highest first, and equal ones by row.
fn by_logit(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::labels::softmax;
    use proptest::prelude::*;

    proptest! {
        /// Cut into any blocks, it gives what sorting and softmax of the whole row give.
        #[test]
        fn best_in_blocks_is_best_of_all(
            logits in prop::collection::vec(-30i8..30, 1..200),
            block in 1usize..50,
            top_k in 1usize..12,
        ) {
            let logits: Vec<f32> = logits.into_iter().map(|logit| f32::from(logit) / 3.0).collect();
            let mut best = TopK::new(top_k);
            for (i, part) in logits.chunks(block).enumerate() {
                best.push(i * block, part);
            }
            let probabilities = softmax(&logits, 1.0);
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
            let got = best.finish();
            prop_assert_eq!(got.len(), top_k.min(logits.len()));
            for (scored, want) in got.iter().zip(order) {
                prop_assert_eq!(scored.id as usize, want);
                prop_assert!((scored.score - probabilities[want]).abs() < 1e-6);
            }
        }
    }
}
