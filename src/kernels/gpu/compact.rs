//! Weights on the GPU in as few bits as they are stored in: f16, and int8 with a scale for each row.

use burn::backend::Dispatch;
use burn::backend::ops::IntTensorOps;
use burn::tensor::{Device, DispatchTensor, Int, Tensor, TensorData};

use crate::dtype::{DType, split_q8};
use crate::error::Result;
use crate::kernels::ops::GpuOps;
use crate::kernels::upload;
use crate::memory;
use crate::weights::RowTable;
use luke_compute::plan::LinearPlan;
use luke_compute::rows::WEIGHT;

/// A weight `[out_features, in_features]` of f16 or int8.
#[derive(Clone, Debug)]
pub struct CompactMatrix {
    shape: [usize; 2],
    /// Four bytes of a row in each integer: `[out_features, bytes of a row / 4]`.
    values: Tensor<2, Int>,
    /// Of int8, each row's scale and the sum of its integers: `[out_features, 2]`.
    scales: Option<Tensor<2>>,
}

impl CompactMatrix {
    /// A copy of an f16 table's bits, or of the integers of a quantized one. `None` where the table is neither, or its
    /// rows are not divisible by 4. 4-bit tables become int8, as on the CPU: the same kernel and the same results.
    ///
    /// # Errors
    /// `out-of-memory` where there is none for the copy that goes to the device.
    pub fn new(table: &RowTable, device: &Device) -> Result<Option<Self>> {
        let shape @ [rows, columns] = [table.rows(), table.columns()];
        let quantized = table.dtype().is_quantized();
        if !columns.is_multiple_of(4) || !(quantized || table.dtype() == DType::F16) {
            return Ok(None);
        }
        let width = if quantized { columns / 4 } else { columns / 2 };
        let mut values = memory::with_capacity(rows.saturating_mul(width), WEIGHT)?;
        let mut push = |bytes: &[u8]| values.extend(bytes.as_chunks().0.iter().map(|four| i32::from_le_bytes(*four)));
        let scales = if quantized {
            let mut scales = memory::with_capacity(rows.saturating_mul(2), WEIGHT)?;
            for row in table.rows_q8() {
                let (integers, scale) = split_q8(&row);
                scales.extend([scale, integers.iter().map(|integer| f32::from(*integer as i8)).sum()]);
                push(integers);
            }
            Some(upload(scales, [rows, 2], device))
        } else {
            table.stored_rows().for_each(push);
            None
        };
        let values = upload_integers(values, [rows, width], device);
        Ok(Some(Self { shape, values, scales }))
    }

    /// The shape of the weight, `[out_features, in_features]`.
    pub fn dims(&self) -> [usize; 2] {
        self.shape
    }

    /// See [`linear_groups`](crate::kernels::linear_groups).
    ///
    /// # Shapes
    /// - x: `[rows, in_features]`, bias: `[features]`, result: `[rows, out_features]`
    pub(in crate::kernels) fn linear(
        &self,
        x: DispatchTensor,
        bias: DispatchTensor,
        plan: LinearPlan,
    ) -> DispatchTensor {
        let values = self.values.clone().into_dispatch();
        match &self.scales {
            Some(scales) => <Dispatch as GpuOps>::linear_q8(x, values, scales.clone().into_dispatch(), bias, plan),
            None => <Dispatch as GpuOps>::linear_f16(x, values, bias, plan),
        }
    }
}

/// [`upload`] for integers.
pub fn upload_integers(values: Vec<i32>, shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    let data = TensorData::new(values, shape);
    Tensor::from_dispatch(<Dispatch as IntTensorOps<Dispatch>>::int_from_data(data, device.as_dispatch()))
}
