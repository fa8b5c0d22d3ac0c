//! `LukeLayer` and `LukeEncoder`: transformer layers over the rows `[words; entities]`. LayerNorm comes after each
//! residual sum (post-LN).

use burn::tensor::Tensor;

use super::attention::LukeAttention;
use super::layers::{LayerNorm, Linear, Weights};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::kernels::PackedBatch;

/// What tensor a forward pass shows to an observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The input of linear layers under `encoder.layer.{0}`: `attention.self` (the input of all queries, keys and
    /// values), `attention.output.dense`, `intermediate.dense` or `output.dense`.
    Input(usize, &'static str),
    /// The result of the embeddings, or of a layer.
    Result,
}

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
            output_norm: w.at("output.LayerNorm").layer_norm(c.hidden_size, c.layer_norm_eps).await?,
            output: w.at("output.dense").linear(c.intermediate_size, c.hidden_size).await?,
        })
    }

    fn forward(
        &self,
        states: Tensor<2>,
        mask: &Tensor<1>,
        packing: &PackedBatch,
        mut input: impl FnMut(&'static str, &Tensor<2>),
    ) -> Tensor<2> {
        let states = self.attention.forward(states, mask, packing, &mut input);
        input("intermediate.dense", &states);
        let inner = self.intermediate.forward_gelu(states.clone());
        input("output.dense", &inner);
        self.output_norm.forward(self.output.forward(inner), states)
    }
}

/// All layers, one after the other.
pub struct LukeEncoder {
    layer: Vec<LukeLayer>,
}

impl LukeEncoder {
    /// Takes the tensors under `luke.encoder`.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as
    /// [`WeightStore::take`](crate::weights::WeightStore::take).
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let mut layer = Vec::with_capacity(c.num_hidden_layers);
        for i in 0..c.num_hidden_layers {
            layer.push(LukeLayer::load(w.at(&format!("layer.{i}")), c).await?);
            // The layer goes to the GPU now. Otherwise all layers would wait in main memory for the end of the load.
            w.flush()?;
        }
        Ok(Self { layer })
    }

    /// Runs every layer, and calls `seen` with each [`Step`] and its tensor. Waits for `ready` after each layer but the last.
    ///
    /// # Shapes
    /// - states, result: `[rows, hidden]`; `packing` says which sequence a row is of
    /// - mask: `[rows]`, added to the scores of that key
    /// - tensor of [`Step::Result`]: `[rows, hidden]`
    /// - tensor of [`Step::Input`]: `[rows, hidden]`, but `[rows, intermediate]` for `output.dense`
    ///
    /// # Errors
    /// Those of `ready`.
    ///
    /// # Panics
    /// If the shapes do not fit `packing`.
    pub async fn forward(
        &self,
        mut states: Tensor<2>,
        mask: &Tensor<1>,
        packing: &PackedBatch,
        mut seen: impl FnMut(Step, &Tensor<2>),
        ready: impl AsyncFn() -> Result<()>,
    ) -> Result<Tensor<2>> {
        for (i, layer) in self.layer.iter().enumerate() {
            if i > 0 {
                ready().await?;
            }
            states = layer.forward(states, mask, packing, |name, input| seen(Step::Input(i, name), input));
            seen(Step::Result, &states);
        }
        Ok(states)
    }
}
