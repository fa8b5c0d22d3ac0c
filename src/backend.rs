//! The device the model runs on: the only place that names one.

#[cfg(feature = "webgpu")]
mod gpu;

use burn::tensor::Device;

use crate::error::{LukeError, Result};

#[cfg(feature = "webgpu")]
pub(crate) use gpu::has_dot4;

/// Which device to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// burn's CPU backend with our SIMD kernels.
    Cpu,
    /// WebGPU (in the browser) or wgpu (natively), with our WGSL kernels.
    Gpu,
}

impl DeviceKind {
    /// The device of a build that has just one.
    pub const DEFAULT: Self = if cfg!(feature = "cpu") { Self::Cpu } else { Self::Gpu };

    /// The name the JavaScript API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "wasm",
            Self::Gpu => "webgpu",
        }
    }
}

/// Opens a device. A GPU is opened once and shared after that, until it fails.
pub async fn open(kind: DeviceKind) -> Result<Device> {
    match kind {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => Ok(Device::flex()),
        #[cfg(feature = "webgpu")]
        DeviceKind::Gpu => gpu::open().await,
        #[allow(unreachable_patterns)]
        _ => Err(LukeError::Unsupported(format!("this build has no device '{}'", kind.name()))),
    }
}

/// What a device has reported since it was opened: after that, what is read from it is not to be trusted.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
pub fn check(device: &Device) -> Result<()> {
    #[cfg(feature = "webgpu")]
    gpu::check(device)?;
    Ok(())
}

/// The error of a device from which a result could not be read; it is not used for new models any more.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
pub fn failed(device: &Device, reason: String) -> LukeError {
    #[cfg(feature = "webgpu")]
    return gpu::failed(device, LukeError::DeviceLost(reason));
    #[cfg(not(feature = "webgpu"))]
    LukeError::DeviceLost(reason)
}
