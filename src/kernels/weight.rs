//! The weight of a linear layer, in the form that its device computes with.

#[cfg(feature = "cpu")]
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use luke_compute::rows::WEIGHT;

#[cfg(feature = "cpu")]
use crate::backend::DeviceKind;
use crate::dtype::DType;
use crate::error::Result;
use crate::memory;
use crate::weights::RowTable;
#[cfg(feature = "cpu")]
use crate::weights::rows_q8;

/// The weight of a linear layer, on a device: `[out_features, in_features]`.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a model has fewer than a hundred")]
pub enum Weight {
    /// f32.
    Float(Tensor<2>),
    /// f32, laid out for the CPU's matrix product.
    #[cfg(feature = "cpu")]
    Packed(Arc<super::PackedMatrix>),
    /// int8 with a scale for each row, on the CPU.
    #[cfg(feature = "cpu")]
    Quantized(Arc<super::QuantizedMatrix>),
    /// f16 or int8 as stored, on the GPU.
    #[cfg(feature = "webgpu")]
    Compact(super::CompactMatrix),
}

impl Weight {
    /// Puts a matrix on a device. It takes as few bits as in `table` if the device has a kernel for them.
    ///
    /// # Errors
    /// `out-of-memory` if there is no memory for the copy of the device.
    pub fn new(table: &RowTable, device: &Device) -> Result<Self> {
        #[cfg(feature = "cpu")]
        if DeviceKind::of(device) == DeviceKind::Cpu {
            return Ok(if table.dtype().is_quantized() {
                Self::Quantized(Arc::new(super::QuantizedMatrix::new(table)?))
            } else {
                Self::Packed(Arc::new(super::PackedMatrix::new(table)?))
            });
        }
        #[cfg(feature = "webgpu")]
        if let Some(matrix) = super::CompactMatrix::new(table, device)? {
            return Ok(Self::Compact(matrix));
        }
        let shape = [table.rows(), table.columns()];
        let mut values = memory::with_capacity(table.rows().saturating_mul(table.columns()), WEIGHT)?;
        (0..table.rows()).for_each(|row| table.push_row(row, &mut values));
        Ok(Self::Float(super::upload(values, shape, device)))
    }

    /// The shape, `[out_features, in_features]`.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Float(tensor) => tensor.dims(),
            #[cfg(feature = "cpu")]
            Self::Packed(matrix) => matrix.dims(),
            #[cfg(feature = "cpu")]
            Self::Quantized(matrix) => matrix.dims(),
            #[cfg(feature = "webgpu")]
            Self::Compact(matrix) => matrix.dims(),
        }
    }
}

/// A weight whose rows arrive in parts, in any order, while a model is loaded.
pub struct WeightBuilder {
    rows: usize,
    device: Device,
    /// The finished form, if the first rows are quantized and the device is the CPU. Rows then go to their final place
    /// at once.
    #[cfg(feature = "cpu")]
    quantized: Option<super::QuantizedMatrix>,
    table: RowTable,
}

impl WeightBuilder {
    /// A weight `[rows, columns]`, which are `[out_features, in_features]`, without rows yet. `buffer` is memory to gather
    /// the rows in; its contents are discarded.
    pub fn new([rows, columns]: [usize; 2], device: &Device, buffer: Vec<u8>) -> Self {
        Self {
            rows,
            device: device.clone(),
            #[cfg(feature = "cpu")]
            quantized: None,
            table: RowTable::new(columns, DType::F32, buffer),
        }
    }

    /// Puts rows in their place, from row `first` on. `bytes` are the rows as a file stores them with this `dtype`.
    ///
    /// # Errors
    /// - `out-of-memory` if there is no memory for the whole weight
    /// - `format` if the weight does not have these rows
    ///
    /// # Panics
    /// If the weight does not have these rows, and the CPU stores it as int8.
    pub fn put(&mut self, first: usize, dtype: DType, bytes: &[u8]) -> Result<()> {
        #[cfg(feature = "cpu")]
        {
            let (rows, columns) = (self.rows, self.table.columns());
            let first_rows = self.quantized.is_none() && self.table.rows() == 0;
            if first_rows && dtype.is_quantized() && DeviceKind::of(&self.device) == DeviceKind::Cpu {
                self.quantized = Some(super::QuantizedMatrix::zeros(rows, columns)?);
            }
            if let Some(matrix) = &mut self.quantized {
                rows_q8(dtype, columns, bytes).enumerate().for_each(|(i, row)| matrix.put(first + i, &row));
                return Ok(());
            }
        }
        self.table.put(first, dtype, bytes, self.rows)
    }

    /// Puts the weight on its device. Every row must have been put before: others are zeros, or are missing at the end.
    /// Also returns the memory in which the rows were gathered, emptied.
    ///
    /// # Errors
    /// `out-of-memory` if there is no memory for the copy of the device.
    pub fn finish(self) -> Result<(Weight, Vec<u8>)> {
        let table = self.table;
        #[cfg(feature = "cpu")]
        if let Some(matrix) = self.quantized {
            return Ok((Weight::Quantized(Arc::new(matrix)), table.into_buffer()));
        }
        Ok((Weight::new(&table, &self.device)?, table.into_buffer()))
    }
}
