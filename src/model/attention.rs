//! `LukeSelfAttention` and `LukeSelfOutput`.

use burn::tensor::Tensor;

use super::layers::{LayerNorm, Linear, Weights};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::kernels::{Activation, AttentionShape, Columns, PackedBatch, RowGroup, entity_attention, linear_groups};

/// One layer's attention: all its projections in one stacked weight.
pub struct LukeAttention {
    /// `[w2e_query, query, key, value, e2w_query, e2e_query]` where entity-aware, else `[query, key, value]`;
    /// each of hidden size. A word row needs the first four blocks, an entity row the last four, and with no
    /// entities at all a word row needs blocks 1 to 3: always one run, so no weight is stored twice.
    projections: Linear,
    entity_aware: bool,
    output: Linear,
    output_norm: LayerNorm,
    hidden: usize,
    heads: usize,
}

impl LukeAttention {
    /// Takes the tensors under `encoder.layer.{i}.attention`.
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let h = c.hidden_size;
        // By the alphabet, each with its place among the blocks.
        let blocks: &[(&str, usize)] = match c.use_entity_aware_attention {
            true => &[("e2e_query", 5), ("e2w_query", 4), ("key", 2), ("query", 1), ("value", 3), ("w2e_query", 0)],
            false => &[("key", 1), ("query", 0), ("value", 2)],
        };
        let output_norm = w.at("output.LayerNorm").layer_norm(h, c.layer_norm_eps).await?;
        let output = w.at("output.dense").linear(h, h).await?;
        let (mut weight, mut bias) = (w.weight([blocks.len() * h, h]), vec![0.0; blocks.len() * h]);
        for (name, block) in blocks {
            let mut own = w.at("self");
            let mut own = own.at(name);
            bias[block * h..(block + 1) * h].copy_from_slice(&own.values("bias", &[h]).await?);
            own.put_into(&mut weight, block * h, "weight", [h, h]).await?;
        }
        let (projections, entity_aware) = (w.linear_of(weight, bias)?, c.use_entity_aware_attention);
        Ok(Self { projections, entity_aware, output, output_norm, hidden: h, heads: c.num_attention_heads })
    }

    /// # Shapes
    /// - states, result: `[rows, hidden]`, those of `packing`
    /// - mask: `[rows]`, added to the scores
    ///
    /// `input` is shown what goes into the linear layers.
    pub fn forward(
        &self,
        states: Tensor<2>,
        mask: &Tensor<1>,
        packing: &PackedBatch,
        input: &mut impl FnMut(&'static str, &Tensor<2>),
    ) -> Tensor<2> {
        let (h, rows, words) = (self.hidden, packing.rows(), packing.tokens());
        let run = |rows, first_block: usize| RowGroup { rows, first_feature: first_block * h };
        let plain = Columns { token_query: 0, entity_query: 0, key: h, value: 2 * h };
        let (groups, blocks, word, entity) = if !self.entity_aware {
            (vec![run(0..rows, 0)], 3, plain, plain)
        } else if rows == words {
            (vec![run(0..rows, 1)], 3, plain, plain)
        } else {
            let word = Columns { entity_query: 0, token_query: h, key: 2 * h, value: 3 * h };
            let entity = Columns { key: 0, value: h, token_query: 2 * h, entity_query: 3 * h };
            (vec![run(0..words, 0), run(words..rows, 2)], 4, word, entity)
        };
        input("attention.self", &states);
        let Linear { weight, bias } = &self.projections;
        let projected = linear_groups(states.clone(), weight, bias, blocks * h, groups, Activation::None);
        let (batch, heads) = (packing.clone(), self.heads);
        let shape = AttentionShape { batch, heads, head_dim: h / heads, token: word, entity };
        let context = entity_attention(projected, mask, shape);
        input("attention.output.dense", &context);
        self.output_norm.forward(self.output.forward(context), states)
    }
}
