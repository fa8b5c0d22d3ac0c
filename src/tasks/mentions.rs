//! Mentions in a text, for the tasks that take any number of them.

use std::ops::Range;

use super::windows::{Window, assign};
use crate::error::{LukeError, Result};
use crate::luke::Luke;
use crate::text::{OffsetUnit, Offsets};

/// Mentions as byte ranges, and the rows of the entity table they are read as.
pub struct Mentions {
    pub spans: Vec<Range<usize>>,
    pub rows: Vec<u32>,
}

impl Luke {
    /// Checks spans and titles; see `PredictEntitiesOptions::titles`.
    pub(super) fn mentions(
        &self,
        text: &str,
        spans: &[[usize; 2]],
        titles: Option<&[Option<String>]>,
        unit: OffsetUnit,
    ) -> Result<Mentions> {
        if let Some(titles) = titles.filter(|titles| titles.len() != spans.len()) {
            let reason = format!("has {} entries for {} spans", titles.len(), spans.len());
            return Err(LukeError::input("options.titles", reason));
        }
        let offsets = Offsets::new(text, unit);
        let spans = spans.iter().enumerate().map(|(i, span)| offsets.span(&format!("spans[{i}]"), *span));
        let spans: Vec<_> = spans.collect::<Result<_>>()?;
        let vocab = &self.entity_vocab;
        let row = |i: usize| match titles.and_then(|titles| titles[i].as_deref()) {
            Some(title) => vocab.row(title).unwrap_or(vocab.unk),
            None => vocab.mask,
        };
        Ok(Mentions { rows: (0..spans.len()).map(row).collect(), spans })
    }

    /// Word tokens of one pass, without special ones.
    pub(super) fn room(&self) -> usize {
        self.config.max_seq_tokens().saturating_sub(self.tokenizer.before.len() + self.tokenizer.after.len())
    }

    /// Windows over a text of `len` tokens, each with the mentions it shows best; one for a text that fits.
    pub(super) fn windows(&self, len: usize, mentions: &[Range<usize>]) -> Result<Vec<Window>> {
        let room = self.room();
        if let Some(i) = mentions.iter().position(|mention| mention.len() > room) {
            let reason = format!("has {} tokens, the model reads {room} at a time", mentions[i].len());
            return Err(LukeError::input(format!("spans[{i}]"), reason));
        }
        Ok(assign(len, room, room / 2, mentions))
    }
}
