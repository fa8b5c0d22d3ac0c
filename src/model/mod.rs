//! LUKE over burn tensors: Hugging Face's classes in their order and under their names. Sequences of any lengths share a
//! call, packed without padding; nothing here knows text.

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
use crate::kernels::{PackedBatch, gather_rows, stack_rows};
use crate::weights::{EntityRows, PagedRows, RowTable, WeightStore};
use embeddings::{LukeEmbeddings, LukeEntityEmbeddings};
use encoder::LukeEncoder;
use layers::{Linear, Weights, vector};

/// `LukeModel`.
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
    /// `[rows, hidden]`
    pub states: Tensor<2>,
    /// Which rows are the words and the entities of each sequence.
    pub packing: PackedBatch,
}

impl HiddenStates {
    /// `[words, hidden]`, of all sequences.
    pub fn word_rows(&self) -> Tensor<2> {
        self.states.clone().narrow(0, 0, self.packing.tokens())
    }

    /// `[entities, hidden]`, of all sequences; there must be one.
    pub fn entity_rows(&self) -> Tensor<2> {
        let words = self.packing.tokens();
        self.states.clone().narrow(0, words, self.packing.rows() - words)
    }

    /// The first word of every sequence.
    ///
    /// # Shapes
    /// - result: `[sequences, hidden]`
    pub fn first_words(&self) -> Tensor<2> {
        let first: Vec<usize> = self.packing.sequences().iter().map(|sequence| sequence.tokens.start).collect();
        gather_rows(self.states.clone(), &first)
    }

    /// For each of `groups`, its rows one after the other.
    ///
    /// # Shapes
    /// - result: `[groups, N * hidden]`
    pub fn joined<const N: usize>(&self, groups: &[[usize; N]]) -> Tensor<2> {
        let [_, hidden] = self.states.dims();
        gather_rows(self.states.clone(), groups.as_flattened()).reshape([groups.len(), N * hidden])
    }
}

impl LukeModel {
    /// Takes the tensors under `luke` and puts them on the device.
    /// The entity table is `pages`, where it is not among the tensors.
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

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The word table.
    pub fn word_embeddings(&self) -> &RowTable {
        self.embeddings.word_embeddings()
    }

    /// The entity table.
    pub fn entity_embeddings(&self) -> &EntityRows {
        self.entity_embeddings.entity_embeddings()
    }

    /// The hidden states after the last layer; there must be an input.
    ///
    /// # Shapes
    /// - entity_rows: `[entities, entity_emb]`, the entity table's rows of the batch's `entity_ids`
    pub fn forward(&self, batch: &[CheckedInputs<'_>], entity_rows: Vec<f32>) -> HiddenStates {
        self.forward_steps(batch, entity_rows, |_, _| {})
    }

    /// As [`forward`](Self::forward); `seen` is shown each step.
    pub fn forward_steps(
        &self,
        batch: &[CheckedInputs<'_>],
        entity_rows: Vec<f32>,
        mut seen: impl FnMut(Step, &Tensor<2>),
    ) -> HiddenStates {
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
                    mask[row] = if *m == 0 { f32::MIN } else { 0.0 };
                }
            }
        }
        // Everything goes to the device before anything runs there: an upload waits for what was started.
        let mask = vector(mask, &self.device);
        let words = self.embeddings.gather(batch, &self.device);
        let entities = (packing.rows() > packing.tokens())
            .then(|| self.entity_embeddings.gather(batch, entity_rows, &self.device));
        let mut states = self.embeddings.forward(words);
        if let Some(entities) = entities {
            states = stack_rows(states, self.entity_embeddings.forward(entities));
        }
        seen(Step::Result, &states);
        let states = self.encoder.forward(states, &mask, &packing, seen);
        HiddenStates { states, packing }
    }

    /// `LukePooler`: `tanh(dense(first word))`, where the checkpoint has one.
    ///
    /// # Shapes
    /// - result: `[sequences, hidden]`
    pub fn pooler_output(&self, states: &HiddenStates) -> Option<Tensor<2>> {
        self.pooler.as_ref().map(|dense| dense.forward(states.first_words()).tanh())
    }
}
