//! Weights on the GPU in as few bits as they are stored in: f16, and int8 with a scale for each row.

use burn::backend::Dispatch;
use burn::tensor::{Device, DispatchTensor, Int, Tensor, TensorData};

use crate::kernels::GpuOps;
use crate::kernels::linear::Plan;
use crate::weights::{DType, RowTable, split_q8};

/// A weight `[out_features, in_features]` of f16 or int8.
#[derive(Clone, Debug)]
pub struct CompactMatrix {
    shape: [usize; 2],
    /// Four bytes of a row in each.
    values: Tensor<2, Int>,
    /// Of int8, each row's scale and the sum of its integers: `[out_features, 2]`.
    scales: Option<Tensor<2>>,
}

impl CompactMatrix {
    /// A copy of an f16 table's bits, or of the integers of a quantised one; `None` where the table is of neither kind or its
    /// rows are not divisible by 4. 4-bit tables become int8, as on the CPU: the same kernel and the same results.
    pub fn new(table: &RowTable, device: &Device) -> Option<Self> {
        let shape = [table.rows(), table.columns()];
        if !shape[1].is_multiple_of(4) {
            return None;
        }
        let (bytes, scales) = match table.dtype() {
            DType::F16 => (table.stored_rows().flatten().copied().collect(), None),
            DType::Q8 | DType::Q4 => {
                let (bytes, scales) = integers(table);
                (bytes, Some(Tensor::from_data(TensorData::new(scales, [shape[0], 2]), device)))
            }
            DType::F32 | DType::Bf16 => return None,
        };
        let bytes: Vec<u8> = bytes;
        let words: Vec<i32> = bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let columns = words.len() / shape[0].max(1);
        let values = Tensor::from_data(TensorData::new(words, [shape[0], columns]), device);
        Some(Self { shape, values, scales })
    }

    /// `[out_features, in_features]`
    pub fn dims(&self) -> [usize; 2] {
        self.shape
    }

    pub(in crate::kernels) fn linear(&self, x: DispatchTensor, bias: DispatchTensor, plan: Plan) -> DispatchTensor {
        let values = self.values.clone().into_dispatch();
        match &self.scales {
            Some(scales) => <Dispatch as GpuOps>::linear_q8(x, values, scales.clone().into_dispatch(), bias, plan),
            None => <Dispatch as GpuOps>::linear_f16(x, values, bias, plan),
        }
    }
}

/// The rows' integers, and for each row its scale and the integers' sum.
fn integers(table: &RowTable) -> (Vec<u8>, Vec<f32>) {
    let (mut bytes, mut scales) = (Vec::with_capacity(table.rows() * table.columns()), Vec::new());
    for row in table.rows_q8() {
        let (values, scale) = split_q8(&row);
        scales.extend([scale, values.iter().map(|value| f32::from(*value as i8)).sum()]);
        bytes.extend_from_slice(values);
    }
    (bytes, scales)
}
