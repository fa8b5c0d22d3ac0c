//! LUKE (Yamada et al., EMNLP 2020): a transformer that reads words and entities together, in the browser and natively, on
//! WebGPU or the CPU. `ARCHITECTURE.md` has the map.
//!
//! [`Luke`] is a loaded model; its methods are the tasks. In the browser the npm package `luke-web` wraps it. Natively:
//!
//! ```
//! use luke_web::backend::DeviceKind;
//! use luke_web::directory;
//! use luke_web::tasks::ner::{NerInput, NerOptions, NerResult};
//!
//! # fn main() -> luke_web::Result<()> {
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/luke-mini-en");
//! let luke = pollster::block_on(directory::load(folder, DeviceKind::Cpu, true))?;
//! let input = NerInput::Text("Ada Lovelace was born in London.".into());
//! let found = pollster::block_on(luke.ner(&input, &NerOptions::default()))?;
//! let NerResult::One(found) = found else { unreachable!("one text has one list of entities") };
//! let named: Vec<_> = found.entities.iter().map(|entity| (entity.text.as_str(), entity.label.as_str())).collect();
//! assert_eq!(named, [("Ada Lovelace", "PER"), ("London", "LOC")]);
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod backend;
pub mod checkpoint;
pub mod config;
#[cfg(not(target_arch = "wasm32"))]
pub mod directory;
pub mod file_start;
pub mod folder;
pub mod heads;
pub mod inputs;
pub mod kernels;
pub mod model;
pub mod tasks;
pub mod taught;
pub mod text;
pub mod weights;

mod luke;
#[cfg(target_arch = "wasm32")]
mod wasm;
// The file of `wasm` that knows no JavaScript, for its tests.
#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "wasm/call.rs"]
mod wasm_call;

pub use error::{LukeError, Result};
pub use luke::{AddedHead, InputSum, Luke, Output, OutputName, Vocabulary};
pub use luke_compute::{dtype, error, learn, memory};
