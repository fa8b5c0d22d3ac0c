//! Values from the GPU.

use burn::backend::Cube;
use burn::tensor::Tensor;
use burn_cubecl::tensor::CubeTensor;
use cubecl::server::CopyDescriptor;

/// See [`download`](crate::kernels::download).
///
/// # Errors
/// The reason, if a tensor is not on the GPU, or if the GPU does not give the values.
///
/// # Panics
/// If a tensor has strides.
pub async fn download(tensors: Vec<Tensor<2>>) -> Result<Vec<Vec<f32>>, String> {
    let on_cube = |tensor: Tensor<2>| tensor.try_into_primitive::<Cube>().map_err(|error| format!("{error:?}"));
    let tensors: Vec<CubeTensor> = tensors.into_iter().map(on_cube).collect::<Result<_, _>>()?;
    let Some(client) = tensors.first().map(|tensor| tensor.client.clone()) else { return Ok(Vec::new()) };
    let copy = |tensor: CubeTensor| {
        assert!(tensor.is_contiguous(), "download: a tensor with strides");
        let (shape, strides) = (tensor.meta.shape().clone(), tensor.meta.strides().clone());
        CopyDescriptor::new(tensor.handle.binding(), shape, strides, size_of::<f32>())
    };
    let read = client.read_tensor_async(tensors.into_iter().map(copy).collect());
    let bytes = read.await.map_err(|error| error.to_string())?;
    let floats = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    Ok(bytes.iter().map(|bytes| floats(bytes)).collect())
}
