//! Launching our WGSL through CubeCL's runtime.

use burn::tensor::{DType, Shape};
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{CubeCount, CubeDim, KernelId};
use cubecl::server::KernelArguments;

/// A shader and the values of its `{{ placeholders }}`; one pipeline for each distinct pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wgsl {
    name: &'static str,
    source: &'static str,
    lanes: usize,
    values: Vec<(&'static str, String)>,
}

impl Wgsl {
    pub fn new(name: &'static str, source: &'static str) -> Self {
        Self { name, source, lanes: 1, values: Vec::new() }
    }

    /// Reads four floats at a time where `size` is divisible by 4.
    pub fn vectorised(self, size: usize) -> Self {
        self.vectorised_all(&[size])
    }

    /// Reads four floats at a time where every one of `sizes` is divisible by 4.
    pub fn vectorised_all(mut self, sizes: &[usize]) -> Self {
        let (lanes, element, product) = match sizes.iter().all(|size| size % 4 == 0) {
            true => (4, "vec4<f32>", "dot(a, c)"),
            false => (1, "f32", "a * c"),
        };
        self.lanes = lanes;
        self.values = vec![("T", element.into()), ("product", product.into()), ("width", lanes.to_string())];
        self
    }

    /// Floats in one `T`.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Adds a placeholder's value, given the floats in one `T`.
    pub fn constant(mut self, name: &'static str, value: impl FnOnce(usize) -> usize) -> Self {
        self.values.push((name, value(self.lanes).to_string()));
        self
    }
}

impl KernelSource for Wgsl {
    fn source(&self) -> SourceTemplate {
        let template = SourceTemplate::new(self.source);
        self.values.iter().fold(template, |template, (name, value)| template.register(*name, value.clone()))
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info((self.name, self.values.clone()))
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// An uninitialised contiguous f32 tensor on the device of `like`.
pub(super) fn empty(like: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    let handle = like.client.empty(shape[0] * shape[1] * size_of::<f32>());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), Shape::from(shape), handle, DType::F32)
}

/// Launches `kernel` with bindings `inputs..., params, output`, in that order.
pub(super) fn launch(
    kernel: &Wgsl,
    workgroups: [usize; 3],
    params: &[usize],
    inputs: &[&CubeTensor],
    output: &CubeTensor,
) {
    let client = &output.client;
    let params: Vec<u8> = params.iter().flat_map(|p| (*p as u32).to_le_bytes()).collect();
    let mut buffers: Vec<_> = inputs.iter().map(|tensor| tensor.handle.clone().binding()).collect();
    buffers.push(client.create_from_slice(&params).binding());
    buffers.push(output.handle.clone().binding());
    let [x, y, z] = workgroups.map(|n| n as u32);
    // The workgroup's real size stands in the shader; CubeDim only describes it.
    let kernel = SourceKernel::new(kernel.clone(), CubeDim::new_1d(1));
    client.launch(Box::new(kernel), CubeCount::Static(x, y, z), KernelArguments::new().with_buffers(buffers));
}
