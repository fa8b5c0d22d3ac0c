//! Memory for weights: a size that does not fit is an error, not a panic or an abort.

use crate::error::{LukeError, Result};

/// An empty vector with capacity for `count` elements; `None` is a count beyond what a machine word holds. `shape` is that of the
/// weight, for the message.
///
/// # Errors
/// `out-of-memory` where the allocator refuses, or the count is `None`.
pub(super) fn reserve<T>(count: Option<usize>, shape: [usize; 2]) -> Result<Vec<T>> {
    let refused = || LukeError::OutOfMemory(format!("for a weight of {} x {}", shape[0], shape[1]));
    let mut memory = Vec::new();
    memory.try_reserve_exact(count.ok_or_else(refused)?).map_err(|_| refused())?;
    Ok(memory)
}

/// `count` zeros; otherwise as [`reserve`].
///
/// # Errors
/// `out-of-memory` where the allocator refuses, or the count is `None`.
#[cfg(any(test, feature = "cpu"))]
pub(super) fn zeros<T: Clone + Default>(count: Option<usize>, shape: [usize; 2]) -> Result<Vec<T>> {
    let mut memory = reserve(count, shape)?;
    memory.resize(count.unwrap_or_default(), T::default());
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_an_error() {
        for count in [None, Some(usize::MAX), Some(usize::MAX / 4)] {
            let error = zeros::<f32>(count, [9, 8]).unwrap_err();
            assert_eq!(
                (error.code(), error.to_string().as_str()),
                ("out-of-memory", "out of memory for a weight of 9 x 8")
            );
        }
        assert_eq!(zeros::<i8>(Some(3), [3, 1]).unwrap(), [0; 3]);
    }
}
