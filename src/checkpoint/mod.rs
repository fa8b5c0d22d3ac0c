//! Checkpoints as Hugging Face and others save them: which tensors there are, and which heads. No IO
//! happens here: `luke convert` and the browser read the files and show them.

mod header;
mod heads;
mod manifest;
mod plan;

pub use header::{Stored, header_bytes, read_header, shards};
pub use heads::{HeadChoice, HeadPlan, TASKS, UNLABELLED, plan_heads};
pub use manifest::{About, RawCheckpoint};
pub use plan::{ENTITY_TABLE, Planned, Rows, WORD_TABLE, plan};

pub use crate::text::Lookup;
