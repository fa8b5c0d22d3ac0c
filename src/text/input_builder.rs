//! How a text with spans becomes [`ModelInputs`] (the job of Hugging Face's `LukeTokenizer`).

use std::ops::Range;

use super::entity_vocab::EntityVocab;
use super::tokenizer::{SpecialTokens, Token, Tokenizer};
use super::tokenizing::{How, PlacedToken, Spanned, Tokenized, Tokenizing};
use crate::error::{LukeError, Result};
use crate::inputs::ModelInputs;

/// What the spans are for (`LukeTokenizer`'s `task`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputForm<'a> {
    /// Entities by title, `[MASK]` where there are none.
    Entities(Option<&'a [&'a str]>),
    /// One span, marked by `<ent>` on both sides.
    EntityClassification,
    /// Head and tail, marked by `<ent>` and `<ent2>`.
    EntityPairClassification,
    /// Every span is `[MASK]`, with start and end positions.
    EntitySpanClassification,
}

/// How an input is built; the defaults are `LukeTokenizer`'s.
#[derive(Clone, Copy, Debug)]
pub struct EncodeOptions {
    /// Puts a space before every segment that is not empty and does not start with white space.
    pub prefix_space: bool,
    /// What special tokens inside the text mean.
    pub special: SpecialTokens,
    /// Cuts the input to this many word tokens, special ones included, and to `max_entities` entities.
    pub max_tokens: Option<usize>,
    /// Cuts a longer text to this many word tokens, special ones included. All spans stay, with as much text on both
    /// sides as fits; spans that reach further are refused.
    pub around_spans: Option<usize>,
    /// Maximum number of entities. It has an effect only with `max_tokens`.
    pub max_entities: usize,
    /// Maximum number of position ids of an entity.
    pub max_mention: usize,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            prefix_space: false,
            special: SpecialTokens::Match,
            max_tokens: None,
            around_spans: None,
            max_entities: 32,
            max_mention: 30,
        }
    }
}

/// Turns text into [`ModelInputs`].
#[derive(Clone, Copy)]
pub struct InputBuilder<'a> {
    /// The word tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// The entity vocabulary.
    pub entities: &'a EntityVocab,
    /// How inputs are built.
    pub options: EncodeOptions,
}

