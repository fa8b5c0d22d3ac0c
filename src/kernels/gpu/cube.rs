//! The ops on burn's GPU backend, Cube.

use burn::backend::Cube;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::tensor::CubeTensor;

use super::add_layer_norm::add_layer_norm;
use super::entity_attention::entity_attention;
use super::gather_rows::gather_rows;
use super::linear::linear;
use super::shaders::Storage;
use super::stack_rows::stack_rows;
use super::tanh::tanh;
use crate::kernels::ops::{GpuOps, LukeOps};
use luke_compute::plan::{AttentionShape, LinearPlan};

impl LukeOps for Cube {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        linear(x, (Storage::F32, &[&weight]), bias, &plan)
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        entity_attention(projected, mask, &shape)
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        add_layer_norm(x, residual, weight, bias, epsilon)
    }

    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self> {
        gather_rows(x, &rows)
    }

    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self> {
        stack_rows(upper, lower)
    }

    fn tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tanh(x)
    }

    fn reshape(x: FloatTensor<Self>, shape: [usize; 2]) -> FloatTensor<Self> {
        assert!(x.is_contiguous(), "reshape: a tensor with strides");
        CubeTensor::new_contiguous(x.client, x.device, shape.into(), x.handle, x.dtype)
    }
}

impl GpuOps for Cube {
    fn linear_f16(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        linear(x, (Storage::F16, &[&values]), bias, &plan)
    }

    fn linear_q8(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        scales: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        linear(x, (Storage::Q8, &[&values, &scales]), bias, &plan)
    }
}
