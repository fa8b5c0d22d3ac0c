//! The checkpoint's `config.json` (Hugging Face `LukeConfig`).
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

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{LukeError, Result, json_reason, shortened};

/// Sizes and switches of a checkpoint, named as in `LukeConfig`. Nothing has a default here that the
/// checkpoint could mean otherwise: a field that is missing is an error that names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LukeConfig {
    /// The class the checkpoint was saved from, such as `LukeForEntitySpanClassification`.
    #[serde(default, deserialize_with = "null_is_default")]
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
    /// What the token types of words say. `None`: nothing, they are all 0, as in LUKE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_types: Option<TokenTypes>,
    /// Four queries (true) or one (false).
    #[serde(default = "yes")]
    pub use_entity_aware_attention: bool,
    /// Label names by id, as strings.
    #[serde(default, deserialize_with = "null_is_default")]
    pub id2label: Map<String, Value>,
}

/// What the token types of words say. The field is luke-web's own; `transformers` keeps it, and gets the types with each input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenTypes {
    /// How the text of a token is written: without a capital letter (0), with one (1), in capitals (2).
    Case,
}

impl TokenTypes {
    /// The rows that the token type table must have.
    pub fn count(self) -> usize {
        match self {
            Self::Case => 3,
        }
    }
}

fn yes() -> bool {
    true
}

/// Reads a field that may be `null` where its default is meant, as `transformers` writes it.
pub(crate) fn null_is_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// Rows of the largest word table. XLM-R, whose table is the largest of a LUKE checkpoint, has 250,002.
pub const MAX_VOCAB_SIZE: usize = 1 << 22;
/// Rows of the largest entity table. mLUKE has 1.2 million.
pub const MAX_ENTITY_VOCAB_SIZE: usize = 1 << 24;
/// The widest hidden state and the widest row of an entity table, and the largest number of attention heads. LUKE large has 1,024.
pub const MAX_HIDDEN_SIZE: usize = 1 << 14;
/// The widest feed-forward layer. With [`MAX_HIDDEN_SIZE`] it bounds every weight matrix to 2^30 numbers, the stacked
/// attention weight (6 x hidden x hidden) to 1.6 x 10^9.
pub const MAX_INTERMEDIATE_SIZE: usize = 1 << 16;
/// The deepest encoder. LUKE large has 24 layers.
pub const MAX_HIDDEN_LAYERS: usize = 256;
/// The longest position table. Checkpoints have 512 to 514 rows.
pub const MAX_POSITION_EMBEDDINGS: usize = 1 << 16;
/// The longest token type table. Checkpoints have 1 or 2 rows.
pub const MAX_TYPE_VOCAB_SIZE: usize = 1 << 10;
/// Labels of one head.
pub const MAX_LABELS: usize = 1 << 16;
/// Bytes of one label.
pub const MAX_LABEL_BYTES: usize = 1 << 10;
/// The shortest input that a model must be able to read: two special tokens and two others.
const MIN_SEQ_TOKENS: usize = 4;

impl LukeConfig {
    /// FLOP of a row in a forward pass, about: the linear layers, and attention to a full sequence.
    pub fn flop_per_row(&self) -> f64 {
        let [hidden, inner, keys] =
            [self.hidden_size, self.intermediate_size, self.max_position_embeddings].map(|size| size as f64);
        self.num_hidden_layers as f64 * hidden * (2.0 * (5.0 * hidden + 2.0 * inner) + 4.0 * keys)
    }

