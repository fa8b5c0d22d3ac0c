//! Hidden states between the layers: what heads are taught on.

use burn::tensor::Tensor;

use super::Luke;
use super::canary::read_with;
use crate::error::Result;
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::kernels::{PackedBatch, gather_rows};
use crate::model::Step;

impl Luke {
    /// The states of some word tokens of each input, by their places in it, after some layers; layer 0 is the embeddings. Inputs of any lengths run several in one
    /// forward pass.
    ///
    /// # Shapes
    /// - result: of each input `[tokens, layers * hidden]`, row-major
    ///
    /// # Errors
    /// As [`forward_batch`](Self::forward_batch).
    ///
    /// # Panics
    /// If an input has no such token, or the encoder no such layer.
    pub async fn layer_states(&self, inputs: &[(ModelInputs, Vec<usize>)], layers: &[usize]) -> Result<Vec<Vec<f32>>> {
        let last = self.config.num_hidden_layers;
        assert!(layers.iter().all(|layer| *layer <= last), "layers of the encoder, which has {last}: {layers:?}");
        let batch: Vec<_> = inputs.iter().map(|(inputs, _)| inputs.checked(&self.config)).collect::<Result<_>>()?;
        let (mut results, mut done) = (Vec::with_capacity(batch.len()), 0);
        while done < batch.len() {
            let end = done + self.fitting(&batch[done..]);
            self.pause().await?;
            let tokens: Vec<&[usize]> = inputs[done..end].iter().map(|(_, tokens)| tokens.as_slice()).collect();
            results.extend(self.layers_of(&batch[done..end], &tokens, layers).await?);
            done = end;
        }
        Ok(results)
    }

    /// As [`layer_states`](Self::layer_states), in one forward pass.
    async fn layers_of(
        &self,
        batch: &[CheckedInputs<'_>],
        tokens: &[&[usize]],
        layers: &[usize],
    ) -> Result<Vec<Vec<f32>>> {
        // A canary comes last, so the tokens lie as without it.
        let sizes: Vec<_> = batch.iter().map(|inputs| (inputs.input_ids.len(), inputs.entity_ids.len())).collect();
        let packing = PackedBatch::new(&sizes);
        let of_sequence = packing.sequences().iter().zip(tokens);
        let wanted: Vec<usize> =
            of_sequence.flat_map(|(rows, tokens)| tokens.iter().map(|token| rows.tokens.start + token)).collect();
        if wanted.is_empty() {
            return Ok(vec![Vec::new(); batch.len()]);
        }
        let (mut step, mut seen) = (0, vec![None; layers.len()]);
        let see = |what, states: &Tensor<2>| {
            if what == Step::Result {
                for (seen, _) in seen.iter_mut().zip(layers).filter(|(_, layer)| **layer == step) {
                    *seen = Some(gather_rows(states.clone(), &wanted));
                }
                step += 1;
            }
        };
        let mut states = self.states_by_step(batch, see).await?;
        let tensors = seen
            .into_iter()
            .zip(layers)
            .map(|(seen, layer)| (format!("layer {layer}"), seen.expect("a layer of the encoder")));
        let values = read_with(self, tensors.collect(), states.canary.take().into_iter().collect()).await?;
        let (hidden, mut first) = (self.config.hidden_size, 0);
        let of_input = |tokens: &&[usize]| {
            let own = first..first + tokens.len();
            first = own.end;
            own.flat_map(|row| values.iter().flat_map(move |layer| &layer[row * hidden..][..hidden])).copied().collect()
        };
        Ok(tokens.iter().map(of_input).collect())
    }
}
