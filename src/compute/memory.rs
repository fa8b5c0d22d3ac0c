//! Memory of a size that a file or a caller names: refused with an error where it cannot be had, instead of ending the program.

use crate::error::{LukeError, Result};

/// Makes sure that `values` can take `count` more without another allocation. `what` is for the error: "for the weights".
///
/// # Errors
/// `out-of-memory`.
pub fn reserve<T>(values: &mut Vec<T>, count: usize, what: &str) -> Result<()> {
    values.try_reserve_exact(count).map_err(|_| LukeError::out_of_memory(what, count as u64, size_of::<T>()))
}

/// An empty vector for `count` values; `what` as in [`reserve`].
///
/// # Errors
/// `out-of-memory`.
pub fn with_capacity<T>(count: usize, what: &str) -> Result<Vec<T>> {
    let mut values = Vec::new();
    reserve(&mut values, count, what)?;
    Ok(values)
}

/// `count` zeros; `what` as in [`reserve`].
///
/// # Errors
/// `out-of-memory`.
pub fn zeros<T: Clone + Default>(count: usize, what: &str) -> Result<Vec<T>> {
    let mut values = with_capacity(count, what)?;
    values.resize(count, T::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_an_error() {
        for count in [usize::MAX, usize::MAX / 4, isize::MAX as usize / 4] {
            let error = zeros::<f32>(count, "for a test").unwrap_err();
            assert_eq!(error.code(), "out-of-memory");
            assert!(error.to_string().contains("for a test"), "{error}");
        }
        assert_eq!(zeros::<f32>(3, "for a test").unwrap(), [0.0; 3]);
    }
}
