//! What goes into the model's linear layers, which `luke convert` needs to know to keep quantized weights unbiased.

use burn::tensor::Tensor;

use super::Luke;
use super::read::read_one;
use crate::error::Result;
use crate::model::Step;
use crate::text::{EncodeOptions, InputForm, OffsetUnit, Offsets, Spanned};

/// The input rows of a linear layer, added up.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSum {
    /// The layer's name in the checkpoint, without `.weight`.
    pub layer: String,
    /// How many rows were added. The four queries of entity-aware attention count only the rows (words or entities) that
    /// they are applied to.
    pub rows: usize,
    /// `[in_features]`
    pub sum: Vec<f32>,
}

/// See [`Luke::sum_inputs`].
///
/// # Errors
/// As [`Luke::sum_inputs`].
pub async fn sum_inputs(luke: &Luke, text: &str, spans: &[[usize; 2]]) -> Result<Vec<InputSum>> {
    let offsets = Offsets::new(text, OffsetUnit::Utf16);
    let spans = spans.iter().map(|span| offsets.span("spans", *span)).collect::<Result<Vec<_>>>()?;
    let options = EncodeOptions::default();
    let inputs = luke.input_builder(options).encode(Spanned { text, spans: &spans }, InputForm::Entities(None))?;
    let Ok(checked) = inputs.checked(&luke.config) else { return Ok(Vec::new()) };
    let (batch, words) = ([checked], inputs.input_ids.len());
    let mut sums = Vec::new();
    let see = |step, states: &Tensor<2>| {
        let Step::Input(layer, linear) = step else { return };
        let [rows, _] = states.dims();
        let mut add = |names: &[&str], first, count| {
            let sum = states.clone().narrow(0, first, count).sum_dim(0);
            for name in names {
                sums.push((format!("luke.encoder.layer.{layer}.{linear}{name}"), count, sum.clone()));
            }
        };
        match linear {
            "attention.self" => {
                add(&[".key", ".value"], 0, rows);
                let of_words = if luke.config.use_entity_aware_attention { words } else { rows };
                add(&[".query", ".w2e_query"], 0, of_words);
                if rows > words {
                    add(&[".e2w_query", ".e2e_query"], words, rows - words);
                }
            }
            _ => add(&[""], 0, rows),
        }
    };
    luke.model.forward_steps(&batch, luke.entity_rows(&batch).await?, see, async || luke.ready().await).await?;
    let mut read = Vec::with_capacity(sums.len());
    for (layer, rows, sum) in sums {
        let sum = read_one(&layer, sum).await?;
        read.push(InputSum { layer, rows, sum });
    }
    Ok(read)
}
