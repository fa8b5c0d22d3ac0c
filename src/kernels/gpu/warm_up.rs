//! Pipelines built while a model's weights come in: each shader runs once on next to nothing.

use burn::backend::Dispatch;
use burn::tensor::{Device, Int, Tensor};
use burn_cubecl::tensor::CubeTensor;

use super::wgsl::{empty, launch};
use super::{entity_attention, linear, rows};
use crate::kernels::shaders::{Linear, Storage};
use crate::kernels::{AttentionShape, Columns, GpuOps, Packing};
use crate::weights::DType;

/// Has the device build every pipeline that a model with weights of `dtype` and heads of `head_dim` floats may need.
pub fn warm_up(device: &Device, dtype: DType, head_dim: usize) {
    let numbers = Tensor::<2>::zeros([1, 4 * head_dim], device);
    let words = Tensor::<2, Int>::zeros([1, 4 * head_dim], device);
    let _ = Tensor::<2>::from_dispatch(<Dispatch as GpuOps>::warm_up(
        numbers.into_dispatch(),
        words.into_dispatch(),
        dtype,
        head_dim,
    ));
}

/// The op; gives `numbers` back.
pub(super) fn run(numbers: CubeTensor, words: CubeTensor, dtype: DType, head_dim: usize) -> CubeTensor {
    let y = empty(&numbers, [64, 64]);
    let storage = match dtype {
        DType::F16 => Storage::F16,
        DType::Q8 | DType::Q4 => Storage::Q8,
        DType::F32 | DType::Bf16 => Storage::F32,
    };
    // Vectors stay f32, and so do the heads of a quantised folder.
    let mut variants = linear::pipelines(&numbers, storage);
    if storage != Storage::F32 {
        variants.extend(linear::pipelines(&numbers, Storage::F32));
    }
    for variant in variants {
        let Linear { storage, .. } = variant;
        let inputs: &[&CubeTensor] = match storage {
            Storage::F32 => &[&numbers, &numbers, &numbers],
            Storage::F16 => &[&numbers, &words, &numbers],
            Storage::Q8 => &[&numbers, &words, &numbers, &numbers],
        };
        // One row, four in_features, one out_feature.
        launch(variant, [1, 1, 1], &[4, 1, 0, 0, 1, 0, 0, 0, 0], inputs, &y);
    }
    let columns = Columns { to_words: 0, to_entities: 0, key: 0, value: 0 };
    let shape = AttentionShape { packing: Packing::new(&[(1, 0)]), heads: 1, head_dim, word: columns, entity: columns };
    entity_attention::run(numbers.clone(), numbers.clone(), &shape);
    rows::add_layer_norm(numbers.clone(), numbers.clone(), numbers.clone(), numbers.clone(), 1e-5);
    rows::gather_rows(numbers.clone(), &[0]);
    rows::stack_rows(numbers.clone(), numbers.clone());
    numbers
}
