//! The checkpoint's `config.json` (Hugging Face `LukeConfig`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{LukeError, Result};

/// Sizes and switches of a checkpoint, named as in `LukeConfig`. Nothing has a default here that the
/// checkpoint could mean otherwise: a field that is missing is an error that names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LukeConfig {
    /// The class the checkpoint was saved from, such as `LukeForEntitySpanClassification`.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// `"luke"` or `"mluke"`.
    pub model_type: String,
    /// Rows of the word table.
    pub vocab_size: usize,
    /// Rows of the entity table.
    pub entity_vocab_size: usize,
    /// Width of every hidden state.
    pub hidden_size: usize,
    /// Width of the entity table; a dense layer leads to `hidden_size` where they differ.
    pub entity_emb_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Only `"gelu"` (the exact one) exists among LUKE checkpoints.
    pub hidden_act: String,
    /// Rows of the position tables.
    pub max_position_embeddings: usize,
    /// Rows of the token type tables.
    pub type_vocab_size: usize,
    /// Added to the variance in every LayerNorm.
    pub layer_norm_eps: f32,
    /// Word positions start at `pad_token_id + 1`.
    pub pad_token_id: usize,
    /// Four queries (true) or one (false).
    #[serde(default = "yes")]
    pub use_entity_aware_attention: bool,
    /// Label names by id, as strings.
    #[serde(default)]
    pub id2label: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl LukeConfig {
    /// Reads and checks the object.
    pub fn from_value(value: &Value) -> Result<Self> {
        let bad = |reason: String| LukeError::format("config.json", reason);
        let config: Self = serde_json::from_value(value.clone()).map_err(|error| bad(error.to_string()))?;
        if !["luke", "mluke"].contains(&config.model_type.as_str()) {
            return Err(bad(format!("model_type is '{}', not 'luke' or 'mluke'", config.model_type)));
        }
        if config.hidden_act != "gelu" {
            return Err(bad(format!("hidden_act '{}' is not supported, only 'gelu'", config.hidden_act)));
        }
        let sizes = [
            ("vocab_size", config.vocab_size),
            ("entity_vocab_size", config.entity_vocab_size),
            ("hidden_size", config.hidden_size),
            ("entity_emb_size", config.entity_emb_size),
            ("num_hidden_layers", config.num_hidden_layers),
            ("num_attention_heads", config.num_attention_heads),
            ("intermediate_size", config.intermediate_size),
            ("max_position_embeddings", config.max_position_embeddings),
            ("type_vocab_size", config.type_vocab_size),
        ];
        for (name, size) in sizes {
            let most = if name == "num_hidden_layers" { 1000 } else { 1 << 24 };
            if size == 0 || size > most {
                return Err(bad(format!("{name} is {size}")));
            }
        }
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(bad("hidden_size is not divisible by num_attention_heads".into()));
        }
        if config.max_seq_tokens() < 4 {
            return Err(bad("max_position_embeddings leaves hardly a position after pad_token_id".into()));
        }
        Ok(config)
    }

    /// Floats a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Most word tokens of one input, special ones included.
    pub fn max_seq_tokens(&self) -> usize {
        self.max_position_embeddings.saturating_sub(self.pad_token_id.saturating_add(1))
    }

    /// Label names in id order.
    pub fn labels(&self) -> Result<Vec<String>> {
        let bad = |reason: String| LukeError::format("config.json", reason);
        (0..self.id2label.len())
            .map(|id| match self.id2label.get(&id.to_string()) {
                Some(Value::String(label)) => Ok(label.clone()),
                _ => Err(bad(format!("id2label has no name for {id}"))),
            })
            .collect()
    }
}
