//! How `luke convert` reads pickles. The files of the program use each other as `super::` and `crate::folder`.
#![allow(dead_code)]

#[path = "../../src/bin/luke/convert/pickle.rs"]
pub mod pickle;
#[path = "../../src/bin/luke/convert/tensors.rs"]
pub mod tensors;
