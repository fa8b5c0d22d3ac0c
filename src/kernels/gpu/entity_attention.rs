//! `entity_attention` on WebGPU: `entity_attention_tiled.wgsl` on a GPU, `entity_attention_stream.wgsl` on an adapter that is
//! a CPU.

use burn_cubecl::tensor::CubeTensor;

use super::wgsl::{empty, is_software, launch};
use crate::kernels::AttentionShape;
use crate::kernels::entity_attention::Sequence;
use crate::kernels::shaders::EntityAttention;

/// Largest head of the tiled shader: more does not fit in the 16 KiB of shared memory that every GPU has.
const TILED_HEAD: usize = 64;

/// Launches the op.
pub fn run(projected: CubeTensor, mask: CubeTensor, shape: &AttentionShape) -> CubeTensor {
    let width = projected.meta.shape()[1];
    let context = empty(&projected, [shape.packing.rows(), shape.hidden()]);
    let lanes = if shape.head_dim.is_multiple_of(4) && width.is_multiple_of(4) { 4 } else { 1 };
    let tiled = lanes == 4 && shape.head_dim <= TILED_HEAD && !is_software(&projected);
    let variant = EntityAttention { tiled, lanes, steps: shape.head_dim / lanes };
    let mut params = vec![width / lanes, shape.hidden() / lanes];
    for c in [shape.word, shape.entity] {
        params.extend([c.to_words, c.to_entities, c.key, c.value].map(|column| column / lanes));
    }
    let before = params.len();
    for Sequence { words, entities } in shape.packing.sequences() {
        for (kind, rows) in [words, entities].into_iter().enumerate() {
            for row in rows.clone().step_by(variant.rows()) {
                let (end, bounds) = (rows.end, [words.start, words.end, entities.start, entities.end]);
                params.extend([row, end, kind].into_iter().chain(bounds).chain([0]));
            }
        }
    }
    let tiles = (params.len() - before) / 8;
    launch(variant, [tiles, shape.heads, 1], &params, &[&projected, &mask], &context);
    context
}
