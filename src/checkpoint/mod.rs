//! Checkpoints as Hugging Face and others save them: which tensors there are, and which heads. No IO
//! happens here: `luke convert` and the browser read the files and show them.
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
mod header;
mod heads;
pub mod limits;
mod manifest;
mod names;
mod plan;
mod shards;

pub use check::check_tensors;
pub use header::{Stored, header_bytes, read_header};
pub use heads::{HeadChoice, HeadPlan, plan_heads};
pub use manifest::{About, RawCheckpoint};
pub use names::{leave_out, unwrapped};
pub use plan::{ENTITY_TABLE, Planned, Rows, WORD_TABLE, plan};

pub use shards::{INDEX, of_index, shards};

pub use crate::text::Lookup;

use crate::error::{LukeError, Result};
use crate::text::json_file;

/// A JSON file of the checkpoint that is small in every checkpoint.
fn json<T: serde::de::DeserializeOwned>(files: Lookup, name: &str) -> Result<Option<T>> {
    let bounded = |name: &str| match files(name)? {
        Some(bytes) if bytes.len() > limits::MAX_JSON_BYTES => {
            let reason = format!("has {} bytes, more than {}", bytes.len(), limits::MAX_JSON_BYTES);
            Err(LukeError::format(name, reason))
        }
        bytes => Ok(bytes),
    };
    json_file(&bounded, name)
}
