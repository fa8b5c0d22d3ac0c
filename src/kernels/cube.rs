//! The ops on burn's WebGPU backend.

use burn::backend::Cube;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::kernel::into_contiguous;

use super::{AttentionShape, LukeOps, add_layer_norm, entity_attention, linear};

impl LukeOps for Cube {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self> {
        linear::gpu::run(into_contiguous(x), into_contiguous(weight), into_contiguous(bias), &plan)
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        entity_attention::gpu::run(into_contiguous(projected), into_contiguous(mask), &shape)
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, residual) = (into_contiguous(x), into_contiguous(residual));
        add_layer_norm::gpu::run(x, residual, into_contiguous(weight), into_contiguous(bias), epsilon)
    }
}
