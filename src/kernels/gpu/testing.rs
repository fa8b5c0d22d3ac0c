//! Lets the tests run the shaders of a real GPU on an adapter that is a CPU.

use std::sync::atomic::{AtomicBool, Ordering};

static AS_REAL_GPU: AtomicBool = AtomicBool::new(false);

/// Whether the adapter counts as a GPU whatever it is.
pub fn set_as_real_gpu(on: bool) {
    AS_REAL_GPU.store(on, Ordering::Relaxed);
}

/// See [`set_as_real_gpu`].
pub fn as_real_gpu() -> bool {
    AS_REAL_GPU.load(Ordering::Relaxed)
}
