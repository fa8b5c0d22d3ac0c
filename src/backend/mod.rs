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
#[cfg(all(feature = "webgpu", target_family = "wasm"))]
mod web;

use burn::tensor::Device;

use crate::error::{LukeError, Result};

#[cfg(feature = "webgpu")]
pub(crate) use gpu::has_dot4;

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

    /// How many rows (tokens and entities) of several inputs run together. More rows save little time, and the values
    /// between the layers take memory.
    pub fn batch_rows(self) -> usize {
        match self {
            Self::Cpu => 512,
            Self::Gpu => 2048,
        }
    }
}

/// An open device. [`check`] knows its faults as long as a clone of this value exists; a model keeps one.
#[derive(Clone)]
pub struct OpenDevice {
    device: Device,
    #[cfg(feature = "webgpu")]
    _faults: Option<std::sync::Arc<faults::Faults>>,
}

impl OpenDevice {
    /// The device, for tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// Opens a device. A GPU is opened once and shared after that, until it fails.
///
/// # Errors
/// `unsupported` if this build has no device of the kind, or if the system has no GPU that can be used.
pub async fn open(kind: DeviceKind) -> Result<OpenDevice> {
    match kind {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => Ok(OpenDevice {
            device: Device::flex(),
            #[cfg(feature = "webgpu")]
            _faults: None,
        }),
        #[cfg(feature = "webgpu")]
        DeviceKind::Gpu => gpu::open().await.map(|(device, faults)| OpenDevice { device, _faults: Some(faults) }),
        #[allow(unreachable_patterns)]
        _ => Err(LukeError::Unsupported(format!("this build has no device '{}'", kind.name()))),
    }
}

/// Sends the device what waits for it in main memory.
///
/// # Errors
/// `device-lost` or `out-of-memory`, the first fault of the device.
pub fn flush(device: &Device) -> Result<()> {
    device.flush().map_err(|error| failed(device, error.to_string()))?;
    check(device)
}

/// Fails if the device has reported a fault since it was opened: results that are read after a fault cannot be trusted.
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
