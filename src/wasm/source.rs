//! The files of a model, read by JavaScript.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js::{JsResult, to_js};
use crate::error::LukeError;
use crate::folder::{FileEntry, Reading, Source, Verifying, hex};
use crate::memory;

/// Files that a function of JavaScript reads.
pub struct JsSource(SendWrapper<js_sys::Function>);

impl JsSource {
    /// Makes a source from the `read` function of [`load_model`](super::load_model).
    pub fn new(read: js_sys::Function) -> Arc<Self> {
        Arc::new(Self(SendWrapper::new(read)))
    }
}

impl Source for JsSource {
    /// Copies each piece into wasm memory at once: JavaScript would keep the memory of whole files until its next
    /// garbage collection.
    fn read<'a>(&'a self, file: &'a FileEntry, next: Option<&'a FileEntry>, mut buffer: Vec<u8>) -> Reading<'a> {
        Box::pin(async move {
            // The JavaScript side keeps the exact reason of a failure (`ModelFiles.takeFailure`).
            let failed = |_| LukeError::Network { file: file.path.clone(), reason: "could not be read".into() };
            buffer.clear();
            memory::reserve(&mut buffer, file.bytes, &format!("for {}", file.path))?;
            let bytes = Rc::new(RefCell::new(buffer));
            let to = bytes.clone();
            let write = Closure::<dyn FnMut(js_sys::Uint8Array)>::new(move |piece: js_sys::Uint8Array| {
                let (mut to, length) = (to.borrow_mut(), piece.length() as usize);
                let start = to.len();
                to.resize(start + length, 0);
                if let Some(rest) = to.get_mut(start..) {
                    piece.copy_to(rest);
                }
            });
            let entry = |file: &FileEntry| to_js(file).map_err(failed);
            let next = next.map_or(Ok(JsValue::UNDEFINED), entry)?;
            let promise = self.0.call3(&JsValue::NULL, &entry(file)?, &next, write.as_ref());
            JsFuture::from(js_sys::Promise::from(promise.map_err(failed)?)).await.map_err(failed)?;
            Ok(bytes.take())
        })
    }

    /// Computes the SHA-256 with `crypto.subtle`, which is several times faster than this crate. Pages that are not
    /// served securely do not have it; then this crate computes it.
    fn verify<'a>(&'a self, file: &'a FileEntry, bytes: &'a [u8]) -> Verifying<'a> {
        Box::pin(async move {
            // `crypto.subtle` refuses a view of shared memory, so the bytes are copied.
            #[cfg(feature = "threads")]
            let view = || js_sys::Uint8Array::from(bytes);
            // SAFETY: the bytes are copied before the call returns.
            #[cfg(not(feature = "threads"))]
            let view = || unsafe { js_sys::Uint8Array::view(bytes) };
            let digest = file.sha256.as_ref().and_then(|_| digest("SHA-256", &view()).ok());
            match digest {
                Some(promise) => match JsFuture::from(promise).await {
                    Ok(digest) => file.verify_by(bytes, &hex(&js_sys::Uint8Array::new(&digest).to_vec())),
                    Err(_) => file.verify(bytes),
                },
                None => file.verify(bytes),
            }
        })
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn digest(algorithm: &str, data: &js_sys::Uint8Array) -> JsResult<js_sys::Promise>;
}
