//! `y = activation(x W^T + b)`, the layout of `torch.nn.Linear`: weight `[out_features, in_features]`.

use burn::backend::Dispatch;
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;
#[cfg(feature = "cpu")]
use std::sync::Arc;

use super::LukeOps;
#[cfg(feature = "cpu")]
use super::product::{Matrix, Panels};
#[cfg(feature = "cpu")]
use super::{pool, tiles};
use crate::error::Result;
#[cfg(feature = "cpu")]
use crate::weights::rows_q8;
use crate::weights::{DType, RowTable};

/// The weight of a linear layer, on a device: `[out_features, in_features]`.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a model has fewer than a hundred")]
pub enum Weight {
    /// f32.
    Float(Tensor<2>),
    /// f32, laid out for the CPU.
    #[cfg(feature = "cpu")]
    Packed(Arc<PackedMatrix>),
    /// int8 with a scale for each row, on the CPU.
    #[cfg(feature = "cpu")]
    Quantised(Arc<super::QuantisedMatrix>),
    /// f16 or int8 as stored, on the GPU.
    #[cfg(feature = "webgpu")]
    Compact(super::CompactMatrix),
}

impl Weight {
    /// Puts a matrix on a device: in as few bits as it is stored in, where the device has a kernel for that.
    pub fn new(table: &RowTable, device: &Device) -> Self {
        #[cfg(feature = "cpu")]
        if *device == Device::flex() {
            return match table.dtype().is_quantised() {
                true => Self::Quantised(Arc::new(super::QuantisedMatrix::new(table))),
                false => Self::Packed(Arc::new(PackedMatrix::new(table))),
            };
        }
        #[cfg(feature = "webgpu")]
        if let Some(matrix) = super::CompactMatrix::new(table, device) {
            return Self::Compact(matrix);
        }
        let shape = [table.rows(), table.columns()];
        Self::Float(Tensor::from_data(TensorData::new(table.block(0..table.rows()), shape), device))
    }

    /// `[out_features, in_features]`
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Float(tensor) => tensor.dims(),
            #[cfg(feature = "cpu")]
            Self::Packed(matrix) => [matrix.0.columns(), matrix.0.depth()],
            #[cfg(feature = "cpu")]
            Self::Quantised(matrix) => [matrix.out_features(), matrix.in_features],
            #[cfg(feature = "webgpu")]
            Self::Compact(matrix) => matrix.dims(),
        }
    }
}

/// A weight of which the rows come in parts, in any order.
pub struct WeightRows {
    rows: usize,
    device: Device,
    /// Rows are put in their last place at once where the first ones are quantised and the device is the CPU.
    #[cfg(feature = "cpu")]
    quantised: Option<super::QuantisedMatrix>,
    table: RowTable,
}

impl WeightRows {
    /// A weight of `rows` and `columns`; `room` is memory to gather it in.
    pub fn new([rows, columns]: [usize; 2], device: &Device, room: Vec<u8>) -> Self {
        Self {
            rows,
            device: device.clone(),
            #[cfg(feature = "cpu")]
            quantised: None,
            table: RowTable::new(columns, DType::F32, room),
        }
    }

    /// Puts rows from `first` on in their place.
    ///
    /// # Errors
    /// As [`RowTable::put`].
    pub fn put(&mut self, first: usize, dtype: DType, bytes: &[u8]) -> Result<()> {
        #[cfg(feature = "cpu")]
        {
            let (rows, columns) = (self.rows, self.table.columns());
            if dtype.is_quantised() && self.table.rows() == 0 && self.device == Device::flex() {
                self.quantised.get_or_insert_with(|| super::QuantisedMatrix::zeros(rows, columns));
            }
            if let Some(matrix) = &mut self.quantised {
                rows_q8(dtype, columns, bytes).enumerate().for_each(|(i, row)| matrix.put(first + i, &row));
                return Ok(());
            }
        }
        self.table.put(first, dtype, bytes, self.rows)
    }

    /// The weight on its device, and the memory in which it was gathered.
    pub fn finish(self) -> (Weight, Vec<u8>) {
        let table = self.table;
        #[cfg(feature = "cpu")]
        if let Some(matrix) = self.quantised {
            return (Weight::Quantised(Arc::new(matrix)), table.into_room());
        }
        (Weight::new(&table, &self.device), table.into_room())
    }
}

/// An f32 weight as the CPU's matrix product wants it.
#[cfg(feature = "cpu")]
#[derive(Debug)]
pub struct PackedMatrix(Panels);

#[cfg(feature = "cpu")]
impl PackedMatrix {
    /// The table's rows become the columns of the product's right operand.
    pub fn new(table: &RowTable) -> Self {
        Self(Panels::from_columns(table.columns(), table.rows(), |row, to| table.push_row(row, to)))
    }
}

/// What follows the matrix product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `x Φ(x)` with the exact error function (Hugging Face's `"gelu"`), not its tanh approximation.
    Gelu,
}

/// Rows of `x` that share one run of `out_features` weight rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// Rows of `x`, and of the result.
    pub rows: Range<usize>,
    /// The first weight row these rows are multiplied with.
    pub first_feature: usize,
}

/// A checked call of the op; made only by [`linear_groups`].
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) rows: usize,
    pub(super) in_features: usize,
    pub(super) out_features: usize,
    pub(super) groups: Vec<RowGroup>,
    pub(super) activation: Activation,
}

