//! Relation classification (Yamada et al. 2020, section 4.2): head and tail are marked by `<ent>` and `<ent2>`, and
//! their entities `[MASK]` and `[MASK2]` are classified together.

use std::ops::Range;

use serde::Deserialize;

use super::labels::{Classified, LabelOptions, LabelScore, Mentioning, best_first, softmax};
use crate::error::Result;
use crate::heads::{HeadKind, HeadSpec};
use crate::text::{InputForm, OffsetUnit, Offsets};

/// Two mentions in a text; they may overlap, and the tail may come first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationInput {
    /// The text.
    pub text: String,
    /// The head (subject): the span `[start, end)` of the text in the unit of [`LabelOptions::offsets`], of at least one
    /// character.
    pub head: [usize; 2],
    /// The tail (object): a span of the same form.
    pub tail: [usize; 2],
}

impl Mentioning for RelationInput {
    const NAMES: &'static [&'static str] = &["head", "tail"];

    fn spanned(&self, unit: OffsetUnit) -> Result<(&str, Vec<Range<usize>>)> {
        let offsets = Offsets::new(&self.text, unit);
        Ok((&self.text, vec![offsets.span("head", self.head)?, offsets.span("tail", self.tail)?]))
    }
}

impl Classified for RelationInput {
    const HEAD: HeadKind = HeadKind::Relation;
    const FORM: InputForm<'static> = InputForm::EntityPairClassification;

    fn result(logits: &[f32], head: &HeadSpec, _: &LabelOptions) -> Vec<LabelScore> {
        let all = softmax(logits, head.temperature()).into_iter().zip(logits).zip(&head.labels);
        best_first(all.map(|((score, logit), label)| LabelScore { label: label.clone(), score, logit: *logit }))
    }
}
