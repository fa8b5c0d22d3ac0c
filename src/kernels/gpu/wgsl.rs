//! Launching our WGSL through CubeCL's runtime.

use burn::tensor::{DType, Shape};
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{CubeCount, CubeDim, KernelId};
use cubecl::server::{KernelArguments, MetadataBindingInfo};

use crate::kernels::shaders::Variant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kernel<V>(V);

impl<V: Variant> KernelSource for Kernel<V> {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(self.0.source())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// An uninitialised contiguous f32 tensor on the device of `like`.
pub fn empty(like: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    let handle = like.client.empty(shape[0] * shape[1] * size_of::<f32>());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), Shape::from(shape), handle, DType::F32)
}

/// Launches the shader with bindings `inputs..., output, params`, in that order.
pub fn launch(
    variant: impl Variant,
    workgroups: [usize; 3],
    params: &[usize],
    inputs: &[&CubeTensor],
    output: &CubeTensor,
) {
    let buffers = inputs.iter().copied().chain([output]).map(|tensor| tensor.handle.clone().binding()).collect();
    // As the kernel's metadata, and not in a buffer of ours: CubeCL submits all its work before it writes to such a one.
    let pair = |pair: &[usize]| pair.iter().rev().fold(0, |word, p| word << 32 | u64::from(*p as u32));
    let info = MetadataBindingInfo::custom(params.chunks(2).map(pair).collect());
    let [x, y, z] = workgroups.map(|n| n as u32);
    // The workgroup's real size stands in the shader; CubeDim only describes it.
    let kernel = SourceKernel::new(Kernel(variant), CubeDim::new_1d(1));
    let arguments = KernelArguments::new().with_buffers(buffers).with_info(info);
    output.client.launch(Box::new(kernel), CubeCount::Static(x, y, z), arguments);
}

/// Whether the adapter is a CPU in disguise.
pub fn is_software(tensor: &CubeTensor) -> bool {
    #[cfg(any(test, feature = "kernel-tests"))]
    if super::testing::as_real_gpu() {
        return false;
    }
    tensor.client.properties().identity.physical.is_none()
}
