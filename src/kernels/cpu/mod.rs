//! The ops on the CPU: plain Rust that compilers turn into SIMD, and intrinsics where they do not.
//!
//! `flex` connects the ops to burn's CPU backend. `linear` (f32) and `linear_int8` cut a product into `tiles`; their inner
//! loops are `gemm` and `dot_int8`. `threads` shares the parts of a kernel among cores, `math` has the functions of single
//! numbers.

mod add_layer_norm;
mod dot_int8;
mod entity_attention;
mod flex;
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

pub use flex::download;
pub use linear::PackedMatrix;
pub use linear_int8::QuantizedMatrix;
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) use linear_int8::exact_operands;
