//! Tensors and rows by name, taken from the files of a model folder. Every number that comes out of here is finite.
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

mod paged;
mod store;

pub use paged::{EntityRows, PagedRows};
pub use store::WeightStore;

pub use luke_compute::rows::{RowTable, rows_q8};

use crate::dtype::DType;
use crate::error::{LukeError, Result};

/// Refuses rows of `columns` numbers, stored in this way, if one of the numbers is NaN or infinite. `name` is their tensor,
/// and `first` is the first of the rows in it.
fn check_finite(name: &str, dtype: DType, bytes: &[u8], columns: usize, first: usize) -> Result<()> {
    match dtype.not_finite(bytes, columns) {
        None => Ok(()),
        Some(row) => {
            let row = first.saturating_add(row);
            Err(LukeError::format(name, format!("row {row} has a number that is not finite (NaN or infinite)")))
        }
    }
}
