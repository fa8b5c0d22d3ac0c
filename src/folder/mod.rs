//! The model folder: what its manifest says, the check that makes it trustworthy, and where its bytes come from. No IO happens
//! here; a [`Source`] brings the bytes.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod check;
mod file;
pub mod limits;
mod manifest;
mod shapes;
mod source;

#[cfg(test)]
pub(crate) use check::testing;
pub use check::{CheckedFolder, Part, Tensor};
pub use file::{Chunk, FileEntry, hex, sha256_hex};
pub use manifest::{EntityTable, Files, Manifest, SelfTest, TaughtHeadEntry, TensorEntry};
pub use shapes::{TensorNames, TensorRole, TensorSpec, tensor_specs};
pub use source::{MAX_AHEAD, Measured, Pausing, Reading, Source, Verifying, read_verified};
