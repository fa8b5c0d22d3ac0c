//! Cloze questions (ReCoRD; Yamada et al. 2020, section 4.4): the blank of the query and every candidate of the passage
//! are `[MASK]` entities, and each candidate is scored together with the blank. The passage is read in windows that
//! overlap; the best score of a candidate counts.

mod reading;
mod types;

pub use reading::ClozeWindow;
pub use types::{ClozeAnswer, ClozeInput, ClozeOptions};

use std::collections::BTreeMap;

use super::softmax;
use crate::error::Result;
use crate::luke::Luke;
use crate::text::Offsets;

impl Luke {
    /// Every candidate and how well it fills the blank, best first. Of equal logits the one of the last window comes
    /// first, as in the authors' evaluation. Fails where the model has no `cloze` head, the query has no one
    /// `@placeholder`, or no window shows all of a candidate.
    pub async fn cloze(&self, input: &ClozeInput, options: &ClozeOptions) -> Result<Vec<ClozeAnswer>> {
        let windows = self.cloze_windows(input, options)?;
        // Bytes of a candidate → its best logit and the last window that gives it.
        let mut best: BTreeMap<(usize, usize), (f32, usize)> = BTreeMap::new();
        let (batch, candidates): (Vec<_>, Vec<_>) =
            windows.into_iter().map(|window| (window.inputs, window.candidates)).unzip();
        let outputs = self.forward_batch(&batch, Some("cloze")).await?;
        for (number, (candidates, outputs)) in candidates.iter().zip(&outputs).enumerate() {
            let logits = outputs.first().map(|output| output.values.as_slice()).unwrap_or_default();
            for (candidate, logit) in candidates.iter().zip(logits) {
                let known = best.entry((candidate.start, candidate.end)).or_insert((*logit, number));
                if *logit >= known.0 {
                    *known = (*logit, number);
                }
            }
        }
        let mut ranked: Vec<_> = best.into_iter().collect();
        ranked.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let scores = softmax(&ranked.iter().map(|(_, (logit, _))| *logit).collect::<Vec<_>>());
        let offsets = Offsets::new(&input.passage, options.offsets);
        let answers = ranked.into_iter().zip(scores).map(|(((start, end), (logit, _)), score)| ClozeAnswer {
            start: offsets.of_byte(start),
            end: offsets.of_byte(end),
            text: input.passage[start..end].to_owned(),
            logit,
            score,
        });
        Ok(answers.collect())
    }
}
