//! Tensors and rows by name, taken from the files of a model folder.

mod rows;
mod store;

pub use rows::{EntityRows, PagedRows, RowTable, rows_q8};
pub use store::WeightStore;
// The kernels' own imports; they go with that room's move.
pub use crate::dtype::{DType, Integers, split_q8};
