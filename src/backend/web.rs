//! What wgpu and CubeCL leave to be done in browsers.

use std::future::poll_fn;
use std::task::Poll;

use burn_wgpu::wgpu::{Device, DeviceLostReason};
use js_sys::{Function, Object, Reflect, Set};
use wasm_bindgen::prelude::*;

use crate::error::LukeError;

/// Lets the step of a future end that runs in error scopes (`scopes.rs`).
pub async fn turn() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Calls `report` when the device is lost, and for each error that no scope has caught. wgpu sets `onuncapturederror`, which
/// Safari 26 does not have; the event is dispatched there all the same.
pub fn listen(gpu: &Device, report: impl Fn(LukeError) + Clone + Send + 'static) {
    let lost = report.clone();
    gpu.set_device_lost_callback(move |reason, message| {
        // Only this crate destroys a device, after a fault.
        if reason != DeviceLostReason::Destroyed {
            lost(LukeError::DeviceLost(message));
        }
    });
    let Some(target) = gpu.as_webgpu() else { return };
    let handler = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let error = get(&event, "error");
        let message = get(&error, "message").as_string().unwrap_or_default();
        let class = get(&get(&error, "constructor"), "name").as_string();
        report(match class.as_deref() {
            Some("GPUOutOfMemoryError") => LukeError::OutOfMemory(format!("on the GPU: {message}")),
            _ => LukeError::DeviceLost(message),
        });
    });
    let target: &web_sys::EventTarget = target.unchecked_ref();
    let _ = target.add_event_listener_with_callback("uncapturederror", handler.as_ref().unchecked_ref());
    // The device keeps the handler as long as it exists.
    handler.forget();
}

/// Whether the GPU has an instruction for `dot4I8Packed`, by what the browser tells of it.
pub fn has_dot4_instruction(gpu: &Device) -> bool {
    let info = gpu.as_webgpu().map(|gpu| get(gpu.as_ref(), "adapterInfo")).unwrap_or_default();
    let text = |name| get(&info, name).as_string().unwrap_or_default();
    super::dot4::has_instruction(&text("vendor"), &text("architecture"))
}

/// Destroys a device when the event that told its fault is over: Dawn waits for that event within `destroy`, for ever.
pub fn destroy_soon(gpu: &Device) {
    let gpu = gpu.clone();
    let destroy = Closure::once_into_js(move || gpu.destroy());
    let set_timeout: Function = get(&js_sys::global(), "setTimeout").unchecked_into();
    let _ = set_timeout.call2(&JsValue::UNDEFINED, &destroy, &0.into());
}

/// Runs CubeCL's `init`. For an adapter without `timestamp-query` CubeCL takes the time of the system, which the web does not
/// have, and panics. So adapters seem to have the feature while `init` looks at them. Nothing uses it.
pub fn with_timestamps<T>(gpu: &Device, init: impl FnOnce() -> T) -> T {
    const TIMESTAMPS: &str = "timestamp-query";
    let prototype: Object = get(&get(&js_sys::global(), "GPUAdapter"), "prototype").unchecked_into();
    let features = gpu.as_webgpu().map(|gpu| get(gpu.as_ref(), "features"));
    let features = features.filter(|_| !prototype.is_undefined()).map(|features| Set::new(&features));
    let Some(features) = features.filter(|features| !features.has(&TIMESTAMPS.into())) else { return init() };
    features.add(&TIMESTAMPS.into());
    let name = JsValue::from("features");
    let before = Object::get_own_property_descriptor(&prototype, &name);
    let shown = Object::new();
    let _ = Reflect::set(&shown, &"value".into(), &features);
    let _ = Reflect::set(&shown, &"configurable".into(), &JsValue::TRUE);
    Object::define_property(&prototype, &name, &shown);
    let result = init();
    if before.is_undefined() {
        let _ = Reflect::delete_property(&prototype, &name);
    } else {
        Object::define_property(&prototype, &name, before.unchecked_ref());
    }
    result
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}
