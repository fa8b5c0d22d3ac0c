//! LUKE over burn tensors: Hugging Face's classes in their order and under their names. One sequence a call;
//! nothing here knows text.

mod attention;
mod embeddings;
mod encoder;
mod heads;
mod layers;
mod masked_lm;

pub use encoder::Step;
pub use heads::{Head, NamedTensor, hidden_outputs};
pub use masked_lm::{Decoder, MaskedLm};

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::config::LukeConfig;
use crate::error::Result;
use crate::input::ModelInputs;
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

/// What the encoder gives: word rows, then entity rows.
#[derive(Clone, Debug)]
pub struct HiddenStates {
    /// `[words + entities, hidden]`
    pub states: Tensor<2>,
    /// How many rows are words.
    pub words: usize,
}

impl HiddenStates {
    /// `[words, hidden]`
    pub fn word_rows(&self) -> Tensor<2> {
        self.states.clone().narrow(0, 0, self.words)
    }

    /// `[entities, hidden]`
    pub fn entity_rows(&self) -> Tensor<2> {
        self.states.clone().narrow(0, self.words, self.entities())
    }

    /// Some rows of a matrix, in order.
    ///
    /// # Shapes
    /// - of: `[any, columns]`, result: `[rows, columns]`
    pub fn select(&self, of: Tensor<2>, rows: &[usize]) -> Tensor<2> {
        let ids: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [rows.len()]), &self.states.device());
        of.select(0, ids)
    }

    /// How many rows are entities.
    pub fn entities(&self) -> usize {
        self.states.dims()[0] - self.words
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

    /// The hidden states after the last layer. `inputs` must have passed [`ModelInputs::check`].
    ///
    /// # Shapes
    /// - entity_rows: `[entities, entity_emb]`, the entity table's rows of `inputs.entity_ids`
    pub fn forward(&self, inputs: &ModelInputs, entity_rows: Vec<f32>) -> HiddenStates {
        self.forward_steps(inputs, entity_rows, |_, _| {})
    }

    /// As [`forward`](Self::forward); `seen` is shown each step.
    pub fn forward_steps(
        &self,
        inputs: &ModelInputs,
        entity_rows: Vec<f32>,
        mut seen: impl FnMut(Step, &Tensor<2>),
    ) -> HiddenStates {
        let (words, entities) = (inputs.input_ids.len(), inputs.entity_ids.len());
        let mut states = self.embeddings.forward(inputs, &self.device);
        if entities > 0 {
            states = Tensor::cat(vec![states, self.entity_embeddings.forward(inputs, entity_rows, &self.device)], 0);
        }
        let attended = |mask: &Option<Vec<u8>>, n: usize| match mask {
            Some(mask) => mask.iter().map(|m| if *m == 0 { f32::MIN } else { 0.0 }).collect(),
            None => vec![0.0; n],
        };
        let mut mask: Vec<f32> = attended(&inputs.attention_mask, words);
        mask.extend(attended(&inputs.entity_attention_mask, entities));
        seen(Step::Result, &states);
        let states = self.encoder.forward(states, &vector(mask, &self.device), words, seen);
        HiddenStates { states, words }
    }

    /// `LukePooler`: `tanh(dense(first word))`, where the checkpoint has one.
    ///
    /// # Shapes
    /// - result: `[1, hidden]`
    pub fn pooler_output(&self, states: &HiddenStates) -> Option<Tensor<2>> {
        let first = states.states.clone().narrow(0, 0, 1);
        self.pooler.as_ref().map(|dense| dense.forward(first).tanh())
    }
}
