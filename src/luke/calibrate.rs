//! What goes into the model's linear layers, which `luke convert` needs to know to keep quantised weights unbiased.

use super::{Luke, read_one};
use crate::error::Result;
use crate::model::Step;
use crate::text::{EncodeOptions, InputForm, Spanned};
use crate::text::{OffsetUnit, Offsets};

impl Luke {
    /// The inputs of each linear layer of the encoder on a text with mentions (UTF-16 units): the layer's name in the
    /// checkpoint, how many rows it saw, and their sum. Of entity-aware attention, the layers for words alone or for
    /// entities alone count only these. Nothing where the text is too long for the model.
    pub async fn sum_inputs(&self, text: &str, spans: &[[usize; 2]]) -> Result<Vec<(String, usize, Vec<f32>)>> {
        let offsets = Offsets::new(text, OffsetUnit::Utf16);
        let spans = spans.iter().map(|span| offsets.span("spans", *span)).collect::<Result<Vec<_>>>()?;
        let options = EncodeOptions::default();
        let inputs = self.input_builder(options).encode(Spanned { text, spans: &spans }, InputForm::Entities(None))?;
        if inputs.check(&self.config).is_err() {
            return Ok(Vec::new());
        }
        let (batch, words) = (std::slice::from_ref(&inputs), inputs.input_ids.len());
        let mut sums = Vec::new();
        self.model.forward_steps(batch, self.entity_rows(batch).await?, |step, states| {
            let Step::Input(layer, linear) = step else { return };
            let [rows, _] = states.dims();
            let mut add = |names: &[&str], first, count| {
                let sum = states.clone().narrow(0, first, count).sum_dim(0);
                for own in names {
                    sums.push((format!("luke.encoder.layer.{layer}.{linear}{own}"), count, sum.clone()));
                }
            };
            match linear {
                "attention.self" => {
                    add(&[".key", ".value"], 0, rows);
                    let of_words = if self.config.use_entity_aware_attention { words } else { rows };
                    add(&[".query", ".w2e_query"], 0, of_words);
                    if rows > words {
                        add(&[".e2w_query", ".e2e_query"], words, rows - words);
                    }
                }
                _ => add(&[""], 0, rows),
            }
        });
        let mut read = Vec::with_capacity(sums.len());
        for (name, rows, sum) in sums {
            let sum = read_one(&name, sum).await?;
            read.push((name, rows, sum));
        }
        Ok(read)
    }
}
