//! What a device must implement to run LUKE: burn's backend extension traits.

use burn::backend::tensor::FloatTensor;
#[cfg(feature = "webgpu")]
use burn::backend::tensor::IntTensor;
use burn::backend::{Backend, backend_extension};

use luke_compute::plan::{AttentionShape, LinearPlan};

/// The ops of every device. All tensors are f32.
#[backend_extension(Cube: cfg(feature = "webgpu"), Flex: cfg(feature = "cpu"))]
pub trait LukeOps: Backend {
    /// See [`linear_groups`](super::linear_groups), with a [`Weight::Float`](super::Weight::Float).
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self>;

    /// See [`entity_attention()`](super::entity_attention()).
    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self>;

    /// See [`add_layer_norm()`](super::add_layer_norm()).
    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// See [`gather_rows()`](super::gather_rows()).
    fn gather_rows(x: FloatTensor<Self>, rows: Vec<usize>) -> FloatTensor<Self>;

    /// See [`stack_rows()`](super::stack_rows()).
    fn stack_rows(upper: FloatTensor<Self>, lower: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`tanh()`](super::tanh()).
    fn tanh(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`reshape`](super::reshape).
    fn reshape(x: FloatTensor<Self>, shape: [usize; 2]) -> FloatTensor<Self>;
}

/// `linear` with the CPU's own forms of a weight.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "cpu"))]
pub trait CpuOps: Backend {
    /// See [`linear_groups`](super::linear_groups), with a [`Weight::Packed`](super::Weight::Packed).
    fn linear_packed(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: std::sync::Arc<super::PackedMatrix>,
        plan: LinearPlan,
    ) -> FloatTensor<Self>;

    /// See [`linear_groups`](super::linear_groups), with a [`Weight::Quantized`](super::Weight::Quantized).
    fn linear_int8(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        weight: std::sync::Arc<super::QuantizedMatrix>,
        plan: LinearPlan,
    ) -> FloatTensor<Self>;
}

/// `linear` with the GPU's own forms of a weight.
#[cfg(feature = "webgpu")]
#[backend_extension(Cube: cfg(feature = "webgpu"))]
pub trait GpuOps: Backend {
    /// See [`linear_groups`](super::linear_groups), with a [`Weight::Compact`](super::Weight::Compact) of f16.
    fn linear_f16(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self>;

    /// See [`linear_groups`](super::linear_groups), with a [`Weight::Compact`](super::Weight::Compact) of int8.
    fn linear_q8(
        x: FloatTensor<Self>,
        values: IntTensor<Self>,
        scales: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: LinearPlan,
    ) -> FloatTensor<Self>;
}
