//! The ops on burn's CPU backend, and the one matrix product they share (the `gemm` crate).

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;
use std::ops::Range;

use super::{AttentionShape, LukeOps, add_layer_norm, entity_attention, linear};

impl LukeOps for Flex {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: linear::Plan,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let y = linear::cpu(floats(&x), floats(&weight), floats(&bias), &plan);
        tensor(y, [plan.rows, plan.out_features])
    }

    fn entity_attention(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        shape: AttentionShape,
    ) -> FloatTensor<Self> {
        let (projected, mask) = (projected.to_contiguous(), mask.to_contiguous());
        let context = entity_attention::cpu(floats(&projected), floats(&mask), &shape);
        tensor(context, [shape.words + shape.entities, shape.heads * shape.head_dim])
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, residual) = (x.to_contiguous(), residual.to_contiguous());
        let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
        let features = floats(&weight).len();
        let y = add_layer_norm::cpu(floats(&x), floats(&residual), floats(&weight), floats(&bias), epsilon);
        let rows = y.len() / features;
        tensor(y, [rows, features])
    }
}

fn floats(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage()[start..start + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// A checked view of a matrix inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// Rows `rows` and columns `columns` of a row-major matrix `stride` floats wide.
    pub fn rows(data: &'a [f32], stride: usize, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(columns.end <= stride && rows.end * stride <= data.len() && !rows.is_empty() && !columns.is_empty());
        Self {
            data: &data[rows.start * stride + columns.start..],
            rows: rows.len(),
            columns: columns.len(),
            row_stride: stride as isize,
            column_stride: 1,
        }
    }

    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `out += a b`, `out` being row-major with rows `stride` floats apart.
pub(super) fn add_product(out: &mut [f32], stride: usize, a: Matrix, b: Matrix) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows);
    assert!(n <= stride && (m - 1) * stride + n <= out.len());
    // SAFETY: `Matrix::rows` checked that every row and column of `a` and `b` lies in its slice, the assertion
    // above does so for `out`, and `out` is a unique borrow.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            true,
            a.data.as_ptr(),
            a.column_stride,
            a.row_stride,
            b.data.as_ptr(),
            b.column_stride,
            b.row_stride,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
