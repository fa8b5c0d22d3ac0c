//! How a text with spans becomes [`ModelInputs`] (the job of Hugging Face's `LukeTokenizer`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::entity_vocab::EntityVocab;
use super::tokenizer::{SpecialTokens, Tokenizer};
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
    /// Put a space before every segment that does not start with one.
    pub prefix_space: bool,
    /// Special tokens inside the text.
    pub special: SpecialTokens,
    /// Cut to this many word tokens, special ones included, and to `max_entities` entities.
    pub max_tokens: Option<usize>,
    /// Where there are more word tokens than this, special ones included: keep the spans and as much text on both
    /// sides as fits, and refuse spans that reach further.
    pub around_spans: Option<usize>,
    /// Most entities, where `max_tokens` is given.
    pub max_entities: usize,
    /// Most position ids an entity.
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

/// A token's id and its bytes of the text.
pub type PlacedToken = (u32, Range<usize>);

/// Turns text into [`ModelInputs`].
pub struct InputBuilder<'a> {
    /// The word tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// The entity vocabulary.
    pub entities: &'a EntityVocab,
    /// How.
    pub options: EncodeOptions,
}

/// A text and byte spans of it.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<'a> {
    /// The text.
    pub text: &'a str,
    /// Byte ranges, in the order of the entities they become.
    pub spans: &'a [Range<usize>],
}

impl Spanned<'_> {
    fn boundaries(&self) -> BTreeSet<usize> {
        self.spans.iter().flat_map(|span| [span.start, span.end]).collect()
    }
}

impl InputBuilder<'_> {
    /// One text for a task.
    pub fn encode(&self, input: Spanned, task: InputForm) -> Result<ModelInputs> {
        let (mut ids, mut spans) = self.tokens(input)?;
        let mask = self.entities.mask;
        let marker = |token: &str| {
            let missing = || LukeError::format("tokenizer.json", format!("has no token {token}"));
            self.tokenizer.token_to_id(token).ok_or_else(missing)
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
                surround(&mut ids, span, marker("<ent>")?);
                span.end += 2;
                vec![mask]
            }
            InputForm::EntityPairClassification => {
                let [head, tail] = spans.as_mut_slice() else {
                    return Err(LukeError::input("spans", "this task takes a head and a tail span"));
                };
                let (head_marker, tail_marker) = (marker("<ent>")?, marker("<ent2>")?);
                // The later span first, so that the earlier one's positions still hold.
                if head.start < tail.start {
                    surround(&mut ids, tail, tail_marker);
                    surround(&mut ids, head, head_marker);
                    *head = head.start..head.end + 2;
                    *tail = tail.start + 2..tail.end + 4;
                } else {
                    surround(&mut ids, head, head_marker);
                    surround(&mut ids, tail, tail_marker);
                    *head = head.start + 2..head.end + 4;
                    *tail = tail.start..tail.end + 2;
                }
                let missing = || LukeError::format("entity_vocab.json", "has no [MASK2]");
                vec![mask, self.entities.mask2.ok_or_else(missing)?]
            }
        };
        if entity_ids.len() != spans.len() {
            return Err(LukeError::input("entities", "there must be one title for each span"));
        }
        let mut first = Part { ids, spans, entity_ids };
        if let Some(most) = self.options.around_spans {
            first.cut_around_spans(most.saturating_sub(self.tokenizer.before.len() + self.tokenizer.after.len()))?;
        }
        let with_positions = task == InputForm::EntitySpanClassification;
        Ok(self.assemble(first, None, with_positions))
    }

    /// Two texts, all entities `[MASK]`.
    pub fn encode_pair(&self, first: Spanned, second: Spanned) -> Result<ModelInputs> {
        let part = |input| {
            self.tokens(input).map(|(ids, spans)| Part {
                entity_ids: vec![self.entities.mask; spans.len()],
                ids,
                spans,
            })
        };
        Ok(self.assemble(part(first)?, Some(part(second)?), false))
    }

    /// Tokens as one input, with entities by row and token range.
    pub fn inputs(&self, ids: &[u32], entities: impl Iterator<Item = (u32, Range<usize>)>) -> ModelInputs {
        let (entity_ids, spans) = entities.unzip();
        self.assemble(Part { ids: ids.to_vec(), spans, entity_ids }, None, false)
    }

    /// Tokenises the text in segments cut at every span boundary, so that spans start and end between tokens.
    pub fn tokens(&self, input: Spanned) -> Result<(Vec<u32>, Vec<Range<usize>>)> {
        let (ids, positions) = self.segments(input.text, &input.boundaries())?;
        let spans = input.spans.iter().map(|span| positions[&span.start]..positions[&span.end]).collect();
        Ok((ids, spans))
    }

    /// As [`tokens`](Self::tokens), each token with its bytes of the text, without the space before it.
    pub fn tokens_with_offsets(&self, input: Spanned) -> Result<(Vec<PlacedToken>, Vec<Range<usize>>)> {
        let tokenise = |segment: Range<usize>| {
            let text = &input.text[segment.clone()];
            let place = |(id, range): PlacedToken| {
                let spaces = text[range.clone()].len() - text[range.clone()].trim_start().len();
                let start = if spaces < range.len() { range.start + spaces } else { range.start };
                (id, segment.start + start..segment.start + range.end)
            };
            let tokens = self.tokenizer.encode_with_offsets(text, self.options.special)?;
            Ok(tokens.into_iter().map(place).collect())
        };
        let (tokens, positions) = cut(input.text, &input.boundaries(), tokenise)?;
        let spans = input.spans.iter().map(|span| positions[&span.start]..positions[&span.end]).collect();
        Ok((tokens, spans))
    }

    /// The ids of `text` cut at `boundaries` (bytes), and how many ids lie before each boundary. One ASCII
    /// space before a boundary goes with the segment after it.
    pub fn segments(&self, text: &str, boundaries: &BTreeSet<usize>) -> Result<(Vec<u32>, BTreeMap<usize, usize>)> {
        cut(text, boundaries, |segment| self.segment(&text[segment]))
    }

    /// The ids of one segment.
    pub fn segment(&self, text: &str) -> Result<Vec<u32>> {
        let bare = text.chars().next().is_some_and(|c| !is_python_space(c));
        match self.options.prefix_space && bare {
            true => self.tokenizer.encode(&format!(" {text}"), self.options.special),
            false => self.tokenizer.encode(text, self.options.special),
        }
    }

    fn assemble(&self, mut first: Part, mut second: Option<Part>, with_positions: bool) -> ModelInputs {
        let (options, template) = (&self.options, self.tokenizer);
        let special =
            template.before.len() + template.after.len() + if second.is_some() { template.between.len() } else { 0 };
        if let Some(most) = options.max_tokens {
            let room = most.saturating_sub(special);
            longest_first(room, &mut first.ids, second.as_mut().map(|part| &mut part.ids));
            first.drop_cut_entities();
            second.iter_mut().for_each(Part::drop_cut_entities);
            longest_first(
                options.max_entities,
                &mut first.entity_ids,
                second.as_mut().map(|part| &mut part.entity_ids),
            );
        }
        let mut inputs = ModelInputs { input_ids: template.before.clone(), ..Default::default() };
        for (i, part) in [Some(first), second].into_iter().flatten().enumerate() {
            if i > 0 {
                inputs.input_ids.extend(&template.between);
            }
            let offset = inputs.input_ids.len();
            inputs.input_ids.extend(&part.ids);
            for (id, span) in part.entity_ids.into_iter().zip(part.spans) {
                let positions = (offset + span.start..offset + span.end).take(options.max_mention);
                inputs.entity_ids.push(id);
                inputs.entity_position_ids.push(positions.map(|p| p as i32).collect());
                if with_positions {
                    inputs.entity_start_positions.push((offset + span.start) as u32);
                    inputs.entity_end_positions.push((offset + span.end).saturating_sub(1) as u32);
                }
            }
        }
        inputs.input_ids.extend(&template.after);
        inputs
    }
}

