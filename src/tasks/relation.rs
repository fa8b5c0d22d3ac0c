//! Relation classification (Yamada et al. 2020, section 4.2): head and tail are marked by `<ent>` and `<ent2>`, and
//! their entities `[MASK]` and `[MASK2]` are classified together.

use serde::Deserialize;

use super::labels::{LabelOptions, LabelScore, best_first, classify, softmax};
use crate::error::Result;
use crate::heads::HeadKind;
use crate::luke::Luke;
use crate::text::{InputForm, Offsets, Spanned};

/// Two mentions in a text; they may overlap, and the tail may come first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationInput {
    /// The text.
    pub text: String,
    /// The head (subject), in offsets.
    pub head: [usize; 2],
    /// The tail (object), in offsets.
    pub tail: [usize; 2],
}

/// See [`Luke::relation`].
pub(super) async fn run(luke: &Luke, input: &RelationInput, options: &LabelOptions) -> Result<Vec<LabelScore>> {
    let offsets = Offsets::new(&input.text, options.offsets);
    let spans = [offsets.span("head", input.head)?, offsets.span("tail", input.tail)?];
    let spanned = Spanned { text: &input.text, spans: &spans };
    let logits = classify(luke, HeadKind::Relation, spanned, InputForm::EntityPairClassification, options).await?;
    let labels = &luke.head(HeadKind::Relation)?.1.labels;
    let all = softmax(&logits).into_iter().zip(&logits).zip(labels);
    Ok(best_first(all.map(|((score, logit), label)| LabelScore { label: label.clone(), score, logit: *logit })))
}
