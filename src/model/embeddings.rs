//! `LukeEmbeddings` and `LukeEntityEmbeddings`. The tables stay in main memory as they are stored: a call needs few of
//! their rows, and the large tables exceed WebGPU's default binding size.

use burn::tensor::{Device, Tensor};

use super::layers::{LayerNorm, Linear, Weights, matrix};
use crate::config::LukeConfig;
use crate::error::Result;
use crate::inputs::CheckedInputs;
use crate::weights::{EntityRows, PagedRows, RowTable};

/// The rows of a batch from the tables, on the device.
pub struct Gathered {
    /// Rows of the word table, `[words, hidden]`, or of the entity table, `[entities, entity_emb]`.
    rows: Tensor<2>,
    /// The sum of the rows of the other tables, `[words or entities, hidden]`.
    others: Tensor<2>,
}

/// Embeddings of words: the sum of the word, position and token type tables, then LayerNorm.
pub struct LukeEmbeddings {
    word_embeddings: RowTable,
    position_embeddings: RowTable,
    token_type_embeddings: RowTable,
    layer_norm: LayerNorm,
    pad_token_id: usize,
}

impl LukeEmbeddings {
    /// Takes the tensors under `luke.embeddings`.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as
    /// [`WeightStore::take`](crate::weights::WeightStore::take).
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

    /// The word table, `[vocab_size, hidden]`. The decoder of a masked language model shares it.
    pub fn word_embeddings(&self) -> &RowTable {
        &self.word_embeddings
    }

    /// Takes the rows of a batch from the tables: the words of every sequence, in order.
    ///
    /// # Panics
    /// If the batch is empty.
    pub fn gather(&self, batch: &[CheckedInputs<'_>], device: &Device) -> Gathered {
        let (words, hidden) = (batch.iter().map(|inputs| inputs.input_ids.len()).sum(), self.word_embeddings.columns());
        let mut rows = Vec::with_capacity(words * hidden);
        let mut others = vec![0.0; words * hidden];
        let mut places = others.chunks_exact_mut(hidden);
        for inputs in batch {
            let mut seen = 0;
            for (i, (id, other)) in inputs.input_ids.iter().zip(&mut places).enumerate() {
                self.word_embeddings.push_row(*id as usize, &mut rows);
                // Positions as in fairseq: tokens that are not padding count from pad_token_id + 1 on; padding has
                // position pad_token_id.
                let real = usize::from(*id as usize != self.pad_token_id);
                seen += real;
                self.position_embeddings.add_row(self.pad_token_id + seen * real, other);
                let kind = inputs.token_type_ids.as_ref().map_or(0, |types| types[i]);
                self.token_type_embeddings.add_row(kind as usize, other);
            }
        }
        Gathered { rows: matrix(rows, words, device), others: matrix(others, words, device) }
    }

    /// Adds the rows of all tables, then LayerNorm.
    ///
    /// # Shapes
    /// - result: `[words, hidden]`
    pub fn forward(&self, Gathered { rows, others }: Gathered) -> Tensor<2> {
        self.layer_norm.forward(rows, others)
    }
}

/// Embeddings of entities: the sum of the entity table (through a dense layer if its width is not `hidden`), the mean
/// of the position rows of the mention, and the token type table, then LayerNorm.
pub struct LukeEntityEmbeddings {
    entity_embeddings: EntityRows,
    entity_embedding_dense: Option<Linear>,
    position_embeddings: RowTable,
    token_type_embeddings: RowTable,
    layer_norm: LayerNorm,
}

impl LukeEntityEmbeddings {
    /// Takes the tensors under `luke.entity_embeddings`. The entity table is among them, unless it is given as `pages`.
    ///
    /// # Errors
    /// `format`, `integrity`, `out-of-memory` and those of the source, as
    /// [`WeightStore::take`](crate::weights::WeightStore::take).
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

    /// The entity table, `[entity_vocab_size, entity_emb]`. The decoder of entity prediction shares it.
    pub fn entity_embeddings(&self) -> &EntityRows {
        &self.entity_embeddings
    }

    /// Takes the rows of a batch from the tables: the entities of every sequence, in order. The caller has read `rows`
    /// from the entity table.
    ///
    /// # Shapes
    /// - rows: `[entities, entity_emb]`
    ///
    /// # Panics
    /// If the batch has no entity, or if `rows` has another length.
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

    /// The dense layer (if the width of the entity table is not `hidden`), the sum with the rows of the other tables,
    /// then LayerNorm.
    ///
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
