//! The GPU, opened by ourselves so that what it reports reaches the call that is running: CubeCL's own handler panics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use burn_wgpu::wgpu::{
    self, DeviceDescriptor, Error, ExperimentalFeatures, Features, Instance, InstanceDescriptor, MemoryHints,
    PowerPreference, RequestAdapterOptions, WgslLanguageFeatures,
};
use burn_wgpu::{MemoryConfiguration, WgpuSetup};

use super::faults::{Devices, Faults};
use super::slices;
use crate::error::{LukeError, Result};

/// Dispatches after which CubeCL submits by itself: more than a slice has.
const TASKS: usize = 64;

static DEVICES: Mutex<Devices<Device>> = Mutex::new(Devices::new());

static DOT4: AtomicBool = AtomicBool::new(false);

/// Whether WGSL has `dot4I8Packed` here, and the GPU an instruction for it.
pub(crate) fn has_dot4() -> bool {
    DOT4.load(Ordering::Relaxed)
}

/// The device, a new one where there is none or the last one failed.
///
/// # Errors
/// `unsupported` where the system has no GPU that can be used.
pub async fn open() -> Result<(Device, Arc<Faults>)> {
    if let Some(usable) = devices(|all| all.usable()) {
        return Ok(usable);
    }
    let setup = request().await.map_err(|reason| LukeError::Unsupported(format!("WebGPU: {reason}")))?;
    let (gpu, queue) = (setup.device.clone(), setup.queue.clone());
    // WebGPU refuses a buffer that a shader both reads and writes, so tensors must not share one: a browser's default,
    // not a native one.
    let memory = MemoryConfiguration::ExclusivePages;
    let init = || Device::wgpu_options().setup(setup).tasks_max(TASKS).memory_config(memory).init();
    #[cfg(target_family = "wasm")]
    let device = super::web::with_timestamps(&gpu, init);
    #[cfg(not(target_family = "wasm"))]
    let device = init();
    let device = device.map_err(|error| LukeError::Unsupported(format!("WebGPU: {error}")))?;
    let destroyed = gpu.clone();
    let faults = Faults::new(move || {
        slices::end(&destroyed);
        #[cfg(target_family = "wasm")]
        super::web::destroy_soon(&destroyed);
        #[cfg(not(target_family = "wasm"))]
        destroyed.destroy();
    });
    listen(&gpu, &faults);
    slices::begin(&gpu, &queue, devices(|all| all.last_fault()).as_ref());
    devices(|all| all.replace(device.clone(), faults.clone()));
    // Error scopes (`scopes.rs`) begin when the call goes on.
    #[cfg(target_family = "wasm")]
    super::web::turn().await;
    Ok((device, faults))
}

/// Destroys a device that no other model uses.
pub fn release(faults: &Arc<Faults>) {
    if devices(|all| all.release(faults)) {
        faults.destroy();
    }
}

/// Hears what the device reports. This takes the place of CubeCL's own handler, which panics.
fn listen(gpu: &wgpu::Device, faults: &Arc<Faults>) {
    let weak = Arc::downgrade(faults);
    let report = move |error| {
        if let Some(faults) = weak.upgrade() {
            faults.report(error);
        }
    };
    #[cfg(target_family = "wasm")]
    super::web::listen(gpu, report.clone());
    gpu.on_uncaptured_error(Arc::new(move |error: Error| report(fault(&error))));
}

/// What an error of the device means for what runs on it.
pub fn fault(error: &Error) -> LukeError {
    match error {
        Error::OutOfMemory { .. } => LukeError::OutOfMemory(format!("on the GPU: {error}")),
        _ => LukeError::DeviceLost(error.to_string()),
    }
}

async fn request() -> std::result::Result<WgpuSetup, String> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let options = RequestAdapterOptions { power_preference: PowerPreference::HighPerformance, ..Default::default() };
    let adapter = instance.request_adapter(&options).await.map_err(|error| error.to_string())?;
    let stable = adapter.features() - Features::all_experimental_mask() - Features::MAPPABLE_PRIMARY_BUFFERS;
    let descriptor = DeviceDescriptor {
        required_features: stable,
        required_limits: adapter.limits(),
        memory_hints: MemoryHints::MemoryUsage,
        experimental_features: ExperimentalFeatures::disabled(),
        ..Default::default()
    };
    let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| error.to_string())?;
    let backend = adapter.get_info().backend;
    #[cfg(target_family = "wasm")]
    let has_instruction = super::web::has_dot4_instruction(&device);
    #[cfg(not(target_family = "wasm"))]
    let has_instruction = backend != wgpu::Backend::Metal;
    let in_wgsl = instance.wgsl_language_features().contains(WgslLanguageFeatures::Packed4x8IntegerDotProduct);
    DOT4.store(in_wgsl && has_instruction, Ordering::Relaxed);
    Ok(WgpuSetup { instance, adapter, device, queue, backend })
}

/// See [`super::check`].
///
/// # Errors
/// The first fault that the device reported.
pub fn check(device: &Device) -> Result<()> {
    let fault = devices(|all| all.faults(device)).and_then(|faults| faults.first().cloned());
    fault.map_or(Ok(()), Err)
}

/// Marks the device that was opened last as failed.
#[cfg(target_family = "wasm")]
pub fn report(error: LukeError) {
    if let Some((_, faults)) = devices(|all| all.usable()) {
        faults.report(error);
    }
}

/// See [`super::failed`]: marks the device with `error` where it has not reported a fault before.
pub fn failed(device: &Device, error: LukeError) -> LukeError {
    match devices(|all| all.faults(device)) {
        Some(faults) => faults.report(error).clone(),
        None => error,
    }
}

fn devices<T>(with: impl FnOnce(&mut Devices<Device>) -> T) -> T {
    with(&mut DEVICES.lock().unwrap_or_else(PoisonError::into_inner))
}
