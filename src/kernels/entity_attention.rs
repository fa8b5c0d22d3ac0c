//! LUKE's entity-aware self-attention (Yamada et al. 2020, section 3.2) in one streaming pass.
//!
//! Words and entities are one sequence `[words; entities]` with shared keys and values. Every row has two
//! queries: one for word keys, one for entity keys. One softmax runs over both kinds of keys.

use std::ops::Range;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::LukeOps;

/// The rows of one sequence in a packed batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its words; at least one.
    pub words: Range<usize>,
    /// Its entities; maybe none.
    pub entities: Range<usize>,
}

/// Which rows belong together: the words of all sequences stand first, then the entities of all, each in the order of the
/// sequences. Sequences may be of any lengths; there is no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    sequences: Vec<Sequence>,
}

impl Packing {
    /// From each sequence's number of words and of entities.
    pub fn new(sizes: &[(usize, usize)]) -> Self {
        let (mut word, mut entity) = (0, sizes.iter().map(|(words, _)| words).sum());
        let mut next = |&(words, entities): &(usize, usize)| {
            let sequence = Sequence { words: word..word + words, entities: entity..entity + entities };
            (word, entity) = (sequence.words.end, sequence.entities.end);
            sequence
        };
        Self { sequences: sizes.iter().map(&mut next).collect() }
    }

    /// In order.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Word rows of all.
    pub fn words(&self) -> usize {
        self.sequences.last().map_or(0, |last| last.words.end)
    }

    /// Rows of all.
    pub fn rows(&self) -> usize {
        self.sequences.last().map_or(0, |last| last.entities.end)
    }
}

/// Where a row of `projected` holds each of its vectors, in floats from the row's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The query used against word keys (`query` of a word, `e2w_query` of an entity).
    pub to_words: usize,
    /// The query used against entity keys (`w2e_query` of a word, `e2e_query` of an entity).
    pub to_entities: usize,
    /// The key.
    pub key: usize,
    /// The value.
    pub value: usize,
}

/// Sizes of one attention call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// The sequences; at least one.
    pub packing: Packing,
    /// Attention heads.
    pub heads: usize,
    /// Floats a head; `heads * head_dim` is the hidden size.
    pub head_dim: usize,
    /// Layout of a word row.
    pub word: Columns,
    /// Layout of an entity row.
    pub entity: Columns,
}

impl AttentionShape {
    fn rows(&self) -> usize {
        self.packing.rows()
    }

    pub(super) fn hidden(&self) -> usize {
        self.heads * self.head_dim
    }

    #[cfg(any(test, feature = "kernel-tests"))]
    fn columns(&self, row: usize) -> Columns {
        if row < self.packing.words() { self.word } else { self.entity }
    }
}

/// Attends from every row to every row of its sequence.
///
/// # Shapes
/// - projected: `[rows, width]`, laid out as `shape` says
/// - mask: `[rows]`, added to the scores of that key (0, or a very negative number for padding)
/// - result: `[rows, heads * head_dim]`
///
/// # Panics
/// If the shapes disagree.
pub fn entity_attention(projected: Tensor<2>, mask: &Tensor<1>, shape: AttentionShape) -> Tensor<2> {
    let [rows, width] = projected.dims();
    assert_eq!(rows, shape.rows(), "entity_attention: rows");
    assert_eq!(mask.dims(), [rows], "entity_attention: mask");
    for c in [shape.word, shape.entity] {
        let last = c.to_words.max(c.to_entities).max(c.key).max(c.value);
        assert!(last + shape.hidden() <= width, "entity_attention: columns beyond the row");
    }
    Tensor::from_dispatch(<Dispatch as LukeOps>::entity_attention(
        projected.into_dispatch(),
        mask.clone().into_dispatch(),
        shape,
    ))
}

