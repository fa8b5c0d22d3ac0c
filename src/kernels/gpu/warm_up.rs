//! Builds the pipelines of a model while its weights are loaded: each shader runs once on a few numbers.

use burn::backend::Dispatch as Backend;
use burn::tensor::{Device, Tensor};
use burn_cubecl::tensor::CubeTensor;

use super::add_layer_norm::add_layer_norm;
use super::compact::upload_integers;
use super::dispatch::Dispatch;
use super::entity_attention::entity_attention;
use super::gather_rows::gather_rows;
use super::launch::{empty, launch};
use super::linear;
use super::shaders::{LinearShader, Storage};
use super::stack_rows::stack_rows;
use crate::dtype::DType;
use crate::kernels::ops::GpuOps;
use crate::kernels::{AttentionShape, Columns, PackedBatch, upload};

/// Builds every pipeline that a model with weights of `dtype` and heads of `head_dim` floats may need.
pub fn warm_up(device: &Device, dtype: DType, head_dim: usize) {
    let numbers = upload(vec![0.0; 4 * head_dim], [1, 4 * head_dim], device).into_dispatch();
    let integers = upload_integers(vec![0; 4 * head_dim], [1, 4 * head_dim], device).into_dispatch();
    let _ = Tensor::<2>::from_dispatch(<Backend as GpuOps>::warm_up(numbers, integers, dtype, head_dim));
}

/// The op: launches each shader on the numbers, and returns them.
pub(super) fn launch_all(numbers: CubeTensor, integers: CubeTensor, dtype: DType, head_dim: usize) -> CubeTensor {
    let y = empty(&numbers, [64, 64]);
    let storage = match dtype {
        DType::F16 => Storage::F16,
        DType::Q8 | DType::Q4 => Storage::Q8,
        DType::F32 | DType::Bf16 => Storage::F32,
    };
    // Vectors stay f32, and so do the heads of a quantized folder.
    let mut shaders = linear::pipelines(&numbers, storage);
    if storage != Storage::F32 {
        shaders.extend(linear::pipelines(&numbers, Storage::F32));
    }
    // One row, four in_features, one out_feature.
    let dispatch = Dispatch { workgroups: [1, 1], params: vec![4, 1, 0, 0, 0, 1, 0, 0, 0, 0] };
    for shader in shaders {
        let LinearShader { storage, .. } = shader;
        let inputs: &[&CubeTensor] = match storage {
            Storage::F32 => &[&numbers, &numbers, &numbers],
            Storage::F16 => &[&numbers, &integers, &numbers],
            Storage::Q8 => &[&numbers, &integers, &numbers, &numbers],
        };
        launch(shader, &dispatch, inputs, &y);
    }
    let columns = Columns { token_query: 0, entity_query: 0, key: 0, value: 0 };
    let batch = PackedBatch::new(&[(1, 0)]);
    let shape = AttentionShape { batch, heads: 1, head_dim, token: columns, entity: columns };
    entity_attention(numbers.clone(), numbers.clone(), &shape);
    add_layer_norm(numbers.clone(), numbers.clone(), numbers.clone(), numbers.clone(), 1e-5);
    gather_rows(numbers.clone(), &[0]);
    stack_rows(numbers.clone(), numbers.clone());
    numbers
}
