//! The device that a model runs on. Only this module opens one. Other code tells devices apart by their [`DeviceKind`]:
//! where a weight is stored (`kernels/weight.rs`), where pipelines are built ahead (`luke/load.rs`), where an error
//! names its cause (`luke/read.rs`), and in the names of devices.

#[cfg(any(test, feature = "webgpu"))]
#[cfg_attr(not(feature = "webgpu"), allow(dead_code))]
mod dot4;
#[cfg(any(test, feature = "webgpu"))]
#[cfg_attr(not(feature = "webgpu"), allow(dead_code))]
mod faults;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(any(test, feature = "webgpu"))]
#[cfg_attr(not(feature = "webgpu"), allow(dead_code))]
mod pace;
#[cfg(all(feature = "webgpu", target_family = "wasm"))]
mod scopes;
#[cfg(feature = "webgpu")]
mod slices;
#[cfg(all(feature = "webgpu", target_family = "wasm"))]
mod web;

use burn::tensor::Device;

use crate::error::{LukeError, Result};

#[cfg(feature = "webgpu")]
pub(crate) use gpu::has_dot4;
#[cfg(feature = "webgpu")]
pub use slices::{Speed, speed};
#[cfg(feature = "webgpu")]
pub(crate) use slices::{dispatch_rows, launched};

/// Measures how fast the GPU is, unless it is known. `work` launches less than a slice of work. A slice is what the GPU gets in
/// one submit: about 40 ms of work, or 1.2 GFLOP before the GPU is known.
///
/// # Errors
/// As [`check`]; `device-lost` also if the device does not answer.
#[cfg(feature = "webgpu")]
pub async fn measure(device: &Device, work: impl FnMut()) -> Result<Speed> {
    slices::measure(work, || drop(device.flush())).await;
    settled(device).await?;
    speed().ok_or_else(|| failed(device, "the GPU completes no work".into()))
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// burn's CPU backend with our SIMD kernels.
    Cpu,
    /// WebGPU (in the browser) or wgpu (natively), with our WGSL kernels.
    Gpu,
}

impl DeviceKind {
    /// The kind that a build uses where none is asked for.
    pub const DEFAULT: Self = if cfg!(feature = "cpu") { Self::Cpu } else { Self::Gpu };

    /// The kind of an open device.
    #[cfg_attr(not(feature = "cpu"), allow(unused_variables))]
    pub fn of(device: &Device) -> Self {
        #[cfg(feature = "cpu")]
        if *device == Device::flex() {
            return Self::Cpu;
        }
        Self::Gpu
    }

    /// The name on the command line. The JavaScript API has other names (`wasm/mod.rs`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }

    /// How many rows (tokens and entities) of several inputs run together, where a row takes `flop_per_row` FLOP. More rows save
    /// little time, and the values between the layers take memory. On the CPU they are 512. On a GPU they are as many as it
    /// computes in about a quarter of a second: at least 1, at most 2,048, and fewer after its memory was too small.
    #[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
    pub fn batch_rows(self, flop_per_row: f64) -> usize {
        match self {
            Self::Cpu => 512,
            #[cfg(feature = "webgpu")]
            Self::Gpu => slices::pass_rows(flop_per_row),
            #[cfg(not(feature = "webgpu"))]
            Self::Gpu => 512,
        }
    }
}

/// An open device. [`check`] knows its faults as long as this value exists; a model keeps it. A GPU is destroyed with the last
/// such value, which gives its memory back.
pub struct OpenDevice {
    device: Device,
    #[cfg(feature = "webgpu")]
    faults: Option<std::sync::Arc<faults::Faults>>,
}

#[cfg(feature = "webgpu")]
impl Drop for OpenDevice {
    fn drop(&mut self) {
        if let Some(faults) = &self.faults {
            gpu::release(faults);
        }
    }
}

impl OpenDevice {
    /// The device, for tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// Opens a device. Models on a GPU share it, until it fails.
///
/// # Errors
/// `unsupported` if this build has no device of the kind, or if the system has no GPU that can be used.
pub async fn open(kind: DeviceKind) -> Result<OpenDevice> {
    match kind {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => Ok(OpenDevice {
            device: Device::flex(),
            #[cfg(feature = "webgpu")]
            faults: None,
        }),
        #[cfg(feature = "webgpu")]
        DeviceKind::Gpu => gpu::open().await.map(|(device, faults)| OpenDevice { device, faults: Some(faults) }),
        #[allow(unreachable_patterns)]
        _ => {
            let (missing, there) = match kind {
                DeviceKind::Cpu => ("cpu", "gpu"),
                DeviceKind::Gpu => ("webgpu", "cpu"),
            };
            let device = kind.name();
            let reason =
                format!("this build has no device '{device}'. Build it with --features {missing}, or take '{there}'");
            Err(LukeError::Unsupported(reason))
        }
    }
}

/// Sends the device what waits for it in main memory.
///
/// # Errors
/// `device-lost` or `out-of-memory`, the first fault of the device.
pub fn flush(device: &Device) -> Result<()> {
    device.flush().map_err(|error| failed(device, error.to_string()))?;
    #[cfg(feature = "webgpu")]
    slices::submitted();
    check(device)
}

/// Waits while the GPU has as much work as it should have at once. Returns whether it had to wait.
pub async fn ready() -> bool {
    #[cfg(feature = "webgpu")]
    return slices::ready().await;
    #[cfg(not(feature = "webgpu"))]
    false
}

/// Waits until all errors are known of what was done so far in [`scoped`] futures.
///
/// # Errors
/// As [`check`].
pub async fn settled(device: &Device) -> Result<()> {
    #[cfg(feature = "webgpu")]
    slices::scopes_closed().await;
    check(device)
}

/// Runs work so that [`settled`] finds every error of the device in it.
pub async fn scoped<F: Future>(work: F) -> F::Output {
    #[cfg(all(feature = "webgpu", target_family = "wasm"))]
    return scopes::Scoped::new(work).await;
    #[cfg(not(all(feature = "webgpu", target_family = "wasm")))]
    work.await
}

/// Fails if the device has reported a fault since it was opened: results that are read after a fault cannot be trusted. Does not
/// wait for faults that are not reported yet; [`settled`] waits for those of [`scoped`] work. Knows the faults of a device only
/// while there is an [`OpenDevice`] of it. The CPU has no faults.
///
/// # Errors
/// `device-lost` or `out-of-memory`, the first fault that the device reported.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
pub fn check(device: &Device) -> Result<()> {
    #[cfg(feature = "webgpu")]
    gpu::check(device)?;
    Ok(())
}

/// The error for a device from which a result could not be read: the first fault that it reported, or `device-lost`
/// with `reason` if it reported none. New models do not use the device any more.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
pub fn failed(device: &Device, reason: String) -> LukeError {
    #[cfg(feature = "webgpu")]
    return gpu::failed(device, LukeError::DeviceLost(reason));
    #[cfg(not(feature = "webgpu"))]
    LukeError::DeviceLost(reason)
}
