//! Tensors that come from main memory, and their way back.
//!
//! Every tensor of the model is contiguous f32. burn's own functions also take other tensors: those with strides, in tiles or
//! quantized. On the GPU, CubeCL has kernels for them, and whoever calls such a function has these kernels in the module that
//! the page downloads. So the model calls what is here, and its own ops.

use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{Device, Tensor, TensorData};

use super::ops::LukeOps;
use crate::backend::DeviceKind;

/// Puts values on a device.
///
/// # Panics
/// If `shape` does not have as many values.
pub fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(values, shape);
    Tensor::from_dispatch(<Dispatch as FloatTensorOps<Dispatch>>::float_from_data(data, device.as_dispatch()))
}

/// The values of tensors of one device, brought from it together.
///
/// # Errors
/// The reason why the device does not give them.
pub async fn download(tensors: Vec<Tensor<2>>, device: &Device) -> Result<Vec<Vec<f32>>, String> {
    match DeviceKind::of(device) {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => tensors.into_iter().map(super::flex::download).collect(),
        #[cfg(feature = "webgpu")]
        DeviceKind::Gpu => super::gpu::download(tensors).await,
        #[allow(unreachable_patterns)]
        kind => Err(format!("this build has no device '{}'", kind.name())),
    }
}

/// The same values with other rows and columns.
///
/// # Panics
/// If `shape` does not have as many values as `x`.
pub fn reshape(x: Tensor<2>, shape: [usize; 2]) -> Tensor<2> {
    let [rows, columns] = x.dims();
    assert_eq!(rows * columns, shape[0] * shape[1], "reshape: values");
    Tensor::from_dispatch(<Dispatch as LukeOps>::reshape(x.into_dispatch(), shape))
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use super::*;
    use crate::backend;
    use crate::kernels::{column, row_range};

    #[test]
    fn parts_of_a_matrix() {
        let opened = pollster::block_on(backend::open(DeviceKind::Cpu)).unwrap();
        let device = opened.device();
        let x = upload((0..6).map(|i| i as f32).collect(), [3, 2], device);
        let parts =
            vec![row_range(x.clone(), 0..3), row_range(x.clone(), 1..3), column(x.clone(), 1), reshape(x, [2, 3])];
        assert_eq!(parts.iter().map(Tensor::dims).collect::<Vec<_>>(), [[3, 2], [2, 2], [3, 1], [2, 3]]);
        let values = pollster::block_on(download(parts, device)).unwrap();
        let all = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(values, [all.clone(), all[2..].to_vec(), vec![1.0, 3.0, 5.0], all]);
    }
}
