//! The heads of LUKE: one table of them, and what a model folder says of each.
//!
//! A new head needs a variant of [`HeadKind`] and its row in [`HEADS`]. A head that is not one linear layer also needs
//! a variant of [`HeadLayers`], its tensors in `folder::shapes`, a loader in `model::heads` and a forward pass in
//! `Luke::run`. The compiler names these places.
//!
//! A new method of the API needs a variant of [`Method`]. Add it to [`Method::ALL`] too: the compiler does not ask for
//! that, but a unit test does. `pkg/test/rust.test.ts` compares the names and structs with the types in `pkg/src`.
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod spec;
mod table;

pub use spec::{Candidates, Capitals, ClozeTokens, HeadSpec, NerContext};
pub use table::{HEADS, HeadInfo, HeadKind, HeadLayers, HiddenRows, LayerOutput, LinearLayer, Method, SpanForm};
