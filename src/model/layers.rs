//! Weights by name, and the two kinds of layer that the model is made of.

use burn::tensor::{Device, Tensor};

use crate::error::Result;
use crate::kernels::{self, Activation, Weight, WeightBuilder};
use crate::weights::{RowTable, WeightStore};

/// The weight store, seen from one place in the checkpoint's tree of names. Models take the tensors of a place in
/// alphabetical order. Most files have this order too, so each chunk can be dropped before the next one is read.
pub struct Weights<'a, 's> {
    store: &'a mut WeightStore<'s>,
    device: &'a Device,
    prefix: String,
}

impl<'a, 's> Weights<'a, 's> {
    /// The root of the tree.
    pub fn new(store: &'a mut WeightStore<'s>, device: &'a Device) -> Self {
        Self { store, device, prefix: String::new() }
    }

    /// The place `name` below this one. `name` may have several parts, with dots between them.
    pub fn at(&mut self, name: &str) -> Weights<'_, 's> {
        Weights { prefix: format!("{}{name}.", self.prefix), store: self.store, device: self.device }
    }

    /// The device that tensors are put on.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Sends the device what was put on it.
    ///
    /// # Errors
    /// `device-lost` or `out-of-memory` if the device has failed.
    pub fn flush(&self) -> Result<()> {
        kernels::flush(self.device)
    }

    /// Whether there is a tensor of this name here.
    pub fn has(&self, name: &str) -> bool {
        self.store.has(&format!("{}{name}", self.prefix))
    }

    /// Takes a tensor as f32, in row-major order. `shape` is the shape that the model needs.
    ///
    /// # Errors
    /// - `format` if there is no such tensor, if it has another shape, or if one of its numbers is not finite
    /// - `integrity` if its chunk is not what the manifest says
    /// - `out-of-memory`
    /// - those of the source, such as `network`
    pub async fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.store.take(&format!("{}{name}", self.prefix), shape).await
    }

    /// Takes a matrix `[rows, columns]` as it is stored, for a table that stays in main memory.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub async fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<RowTable> {
        self.store.take_table(&format!("{}{name}", self.prefix), shape).await
    }

    /// Takes a linear layer: `weight`, `[out_features, in_features]`, and `bias`, `[out_features]`.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub async fn linear(&mut self, in_features: usize, out_features: usize) -> Result<Linear> {
        let bias = self.values("bias", &[out_features]).await?;
        self.linear_with(bias, in_features, out_features).await
    }

    /// Takes a linear layer without a bias: `weight`, `[out_features, in_features]`.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub async fn linear_no_bias(&mut self, in_features: usize, out_features: usize) -> Result<Linear> {
        self.linear_with(vec![0.0; out_features], in_features, out_features).await
    }

    async fn linear_with(&mut self, bias: Vec<f32>, in_features: usize, out_features: usize) -> Result<Linear> {
        let mut weight = self.weight([out_features, in_features]);
        self.put_into(&mut weight, 0, "weight", [out_features, in_features]).await?;
        self.linear_of(weight, bias)
    }

    /// A weight `[out_features, in_features]` that has no rows yet, for [`put_into`](Self::put_into) and
    /// [`linear_of`](Self::linear_of).
    pub fn weight(&mut self, shape: [usize; 2]) -> WeightBuilder {
        WeightBuilder::new(shape, self.device, std::mem::take(&mut self.store.spare_table))
    }

    /// Takes the matrix `name` of shape `shape`, and puts it into a weight from row `first` on.
    ///
    /// # Errors
    /// As [`values`](Self::values); `format` also if the weight does not have these rows.
    ///
    /// # Panics
    /// If the weight does not have these rows, and the CPU stores it as int8.
    pub async fn put_into(
        &mut self,
        weight: &mut WeightBuilder,
        first: usize,
        name: &str,
        shape: [usize; 2],
    ) -> Result<()> {
        let put = |start, dtype, bytes: &[u8]| weight.put(first + start, dtype, bytes);
        self.store.take_parts(&format!("{}{name}", self.prefix), shape, put).await
    }

    /// Makes a linear layer from a weight `[out_features, in_features]` that has all its rows, and a bias
    /// `[out_features]`.
    ///
    /// # Errors
    /// `out-of-memory`.
    pub fn linear_of(&mut self, weight: WeightBuilder, bias: Vec<f32>) -> Result<Linear> {
        let (weight, buffer) = weight.finish()?;
        self.store.spare_table = buffer;
        Ok(Linear { weight, bias: vector(bias, self.device) })
    }

    /// Takes a LayerNorm: `bias` and `weight`, `[features]` each.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub async fn layer_norm(&mut self, features: usize, epsilon: f32) -> Result<LayerNorm> {
        let bias = self.values("bias", &[features]).await?;
        let weight = self.values("weight", &[features]).await?;
        Ok(LayerNorm { weight: vector(weight, self.device), bias: vector(bias, self.device), epsilon })
    }
}

/// `torch.nn.Linear`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out_features, in_features]`
    pub weight: Weight,
    /// `[out_features]`
    pub bias: Tensor<1>,
}

impl Linear {
    /// Applies the layer to every row.
    ///
    /// # Shapes
    /// - x: `[rows, in_features]`, result: `[rows, out_features]`
    ///
    /// # Panics
    /// As [`kernels::linear()`]: if the shapes disagree.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        kernels::linear(x, &self.weight, &self.bias, Activation::None)
    }

    /// Applies the layer to every row, then exact GELU.
    ///
    /// # Shapes
    /// - x: `[rows, in_features]`, result: `[rows, out_features]`
    ///
    /// # Panics
    /// As [`kernels::linear()`]: if the shapes disagree.
    pub fn forward_gelu(&self, x: Tensor<2>) -> Tensor<2> {
        kernels::linear(x, &self.weight, &self.bias, Activation::Gelu)
    }
}

/// `torch.nn.LayerNorm`, applied to the sum of two tensors.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
}

impl LayerNorm {
    /// Adds `residual` to `x` and normalizes every row.
    ///
    /// # Shapes
    /// - x, residual, result: `[rows, features]`
    ///
    /// # Panics
    /// As [`kernels::add_layer_norm()`]: if the shapes disagree.
    pub fn forward(&self, x: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        kernels::add_layer_norm(x, residual, &self.weight, &self.bias, self.epsilon)
    }

    /// Normalizes every row of `x` alone.
    ///
    /// # Shapes
    /// - x, result: `[rows, features]`
    ///
    /// # Panics
    /// As [`kernels::add_layer_norm()`]: if the shapes disagree.
    pub fn normalize(&self, x: Tensor<2>) -> Tensor<2> {
        // The op adds two tensors. `x + x` has four times the variance of `x`, so it needs four times the epsilon; both factors
        // are powers of two, so the result is the same to the last bit.
        kernels::add_layer_norm(x.clone(), x, &self.weight, &self.bias, 4.0 * self.epsilon)
    }
}

/// Puts values on the device as a tensor `[values]`.
pub fn vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    kernels::upload(values, shape, device)
}

/// Puts values on the device as a tensor `[rows, values / rows]`.
///
/// # Panics
/// If `rows` is 0 or does not divide the number of values.
pub fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows];
    kernels::upload(values, shape, device)
}
