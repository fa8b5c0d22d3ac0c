//! The threads of the module that has them.

use wasm_bindgen::prelude::*;

use super::js::JsResult;

/// What a thread of the pool starts with: the compiled module and the shared memory, for the module's `initSync`, and `lost`, the
/// address in that memory where the thread's script stores 1 (an i32) when the thread has trapped.
#[wasm_bindgen(js_name = threadStart)]
pub fn thread_start() -> JsResult<JsValue> {
    let start = js_sys::Object::new();
    js_sys::Reflect::set(&start, &"module".into(), &wasm_bindgen::module())?;
    js_sys::Reflect::set(&start, &"memory".into(), &wasm_bindgen::memory())?;
    js_sys::Reflect::set(&start, &"lost".into(), &crate::kernels::threads::lost_flag().into())?;
    Ok(start.into())
}

/// Gives the thread that calls this to the pool. It comes back only by a trap.
#[wasm_bindgen(js_name = threadRun)]
pub fn thread_run() {
    crate::kernels::threads::join();
}
