//! A linear layer to be timed from outside: natively by a clock, in the browser by hooks in WebGPU (feature `kernel-tests`).

use burn::tensor::{Device, Tensor, TensorData};

use super::{Activation, Weight, linear};
use crate::dtype::{DType, Int8Range};
use crate::error::Result;
use crate::weights::RowTable;

/// A linear layer and its input on a device.
pub struct LinearBench {
    x: Tensor<2>,
    weight: Weight,
    bias: Tensor<1>,
    tiled: bool,
}

impl LinearBench {
    /// A layer of `[rows, in_features]` times `[out_features, in_features]`. With `tiled`, an adapter that is a CPU runs the
    /// shaders of a GPU.
    ///
    /// # Errors
    /// `out-of-memory` if there is no memory for the weight.
    pub fn new([rows, k, n]: [usize; 3], dtype: DType, tiled: bool, device: &Device) -> Result<Self> {
        let numbers = |count: usize| (0..count).map(|i| ((i * 7919 % 2003) as f32 - 1001.0) / 1001.0).collect::<Vec<_>>();
        let table = RowTable::new(k, dtype, dtype.encode(&numbers(n * k), k, Int8Range::SaturationSafe));
        Ok(Self {
            x: Tensor::from_data(TensorData::new(numbers(rows * k), [rows, k]), device),
            weight: Weight::new(&table, device)?,
            bias: Tensor::from_data(TensorData::new(numbers(n), [n]), device),
            tiled,
        })
    }

    /// Computes the layer `launches` times, and reads one number of the last result, for which all launches must end. Gives
    /// that number, or NaN where it cannot be read.
    pub async fn run(&self, launches: usize) -> f32 {
        #[cfg(feature = "webgpu")]
        super::gpu::testing::count_as_gpu(self.tiled);
        let mut last = None;
        for _ in 0..launches {
            last = Some(linear(self.x.clone(), &self.weight, &self.bias, Activation::None));
        }
        let Some(last) = last else { return f32::NAN };
        let read = last.slice([0..1, 0..1]).into_data_async().await;
        read.ok().and_then(|data| data.iter::<f32>().next()).unwrap_or(f32::NAN)
    }
}
