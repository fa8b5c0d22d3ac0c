//! The manifest's self-test: a text whose logits are known.

use super::masked::MaskedScorer;
use super::{Luke, Output, Vocabulary};
use crate::backend;
use crate::error::{LukeError, Result};
use crate::heads::{HeadKind, HeadLayers, LayerOutput, LinearLayer, SpanForm};
use crate::model::{Head, OutputName};
use crate::text::{EncodeOptions, InputForm, OffsetUnit, Offsets, Spanned};

/// See [`Luke::self_test`].
///
/// # Errors
/// As [`Luke::self_test`].
pub async fn run(luke: &Luke) -> Result<Option<f32>> {
    let Some(test) = &luke.manifest.self_test else { return Ok(None) };
    let got = values(luke, &test.text, &test.spans, &test.head).await.map_err(|error| match error {
        // The input is the manifest's, not the caller's.
        LukeError::Input { argument, reason } => {
            LukeError::format("manifest.json", format!("selfTest: {argument}: {reason}"))
        }
        other => other,
    })?;
    // The next model gets another device.
    let bad = |reason| backend::failed(luke.opened.device(), format!("self-test of head '{}': {reason}", test.head));
    if got.len() < test.expected.len() {
        return Err(bad(format!("{} values came, {} expected", got.len(), test.expected.len())));
    }
    let worst = got.iter().zip(&test.expected).map(|(g, e)| (g - e).abs()).fold(0.0, f32::max);
    if worst <= test.tolerance {
        Ok(Some(worst))
    } else {
        Err(bad(format!("differs by {worst:e}, allowed is {:e}", test.tolerance)))
    }
}

/// See [`Luke::self_test_values`].
///
/// # Errors
/// As [`Luke::self_test_values`].
pub async fn values(luke: &Luke, text: &str, spans: &[[usize; 2]], head: &str) -> Result<Vec<f32>> {
    let offsets = Offsets::new(text, OffsetUnit::Utf16);
    let spans = spans.iter().map(|span| offsets.span("spans", *span)).collect::<Result<Vec<_>>>()?;
    let kind = if head == "model" { None } else { HeadKind::from_key(head) };
    let form = match kind.map(|kind| kind.info().spans) {
        Some(SpanForm::Candidates) => InputForm::EntitySpanClassification,
        Some(SpanForm::MarkedMention) => InputForm::EntityClassification,
        Some(SpanForm::MarkedPair) => InputForm::EntityPairClassification,
        Some(SpanForm::Mentions) | None => InputForm::Entities(None),
    };
    let inputs = luke.input_builder(EncodeOptions::default()).encode(Spanned { text, spans: &spans }, form)?;
    if let Some(Head::MaskedLm(masked)) = kind.and_then(|kind| luke.heads.get(&kind)) {
        // Words only: entities would bring their whole table here.
        let mut states = luke.states(&[inputs.checked(&luke.config)?]).await?;
        let size = [inputs.input_ids.len(), luke.config.vocab_size];
        return MaskedScorer::of(luke, masked).whole(&mut states, Vocabulary::Words, size).await;
    }
    let outputs = luke.forward(&inputs, Some(head)).await?;
    let tested = match kind.map(|kind| &kind.info().layers) {
        None => OutputName::LastHiddenState,
        Some(HeadLayers::Linear(LinearLayer { output: LayerOutput::StartAndEnd, .. })) => OutputName::StartLogits,
        Some(_) => OutputName::Logits,
    };
    Ok(Output::find(&outputs, tested)?.values.clone())
}
