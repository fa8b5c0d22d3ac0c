//! `linear` with an f32 weight on the CPU.

use super::gemm::Panels;
use super::matrix::Matrix;
use super::tiles::{OutputPart, output_parts};
use super::{math, threads};
use crate::error::Result;
use crate::memory;
use crate::plan::{Activation, LinearPlan};
use crate::rows::RowTable;
use crate::rows::WEIGHT;

/// An f32 weight, laid out once for every product with it.
#[derive(Debug)]
pub struct PackedMatrix(Panels);

impl PackedMatrix {
    /// A copy of the table. Its rows become the columns of the product's right operand.
    ///
    /// # Errors
    /// `out-of-memory` if there is no memory for the copy.
    pub fn new(table: &RowTable) -> Result<Self> {
        let size = [table.columns(), table.rows()];
        let data = memory::with_capacity(Panels::len(size), WEIGHT)?;
        Ok(Self(Panels::from_columns(size, data, |row, to| table.push_row(row, to))))
    }

    /// The shape of the weight, `[out_features, in_features]`.
    pub fn dims(&self) -> [usize; 2] {
        [self.0.columns(), self.0.depth()]
    }
}

/// The op `linear_groups` of `kernels`; the weight is laid out for this call alone.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[features, in_features]`, bias: `[features]`, result: `[rows, out_features]`
pub fn linear(x: &[f32], weight: &[f32], bias: &[f32], plan: &LinearPlan) -> Vec<f32> {
    let k = plan.in_features;
    let column = |row: usize, to: &mut Vec<f32>| to.extend_from_slice(&weight[row * k..(row + 1) * k]);
    linear_packed(x, &PackedMatrix(Panels::from_columns([k, bias.len()], Vec::new(), column)), bias, plan)
}

/// The op `linear_groups` of `kernels`.
///
/// # Shapes
/// - x: `[rows, in_features]`, weight: `[features, in_features]`, bias: `[features]`, result: `[rows, out_features]`
pub fn linear_packed(x: &[f32], PackedMatrix(weight): &PackedMatrix, bias: &[f32], plan: &LinearPlan) -> Vec<f32> {
    let (k, n) = (plan.in_features, plan.out_features);
    let mut y = vec![0.0; plan.rows * n];
    let work = threads::work([plan.rows, n, k]);
    threads::each(work, output_parts(&mut y, plan), Vec::new, |sums, OutputPart { rows, columns, out }| {
        let width = columns.len();
        sums.resize(rows.len() * width, 0.0);
        weight.product(Matrix::rows(x, k, rows, 0..k), columns.clone(), sums, width);
        for (sums, y) in sums.chunks_exact(width).zip(out) {
            y.iter_mut().zip(sums).zip(&bias[columns.clone()]).for_each(|((y, sum), bias)| *y = sum + bias);
            if plan.activation == Activation::Gelu {
                y.iter_mut().for_each(|y| *y = math::gelu(*y));
            }
        }
    });
    y
}
