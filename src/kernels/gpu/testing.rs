//! Lets the tests run the shaders of a GPU on an adapter that is a CPU.

use std::sync::atomic::{AtomicBool, Ordering};

static COUNTS_AS_GPU: AtomicBool = AtomicBool::new(false);

/// Sets whether an adapter that is a CPU counts as a GPU.
pub fn count_as_gpu(on: bool) {
    COUNTS_AS_GPU.store(on, Ordering::Relaxed);
}

/// See [`count_as_gpu`].
pub fn counts_as_gpu() -> bool {
    COUNTS_AS_GPU.load(Ordering::Relaxed)
}
