//! `entity_attention` on the CPU: a head of a sequence is one part. Its keys and values are put into panels once, then blocks of
//! query rows go through scores, softmax and the weighted sum.

use std::ops::Range;

use super::gemm::Panels;
use super::matrix::Matrix;
use super::{math, threads};
use crate::packing::SequenceRows;
use crate::plan::AttentionShape;

/// Rows whose scores are held at once.
const BLOCK: usize = 64;

/// A head of a sequence, computed by one thread.
struct HeadPart<'a> {
    sequence: &'a SequenceRows,
    head: usize,
    /// For each row of the sequence, tokens first, the memory of its `head_dim` numbers.
    out: std::vec::IntoIter<&'a mut [f32]>,
}

/// The op `entity_attention` of `kernels`.
///
/// # Shapes
/// - projected: `[rows, width]`, mask: `[rows]`, result: `[rows, heads * head_dim]`
pub fn entity_attention(projected: &[f32], mask: &[f32], shape: &AttentionShape) -> Vec<f32> {
    let (hidden, dim) = (shape.hidden(), shape.head_dim);
    let width = projected.len() / shape.batch.rows();
    let scale = 1.0 / (dim as f32).sqrt();
    let mut context = vec![0.0; shape.batch.rows() * hidden];
    threads::each(
        work(shape),
        head_parts(&mut context, shape),
        Default::default,
        |(scores, sums): &mut (Vec<_>, Vec<_>), part| {
            let HeadPart { sequence: SequenceRows { tokens, entities }, head, mut out } = part;
            let rows = tokens.len() + entities.len();
            let mask = [&mask[tokens.clone()], &mask[entities.clone()]].concat();
            let kinds = [(tokens, shape.token), (entities, shape.entity)];
            let kinds: Vec<_> = kinds.into_iter().filter(|(rows, _)| !rows.is_empty()).collect();
            let view = |rows: &Range<usize>, column: usize| {
                let first = column + head * dim;
                Matrix::rows(projected, width, rows.clone(), first..first + dim)
            };
            let keys: Vec<_> = kinds.iter().map(|(rows, at)| Panels::new(&[view(rows, at.key).transposed()])).collect();
            let values: Vec<_> = kinds.iter().map(|(rows, at)| view(rows, at.value)).collect();
            let values = Panels::new(&values);
            scores.resize(BLOCK * rows, 0.0);
            sums.resize(BLOCK * dim, 0.0);
            for (kind_rows, at) in &kinds {
                for start in (*kind_rows).clone().step_by(BLOCK) {
                    let block = start..(start + BLOCK).min(kind_rows.end);
                    let scores = &mut scores[..block.len() * rows];
                    let mut first = 0;
                    for (keys, query) in keys.iter().zip([at.token_query, at.entity_query]) {
                        keys.product(view(&block, query), 0..keys.columns(), &mut scores[first..], rows);
                        first += keys.columns();
                    }
                    scores.chunks_exact_mut(rows).for_each(|row| softmax(row, &mask, scale));
                    values.product(Matrix::rows(scores, rows, 0..block.len(), 0..rows), 0..dim, sums, dim);
                    out.by_ref()
                        .zip(sums.chunks_exact(dim))
                        .take(block.len())
                        .for_each(|(to, sums)| to.copy_from_slice(sums));
                }
            }
        },
    );
    context
}

/// Multiply-adds of a call: scores and weighted sums, each `hidden` for a pair of rows.
fn work(shape: &AttentionShape) -> u64 {
    let rows = |sequence: &SequenceRows| sequence.tokens.len() + sequence.entities.len();
    let pairs = shape.batch.sequences().iter().map(|sequence| threads::work([rows(sequence), rows(sequence)]));
    pairs.fold(0, u64::saturating_add).saturating_mul(threads::work([2, shape.hidden()]))
}

/// Cuts a result into a part for each head of each sequence.
///
/// # Shapes
/// - context: `[rows, heads * head_dim]`
fn head_parts<'a>(context: &'a mut [f32], shape: &'a AttentionShape) -> Vec<HeadPart<'a>> {
    let sequences = shape.batch.sequences();
    let mut out: Vec<Vec<_>> = (0..sequences.len() * shape.heads).map(|_| Vec::new()).collect();
    let mut rows = context.chunks_exact_mut(shape.hidden());
    for count in [|sequence: &SequenceRows| sequence.tokens.len(), |sequence: &SequenceRows| sequence.entities.len()] {
        for (sequence, out) in sequences.iter().zip(out.chunks_exact_mut(shape.heads)) {
            for row in rows.by_ref().take(count(sequence)) {
                out.iter_mut().zip(row.chunks_exact_mut(shape.head_dim)).for_each(|(out, row)| out.push(row));
            }
        }
    }
    let part = |(i, out): (usize, Vec<_>)| {
        let (sequence, head) = (&sequences[i / shape.heads], i % shape.heads);
        HeadPart { sequence, head, out: out.into_iter() }
    };
    out.into_iter().enumerate().map(part).collect()
}

/// `softmax(scores * scale + mask)`, in place.
///
/// # Shapes
/// - scores, mask: `[keys]`
fn softmax(scores: &mut [f32], mask: &[f32], scale: f32) {
    scores.iter_mut().zip(mask).for_each(|(s, m)| *s = *s * scale + m);
    let max = math::max(scores);
    scores.iter_mut().for_each(|s| *s = math::exp(*s - max));
    let sum = math::sum(scores, |s| s);
    let inverse = 1.0 / sum;
    scores.iter_mut().for_each(|s| *s *= inverse);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packing::PackedBatch;
    use crate::plan::Columns;

    #[test]
    fn work_does_not_wrap_in_32_bits() {
        let columns = Columns { token_query: 0, entity_query: 0, key: 0, value: 0 };
        let batch = PackedBatch::new(&[(512, 1536)]);
        let shape = AttentionShape { batch, heads: 16, head_dim: 64, token: columns, entity: columns };
        assert_eq!(work(&shape), 2 * 1024 * 2048 * 2048);
        assert_eq!(work(&shape) as u32, 0, "where usize has 32 bits this would count as no work");
    }
}
