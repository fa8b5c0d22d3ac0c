//! Contextual vectors of words and entities: the encoder's last hidden states.

use serde::{Deserialize, Serialize};

use super::limits;
use super::mentions::{Mentions, windows};
use super::windows::{Window, Windows};
use crate::error::Result;
use crate::luke::{Luke, Output, OutputName};
use crate::memory;
use crate::text::{EncodeOptions, OffsetUnit, Offsets, PlacedToken, Spanned, SpecialTokens, Tokenized};

/// A text and mentions in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedInput {
    /// The text.
    pub text: String,
    /// The mentions, in offsets; at most 10,000.
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

/// See [`Luke::embed`].
pub(super) async fn run(luke: &Luke, input: &EmbedInput, options: &EmbedOptions) -> Result<Embedding> {
    let (titles, max) = (options.titles.as_deref(), limits::MAX_SPANS);
    let mentions = Mentions::read(luke, &input.text, &input.spans, titles, options.offsets, max)?;
    let builder = luke.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
    let (text, mut turns) = (Spanned { text: &input.text, spans: &mentions.spans }, luke.turns());
    let Tokenized { tokens, spans } = turns.tokenize(builder.tokenizing_with_offsets(text)).await?;
    let ids: Vec<u32> = tokens.iter().map(|(id, _)| *id).collect();
    let (hidden, before) = (luke.config.hidden_size, luke.tokenizer.before.len());

    let windows = windows(luke, ids.len(), &spans)?;
    let shown: Windows = windows.iter().map(|window| window.tokens.clone()).collect();
    let mut words = memory::zeros(ids.len().saturating_mul(hidden), "for the vectors of the tokens")?;
    let mut entities = memory::zeros(spans.len().saturating_mul(hidden), "for the vectors of the spans")?;
    let mut pooled: Option<Vec<f32>> = None;
    for (number, Window { tokens, items }) in windows.iter().enumerate() {
        let shifted = |item: &usize| spans[*item].start - tokens.start..spans[*item].end - tokens.start;
        let entity_inputs = items.iter().map(|item| (mentions.rows[*item], shifted(item)));
        let inputs = builder.inputs(&ids[tokens.clone()], entity_inputs);
        let outputs = luke.forward_head(std::slice::from_ref(&inputs), None).await?;
        for Output { name, values, .. } in outputs.into_iter().flatten() {
            match name {
                OutputName::LastHiddenState => {
                    let states = values.chunks_exact(hidden).skip(before);
                    for (token, state) in tokens.clone().zip(states) {
                        if shown.most_text(&(token..token + 1)) == Some(number) {
                            words[token * hidden..][..hidden].copy_from_slice(state);
                        }
                    }
                }
                OutputName::EntityLastHiddenState => {
                    for (item, state) in items.iter().zip(values.chunks_exact(hidden)) {
                        entities[item * hidden..][..hidden].copy_from_slice(state);
                    }
                }
                OutputName::PoolerOutput => {
                    let sum = pooled.get_or_insert_with(|| vec![0.0; hidden]);
                    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / windows.len() as f32);
                }
                _ => {}
            }
        }
    }
    let offsets = Offsets::new(&input.text, options.offsets);
    let token =
        |(id, range): PlacedToken| Token { id, start: offsets.of_byte(range.start), end: offsets.of_byte(range.end) };
    let tokens = turns.collect(tokens.into_iter().map(token)).await?;
    Ok(Embedding { tokens, words, entities, pooled, hidden })
}
