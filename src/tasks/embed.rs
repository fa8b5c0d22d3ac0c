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
    /// The mentions: spans `[start, end)` of the text in the unit of [`EmbedOptions::offsets`], each of at least one character;
    /// at most 10,000.
    #[serde(default)]
    pub spans: Vec<[usize; 2]>,
}

/// Options of `embed`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmbedOptions {
    /// What mentions are known to be: one title for each span. `null` is `[MASK]`, a title that the model does not know `[UNK]`.
    /// Left out, all are `[MASK]`.
    pub titles: Option<Vec<Option<String>>>,
    /// How the vector of the whole text is made of the vectors of its tokens.
    pub pooling: Pooling,
    /// Divide every vector by its length (Euclid's norm).
    pub normalize: bool,
    /// What special tokens inside the text mean.
    pub special_tokens: SpecialTokens,
    /// What offsets count; JavaScript always counts UTF-16 units.
    pub offsets: OffsetUnit,
}

/// How one vector is made of those of all tokens, the special ones that the model adds included, as in Hugging Face's
/// feature extraction. In a text of several windows each special token is the mean over the windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// There is no such vector.
    #[default]
    None,
    /// The mean of all tokens.
    Mean,
    /// The first token, which is special.
    Cls,
}

/// A word token of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its row of the word table.
    pub id: u32,
    /// Offset of its first character. The space before a word does not count.
    pub start: usize,
    /// Offset after its last character.
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
    /// `[hidden]`: the vector of the text that `pooling` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
    /// How many numbers a vector has.
    pub hidden: usize,
}

/// See [`Luke::embed`].
///
/// # Errors
/// As [`Luke::embed`].
pub(super) async fn run(luke: &Luke, input: &EmbedInput, options: &EmbedOptions) -> Result<Embedding> {
    let (titles, max) = (options.titles.as_deref(), limits::MAX_SPANS);
    let mentions = Mentions::read(luke, &input.text, &input.spans, titles, options.offsets, max)?;
    let builder = luke.input_builder(EncodeOptions { special: options.special_tokens, ..Default::default() });
    let (text, mut turns) = (Spanned { text: &input.text, spans: &mentions.spans }, luke.turns());
    let Tokenized { tokens, spans } = turns.tokenize(builder.tokenizing_with_offsets(text)).await?;
    let read: Vec<_> = tokens.iter().map(|(token, _)| *token).collect();
    let (hidden, before) = (luke.config.hidden_size, luke.tokenizer.before.len());

    let windows = windows(luke, read.len(), &spans)?;
    let shown: Windows = windows.iter().map(|window| window.tokens.clone()).collect();
    let mut words = memory::zeros(read.len().saturating_mul(hidden), "for the vectors of the tokens")?;
    let mut entities = memory::zeros(spans.len().saturating_mul(hidden), "for the vectors of the spans")?;
    let mut pooled: Option<Vec<f32>> = None;
    let mut special = vec![0.0; (before + luke.tokenizer.after.len()).saturating_mul(hidden)];
    for (number, Window { tokens, items }) in windows.iter().enumerate() {
        let shifted = |item: &usize| spans[*item].start - tokens.start..spans[*item].end - tokens.start;
        let entity_inputs = items.iter().map(|item| (mentions.rows[*item], shifted(item)));
        let inputs = builder.inputs(&read[tokens.clone()], entity_inputs);
        let outputs = luke.forward_head(std::slice::from_ref(&inputs), None).await?;
        for Output { name, values, .. } in outputs.into_iter().flatten() {
            match name {
                OutputName::LastHiddenState => {
                    let (first, states) = values.split_at_checked(before * hidden).unwrap_or_default();
                    let (states, last) = states.split_at_checked(tokens.len() * hidden).unwrap_or_default();
                    let of_window = first.iter().chain(last).map(|value| f64::from(*value) / windows.len() as f64);
                    special.iter_mut().zip(of_window).for_each(|(mean, value)| *mean += value);
                    for (token, state) in tokens.clone().zip(states.chunks_exact(hidden)) {
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
    let token = |(token, range): PlacedToken| Token {
        id: token.id,
        start: offsets.of_byte(range.start),
        end: offsets.of_byte(range.end),
    };
    let tokens = turns.collect(tokens.into_iter().map(token)).await?;
    let mut vector = vector(options.pooling, &special, &words, hidden);
    if options.normalize {
        for vectors in [&mut words, &mut entities].into_iter().chain(&mut pooled).chain(&mut vector) {
            vectors.chunks_exact_mut(hidden).for_each(normalize);
        }
    }
    Ok(Embedding { tokens, words, entities, pooled, vector, hidden })
}

/// The vector of a text, of the means of its special tokens over the windows and of its words.
fn vector(pooling: Pooling, special: &[f64], words: &[f32], hidden: usize) -> Option<Vec<f32>> {
    match pooling {
        Pooling::None => None,
        Pooling::Cls => {
            let first = special.iter().copied().chain(words.iter().map(|value| f64::from(*value)));
            Some(first.take(hidden).map(|value| value as f32).collect())
        }
        Pooling::Mean => {
            let mut sum = vec![0.0; hidden];
            for token in special.chunks_exact(hidden) {
                sum.iter_mut().zip(token).for_each(|(sum, value)| *sum += value);
            }
            for token in words.chunks_exact(hidden) {
                sum.iter_mut().zip(token).for_each(|(sum, value)| *sum += f64::from(*value));
            }
            let tokens = ((special.len() + words.len()) / hidden).max(1) as f64;
            Some(sum.into_iter().map(|sum| (sum / tokens) as f32).collect())
        }
    }
}

/// The smallest length that a vector is divided by, as in PyTorch's `normalize`.
const SMALLEST_LENGTH: f64 = 1e-12;

fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt().max(SMALLEST_LENGTH);
    vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
}
