//! Lets the tests run the shaders of a GPU on an adapter that is a CPU, and those of a GPU without `dot4I8Packed`.

use std::sync::atomic::{AtomicBool, Ordering};

static COUNTS_AS_GPU: AtomicBool = AtomicBool::new(false);
static IS_WITHOUT_DOT4: AtomicBool = AtomicBool::new(false);

/// Sets whether an adapter that is a CPU counts as a GPU.
pub fn count_as_gpu(on: bool) {
    COUNTS_AS_GPU.store(on, Ordering::Relaxed);
}

/// See [`count_as_gpu`].
pub fn counts_as_gpu() -> bool {
    COUNTS_AS_GPU.load(Ordering::Relaxed)
}

/// Sets whether the adapter counts as one without `dot4I8Packed`.
pub fn without_dot4(on: bool) {
    IS_WITHOUT_DOT4.store(on, Ordering::Relaxed);
}

/// See [`without_dot4`].
pub fn is_without_dot4() -> bool {
    IS_WITHOUT_DOT4.load(Ordering::Relaxed)
}
