//! The threads of the module `threads`.

use wasm_bindgen::prelude::*;

use super::js::JsResult;

/// The values that a thread of the pool starts with: `module` (the compiled module) and `memory` (the shared memory),
/// for the module's `initSync`, and `lost`. This is the address in that memory where the script of the thread stores 1
/// (an i32) when the thread has trapped.
///
/// # Errors
/// None in practice: a new object takes every property.
#[wasm_bindgen(js_name = threadStart)]
pub fn thread_start() -> JsResult<JsValue> {
    let start = js_sys::Object::new();
    js_sys::Reflect::set(&start, &"module".into(), &wasm_bindgen::module())?;
    js_sys::Reflect::set(&start, &"memory".into(), &wasm_bindgen::memory())?;
    js_sys::Reflect::set(&start, &"lost".into(), &crate::kernels::threads::lost_flag().into())?;
    Ok(start.into())
}

/// Gives the calling thread to the pool. It returns only by a trap.
#[wasm_bindgen(js_name = threadRun)]
pub fn thread_run() {
    crate::kernels::threads::join();
}
