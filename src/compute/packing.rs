//! Which rows of a matrix belong to which sequence.

use std::ops::Range;

/// The rows of one sequence in a [`PackedBatch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceRows {
    /// The rows of its tokens; at least one.
    pub tokens: Range<usize>,
    /// The rows of its entities; maybe none.
    pub entities: Range<usize>,
}

/// A batch of sequences of any lengths in one matrix, without padding (a ragged or "varlen" batch). The token rows of all
/// sequences come first, then the entity rows of all, each in the order of the sequences.
///
/// Libraries with varlen attention describe such a batch by `cu_seqlens`, the cumulative lengths: sequence `i` has rows
/// `cu_seqlens[i]..cu_seqlens[i + 1]`. Here these ranges are stored as they are, two for each sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedBatch {
    sequences: Vec<SequenceRows>,
}

impl PackedBatch {
    /// From the number of tokens and the number of entities of each sequence.
    pub fn new(sizes: &[(usize, usize)]) -> Self {
        let (mut token, mut entity) = (0, sizes.iter().map(|(tokens, _)| tokens).sum());
        let mut next = |&(tokens, entities): &(usize, usize)| {
            let sequence = SequenceRows { tokens: token..token + tokens, entities: entity..entity + entities };
            (token, entity) = (sequence.tokens.end, sequence.entities.end);
            sequence
        };
        Self { sequences: sizes.iter().map(&mut next).collect() }
    }

    /// The rows of each sequence, in the order of the batch.
    pub fn sequences(&self) -> &[SequenceRows] {
        &self.sequences
    }

    /// Number of token rows of all sequences: rows `0..tokens()` are tokens, the others entities.
    pub fn tokens(&self) -> usize {
        self.sequences.last().map_or(0, |last| last.tokens.end)
    }

    /// Number of rows of all sequences, tokens and entities.
    pub fn rows(&self) -> usize {
        self.sequences.last().map_or(0, |last| last.entities.end)
    }

    /// The entity rows of all sequences.
    pub fn entities(&self) -> Range<usize> {
        self.sequences.first().map_or(0, |first| first.entities.start)..self.rows()
    }

    /// The same rows without the last sequence. Its own rows are then of no sequence.
    pub fn split_last(mut self) -> (Self, Option<SequenceRows>) {
        let last = self.sequences.pop();
        (self, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_all_come_before_entities_of_all() {
        let batch = PackedBatch::new(&[(3, 1), (2, 0), (1, 2)]);
        let rows = [(0..3, 6..7), (3..5, 7..7), (5..6, 7..9)];
        let rows = rows.map(|(tokens, entities)| SequenceRows { tokens, entities });
        assert_eq!((batch.sequences(), batch.tokens(), batch.rows()), (&rows[..], 6, 9));
        assert_eq!(PackedBatch::new(&[]).rows(), 0);
        assert_eq!((batch.entities(), PackedBatch::new(&[]).entities()), (6..9, 0..0));
        let (others, last) = batch.split_last();
        assert_eq!((others.sequences(), last.as_ref()), (&rows[..2], rows.last()));
        assert_eq!((others.tokens(), others.entities()), (5, 6..7));
    }
}
