//! The outputs of the model, by name.

use std::fmt;

use burn::tensor::Tensor;

/// The name of an output. As text it is Hugging Face's name in camelCase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputName {
    /// The scores of a head. For a masked LM: the scores of the rows of the word table.
    Logits,
    /// The scores of the rows of the entity table, for masked entities.
    EntityLogits,
    /// The scores of each token as the start of the answer.
    StartLogits,
    /// The scores of each token as the end of the answer.
    EndLogits,
    /// The hidden states of the tokens after the last layer.
    LastHiddenState,
    /// The hidden states of the entities after the last layer.
    EntityLastHiddenState,
    /// The pooled state of the first token.
    PoolerOutput,
    /// The hidden states after the embeddings and each layer.
    HiddenStates,
}

impl OutputName {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logits => "logits",
            Self::EntityLogits => "entityLogits",
            Self::StartLogits => "startLogits",
            Self::EndLogits => "endLogits",
            Self::LastHiddenState => "lastHiddenState",
            Self::EntityLastHiddenState => "entityLastHiddenState",
            Self::PoolerOutput => "poolerOutput",
            Self::HiddenStates => "hiddenStates",
        }
    }
}

impl fmt::Display for OutputName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An output of the model for every sequence of a batch, on the device.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Which output it is.
    pub name: OutputName,
    /// The values, `[rows, columns]`: the rows of the first sequence, then those of the next.
    pub tensor: Tensor<2>,
    /// How many rows each sequence has. A sequence without rows has no such output.
    pub rows: Vec<usize>,
    /// The axes of the output of one sequence.
    pub axes: Axes,
}

/// The axes of an output of one sequence. There is no batch axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// `[rows, columns]`
    Both,
    /// `[rows]`: there is one column.
    Rows,
    /// `[columns]`: there is one row.
    Columns,
}
