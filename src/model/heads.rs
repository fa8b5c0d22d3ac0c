//! What stands on the encoder: one variant for each Hugging Face class.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::layers::{LayerNorm, Linear, Weights};
use super::{HiddenStates, LukeModel};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::input::ModelInputs;
use crate::weights::{RowTable, WeightStore};

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
    /// `LukeForMaskedLM`: `mlm`.
    MaskedLm(Box<MaskedLm>),
}

impl Head {
    /// The task of each class, in no particular order.
    pub const TASKS: [(&'static str, &'static str); 8] = [
        ("LukeForEntitySpanClassification", "ner"),
        ("LukeForEntityClassification", "typing"),
        ("LukeForEntityPairClassification", "relation"),
        ("LukeForTokenClassification", "tokenClassification"),
        ("LukeForSequenceClassification", "sequenceClassification"),
        ("LukeForMultipleChoice", "multipleChoice"),
        ("LukeForQuestionAnswering", "qa"),
        ("LukeForMaskedLM", "mlm"),
    ];

    /// The tasks whose head tells no labels apart.
    pub const UNLABELLED: [&'static str; 3] = ["multipleChoice", "qa", "mlm"];

    /// Takes the head's tensors. `labels` is how many classes it tells apart.
    pub fn load(task: &str, labels: usize, store: &mut WeightStore, c: &LukeConfig, device: &Device) -> Result<Self> {
        if labels < 2 && !Self::UNLABELLED.contains(&task) {
            return Err(LukeError::format("manifest.json", format!("head '{task}' has {labels} labels")));
        }
        let mut w = Weights::new(store, device);
        let h = c.hidden_size;
        let mut classifier = |in_features, labels| w.at("classifier").linear(in_features, labels);
        Ok(match task {
            "ner" => Self::EntitySpanClassification(classifier(3 * h, labels)?),
            "typing" => Self::EntityClassification(classifier(h, labels)?),
            "relation" => Self::EntityPairClassification(w.at("classifier").linear_no_bias(2 * h, labels)?),
            "tokenClassification" => Self::TokenClassification(classifier(h, labels)?),
            "sequenceClassification" => Self::SequenceClassification(classifier(h, labels)?),
            "multipleChoice" => Self::MultipleChoice(classifier(h, 1)?),
            "qa" => Self::QuestionAnswering(w.at("qa_outputs").linear(h, 2)?),
            "mlm" => Self::MaskedLm(Box::new(MaskedLm::load(w, c)?)),
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
                    let ids: Vec<i32> = positions.iter().map(|p| *p as i32).collect();
                    let data = TensorData::new(ids, [positions.len()]);
                    let ids = Tensor::<1, Int>::from_data(data, &model.device);
                    Ok(states.states.clone().select(0, ids))
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
            Self::MaskedLm(head) => head.forward(model, states),
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

/// Masked words and masked entities. The decoders are the embedding tables, streamed through the device in
/// blocks: whole, they exceed WebGPU's default binding size.
pub struct MaskedLm {
    dense: Linear,
    layer_norm: LayerNorm,
    /// Only where the checkpoint does not tie it to the word table.
    decoder: Option<RowTable>,
    bias: Vec<f32>,
    entity_dense: Linear,
    entity_layer_norm: LayerNorm,
    entity_bias: Vec<f32>,
}

impl MaskedLm {
    fn load(mut w: Weights, c: &LukeConfig) -> Result<Self> {
        let (h, e, epsilon) = (c.hidden_size, c.entity_emb_size, c.layer_norm_eps);
        let decoder = match w.has("lm_head.decoder.weight") {
            true => Some(w.table("lm_head.decoder.weight", [c.vocab_size, h])?),
            false => None,
        };
        Ok(Self {
            dense: w.at("lm_head.dense").linear(h, h)?,
            layer_norm: w.at("lm_head.layer_norm").layer_norm(h, epsilon)?,
            decoder,
            bias: w.values("lm_head.bias", &[c.vocab_size])?,
            entity_dense: w.at("entity_predictions.transform.dense").linear(h, e)?,
            entity_layer_norm: w.at("entity_predictions.transform.LayerNorm").layer_norm(e, epsilon)?,
            entity_bias: w.values("entity_predictions.bias", &[c.entity_vocab_size])?,
        })
    }

    fn forward(&self, model: &LukeModel, states: &HiddenStates) -> Vec<NamedTensor> {
        let transform = |x: Tensor<2>, dense: &Linear, norm: &LayerNorm| {
            let x = dense.forward_gelu(x);
            let nothing = x.zeros_like();
            norm.forward(x, nothing)
        };
        let table = self.decoder.as_ref().unwrap_or(model.embeddings.word_embeddings());
        let words = transform(states.word_rows(), &self.dense, &self.layer_norm);
        let mut out = rows("logits", decode(words, table, &self.bias, &model.device));
        if states.entities() > 0 {
            let entities = transform(states.entity_rows(), &self.entity_dense, &self.entity_layer_norm);
            let table = model.entity_embeddings.entity_embeddings();
            out.extend(rows("entityLogits", decode(entities, table, &self.entity_bias, &model.device)));
        }
        out
    }
}

/// `x table^T + bias`, a block of the table's rows at a time.
fn decode(x: Tensor<2>, table: &RowTable, bias: &[f32], device: &Device) -> Tensor<2> {
    /// Floats of the table on the device at once (32 MiB).
    const BLOCK: usize = 1 << 23;
    let step = (BLOCK / table.columns()).max(1);
    let logits = (0..table.rows())
        .step_by(step)
        .map(|start| {
            let end = (start + step).min(table.rows());
            Linear::new(table.block(start, end), bias[start..end].to_vec(), device).forward(x.clone())
        })
        .collect();
    Tensor::cat(logits, 1)
}
