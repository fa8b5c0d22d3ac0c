//! `LukeLayer` and `LukeEncoder`: post-LN transformer layers over `[words; entities]`.

use burn::tensor::Tensor;

use super::attention::LukeAttention;
use super::layers::{LayerNorm, Linear, Weights};
use crate::config::LukeConfig;
use crate::error::Result;

/// Attention, then the feed-forward layer.
pub struct LukeLayer {
    attention: LukeAttention,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

impl LukeLayer {
    async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        Ok(Self {
            attention: LukeAttention::load(w.at("attention"), c).await?,
            intermediate: w.at("intermediate.dense").linear(c.hidden_size, c.intermediate_size).await?,
            output: w.at("output.dense").linear(c.intermediate_size, c.hidden_size).await?,
            output_norm: w.at("output.LayerNorm").layer_norm(c.hidden_size, c.layer_norm_eps).await?,
        })
    }

    fn forward(&self, states: Tensor<2>, mask: &Tensor<1>, words: usize) -> Tensor<2> {
        let states = self.attention.forward(states, mask, words);
        let inner = self.intermediate.forward_gelu(states.clone());
        self.output_norm.forward(self.output.forward(inner), states)
    }
}

/// All layers.
pub struct LukeEncoder {
    layer: Vec<LukeLayer>,
}

impl LukeEncoder {
    /// Takes the tensors under `luke.encoder`.
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let mut layer = Vec::with_capacity(c.num_hidden_layers);
        for i in 0..c.num_hidden_layers {
            layer.push(LukeLayer::load(w.at(&format!("layer.{i}")), c).await?);
        }
        Ok(Self { layer })
    }

    /// Runs every layer; `seen` is shown each one's result.
    ///
    /// # Shapes
    /// - states, result: `[words + entities, hidden]`
    /// - mask: `[words + entities]`, added to the scores
    pub fn forward(
        &self,
        mut states: Tensor<2>,
        mask: &Tensor<1>,
        words: usize,
        mut seen: impl FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        for layer in &self.layer {
            states = layer.forward(states, mask, words);
            seen(&states);
        }
        states
    }
}
