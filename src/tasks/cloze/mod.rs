//! Cloze questions (ReCoRD; Yamada et al. 2020, section 4.4): the blank of the query and every candidate of the passage
//! are `[MASK]` entities, and each candidate is scored together with the blank. The passage is read in windows that
//! overlap; the best score of a candidate counts.

mod layout;
mod types;

pub use layout::{ClozeWindow, Layout};
pub use types::{ClozeAnswer, ClozeInput, ClozeOptions};

use std::collections::BTreeMap;

use super::batches;
use super::labels::softmax;
use crate::error::Result;
use crate::heads::HeadKind;
use crate::luke::{Luke, Output, OutputName};
use crate::text::Offsets;

/// See [`Luke::cloze`].
///
/// # Errors
/// As [`Luke::cloze`].
pub(super) async fn run(luke: &Luke, input: &ClozeInput, options: &ClozeOptions) -> Result<Vec<ClozeAnswer>> {
    let layout = Layout::new(luke, input, options).await?;
    // Bytes of a candidate → its best logit and the last window that gives it.
    let mut best: BTreeMap<(usize, usize), (f32, usize)> = BTreeMap::new();
    let mut number = 0;
    let inputs = layout.windows().map(|window| (window.inputs, window.candidates));
    batches::for_each(luke, HeadKind::Cloze, inputs, |candidates, outputs| {
        let logits = &Output::find(&outputs, OutputName::Logits)?.values;
        for (candidate, logit) in candidates.iter().zip(logits) {
            let known = best.entry((candidate.start, candidate.end)).or_insert((*logit, number));
            if *logit >= known.0 {
                *known = (*logit, number);
            }
        }
        number += 1;
        Ok(())
    })
    .await?;
    let mut ranked: Vec<_> = best.into_iter().collect();
    ranked.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let scores = softmax(
        &ranked.iter().map(|(_, (logit, _))| *logit).collect::<Vec<_>>(),
        luke.head(HeadKind::Cloze)?.1.temperature(),
    );
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
