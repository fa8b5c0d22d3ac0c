//! A row that runs with every batch on a GPU, and whose result is known since the model was loaded. A driver may drop work and
//! report success, or a buffer may be stale; then this row is wrong as well.

use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;

use super::Luke;
use super::read::read;
use crate::backend::{self, DeviceKind};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::model::CanaryState;

/// The largest error of f32 and of f16 weights that the tiles of the shaders explain, as a share of `1 + |value|`.
const TOLERANCE: f32 = 1e-3;

/// The same for int8 weights: where a tile rounds another way, a quantized input may be its neighbor.
const QUANTIZED_TOLERANCE: f32 = 0.05;

/// Two sequences of one word, and the states of these words. They take turns: what is left in a buffer of the pass before has the
/// other one.
pub struct Canary {
    inputs: [ModelInputs; 2],
    /// `[hidden]` each.
    expected: [Vec<f32>; 2],
    tolerance: f32,
    turn: AtomicUsize,
}

impl Canary {
    /// Runs the sequences. `None` on the CPU, which needs no such row.
    ///
    /// # Errors
    /// As [`Luke::forward_batch`].
    pub async fn new(luke: &Luke) -> Result<Option<Self>> {
        if luke.device == DeviceKind::Cpu {
            return Ok(None);
        }
        let last = u32::try_from(luke.config.vocab_size.saturating_sub(1)).unwrap_or(0);
        let inputs = [0, last].map(|id| ModelInputs { input_ids: vec![id], ..ModelInputs::default() });
        let [first, second] = &inputs;
        let (first, second) = (first.checked(&luke.config)?, second.checked(&luke.config)?);
        let states = luke.model.forward(&[first], Some((1, second)), Vec::new(), |_, _| {}, async || Ok(())).await?;
        let first = ("canary", states.first_words());
        let both = [first].into_iter().chain(states.canary.map(|canary| ("canary", canary.state))).collect();
        let mut states = read(both).await?.into_iter();
        let expected = [states.next().unwrap_or_default(), states.next().unwrap_or_default()];
        let tolerance = if luke.manifest.dtype.is_quantized() { QUANTIZED_TOLERANCE } else { TOLERANCE };
        Ok(Some(Self { inputs, expected, tolerance, turn: AtomicUsize::new(0) }))
    }

    /// The sequence whose turn it is, and its number.
    ///
    /// # Errors
    /// None in practice: the sequences have been run before.
    pub fn next(&self, config: &LukeConfig) -> Result<(usize, CheckedInputs<'_>)> {
        let id = self.turn.fetch_add(1, Ordering::Relaxed) % 2;
        Ok((id, self.inputs[id].checked(config)?))
    }

    fn agrees(&self, id: usize, got: &[f32]) -> bool {
        let expected = &self.expected[id];
        let close = |(got, expected): (&f32, &f32)| (got - expected).abs() <= self.tolerance * (1.0 + expected.abs());
        got.len() == expected.len() && got.iter().zip(expected).all(close)
    }
}

/// The values of named tensors, as [`read`], and those of canaries that ran with them, which must be the known ones.
///
/// # Errors
/// As [`read`]; `device-lost` also if a canary has other values. New models do not use the device any more then.
pub async fn read_with(
    luke: &Luke,
    tensors: Vec<(String, Tensor<2>)>,
    canaries: Vec<CanaryState>,
) -> Result<Vec<Vec<f32>>> {
    let (count, ids) = (tensors.len(), canaries.iter().map(|canary| canary.id).collect::<Vec<_>>());
    let canaries = canaries.into_iter().map(|canary| ("canary".to_owned(), canary.state));
    let mut values = read(tensors.into_iter().chain(canaries).collect()).await?;
    let canaries = values.split_off(count.min(values.len()));
    match &luke.canary {
        Some(canary) if !ids.iter().zip(&canaries).all(|(id, got)| canary.agrees(*id, got)) => {
            let reason =
                "a row whose result is known came back with other values: the GPU lost work, or computed wrongly";
            Err(backend::failed(luke.opened.device(), reason.into()))
        }
        _ => Ok(values),
    }
}
