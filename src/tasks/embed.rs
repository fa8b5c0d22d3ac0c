//! Contextual vectors of words and entities: the encoder's last hidden states.

use serde::{Deserialize, Serialize};

use super::windows::{Window, most_context, strided};
use crate::error::Result;
use crate::luke::{Luke, Output};
use crate::text::{EncodeOptions, Spanned};
use crate::text::{OffsetUnit, Offsets, SpecialTokens};

/// A text and mentions in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedInput {
    /// The text.
    pub text: String,
    /// The mentions, in offsets.
    #[serde(default)]
    pub spans: Vec<[usize; 2]>,
}

/// Options of `embed`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmbedOptions {
    /// What mentions are known to be, by title; `null` is `[MASK]`, a title that the model does not know `[UNK]`.
    pub titles: Option<Vec<Option<String>>>,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

/// A word token of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its row of the word table.
    pub id: u32,
    /// First offset, less the space before a word.
    pub start: usize,
    /// One past the last offset.
    pub end: usize,
}

/// Vectors of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Embedding {
    /// The word tokens of the text in order, without special ones.
    pub tokens: Vec<Token>,
    /// `[tokens, hidden]`, row-major: the last hidden state of each.
    pub words: Vec<f32>,
    /// `[mentions, hidden]`, row-major, in the order given.
    pub entities: Vec<f32>,
    /// `[hidden]`: Hugging Face's `pooler_output`, where the checkpoint has a pooler.
    pub pooled: Option<Vec<f32>>,
    /// Width of a vector.
    pub hidden: usize,
}

impl Luke {
    /// Vectors of every word token and every mention. A text longer than the model is read in windows that overlap by half;
    /// each token and mention is taken from the window that shows most around it, and the pooled vector is the windows' mean.
    pub async fn embed(&self, input: &EmbedInput, options: &EmbedOptions) -> Result<Embedding> {
        let mentions = self.mentions(&input.text, &input.spans, options.titles.as_deref(), options.offsets)?;
        let encoder = self.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
        let (tokens, spans) = encoder.tokens_with_offsets(Spanned { text: &input.text, spans: &mentions.spans })?;
        let ids: Vec<u32> = tokens.iter().map(|(id, _)| *id).collect();
        let (room, hidden, before) = (self.room(), self.config.hidden_size, self.tokenizer.before.len());

        let mut windows = self.windows(ids.len(), &spans)?;
        for tokens in strided(ids.len(), room, room - room / 2) {
            if !windows.iter().any(|window| window.tokens == tokens) {
                windows.push(Window { tokens, items: Vec::new() });
            }
        }
        windows.sort_by_key(|window| window.tokens.start);
        let shown: Vec<_> = windows.iter().map(|window| window.tokens.clone()).collect();
        let home: Vec<_> = (0..ids.len()).map(|token| most_context(&shown, &(token..token + 1))).collect();

        let mut words = vec![0.0; ids.len() * hidden];
        let mut entities = vec![0.0; spans.len() * hidden];
        let mut pooled: Option<Vec<f32>> = None;
        for (w, Window { tokens, items }) in windows.iter().enumerate() {
            let shifted = |item: &usize| spans[*item].start - tokens.start..spans[*item].end - tokens.start;
            let entity_inputs = items.iter().map(|item| (mentions.rows[*item], shifted(item)));
            let inputs = encoder.inputs(&ids[tokens.clone()], entity_inputs);
            for Output { name, values, .. } in self.forward(&inputs, Some("model")).await? {
                match name {
                    "lastHiddenState" => {
                        for token in tokens.clone().filter(|token| home[*token] == Some(w)) {
                            let from = (before + token - tokens.start) * hidden;
                            words[token * hidden..][..hidden].copy_from_slice(&values[from..from + hidden]);
                        }
                    }
                    "entityLastHiddenState" => {
                        for (item, row) in items.iter().zip(values.chunks_exact(hidden)) {
                            entities[item * hidden..][..hidden].copy_from_slice(row);
                        }
                    }
                    _ => {
                        let sum = pooled.get_or_insert_with(|| vec![0.0; hidden]);
                        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / windows.len() as f32);
                    }
                }
            }
        }
        let offsets = Offsets::new(&input.text, options.offsets);
        let token = |(id, range): (u32, std::ops::Range<usize>)| Token {
            id,
            start: offsets.of_byte(range.start),
            end: offsets.of_byte(range.end),
        };
        Ok(Embedding { tokens: tokens.into_iter().map(token).collect(), words, entities, pooled, hidden })
    }
}
