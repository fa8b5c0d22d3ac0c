//! The files of a model, read by JavaScript, and the pauses of its calls.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Promise, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::call::During;
use super::js::{JsResult, to_js};
use crate::backend;
use crate::error::LukeError;
use crate::folder::{FileEntry, Measured, Pausing, Reading, Source, Verifying, hex};
use crate::memory;

thread_local! {
    /// What JavaScript gave for the call that runs now.
    static CALL: RefCell<JsValue> = const { RefCell::new(JsValue::UNDEFINED) };
}

/// A call or a load, as the machinery of promises knows it.
type Work = Pin<Box<dyn Future<Output = JsResult<JsValue>>>>;

/// Runs a call or a load as a promise, which gives what `work` gives, and rejects with its error. The host gets `call` at each read and
/// pause; it is undefined for a load. All of them have one type, because each type of future brings its own copy of the machinery of promises into the module.
pub fn promise(call: JsValue, work: impl Future<Output = JsResult<JsValue>> + 'static) -> Promise {
    let work: Work = Box::pin(work);
    future_to_promise(During::new(&CALL, call, backend::scoped(work)))
}

fn current_call() -> JsValue {
    CALL.with_borrow(JsValue::clone)
}

#[wasm_bindgen]
extern "C" {
    /// What the page does for a model; see `loadModel`.
    pub type Host;

    #[wasm_bindgen(method, catch)]
    fn read(
        this: &Host,
        file: &JsValue,
        ahead: &Array,
        again: bool,
        write: &JsValue,
        call: &JsValue,
    ) -> JsResult<JsValue>;

    #[wasm_bindgen(method, catch)]
    fn pause(this: &Host, call: &JsValue) -> JsResult<JsValue>;

    #[wasm_bindgen(method, catch)]
    fn measured(this: &Host, flops: f64, round_trip_ms: f64, flop_per_row: f64, quantized: bool) -> JsResult<()>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn digest(algorithm: &str, data: &Uint8Array) -> JsResult<Promise>;
}

/// Files from the page's side.
pub struct JsSource(SendWrapper<Host>);

impl JsSource {
    /// From the page's host.
    pub fn new(host: Host) -> Arc<Self> {
        Arc::new(Self(SendWrapper::new(host)))
    }
}

impl Source for JsSource {
    /// Pieces come straight into our memory: JavaScript would keep each file that it has held until it next tidies up.
    fn read<'a>(
        &'a self,
        file: &'a FileEntry,
        ahead: &'a [&'a FileEntry],
        again: bool,
        mut buffer: Vec<u8>,
    ) -> Reading<'a> {
        Box::pin(async move {
            // The JavaScript side keeps the exact reason of a failure (`ModelFiles.takeFailure`).
            let failed = |_| LukeError::Network { file: file.path.clone(), reason: "could not be read".into() };
            buffer.clear();
            memory::reserve(&mut buffer, file.bytes, &format!("for {}", file.path))?;
            let bytes = Rc::new(RefCell::new(buffer));
            let to = bytes.clone();
            let write = Closure::<dyn FnMut(Uint8Array)>::new(move |piece: Uint8Array| {
                let (mut to, length) = (to.borrow_mut(), piece.length() as usize);
                let start = to.len();
                to.resize(start + length, 0);
                if let Some(rest) = to.get_mut(start..) {
                    piece.copy_to(rest);
                }
            });
            let entry = |file: &FileEntry| to_js(file).map_err(failed);
            let next = Array::new();
            for file in ahead {
                next.push(&entry(file)?);
            }
            let reading = self.0.read(&entry(file)?, &next, again, write.as_ref(), &current_call());
            JsFuture::from(Promise::resolve(&reading.map_err(failed)?)).await.map_err(failed)?;
            Ok(bytes.take())
        })
    }

    /// Computes the SHA-256 with `crypto.subtle`, which is several times faster than this crate. Pages that are not
    /// served securely do not have it; then this crate computes it.
    fn verify<'a>(&'a self, file: &'a FileEntry, bytes: &'a [u8]) -> Verifying<'a> {
        Box::pin(async move {
            // `crypto.subtle` refuses a view of shared memory, so the bytes are copied.
            #[cfg(feature = "threads")]
            let view = || Uint8Array::from(bytes);
            // SAFETY: the bytes are copied before the call returns.
            #[cfg(not(feature = "threads"))]
            let view = || unsafe { Uint8Array::view(bytes) };
            let digest = file.sha256.as_ref().and_then(|_| digest("SHA-256", &view()).ok());
            match digest {
                Some(promise) => match JsFuture::from(promise).await {
                    Ok(digest) => file.verify_by(bytes, &hex(&Uint8Array::new(&digest).to_vec())),
                    Err(_) => file.verify(bytes),
                },
                None => file.verify(bytes),
            }
        })
    }

    fn measured(&self, Measured { flops, round_trip, flop_per_row, quantized }: Measured) -> Result<(), LukeError> {
        let refused = |_| LukeError::Unsupported("WebGPU: the page does not want this GPU".into());
        self.0.measured(flops, round_trip.as_secs_f64() * 1e3, flop_per_row, quantized).map_err(refused)
    }

    fn pause(&self) -> Pausing<'_> {
        Box::pin(async {
            let aborted = |_| LukeError::Aborted;
            let pausing = self.0.pause(&current_call()).map_err(aborted)?;
            if !pausing.is_undefined() {
                JsFuture::from(Promise::resolve(&pausing)).await.map_err(aborted)?;
            }
            Ok(())
        })
    }
}
