//! What stands behind `<mask>`, and which entity a mention is: the two pretraining tasks (Yamada et al. 2020,
//! section 3.3) on `LukeForMaskedLM`'s head.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::windows::{Window, assign};
use crate::error::{LukeError, Result};
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Vocabulary};
use crate::text::{EncodeOptions, Spanned};
use crate::text::{OffsetUnit, SpecialTokens};

/// A text with masks in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillMaskInput {
    /// The text; each `<mask>` (or what the tokenizer calls it) is predicted.
    pub text: String,
}

/// Options of `fillMask`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FillMaskOptions {
    /// How many tokens a mask, best first.
    pub top_k: usize,
    /// What special tokens inside the text mean; as text, there are no masks.
    pub special_tokens: SpecialTokens,
}

/// A token for a mask.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenScore {
    /// As it would stand in the text, with the space before it where it has one.
    pub token: String,
    /// Its row of the word table.
    pub id: u32,
    /// Probability among all tokens, 0 to 1.
    pub score: f64,
    /// The raw score.
    pub logit: f32,
}

/// A text and mentions in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictEntitiesInput {
    /// The text.
    pub text: String,
    /// The mentions, in offsets.
    pub spans: Vec<[usize; 2]>,
}

/// Options of `predictEntities`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PredictEntitiesOptions {
    /// How many entities a mention, best first.
    pub top_k: usize,
    /// What mentions are known to be, by title; `null` is `[MASK]`, a title that the model does not know `[UNK]`.
    pub titles: Option<Vec<Option<String>>>,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

/// An entity for a mention.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityScore {
    /// Its title.
    pub title: String,
    /// Its row of the entity table.
    pub id: u32,
    /// Probability among all entities, 0 to 1.
    pub score: f64,
    /// The raw score.
    pub logit: f32,
}

impl Default for FillMaskOptions {
    fn default() -> Self {
        Self { top_k: 5, special_tokens: SpecialTokens::default() }
    }
}

impl Default for PredictEntitiesOptions {
    fn default() -> Self {
        Self { top_k: 5, titles: None, special_tokens: SpecialTokens::default(), offsets: OffsetUnit::default() }
    }
}

impl Luke {
    /// The best tokens for each mask of a text, in the text's order. In a text longer than the model each mask is read with as
    /// much text on both sides as fits. Fails where there is no mask.
    pub async fn fill_mask(&self, input: &FillMaskInput, options: &FillMaskOptions) -> Result<Vec<Vec<TokenScore>>> {
        let task = "fillMask";
        self.need_task(task)?;
        need_top_k(options.top_k)?;
        let (name, mask) = self
            .tokenizer
            .mask_token()
            .ok_or_else(|| LukeError::format("tokenizer.json", "has no token <mask> or [MASK]"))?;
        let encoder = self.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
        let (ids, _) = encoder.segments(&input.text, &BTreeSet::new())?;
        let masks: Vec<Range<usize>> = (0..ids.len()).filter(|i| ids[*i] == mask).map(|i| i..i + 1).collect();
        if masks.is_empty() {
            return Err(LukeError::input("text", format!("has no {name}")));
        }
        let (mut inputs, mut order) = (Vec::new(), Vec::new());
        for Window { tokens, items } in assign(ids.len(), self.room(), self.room() / 2, &masks) {
            let before = self.tokenizer.before.len();
            let positions = items.iter().map(|item| masks[*item].start - tokens.start + before).collect();
            inputs.push((encoder.inputs(&ids[tokens], std::iter::empty()), positions));
            order.extend(items);
        }
        let mut answers = vec![Vec::new(); masks.len()];
        for (item, best) in order.into_iter().zip(self.best(task, Vocabulary::Words, &inputs, options.top_k).await?) {
            for Scored { id, logit, score } in best {
                answers[item].push(TokenScore { token: self.tokenizer.decode(&[id])?, id, score, logit });
            }
        }
        Ok(answers)
    }

