//! Results from the device.

use std::fmt::Display;

use burn::tensor::{Device, Tensor};

use super::Output;
use crate::backend::{self, DeviceKind};
use crate::error::{LukeError, Result};
use crate::kernels::download;
use crate::model::{Axes, OutputName};

/// The values of named tensors of one device, brought from it together.
///
/// # Errors
/// `device-lost` when the device failed, or a GPU gave a number that is not finite; `format` when the CPU did; `out-of-memory` when the
/// device had too little.
pub async fn read<N: Display>(tensors: Vec<(N, Tensor<2>)>) -> Result<Vec<Vec<f32>>> {
    let Some(device) = tensors.first().map(|(_, tensor)| tensor.device()) else { return Ok(Vec::new()) };
    let lost = |reason: String| backend::failed(&device, reason);
    let (names, tensors): (Vec<N>, Vec<_>) = tensors.into_iter().unzip();
    backend::flush(&device)?;
    let read = download(tensors, &device).await.map_err(lost)?;
    backend::settled(&device).await?;
    let checked = |(name, values): (N, Vec<f32>)| {
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(not_finite(&name.to_string(), &device))
        }
    };
    names.into_iter().zip(read).map(checked).collect()
}

/// Weights and inputs are finite, so either sums of the weights overflow or the device computes wrongly. The CPU does not. A
/// GPU may, but it is shared with other models, so this is an error of this call alone.
fn not_finite(name: &str, device: &Device) -> LukeError {
    if DeviceKind::of(device) == DeviceKind::Cpu {
        LukeError::format(name, "is not finite: the weights are so large that sums of them overflow f32")
    } else {
        LukeError::DeviceLost(format!("{name} is not finite"))
    }
}

/// The values of a tensor, row-major, from the device. `name` is what an error calls it.
///
/// # Errors
/// As [`read`].
pub async fn read_one(name: &str, tensor: Tensor<2>) -> Result<Vec<f32>> {
    Ok(read(vec![(name, tensor)]).await?.pop().unwrap_or_default())
}

/// Gives each sequence its rows of an output.
pub fn split(name: OutputName, values: &[f32], rows: &[usize], axes: Axes, to: &mut [Vec<Output>]) {
    let columns = values.len() / rows.iter().sum::<usize>().max(1);
    let mut rest = values;
    for (rows, outputs) in rows.iter().zip(to).filter(|(rows, _)| **rows > 0) {
        let (of_sequence, others) = rest.split_at(rows * columns);
        rest = others;
        let shape = match axes {
            Axes::Both => vec![*rows, columns],
            Axes::Rows => vec![*rows],
            Axes::Columns => vec![columns],
        };
        outputs.push(Output { name, shape, values: of_sequence.to_vec() });
    }
}
