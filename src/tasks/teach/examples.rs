//! Examples of `ner`: each span is checked as words of its text, the texts are read, and their sentences are what a head learns from.

use std::ops::Range;

use super::labels::Labels;
use super::lesson::{Group, Lesson};
use super::memory::{ReadText, ReadTexts};
use super::types::{Example, ExampleSpan};
use crate::error::{LukeError, Result, shortened};
use crate::learn::crf::{LabeledSpan, tags};
use crate::learn::windows::{MAX_SPAN_WORDS, pieces};
use crate::tasks::ner::{Document, Reader};
use crate::text::{OffsetUnit, Offsets};

/// A text and its spans.
struct CheckedExample<'a> {
    text: &'a str,
    /// Its words and sentences.
    document: Document,
    /// In the order of the text.
    spans: Vec<LabeledSpan>,
    /// How many of them begin or end inside of a word of the text.
    widened: usize,
}

/// Checks examples and reads them. `done` is called after each that was read.
///
/// # Errors
/// - `input` for a text without words, for a span that does not fit its text, that has no word or too many, an unknown label, or a word of
///   another span; with the example and the span
/// - those of [`ReadTexts::read`], and what the source of the model fails with at a pause
pub async fn read(
    reader: &Reader<'_>,
    examples: &[Example],
    labels: &Labels,
    unit: OffsetUnit,
    layers: &[usize],
    read: &mut ReadTexts,
    mut done: impl FnMut(usize),
) -> Result<Lesson> {
    let mut checked = Vec::with_capacity(examples.len());
    for (number, example) in examples.iter().enumerate() {
        let found = check(reader, example, labels, unit).await;
        checked.push(found.map_err(|error| error.inside(&format!("examples[{number}]")))?);
    }
    let (mut texts, mut groups) = (Vec::with_capacity(checked.len()), Vec::new());
    for (number, example) in checked.iter().enumerate() {
        let sentences = joined(&example.document.sentences, &example.spans);
        let text = read.read(reader, example.text, &example.document, sentences, layers).await?;
        groups.extend(by_sentence(number, &example.spans, &text, tags(labels.names.len())));
        texts.push(text);
        done(number + 1);
    }
    Ok(Lesson { texts, groups, widened: checked.iter().map(|example| example.widened).sum() })
}

/// The sentences of a document, joined where a span reaches across their bound, without empty ones.
fn joined(sentences: &[Range<usize>], spans: &[LabeledSpan]) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(sentences.len());
    let mut spans = spans.iter().peekable();
    for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
        while spans.next_if(|span| span.words.end <= sentence.start).is_some() {}
        match (joined.last_mut(), spans.peek()) {
            (Some(last), Some(span)) if span.words.start < sentence.start => last.end = sentence.end,
            _ => joined.push(sentence.clone()),
        }
    }
    joined
}

/// The sentences of an example, long ones in pieces, with their spans as words of the piece.
fn by_sentence(example: usize, spans: &[LabeledSpan], text: &ReadText, tags: usize) -> Vec<Group> {
    let mut rest = spans.iter().peekable();
    let of_piece = |rows: Range<usize>| {
        let mut labels = Vec::new();
        while let Some(span) = rest.next_if(|span| span.words.start < rows.end) {
            labels.push(LabeledSpan {
                words: span.words.start - rows.start..span.words.end - rows.start,
                label: span.label,
            });
        }
        Group { example, rows, labels }
    };
    text.sentences.iter().flat_map(|sentence| pieces(sentence.clone(), spans, tags)).map(of_piece).collect()
}

async fn check<'a>(
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
    if end - first > MAX_SPAN_WORDS {
        let reason = format!("has {} words, and a head learns spans of {MAX_SPAN_WORDS} at most", end - first);
        return Err(LukeError::input("span", reason));
    }
    let is_whole = words[first].start >= bytes.start && words[end - 1].end <= bytes.end;
    Ok((LabeledSpan { words: first..end, label }, is_whole))
}
