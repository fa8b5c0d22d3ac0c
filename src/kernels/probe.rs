//! Compares the kernels with plain loops on the GPU that will run a model, while the model is loaded. This builds their pipelines,
//! too. A GPU, its driver or its browser may compile a shader wrongly, and then everything that a model says would be wrong.

use burn::tensor::{Device, Tensor};

use super::{
    Activation, AttentionShape, Columns, MASKED, PackedBatch, RowGroup, Weight, add_layer_norm, download,
    entity_attention, gather_rows, linear, linear_groups, stack_rows, tanh, upload,
};
use crate::backend;
use crate::dtype::{DType, Int8Range};
use crate::error::{LukeError, Result};
use crate::weights::RowTable;

/// The largest error that rounding explains, as a share of `1 + |value|`.
const TOLERANCE: f64 = 1e-4;

/// Two steps of the shaders' loops over `in_features`, and a part of one.
const IN_FEATURES: usize = 36;

/// Enough for every tile of `linear`, with the rows of [`LINEAR`].
const OUT_FEATURES: usize = 3072;

/// Weight rows that only the second group of rows uses.
const SECOND_GROUP: usize = 4;

/// Rows and out_features that lead to the tiles `Low`, `Middle` and `High`, and what follows the product.
const LINEAR: [(usize, usize, Activation); 3] =
    [(40, 68, Activation::None), (40, OUT_FEATURES, Activation::Gelu), (80, OUT_FEATURES, Activation::None)];

/// A head, which has any number of out_features. Those of a quantized folder are f32.
const HEAD: (usize, usize, Activation) = (40, 67, Activation::None);

/// What was compared, and how well it agreed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probed {
    /// Kernels, each pipeline of `linear` counted for itself.
    pub kernels: usize,
    /// The largest difference, as a share of `1 + |value|`.
    pub max_error: f64,
}

/// A result on the device, and what some of its values must be.
struct Case {
    name: String,
    got: Tensor<2>,
    /// Indices into the values, and values.
    want: Vec<(usize, f64)>,
}

/// Compares every kernel that a model with weights of `dtype` and heads of `head_dim` floats uses.
///
/// # Errors
/// - `unsupported`, which names the kernel, if one differs from its plain loop
/// - `device-lost` or `out-of-memory` if the device has failed
pub async fn probe(device: &Device, dtype: DType, head_dim: usize) -> Result<Probed> {
    let mut cases = Vec::new();
    // Vectors stay f32, and so do the heads of a quantized folder.
    cases.extend(linear_cases(DType::F32, device)?);
    if !matches!(dtype, DType::F32 | DType::Bf16) {
        cases.extend(linear_cases(dtype, device)?);
    }
    cases.push(attention_case(head_dim, device));
    cases.extend(row_cases(4 * head_dim, device));
    let (mut probed, mut got, mut expected) = (Probed { kernels: cases.len(), max_error: 0.0 }, Vec::new(), Vec::new());
    for Case { name, got: tensor, want } in cases {
        got.push(tensor);
        expected.push((name, want));
    }
    backend::flush(device)?;
    let read = download(got, device).await.map_err(|reason| backend::failed(device, reason))?;
    backend::settled(device).await?;
    for ((name, want), values) in expected.into_iter().zip(read) {
        let error = |(index, want): &(usize, f64)| {
            let error = values.get(*index).map_or(f64::NAN, |got| (f64::from(*got) - want).abs() / (1.0 + want.abs()));
            if error.is_nan() { f64::INFINITY } else { error }
        };
        let error = want.iter().map(error).fold(0.0, f64::max);
        if error > TOLERANCE {
            return Err(LukeError::Unsupported(format!(
                "WebGPU: the kernel {name} computes wrongly here (by {error:.1e})"
            )));
        }
        probed.max_error = probed.max_error.max(error);
    }
    Ok(probed)
}

/// A linear layer of base's width and few rows, to measure how fast a device is. Each call of the result launches it once.
///
/// # Errors
/// `out-of-memory`.
pub fn some_work(device: &Device, dtype: DType) -> Result<impl Fn()> {
    const FEATURES: usize = 768;
    let (table, _) = table(dtype, FEATURES, FEATURES);
    let (weight, bias) = (Weight::new(&table, device)?, upload(vec![0.0; FEATURES], [FEATURES], device));
    let x = matrix(x(64, FEATURES), 64, device);
    Ok(move || drop(linear(x.clone(), &weight, &bias, Activation::None)))
}

