//! Which tokens stand behind `<mask>` (Yamada et al. 2020, section 3.3), on the head of `LukeForMaskedLM`.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::limits;
use super::top_k::{Scored, best_rows};
use super::windows::{assign, token_budget};
use crate::error::{LukeError, Result};
use crate::heads::Method;
use crate::luke::{Luke, Vocabulary};
use crate::text::{EncodeOptions, Spanned, SpecialTokens};

/// A text with masks in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillMaskInput {
    /// The text; each `<mask>` (or what the tokenizer calls it) is predicted, of at most 1,000.
    pub text: String,
}

/// Options of `fillMask`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FillMaskOptions {
    /// How many tokens to give for each mask, best first, from 1 to 1,000. Default 5.
    pub top_k: usize,
    /// What special tokens inside the text mean; as text, there are no masks.
    pub special_tokens: SpecialTokens,
}

impl Default for FillMaskOptions {
    fn default() -> Self {
        Self { top_k: 5, special_tokens: SpecialTokens::default() }
    }
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

/// See [`Luke::fill_mask`].
///
/// # Errors
/// As [`Luke::fill_mask`].
pub(super) async fn run(luke: &Luke, input: &FillMaskInput, options: &FillMaskOptions) -> Result<Vec<Vec<TokenScore>>> {
    let method = Method::FillMask;
    luke.check_method(method)?;
    limits::check("topK", options.top_k, &limits::TOP_K)?;
    let (name, mask) = luke
        .tokenizer
        .mask_token()
        .ok_or_else(|| LukeError::format("tokenizer.json", "has no token <mask> or [MASK]"))?;
    let builder = luke.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
    let tokens = luke.turns().tokenize(builder.tokenizing(Spanned::plain(&input.text))).await?.tokens;
    let masks: Vec<Range<usize>> = (0..tokens.len()).filter(|i| tokens[*i].id == mask).map(|i| i..i + 1).collect();
    if masks.is_empty() {
        return Err(LukeError::input("text", format!("has no {name}")));
    }
    if masks.len() > limits::MAX_PREDICTIONS {
        let reason = format!("has {} {name}, one call predicts at most {}", masks.len(), limits::MAX_PREDICTIONS);
        return Err(LukeError::input("text", reason));
    }
    let (mut inputs, mut order) = (Vec::new(), Vec::new());
    let (size, before) = (token_budget(luke), luke.tokenizer.before.len());
    for window in assign(tokens.len(), size, size / 2, &masks).into_iter().filter(|window| !window.items.is_empty()) {
        let positions = window.items.iter().map(|item| masks[*item].start - window.tokens.start + before).collect();
        inputs.push((builder.inputs(&tokens[window.tokens], std::iter::empty()), positions));
        order.extend(window.items);
    }
    let mut answers = vec![Vec::new(); masks.len()];
    let best = best_rows(luke, method, Vocabulary::Words, &inputs, options.top_k).await?;
    for (item, best) in order.into_iter().zip(best) {
        for Scored { id, logit, score } in best {
            answers[item].push(TokenScore { token: luke.tokenizer.decode(&[id])?, id, score, logit });
        }
    }
    Ok(answers)
}
