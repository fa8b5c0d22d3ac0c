//! Masked words and entities: a hidden state against every row of a table, a block of rows at a time.

use burn::tensor::Tensor;

use super::{HiddenStates, Luke, Output, read_one, split};
use crate::error::{LukeError, Result};
use crate::inputs::ModelInputs;
use crate::kernels::stack_rows;
use crate::model::{Axes, Head, MaskedLm};

/// What a masked position is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// The word table; positions are word tokens of the input.
    Words,
    /// The entity table; positions are entities of the input.
    Entities,
}

impl Vocabulary {
    /// `[words or entities, hidden]`, of all sequences.
    fn rows(self, states: &HiddenStates) -> Tensor<2> {
        match self {
            Self::Words => states.word_rows(),
            Self::Entities => states.entity_rows(),
        }
    }
}

/// Floats of a table on the device at once (32 MiB).
const BLOCK: usize = 1 << 23;

impl Luke {
    /// Scores every row of a vocabulary at some positions of each input, a block of rows at a time: `visit` is shown the
    /// block's first row and the logits `[positions of all inputs, block]`. The table is gone through once; it is never on
    /// the device, and in chunks never in memory, as a whole. `task` is what an error says was asked for.
    pub async fn masked_logits(
        &self,
        task: &str,
        vocabulary: Vocabulary,
        inputs: &[(ModelInputs, Vec<usize>)],
        mut visit: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let Some(Head::MaskedLm(head)) = self.heads.get("mlm") else { return Err(self.unavailable(task)) };
        let mut rows = Vec::new();
        for (inputs, positions) in inputs.iter().filter(|(_, positions)| !positions.is_empty()) {
            inputs.check(&self.config)?;
            let states = self.states(std::slice::from_ref(inputs)).await?;
            rows.push(states.select(vocabulary.rows(&states), positions));
        }
        match rows.into_iter().reduce(stack_rows) {
            None => Ok(()),
            Some(rows) => self.decode(head, rows, vocabulary, &mut visit).await,
        }
    }

    /// The outputs of `LukeForMaskedLM` for each sequence, whole.
    pub(super) async fn all_masked_logits(&self, head: &MaskedLm, states: &HiddenStates) -> Result<Vec<Vec<Output>>> {
        let sequences = states.packing.sequences();
        let mut each = vec![Vec::new(); sequences.len()];
        let words = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
        let entities = sequences.iter().map(|sequence| sequence.entities.len()).collect();
        let kinds: [(_, _, Vec<usize>, _); 2] = [
            ("logits", Vocabulary::Words, words, self.config.vocab_size),
            ("entityLogits", Vocabulary::Entities, entities, self.config.entity_vocab_size),
        ];
        for (name, vocabulary, rows, columns) in kinds {
            let all = rows.iter().sum::<usize>();
            if all == 0 {
                continue;
            }
            let values = self.whole_logits(head, states, vocabulary, [all, columns]).await?;
            split(name, &values, &rows, Axes::Both, &mut each);
        }
        Ok(each)
    }

    /// The logits of all positions, `[rows, columns]`.
    pub(super) async fn whole_logits(
        &self,
        head: &MaskedLm,
        states: &HiddenStates,
        vocabulary: Vocabulary,
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<f32>> {
        let mut values = Vec::new();
        let size = rows.saturating_mul(columns);
        let full = |_| LukeError::OutOfMemory(format!("for logits of {rows} x {columns}"));
        values.try_reserve_exact(size).map_err(full)?;
        values.resize(size, 0.0);
        let mut visit = |first: usize, block: &[f32]| {
            let width = block.len() / rows;
            for (row, part) in block.chunks_exact(width).enumerate() {
                values[row * columns + first..][..width].copy_from_slice(part);
            }
        };
        self.decode(head, vocabulary.rows(states), vocabulary, &mut visit).await?;
        Ok(values)
    }

    async fn decode(
        &self,
        head: &MaskedLm,
        rows: Tensor<2>,
        vocabulary: Vocabulary,
        visit: &mut impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let (decoder, table_rows, columns) = match vocabulary {
            Vocabulary::Words => {
                let table = head.word_table(&self.model);
                (&head.words, table.rows(), table.columns())
            }
            Vocabulary::Entities => {
                let table = self.model.entity_embeddings();
                (&head.entities, table.rows(), table.columns())
            }
        };
        let features = decoder.transform(rows);
        // Neither a block of the table nor its logits are larger than a block.
        let step = (BLOCK / columns.max(features.dims()[0])).max(1);
        for first in (0..table_rows).step_by(step) {
            let block = first..(first + step).min(table_rows);
            let table = match vocabulary {
                Vocabulary::Words => head.word_table(&self.model).block(block),
                Vocabulary::Entities => self.model.entity_embeddings().block(block).await?,
            };
            let logits = decoder.logits(features.clone(), first, table, self.model.device());
            visit(first, &read_one("logits", logits).await?);
        }
        Ok(())
    }
}
