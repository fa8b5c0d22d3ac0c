//! A linear layer to be timed from outside, by hooks in WebGPU (features `webgpu` and `kernel-tests`).

use burn::tensor::{Device, Tensor};

use super::gpu::{TileShape, choose_tile, testing};
use super::{Activation, Weight, download, gather_rows, linear, upload};
use crate::dtype::{DType, Int8Range};
use crate::error::{LukeError, Result};
use crate::weights::RowTable;

/// Whether an adapter that is a CPU runs the shaders of a GPU, and with which tile. `None`: the one that fits.
type Choice = (bool, Option<TileShape>);

/// A linear layer and its input on a device.
pub struct LinearBench {
    x: Tensor<2>,
    weight: Weight,
    bias: Tensor<1>,
    choice: Choice,
}

impl LinearBench {
    /// A layer of `[rows, in_features]` times `[out_features, in_features]`. `shader` is `own` (what the device would take by
    /// itself), `gpu` (what a GPU would take), or the tile of a GPU's shader: `low`, `middle` or `high`.
    ///
    /// # Errors
    /// - `input` if there is no such shader
    /// - `out-of-memory` if there is no memory for the weight
    pub fn new([rows, k, n]: [usize; 3], dtype: DType, shader: &str, device: &Device) -> Result<Self> {
        let choice = match shader {
            "own" => (false, None),
            "gpu" => (true, None),
            "low" => (true, Some(TileShape::Low)),
            "middle" => (true, Some(TileShape::Middle)),
            "high" => (true, Some(TileShape::High)),
            _ => return Err(LukeError::input("shader", format!("there is no {shader}"))),
        };
        let numbers =
            |count: usize| (0..count).map(|i| ((i * 7919 % 2003) as f32 - 1001.0) / 1001.0).collect::<Vec<_>>();
        let table = RowTable::new(k, dtype, dtype.encode(&numbers(n * k), k, Int8Range::SaturationSafe));
        Ok(Self {
            x: upload(numbers(rows * k), [rows, k], device),
            weight: Weight::new(&table, device)?,
            bias: upload(numbers(n), [n], device),
            choice,
        })
    }

    /// Computes the layer `launches` times, and reads one row of the last result, for which all launches must end. Gives
    /// its first number, or NaN where it cannot be read.
    pub async fn run(&self, launches: usize) -> f32 {
        let (as_gpu, tile) = self.choice;
        testing::count_as_gpu(as_gpu);
        choose_tile(tile);
        let mut last = None;
        for _ in 0..launches {
            last = Some(linear(self.x.clone(), &self.weight, &self.bias, Activation::None));
        }
        choose_tile(None);
        let Some(last) = last else { return f32::NAN };
        let device = last.device();
        let read = download(vec![gather_rows(last, &[0])], &device).await;
        read.ok().and_then(|values| values.first()?.first().copied()).unwrap_or(f32::NAN)
    }
}
