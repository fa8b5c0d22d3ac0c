//! Examples of `typing` and `relation`: each is a row of features with its labels.

use super::labels::Labels;
use super::lesson::{Group, Lesson};
use super::memory::{ReadTexts, key_of_mentions};
use super::types::{RelationExample, TypingExample};
use crate::error::{LukeError, Result, shortened};
use crate::learn::crf::LabeledSpan;
use crate::luke::Luke;
use crate::tasks::labels::{LabelOptions, Mentioning};
use crate::tasks::taught_labels::{Layers, encode_mentions};
use crate::text::OffsetUnit;

/// Whether mentions may have any number of labels.
///
/// # Errors
/// `input` for an example that has not exactly one where `multi` says so, or where only one label is known: nothing could be told apart.
pub fn multi(examples: &[TypingExample], labels: &Labels, multi: Option<bool>) -> Result<bool> {
    let other = examples.iter().position(|example| example.labels.len() != 1);
    match (multi, other) {
        (Some(false), Some(number)) => {
            let reason = format!("are {}, and multi is false: each example has one", examples[number].labels.len());
            Err(LukeError::input(format!("examples[{number}].labels"), reason))
        }
        (Some(true), _) | (None, Some(_)) => Ok(true),
        _ => check_two(labels).map(|()| false),
    }
}

/// Checks that there is a choice among labels of which each example has one.
///
/// # Errors
/// `input` for a single label.
pub fn check_two(labels: &Labels) -> Result<()> {
    match labels.names.len() {
        1 => Err(LukeError::input("labels", "is one, and of which each example has one there must be two at least")),
        _ => Ok(()),
    }
}

/// The numbers of the labels of an example of `typing`.
///
/// # Errors
/// `input` for a label that is none of these, or that is there twice.
pub fn of_typing(example: &TypingExample, labels: &Labels) -> Result<Vec<usize>> {
    let mut numbers = Vec::with_capacity(example.labels.len());
    for (place, label) in example.labels.iter().enumerate() {
        let number = labels.number(label).map_err(|error| error.inside(&format!("labels[{place}]")))?;
        if numbers.contains(&number) {
            return Err(LukeError::input(format!("labels[{place}]"), format!("is '{}' once more", shortened(label))));
        }
        numbers.push(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number of the label of an example of `relation`.
///
/// # Errors
/// `input` for a label that is none of these.
pub fn of_relation(example: &RelationExample, labels: &Labels) -> Result<Vec<usize>> {
    Ok(vec![labels.number(&example.label)?])
}

/// Checks examples and reads them, several in a forward pass. `done` gets the number of examples that were read.
///
/// # Errors
/// - `input` for mentions that do not fit their text, have no token, or are further apart than the model reads, and for what `numbers`
///   refuses; with the example
/// - those of [`ReadTexts::read_mentions`], and what the source of the model fails with at a pause
pub async fn read<T: Mentioning>(
    luke: &Luke,
    examples: &[T],
    unit: OffsetUnit,
    numbers: impl Fn(&T) -> Result<Vec<usize>>,
    layers: Layers<'_>,
    read: &mut ReadTexts,
    mut done: impl FnMut(usize),
) -> Result<Lesson> {
    let (mut groups, mut keys, mut turns) = (Vec::new(), Vec::new(), luke.turns());
    for (number, example) in examples.iter().enumerate() {
        let inside = |error: LukeError| error.inside(&format!("examples[{number}]"));
        let (text, spans) = example.spanned(unit).map_err(inside)?;
        keys.push(key_of_mentions(text, &spans, layers));
        let of_row = |label| LabeledSpan { words: 0..1, label };
        let labels = numbers(example).map_err(inside)?.into_iter().map(of_row).collect();
        groups.push(Group { example: number, rows: 0..1, labels });
        turns.after(text.len()).await?;
    }
    let options = LabelOptions { offsets: unit, ..LabelOptions::default() };
    let mut texts: Vec<_> = keys.iter().map(|key| read.mentions(key)).collect();
    let (mut batch, mut places, mut rows) = (Vec::new(), Vec::new(), 0);
    for (number, example) in examples.iter().enumerate() {
        if texts[number].is_none() {
            let inputs = encode_mentions(luke, example, &options).await;
            let inputs = inputs.map_err(|error| error.inside(&format!("examples[{number}]")))?;
            rows += inputs.rows();
            batch.push(inputs);
            places.push(number);
        }
        if rows >= luke.batch_rows() || number + 1 == examples.len() {
            let own: Vec<_> = places.iter().map(|place| keys[*place]).collect();
            let found = read.read_mentions(luke, &own, &batch, layers).await?;
            places.iter().zip(found).for_each(|(place, found)| texts[*place] = Some(found));
            (batch, places, rows) = (Vec::new(), Vec::new(), 0);
            done(number + 1);
        }
    }
    Ok(Lesson { texts: texts.into_iter().flatten().collect(), groups, widened: 0 })
}
