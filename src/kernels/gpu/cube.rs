//! The ops on burn's GPU backend, Cube.

use burn::backend::Cube;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::kernel::into_contiguous;

use super::add_layer_norm::add_layer_norm;
use super::entity_attention::entity_attention;
use super::gather_rows::gather_rows;
use super::linear::linear;
use super::shaders::Storage;
use super::stack_rows::stack_rows;
use crate::kernels::ops::{GpuOps, LukeOps};
use crate::kernels::plan::{AttentionShape, LinearPlan};

impl LukeOps for Cube {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        let weight = into_contiguous(weight);
        linear(into_contiguous(x), (Storage::F32, &[&weight]), into_contiguous(bias), &plan)
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        entity_attention(into_contiguous(projected), into_contiguous(mask), &shape)
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, residual) = (into_contiguous(x), into_contiguous(residual));
        add_layer_norm(x, residual, into_contiguous(weight), into_contiguous(bias), epsilon)
    }

    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self> {
        gather_rows(into_contiguous(x), &rows)
    }

    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self> {
        stack_rows(into_contiguous(upper), into_contiguous(lower))
    }
}

impl GpuOps for Cube {
    fn linear_f16(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        linear(into_contiguous(x), (Storage::F16, &[&values]), into_contiguous(bias), &plan)
    }

    fn linear_q8(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        scales: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        linear(into_contiguous(x), (Storage::Q8, &[&values, &scales]), into_contiguous(bias), &plan)
    }
}
