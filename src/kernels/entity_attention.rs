//! LUKE's entity-aware self-attention (Yamada et al. 2020, section 3.2).
//!
//! Tokens and entities are one sequence `[tokens; entities]` with shared keys and values. Every row has two queries:
//! one for token keys, one for entity keys. One softmax runs over both kinds of keys.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::ops::LukeOps;
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
use luke_compute::packing::SequenceRows;
use luke_compute::plan::AttentionShape;

/// The mask of padding: low enough that nothing of a key is left, and far from what overflows in a product with log2 e, which some
/// GPUs assume not to happen. The shaders have the same number as the lowest one.
pub const MASKED: f32 = -1e30;

/// Attends from every row to every row of its sequence. A score is `query * key / sqrt(head_dim) + mask of the key`.
///
/// # Shapes
/// - projected: `[rows, width]`; `shape` says at which columns queries, keys and values are
/// - mask: `[rows]`, added to the scores of that key: 0, or [`MASKED`] for padding
/// - result: `[rows, heads * head_dim]`
///
/// # Panics
/// If the shapes do not fit `shape`.
pub fn entity_attention(projected: Tensor<2>, mask: &Tensor<1>, shape: AttentionShape) -> Tensor<2> {
    let [rows, width] = projected.dims();
    assert_eq!(rows, shape.batch.rows(), "entity_attention: rows");
    assert_eq!(mask.dims(), [rows], "entity_attention: mask");
    for c in [shape.token, shape.entity] {
        let last = c.token_query.max(c.entity_query).max(c.key).max(c.value);
        assert!(last + shape.hidden() <= width, "entity_attention: columns beyond the row");
    }
    Tensor::from_dispatch(<Dispatch as LukeOps>::entity_attention(
        projected.into_dispatch(),
        mask.clone().into_dispatch(),
        shape,
    ))
}

/// The op in `f64`: all scores of a row, maximum subtracted, then the weighted sum.
///
/// # Shapes
/// - as [`entity_attention`]
#[cfg(any(test, feature = "webgpu", feature = "kernel-tests"))]
pub(super) fn reference(projected: &[f32], mask: &[f32], shape: &AttentionShape) -> Vec<f64> {
    let (hidden, dim) = (shape.hidden(), shape.head_dim);
    let width = projected.len() / shape.batch.rows();
    let at = |row: usize, column: usize| f64::from(projected[row * width + column]);
    let columns = |row: usize| if row < shape.batch.tokens() { shape.token } else { shape.entity };
    let mut context = vec![0.0; shape.batch.rows() * hidden];
    for SequenceRows { tokens, entities } in shape.batch.sequences() {
        let rows = || tokens.clone().chain(entities.clone());
        for head in 0..shape.heads {
            for row in rows() {
                let from = columns(row);
                let score = |key: usize| {
                    let query = if tokens.contains(&key) { from.token_query } else { from.entity_query };
                    let dot: f64 = (head * dim..(head + 1) * dim)
                        .map(|i| at(row, query + i) * at(key, columns(key).key + i))
                        .sum();
                    dot / (dim as f64).sqrt() + f64::from(mask[key])
                };
                let scores: Vec<f64> = rows().map(score).collect();
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|s| (s - max).exp()).sum();
                for i in head * dim..(head + 1) * dim {
                    let weighted =
                        |(key, score): (usize, &f64)| (score - max).exp() / sum * at(key, columns(key).value + i);
                    context[row * hidden + i] = rows().zip(&scores).map(weighted).sum();
                }
            }
        }
    }
    context
}
