//! The pipelines of `entity_attention`, and the dispatches of a call.

use super::{Shader, scalar_element};
use crate::kernels::gpu::dispatch::{Dispatch, MAX_WORKGROUPS, runs};
use luke_compute::packing::SequenceRows;
use luke_compute::plan::AttentionShape;

/// Largest head of the tiled shader: more does not fit in the 16 KiB of shared memory that every GPU has.
const MAX_TILED_HEAD: usize = 64;

/// A pipeline of `entity_attention`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityAttentionShader {
    /// Whether keys and values go through shared memory.
    pub tiled: bool,
    /// Floats in a `T`.
    pub lanes: usize,
    /// `T`s of a head.
    pub steps: usize,
}

impl EntityAttentionShader {
    /// The pipeline for rows of `width` floats. `software`: the adapter is a CPU.
    pub fn fitting(shape: &AttentionShape, width: usize, software: bool) -> Self {
        let lanes = if shape.head_dim.is_multiple_of(4) && width.is_multiple_of(4) { 4 } else { 1 };
        let tiled = lanes == 4 && shape.head_dim <= MAX_TILED_HEAD && !software;
        Self { tiled, lanes, steps: shape.head_dim / lanes }
    }

    /// Rows of a workgroup; as in the shaders.
    const fn rows(self) -> usize {
        if self.tiled { 16 } else { 32 }
    }

    /// How many pairs of a row and a key a tile has.
    fn pairs(self, [row, end, _, tokens, tokens_end, entities, entities_end, _]: &[usize; 8]) -> f64 {
        ((end - row).min(self.rows()) * (tokens_end - tokens + entities_end - entities)) as f64
    }

    /// The dispatches of a call: one, more only where it would have too many workgroups, or more than `max_rows`. A row of
    /// `projected` has `width` floats.
    pub fn dispatches(self, shape: &AttentionShape, width: usize, max_rows: usize) -> Vec<Dispatch> {
        let max_tiles = (max_rows / self.rows()).clamp(1, MAX_WORKGROUPS);
        let mut tiles = Vec::new();
        for SequenceRows { tokens, entities } in shape.batch.sequences() {
            for (kind, rows) in [tokens, entities].into_iter().enumerate() {
                for row in rows.clone().step_by(self.rows()) {
                    tiles.push([row, rows.end, kind, tokens.start, tokens.end, entities.start, entities.end, 0]);
                }
            }
        }
        let columns = [shape.token, shape.entity].map(|c| [c.token_query, c.entity_query, c.key, c.value]);
        let mut dispatches = Vec::new();
        for tiles in tiles.chunks(max_tiles) {
            for heads in runs(0..shape.heads, MAX_WORKGROUPS) {
                let mut params = vec![width / self.lanes, shape.hidden() / self.lanes, heads.start];
                params.extend(columns.as_flattened().iter().map(|column| column / self.lanes));
                params.extend_from_slice(tiles.as_flattened());
                let pairs: f64 = tiles.iter().map(|tile| self.pairs(tile)).sum();
                let flop = 4.0 * pairs * (heads.len() * shape.head_dim) as f64;
                dispatches.push(Dispatch { workgroups: [tiles.len(), heads.len()], params, flop });
            }
        }
        dispatches
    }
}

impl Shader for EntityAttentionShader {
    fn file(self) -> &'static str {
        if self.tiled {
            include_str!("entity_attention_tiled.wgsl")
        } else {
            include_str!("entity_attention_stream.wgsl")
        }
    }

    fn lines(self) -> Vec<String> {
        let mut lines = vec![format!("const STEPS = {}u;", self.steps)];
        if self.lanes == 1 {
            let product = "fn product(a: T, c: T) -> f32 { return a * c; }";
            lines.extend(["const LANES = 1u;".into(), scalar_element(), product.into()]);
        }
        lines
    }
}

/// Every kind of pipeline.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = EntityAttentionShader> {
    let kinds = [(true, 4, 16), (true, 4, 2), (false, 4, 16), (false, 1, 5)];
    kinds.into_iter().map(|(tiled, lanes, steps)| EntityAttentionShader { tiled, lanes, steps })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Columns, PackedBatch};

    fn shape(sizes: &[(usize, usize)], heads: usize) -> AttentionShape {
        let token = Columns { token_query: 0, entity_query: 8, key: 16, value: 24 };
        let entity = Columns { key: 0, value: 8, token_query: 16, entity_query: 24 };
        AttentionShape { batch: PackedBatch::new(sizes), heads, head_dim: 8, token, entity }
    }

    #[test]
    fn a_call_is_one_dispatch() {
        let shader = EntityAttentionShader::fitting(&shape(&[(1, 0)], 1), 32, false);
        assert_eq!((shader.tiled, shader.lanes, shader.steps), (true, 4, 2));
        let params = [&[8, 4, 0, 0, 2, 4, 6, 4, 6, 0, 2][..], &[0, 17, 0, 0, 17, 17, 18, 0]];
        let params = [params[0], params[1], &[16, 17, 0, 0, 17, 17, 18, 0], &[17, 18, 1, 0, 17, 17, 18, 0]].concat();
        let expected = Dispatch { workgroups: [3, 2], params, flop: 4.0 * (18.0 * 18.0) * 16.0 };
        assert_eq!(shader.dispatches(&shape(&[(17, 1)], 2), 32, usize::MAX), [expected]);
        let rows_at_once = |max_rows| {
            let dispatches = shader.dispatches(&shape(&[(100, 0)], 2), 32, max_rows);
            assert_eq!(dispatches.iter().map(|dispatch| dispatch.flop).sum::<f64>(), 4.0 * 1e4 * 16.0);
            dispatches.iter().map(|dispatch| 16 * dispatch.workgroups[0]).collect::<Vec<_>>()
        };
        assert_eq!((rows_at_once(1), rows_at_once(70)), (vec![16; 7], vec![64, 48]));
    }

    #[test]
    fn dispatches_stay_within_the_limit_and_compute_everything_once() {
        for shader in all() {
            for (sizes, heads) in [(vec![(2_200_000, 2_200_000)], 2), (vec![(1, 1); 40_000], 1), (vec![(5, 3)], 70_000)]
            {
                let (shape, mut computed) = (shape(&sizes, heads), 0);
                for Dispatch { workgroups: [x, y], params, .. } in shader.dispatches(&shape, 32, usize::MAX) {
                    assert!(x.max(y) <= MAX_WORKGROUPS && params[2] + y <= heads);
                    let (tiles, rest) = params[11..].as_chunks::<8>();
                    assert!(rest.is_empty() && tiles.len() == x);
                    let rows = tiles.iter().map(|tile| (tile[1] - tile[0]).min(shader.rows()));
                    computed += rows.sum::<usize>() * y;
                }
                assert_eq!(computed, shape.batch.rows() * heads);
            }
        }
    }
}
