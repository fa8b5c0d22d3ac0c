//! `y = activation(x W^T + b)`, the layout of `torch.nn.Linear`: weight `[out_features, in_features]`.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use super::ops::CpuOps;
use super::ops::LukeOps;
use super::weight::Weight;
use luke_compute::plan::{Activation, LinearPlan, RowGroup};

/// Applies one linear layer to every row.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[out_features, in_features]`, bias: `[out_features]`
/// - result: `[rows, out_features]`
///
/// # Panics
/// If the shapes disagree.
pub fn linear(x: Tensor<2>, weight: &Weight, bias: &Tensor<1>, activation: Activation) -> Tensor<2> {
    let [rows, _] = x.dims();
    let [out_features, _] = weight.dims();
    let group = RowGroup { rows: 0..rows, first_feature: 0 };
    linear_groups(x, weight, bias, out_features, vec![group], activation)
}

/// Multiplies each group of rows with its own `out_features` rows of one stacked weight.
///
/// LUKE's token rows need `[w2e_query, query, key, value]` and its entity rows `[key, value, e2w_query, e2e_query]`: these are
/// overlapping parts of one stacked weight, so nothing is stored twice.
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
    let plan = LinearPlan { rows, in_features, out_features, groups, activation };
    let (x, bias) = (x.into_dispatch(), bias.clone().into_dispatch());
    Tensor::from_dispatch(match weight {
        Weight::Float(weight) => <Dispatch as LukeOps>::linear(x, weight.clone().into_dispatch(), bias, plan),
        #[cfg(feature = "cpu")]
        Weight::Packed(weight) => <Dispatch as CpuOps>::linear_packed(x, bias, weight.clone(), plan),
        #[cfg(feature = "cpu")]
        Weight::Quantized(weight) => <Dispatch as CpuOps>::linear_int8(x, bias, weight.clone(), plan),
        #[cfg(feature = "webgpu")]
        Weight::Compact(weight) => weight.linear(x, bias, plan),
    })
}

/// The op in `f64`, one sum at a time, with f32 or f64 operands.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[features, in_features]`, bias: `[features]`, result: `[rows, out_features]`
#[cfg(any(test, feature = "kernel-tests"))]
pub(super) fn reference<T: Copy + Into<f64>>(x: &[T], weight: &[T], bias: &[f32], plan: &LinearPlan) -> Vec<f64> {
    let (k, n) = (plan.in_features, plan.out_features);
    let mut y = vec![0.0; plan.rows * n];
    for group in &plan.groups {
        for row in group.rows.clone() {
            for feature in 0..n {
                let w = group.first_feature + feature;
                let mut sum = f64::from(bias[w]);
                for i in 0..k {
                    sum += x[row * k + i].into() * weight[w * k + i].into();
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
