//! Which entity a mention is (Yamada et al. 2020, section 3.3), on the head of `LukeForMaskedLM`.

use serde::{Deserialize, Serialize};

use super::limits;
use super::mentions::{Mentions, windows};
use super::top_k::{Scored, best_rows};
use super::windows::Window;
use crate::error::Result;
use crate::heads::Method;
use crate::luke::{Luke, Vocabulary};
use crate::text::{EncodeOptions, OffsetUnit, Spanned, SpecialTokens, Tokenized};

/// A text and mentions in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictEntitiesInput {
    /// The text.
    pub text: String,
    /// The mentions: spans `[start, end)` of the text in the unit of [`PredictEntitiesOptions::offsets`], each of at least one
    /// character; at most 1,000.
    pub spans: Vec<[usize; 2]>,
}

/// Options of `predictEntities`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PredictEntitiesOptions {
    /// How many entities to give for each mention, best first, from 1 to 1,000. Default 5.
    pub top_k: usize,
    /// What mentions are known to be: one title for each span. `null` is `[MASK]`, a title that the model does not know `[UNK]`.
    /// Left out, all are `[MASK]`.
    pub titles: Option<Vec<Option<String>>>,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

impl Default for PredictEntitiesOptions {
    fn default() -> Self {
        Self { top_k: 5, titles: None, special_tokens: SpecialTokens::default(), offsets: OffsetUnit::default() }
    }
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

/// See [`Luke::predict_entities`].
///
/// # Errors
/// As [`Luke::predict_entities`].
pub(super) async fn run(
    luke: &Luke,
    input: &PredictEntitiesInput,
    options: &PredictEntitiesOptions,
) -> Result<Vec<Vec<EntityScore>>> {
    let method = Method::PredictEntities;
    luke.check_method(method)?;
    limits::check("topK", options.top_k, &limits::TOP_K)?;
    let (titles, max) = (options.titles.as_deref(), limits::MAX_PREDICTIONS);
    let mentions = Mentions::read(luke, &input.text, &input.spans, titles, options.offsets, max)?;
    let builder = luke.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
    let text = builder.tokenizing(Spanned { text: &input.text, spans: &mentions.spans });
    let Tokenized { tokens: read, spans } = luke.turns().tokenize(text).await?;
    let (mut inputs, mut order) = (Vec::new(), Vec::new());
    for Window { tokens, items } in windows(luke, read.len(), &spans)?.into_iter().filter(|w| !w.items.is_empty()) {
        let shifted = |item: &usize| spans[*item].start - tokens.start..spans[*item].end - tokens.start;
        let entities = items.iter().map(|item| (mentions.rows[*item], shifted(item)));
        inputs.push((builder.inputs(&read[tokens.clone()], entities), (0..items.len()).collect()));
        order.extend(items);
    }
    let mut answers = vec![Vec::new(); spans.len()];
    let best = best_rows(luke, method, Vocabulary::Entities, &inputs, options.top_k).await?;
    for (item, best) in order.into_iter().zip(best) {
        for Scored { id, logit, score } in best {
            let title = luke.entity_vocab.title(id).unwrap_or_default();
            answers[item].push(EntityScore { title, id, score, logit });
        }
    }
    Ok(answers)
}
