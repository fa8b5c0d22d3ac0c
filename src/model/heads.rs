//! What stands on the encoder: one variant for each Hugging Face class.

use burn::tensor::{Device, Tensor};

use super::layers::{Linear, Weights};
use super::masked_lm::MaskedLm;
use super::{HiddenStates, LukeModel};
use crate::checkpoint::UNLABELLED;
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::weights::WeightStore;

/// An output of the model for every sequence of a batch, on the device.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Hugging Face's name in camelCase.
    pub name: &'static str,
    /// The values: the rows of the first sequence, then those of the next.
    pub tensor: Tensor<2>,
    /// How many rows each sequence has. One without rows has no such output.
    pub rows: Vec<usize>,
    /// What is left of the matrix in the shape that Hugging Face gives it, without the batch axis.
    pub axes: Axes,
}

/// Axes of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// `[rows, columns]`
    Both,
    /// `[rows]`: there is one column.
    Rows,
    /// `[columns]`: there is one row a sequence.
    Columns,
}

/// A head, by the task it serves.
pub enum Head {
    /// `LukeForEntitySpanClassification`: `ner`.
    EntitySpanClassification(Linear),
    /// `LukeForEntityClassification`: `typing`.
    EntityClassification(Linear),
    /// `LukeForEntityPairClassification`: `relation`.
    EntityPairClassification(Linear),
    /// `LukeForTokenClassification`: `tokenClassification`.
    TokenClassification(Linear),
    /// `LukeForSequenceClassification`: `sequenceClassification`.
    SequenceClassification(Linear),
    /// `LukeForMultipleChoice`: `multipleChoice`.
    MultipleChoice(Linear),
    /// `LukeForQuestionAnswering`: `qa`.
    QuestionAnswering(Linear),
    /// `LukeForEntitySpanQA` of studio-ousia/luke (`examples/legacy/entity_span_qa/model.py`): `cloze`.
    Cloze(Linear),
    /// `LukeForMaskedLM`: `mlm`.
    MaskedLm(Box<MaskedLm>),
}

impl Head {
    /// Takes the head's tensors: those under `heads.TASK` where there are such, as in a model with several heads.
    /// `labels` is how many classes it tells apart.
    pub async fn load(
        task: &str,
        labels: usize,
        store: &mut WeightStore<'_>,
        c: &LukeConfig,
        device: &Device,
    ) -> Result<Self> {
        // One label is a number (regression), or a type that holds or not.
        let least = if ["ner", "relation"].contains(&task) { 2 } else { 1 };
        if labels < least && !UNLABELLED.contains(&task) {
            return Err(LukeError::format("manifest.json", format!("head '{task}' has {labels} labels")));
        }
        let own = format!("heads.{task}");
        let several = store.has_under(&own);
        let mut root = Weights::new(store, device);
        let mut w = if several { root.at(&own) } else { root };
        let h = c.hidden_size;
        let mut classifier = async |in_features, labels| w.at("classifier").linear(in_features, labels).await;
        Ok(match task {
            "ner" => Self::EntitySpanClassification(classifier(3 * h, labels).await?),
            "typing" => Self::EntityClassification(classifier(h, labels).await?),
            "relation" => Self::EntityPairClassification(w.at("classifier").linear_no_bias(2 * h, labels).await?),
            "tokenClassification" => Self::TokenClassification(classifier(h, labels).await?),
            "sequenceClassification" => Self::SequenceClassification(classifier(h, labels).await?),
            "multipleChoice" => Self::MultipleChoice(classifier(h, 1).await?),
            "qa" => Self::QuestionAnswering(w.at("qa_outputs").linear(h, 2).await?),
            "cloze" => Self::Cloze(w.at("scorer").linear(2 * h, 1).await?),
            "mlm" => Self::MaskedLm(Box::new(MaskedLm::load(w, c).await?)),
            other => return Err(LukeError::format("manifest.json", format!("head '{other}' is not known"))),
        })
    }

