//! Masked words and entities: multiplies hidden states with every row of a table, a block of rows at a time. A table is
//! read once for all states. It is never on the device as a whole; a table that stays in its files is never in memory
//! as a whole.

use burn::tensor::Tensor;

use super::canary::read_with;
use super::read::split;
use super::{HiddenStates, Luke, Output};
use crate::error::{LukeError, Result};
use crate::heads::{HeadKind, Method};
use crate::inputs::ModelInputs;
use crate::kernels::{gather_rows, stack_rows};
use crate::memory;
use crate::model::{Axes, CanaryState, Head, MaskedLm, OutputName};

/// What a masked position is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// The word table; positions are word tokens of the input.
    Words,
    /// The entity table; positions are entities of the input.
    Entities,
}

impl Vocabulary {
    /// How many positions an input has.
    fn positions(self, inputs: &ModelInputs) -> usize {
        match self {
            Self::Words => inputs.input_ids.len(),
            Self::Entities => inputs.entity_ids.len(),
        }
    }

    /// The states of all positions of all sequences; there must be one.
    ///
    /// # Shapes
    /// - result: `[words or entities, hidden]`
    fn rows(self, states: &HiddenStates) -> Tensor<2> {
        match self {
            Self::Words => states.word_rows(),
            Self::Entities => states.entity_rows(),
        }
    }
}

/// Floats of a table on the device at once (32 MiB).
const TABLE_BLOCK: usize = 1 << 23;

/// Logits of a block: what is done with them must not take long, as there is a pause only before each block.
const LOGITS_BLOCK: usize = 1 << 20;

/// Scores the rows of a vocabulary.
pub struct MaskedScorer<'a> {
    luke: &'a Luke,
    head: &'a MaskedLm,
}

impl<'a> MaskedScorer<'a> {
    /// The scorer of a model, for a method of the API.
    ///
    /// # Errors
    /// `task-unavailable`, which names `method`, if the model has no head `mlm`.
    pub fn new(luke: &'a Luke, method: Method) -> Result<Self> {
        match luke.heads.get(&HeadKind::MaskedLm) {
            Some(Head::MaskedLm(head)) => Ok(Self { luke, head }),
            _ => Err(luke.unavailable(method.name())),
        }
    }

    /// The scorer of `head`, which must be the head `mlm` of `luke`.
    pub fn of(luke: &'a Luke, head: &'a MaskedLm) -> Self {
        Self { luke, head }
    }

    /// See [`Luke::masked_logits`].
    ///
    /// # Errors
    /// As [`Luke::masked_logits`].
    pub async fn score(
        &self,
        vocabulary: Vocabulary,
        inputs: &[(ModelInputs, Vec<usize>)],
        mut visit: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let (mut rows, mut canaries) = (Vec::new(), Vec::new());
        for (inputs, positions) in inputs.iter().filter(|(_, positions)| !positions.is_empty()) {
            let checked = inputs.checked(&self.luke.config)?;
            let count = vocabulary.positions(inputs);
            if let Some(position) = positions.iter().find(|position| **position >= count) {
                return Err(LukeError::input("positions", format!("{position} is not below {count}")));
            }
            self.luke.pause().await?;
            let mut states = self.luke.states(&[checked]).await?;
            canaries.extend(states.canary.take());
            rows.push(gather_rows(vocabulary.rows(&states), positions));
        }
        match rows.into_iter().reduce(stack_rows) {
            None => Ok(()),
            Some(rows) => self.decode(rows, canaries, vocabulary, &mut visit).await,
        }
    }

    /// The outputs of `LukeForMaskedLM` for each sequence: the logits of all its words and entities.
    ///
    /// # Errors
    /// As [`Luke::forward_batch`].
    pub async fn outputs(&self, mut states: HiddenStates) -> Result<Vec<Vec<Output>>> {
        let packing = states.packing.clone();
        let sequences = packing.sequences();
        let config = &self.luke.config;
        let mut each = vec![Vec::new(); sequences.len()];
        let words = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
        let entities = sequences.iter().map(|sequence| sequence.entities.len()).collect();
        let kinds: [(_, _, Vec<usize>, _); 2] = [
            (OutputName::Logits, Vocabulary::Words, words, config.vocab_size),
            (OutputName::EntityLogits, Vocabulary::Entities, entities, config.entity_vocab_size),
        ];
        for (name, vocabulary, rows, columns) in kinds {
            let all = rows.iter().sum::<usize>();
            if all == 0 {
                continue;
            }
            let values = self.whole(&mut states, vocabulary, [all, columns]).await?;
            split(name, &values, &rows, Axes::Both, &mut each);
        }
        Ok(each)
    }

    /// The logits of all positions of all sequences. `rows` must be the number of these positions, and `columns` the
    /// number of rows of the vocabulary.
    ///
    /// # Shapes
    /// - result: `[rows, columns]`
    ///
    /// # Errors
    /// As [`Luke::forward_batch`]; `out-of-memory` also if there is no memory for the result.
    pub async fn whole(
        &self,
        states: &mut HiddenStates,
        vocabulary: Vocabulary,
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<f32>> {
        let mut values = memory::zeros(rows.saturating_mul(columns), &format!("for logits of {rows} x {columns}"))?;
        let mut visit = |first: usize, block: &[f32]| {
            let width = block.len() / rows;
            for (row, part) in block.chunks_exact(width).enumerate() {
                values[row * columns + first..][..width].copy_from_slice(part);
            }
        };
        let canaries = states.canary.take().into_iter().collect();
        self.decode(vocabulary.rows(states), canaries, vocabulary, &mut visit).await?;
        Ok(values)
    }

    /// `canaries` are those of the states that the rows are from.
    async fn decode(
        &self,
        rows: Tensor<2>,
        mut canaries: Vec<CanaryState>,
        vocabulary: Vocabulary,
        visit: &mut impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let Self { luke, head } = self;
        let words = head.word_table(&luke.model);
        let entities = luke.model.entity_embeddings();
        let (decoder, table_rows, columns) = match vocabulary {
            Vocabulary::Words => (&head.words, words.rows(), words.columns()),
            Vocabulary::Entities => (&head.entities, entities.rows(), entities.columns()),
        };
        let features = decoder.transform(rows);
        let step = (TABLE_BLOCK / columns.max(1)).min(LOGITS_BLOCK / features.dims()[0].max(1)).max(1);
        for first in (0..table_rows).step_by(step) {
            luke.pause().await?;
            let block = first..(first + step).min(table_rows);
            let table = match vocabulary {
                Vocabulary::Words => words.block(block),
                Vocabulary::Entities => entities.block(block).await?,
            };
            let logits = decoder.logits(features.clone(), first, table, luke.model.device());
            let logits = read_with(luke, vec![("logits".into(), logits)], std::mem::take(&mut canaries)).await?;
            visit(first, logits.first().map_or(&[], Vec::as_slice));
        }
        Ok(())
    }
}
