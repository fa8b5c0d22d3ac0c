//! `LukeEmbeddings` and `LukeEntityEmbeddings`. The tables stay on the CPU side as stored: a call needs few
//! of their rows, and the large ones exceed WebGPU's default binding size.

use burn::tensor::{Device, Tensor};

use super::layers::{LayerNorm, Linear, Weights, matrix};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::inputs::CheckedInputs;
use crate::weights::{EntityRows, PagedRows, RowTable};

/// Rows of the tables on the device.
pub struct Gathered {
    /// `[rows, hidden]` or `[rows, entity_emb]`: of the word or entity table.
    rows: Tensor<2>,
    /// `[rows, hidden]`: the sum of the other tables' rows.
    others: Tensor<2>,
}

/// Word, position and token type tables, then LayerNorm.
pub struct LukeEmbeddings {
    word_embeddings: RowTable,
    position_embeddings: RowTable,
    token_type_embeddings: RowTable,
    layer_norm: LayerNorm,
    pad_token_id: usize,
}

impl LukeEmbeddings {
    /// Takes the tensors under `luke.embeddings`.
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig) -> Result<Self> {
        let h = c.hidden_size;
        Ok(Self {
            layer_norm: w.at("LayerNorm").layer_norm(h, c.layer_norm_eps).await?,
            position_embeddings: w.table("position_embeddings.weight", [c.max_position_embeddings, h]).await?,
            token_type_embeddings: w.table("token_type_embeddings.weight", [c.type_vocab_size, h]).await?,
            word_embeddings: w.table("word_embeddings.weight", [c.vocab_size, h]).await?,
            pad_token_id: c.pad_token_id,
        })
    }

    /// The word table, which a masked language model's decoder shares.
    pub fn word_embeddings(&self) -> &RowTable {
        &self.word_embeddings
    }

    /// What a batch takes from the tables: the words of every sequence in order.
    pub fn gather(&self, batch: &[CheckedInputs<'_>], device: &Device) -> Gathered {
        let (words, hidden) = (batch.iter().map(|inputs| inputs.input_ids.len()).sum(), self.word_embeddings.columns());
        let mut rows = Vec::with_capacity(words * hidden);
        let mut others = vec![0.0; words * hidden];
        let mut places = others.chunks_exact_mut(hidden);
        for inputs in batch {
            let mut seen = 0;
            for (i, (id, other)) in inputs.input_ids.iter().zip(&mut places).enumerate() {
                self.word_embeddings.push_row(*id as usize, &mut rows);
                // fairseq's positions: counted over the non-padding tokens, after pad_token_id.
                let real = usize::from(*id as usize != self.pad_token_id);
                seen += real;
                self.position_embeddings.add_row(self.pad_token_id + seen * real, other);
                let kind = inputs.token_type_ids.as_ref().map_or(0, |types| types[i]);
                self.token_type_embeddings.add_row(kind as usize, other);
            }
        }
        Gathered { rows: matrix(rows, words, device), others: matrix(others, words, device) }
    }

    /// # Shapes
    /// - result: `[words, hidden]`
    pub fn forward(&self, Gathered { rows, others }: Gathered) -> Tensor<2> {
        self.layer_norm.forward(rows, others)
    }
}

/// Entity table and dense layer, the mean of the mention's position rows, token type, then LayerNorm.
pub struct LukeEntityEmbeddings {
    entity_embeddings: EntityRows,
    entity_embedding_dense: Option<Linear>,
    position_embeddings: RowTable,
    token_type_embeddings: RowTable,
    layer_norm: LayerNorm,
}

impl LukeEntityEmbeddings {
    /// Takes the tensors under `luke.entity_embeddings`; the table too, unless it is given.
    pub async fn load(mut w: Weights<'_, '_>, c: &LukeConfig, pages: Option<PagedRows>) -> Result<Self> {
        let h = c.hidden_size;
        let layer_norm = w.at("LayerNorm").layer_norm(h, c.layer_norm_eps).await?;
        let dense = match c.entity_emb_size == h {
            true => None,
            false => Some(w.at("entity_embedding_dense").linear_no_bias(c.entity_emb_size, h).await?),
        };
        let entity_embeddings = match pages {
            Some(pages) => EntityRows::Paged(pages),
            None => {
                let shape = [c.entity_vocab_size, c.entity_emb_size];
                EntityRows::Resident(w.table("entity_embeddings.weight", shape).await?)
            }
        };
        Ok(Self {
            entity_embeddings,
            entity_embedding_dense: dense,
            position_embeddings: w.table("position_embeddings.weight", [c.max_position_embeddings, h]).await?,
            token_type_embeddings: w.table("token_type_embeddings.weight", [c.type_vocab_size, h]).await?,
            layer_norm,
        })
    }

    /// The entity table, which entity prediction's decoder shares.
    pub fn entity_embeddings(&self) -> &EntityRows {
        &self.entity_embeddings
    }

    /// What a batch takes from the tables: the entities of every sequence in order; at least one.
    ///
    /// # Shapes
    /// - rows: `[entities, entity_emb]`, the entity table's
    pub fn gather(&self, batch: &[CheckedInputs<'_>], rows: Vec<f32>, device: &Device) -> Gathered {
        let entities = batch.iter().map(|inputs| inputs.entity_ids.len()).sum();
        let hidden = self.position_embeddings.columns();
        let mut others = vec![0.0; entities * hidden];
        let mut places = others.chunks_exact_mut(hidden);
        for inputs in batch {
            for (i, (positions, other)) in inputs.entity_position_ids.iter().zip(&mut places).enumerate() {
                let positions = positions.iter().filter(|p| **p >= 0);
                let count = positions.clone().count();
                for position in positions {
                    self.position_embeddings.add_row(*position as usize, other);
                }
                other.iter_mut().for_each(|sum| *sum /= count.max(1) as f32);
                let kind = inputs.entity_token_type_ids.as_ref().map_or(0, |types| types[i]);
                self.token_type_embeddings.add_row(kind as usize, other);
            }
        }
        Gathered { rows: matrix(rows, entities, device), others: matrix(others, entities, device) }
    }

    /// # Shapes
    /// - result: `[entities, hidden]`
    pub fn forward(&self, Gathered { rows, others }: Gathered) -> Tensor<2> {
        let rows = match &self.entity_embedding_dense {
            Some(dense) => dense.forward(rows),
            None => rows,
        };
        self.layer_norm.forward(rows, others)
    }
}
