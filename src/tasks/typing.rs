//! Entity typing (Yamada et al. 2020, section 4.1): the mention is marked by `<ent>` on both sides, its `[MASK]`
//! entity is classified, and every label with a positive logit holds.

use serde::Deserialize;

use super::labels::{LabelOptions, LabelScore, best_first, classify};
use crate::error::Result;
use crate::heads::HeadKind;
use crate::luke::Luke;
use crate::text::{InputForm, Offsets, Spanned};

/// A mention in a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypingInput {
    /// The text.
    pub text: String,
    /// The mention, in offsets.
    pub span: [usize; 2],
}

/// See [`Luke::typing`].
pub(super) async fn run(luke: &Luke, input: &TypingInput, options: &LabelOptions) -> Result<Vec<LabelScore>> {
    let span = Offsets::new(&input.text, options.offsets).span("span", input.span)?;
    let spanned = Spanned { text: &input.text, spans: &[span] };
    let logits = classify(luke, HeadKind::Typing, spanned, InputForm::EntityClassification, options).await?;
    let labels = &luke.head(HeadKind::Typing)?.1.labels;
    let kept = logits.iter().zip(labels).filter(|(logit, _)| options.all_scores || **logit > 0.0);
    let sigmoid = |logit: f32| 1.0 / (1.0 + f64::from(-logit).exp());
    Ok(best_first(kept.map(|(logit, label)| LabelScore {
        label: label.clone(),
        score: sigmoid(*logit),
        logit: *logit,
    })))
}
