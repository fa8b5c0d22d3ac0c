//! Extractive question answering (Yamada et al. 2020, section 4.5): the context is read beside the question in windows
//! that overlap, each token is scored as the start and as the end of the answer, and the best span is the answer.

mod decode;
mod layout;
mod links;
mod types;

pub use layout::Layout;
pub use types::{Answer, QaInput, QaOptions};

use super::batches;
use super::labels::softmax;
use crate::error::Result;
use crate::heads::HeadKind;
use crate::luke::{Luke, Output, OutputName};
use crate::text::Offsets;
use decode::{AnswerSpan, NBest, Search};

/// See [`Luke::qa`].
///
/// # Errors
/// As [`Luke::qa`].
pub(super) async fn run(luke: &Luke, input: &QaInput, options: &QaOptions) -> Result<Answer> {
    let layout = Layout::new(luke, input, options).await?;
    let (windows, offset) = (&layout.windows, layout.offset());
    let search = Search { windows, offset, n_best: options.n_best, max_answer: options.max_answer_tokens };
    let (mut n_best, mut null_score) = (NBest::new(options.n_best), None);
    let inputs = (0..windows.ranges().len()).map(|window| (layout.inputs(window), window));
    batches::for_each(luke, HeadKind::Qa, inputs, |window, outputs| {
        let starts = &Output::find(&outputs, OutputName::StartLogits)?.values;
        let ends = &Output::find(&outputs, OutputName::EndLogits)?.values;
        if let (Some(start), Some(end)) = (starts.first(), ends.first()) {
            let null = f64::from(*start) + f64::from(*end);
            null_score = Some(null_score.map_or(null, |lowest: f64| lowest.min(null)));
        }
        n_best.add(search.candidates(window, starts, ends), &layout)
    })
    .await?;
    let temperature = luke.head(HeadKind::Qa)?.1.temperature();
    Ok(answer(&layout, &n_best, null_score.unwrap_or_default(), temperature, input, options))
}

fn answer(
    layout: &Layout,
    n_best: &NBest,
    null_score: f64,
    temperature: f64,
    input: &QaInput,
    options: &QaOptions,
) -> Answer {
    let candidates: Vec<&AnswerSpan> = n_best.candidates().collect();
    let scores = softmax(&candidates.iter().map(|candidate| candidate.score()).collect::<Vec<_>>(), temperature);
    let offsets = Offsets::new(&input.context, options.offsets);
    let stands = |score: f64| options.null_threshold.is_none_or(|threshold| null_score - score <= threshold);
    let ranked = candidates.into_iter().zip(scores).filter_map(|(candidate, score)| {
        let bytes = layout.bytes(&candidate.tokens);
        (!bytes.is_empty()).then(|| Answer {
            answer: input.context[bytes.clone()].to_owned(),
            start: offsets.of_byte(bytes.start),
            end: offsets.of_byte(bytes.end),
            score,
            start_logit: candidate.start_logit,
            end_logit: candidate.end_logit,
            answerable: stands(candidate.score()),
            null_score,
            alternatives: Vec::new(),
        })
    });
    let mut ranked = ranked.take(options.top_k);
    let best = ranked.next().unwrap_or_else(|| Answer { null_score, ..Default::default() });
    Answer { alternatives: ranked.collect(), ..best }
}