/// Applies one linear layer to every row.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[out_features, in_features]`, bias: `[out_features]`
/// - result: `[rows, out_features]`
pub fn linear(x: Tensor<2>, weight: &Weight, bias: &Tensor<1>, activation: Activation) -> Tensor<2> {
    let [rows, _] = x.dims();
    let [out_features, _] = weight.dims();
    let group = RowGroup { rows: 0..rows, first_feature: 0 };
    linear_groups(x, weight, bias, out_features, vec![group], activation)
}

/// Applies a different run of one stacked weight to each group of rows.
///
/// LUKE's word rows need `[w2e_query, query, key, value]` and its entity rows
/// `[key, value, e2w_query, e2e_query]`: two overlapping runs of one stacked weight, so nothing is stored twice.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[features, in_features]`, bias: `[features]`
/// - result: `[rows, out_features]`; group `g` uses weight rows `first_feature .. first_feature + out_features`
///
/// # Panics
/// If the shapes disagree, or the groups do not cover the rows in order, each row once.
pub fn linear_groups(
    x: Tensor<2>,
    weight: &Weight,
    bias: &Tensor<1>,
    out_features: usize,
    groups: Vec<RowGroup>,
    activation: Activation,
) -> Tensor<2> {
    let [rows, in_features] = x.dims();
    let [features, weight_in] = weight.dims();
    assert_eq!(in_features, weight_in, "linear: x has {in_features} columns, weight {weight_in}");
    assert_eq!(bias.dims(), [features], "linear: bias does not fit the weight");
    let mut next = 0;
    for group in &groups {
        assert_eq!(group.rows.start, next, "linear: groups must cover the rows in order");
        assert!(group.first_feature + out_features <= features, "linear: group beyond the weight");
        next = group.rows.end;
    }
    assert_eq!(next, rows, "linear: groups must cover every row");
    let groups = groups.into_iter().filter(|group| !group.rows.is_empty()).collect();
    let plan = Plan { rows, in_features, out_features, groups, activation };
    let (x, bias) = (x.into_dispatch(), bias.clone().into_dispatch());
    Tensor::from_dispatch(match weight {
        Weight::Float(weight) => <Dispatch as LukeOps>::linear(x, weight.clone().into_dispatch(), bias, plan),
        #[cfg(feature = "cpu")]
        Weight::Packed(weight) => <Dispatch as super::CpuOps>::linear_packed(x, bias, weight.clone(), plan),
        #[cfg(feature = "cpu")]
        Weight::Quantised(weight) => <Dispatch as super::CpuOps>::linear_quantised(x, bias, weight.clone(), plan),
        #[cfg(feature = "webgpu")]
        Weight::Compact(weight) => weight.linear(x, bias, plan),
    })
}

/// The op with a weight that is laid out for this call alone.
#[cfg(feature = "cpu")]
pub(super) fn cpu(x: &[f32], weight: &[f32], bias: &[f32], plan: &Plan) -> Vec<f32> {
    let k = plan.in_features;
    let column = |row: usize, to: &mut Vec<f32>| to.extend_from_slice(&weight[row * k..(row + 1) * k]);
    cpu_packed(x, &PackedMatrix(Panels::from_columns(k, bias.len(), column)), bias, plan)
}

/// The op.
#[cfg(feature = "cpu")]
pub(super) fn cpu_packed(x: &[f32], PackedMatrix(weight): &PackedMatrix, bias: &[f32], plan: &Plan) -> Vec<f32> {
    let (k, n) = (plan.in_features, plan.out_features);
    let mut y = vec![0.0; plan.rows * n];
    pool::each(y.len() * k, tiles::parts(&mut y, plan), Vec::new, |sums, tiles::Part { rows, columns, out }| {
        let width = columns.len();
        sums.resize(rows.len() * width, 0.0);
        weight.product(Matrix::rows(x, k, rows, 0..k), columns.clone(), sums, width);
        for (sums, y) in sums.chunks_exact(width).zip(out) {
            y.iter_mut().zip(sums).zip(&bias[columns.clone()]).for_each(|((y, sum), bias)| *y = sum + bias);
            if plan.activation == Activation::Gelu {
                y.iter_mut().for_each(|y| *y = super::math::gelu(*y));
            }
        }
    });
    y
}

/// The op in `f64`, one sum at a time.
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference(x: &[f32], weight: &[f32], bias: &[f32], plan: &Plan) -> Vec<f64> {
    let k = plan.in_features;
    reference_of(&|row, i| f64::from(x[row * k + i]), &|feature, i| f64::from(weight[feature * k + i]), bias, plan)
}

/// The same on any `x(row, i)` and `weight(feature, i)`.
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference_of(
    x: &dyn Fn(usize, usize) -> f64,
    weight: &dyn Fn(usize, usize) -> f64,
    bias: &[f32],
    plan: &Plan,
) -> Vec<f64> {
    let n = plan.out_features;
    let mut y = vec![0.0; plan.rows * n];
    for group in &plan.groups {
        for row in group.rows.clone() {
            for feature in 0..n {
                let w = group.first_feature + feature;
                let mut sum = f64::from(bias[w]);
                for i in 0..plan.in_features {
                    sum += x(row, i) * weight(w, i);
                }
                if plan.activation == Activation::Gelu {
                    sum = 0.5 * sum * (1.0 + libm::erf(sum / std::f64::consts::SQRT_2));
                }
                y[row * n + feature] = sum;
            }
        }
    }
    y
}
