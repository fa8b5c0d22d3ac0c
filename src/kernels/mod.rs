//! The heavy steps of the model as burn backend extension ops: raw WGSL on WebGPU, SIMD Rust on CPU.
//!
//! Each op has its own file with the public function, the CPU implementation and a plain `f64` reference; its shaders and
//! their launch are in `shaders` and `gpu`. `check` compares an op with its reference on whatever device it is given.

mod add_layer_norm;
mod entity_attention;
mod gather_rows;
mod linear;
mod stack_rows;

#[cfg(any(test, feature = "kernel-tests"))]
pub mod check;
#[cfg(feature = "cpu")]
mod dot;
#[cfg(feature = "cpu")]
mod flex;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(feature = "cpu")]
mod math;
#[cfg(all(feature = "cpu", target_arch = "wasm32"))]
mod panel;
#[cfg(feature = "cpu")]
pub mod pool;
#[cfg(feature = "cpu")]
mod product;
#[cfg(feature = "cpu")]
mod quantised;
#[cfg(any(test, feature = "webgpu"))]
#[cfg_attr(not(feature = "webgpu"), allow(dead_code, unused_imports))]
mod shaders;
#[cfg(feature = "cpu")]
mod tiles;

pub use add_layer_norm::add_layer_norm;
pub use entity_attention::{AttentionShape, Columns, Packing, Sequence, entity_attention};
pub use gather_rows::gather_rows;
#[cfg(feature = "webgpu")]
pub use gpu::{CompactMatrix, warm_up};
#[cfg(feature = "cpu")]
pub use linear::PackedMatrix;
pub use linear::{Activation, RowGroup, Weight, WeightRows, linear, linear_groups};
#[cfg(feature = "cpu")]
pub use quantised::QuantisedMatrix;
pub use stack_rows::stack_rows;

use burn::backend::tensor::FloatTensor;
#[cfg(feature = "webgpu")]
use burn::backend::tensor::IntTensor;
use burn::backend::{Backend, backend_extension};

/// Ops a device must implement to run LUKE. All tensors are f32.
#[backend_extension(Cube: cfg(feature = "webgpu"), Flex: cfg(feature = "cpu"))]
pub trait LukeOps: Backend {
    /// See [`linear_groups`].
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self>;

    /// See [`entity_attention()`].
    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self>;

    /// See [`add_layer_norm()`].
    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// See [`gather_rows()`].
    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self>;

    /// See [`stack_rows()`].
    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Ops of the CPU alone.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "cpu"))]
pub trait CpuOps: Backend {
    /// See [`linear_groups`], with a [`Weight::Packed`].
    fn linear_packed(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: std::sync::Arc<PackedMatrix>,
        plan: linear::Plan,
    ) -> FloatTensor<Self>;

    /// See [`linear_groups`], with a [`Weight::Quantised`].
    fn linear_quantised(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: std::sync::Arc<QuantisedMatrix>,
        plan: linear::Plan,
    ) -> FloatTensor<Self>;
}

/// Ops of the GPU alone.
#[cfg(feature = "webgpu")]
#[backend_extension(Cube: cfg(feature = "webgpu"))]
pub trait GpuOps: Backend {
    /// See [`linear_groups`], with a [`Weight::Compact`] of f16.
    fn linear_f16(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self>;

    /// See [`linear_groups`], with a [`Weight::Compact`] of int8.
    fn linear_q8(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        scales: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self>;

    /// See [`warm_up()`].
    fn warm_up(
        numbers: FloatTensor<Self>,
        words: IntTensor<Self>,
        dtype: crate::weights::DType,
        head_dim: usize,
    ) -> FloatTensor<Self>;
}
