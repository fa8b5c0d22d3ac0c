//! Mentions in a text, for the tasks that take any number of them.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::ops::Range;

use super::limits;
use super::windows::{Window, assign, token_budget};
use crate::error::{LukeError, Result};
use crate::luke::Luke;
use crate::text::{OffsetUnit, Offsets};

/// Mentions as byte ranges, and the rows of the entity table that they are read as.
pub struct Mentions {
    pub spans: Vec<Range<usize>>,
    pub rows: Vec<u32>,
}

impl Mentions {
    /// Reads spans of a text and their titles, if any; see `PredictEntitiesOptions::titles`.
    ///
    /// # Errors
    /// `input` for more than `max` spans, a span that does not fit the text, and titles that are not as many as the spans.
    pub fn read(
        luke: &Luke,
        text: &str,
        spans: &[[usize; 2]],
        titles: Option<&[Option<String>]>,
        unit: OffsetUnit,
        max: usize,
    ) -> Result<Self> {
        limits::check_count("spans", spans.len(), max)?;
        if let Some(titles) = titles.filter(|titles| titles.len() != spans.len()) {
            let reason = format!("has {} entries for {} spans", titles.len(), spans.len());
            return Err(LukeError::input("titles", reason));
        }
        let offsets = Offsets::new(text, unit);
        let ranges = spans.iter().enumerate().map(|(i, span)| offsets.span(&format!("spans[{i}]"), *span));
        let vocab = &luke.entity_vocab;
        let row = |title: &Option<String>| match title {
            Some(title) => vocab.row(title).unwrap_or(vocab.unk),
            None => vocab.mask,
        };
        let rows = titles.map_or_else(|| vec![vocab.mask; spans.len()], |titles| titles.iter().map(row).collect());
        Ok(Self { spans: ranges.collect::<Result<_>>()?, rows })
    }
}

/// Windows over a text of `len` tokens, which overlap by half, each with the mentions of which it shows most text.
///
/// # Errors
/// `input` for a mention that is longer than a window.
pub fn windows(luke: &Luke, len: usize, mentions: &[Range<usize>]) -> Result<Vec<Window>> {
    let size = token_budget(luke);
    if let Some((i, mention)) = mentions.iter().enumerate().find(|(_, mention)| mention.len() > size) {
        let reason = format!("has {} tokens, the model reads {size} at a time", mention.len());
        return Err(LukeError::input(format!("spans[{i}]"), reason));
    }
    Ok(assign(len, size, size / 2, mentions))
}
