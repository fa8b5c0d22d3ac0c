//! Error scopes around the work of a browser's GPU.

use std::pin::Pin;
use std::task::{Context, Poll};

use burn_wgpu::wgpu::ErrorFilter;
use wasm_bindgen_futures::spawn_local;

use super::{gpu, slices};

/// A future whose every step runs in error scopes (WebGPU's `pushErrorScope`) of the device that was opened last: one each for
/// internal errors, lack of memory and validation. An error that they catch becomes a fault of the device; where a step has
/// several, lack of memory counts first. The event `uncapturederror` may come after a result was read; what a scope has caught is
/// known when [`slices::scopes_closed`] ends.
pub struct Scoped<F>(Pin<Box<F>>);

impl<F> Scoped<F> {
    /// The future in error scopes. Without a device it runs without them.
    pub fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let filters = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation];
        let scopes = slices::device().map(|device| filters.map(|filter| device.push_error_scope(filter)));
        let polled = self.0.as_mut().poll(context);
        if let Some([internal, memory, validation]) = scopes {
            let generation = slices::scope_opened();
            let (validation, memory, internal) = (validation.pop(), memory.pop(), internal.pop());
            spawn_local(async move {
                // Where there is no memory for a buffer, each command that uses it is invalid: the cause comes first.
                let errors = [memory.await, internal.await, validation.await];
                if let Some(error) = errors.iter().flatten().next() {
                    gpu::report(gpu::fault(error));
                }
                slices::scope_closed(generation);
            });
        }
        polled
    }
}
