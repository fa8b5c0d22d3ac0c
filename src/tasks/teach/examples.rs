//! Examples, checked: each span as words of its text.

use std::collections::HashMap;
use std::ops::Range;

use super::types::{Example, ExampleSpan, TeachInput, TeachOptions};
use crate::error::{LukeError, Result, shortened};
use crate::learn::crf::LabeledSpan;
use crate::tasks::limits;
use crate::tasks::ner::{Document, Reader};
use crate::taught::{MAX_LABELS, MAX_NAME_BYTES};
use crate::text::{OffsetUnit, Offsets};

/// The labels of a head and their numbers.
pub struct Labels {
    /// In the order of their numbers.
    pub names: Vec<String>,
    numbers: HashMap<String, usize>,
}

/// A text and its spans.
pub struct CheckedExample<'a> {
    /// The text.
    pub text: &'a str,
    /// Its words and sentences.
    pub document: Document,
    /// In the order of the text.
    pub spans: Vec<LabeledSpan>,
    /// How many of them begin or end inside of a word of the text.
    pub widened: usize,
}

impl Labels {
    /// Those of the input, or of its examples.
    ///
    /// # Errors
    /// `input` for no labels, too many, an empty or long name, or one that is there twice.
    pub fn of(input: &TeachInput) -> Result<Self> {
        let mut labels = Self { names: Vec::new(), numbers: HashMap::new() };
        for label in input.labels.iter().flatten() {
            if !labels.add(label) {
                return Err(LukeError::input("labels", format!("has '{}' twice", shortened(label))));
            }
        }
        if input.labels.is_none() {
            for span in input.examples.iter().flat_map(|example| &example.spans) {
                labels.add(&span.label);
            }
        }
        let bad = |reason: String| Err(LukeError::input("labels", reason));
        match labels.names.len() {
            0 => return bad("must be one at least: no example has a span".into()),
            count if count > MAX_LABELS => return bad(format!("are {count}, and a head has {MAX_LABELS} at most")),
            _ => {}
        }
        match labels.names.iter().find(|name| name.is_empty() || name.len() > MAX_NAME_BYTES) {
            Some(name) => {
                bad(format!("has '{}', which is empty or longer than {MAX_NAME_BYTES} bytes", shortened(name)))
            }
            None => Ok(labels),
        }
    }

    /// Adds a label, unless it is there.
    fn add(&mut self, label: &str) -> bool {
        let is_new = !self.numbers.contains_key(label);
        if is_new {
            self.numbers.insert(label.to_owned(), self.names.len());
            self.names.push(label.to_owned());
        }
        is_new
    }

    fn number(&self, label: &str) -> Result<usize> {
        let unknown =
            || LukeError::input("label", format!("'{}' is none of {}", shortened(label), self.names.join(", ")));
        self.numbers.get(label).copied().ok_or_else(unknown)
    }
}

/// Checks the name and the examples.
///
/// # Errors
/// - `input` for no or too many examples, for a text without words, for a span that does not fit its text, that has no word, an unknown
///   label, or a word of another span; with the example and the span
/// - what the source of the model fails with at a pause
pub async fn check<'a>(
    reader: &Reader<'_>,
    input: &'a TeachInput,
    labels: &Labels,
    options: &TeachOptions,
) -> Result<Vec<CheckedExample<'a>>> {
    if input.name.is_empty() || input.name.len() > MAX_NAME_BYTES {
        return Err(LukeError::input("name", format!("is empty or longer than {MAX_NAME_BYTES} bytes")));
    }
    if options.folds != 0 {
        limits::check("folds", options.folds, &limits::FOLDS)?;
    }
    limits::check_count("examples", input.examples.len(), limits::MAX_EXAMPLES)?;
    if input.examples.is_empty() {
        return Err(LukeError::input("examples", "are none"));
    }
    let mut checked = Vec::with_capacity(input.examples.len());
    for (number, example) in input.examples.iter().enumerate() {
        let found = check_one(reader, example, labels, options.offsets).await;
        checked.push(found.map_err(|error| error.inside(&format!("examples[{number}]")))?);
    }
    Ok(checked)
}

async fn check_one<'a>(
    reader: &Reader<'_>,
    example: &'a Example,
    labels: &Labels,
    unit: OffsetUnit,
) -> Result<CheckedExample<'a>> {
    let document = reader.text(&example.text).await?;
    if document.words.is_empty() {
        return Err(LukeError::input("text", "has no words"));
    }
    let (offsets, mut turns) = (Offsets::new(&example.text, unit), reader.turns());
    let (mut spans, mut widened) = (Vec::with_capacity(example.spans.len()), 0);
    for (number, span) in example.spans.iter().enumerate() {
        let found = span_of(span, &document.words, &offsets, labels);
        let (found, is_whole) = found.map_err(|error| error.inside(&format!("spans[{number}]")))?;
        widened += usize::from(!is_whole);
        spans.push((number, found));
        turns.after(0).await?;
    }
    spans.sort_by_key(|(_, span)| span.words.start);
    let overlapping = spans.array_windows().find(|[(_, first), (_, second)]| second.words.start < first.words.end);
    if let Some([(_, first), (number, second)]) = overlapping {
        let bytes = |words: &Range<usize>| document.words[words.start].start..document.words[words.end - 1].end;
        let text = |span: &LabeledSpan| shortened(&example.text[bytes(&span.words)]);
        let reason = format!("'{}' has words of '{}', which is a span too", text(second), text(first));
        return Err(LukeError::input(format!("spans[{number}]"), reason));
    }
    let spans = spans.into_iter().map(|(_, span)| span).collect();
    Ok(CheckedExample { text: &example.text, document, spans, widened })
}

/// The words of a span, and whether they are the span.
fn span_of(
    span: &ExampleSpan,
    words: &[Range<usize>],
    offsets: &Offsets<'_>,
    labels: &Labels,
) -> Result<(LabeledSpan, bool)> {
    let label = labels.number(&span.label)?;
    let bytes = offsets.span("span", [span.start, span.end])?;
    let first = words.partition_point(|word| word.end <= bytes.start);
    let end = words.partition_point(|word| word.start < bytes.end);
    if first >= end {
        return Err(LukeError::input("span", format!("[{}, {}] has no word", span.start, span.end)));
    }
    let is_whole = words[first].start >= bytes.start && words[end - 1].end <= bytes.end;
    Ok((LabeledSpan { words: first..end, label }, is_whole))
}
