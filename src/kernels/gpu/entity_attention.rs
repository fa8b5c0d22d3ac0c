//! `entity_attention` on the GPU. The shader is `entity_attention_tiled.wgsl`; for large heads, and on an adapter that
//! is a CPU, it is `entity_attention_stream.wgsl`.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{empty, is_software, launch};
use super::shaders::EntityAttentionShader;
use crate::backend;
use luke_compute::plan::AttentionShape;

/// Launches the op; see [`entity_attention`](crate::kernels::entity_attention()), which has checked the shapes. All
/// tensors are f32.
///
/// # Shapes
/// - projected: `[rows, width]`, mask: `[rows]`, result: `[rows, heads * head_dim]`
pub fn entity_attention(projected: CubeTensor, mask: CubeTensor, shape: &AttentionShape) -> CubeTensor {
    let width = projected.meta.shape()[1];
    let context = empty(&projected, [shape.batch.rows(), shape.hidden()]);
    let shader = EntityAttentionShader::fitting(shape, width, is_software(&projected));
    let max_rows = backend::dispatch_rows(shape.max_row_flop());
    for dispatch in shader.dispatches(shape, width, max_rows) {
        launch(shader, &dispatch, &[&projected, &mask], &context);
    }
    context
}
