//! Hidden states between the layers: what heads are taught on.

use burn::tensor::Tensor;

use super::Luke;
use super::canary::read_with;
use crate::error::Result;
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::kernels::{PackedBatch, SequenceRows, gather_rows};
use crate::model::Step;

impl Luke {
    /// The states of some rows of each input after some layers; layer 0 is the embeddings. The rows of an input are its word tokens, then
    /// its entities. Inputs of any lengths run several in one forward pass.
    ///
    /// # Shapes
    /// - result: of each input `[rows, layers * hidden]`, row-major
    ///
    /// # Errors
    /// As [`forward_batch`](Self::forward_batch).
    ///
    /// # Panics
    /// If an input has no such row, or the encoder no such layer.
    pub async fn layer_states(&self, inputs: &[(ModelInputs, Vec<usize>)], layers: &[usize]) -> Result<Vec<Vec<f32>>> {
        let last = self.config.num_hidden_layers;
        assert!(layers.iter().all(|layer| *layer <= last), "layers of the encoder, which has {last}: {layers:?}");
        let batch: Vec<_> = inputs.iter().map(|(inputs, _)| inputs.checked(&self.config)).collect::<Result<_>>()?;
        let (mut results, mut done) = (Vec::with_capacity(batch.len()), 0);
        while done < batch.len() {
            let end = done + self.fitting(&batch[done..]);
            self.pause().await?;
            let rows: Vec<&[usize]> = inputs[done..end].iter().map(|(_, rows)| rows.as_slice()).collect();
            results.extend(self.layers_of(&batch[done..end], &rows, layers).await?);
            done = end;
        }
        Ok(results)
    }

    /// As [`layer_states`](Self::layer_states), in one forward pass.
    async fn layers_of(
        &self,
        batch: &[CheckedInputs<'_>],
        rows: &[&[usize]],
        layers: &[usize],
    ) -> Result<Vec<Vec<f32>>> {
        // A canary has one word, which comes before the entities of all.
        let sizes = batch.iter().map(|inputs| (inputs.input_ids.len(), inputs.entity_ids.len()));
        let packing = PackedBatch::new(&sizes.chain(self.canary.as_ref().map(|_| (1, 0))).collect::<Vec<_>>());
        let place = |sequence: &SequenceRows, row: usize| match row.checked_sub(sequence.tokens.len()) {
            None => sequence.tokens.start + row,
            Some(entity) => {
                assert!(entity < sequence.entities.len(), "row {row} of {sequence:?}");
                sequence.entities.start + entity
            }
        };
        let of_sequence = packing.sequences().iter().zip(rows);
        let wanted: Vec<usize> =
            of_sequence.flat_map(|(sequence, rows)| rows.iter().map(|row| place(sequence, *row))).collect();
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
        let of_input = |rows: &&[usize]| {
            let own = first..first + rows.len();
            first = own.end;
            own.flat_map(|row| values.iter().flat_map(move |layer| &layer[row * hidden..][..hidden])).copied().collect()
        };
        Ok(rows.iter().map(of_input).collect())
    }
}