/// Tokens of `text` in segments cut at `boundaries`, and how many lie before each.
fn cut<T>(
    text: &str,
    boundaries: &BTreeSet<usize>,
    tokenise: impl Fn(Range<usize>) -> Result<Vec<T>>,
) -> Result<(Vec<T>, BTreeMap<usize, usize>)> {
    let (mut tokens, mut positions, mut current) = (Vec::new(), BTreeMap::new(), 0);
    for boundary in boundaries {
        let end = boundary - usize::from(text[..*boundary].ends_with(' '));
        tokens.extend(tokenise(current..end)?);
        positions.insert(*boundary, tokens.len());
        current = end;
    }
    tokens.extend(tokenise(current..text.len())?);
    Ok((tokens, positions))
}

/// One text's tokens and entities.
struct Part {
    ids: Vec<u32>,
    spans: Vec<Range<usize>>,
    entity_ids: Vec<u32>,
}

impl Part {
    fn cut_around_spans(&mut self, room: usize) -> Result<()> {
        let words = self.ids.len();
        if words <= room {
            return Ok(());
        }
        let first = self.spans.iter().map(|span| span.start).min().unwrap_or(0);
        let needed = self.spans.iter().map(|span| span.end).max().unwrap_or(0) - first;
        if needed > room {
            let reason = format!("reach over {needed} tokens, the model reads {room} at a time");
            return Err(LukeError::input("spans", reason));
        }
        let start = first.saturating_sub((room - needed) / 2).min(words - room);
        self.ids = self.ids[start..start + room].to_vec();
        self.spans.iter_mut().for_each(|span| *span = span.start - start..span.end - start);
        Ok(())
    }

    fn drop_cut_entities(&mut self) {
        let words = self.ids.len();
        let mut keep = self.spans.iter().map(|span| span.end <= words);
        self.entity_ids.retain(|_| keep.next().unwrap_or(false));
        self.spans.retain(|span| span.end <= words);
    }
}

/// Takes from the end of the longer list until both fit.
fn longest_first(room: usize, first: &mut Vec<u32>, mut second: Option<&mut Vec<u32>>) {
    while first.len() + second.as_ref().map_or(0, |list| list.len()) > room {
        match &mut second {
            Some(second) if second.len() >= first.len() => second.pop(),
            _ => first.pop(),
        };
    }
}

fn surround(ids: &mut Vec<u32>, span: &Range<usize>, marker: u32) {
    ids.insert(span.end, marker);
    ids.insert(span.start, marker);
}

/// Python's `str.isspace`, which counts the four ASCII separators too.
pub fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}