fn linear_cases(dtype: DType, device: &Device) -> Result<Vec<Case>> {
    let features = OUT_FEATURES + SECOND_GROUP;
    let (table, numbers) = table(dtype, features, IN_FEATURES);
    let (weight, bias) = (Weight::new(&table, device)?, floats(features, 5));
    let bias_tensor = upload(bias.clone(), [features], device);
    let case = |(rows, out_features, activation): (usize, usize, Activation)| {
        let cut = rows / 3;
        let groups =
            [(0..cut, 0), (cut..rows, SECOND_GROUP)].map(|(rows, first_feature)| RowGroup { rows, first_feature });
        let x = x(rows, IN_FEATURES);
        let mut want = Vec::new();
        for (row, values) in x.chunks_exact(IN_FEATURES).enumerate() {
            let first = if row < cut { 0 } else { SECOND_GROUP };
            for column in (0..out_features).step_by(67).chain([1, 63, 64, out_features - 1]) {
                let weights = numbers.chunks_exact(IN_FEATURES).nth(first + column).unwrap_or(&[]);
                let sum: f64 = values.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                let sum = sum + f64::from(bias[first + column]);
                let gelu = 0.5 * sum * (1.0 + libm::erf(sum / std::f64::consts::SQRT_2));
                want.push((row * out_features + column, if activation == Activation::Gelu { gelu } else { sum }));
            }
        }
        let x = matrix(x, rows, device);
        let got = linear_groups(x, &weight, &bias_tensor, out_features, groups.into(), activation);
        Case { name: format!("linear of {dtype:?}, {rows} x {out_features}"), got, want }
    };
    let head = (!dtype.is_quantized()).then_some(HEAD);
    Ok(LINEAR.into_iter().chain(head).map(case).collect())
}

fn attention_case(head_dim: usize, device: &Device) -> Case {
    let heads = 2;
    let hidden = heads * head_dim;
    let columns = |[token_query, entity_query, key, value]: [usize; 4]| {
        let [token_query, entity_query, key, value] =
            [token_query, entity_query, key, value].map(|block| block * hidden);
        Columns { token_query, entity_query, key, value }
    };
    let batch = PackedBatch::new(&[(35, 5), (3, 0)]);
    let rows = batch.rows();
    let (token, entity) = (columns([1, 0, 2, 3]), columns([2, 3, 0, 1]));
    let shape = AttentionShape { batch, heads, head_dim, token, entity };
    let (projected, mut mask) = (floats(rows * 4 * hidden, 11), vec![0.0; rows]);
    mask[7] = MASKED;
    let want = entity_attention::reference(&projected, &mask, &shape).into_iter().enumerate().collect();
    let got = entity_attention(matrix(projected, rows, device), &upload(mask, [rows], device), shape);
    Case { name: "entity_attention".into(), got, want }
}

/// The kernels that take rows of any width.
fn row_cases(width: usize, device: &Device) -> [Case; 4] {
    let (upper, lower, rows) = (floats(5 * width, 1), floats(5 * width, 2), [4, 0, 4, 2]);
    let (weight, bias) = (floats(width, 3), floats(width, 4));
    let want = [
        add_layer_norm::reference(&upper, &lower, &weight, &bias, 1e-5),
        gather_rows::reference(&upper, width, &rows),
        stack_rows::reference(&upper, &lower),
        tanh::reference(&upper),
    ];
    let vector = |values| upload(values, [width], device);
    let (upper, lower, weight, bias) =
        (matrix(upper, 5, device), matrix(lower, 5, device), vector(weight), vector(bias));
    let got = [
        ("add_layer_norm", add_layer_norm(upper.clone(), lower.clone(), &weight, &bias, 1e-5)),
        ("gather_rows", gather_rows(upper.clone(), &rows)),
        ("stack_rows", stack_rows(upper.clone(), lower)),
        ("tanh", tanh(upper)),
    ];
    let mut want = want.into_iter().map(|values| values.into_iter().enumerate().collect());
    got.map(|(name, got)| Case { name: name.into(), got, want: want.next().unwrap_or_default() })
}

/// A weight as it is stored, and its numbers.
fn table(dtype: DType, rows: usize, columns: usize) -> (RowTable, Vec<f32>) {
    let table = RowTable::new(columns, dtype, dtype.encode(&floats(rows * columns, 7), columns, Int8Range::Full));
    // The GPU has no 4 bits: such a row becomes int8 first.
    let mut numbers = Vec::with_capacity(rows * columns);
    if dtype.is_quantized() {
        table.rows_q8().for_each(|row| DType::Q8.decode(&row, columns, &mut numbers));
    } else {
        (0..rows).for_each(|row| table.push_row(row, &mut numbers));
    }
    (table, numbers)
}

/// Rows that 8 bits hold exactly, so that a quantized row has no rounding.
fn x(rows: usize, columns: usize) -> Vec<f32> {
    let integer = |i: usize| match i % columns {
        0 => 0,
        1 => 255,
        _ => (i * 73 + 41) % 256,
    };
    (0..rows * columns).map(|i| (integer(i) as f32 - 100.0) / 32.0).collect()
}

/// Numbers from -1 to 1 that look like random ones.
fn floats(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2053) as f32 / 1026.0 - 1.0).collect()
}

fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows];
    upload(values, shape, device)
}
