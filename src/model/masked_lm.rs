//! The head of `LukeForMaskedLM`: masked words and masked entities. Its decoders are the embedding tables. A whole
//! table exceeds WebGPU's default binding size, so its rows go to the device in blocks.

use burn::tensor::{Device, Tensor};

use super::LukeModel;
use super::layers::{LayerNorm, Linear, Weights, matrix, vector};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::kernels::Weight;
use crate::weights::RowTable;

/// `lm_head` and `entity_predictions`.
pub struct MaskedLm {
    /// Masked words.
    pub words: Decoder,
    /// Masked entities.
    pub entities: Decoder,
    /// The decoder of words. `None` if it is the word table, as in most checkpoints.
    word_table: Option<RowTable>,
}

impl MaskedLm {
    /// Takes the tensors of the two decoders, whose names are `words` and `entities`.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as
    /// [`WeightStore::take`](crate::weights::WeightStore::take).
    pub async fn load(w: &mut Weights<'_, '_>, words: &str, entities: &str, c: &LukeConfig) -> Result<Self> {
        let (h, e, epsilon) = (c.hidden_size, c.entity_emb_size, c.layer_norm_eps);
        let decoder = format!("{words}.decoder.weight");
        Ok(Self {
            words: Decoder {
                dense: w.at(&format!("{words}.dense")).linear(h, h).await?,
                layer_norm: w.at(&format!("{words}.layer_norm")).layer_norm(h, epsilon).await?,
                bias: w.values(&format!("{words}.bias"), &[c.vocab_size]).await?,
            },
            entities: Decoder {
                dense: w.at(&format!("{entities}.transform.dense")).linear(h, e).await?,
                layer_norm: w.at(&format!("{entities}.transform.LayerNorm")).layer_norm(e, epsilon).await?,
                bias: w.values(&format!("{entities}.bias"), &[c.entity_vocab_size]).await?,
            },
            word_table: if w.has(&decoder) { Some(w.table(&decoder, [c.vocab_size, h]).await?) } else { None },
        })
    }

    /// The table that words are decoded with, `[vocab_size, hidden]`: the checkpoint's own decoder, or else the word table of `model`, to which
    /// this head belongs.
    pub fn word_table<'a>(&'a self, model: &'a LukeModel) -> &'a RowTable {
        self.word_table.as_ref().unwrap_or(model.word_embeddings())
    }
}

/// A transform of hidden states, and the bias of the table whose rows they are multiplied with.
pub struct Decoder {
    dense: Linear,
    layer_norm: LayerNorm,
    bias: Vec<f32>,
}

impl Decoder {
    /// Dense layer, exact GELU, LayerNorm.
    ///
    /// # Shapes
    /// - states: `[rows, hidden]`
    /// - result: `[rows, width]`; `width` is `hidden` for words and `entity_emb` for entities
    pub fn transform(&self, states: Tensor<2>) -> Tensor<2> {
        self.layer_norm.normalize(self.dense.forward_gelu(states))
    }

    /// Computes the logits for a block of rows of the table, which begins at row `first`.
    ///
    /// # Shapes
    /// - features: `[rows, width]`, from [`transform`](Self::transform)
    /// - table: `[block, width]`, result: `[rows, block]`
    ///
    /// # Panics
    /// If the block is empty or goes beyond the table.
    pub fn logits(&self, features: Tensor<2>, first: usize, table: Vec<f32>, device: &Device) -> Tensor<2> {
        let [_, width] = features.dims();
        let bias = self.bias[first..first + table.len() / width].to_vec();
        let weight = Weight::Float(matrix(table, bias.len(), device));
        Linear { weight, bias: vector(bias, device) }.forward(features)
    }
}
