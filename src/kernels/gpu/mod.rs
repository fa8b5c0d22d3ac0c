//! The ops on the GPU: WGSL, launched through burn's CubeCL backend.
//!
//! `shaders` has the WGSL files, which pipelines a file becomes, and how a call is cut into dispatches. Nothing there needs a
//! GPU, so every build tests it. `cube` connects the ops to burn; each op's file launches it; `compact` keeps weights on the
//! GPU.

mod dispatch;
#[cfg_attr(not(feature = "webgpu"), allow(dead_code, unused_imports))]
mod shaders;

#[cfg(feature = "webgpu")]
mod add_layer_norm;
#[cfg(feature = "webgpu")]
mod compact;
#[cfg(feature = "webgpu")]
mod cube;
#[cfg(feature = "webgpu")]
mod download;
#[cfg(feature = "webgpu")]
mod entity_attention;
#[cfg(feature = "webgpu")]
mod gather_rows;
#[cfg(feature = "webgpu")]
mod launch;
#[cfg(feature = "webgpu")]
mod linear;
#[cfg(feature = "webgpu")]
mod quantize_rows;
#[cfg(feature = "webgpu")]
mod stack_rows;
#[cfg(feature = "webgpu")]
mod tanh;
#[cfg(all(feature = "webgpu", any(test, feature = "kernel-tests")))]
pub mod testing;
#[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
mod tile_choice;

#[cfg(feature = "webgpu")]
pub use compact::CompactMatrix;
#[cfg(feature = "webgpu")]
pub use download::download;
#[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
pub use shaders::TileShape;
#[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
pub use tile_choice::choose_tile;