#[cfg(feature = "cpu")]
pub(super) fn cpu(projected: &[f32], mask: &[f32], shape: &AttentionShape) -> Vec<f32> {
    use super::product::{Matrix, Panels};

    /// Rows whose scores are held at once.
    const BLOCK: usize = 64;
    let (hidden, dim) = (shape.hidden(), shape.head_dim);
    let width = projected.len() / shape.rows();
    let scale = 1.0 / (dim as f32).sqrt();
    let mut context = vec![0.0; shape.rows() * hidden];
    let squares =
        shape.packing.sequences().iter().map(|sequence| (sequence.words.len() + sequence.entities.len()).pow(2));
    let work = 2 * hidden * squares.sum::<usize>();
    super::pool::each(
        work,
        parts(&mut context, shape),
        Default::default,
        |(scores, sums): &mut (Vec<_>, Vec<_>), part| {
            let HeadPart { sequence: Sequence { words, entities }, head, mut out } = part;
            let rows = words.len() + entities.len();
            let mask = [&mask[words.clone()], &mask[entities.clone()]].concat();
            let kinds = [(words, shape.word), (entities, shape.entity)];
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
                    for (keys, query) in keys.iter().zip([at.to_words, at.to_entities]) {
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

/// A head of a sequence, which one thread attends with.
#[cfg(feature = "cpu")]
struct HeadPart<'a> {
    sequence: &'a Sequence,
    head: usize,
    /// Where the results of its rows go, those of words first.
    out: std::vec::IntoIter<&'a mut [f32]>,
}

#[cfg(feature = "cpu")]
fn parts<'a>(context: &'a mut [f32], shape: &'a AttentionShape) -> Vec<HeadPart<'a>> {
    let sequences = shape.packing.sequences();
    let mut out: Vec<Vec<_>> = (0..sequences.len() * shape.heads).map(|_| Vec::new()).collect();
    let mut rows = context.chunks_exact_mut(shape.hidden());
    for rows_of in [|sequence: &Sequence| sequence.words.len(), |sequence: &Sequence| sequence.entities.len()] {
        for (sequence, out) in sequences.iter().zip(out.chunks_exact_mut(shape.heads)) {
            for row in rows.by_ref().take(rows_of(sequence)) {
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

#[cfg(feature = "cpu")]
fn softmax(scores: &mut [f32], mask: &[f32], scale: f32) {
    use super::math;

    scores.iter_mut().zip(mask).for_each(|(s, m)| *s = *s * scale + m);
    let max = math::largest(scores);
    scores.iter_mut().for_each(|s| *s = math::exp(*s - max));
    let sum = math::sum(scores, |s| s);
    let inverse = 1.0 / sum;
    scores.iter_mut().for_each(|s| *s *= inverse);
}

/// The op in `f64`: all scores of a row, maximum subtracted, then the weighted sum.
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference(projected: &[f32], mask: &[f32], shape: &AttentionShape) -> Vec<f64> {
    let (hidden, dim) = (shape.hidden(), shape.head_dim);
    let width = projected.len() / shape.rows();
    let at = |row: usize, column: usize| f64::from(projected[row * width + column]);
    let mut context = vec![0.0; shape.rows() * hidden];
    for Sequence { words, entities } in shape.packing.sequences() {
        let rows = || words.clone().chain(entities.clone());
        for head in 0..shape.heads {
            for row in rows() {
                let from = shape.columns(row);
                let score = |key: usize| {
                    let query = if words.contains(&key) { from.to_words } else { from.to_entities };
                    let dot: f64 = (head * dim..(head + 1) * dim)
                        .map(|i| at(row, query + i) * at(key, shape.columns(key).key + i))
                        .sum();
                    dot / (dim as f64).sqrt() + f64::from(mask[key])
                };
                let scores: Vec<f64> = rows().map(score).collect();
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|s| (s - max).exp()).sum();
                for i in head * dim..(head + 1) * dim {
                    let weighted =
                        |(key, score): (usize, &f64)| (score - max).exp() / sum * at(key, shape.columns(key).value + i);
                    context[row * hidden + i] = rows().zip(&scores).map(weighted).sum();
                }
            }
        }
    }
    context
}
