//! The heavy steps of the model as burn backend extension ops: SIMD Rust on the CPU, WGSL on the GPU.
//!
//! An op has one file here and one of the same name in each device's folder. Here: the public function, the checks of its
//! shapes, and a plain `f64` reference. In `cpu` and `gpu`: how that device computes it. `plan` says what a call computes,
//! `packing` which rows belong to which sequence, `weight` how a device stores a weight, `transfer` brings values to a device and
//! back, and `ops` is the list of what a device must implement. `check` compares an op with its reference on any device, in tests;
//! `probe` does so on a GPU while a model is loaded.
#![deny(clippy::undocumented_unsafe_blocks)]

mod add_layer_norm;
mod entity_attention;
mod gather_rows;
mod linear;
mod ops;
#[cfg(feature = "webgpu")]
mod probe;
mod stack_rows;
mod tanh;
mod transfer;
mod weight;

#[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
pub mod bench;
#[cfg(any(test, feature = "kernel-tests"))]
pub mod check;
#[cfg(feature = "cpu")]
mod flex;
#[cfg(any(test, feature = "webgpu"))]
mod gpu;

pub use crate::backend::flush;
pub use add_layer_norm::add_layer_norm;
pub use entity_attention::{MASKED, entity_attention};
pub use gather_rows::{column, gather_rows, row_range};
#[cfg(feature = "webgpu")]
pub use gpu::CompactMatrix;
pub use linear::{linear, linear_groups};
#[cfg(feature = "cpu")]
pub use luke_compute::cpu::{PackedMatrix, QuantizedMatrix, threads};
pub use luke_compute::packing::{PackedBatch, SequenceRows};
pub use luke_compute::plan::{Activation, AttentionShape, Columns, RowGroup};
#[cfg(feature = "webgpu")]
pub use probe::{Probed, probe, some_work};
pub use stack_rows::stack_rows;
pub use tanh::tanh;
pub use transfer::{download, reshape, upload};
pub use weight::{Weight, WeightBuilder};
