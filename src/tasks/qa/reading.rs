//! A question and a context as tokens, and what the model reads in each window.

use std::ops::Range;

use super::links::{Links, Mentions};
use super::types::{QaInput, QaOptions};
use super::windows::Windows;
use crate::error::Result;
use crate::inputs::ModelInputs;
use crate::luke::Luke;
use crate::tasks::words::with_space;
use crate::text::Tokenizer;
use crate::text::{EncodeOptions, is_python_space};

/// Most entities of a window; the question's come first.
const MAX_ENTITIES: usize = 128;

/// What the authors' SQuAD reader takes for white space, whatever else is.
const SPACES: [char; 5] = [' ', '\t', '\r', '\n', '\u{202f}'];

/// A question and a context, laid out for the model.
pub struct Reading<'a> {
    /// The windows over the context's tokens.
    pub windows: Windows,
    tokenizer: &'a Tokenizer,
    context: &'a str,
    question: Vec<u32>,
    tokens: Vec<u32>,
    /// The bytes of the context that each token stands for.
    bytes: Vec<Range<usize>>,
    question_entities: Vec<(Range<usize>, u32)>,
    mentions: Mentions,
}

impl Luke {
    /// Tokenises a question and a context, links entities, and lays out the windows [`qa`](Self::qa) runs.
    pub fn qa_reading<'a>(&'a self, input: &'a QaInput, options: &QaOptions) -> Result<Reading<'a>> {
        let (_, head) = self.head("qa")?;
        let (tokenizer, most) = (&self.tokenizer, self.config.max_seq_tokens());
        options.check(most)?;
        let encode = EncodeOptions { prefix_space: true, special: options.special_tokens, ..Default::default() };
        let mut question = self.input_builder(encode).segment(&input.question)?;
        question.truncate(options.max_question_tokens);
        let (mut tokens, mut bytes, mut at) = (Vec::new(), Vec::new(), 0);
        for piece in input.context.split_inclusive(SPACES) {
            let word = piece.trim_end_matches(SPACES);
            if !word.is_empty() {
                let spaced = with_space(word);
                let before = spaced.len() - word.len();
                for (id, range) in tokenizer.encode_with_offsets(&spaced, options.special_tokens)? {
                    tokens.push(id);
                    bytes.push(at + range.start.saturating_sub(before)..at + range.end.saturating_sub(before));
                }
            }
            at += piece.len();
        }
        let most = options.max_seq_tokens.or(head.context_tokens).unwrap_or(most).min(most);
        let special = tokenizer.before.len() + tokenizer.between.len() + tokenizer.after.len();
        let (room, stride) = options.room_and_stride(most, question.len() + special)?;
        let windows = Windows::new(tokens.len(), room, stride);
        let links =
            options.entities.as_ref().map(|entities| Links::new(entities, |title| self.entity_vocab.row(title)));
        let links = links.unwrap_or_default();
        let question_entities = links.find(&question, tokenizer)?.within(&(0..question.len()));
        let mentions = links.find(&tokens, tokenizer)?;
        let context = &input.context;
        Ok(Reading { windows, tokenizer, context, question, tokens, bytes, question_entities, mentions })
    }
}

impl Reading<'_> {
    /// Where the context's first token stands in a window's inputs.
    pub fn offset(&self) -> usize {
        self.tokenizer.before.len() + self.question.len() + self.tokenizer.between.len()
    }

    /// `<s> question </s></s> context </s>` of one window, with its entities. Token types are all zero, as in Hugging
    /// Face's LUKE. The authors fill up with masked entities where there are fewer than two; these change nothing.
    pub fn inputs(&self, window: usize) -> ModelInputs {
        let (tokenizer, range) = (self.tokenizer, &self.windows.ranges()[window]);
        let parts =
            [&tokenizer.before, &self.question, &tokenizer.between, &self.tokens[range.clone()], &tokenizer.after];
        let mut inputs = ModelInputs { input_ids: parts.concat(), ..Default::default() };
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

    /// The tokenizer's text of context tokens, without white space around it: what tells answers apart.
    pub fn text(&self, tokens: &Range<usize>) -> Result<String> {
        Ok(self.tokenizer.decode(&self.tokens[tokens.clone()])?.trim_matches(is_python_space).to_owned())
    }

    /// The bytes of the context from the first to the last of `tokens`, whole characters, without white space around.
    pub fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        let (start, end) = (self.bytes[tokens.start].start, self.bytes[tokens.end - 1].end);
        let text = self.context.get(start..end).unwrap_or_default();
        let kept = text.trim_start_matches(is_python_space);
        let start = start + text.len() - kept.len();
        start..start + kept.trim_end_matches(is_python_space).len()
    }
}
