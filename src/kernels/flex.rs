//! The ops on burn's CPU backend, Flex.

use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{Tensor, TensorData};

use luke_compute::cpu::{
    PackedMatrix, QuantizedMatrix, add_layer_norm, entity_attention, gather_rows, linear, linear_int8, linear_packed,
    stack_rows,
};
use luke_compute::plan::{AttentionShape, LinearPlan};

use super::ops::{CpuOps, LukeOps};

impl LukeOps for Flex {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let y = linear(floats(&x), floats(&weight), floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        let (projected, mask) = (projected.to_contiguous(), mask.to_contiguous());
        let context = entity_attention(floats(&projected), floats(&mask), &shape);
        tensor(context, [shape.batch.rows(), shape.hidden()])
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, residual) = (x.to_contiguous(), residual.to_contiguous());
        let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
        let features = floats(&weight).len();
        let y = add_layer_norm(floats(&x), floats(&residual), floats(&weight), floats(&bias), epsilon);
        let rows = y.len() / features;
        tensor(y, [rows, features])
    }

    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let width = x.layout().shape()[1];
        tensor(gather_rows(floats(&x), width, &rows), [rows.len(), width])
    }

    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self> {
        let (upper, lower) = (upper.to_contiguous(), lower.to_contiguous());
        let width = upper.layout().shape()[1];
        let both = stack_rows(floats(&upper), floats(&lower));
        let rows = both.len() / width;
        tensor(both, [rows, width])
    }

    fn tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let shape = [x.layout().shape()[0], x.layout().shape()[1]];
        tensor(floats(&x).iter().map(|x| x.tanh()).collect(), shape)
    }

    fn reshape(x: FloatTensor<Self>, shape: [usize; 2]) -> FloatTensor<Self> {
        x.reshape(shape.into())
    }
}

impl CpuOps for Flex {
    fn linear_packed(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: Arc<PackedMatrix>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        let (x, bias) = (x.to_contiguous(), bias.to_contiguous());
        let y = linear_packed(floats(&x), &weight, floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }

    fn linear_int8(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: Arc<QuantizedMatrix>,
        plan: LinearPlan,
    ) -> FloatTensor<Self> {
        let (x, bias) = (x.to_contiguous(), bias.to_contiguous());
        let y = linear_int8(floats(&x), &weight, floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }
}

/// The values of one tensor; see [`download`](crate::kernels::download).
///
/// # Errors
/// The reason, if the tensor is not on the CPU.
pub fn download(x: Tensor<2>) -> Result<Vec<f32>, String> {
    let x = x.try_into_primitive::<Flex>().map_err(|error| format!("{error:?}"))?;
    Ok(floats(&x.to_contiguous()).to_vec())
}

/// The numbers of a contiguous tensor.
fn floats(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage()[start..start + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
