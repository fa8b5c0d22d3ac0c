//! A query and a passage as tokens, and what the model reads in each window (studio-ousia/luke,
//! `examples/legacy/entity_span_qa/utils.py`).

use std::collections::BTreeSet;
use std::ops::Range;

use super::types::{ClozeInput, ClozeOptions};
use crate::error::{LukeError, Result};
use crate::heads::{ClozeTokens, HeadKind};
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Turns};
use crate::tasks::limits;
use crate::tasks::windows::Windows;
use crate::text::{EncodeOptions, Offsets, Spanned, Token, is_python_space};

const PLACEHOLDER: &str = "@placeholder";
const HIGHLIGHT: &str = "@highlight";

/// One forward pass: part of the passage beside the query.
#[derive(Clone, Debug, PartialEq)]
pub struct ClozeWindow {
    /// What the model reads; entity 0 is the blank, the others are the candidates.
    pub inputs: ModelInputs,
    /// The bytes of the passage of each candidate.
    pub candidates: Vec<Range<usize>>,
}

/// A query and a passage, laid out for the model.
pub struct Layout<'a> {
    reader: Reader<'a>,
    query: Query,
    readings: Vec<(Passage, Windows)>,
}

/// A query's tokens and which of them is the blank.
struct Query {
    tokens: Vec<Token>,
    placeholder: usize,
}

/// A passage's tokens and, for each candidate in order, its bytes and the tokens from one of its markers to the other.
struct Passage {
    tokens: Vec<Token>,
    candidates: Vec<(Range<usize>, Range<usize>)>,
}

impl<'a> Layout<'a> {
    /// Tokenizes a query and a passage, and lays out the windows that `cloze` runs. Candidates that overlap cannot be
    /// marked in the same text (the authors' code refuses them). So the passage is read once more for candidates that
    /// overlap an earlier one.
    ///
    /// # Errors
    /// `task-unavailable` for a model without `cloze`; `input` for an option out of range, too many candidates, a candidate that
    /// does not fit the passage, a query without exactly one `@placeholder` or that leaves no room for the passage, and a
    /// candidate that no window shows whole; `format` where the manifest names no tokens for the head, or of the tokenizer; what
    /// the model's source fails with at a pause.
    pub async fn new(luke: &'a Luke, input: &ClozeInput, options: &'a ClozeOptions) -> Result<Self> {
        let (_, head) = luke.head(HeadKind::Cloze)?;
        options.check(luke.config.max_seq_tokens())?;
        limits::check_count("candidates", input.candidates.len(), limits::MAX_CANDIDATES)?;
        let tokens = head.tokens.ok_or_else(|| LukeError::format("manifest.json", "head 'cloze' has no tokens"))?;
        let (reader, turns) = (Reader { luke, options, tokens }, &mut luke.turns());
        let query = reader.query(&input.query, turns).await?;
        let template = [&luke.tokenizer.before, &luke.tokenizer.between, &luke.tokenizer.after];
        let others = query.tokens.len() + template.iter().map(|tokens| tokens.len()).sum::<usize>();
        let model = luke.config.max_seq_tokens();
        let max = options.max_seq_tokens.or(head.context_tokens).unwrap_or(model).min(model);
        let budget = max.saturating_sub(others);
        if budget == 0 {
            let reason = format!("{max} leaves no room for the passage beside {others} query and special tokens");
            return Err(LukeError::input("maxSeqTokens", reason));
        }
        let offsets = Offsets::new(&input.passage, options.offsets);
        let spans = input.candidates.iter().map(|span| offsets.span("candidates", *span));
        let mut readings = Vec::new();
        for candidates in apart(spans.collect::<Result<_>>()?)? {
            let passage = reader.passage(&input.passage, candidates, turns).await?;
            let windows = Windows::strided(passage.tokens.len(), budget, options.doc_stride);
            if let Some((bytes, tokens)) = passage.candidates.iter().find(|(_, tokens)| !windows.hold(tokens)) {
                let [start, end] = [bytes.start, bytes.end].map(|byte| offsets.of_byte(byte));
                let (size, stride) = (tokens.len(), options.doc_stride);
                let reason = format!(
                    "[{start}, {end}] has {size} tokens, markers included, and none of the windows of {budget} \
                     passage tokens, {stride} after each other, shows all of it"
                );
                return Err(LukeError::input("candidates", reason));
            }
            readings.push((passage, windows));
        }
        Ok(Self { reader, query, readings })
    }

    /// The forward passes that `cloze` runs. Windows without a whole candidate are left out.
    pub fn windows(&self) -> impl Iterator<Item = ClozeWindow> {
        self.readings.iter().flat_map(|(passage, windows)| {
            let window = |tokens: &Range<usize>| self.reader.window(&self.query, passage, tokens.clone());
            windows.ranges().iter().filter_map(window)
        })
    }
}

/// Tokenizes for one call.
struct Reader<'a> {
    luke: &'a Luke,
    options: &'a ClozeOptions,
    tokens: ClozeTokens,
}

