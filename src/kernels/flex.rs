//! The ops on burn's CPU backend.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

use std::sync::Arc;

use super::{AttentionShape, CpuOps, LukeOps, PackedMatrix, QuantisedMatrix};
use super::{add_layer_norm, entity_attention, gather_rows, linear, quantised};

impl LukeOps for Flex {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let y = linear::cpu(floats(&x), floats(&weight), floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        let (projected, mask) = (projected.to_contiguous(), mask.to_contiguous());
        let context = entity_attention::cpu(floats(&projected), floats(&mask), &shape);
        tensor(context, [shape.packing.rows(), shape.hidden()])
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
        let y = add_layer_norm::cpu(floats(&x), floats(&residual), floats(&weight), floats(&bias), epsilon);
        let rows = y.len() / features;
        tensor(y, [rows, features])
    }

    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let width = x.layout().shape()[1];
        tensor(gather_rows::cpu(floats(&x), width, &rows), [rows.len(), width])
    }

    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self> {
        let (upper, lower) = (upper.to_contiguous(), lower.to_contiguous());
        let width = upper.layout().shape()[1];
        let both = [floats(&upper), floats(&lower)].concat();
        let rows = both.len() / width;
        tensor(both, [rows, width])
    }
}

impl CpuOps for Flex {
    fn linear_packed(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: Arc<PackedMatrix>,
        plan: linear::Plan,
    ) -> FloatTensor<Self> {
        let (x, bias) = (x.to_contiguous(), bias.to_contiguous());
        let y = linear::cpu_packed(floats(&x), &weight, floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }

    fn linear_quantised(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: Arc<QuantisedMatrix>,
        plan: linear::Plan,
    ) -> FloatTensor<Self> {
        let (x, bias) = (x.to_contiguous(), bias.to_contiguous());
        let y = quantised::cpu(floats(&x), &weight, floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }
}

fn floats(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage()[start..start + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
