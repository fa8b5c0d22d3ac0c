//! What a call of an op computes: sizes and layouts, which the op's public function has checked.

use std::ops::Range;

use crate::packing::PackedBatch;

/// What follows the matrix product of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `x Φ(x)` with the exact error function (Hugging Face's `"gelu"`), not its tanh approximation.
    Gelu,
}

/// Rows of `x` that are multiplied with the same `out_features` rows of a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// Rows of `x`, and of the result.
    pub rows: Range<usize>,
    /// The first of the weight's rows that these rows are multiplied with.
    pub first_feature: usize,
}

/// A checked call of `linear_groups`, which makes it.
#[derive(Clone, Debug)]
pub struct LinearPlan {
    /// Rows of `x`.
    pub rows: usize,
    /// Columns of `x` and of the weight.
    pub in_features: usize,
    /// Columns of the result.
    pub out_features: usize,
    /// Every row once, in order; no group is empty.
    pub groups: Vec<RowGroup>,
    /// What follows the product.
    pub activation: Activation,
}

/// Where a row of `projected` holds each of its vectors: offsets in floats from the row's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The query for token keys (`query` of a token, `e2w_query` of an entity).
    pub token_query: usize,
    /// The query for entity keys (`w2e_query` of a token, `e2e_query` of an entity).
    pub entity_query: usize,
    /// The key.
    pub key: usize,
    /// The value.
    pub value: usize,
}

/// The sizes and the layout of a call of `entity_attention`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// The sequences; at least one.
    pub batch: PackedBatch,
    /// Number of attention heads.
    pub heads: usize,
    /// Floats of a head; `heads * head_dim` is the hidden size.
    pub head_dim: usize,
    /// Layout of a token row.
    pub token: Columns,
    /// Layout of an entity row.
    pub entity: Columns,
}

impl AttentionShape {
    /// `heads * head_dim`.
    pub fn hidden(&self) -> usize {
        self.heads * self.head_dim
    }

    /// FLOP of a row of the longest sequence.
    pub fn max_row_flop(&self) -> f64 {
        let keys = self.batch.sequences().iter().map(|sequence| sequence.tokens.len() + sequence.entities.len()).max();
        4.0 * (keys.unwrap_or(0) * self.hidden()) as f64
    }
}
