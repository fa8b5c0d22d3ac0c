//! The arrays that the model reads, named as in Hugging Face's `LukeModel.forward`, and what they must satisfy.

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

impl ModelInputs {
    /// Words and entities.
    pub fn rows(&self) -> usize {
        self.input_ids.len() + self.entity_ids.len()
    }

    /// That every array fits the others and the checkpoint's tables, so that nothing later can fail on them.
    pub fn check(&self, config: &LukeConfig) -> Result<()> {
        let (words, entities) = (self.input_ids.len(), self.entity_ids.len());
        if words == 0 {
            return Err(LukeError::input("inputIds", "is empty"));
        }
        if words > config.max_seq_tokens() {
            let most = config.max_seq_tokens();
            return Err(LukeError::input("inputIds", format!("has {words} tokens, the model takes at most {most}")));
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
        for position in self.entity_position_ids.iter().flatten() {
            if *position < -1 || *position >= config.max_position_embeddings as i32 {
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
        Ok(())
    }
}

fn same_length<T>(name: &str, values: Option<&[T]>, want: usize) -> Result<()> {
    match values {
        Some(values) if values.len() != want => {
            Err(LukeError::input(name, format!("has {} entries, {want} expected", values.len())))
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
