//! `LukeSelfAttention` and `LukeSelfOutput`: entity-aware self-attention (Yamada et al. 2020, section 3.2).

use burn::tensor::Tensor;

use super::layers::{LayerNorm, Linear, Weights};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::kernels::{Activation, AttentionShape, Columns, PackedBatch, RowGroup, entity_attention, linear_groups};

/// The attention of one layer. All its projections are in one stacked weight.
pub struct LukeAttention {
    /// Blocks of `hidden` rows: `[w2e_query, query, key, value, e2w_query, e2e_query]` if the attention is
    /// entity-aware, else `[query, key, value]`. A word row needs the first four blocks, an entity row the last four.
    /// In a batch without entities, a word row needs blocks 1 to 3. These blocks are neighbours each time, so no weight
    /// is stored twice.
    projections: Linear,
    entity_aware: bool,
    output: Linear,
    output_norm: LayerNorm,
    hidden: usize,
    heads: usize,
}

impl LukeAttention {
    /// Takes the tensors under `encoder.layer.{i}.attention`.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as
    /// [`WeightStore::take`](crate::weights::WeightStore::take).
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let h = c.hidden_size;
        // In alphabetical order, each with the number of its block.
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

    /// Attends from every row to the rows of its sequence, then the output layer and LayerNorm. Calls `input` with the
    /// name and the input of each linear layer: `attention.self`, then `attention.output.dense`.
    ///
    /// # Shapes
    /// - states, result, and the tensors that `input` gets: `[rows, hidden]`; `packing` says which sequence a row is of
    /// - mask: `[rows]`, added to the scores of that key
    ///
    /// # Panics
    /// If the shapes do not fit `packing`.
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