impl InputBuilder<'_> {
    /// Builds the input of one text for a task.
    ///
    /// # Errors
    /// `input` and `format`, as [`Tokenizing::step`], [`Tokenizing::finish`] and [`arrange`](Self::arrange).
    pub fn encode(&self, input: Spanned, task: InputForm) -> Result<ModelInputs> {
        self.arrange(self.tokenizing(input).finish()?, task)
    }

    /// Begins to tokenize a text. Of the options, `prefix_space` and `special` count here.
    pub fn tokenizing<'b>(&'b self, input: Spanned<'b>) -> Tokenizing<'b, Token> {
        Tokenizing::plain(self.how(), input)
    }

    /// As [`tokenizing`](Self::tokenizing), each token with its bytes of the text, without the space before it.
    pub fn tokenizing_with_offsets<'b>(&'b self, input: Spanned<'b>) -> Tokenizing<'b, PlacedToken> {
        Tokenizing::placed(self.how(), input)
    }

    fn how(&self) -> How<'_> {
        let EncodeOptions { special, prefix_space, .. } = self.options;
        How { tokenizer: self.tokenizer, special, prefix_space }
    }

    /// The inputs of a task from the tokens of its text.
    ///
    /// # Errors
    /// `input` where there are other spans than the task takes, there is not one title for each span, or spans reach further
    /// than `around_spans`; `format` where the tokenizer or the entity vocabulary lacks a special token that the task needs.
    pub fn arrange(&self, text: Tokenized<Token>, task: InputForm) -> Result<ModelInputs> {
        let Tokenized { mut tokens, mut spans } = text;
        let mask = self.entities.mask;
        let marker = |token: &str| {
            let missing = || LukeError::format("tokenizer.json", format!("has no token {token}"));
            self.tokenizer.token_to_id(token).map(Token::from).ok_or_else(missing)
        };
        let entity_ids = match task {
            InputForm::Entities(None) | InputForm::EntitySpanClassification => vec![mask; spans.len()],
            InputForm::Entities(Some(titles)) => {
                titles.iter().map(|title| self.entities.row(title).unwrap_or(self.entities.unk)).collect()
            }
            InputForm::EntityClassification => {
                let [span] = spans.as_mut_slice() else {
                    return Err(LukeError::input("spans", "this task takes one span"));
                };
                surround(&mut tokens, span, marker("<ent>")?);
                span.end = span.end.saturating_add(2);
                vec![mask]
            }
            InputForm::EntityPairClassification => {
                let [head, tail] = spans.as_mut_slice() else {
                    return Err(LukeError::input("spans", "this task takes a head and a tail span"));
                };
                let (head_marker, tail_marker) = (marker("<ent>")?, marker("<ent2>")?);
                // The later span first, so that the earlier one's positions still hold.
                if head.start < tail.start {
                    surround(&mut tokens, tail, tail_marker);
                    surround(&mut tokens, head, head_marker);
                    (*head, *tail) = (moved(head, 0, 2), moved(tail, 2, 4));
                } else {
                    surround(&mut tokens, head, head_marker);
                    surround(&mut tokens, tail, tail_marker);
                    (*head, *tail) = (moved(head, 2, 4), moved(tail, 0, 2));
                }
                let missing = || LukeError::format("entity_vocab.json", "has no [MASK2]");
                vec![mask, self.entities.mask2.ok_or_else(missing)?]
            }
        };
        if entity_ids.len() != spans.len() {
            return Err(LukeError::input("entities", "there must be one title for each span"));
        }
        let mut first = Part { tokens, spans, entity_ids };
        if let Some(max) = self.options.around_spans {
            let special = self.tokenizer.before.len().saturating_add(self.tokenizer.after.len());
            first.cut_around_spans(max.saturating_sub(special))?;
        }
        let with_positions = task == InputForm::EntitySpanClassification;
        Ok(self.assemble(first, None, with_positions))
    }

    /// Builds the input of two texts, in which all entities are `[MASK]`.
    ///
    /// # Errors
    /// `input` and `format`, as [`Tokenizing::step`] and [`Tokenizing::finish`].
    pub fn encode_pair(&self, first: Spanned, second: Spanned) -> Result<ModelInputs> {
        let part = |input| {
            self.tokenizing(input).finish().map(|Tokenized { tokens, spans }| Part {
                entity_ids: vec![self.entities.mask; spans.len()],
                tokens,
                spans,
            })
        };
        Ok(self.assemble(part(first)?, Some(part(second)?), false))
    }

    /// Builds an input from tokens without special ones. `entities` gives for each entity its row of the entity table,
    /// and its range in `tokens`.
    pub fn inputs(&self, tokens: &[Token], entities: impl Iterator<Item = (u32, Range<usize>)>) -> ModelInputs {
        let (entity_ids, spans) = entities.unzip();
        self.assemble(Part { tokens: tokens.to_vec(), spans, entity_ids }, None, false)
    }

    fn assemble(&self, mut first: Part, mut second: Option<Part>, with_positions: bool) -> ModelInputs {
        let options = &self.options;
        let Tokenizer { before, between, after, .. } = self.tokenizer;
        let between: &[Token] = if second.is_some() { between } else { &[] };
        if let Some(max) = options.max_tokens {
            let special = [before, between, after].map(<[Token]>::len).into_iter().fold(0, usize::saturating_add);
            let budget = max.saturating_sub(special);
            longest_first(budget, &mut first.tokens, second.as_mut().map(|part| &mut part.tokens));
            first.drop_cut_entities();
            second.iter_mut().for_each(Part::drop_cut_entities);
            longest_first(
                options.max_entities,
                &mut first.entity_ids,
                second.as_mut().map(|part| &mut part.entity_ids),
            );
        }
        let of_second = second.as_ref().map(|part| part.tokens.as_slice()).unwrap_or_default();
        let mut inputs = self.tokenizer.inputs(&[before, &first.tokens, between, of_second, after]);
        let mut offset = before.len();
        for part in [Some(first), second].into_iter().flatten() {
            for (id, span) in part.entity_ids.into_iter().zip(part.spans) {
                let span = moved(&span, offset, offset);
                let positions = span.clone().take(options.max_mention);
                inputs.entity_ids.push(id);
                inputs.entity_position_ids.push(positions.map(|p| i32::try_from(p).unwrap_or(i32::MAX)).collect());
                if with_positions {
                    let position = |p: usize| u32::try_from(p).unwrap_or(u32::MAX);
                    inputs.entity_start_positions.push(position(span.start));
                    inputs.entity_end_positions.push(position(span.end.saturating_sub(1)));
                }
            }
            offset = offset.saturating_add(part.tokens.len()).saturating_add(between.len());
        }
        inputs
    }
}

/// One text's tokens and entities.
struct Part {
    tokens: Vec<Token>,
    spans: Vec<Range<usize>>,
    entity_ids: Vec<u32>,
}

impl Part {
    /// Cuts the text to `budget` tokens, with all spans among them. `input` if the spans need more tokens.
    fn cut_around_spans(&mut self, budget: usize) -> Result<()> {
        let Some(extra) = self.tokens.len().checked_sub(budget).filter(|extra| *extra > 0) else { return Ok(()) };
        let first = self.spans.iter().map(|span| span.start).min().unwrap_or(0);
        let needed = self.spans.iter().map(|span| span.end).max().unwrap_or(0).saturating_sub(first);
        let Some(context) = budget.checked_sub(needed) else {
            let reason = format!("reach over {needed} tokens, the model reads {budget} at a time");
            return Err(LukeError::input("spans", reason));
        };
        let start = first.saturating_sub(context / 2).min(extra);
        self.tokens.drain(..start);
        self.tokens.truncate(budget);
        for span in &mut self.spans {
            *span = span.start.saturating_sub(start)..span.end.saturating_sub(start);
        }
        Ok(())
    }

    fn drop_cut_entities(&mut self) {
        let tokens = self.tokens.len();
        let mut keep = self.spans.iter().map(|span| span.end <= tokens);
        self.entity_ids.retain(|_| keep.next().unwrap_or(false));
        self.spans.retain(|span| span.end <= tokens);
    }
}

/// Takes from the end of the longer list until both together have at most `max` entries.
fn longest_first<T>(max: usize, first: &mut Vec<T>, mut second: Option<&mut Vec<T>>) {
    while first.len().saturating_add(second.as_ref().map_or(0, |list| list.len())) > max {
        match &mut second {
            Some(second) if second.len() >= first.len() => second.pop(),
            _ => first.pop(),
        };
    }
}

fn surround(tokens: &mut Vec<Token>, span: &Range<usize>, marker: Token) {
    tokens.insert(span.end, marker);
    tokens.insert(span.start, marker);
}

fn moved(range: &Range<usize>, start: usize, end: usize) -> Range<usize> {
    range.start.saturating_add(start)..range.end.saturating_add(end)
}
