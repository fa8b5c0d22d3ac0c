//! The heads on the encoder. All heads but the masked LM are one linear layer. The table in `heads` says which hidden
//! states the layer reads.

use burn::tensor::{Device, Tensor};

use super::layers::{Linear, Weights};
use super::masked_lm::MaskedLm;
use super::output::{Axes, NamedTensor, OutputName};
use super::{HiddenStates, LukeModel};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::heads::{HeadKind, HeadLayers, HiddenRows, LayerOutput, LinearLayer};
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::kernels::{column, gather_rows};
use crate::weights::WeightStore;

/// A head with its weights.
pub enum Head {
    /// One linear layer on hidden states.
    Linear(Box<LinearHead>),
    /// `LukeForMaskedLM`, which computes its logits in blocks.
    MaskedLm(Box<MaskedLm>),
}

impl Head {
    /// Takes the tensors of a head. In a model with several heads they are under `heads.KEY`. `labels` is the number of
    /// its labels; a head without labels ignores it.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as [`WeightStore::take`].
    pub async fn load(
        kind: HeadKind,
        labels: usize,
        store: &mut WeightStore<'_>,
        c: &LukeConfig,
        device: &Device,
    ) -> Result<Self> {
        let under_key = format!("heads.{kind}");
        let several = store.has_under(&under_key);
        let mut root = Weights::new(store, device);
        let mut w = if several { root.at(&under_key) } else { root };
        Ok(match &kind.info().layers {
            HeadLayers::Linear(layer) => Self::Linear(Box::new(LinearHead::load(layer, labels, w, c).await?)),
            HeadLayers::MaskedLm([words, entities]) => {
                Self::MaskedLm(Box::new(MaskedLm::load(&mut w, words, entities, c).await?))
            }
        })
    }
}

/// A head that is one linear layer.
pub struct LinearHead {
    linear: Linear,
    input: HiddenRows,
    output: LayerOutput,
}

/// The input of a head's layer for a batch.
struct LayerInput {
    /// `[rows, states * hidden]`
    tensor: Tensor<2>,
    /// How many of these rows each sequence has.
    rows: Vec<usize>,
    /// Axes of the logits of one sequence, if the logits have several columns.
    axes: Axes,
}

impl LinearHead {
    async fn load(layer: &LinearLayer, labels: usize, mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let &LinearLayer { name, input, output, bias } = layer;
        let (in_features, out_features) = (input.states() * c.hidden_size, output.columns(labels));
        let mut w = w.at(name);
        let linear = if bias {
            w.linear(in_features, out_features).await?
        } else {
            w.linear_no_bias(in_features, out_features).await?
        };
        Ok(Self { linear, input, output })
    }

