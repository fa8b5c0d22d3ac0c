//! The ops on the CPU: plain Rust that compilers turn into SIMD, and intrinsics where they do not.
//!
//! `kernels/flex.rs` of `luke-web` connects the ops to burn's CPU backend and has checked their shapes. `linear` (f32) and `linear_int8` cut a product into `tiles`; their inner
//! loops are `gemm` and `dot_int8`. `threads` shares the parts of a kernel among cores, `math` has the functions of single
//! numbers.

mod add_layer_norm;
mod dot_int8;
mod entity_attention;
mod gather_rows;
#[cfg(not(target_arch = "wasm32"))]
mod gemm;
#[cfg(target_arch = "wasm32")]
#[path = "gemm_wasm.rs"]
mod gemm;
mod linear;
mod linear_int8;
mod math;
mod matrix;
mod stack_rows;
pub mod threads;
mod tiles;

#[cfg(test)]
mod tests;

pub use add_layer_norm::add_layer_norm;
pub use entity_attention::entity_attention;
pub use gather_rows::gather_rows;
pub use linear::{PackedMatrix, linear, linear_packed};
pub use linear_int8::{QuantizedMatrix, exact_operands, linear_int8};
pub use stack_rows::stack_rows;

/// Rows whose numbers have a smaller range become zeros where they are quantized: one 255th of it might be a subnormal number,
/// whose inverse is infinite. The GPU's shader has the same number.
pub const LEAST_RANGE: f32 = 1e-30;
