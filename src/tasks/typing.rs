//! Entity typing (Yamada et al. 2020, section 4.1): the mention is marked by `<ent>` on both sides, its `[MASK]`
//! entity is classified, and every label with a positive logit holds.

use serde::Deserialize;

use super::{LabelOptions, LabelScore, best_first};
use crate::error::Result;
use crate::luke::Luke;
use crate::text::Offsets;
use crate::text::{InputForm, Spanned};

/// A mention in a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypingInput {
    /// The text.
    pub text: String,
    /// The mention, in offsets.
    pub span: [usize; 2],
}

impl Luke {
    /// The labels of a mention, best first: those with a positive logit, or all with `allScores`. Scores are
    /// sigmoids: labels do not exclude each other.
    pub async fn typing(&self, input: &TypingInput, options: &LabelOptions) -> Result<Vec<LabelScore>> {
        let span = Offsets::new(&input.text, options.offsets).span("span", input.span)?;
        let spanned = Spanned { text: &input.text, spans: &[span] };
        let logits = self.classify("typing", spanned, InputForm::EntityClassification, options).await?;
        let labels = &self.head("typing")?.1.labels;
        let kept = logits.iter().zip(labels).filter(|(logit, _)| options.all_scores || **logit > 0.0);
        let sigmoid = |logit: f32| 1.0 / (1.0 + f64::from(-logit).exp());
        Ok(best_first(kept.map(|(logit, label)| LabelScore {
            label: label.clone(),
            score: sigmoid(*logit),
            logit: *logit,
        })))
    }
}
