//! The heads of LUKE: one table of them, and what a model folder says of each.
//!
//! A new head is a variant of [`HeadKind`], its row in the table, and a loader and a forward pass in `model::heads` where it
//! is not one linear layer. The compiler names the places that are missing.
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod spec;
mod table;

pub use spec::{Candidates, ClozeTokens, HeadSpec, NerContext};
pub use table::{HEADS, HeadInfo, HeadKind, HeadLayers, HiddenRows, LayerOutput, LinearLayer, Method, SpanForm};
