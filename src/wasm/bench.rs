//! `LinearBench` for JavaScript: `tools/gpu` times it (feature `kernel-tests`).

use wasm_bindgen::prelude::*;

use super::js::{JsResult, from_js, js_error};
use crate::backend::{self, DeviceKind};
use crate::kernels::bench;
use crate::tasks;

/// A linear layer and its input on the device; see `kernels::bench`.
#[wasm_bindgen]
pub struct LinearBench(bench::LinearBench);

#[wasm_bindgen]
impl LinearBench {
    /// Makes the layer. `dtype` is how its weight is stored: `f32`, `f16`, `q8` or `q4`. `shader` is as in
    /// [`LinearBench::new`](bench::LinearBench::new).
    ///
    /// # Errors
    /// - `input` if there is no such dtype or shader
    /// - `unsupported` if the device of this build cannot be opened
    /// - `out-of-memory` if there is no memory for the weight
    pub async fn open(rows: usize, k: usize, n: usize, dtype: JsValue, shader: String) -> JsResult<LinearBench> {
        super::console_panics();
        let dtype = tasks::required("dtype", from_js(&dtype, "dtype")?).map_err(js_error)?;
        let opened = backend::open(DeviceKind::DEFAULT).await.map_err(js_error)?;
        bench::LinearBench::new([rows, k, n], dtype, &shader, opened.device()).map(LinearBench).map_err(js_error)
    }

    /// Computes the layer several times, waits for all, and gives one number of the last result.
    pub async fn run(&self, launches: usize) -> f32 {
        self.0.run(launches).await
    }
}
