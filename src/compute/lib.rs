//! What `luke-web` computes with, apart from the GPU: the CPU's kernels, number formats, and learning, with the error type and the
//! checked allocations that they need. A crate of its own, because the modules of a page compile it for speed and all else for size.
//! `luke-web` has these modules under its own name; nothing else should depend on this crate.
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(feature = "cpu")]
pub mod cpu;
pub mod dtype;
pub mod error;
pub mod learn;
pub mod memory;
pub mod packing;
pub mod plan;
pub mod rows;
