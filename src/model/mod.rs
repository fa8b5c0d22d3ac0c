//! LUKE over burn tensors: Hugging Face's classes, in their order and with their names. Sequences of any lengths share
//! a forward pass; they are packed without padding. Nothing here knows text.

mod attention;
mod embeddings;
mod encoder;
mod heads;
mod layers;
mod masked_lm;
mod output;

pub use encoder::Step;
pub use heads::{Head, LinearHead, hidden_outputs};
pub use masked_lm::{Decoder, MaskedLm};
pub use output::{Axes, NamedTensor, OutputName};

use burn::tensor::{Device, Tensor};

use crate::config::LukeConfig;
use crate::error::Result;
use crate::inputs::CheckedInputs;
use crate::kernels::{MASKED, PackedBatch, SequenceRows, gather_rows, reshape, row_range, stack_rows, tanh};
use crate::weights::{EntityRows, PagedRows, RowTable, WeightStore};
use embeddings::{LukeEmbeddings, LukeEntityEmbeddings};
use encoder::LukeEncoder;
use layers::{Linear, Weights, vector};

/// Hugging Face's `LukeModel`: embeddings, encoder, and the pooler if the checkpoint has one.
pub struct LukeModel {
    embeddings: LukeEmbeddings,
    entity_embeddings: LukeEntityEmbeddings,
    encoder: LukeEncoder,
    pooler: Option<Linear>,
    device: Device,
}

/// The hidden states of a batch after the last layer.
#[derive(Clone, Debug)]
pub struct HiddenStates {
    /// `[rows, hidden]`: the words of all sequences, then the entities of all sequences.
    pub states: Tensor<2>,
    /// Which rows are the words and the entities of each sequence.
    pub packing: PackedBatch,
    /// The state of a canary that ran with the batch.
    pub canary: Option<CanaryState>,
}

/// The state of a canary; see [`LukeModel::forward`].
#[derive(Clone, Debug)]
pub struct CanaryState {
    /// Which canary it is.
    pub id: usize,
    /// `[1, hidden]`
    pub state: Tensor<2>,
}

impl HiddenStates {
    /// The states of the words of all sequences.
    ///
    /// # Shapes
    /// - result: `[words, hidden]`
    pub fn word_rows(&self) -> Tensor<2> {
        row_range(self.states.clone(), 0..self.packing.tokens())
    }

    /// The states of the entities of all sequences. There must be at least one entity.
    ///
    /// # Shapes
    /// - result: `[entities, hidden]`
    pub fn entity_rows(&self) -> Tensor<2> {
        row_range(self.states.clone(), self.packing.entities())
    }

    /// The state of the first word of every sequence.
    ///
    /// # Shapes
    /// - result: `[sequences, hidden]`
    ///
    /// # Panics
    /// If there is no sequence.
    pub fn first_words(&self) -> Tensor<2> {
        let first: Vec<usize> = self.packing.sequences().iter().map(|sequence| sequence.tokens.start).collect();
        gather_rows(self.states.clone(), &first)
    }

    /// The states of each group of rows, side by side in one row.
    ///
    /// # Shapes
    /// - result: `[groups, N * hidden]`
    ///
    /// # Panics
    /// If there is no group, or if a row does not exist.
    pub fn joined<const N: usize>(&self, groups: &[[usize; N]]) -> Tensor<2> {
        let [_, hidden] = self.states.dims();
        reshape(gather_rows(self.states.clone(), groups.as_flattened()), [groups.len(), N * hidden])
    }
}

impl LukeModel {
    /// Takes the tensors under `luke` and puts the layers on the device. `pages` is the entity table if it stays in its
    /// files; otherwise the table is taken from the tensors.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as [`WeightStore::take`].
    pub async fn load(
        store: &mut WeightStore<'_>,
        c: &LukeConfig,
        pages: Option<PagedRows>,
        device: &Device,
    ) -> Result<Self> {
        let mut root = Weights::new(store, device);
        let mut w = root.at("luke");
        Ok(Self {
            embeddings: LukeEmbeddings::load(w.at("embeddings"), c).await?,
            entity_embeddings: LukeEntityEmbeddings::load(w.at("entity_embeddings"), c, pages).await?,
            encoder: LukeEncoder::load(w.at("encoder"), c).await?,
            pooler: match w.has("pooler.dense.weight") {
                true => Some(w.at("pooler.dense").linear(c.hidden_size, c.hidden_size).await?),
                false => None,
            },
            device: device.clone(),
        })
    }

    /// The device that the model runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The word table, `[vocab_size, hidden]`, as it is stored.
    pub fn word_embeddings(&self) -> &RowTable {
        self.embeddings.word_embeddings()
    }

