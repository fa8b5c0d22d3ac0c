//! The arrays that the model reads, named as in Hugging Face's `LukeModel.forward`, and what they must satisfy.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use std::ops::Deref;

use serde::Deserialize;

use crate::config::LukeConfig;
use crate::error::{LukeError, Result};

/// One input sequence, named as in Hugging Face's `forward` (camelCase in JSON). Masks and types that are
/// left out mean "all attended" and "all zero".
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelInputs {
    /// Word tokens, `[words]`.
    pub input_ids: Vec<u32>,
    /// 1 or 0 a word token.
    #[serde(default)]
    pub attention_mask: Option<Vec<u8>>,
    /// Token type a word token.
    #[serde(default)]
    pub token_type_ids: Option<Vec<u32>>,
    /// Rows of the entity table, `[entities]`.
    #[serde(default)]
    pub entity_ids: Vec<u32>,
    /// 1 or 0 an entity.
    #[serde(default)]
    pub entity_attention_mask: Option<Vec<u8>>,
    /// Word tokens of each entity's mention; -1 is padding and ignored.
    #[serde(default)]
    pub entity_position_ids: Vec<Vec<i32>>,
    /// Token type an entity.
    #[serde(default)]
    pub entity_token_type_ids: Option<Vec<u32>>,
    /// First word token of each entity (span classification).
    #[serde(default)]
    pub entity_start_positions: Vec<u32>,
    /// Last word token of each entity, inclusive (span classification).
    #[serde(default)]
    pub entity_end_positions: Vec<u32>,
}

/// The most entities of one input. Attention takes time and memory for each pair of rows, and a pass cannot be ended.
/// The largest real pass is every span of up to 16 tokens of a 510-token sentence (`maxEntitiesPerPass: null`): about
/// 8,000.
pub const MAX_ENTITIES: usize = 1 << 14;

/// The most entries of all `entityPositionIds` of one input together, padding included: 64 for each of
/// [`MAX_ENTITIES`].
pub const MAX_ENTITY_POSITIONS: usize = 1 << 20;

impl ModelInputs {
    /// Number of words and entities together, masked ones included: the rows of a forward pass.
    pub fn rows(&self) -> usize {
        self.input_ids.len().saturating_add(self.entity_ids.len())
    }

    /// Checks every array against the others, the checkpoint's tables and the limits of one input, so that the model
    /// cannot fail on them.
    ///
    /// # Errors
    /// `input` when an array is too long, has another length than it must have, or holds a number that is out of range;
    /// the message names the array.
    pub fn checked(&self, config: &LukeConfig) -> Result<CheckedInputs<'_>> {
        let (words, entities) = (self.input_ids.len(), self.entity_ids.len());
        if words == 0 {
            return Err(LukeError::input("inputIds", "is empty"));
        }
        if words > config.max_seq_tokens() {
            let max = config.max_seq_tokens();
            return Err(LukeError::input("inputIds", format!("has {words} tokens, the model takes at most {max}")));
        }
        if entities > MAX_ENTITIES {
            let reason = format!("has {entities} entities, one input has at most {MAX_ENTITIES}");
            return Err(LukeError::input("entityIds", reason));
        }
        below("inputIds", &self.input_ids, config.vocab_size)?;
        below("entityIds", &self.entity_ids, config.entity_vocab_size)?;
        same_length("attentionMask", self.attention_mask.as_deref(), words)?;
        same_length("entityAttentionMask", self.entity_attention_mask.as_deref(), entities)?;
        same_length("tokenTypeIds", self.token_type_ids.as_deref(), words)?;
        same_length("entityTokenTypeIds", self.entity_token_type_ids.as_deref(), entities)?;
        below("tokenTypeIds", self.token_type_ids.as_deref().unwrap_or(&[]), config.type_vocab_size)?;
        below("entityTokenTypeIds", self.entity_token_type_ids.as_deref().unwrap_or(&[]), config.type_vocab_size)?;
        if self.attention_mask.as_ref().is_some_and(|mask| mask.iter().all(|m| *m == 0)) {
            return Err(LukeError::input("attentionMask", "masks every word"));
        }
        same_length("entityPositionIds", Some(&self.entity_position_ids), entities)?;
        let positions = self.entity_position_ids.iter().fold(0usize, |sum, ids| sum.saturating_add(ids.len()));
        if positions > MAX_ENTITY_POSITIONS {
            let reason = format!("has {positions} entries in all, one input has at most {MAX_ENTITY_POSITIONS}");
            return Err(LukeError::input("entityPositionIds", reason));
        }
        for position in self.entity_position_ids.iter().flatten() {
            let inside = usize::try_from(*position).is_ok_and(|position| position < config.max_position_embeddings);
            if *position != -1 && !inside {
                return Err(LukeError::input("entityPositionIds", format!("{position} is no word token")));
            }
        }
        for (name, positions) in
            [("entityStartPositions", &self.entity_start_positions), ("entityEndPositions", &self.entity_end_positions)]
        {
            if !positions.is_empty() {
                same_length(name, Some(positions), entities)?;
                below(name, positions, words)?;
            }
        }
        Ok(CheckedInputs(self))
    }
}

