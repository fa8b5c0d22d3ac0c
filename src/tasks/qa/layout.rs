//! A question and a context as tokens, and what the model reads in each window.

use std::ops::Range;

use super::links::{FoundMentions, MentionDictionary};
use super::types::{QaInput, QaOptions};
use crate::error::Result;
use crate::heads::HeadKind;
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Turns};
use crate::tasks::windows::Windows;
use crate::tasks::words::with_space;
use crate::text::{EncodeOptions, Spanned, SpecialTokens, Token, Tokenizer, is_python_space};

/// Entities of a window; those of the question come first.
const MAX_ENTITIES: usize = 128;

/// What the authors' SQuAD reader takes for white space, whatever else is.
const SPACES: [char; 5] = [' ', '\t', '\r', '\n', '\u{202f}'];

/// A question and a context, laid out for the model.
pub struct Layout<'a> {
    /// The windows over the context's tokens.
    pub windows: Windows,
    tokenizer: &'a Tokenizer,
    context: &'a str,
    question: Vec<Token>,
    tokens: Vec<Token>,
    /// The bytes of the context that each token stands for.
    bytes: Vec<Range<usize>>,
    question_entities: Vec<(Range<usize>, u32)>,
    mentions: FoundMentions,
}

impl<'a> Layout<'a> {
    /// Tokenizes a question and a context, links entities, and lays out the windows that `qa` runs.
    ///
    /// # Errors
    /// `task-unavailable` for a model without `qa`; `input` for an option out of range, and where the question leaves no room for
    /// the context; `format` of [`Tokenizer::encode`] and [`Tokenizer::decode`]; what the model's source fails with at a pause.
    pub async fn new(luke: &'a Luke, input: &'a QaInput, options: &QaOptions) -> Result<Self> {
        let (_, head) = luke.head(HeadKind::Qa)?;
        let (tokenizer, model) = (&luke.tokenizer, luke.config.max_seq_tokens());
        options.check(model)?;
        let encode = EncodeOptions { prefix_space: true, special: options.special_tokens, ..Default::default() };
        let (builder, turns) = (luke.input_builder(encode), &mut luke.turns());
        let mut question = turns.tokenize(builder.tokenizing(Spanned::plain(&input.question))).await?.tokens;
        question.truncate(options.max_question_tokens);
        let (tokens, bytes) = context_tokens(tokenizer, &input.context, options.special_tokens, turns).await?;
        let max = options.max_seq_tokens.or(head.context_tokens).unwrap_or(model).min(model);
        let special = tokenizer.before.len() + tokenizer.between.len() + tokenizer.after.len();
        let (budget, stride) = options.budget_and_stride(max, question.len() + special)?;
        let windows =
            if tokens.is_empty() { Windows::default() } else { Windows::strided(tokens.len(), budget, stride) };
        let row = |title: &str| luke.entity_vocab.row(title);
        let dictionary = match &options.entities {
            Some(entities) => MentionDictionary::new(entities, row, turns).await?,
            None => MentionDictionary::default(),
        };
        let question_entities = dictionary.find(&question, tokenizer, turns).await?.within(&(0..question.len()));
        let mentions = dictionary.find(&tokens, tokenizer, turns).await?;
        let context = &input.context;
        Ok(Self { windows, tokenizer, context, question, tokens, bytes, question_entities, mentions })
    }

    /// The place of the context's first token in the inputs of a window.
    pub fn offset(&self) -> usize {
        self.tokenizer.before.len() + self.question.len() + self.tokenizer.between.len()
    }

    /// `<s> question </s></s> context </s>` of one window, with its entities. Token types do not tell question and context apart,
    /// as in Hugging Face's LUKE. The authors fill up with masked entities where there are fewer than two; these change nothing.
    ///
    /// # Panics
    /// If there is no window of this number.
    pub fn inputs(&self, window: usize) -> ModelInputs {
        let (tokenizer, range) = (self.tokenizer, &self.windows.ranges()[window]);
        let context = &self.tokens[range.clone()];
        let parts = [&tokenizer.before, &self.question, &tokenizer.between, context, &tokenizer.after];
        let mut inputs = tokenizer.inputs(&parts);
        let in_question = self.question_entities.iter().map(|(mention, row)| (mention.clone(), *row, 0));
        let in_context = self.mentions.within(range).into_iter().map(|(mention, row)| (mention, row, range.start));
        let places = [tokenizer.before.len(), self.offset()];
        let questions = self.question_entities.len();
        for (i, (mention, row, from)) in in_question.chain(in_context).take(MAX_ENTITIES).enumerate() {
            let shift = places[usize::from(i >= questions)] as i32 - from as i32;
            inputs.entity_ids.push(row);
            inputs.entity_position_ids.push(mention.map(|position| position as i32 + shift).collect());
        }
        inputs
    }

    /// The ids of context tokens.
    ///
    /// # Panics
    /// If the context does not have these tokens.
    pub fn ids(&self, tokens: &Range<usize>) -> Vec<u32> {
        self.tokens[tokens.clone()].iter().map(|token| token.id).collect()
    }

    /// The tokenizer's text of context tokens, without white space around it: what tells answers apart.
    ///
    /// # Errors
    /// Those of [`Tokenizer::decode`].
    ///
    /// # Panics
    /// If the context does not have these tokens.
    pub fn text(&self, tokens: &Range<usize>) -> Result<String> {
        Ok(self.tokenizer.decode(&self.ids(tokens))?.trim_matches(is_python_space).to_owned())
    }

    /// The bytes of the context from the first to the last of `tokens`, whole characters, without white space around.
    ///
    /// # Panics
    /// If the context does not have these tokens. There must be at least one.
    pub fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        let (start, end) = (self.bytes[tokens.start].start, self.bytes[tokens.end - 1].end);
        let text = self.context.get(start..end).unwrap_or_default();
        let kept = text.trim_start_matches(is_python_space);
        let start = start + text.len() - kept.len();
        start..start + kept.trim_end_matches(is_python_space).len()
    }
}

/// Tokenizes a context word by word as the authors do: the tokens, and the bytes of the context that each stands for.
async fn context_tokens(
    tokenizer: &Tokenizer,
    context: &str,
    special: SpecialTokens,
    turns: &mut Turns<'_>,
) -> Result<(Vec<Token>, Vec<Range<usize>>)> {
    let (mut tokens, mut bytes, mut at) = (Vec::new(), Vec::new(), 0);
    for piece in context.split_inclusive(SPACES) {
        let word = piece.trim_end_matches(SPACES);
        let spaced = if word.is_empty() { String::new() } else { with_space(word) };
        let in_context = |byte: usize| at + byte.saturating_sub(spaced.len() - word.len());
        for block in tokenizer.blocks(&spaced) {
            let placed = tokenizer.encode_with_offsets(&spaced[block.clone()], special)?;
            for (token, range) in placed {
                tokens.push(token);
                bytes.push(in_context(block.start + range.start)..in_context(block.start + range.end));
            }
            turns.after(block.len()).await?;
        }
        at += piece.len();
    }
    Ok((tokens, bytes))
}
