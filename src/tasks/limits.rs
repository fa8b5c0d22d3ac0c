//! Bounds of what one call may ask for. The work and the memory of a call grow with these numbers, so what is beyond them is
//! refused with the code `input` by the name of the option. They are far above what a use of the model takes.
//!
//! The length of a text is not bounded here: the work for a text is proportional to its length.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use std::ops::RangeInclusive;

use crate::error::{LukeError, Result};
use crate::inputs::MAX_ENTITIES;

/// Numbers of tokens that options give, such as `docStride` and `maxAnswerTokens`: no LUKE reads as many at once.
pub const TOKENS: RangeInclusive<usize> = 1..=65_536;

/// `nBest` of `qa`. A window takes at most the square of it in pairs of a start and an end.
pub const N_BEST: RangeInclusive<usize> = 1..=1_000;

/// `topK` of `qa`, `fillMask`, `predictEntities` and `rank`.
pub const TOP_K: RangeInclusive<usize> = 1..=1_000;

/// `maxEntitiesPerPass` of `ner`: what one input of the model may have.
pub const ENTITIES_PER_PASS: RangeInclusive<usize> = 1..=MAX_ENTITIES;

/// Near misses of `ner` in one text. With a low `runnersUp` every span of the text is one, sixteen for each word.
pub const MAX_RUNNERS_UP: usize = 50_000;

/// Spans of `embed`, each of which becomes a vector.
pub const MAX_SPANS: usize = 10_000;

/// Masks of `fillMask` and spans of `predictEntities`: each is compared with every row of a table.
pub const MAX_PREDICTIONS: usize = 1_000;

/// Candidates of `cloze`.
pub const MAX_CANDIDATES: usize = 10_000;

/// How often `cloze` reads a passage, which it does once more for each candidate that overlaps at one place.
pub const MAX_OVERLAPPING: usize = 64;

/// `folds` of `teach`, if it is not 0.
pub const FOLDS: RangeInclusive<usize> = 2..=20;

/// Examples of `teach`.
pub const MAX_EXAMPLES: usize = 10_000;

/// Texts of `rank`.
pub const MAX_RANKED: usize = 10_000;

/// Mentions in `entities` of `qa`.
pub const MAX_LINKS: usize = 100_000;

/// Checks that the value of an option is in its range.
///
/// # Errors
/// `input`, with the option's name and the range.
pub fn check(option: &str, value: usize, range: &RangeInclusive<usize>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(LukeError::input(option, format!("{value} is not between {} and {}", range.start(), range.end())))
}

/// Checks how many near misses a text has.
///
/// # Errors
/// `input`, with the bound.
pub fn check_runners_up(count: usize) -> Result<()> {
    if count <= MAX_RUNNERS_UP {
        return Ok(());
    }
    let reason = format!("gives more than {MAX_RUNNERS_UP} near misses in one text; give a higher probability");
    Err(LukeError::input("runnersUp", reason))
}

/// Checks how many entries an argument has.
///
/// # Errors
/// `input`, with the argument's name and the bound.
pub fn check_count(argument: &str, count: usize, max: usize) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    Err(LukeError::input(argument, format!("has {count} entries, one call takes at most {max}")))
}

/// Checks `maxSeqTokens`, special tokens included, against what the model reads at once.
///
/// # Errors
/// `input`, with the range.
pub fn check_seq_tokens(value: Option<usize>, model: usize) -> Result<()> {
    value.map_or(Ok(()), |value| check("maxSeqTokens", value, &(4..=model)))
}