/// Inputs that passed [`ModelInputs::checked`]: the only ones that the model takes.
#[derive(Clone, Copy, Debug)]
pub struct CheckedInputs<'a>(&'a ModelInputs);

impl Deref for CheckedInputs<'_> {
    type Target = ModelInputs;

    fn deref(&self) -> &ModelInputs {
        self.0
    }
}

fn same_length<T>(name: &str, values: Option<&[T]>, expected: usize) -> Result<()> {
    match values {
        Some(values) if values.len() != expected => {
            Err(LukeError::input(name, format!("has {} entries, {expected} expected", values.len())))
        }
        _ => Ok(()),
    }
}

fn below(name: &str, values: &[u32], limit: usize) -> Result<()> {
    match values.iter().find(|value| **value as usize >= limit) {
        Some(value) => Err(LukeError::input(name, format!("{value} is not below {limit}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> LukeConfig {
        LukeConfig::from_value(&json!({
            "model_type": "luke", "vocab_size": 40, "entity_vocab_size": 8, "hidden_size": 8, "entity_emb_size": 4,
            "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
            "max_position_embeddings": 20, "type_vocab_size": 2, "layer_norm_eps": 1e-5, "pad_token_id": 1,
        }))
        .unwrap()
    }

    fn inputs(entities: usize) -> ModelInputs {
        ModelInputs {
            input_ids: vec![0, 5, 2],
            entity_ids: vec![1; entities],
            entity_position_ids: vec![vec![1, -1]; entities],
            ..Default::default()
        }
    }

    fn refused(inputs: &ModelInputs, argument: &str) {
        match inputs.checked(&config()) {
            Err(LukeError::Input { argument: named, .. }) => assert_eq!(named, argument),
            other => panic!("{argument}: {other:?}"),
        }
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused_by_name() {
        let good = inputs(2);
        assert_eq!(good.checked(&config()).unwrap().rows(), 5);
        refused(&ModelInputs { input_ids: vec![], ..good.clone() }, "inputIds");
        refused(&ModelInputs { input_ids: vec![0; 19], ..good.clone() }, "inputIds");
        refused(&ModelInputs { input_ids: vec![40], ..good.clone() }, "inputIds");
        refused(&ModelInputs { entity_ids: vec![1, 8], ..good.clone() }, "entityIds");
        refused(&ModelInputs { attention_mask: Some(vec![1; 4]), ..good.clone() }, "attentionMask");
        refused(&ModelInputs { attention_mask: Some(vec![0; 3]), ..good.clone() }, "attentionMask");
        refused(&ModelInputs { entity_attention_mask: Some(vec![1]), ..good.clone() }, "entityAttentionMask");
        refused(&ModelInputs { token_type_ids: Some(vec![0, 2, 0]), ..good.clone() }, "tokenTypeIds");
        refused(&ModelInputs { entity_token_type_ids: Some(vec![0]), ..good.clone() }, "entityTokenTypeIds");
        refused(&ModelInputs { entity_position_ids: vec![vec![1]], ..good.clone() }, "entityPositionIds");
        for position in [-2, 20, i32::MIN, i32::MAX] {
            let wrong = ModelInputs { entity_position_ids: vec![vec![1], vec![position]], ..good.clone() };
            refused(&wrong, "entityPositionIds");
        }
        refused(&ModelInputs { entity_start_positions: vec![0, 3], ..good.clone() }, "entityStartPositions");
        refused(&ModelInputs { entity_end_positions: vec![0], ..good }, "entityEndPositions");
    }

    /// Earlier, a million entities were accepted, and attention over all their pairs began.
    #[test]
    fn the_number_of_entities_and_of_their_positions_is_bounded() {
        assert!(inputs(8_000).checked(&config()).is_ok());
        assert!(inputs(MAX_ENTITIES).checked(&config()).is_ok());
        refused(&inputs(MAX_ENTITIES + 1), "entityIds");
        refused(&inputs(1_000_000), "entityIds");
        let long = ModelInputs { entity_position_ids: vec![vec![-1; MAX_ENTITY_POSITIONS + 1]], ..inputs(1) };
        refused(&long, "entityPositionIds");
    }
}