    /// The entity table, `[entity_vocab_size, entity_emb]`, in memory or in its files.
    pub fn entity_embeddings(&self) -> &EntityRows {
        self.entity_embeddings.entity_embeddings()
    }

    /// Computes the hidden states of a batch after the last layer, and calls `seen` with each [`Step`] and its tensor. Waits for
    /// `ready` between the layers.
    ///
    /// Where there is a `canary`, its inputs run with the batch, and its state comes apart from the others. It has one word and no
    /// entity. Its result is known, so it shows whether the device has computed anything.
    ///
    /// # Shapes
    /// - entity_rows: `[entities, entity_emb]`, the rows of the entity table for the `entity_ids` of the batch, in
    ///   order
    ///
    /// # Errors
    /// Those of `ready`.
    ///
    /// # Panics
    /// If the batch is empty, or if it has entities and `entity_rows` has another length.
    pub async fn forward(
        &self,
        batch: &[CheckedInputs<'_>],
        canary: Option<(usize, CheckedInputs<'_>)>,
        entity_rows: Vec<f32>,
        seen: impl FnMut(Step, &Tensor<2>),
        ready: impl AsyncFn() -> Result<()>,
    ) -> Result<HiddenStates> {
        let Some((id, inputs)) = canary else {
            return self.forward_steps(batch, entity_rows, seen, ready).await;
        };
        let all: Vec<_> = batch.iter().copied().chain([inputs]).collect();
        let states = self.forward_steps(&all, entity_rows, seen, ready).await?;
        let (packing, last) = states.packing.split_last();
        let state = |rows: SequenceRows| gather_rows(states.states.clone(), &[rows.tokens.start]);
        let canary = last.map(|rows| CanaryState { id, state: state(rows) });
        Ok(HiddenStates { packing, canary, ..states })
    }

    /// Computes the hidden states of a batch after the last layer, and calls `seen` with each [`Step`] and its tensor. Waits for
    /// `ready` between the layers.
    ///
    /// # Shapes
    /// - entity_rows: `[entities, entity_emb]`, the rows of the entity table for the `entity_ids` of the batch, in
    ///   order
    /// - tensor of [`Step::Result`]: `[rows, hidden]`, first of the embeddings, then of each layer
    /// - tensor of [`Step::Input`]: `[rows, hidden]`, but `[rows, intermediate]` for `output.dense`
    ///
    /// # Errors
    /// Those of `ready`.
    ///
    /// # Panics
    /// If the batch is empty, or if it has entities and `entity_rows` has another length.
    pub async fn forward_steps(
        &self,
        batch: &[CheckedInputs<'_>],
        entity_rows: Vec<f32>,
        mut seen: impl FnMut(Step, &Tensor<2>),
        ready: impl AsyncFn() -> Result<()>,
    ) -> Result<HiddenStates> {
        let sizes: Vec<_> = batch.iter().map(|inputs| (inputs.input_ids.len(), inputs.entity_ids.len())).collect();
        let packing = PackedBatch::new(&sizes);
        let mut mask = vec![0.0; packing.rows()];
        for (inputs, sequence) in batch.iter().zip(packing.sequences()) {
            let kinds = [
                (&inputs.attention_mask, sequence.tokens.clone()),
                (&inputs.entity_attention_mask, sequence.entities.clone()),
            ];
            for (given, rows) in kinds {
                for (m, row) in given.iter().flatten().zip(rows) {
                    mask[row] = if *m == 0 { MASKED } else { 0.0 };
                }
            }
        }
        // All uploads come before the first op: an upload waits for the ops that were started before it.
        let mask = vector(mask, &self.device);
        let words = self.embeddings.gather(batch, &self.device);
        let entities =
            (!packing.entities().is_empty()).then(|| self.entity_embeddings.gather(batch, entity_rows, &self.device));
        let mut states = self.embeddings.forward(words);
        if let Some(entities) = entities {
            states = stack_rows(states, self.entity_embeddings.forward(entities));
        }
        seen(Step::Result, &states);
        let states = self.encoder.forward(states, &mask, &packing, seen, ready).await?;
        Ok(HiddenStates { states, packing, canary: None })
    }

    /// `LukePooler`: `tanh(dense(first word))`. `None` if the checkpoint has no pooler.
    ///
    /// # Shapes
    /// - result: `[sequences, hidden]`
    ///
    /// # Panics
    /// If there is no sequence.
    pub fn pooler_output(&self, states: &HiddenStates) -> Option<Tensor<2>> {
        self.pooler.as_ref().map(|dense| tanh(dense.forward(states.first_words())))
    }
}
