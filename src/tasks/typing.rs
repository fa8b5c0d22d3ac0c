//! Entity typing (Yamada et al. 2020, section 4.1): the mention is marked by `<ent>` on both sides, its `[MASK]`
//! entity is classified, and every label with a positive logit holds.

use std::ops::Range;

use serde::Deserialize;

use super::labels::{Classified, LabelOptions, LabelScore, Mentioning, best_first};
use crate::error::Result;
use crate::heads::{HeadKind, HeadSpec};
use crate::text::{InputForm, OffsetUnit, Offsets};

/// A mention in a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypingInput {
    /// The text.
    pub text: String,
    /// The mention: the span `[start, end)` of the text in the unit of [`LabelOptions::offsets`], of at least one character.
    pub span: [usize; 2],
}

impl Mentioning for TypingInput {
    const NAMES: &'static [&'static str] = &["span"];

    fn spanned(&self, unit: OffsetUnit) -> Result<(&str, Vec<Range<usize>>)> {
        let span = Offsets::new(&self.text, unit).span("span", self.span)?;
        Ok((&self.text, vec![span]))
    }
}

impl Classified for TypingInput {
    const HEAD: HeadKind = HeadKind::Typing;
    const FORM: InputForm<'static> = InputForm::EntityClassification;

    fn result(logits: &[f32], head: &HeadSpec, options: &LabelOptions) -> Vec<LabelScore> {
        let kept = logits.iter().zip(&head.labels).filter(|(logit, _)| options.all_scores || **logit > 0.0);
        let sigmoid = |logit: f32| 1.0 / (1.0 + (f64::from(-logit) / head.temperature()).exp());
        best_first(kept.map(|(logit, label)| LabelScore {
            label: label.clone(),
            score: sigmoid(*logit),
            logit: *logit,
        }))
    }
}