    /// The best entities for each mention of a text, in the order given. Mentions that share a window of the model are read
    /// together, as entities see each other.
    pub async fn predict_entities(
        &self,
        input: &PredictEntitiesInput,
        options: &PredictEntitiesOptions,
    ) -> Result<Vec<Vec<EntityScore>>> {
        let task = "predictEntities";
        self.need_task(task)?;
        need_top_k(options.top_k)?;
        let mentions = self.mentions(&input.text, &input.spans, options.titles.as_deref(), options.offsets)?;
        let encoder = self.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
        let (ids, spans) = encoder.tokens(Spanned { text: &input.text, spans: &mentions.spans })?;
        let (mut inputs, mut order) = (Vec::new(), Vec::new());
        for Window { tokens, items } in self.windows(ids.len(), &spans)? {
            let shifted = |item: &usize| spans[*item].start - tokens.start..spans[*item].end - tokens.start;
            let entities = items.iter().map(|item| (mentions.rows[*item], shifted(item)));
            inputs.push((encoder.inputs(&ids[tokens.clone()], entities), (0..items.len()).collect()));
            order.extend(items);
        }
        let mut answers = vec![Vec::new(); spans.len()];
        for (item, best) in order.into_iter().zip(self.best(task, Vocabulary::Entities, &inputs, options.top_k).await?)
        {
            for Scored { id, logit, score } in best {
                let title = self.entity_vocab.title(id).unwrap_or_default();
                answers[item].push(EntityScore { title, id, score, logit });
            }
        }
        Ok(answers)
    }

    /// The best rows of a vocabulary at each position of each input.
    async fn best(
        &self,
        task: &str,
        vocabulary: Vocabulary,
        inputs: &[(ModelInputs, Vec<usize>)],
        top_k: usize,
    ) -> Result<Vec<Vec<Scored>>> {
        let mut best: Vec<Best> = inputs.iter().flat_map(|(_, at)| at).map(|_| Best::new(top_k)).collect();
        self.masked_logits(task, vocabulary, inputs, |first, block| {
            let width = block.len() / best.len();
            best.iter_mut().zip(block.chunks_exact(width)).for_each(|(best, row)| best.see(first, row));
        })
        .await?;
        Ok(best.into_iter().map(Best::scored).collect())
    }
}

fn need_top_k(top_k: usize) -> Result<()> {
    match top_k {
        0 => Err(LukeError::input("options.topK", "is 0")),
        _ => Ok(()),
    }
}

/// A row of a vocabulary and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scored {
    id: u32,
    logit: f32,
    score: f64,
}

/// The best of many logits, and the sum of all their exponentials, kept while they go by.
struct Best {
    top_k: usize,
    /// The best so far, up to twice as many as wanted, in no order.
    rows: Vec<(f32, u32)>,
    /// What a row must be above, once there are enough.
    least: Option<f32>,
    max: f64,
    /// Of `exp(logit - max)`.
    sum: f64,
}

impl Best {
    fn new(top_k: usize) -> Self {
        Self { top_k, rows: Vec::new(), least: None, max: f64::NEG_INFINITY, sum: 0.0 }
    }

    fn see(&mut self, first: usize, logits: &[f32]) {
        for (id, logit) in (first as u32..).zip(logits.iter().copied()) {
            let wide = f64::from(logit);
            if wide > self.max {
                self.sum = self.sum * (self.max - wide).exp() + 1.0;
                self.max = wide;
            } else {
                self.sum += (wide - self.max).exp();
            }
            if self.least.is_none_or(|least| logit > least) {
                self.rows.push((logit, id));
                if self.rows.len() == self.top_k.saturating_mul(2) {
                    self.cut();
                }
            }
        }
    }

    /// Keeps the best `top_k`; of equal ones the first.
    fn cut(&mut self) {
        if self.rows.len() > self.top_k {
            let (_, worst, _) = self.rows.select_nth_unstable_by(self.top_k - 1, better);
            self.least = Some(worst.0);
            self.rows.truncate(self.top_k);
        }
    }

    fn scored(mut self) -> Vec<Scored> {
        self.cut();
        self.rows.sort_unstable_by(better);
        let score = |logit: f32| (f64::from(logit) - self.max).exp() / self.sum;
        self.rows.iter().map(|(logit, id)| Scored { id: *id, logit: *logit, score: score(*logit) }).collect()
    }
}

/// Best first; equal ones in their order.
fn better(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let mut best = Best::new(top_k);
            for (i, part) in logits.chunks(block).enumerate() {
                best.see(i * block, part);
            }
            let probabilities = super::super::softmax(&logits);
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
            let got = best.scored();
            prop_assert_eq!(got.len(), top_k.min(logits.len()));
            for (scored, want) in got.iter().zip(order) {
                prop_assert_eq!(scored.id as usize, want);
                prop_assert!((scored.score - probabilities[want]).abs() < 1e-6);
            }
        }
    }
}
