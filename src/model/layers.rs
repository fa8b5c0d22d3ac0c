//! Weights by name, and the two layers everything is made of.

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::Result;
use crate::kernels::{self, Activation, Weight, WeightBuilder};
use crate::weights::{RowTable, WeightStore};

/// The store seen from one place in the checkpoint's tree of names. Models take what is in one place by the alphabet, as it lies
/// in most files: the next chunk is then read when the last one is done with.
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

    /// One step down: `name` is a path of Hugging Face's names.
    pub fn at(&mut self, name: &str) -> Weights<'_, 's> {
        Weights { prefix: format!("{}{name}.", self.prefix), store: self.store, device: self.device }
    }

    /// Where tensors are put.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Whether there is a tensor of this name here.
    pub fn has(&self, name: &str) -> bool {
        self.store.has(&format!("{}{name}", self.prefix))
    }

    /// The values of a tensor.
    pub async fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.store.take(&format!("{}{name}", self.prefix), shape).await
    }

    /// A matrix kept beside the device.
    pub async fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<RowTable> {
        self.store.take_table(&format!("{}{name}", self.prefix), shape).await
    }

    /// `[out_features, in_features]` and a bias.
    pub async fn linear(&mut self, in_features: usize, out_features: usize) -> Result<Linear> {
        let bias = self.values("bias", &[out_features]).await?;
        self.linear_with(bias, in_features, out_features).await
    }

    /// A linear layer that has no bias.
    pub async fn linear_no_bias(&mut self, in_features: usize, out_features: usize) -> Result<Linear> {
        self.linear_with(vec![0.0; out_features], in_features, out_features).await
    }

    async fn linear_with(&mut self, bias: Vec<f32>, in_features: usize, out_features: usize) -> Result<Linear> {
        let mut weight = self.weight([out_features, in_features]);
        self.put_into(&mut weight, 0, "weight", [out_features, in_features]).await?;
        self.linear_of(weight, bias)
    }

    /// A weight without rows, for [`linear_of`](Self::linear_of).
    pub fn weight(&mut self, shape: [usize; 2]) -> WeightBuilder {
        WeightBuilder::new(shape, self.device, std::mem::take(&mut self.store.spare_table))
    }

    /// Puts a matrix into a weight, from row `first` on.
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

    /// A layer of a weight `[out_features, in_features]` with all its rows.
    pub fn linear_of(&mut self, weight: WeightBuilder, bias: Vec<f32>) -> Result<Linear> {
        let (weight, buffer) = weight.finish()?;
        self.store.spare_table = buffer;
        Ok(Linear { weight, bias: vector(bias, self.device) })
    }

    /// A LayerNorm over `features`.
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
    /// # Shapes
    /// - x: `[rows, in_features]`, result: `[rows, out_features]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        kernels::linear(x, &self.weight, &self.bias, Activation::None)
    }

    /// The layer, then exact GELU.
    ///
    /// # Shapes
    /// - x: `[rows, in_features]`, result: `[rows, out_features]`
    pub fn forward_gelu(&self, x: Tensor<2>) -> Tensor<2> {
        kernels::linear(x, &self.weight, &self.bias, Activation::Gelu)
    }
}

/// `torch.nn.LayerNorm` of a sum.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
}

impl LayerNorm {
    /// # Shapes
    /// - x, residual, result: `[rows, features]`
    pub fn forward(&self, x: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        kernels::add_layer_norm(x, residual, &self.weight, &self.bias, self.epsilon)
    }
}

/// `[values]` on the device.
pub fn vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// `[rows, values / rows]` on the device.
pub fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows];
    Tensor::from_data(TensorData::new(values, shape), device)
}