    /// Runs the head on the hidden states of a batch. Returns the logits on the device: one tensor, or one for the
    /// start and one for the end of an answer.
    ///
    /// # Shapes
    /// - tensor of each result: `[rows of all sequences, columns]`; the row of [`HEADS`](crate::heads::HEADS) says
    ///   which rows and columns
    ///
    /// # Errors
    /// - `input` if the head reads entities or positions that an input does not have
    /// - `format` if the head reads the pooled token, and the model has no pooler
    pub fn forward(
        &self,
        model: &LukeModel,
        states: &HiddenStates,
        batch: &[CheckedInputs<'_>],
    ) -> Result<Vec<NamedTensor>> {
        let LayerInput { tensor, rows, axes } = self.input(model, states, batch)?;
        let logits = self.linear.forward(tensor);
        Ok(match self.output {
            LayerOutput::Labels(_) => vec![NamedTensor { name: OutputName::Logits, tensor: logits, rows, axes }],
            LayerOutput::Score => {
                // Sequences with several rows give one number for each row. Sequences with one row give a list of one
                // number.
                let axes = if axes == Axes::Both { Axes::Rows } else { axes };
                vec![NamedTensor { name: OutputName::Logits, tensor: logits, rows, axes }]
            }
            LayerOutput::StartAndEnd => {
                let output = |name, i| {
                    let tensor = column(logits.clone(), i);
                    NamedTensor { name, tensor, rows: rows.clone(), axes: Axes::Rows }
                };
                vec![output(OutputName::StartLogits, 0), output(OutputName::EndLogits, 1)]
            }
        })
    }

    /// Gathers the hidden states that the layer reads.
    fn input(&self, model: &LukeModel, states: &HiddenStates, batch: &[CheckedInputs<'_>]) -> Result<LayerInput> {
        let sequences = states.packing.sequences();
        let entities = sequences.iter().map(|sequence| sequence.entities.clone());
        let need_entities = |count: usize| match sequences.iter().all(|sequence| sequence.entities.len() >= count) {
            true => Ok(()),
            false => Err(LukeError::input("entityIds", format!("this head needs {count}"))),
        };
        let one_row = |tensor| LayerInput { tensor, rows: vec![1; sequences.len()], axes: Axes::Columns };
        Ok(match self.input {
            HiddenRows::SpanEnds => {
                need_entities(1)?;
                need_positions("entityStartPositions", batch, |inputs| &inputs.entity_start_positions)?;
                need_positions("entityEndPositions", batch, |inputs| &inputs.entity_end_positions)?;
                let spans = batch.iter().zip(sequences).flat_map(|(inputs, sequence)| {
                    let word = |position: &u32| sequence.tokens.start + *position as usize;
                    let ends = inputs.entity_start_positions.iter().zip(&inputs.entity_end_positions);
                    ends.zip(sequence.entities.clone()).map(move |((start, end), row)| [word(start), word(end), row])
                });
                let tensor = states.joined(&spans.collect::<Vec<_>>());
                LayerInput { tensor, rows: entities.map(|rows| rows.len()).collect(), axes: Axes::Both }
            }
            HiddenRows::FirstEntity => {
                need_entities(1)?;
                let first: Vec<usize> = entities.map(|rows| rows.start).collect();
                one_row(gather_rows(states.states.clone(), &first))
            }
            HiddenRows::FirstTwoEntities => {
                need_entities(2)?;
                let pairs: Vec<_> = entities.map(|rows| [rows.start, rows.start + 1]).collect();
                one_row(states.joined(&pairs))
            }
            HiddenRows::FirstAndEachEntity => {
                need_entities(2)?;
                let pairs = entities.clone().flat_map(|rows| {
                    let first = rows.start;
                    rows.skip(1).map(move |other| [first, other])
                });
                let tensor = states.joined(&pairs.collect::<Vec<_>>());
                LayerInput { tensor, rows: entities.map(|rows| rows.len() - 1).collect(), axes: Axes::Both }
            }
            HiddenRows::Tokens => {
                let rows = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
                LayerInput { tensor: states.word_rows(), rows, axes: Axes::Both }
            }
            HiddenRows::Pooled => {
                let missing = || LukeError::format("manifest.json", "this head needs luke.pooler, which is missing");
                one_row(model.pooler_output(states).ok_or_else(missing)?)
            }
        })
    }
}

fn need_positions(name: &str, batch: &[CheckedInputs<'_>], positions: fn(&ModelInputs) -> &[u32]) -> Result<()> {
    if batch.iter().any(|inputs| positions(inputs).is_empty()) {
        return Err(LukeError::input(name, "this head needs it"));
    }
    Ok(())
}

/// The outputs of the encoder without a head: the states of words, of entities (if the batch has any), and the pooled
/// first word (if the model has a pooler).
///
/// # Shapes
/// - tensors: `[words, hidden]`, `[entities, hidden]`, `[sequences, hidden]`
pub fn hidden_outputs(model: &LukeModel, states: &HiddenStates) -> Vec<NamedTensor> {
    let sequences = states.packing.sequences();
    let output = |name, tensor, rows, axes| NamedTensor { name, tensor, rows, axes };
    let rows = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
    let mut outputs = vec![output(OutputName::LastHiddenState, states.word_rows(), rows, Axes::Both)];
    if !states.packing.entities().is_empty() {
        let rows = sequences.iter().map(|sequence| sequence.entities.len()).collect();
        outputs.push(output(OutputName::EntityLastHiddenState, states.entity_rows(), rows, Axes::Both));
    }
    if let Some(pooled) = model.pooler_output(states) {
        outputs.push(output(OutputName::PoolerOutput, pooled, vec![1; sequences.len()], Axes::Columns));
    }
    outputs
}