    /// Runs the head on a batch. Fails where it needs entities or positions that are not in the inputs.
    pub fn forward(
        &self,
        model: &LukeModel,
        states: &HiddenStates,
        batch: &[CheckedInputs<'_>],
    ) -> Result<Vec<NamedTensor>> {
        let sequences = states.packing.sequences();
        let need = |entities: usize| match sequences.iter().all(|sequence| sequence.entities.len() >= entities) {
            true => Ok(()),
            false => Err(LukeError::input("entityIds", format!("this head needs {entities}"))),
        };
        // Entity `i` of every sequence.
        let entity = |i: usize| {
            let rows: Vec<usize> = sequences.iter().map(|sequence| sequence.entities.start + i).collect();
            states.select(states.states.clone(), &rows)
        };
        let pooled = || {
            let missing = || LukeError::format("manifest.json", "this head needs luke.pooler, which is missing");
            model.pooler_output(states).ok_or_else(missing)
        };
        let one =
            |tensor| vec![NamedTensor { name: "logits", tensor, rows: vec![1; batch.len()], axes: Axes::Columns }];
        let words = || sequences.iter().map(|sequence| sequence.tokens.len()).collect();
        Ok(match self {
            Self::EntitySpanClassification(classifier) => {
                need(1)?;
                let has = |name, positions: fn(&ModelInputs) -> &[u32]| {
                    let missing = batch.iter().any(|inputs| positions(inputs).is_empty());
                    if missing { Err(LukeError::input(name, "this head needs it")) } else { Ok(()) }
                };
                has("entityStartPositions", |inputs| &inputs.entity_start_positions)?;
                has("entityEndPositions", |inputs| &inputs.entity_end_positions)?;
                let spans = batch.iter().zip(sequences).flat_map(|(inputs, sequence)| {
                    let word = |position: &u32| sequence.tokens.start + *position as usize;
                    let ends = inputs.entity_start_positions.iter().zip(&inputs.entity_end_positions);
                    ends.zip(sequence.entities.clone()).map(move |((start, end), row)| [word(start), word(end), row])
                });
                let tensor = classifier.forward(states.joined(&spans.collect::<Vec<_>>()));
                let rows = sequences.iter().map(|sequence| sequence.entities.len()).collect();
                vec![NamedTensor { name: "logits", tensor, rows, axes: Axes::Both }]
            }
            Self::EntityClassification(classifier) => {
                need(1)?;
                one(classifier.forward(entity(0)))
            }
            Self::EntityPairClassification(classifier) => {
                need(2)?;
                let pairs: Vec<_> = sequences.iter().map(|s| [s.entities.start, s.entities.start + 1]).collect();
                one(classifier.forward(states.joined(&pairs)))
            }
            Self::TokenClassification(classifier) => {
                let tensor = classifier.forward(states.word_rows());
                vec![NamedTensor { name: "logits", tensor, rows: words(), axes: Axes::Both }]
            }
            Self::SequenceClassification(classifier) | Self::MultipleChoice(classifier) => {
                one(classifier.forward(pooled()?))
            }
            Self::QuestionAnswering(outputs) => {
                let both = outputs.forward(states.word_rows());
                let column = |name, i: usize| {
                    let tensor = both.clone().slice([0..states.packing.tokens(), i..i + 1]);
                    NamedTensor { name, tensor, rows: words(), axes: Axes::Rows }
                };
                vec![column("startLogits", 0), column("endLogits", 1)]
            }
            Self::Cloze(scorer) => {
                need(2)?;
                let pairs = sequences.iter().flat_map(|sequence| {
                    let entities = sequence.entities.clone();
                    entities.clone().skip(1).map(move |candidate| [entities.start, candidate])
                });
                let tensor = scorer.forward(states.joined(&pairs.collect::<Vec<_>>()));
                let rows = sequences.iter().map(|sequence| sequence.entities.len() - 1).collect();
                vec![NamedTensor { name: "logits", tensor, rows, axes: Axes::Rows }]
            }
            Self::MaskedLm(_) => return Err(LukeError::input("head", "its tables are decoded in blocks")),
        })
    }
}

/// The outputs of the encoder alone.
pub fn hidden_outputs(model: &LukeModel, states: &HiddenStates) -> Vec<NamedTensor> {
    let sequences = states.packing.sequences();
    let rows = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
    let mut out = vec![NamedTensor { name: "lastHiddenState", tensor: states.word_rows(), rows, axes: Axes::Both }];
    if states.packing.rows() > states.packing.tokens() {
        let rows = sequences.iter().map(|sequence| sequence.entities.len()).collect();
        let (name, tensor) = ("entityLastHiddenState", states.entity_rows());
        out.push(NamedTensor { name, tensor, rows, axes: Axes::Both });
    }
    if let Some(tensor) = model.pooler_output(states) {
        out.push(NamedTensor { name: "poolerOutput", tensor, rows: vec![1; sequences.len()], axes: Axes::Columns });
    }
    out
}
