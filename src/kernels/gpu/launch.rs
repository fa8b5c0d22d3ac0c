//! Launching our WGSL through CubeCL's runtime.

use burn::tensor::{DType, Shape};
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{ElemType, Scope, UIntKind, metadata::Info};
use cubecl::prelude::*;
use cubecl::server::{KernelArguments, MetadataBindingInfo};
use cubecl::{CubeKernel, PrecompiledSource};

use super::dispatch::Dispatch;
use super::shaders::Shader;
use crate::backend;

/// A shader as CubeCL wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kernel<S>(S);

/// The workgroup's real size is in the shader; for a kernel with its own source, CubeCL only writes this one to its
/// logs.
const CUBE_DIM: CubeDim = CubeDim::new_1d(1);

impl<S: Shader> KernelMetadata for Kernel<S> {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

impl<S: Shader> CubeKernel for Kernel<S> {
    fn define(&self) -> KernelDefinition {
        let settings = KernelSettings::new(CUBE_DIM.0, ExecutionMode::Checked, AddressType::U32);
        KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        let Self(shader) = *self;
        Some(PrecompiledSource { source: shader.source(), entrypoint_name: shader.entry_point().into(), lang: "wgsl" })
    }
}

/// An uninitialized contiguous f32 tensor on the device of `like`.
pub fn empty(like: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    let handle = like.client.empty(shape[0] * shape[1] * size_of::<f32>());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), Shape::from(shape), handle, DType::F32)
}

/// Launches a shader. Its bindings are `inputs`, `output` and `params`, in that order. Does not wait for the result. Submits what
/// was launched so far where that is a slice.
///
/// # Panics
/// If an input is not contiguous, as all tensors of the model are.
pub fn launch(shader: impl Shader, dispatch: &Dispatch, inputs: &[&CubeTensor], output: &CubeTensor) {
    assert!(inputs.iter().all(|input| input.is_contiguous()), "launch: an input with strides");
    let buffers = inputs.iter().copied().chain([output]).map(|tensor| tensor.handle.clone().binding()).collect();
    // As the kernel's metadata, and not in a buffer of ours: CubeCL submits all its work before it writes to such a
    // one.
    let mut params = dispatch.params.clone();
    // 16 bytes: some implementations round the size of a uniform buffer up to a multiple of this.
    params.resize(params.len().next_multiple_of(4), 0);
    let pair = |[low, high]: &[usize; 2]| u64::from(*high as u32) << 32 | u64::from(*low as u32);
    let info = MetadataBindingInfo::custom(params.as_chunks().0.iter().map(pair).collect());
    let [x, y] = dispatch.workgroups.map(|count| count as u32);
    let arguments = KernelArguments::new().with_buffers(buffers).with_info(info);
    output.client.launch(Box::new(Kernel(shader)), CubeCount::Static(x, y, 1), arguments);
    // What fails here fails again where the result is read.
    backend::launched(dispatch.flop, || drop(output.client.flush()));
}

/// Whether the GPU has an instruction for `dot4I8Packed`.
pub fn has_dot4() -> bool {
    #[cfg(any(test, feature = "kernel-tests"))]
    if super::testing::is_without_dot4() {
        return false;
    }
    crate::backend::has_dot4()
}

/// Whether the adapter is a CPU.
pub fn is_software(tensor: &CubeTensor) -> bool {
    #[cfg(any(test, feature = "kernel-tests"))]
    if super::testing::counts_as_gpu() {
        return false;
    }
    tensor.client.properties().identity.physical.is_none()
}
