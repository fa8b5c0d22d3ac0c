//! The device the model runs on: the only file that names one.

use burn::tensor::Device;

use crate::error::{LukeError, Result};

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

/// Opens a device. A GPU is opened once for the life of the program and shared after that.
pub async fn open(kind: DeviceKind) -> Result<Device> {
    match kind {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => Ok(Device::flex()),
        #[cfg(feature = "webgpu")]
        DeviceKind::Gpu => gpu().await,
        #[allow(unreachable_patterns)]
        _ => Err(LukeError::Unsupported(format!("this build has no device '{}'", kind.name()))),
    }
}

#[cfg(feature = "webgpu")]
async fn gpu() -> Result<Device> {
    use burn::tensor::wgpu::WgpuBackend;
    use std::sync::OnceLock;

    static OPENED: OnceLock<Device> = OnceLock::new();
    if let Some(device) = OPENED.get() {
        return Ok(device.clone());
    }
    // Automatic choice may pick a SPIR-V compiler natively, which cannot take our WGSL.
    let options = Device::wgpu_options().graphics_api(WgpuBackend::WebGpu).tasks_max(64);
    let device = options.init_async().await.map_err(|error| LukeError::Unsupported(format!("WebGPU: {error}")))?;
    Ok(OPENED.get_or_init(|| device).clone())
}
