//! Checkpoints as Hugging Face and others save them: which tensors there are, which heads, which tokenizer. No IO
//! happens here: `luke convert` and the browser read the files and show them.

mod header;
mod heads;
mod manifest;
mod plan;
mod tokenizer;

pub use header::{Stored, header_bytes, read_header, shards};
pub use heads::{HeadChoice, HeadPlan, plan_heads};
pub use manifest::{About, RawCheckpoint};
pub use plan::{ENTITY_TABLE, Planned, Rows, WORD_TABLE, plan};
pub use tokenizer::{add_special_tokens, token_id, tokenizer_json};

use crate::error::{LukeError, Result};

/// Gives the bytes of a small file of the checkpoint, or nothing where there is no such file.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>>;

/// A JSON file of the checkpoint.
fn json<T: serde::de::DeserializeOwned>(files: Lookup, name: &str) -> Result<Option<T>> {
    let Some(bytes) = files(name)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| LukeError::format(name, error.to_string()))
}
