//! The ops on burn's WebGPU backend.

mod compact;
mod entity_attention;
mod linear;
mod rows;
#[cfg(any(test, feature = "kernel-tests"))]
pub mod testing;
mod warm_up;
mod wgsl;

pub use compact::CompactMatrix;
pub use warm_up::warm_up;

use burn::backend::Cube;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::kernel::into_contiguous;

use super::linear::Plan;
use super::shaders::Storage;
use super::{AttentionShape, GpuOps, LukeOps};
use crate::weights::DType;

impl LukeOps for Cube {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self> {
        let weight = into_contiguous(weight);
        linear::run(into_contiguous(x), (Storage::F32, &[&weight]), into_contiguous(bias), &plan)
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        entity_attention::run(into_contiguous(projected), into_contiguous(mask), &shape)
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, residual) = (into_contiguous(x), into_contiguous(residual));
        rows::add_layer_norm(x, residual, into_contiguous(weight), into_contiguous(bias), epsilon)
    }

    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self> {
        rows::gather_rows(into_contiguous(x), &rows)
    }

    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self> {
        rows::stack_rows(into_contiguous(upper), into_contiguous(lower))
    }
}

impl GpuOps for Cube {
    fn linear_f16(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        bias: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self> {
        linear::run(into_contiguous(x), (Storage::F16, &[&values]), into_contiguous(bias), &plan)
    }

    fn linear_q8(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        scales: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self> {
        linear::run(into_contiguous(x), (Storage::Q8, &[&values, &scales]), into_contiguous(bias), &plan)
    }

    fn warm_up(numbers: FloatTensor<Self>, words: IntTensor<Self>, dtype: DType, head_dim: usize) -> FloatTensor<Self> {
        warm_up::run(numbers, words, dtype, head_dim)
    }
}
