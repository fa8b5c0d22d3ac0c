//! The GPU, opened by ourselves so that what it reports reaches the call that is running: CubeCL's own handler panics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::tensor::Device;
use burn_wgpu::wgpu::{
    DeviceDescriptor, Error, ExperimentalFeatures, Features, Instance, InstanceDescriptor, MemoryHints,
    PowerPreference, RequestAdapterOptions, WgslLanguageFeatures,
};
use burn_wgpu::{MemoryConfiguration, WgpuSetup};

use crate::error::{LukeError, Result};

/// Dispatches of a forward pass that are submitted together: more than any model has.
const TASKS: usize = 4096;

struct Opened {
    device: Device,
    /// The first thing that went wrong.
    fault: Arc<OnceLock<LukeError>>,
}

/// Every device so far; all but the last have failed.
static OPENED: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

static DOT4: AtomicBool = AtomicBool::new(false);

/// Whether WGSL has `dot4I8Packed` here.
pub(crate) fn has_dot4() -> bool {
    DOT4.load(Ordering::Relaxed)
}

/// The device, a new one where there is none or the last one failed.
pub async fn open() -> Result<Device> {
    let last = opened(|all| all.last().filter(|last| last.fault.get().is_none()).map(|last| last.device.clone()));
    if let Some(device) = last {
        return Ok(device);
    }
    let setup = request().await.map_err(|reason| LukeError::Unsupported(format!("WebGPU: {reason}")))?;
    let (gpu, fault) = (setup.device.clone(), Arc::new(OnceLock::new()));
    // A buffer that one shader both reads and writes is refused, so tensors share none: a browser's default, not a native one.
    let memory = MemoryConfiguration::ExclusivePages;
    let device = Device::wgpu_options().setup(setup).tasks_max(TASKS).memory_config(memory).init();
    let device = device.map_err(|error| LukeError::Unsupported(format!("WebGPU: {error}")))?;
    let reported = fault.clone();
    gpu.on_uncaptured_error(Arc::new(move |error| {
        let reason = error.to_string();
        let _ = reported.set(match error {
            Error::OutOfMemory { .. } => LukeError::OutOfMemory(format!("on the GPU: {reason}")),
            _ => LukeError::DeviceLost(reason),
        });
    }));
    opened(|all| all.push(Opened { device: device.clone(), fault }));
    Ok(device)
}

async fn request() -> std::result::Result<WgpuSetup, String> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    DOT4.store(
        instance.wgsl_language_features().contains(WgslLanguageFeatures::Packed4x8IntegerDotProduct),
        Ordering::Relaxed,
    );
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
    Ok(WgpuSetup { instance, adapter, device, queue, backend })
}

/// See [`super::check`].
pub fn check(device: &Device) -> Result<()> {
    let fault = opened(|all| all.iter().find(|one| one.device == *device).and_then(|one| one.fault.get().cloned()));
    fault.map_or(Ok(()), Err)
}

/// See [`super::failed`]; what the device reported before tells more than `error`.
pub fn failed(device: &Device, error: LukeError) -> LukeError {
    opened(|all| match all.iter().find(|one| one.device == *device) {
        Some(one) => one.fault.get_or_init(|| error).clone(),
        None => error,
    })
}

fn opened<T>(with: impl FnOnce(&mut Vec<Opened>) -> T) -> T {
    with(&mut OPENED.lock().unwrap_or_else(PoisonError::into_inner))
}
