//! The threads of the module that has them.

use wasm_bindgen::prelude::*;

use super::js::JsResult;

/// What a thread of the pool starts with: the compiled module and the memory that all share, for the module's `initSync`.
#[wasm_bindgen(js_name = threadStart)]
pub fn thread_start() -> JsResult<JsValue> {
    let start = js_sys::Object::new();
    js_sys::Reflect::set(&start, &"module".into(), &wasm_bindgen::module())?;
    js_sys::Reflect::set(&start, &"memory".into(), &wasm_bindgen::memory())?;
    Ok(start.into())
}

/// Gives the thread that calls this to the pool: it comes back only by a trap, of which [`thread_failed`] must then tell.
#[wasm_bindgen(js_name = threadRun)]
pub fn thread_run() {
    crate::kernels::pool::join();
}

/// Ends the call that waits for this thread, which has trapped.
#[wasm_bindgen(js_name = threadFailed)]
pub fn thread_failed() {
    crate::kernels::pool::fail();
}