    /// Reads and checks the JSON object of a `config.json`. Unknown fields are ignored.
    ///
    /// # Errors
    /// `format` if a field is missing, has another type or is out of its bounds; the message names the field.
    pub fn from_value(value: &Value) -> Result<Self> {
        if !value.is_object() {
            return Err(bad("is not a JSON object".into()));
        }
        let config: Self = serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string() {
            // A field that is missing is named by the error itself.
            whole if whole == "." => bad(json_reason(error.inner())),
            field => bad(format!("{field}: {}", json_reason(error.inner()))),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        if !["luke", "mluke"].contains(&self.model_type.as_str()) {
            return Err(bad(format!("model_type is '{}', not 'luke' or 'mluke'", shortened(&self.model_type))));
        }
        if self.hidden_act != "gelu" {
            let reason = format!("hidden_act '{}' is not supported, only 'gelu'", shortened(&self.hidden_act));
            return Err(bad(reason));
        }
        let sizes = [
            ("vocab_size", self.vocab_size, MAX_VOCAB_SIZE),
            ("entity_vocab_size", self.entity_vocab_size, MAX_ENTITY_VOCAB_SIZE),
            ("hidden_size", self.hidden_size, MAX_HIDDEN_SIZE),
            ("entity_emb_size", self.entity_emb_size, MAX_HIDDEN_SIZE),
            ("num_hidden_layers", self.num_hidden_layers, MAX_HIDDEN_LAYERS),
            ("num_attention_heads", self.num_attention_heads, MAX_HIDDEN_SIZE),
            ("intermediate_size", self.intermediate_size, MAX_INTERMEDIATE_SIZE),
            ("max_position_embeddings", self.max_position_embeddings, MAX_POSITION_EMBEDDINGS),
            ("type_vocab_size", self.type_vocab_size, MAX_TYPE_VOCAB_SIZE),
        ];
        for (name, size, max) in sizes {
            if size == 0 || size > max {
                return Err(bad(format!("{name} is {size}, not 1 to {max}")));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(bad("hidden_size is not divisible by num_attention_heads".into()));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return Err(bad(format!("layer_norm_eps is {:e}, not between 0 and 1", self.layer_norm_eps)));
        }
        if self.pad_token_id >= self.vocab_size {
            return Err(bad(format!("pad_token_id {} is not below vocab_size {}", self.pad_token_id, self.vocab_size)));
        }
        if self.max_seq_tokens() < MIN_SEQ_TOKENS {
            return Err(bad("max_position_embeddings leaves hardly a position after pad_token_id".into()));
        }
        if let Some(types) = self.token_types
            && self.type_vocab_size < types.count()
        {
            let (size, count) = (self.type_vocab_size, types.count());
            return Err(bad(format!("type_vocab_size is {size}, token_types needs {count} rows")));
        }
        if self.id2label.len() > MAX_LABELS {
            return Err(bad(format!("id2label has {} labels, more than {MAX_LABELS}", self.id2label.len())));
        }
        Ok(())
    }

    /// Floats of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size.checked_div(self.num_attention_heads).unwrap_or(0)
    }

    /// The most word tokens of one input, special ones included.
    pub fn max_seq_tokens(&self) -> usize {
        self.max_position_embeddings.saturating_sub(self.pad_token_id.saturating_add(1))
    }

    /// Label names in id order.
    ///
    /// # Errors
    /// `format` when `id2label` has no string for one of the ids from 0 on, or one of more than [`MAX_LABEL_BYTES`].
    pub fn labels(&self) -> Result<Vec<String>> {
        (0..self.id2label.len())
            .map(|id| match self.id2label.get(&id.to_string()) {
                Some(Value::String(label)) if label.len() <= MAX_LABEL_BYTES => Ok(label.clone()),
                Some(Value::String(_)) => {
                    Err(bad(format!("the label of {id} in id2label is longer than {MAX_LABEL_BYTES} bytes")))
                }
                _ => Err(bad(format!("id2label has no name for {id}"))),
            })
            .collect()
    }
}

fn bad(reason: String) -> LukeError {
    LukeError::format("config.json", reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Value {
        json!({
            "model_type": "luke", "vocab_size": 40, "entity_vocab_size": 8, "hidden_size": 8, "entity_emb_size": 4,
            "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
            "max_position_embeddings": 20, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1,
        })
    }

    #[test]
    fn numbers_out_of_bounds_are_refused_by_name() {
        assert_eq!(LukeConfig::from_value(&config()).unwrap().max_seq_tokens(), 18);
        let cases = [
            ("vocab_size", json!(0)),
            ("vocab_size", json!(MAX_VOCAB_SIZE + 1)),
            ("vocab_size", json!(-1)),
            ("vocab_size", json!(1e30)),
            ("entity_vocab_size", json!(MAX_ENTITY_VOCAB_SIZE + 1)),
            ("hidden_size", json!(MAX_HIDDEN_SIZE + 2)),
            ("hidden_size", json!(u64::MAX)),
            ("entity_emb_size", json!(MAX_HIDDEN_SIZE + 1)),
            ("num_hidden_layers", json!(MAX_HIDDEN_LAYERS + 1)),
            ("num_attention_heads", json!(3)),
            ("num_attention_heads", json!(0)),
            ("intermediate_size", json!(MAX_INTERMEDIATE_SIZE + 1)),
            ("max_position_embeddings", json!(MAX_POSITION_EMBEDDINGS + 1)),
            ("max_position_embeddings", json!(5)),
            ("type_vocab_size", json!(MAX_TYPE_VOCAB_SIZE + 1)),
            // Earlier, a negative epsilon gave NaN in every layer, and a call failed with `device-lost`.
            ("layer_norm_eps", json!(-1e30)),
            ("layer_norm_eps", json!(0)),
            ("layer_norm_eps", json!(1)),
            ("layer_norm_eps", json!(1e300)),
            ("layer_norm_eps", json!(1e-300)),
            ("pad_token_id", json!(40)),
            ("pad_token_id", json!(u64::MAX)),
            ("hidden_act", json!("relu")),
            ("model_type", json!("bert")),
        ];
        for (name, value) in cases {
            let mut wrong = config();
            wrong[name] = value.clone();
            let error = LukeConfig::from_value(&wrong).unwrap_err();
            assert_eq!(error.code(), "format", "{name} = {value}");
            assert!(error.to_string().contains(name), "{name} = {value}: {error}");
        }
    }

    #[test]
    fn null_is_a_default_where_transformers_has_one_and_else_named() {
        let with = |name: &str, value: Value| {
            let mut config = config();
            config[name] = value;
            LukeConfig::from_value(&config)
        };
        let plain = LukeConfig::from_value(&config()).unwrap();
        // The last of these are not read at all.
        for name in ["architectures", "id2label", "label2id", "torch_dtype", "classifier_dropout", "bos_token_id"] {
            assert_eq!(with(name, Value::Null).unwrap(), plain, "{name}");
        }
        for value in [json!(7), json!("x"), json!([null])] {
            assert_eq!(with("task_specific_params", value).unwrap(), plain);
        }
        let config = config();
        for name in config.as_object().unwrap().keys().map(String::as_str).chain(["use_entity_aware_attention"]) {
            for value in [Value::Null, json!({}), json!([1])] {
                let error = with(name, value).unwrap_err().to_string();
                assert!(error.starts_with(&format!("config.json: {name}: must be ")), "{error}");
            }
        }
        for (name, value) in
            [("architectures", json!("LukeModel")), ("architectures", json!([1])), ("id2label", json!([]))]
        {
            let error = with(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("config.json: {name}")), "{error}");
        }
        let mut without = config.clone();
        without.as_object_mut().unwrap().remove("hidden_size");
        assert!(LukeConfig::from_value(&without).unwrap_err().to_string().contains("hidden_size"));
    }

    #[test]
    fn token_types_are_none_or_known_and_have_their_rows() {
        let with = |types: Value, rows: usize| {
            let mut config = config();
            config["token_types"] = types;
            config["type_vocab_size"] = json!(rows);
            LukeConfig::from_value(&config)
        };
        assert_eq!(with(json!("case"), 3).unwrap().token_types, Some(TokenTypes::Case));
        assert_eq!(with(Value::Null, 1).unwrap().token_types, None);
        assert_eq!(LukeConfig::from_value(&config()).unwrap().token_types, None);
        for (types, rows, named) in [
            (json!("case"), 2, "type_vocab_size is 2, token_types needs 3 rows"),
            (json!("Case"), 3, "token_types: must be 'case', not 'Case'"),
            (json!("colour"), 3, "token_types: must be 'case', not 'colour'"),
            (json!(["case"]), 3, "token_types: "),
            (json!({ "case": 1 }), 3, "token_types"),
            (json!(1), 3, "token_types: "),
        ] {
            let error = with(types.clone(), rows).unwrap_err();
            assert_eq!(error.code(), "format", "{types}");
            assert!(error.to_string().starts_with("config.json: ") && error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn labels_are_strings_of_bounded_length_and_number() {
        let with = |labels: Value| {
            let mut config = config();
            config["id2label"] = labels;
            LukeConfig::from_value(&config)
        };
        assert_eq!(with(json!({ "0": "a", "1": "b" })).unwrap().labels().unwrap(), ["a", "b"]);
        for wrong in [json!({ "1": "a" }), json!({ "0": 3 }), json!({ "0": "x".repeat(MAX_LABEL_BYTES + 1) })] {
            assert_eq!(with(wrong).unwrap().labels().unwrap_err().code(), "format");
        }
        let many: Map<String, Value> = (0..=MAX_LABELS).map(|id| (id.to_string(), json!("x"))).collect();
        assert!(with(Value::Object(many)).unwrap_err().to_string().contains("id2label"));
    }
}
