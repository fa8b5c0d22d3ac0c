//! LUKE (Yamada et al., EMNLP 2020) for the browser and the command line: words *and* entities in, with
//! entity-aware self-attention, on WebGPU or the CPU. `ARCHITECTURE.md` has the map.
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod backend;
pub mod checkpoint;
pub mod config;
pub mod dtype;
pub mod error;
pub mod folder;
pub mod heads;
pub mod inputs;
pub mod kernels;
pub mod memory;
pub mod model;
pub mod tasks;
pub mod text;
pub mod weights;

mod luke;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::{LukeError, Result};
pub use luke::{InputSum, Luke, Output, Vocabulary};
