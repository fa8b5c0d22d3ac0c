//! What stands on the encoder: one variant for each Hugging Face class.

use burn::tensor::{Device, Tensor};

use super::layers::{Linear, Weights};
use super::masked_lm::MaskedLm;
use super::{HiddenStates, LukeModel};
use crate::checkpoint::UNLABELLED;
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::input::ModelInputs;
use crate::weights::WeightStore;

/// An output of the model, on the device.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Hugging Face's name in camelCase.
    pub name: &'static str,
    /// The values, always as a matrix.
    pub tensor: Tensor<2>,
    /// The shape Hugging Face gives it, without the batch axis.
    pub shape: Vec<usize>,
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
        if labels < 2 && !UNLABELLED.contains(&task) {
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

    /// Runs the head. Fails where it needs entities or positions that are not in the inputs.
    pub fn forward(&self, model: &LukeModel, states: &HiddenStates, inputs: &ModelInputs) -> Result<Vec<NamedTensor>> {
        let need = |entities: usize| match states.entities() >= entities {
            true => Ok(()),
            false => Err(LukeError::input("entityIds", format!("this head needs {entities}"))),
        };
        let entity = |i: usize| states.states.clone().narrow(0, states.words + i, 1);
        let pooled = || {
            let missing = || LukeError::format("manifest.json", "this head needs luke.pooler, which is missing");
            model.pooler_output(states).ok_or_else(missing)
        };
        Ok(match self {
            Self::EntitySpanClassification(classifier) => {
                need(1)?;
                let gather = |name, positions: &[u32]| {
                    if positions.is_empty() {
                        return Err(LukeError::input(name, "this head needs it"));
                    }
                    let rows: Vec<usize> = positions.iter().map(|p| *p as usize).collect();
                    Ok(states.select(states.states.clone(), &rows))
                };
                let start = gather("entityStartPositions", &inputs.entity_start_positions)?;
                let end = gather("entityEndPositions", &inputs.entity_end_positions)?;
                rows("logits", classifier.forward(Tensor::cat(vec![start, end, states.entity_rows()], 1)))
            }
            Self::EntityClassification(classifier) => {
                need(1)?;
                one("logits", classifier.forward(entity(0)))
            }
            Self::EntityPairClassification(classifier) => {
                need(2)?;
                one("logits", classifier.forward(Tensor::cat(vec![entity(0), entity(1)], 1)))
            }
            Self::TokenClassification(classifier) => rows("logits", classifier.forward(states.word_rows())),
            Self::SequenceClassification(classifier) | Self::MultipleChoice(classifier) => {
                one("logits", classifier.forward(pooled()?))
            }
            Self::QuestionAnswering(outputs) => {
                let both = outputs.forward(states.word_rows());
                let column = |name, i: usize| {
                    let tensor = both.clone().slice([0..states.words, i..i + 1]);
                    NamedTensor { name, tensor, shape: vec![states.words] }
                };
                vec![column("startLogits", 0), column("endLogits", 1)]
            }
            Self::Cloze(scorer) => {
                need(2)?;
                let candidates = states.entities() - 1;
                let each = states.entity_rows().narrow(0, 1, candidates);
                let tensor = scorer.forward(Tensor::cat(vec![entity(0).repeat_dim(0, candidates), each], 1));
                vec![NamedTensor { name: "logits", tensor, shape: vec![candidates] }]
            }
            Self::MaskedLm(_) => return Err(LukeError::input("head", "its tables are decoded in blocks")),
        })
    }
}

/// The outputs of the encoder alone.
pub fn hidden_outputs(model: &LukeModel, states: &HiddenStates) -> Vec<NamedTensor> {
    let mut out = rows("lastHiddenState", states.word_rows());
    if states.entities() > 0 {
        out.extend(rows("entityLastHiddenState", states.entity_rows()));
    }
    if let Some(pooled) = model.pooler_output(states) {
        out.extend(one("poolerOutput", pooled));
    }
    out
}

fn rows(name: &'static str, tensor: Tensor<2>) -> Vec<NamedTensor> {
    let shape = tensor.dims().to_vec();
    vec![NamedTensor { name, tensor, shape }]
}

fn one(name: &'static str, tensor: Tensor<2>) -> Vec<NamedTensor> {
    let shape = vec![tensor.dims()[1]];
    vec![NamedTensor { name, tensor, shape }]
}