impl Reader<'_> {
    /// The tokens of a piece of text without the white space at its end.
    async fn tokenize(&self, text: &str, prefix_space: bool, turns: &mut Turns<'_>) -> Result<Vec<Token>> {
        let options = EncodeOptions { prefix_space, special: self.options.special_tokens, ..Default::default() };
        let (builder, text) = (self.luke.input_builder(options), text.trim_end_matches(is_python_space));
        Ok(turns.tokenize(builder.tokenizing(Spanned::plain(text))).await?.tokens)
    }

    /// The query's tokens, cut to those that are read.
    async fn query(&self, text: &str, turns: &mut Turns<'_>) -> Result<Query> {
        let text = text.replace('\n', " ");
        let pieces: Vec<&str> = text.split(PLACEHOLDER).collect();
        let [before, after] = pieces[..] else {
            let reason = format!("has {} {PLACEHOLDER}, must have one", pieces.len() - 1);
            return Err(LukeError::input("query", reason));
        };
        let mut tokens = self.tokenize(before, true, turns).await?;
        let placeholder = tokens.len();
        tokens.push(self.tokens.placeholder.into());
        tokens.extend(self.tokenize(after, false, turns).await?);
        let max = self.options.max_query_tokens;
        // The authors always keep the first tokens; without the placeholder among them the query would ask nothing.
        let cut = if placeholder < max { 0 } else { (placeholder - max / 2).min(tokens.len() - max) };
        tokens.drain(..cut);
        tokens.truncate(max);
        Ok(Query { tokens, placeholder: placeholder - cut })
    }

    /// The passage's tokens with markers around `candidates`, which are in order and do not overlap.
    async fn passage(&self, text: &str, candidates: Vec<Range<usize>>, turns: &mut Turns<'_>) -> Result<Passage> {
        let text = text.replace('\n', " ");
        let (mut tokens, mut marked, mut current) = (Vec::new(), Vec::new(), 0);
        for bytes in candidates {
            self.piece(&text, current..bytes.start, &mut tokens, turns).await?;
            let start = tokens.len();
            tokens.push(self.tokens.entity.into());
            self.piece(&text, bytes.clone(), &mut tokens, turns).await?;
            tokens.push(self.tokens.entity.into());
            current = bytes.end;
            marked.push((bytes, start..tokens.len()));
        }
        self.piece(&text, current..text.len(), &mut tokens, turns).await?;
        Ok(Passage { tokens, candidates: marked })
    }

    /// The tokens of a piece of the passage between two boundaries of candidates.
    async fn piece(&self, text: &str, bytes: Range<usize>, to: &mut Vec<Token>, turns: &mut Turns<'_>) -> Result<()> {
        let at_space = bytes.start == 0 || text[..bytes.start].ends_with(' ');
        let piece = &text[bytes];
        let mut parts = piece.split(HIGHLIGHT);
        let first = parts.next().unwrap_or_default();
        if at_space || first.starts_with(' ') {
            to.extend(self.tokenize(first, true, turns).await?);
        } else {
            // Here the authors' code takes the whole piece and then its later parts once more. The checkpoints were
            // trained on it.
            to.extend(self.tokenize(piece, false, turns).await?);
        }
        for part in parts {
            to.push(self.tokens.highlight.into());
            to.extend(self.tokenize(part, false, turns).await?);
        }
        Ok(())
    }

    /// The inputs for some tokens of the passage; `None` where no candidate lies whole among them.
    fn window(&self, query: &Query, passage: &Passage, part: Range<usize>) -> Option<ClozeWindow> {
        // Candidates do not overlap: those that lie whole in the window stand side by side.
        let first = passage.candidates.partition_point(|(_, tokens)| tokens.start < part.start);
        let end = passage.candidates.partition_point(|(_, tokens)| tokens.end <= part.end);
        let whole = passage.candidates.get(first..end).filter(|whole| !whole.is_empty())?;
        let tokenizer = &self.luke.tokenizer;
        let read = &passage.tokens[part.clone()];
        let parts = [&tokenizer.before, &query.tokens, &tokenizer.between, read, &tokenizer.after];
        let mut inputs = tokenizer.inputs(&parts);
        let mut add_entity = |tokens: Range<usize>| {
            inputs.entity_ids.push(self.luke.entity_vocab.mask);
            let positions = tokens.take(self.options.max_mention_tokens).map(|token| token as i32);
            inputs.entity_position_ids.push(positions.collect());
        };
        let placeholder = tokenizer.before.len() + query.placeholder;
        add_entity(placeholder..placeholder + 1);
        let offset = tokenizer.before.len() + query.tokens.len() + tokenizer.between.len();
        for (_, tokens) in whole {
            add_entity(tokens.start - part.start + offset..tokens.end - part.start + offset);
        }
        Some(ClozeWindow { inputs, candidates: whole.iter().map(|(bytes, _)| bytes.clone()).collect() })
    }
}

/// Spans in order, each once, in lists within which none overlap; all in one list where none do.
fn apart(spans: Vec<Range<usize>>) -> Result<Vec<Vec<Range<usize>>>> {
    let spans: BTreeSet<(usize, usize)> = spans.into_iter().map(|span| (span.start, span.end)).collect();
    let mut lists: Vec<Vec<Range<usize>>> = Vec::new();
    for (start, end) in spans {
        match lists.iter_mut().find(|list| list.last().is_none_or(|last| last.end <= start)) {
            Some(list) => list.push(start..end),
            None => lists.push(std::iter::once(start..end).collect()),
        }
        if lists.len() > limits::MAX_OVERLAPPING {
            let reason = format!("more than {} of them overlap at one place", limits::MAX_OVERLAPPING);
            return Err(LukeError::input("candidates", reason));
        }
    }
    Ok(lists)
}
