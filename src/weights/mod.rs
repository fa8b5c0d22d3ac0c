//! Tensors and rows by name, taken from the files of a model folder.

mod rows;
mod store;

pub use rows::{EntityRows, PagedRows, RowTable, rows_q8};
pub use store::WeightStore;
