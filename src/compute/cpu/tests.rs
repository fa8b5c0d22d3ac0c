//! The kernels with and without threads.

use super::add_layer_norm::add_layer_norm;
use super::entity_attention::entity_attention;
use super::linear::{PackedMatrix, linear_packed};
use super::linear_int8::{QuantizedMatrix, linear_int8};
use super::threads;
use crate::dtype::{DType, Int8Range};
use crate::packing::PackedBatch;
use crate::plan::{Activation, AttentionShape, Columns, LinearPlan, RowGroup};
use crate::rows::RowTable;

/// The results of the kernels on sizes that are worth sharing and are multiples of nothing.
fn results() -> Vec<Vec<f32>> {
    const K: usize = 133;
    let numbers = |count: usize, step: usize| (0..count).map(move |i| ((i * step) % 1009) as f32 / 500.0 - 1.0);
    let numbers = |count, step| numbers(count, step).collect::<Vec<_>>();
    let (x, w, bias) = (numbers(101 * K, 37), numbers(450 * K, 53), numbers(450, 7));
    let group = |rows, first_feature| RowGroup { rows, first_feature };
    let groups = vec![group(0..70, 0), group(70..101, 41)];
    let plan = LinearPlan { rows: 101, in_features: K, out_features: 409, groups, activation: Activation::Gelu };
    let table = |dtype: DType| RowTable::new(K, dtype, dtype.encode(&w, K, Int8Range::SaturationSafe));
    let packed = PackedMatrix::new(&table(DType::F32)).unwrap();
    let quantized = QuantizedMatrix::new(&table(DType::Q8)).unwrap();
    let at = |first: usize| Columns { token_query: first, entity_query: first + 12, key: first + 24, value: 60 };
    let batch = PackedBatch::new(&[(60, 17), (1, 0), (50, 33)]);
    let shape = AttentionShape { batch, heads: 3, head_dim: 4, token: at(0), entity: at(12) };
    vec![
        linear_packed(&x, &packed, &bias, &plan),
        linear_int8(&x, &quantized, &bias, &plan),
        entity_attention(&numbers(161 * 72, 29), &numbers(161, 3), &shape),
        add_layer_norm(&numbers(1000 * K, 11), &numbers(1000 * K, 13), &bias[..K], &bias[K..2 * K], 1e-5),
    ]
}

#[test]
fn threads_change_no_bit() {
    let bits = |results: Vec<Vec<f32>>| -> Vec<Vec<u32>> {
        results.into_iter().map(|result| result.into_iter().map(f32::to_bits).collect()).collect()
    };
    let alone = bits(results());
    threads::start(3).unwrap();
    for _ in 0..50 {
        assert!(bits(results()) == alone);
    }
}
