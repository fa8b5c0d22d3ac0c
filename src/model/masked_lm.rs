//! `LukeForMaskedLM`'s head: masked words and masked entities. The decoders are the embedding tables; whole, they
//! exceed WebGPU's default binding size, so their rows come in blocks.

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
    /// Only where the checkpoint does not tie it to the word table.
    word_table: Option<RowTable>,
}

impl MaskedLm {
    /// Takes the tensors of the two decoders, `words` and `entities`.
    ///
    /// # Errors
    /// Those of `WeightStore` for tensors that are missing or cannot be read.
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

    /// The table that words are decoded with.
    pub fn word_table<'a>(&'a self, model: &'a LukeModel) -> &'a RowTable {
        self.word_table.as_ref().unwrap_or(model.word_embeddings())
    }
}

/// A transform of hidden states, and the bias of the table they are then compared with.
pub struct Decoder {
    dense: Linear,
    layer_norm: LayerNorm,
    bias: Vec<f32>,
}

impl Decoder {
    /// Dense, exact GELU, LayerNorm.
    ///
    /// # Shapes
    /// - states: `[rows, hidden]`, result: `[rows, width of the table]`
    pub fn transform(&self, states: Tensor<2>) -> Tensor<2> {
        let x = self.dense.forward_gelu(states);
        let nothing = x.zeros_like();
        self.layer_norm.forward(x, nothing)
    }

    /// Logits of the table's rows from `first` on.
    ///
    /// # Shapes
    /// - features: `[rows, width]`, table: `[block, width]`, result: `[rows, block]`
    pub fn logits(&self, features: Tensor<2>, first: usize, table: Vec<f32>, device: &Device) -> Tensor<2> {
        let [_, width] = features.dims();
        let bias = self.bias[first..first + table.len() / width].to_vec();
        let weight = Weight::Float(matrix(table, bias.len(), device));
        Linear { weight, bias: vector(bias, device) }.forward(features)
    }
}
