//! The tensors of a model and their shapes, derived from the config and the heads in one place.

use std::collections::BTreeMap;

use crate::config::LukeConfig;
use crate::error::{LukeError, Result, shortened};
use crate::heads::{HeadKind, HeadLayers, HeadSpec, LinearLayer};

/// A tensor that the model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Hugging Face's name.
    pub name: String,
    /// Its shape: one or two dimensions, none of them zero.
    pub shape: Vec<usize>,
    /// Where the numbers go.
    pub role: TensorRole,
}

/// What the model does with a tensor, which says how much memory it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorRole {
    /// A bias, or a part of LayerNorm: f32.
    Vector,
    /// The matrix of a linear layer: laid out for the kernels of the device.
    Layer,
    /// A table of which a call reads a few rows: kept as it is stored.
    Table,
}

/// Which tensors a folder has, as far as the model depends on it.
pub trait TensorNames {
    /// Whether there is a tensor of this name.
    fn has(&self, name: &str) -> bool;
    /// Whether there are tensors whose names begin with `prefix` and a dot.
    fn has_under(&self, prefix: &str) -> bool;
}

/// Every tensor of the model, in the order in which the model takes them: by the alphabet under each part, as they lie in
/// most files. `paged` says that the entity table is not among the tensors. The pooler,
/// the prefix `heads.KEY.` and a word decoder of its own are among them where `names` has them.
///
/// # Errors
/// `format` when a head is not known or has too few labels.
pub fn tensor_specs(
    config: &LukeConfig,
    heads: &BTreeMap<String, HeadSpec>,
    paged: bool,
    names: &impl TensorNames,
) -> Result<Vec<TensorSpec>> {
    let (c, h, e) = (config, config.hidden_size, config.entity_emb_size);
    let mut specs = Specs(Vec::new());
    let embeddings = "luke.embeddings";
    specs.layer_norm(&format!("{embeddings}.LayerNorm"), h);
    specs.table(&format!("{embeddings}.position_embeddings.weight"), c.max_position_embeddings, h);
    specs.table(&format!("{embeddings}.token_type_embeddings.weight"), c.type_vocab_size, h);
    specs.table(&format!("{embeddings}.word_embeddings.weight"), c.vocab_size, h);
    let entities = "luke.entity_embeddings";
    specs.layer_norm(&format!("{entities}.LayerNorm"), h);
    if e != h {
        specs.matrix(&format!("{entities}.entity_embedding_dense.weight"), h, e, TensorRole::Layer);
    }
    if !paged {
        specs.table(&format!("{entities}.entity_embeddings.weight"), c.entity_vocab_size, e);
    }
    specs.table(&format!("{entities}.position_embeddings.weight"), c.max_position_embeddings, h);
    specs.table(&format!("{entities}.token_type_embeddings.weight"), c.type_vocab_size, h);
    for layer in 0..c.num_hidden_layers {
        specs.encoder_layer(&format!("luke.encoder.layer.{layer}"), c);
    }
    if names.has("luke.pooler.dense.weight") {
        specs.linear("luke.pooler.dense", h, h);
    }
    for (task, spec) in heads {
        let under = format!("heads.{task}");
        let prefix = if names.has_under(&under) { format!("{under}.") } else { String::new() };
        for spec in head_shapes(task, spec.labels.len(), c)? {
            let spec = TensorSpec { name: format!("{prefix}{}", spec.name), ..spec };
            // The decoder is the word table unless the checkpoint has another one.
            if spec.role != TensorRole::Table || names.has(&spec.name) {
                specs.0.push(spec);
            }
        }
    }
    Ok(specs.0)
}

/// The tensors of a head, in the order in which it takes them.
///
/// # Errors
/// `format` when the head is not known or has too few labels.
fn head_shapes(task: &str, labels: usize, c: &LukeConfig) -> Result<Vec<TensorSpec>> {
    let (h, e) = (c.hidden_size, c.entity_emb_size);
    let bad = |reason: String| Err(LukeError::format("manifest.json", reason));
    let Some(kind) = HeadKind::from_key(task) else {
        return bad(format!("head '{}' is not known", shortened(task)));
    };
    let head = kind.info();
    if head.min_labels().is_some_and(|min| labels < min) {
        return bad(format!("head '{task}' has {labels} labels"));
    }
    let mut specs = Specs(Vec::new());
    match &head.layers {
        HeadLayers::Linear(LinearLayer { name, input, output, bias }) => {
            let (rows, columns) = (output.columns(labels), h.saturating_mul(input.states()));
            if *bias {
                specs.vector(&format!("{name}.bias"), rows);
            }
            specs.matrix(&format!("{name}.weight"), rows, columns, TensorRole::Layer);
        }
        HeadLayers::MaskedLm([words, entities]) => {
            specs.linear(&format!("{words}.dense"), h, h);
            specs.layer_norm(&format!("{words}.layer_norm"), h);
            specs.vector(&format!("{words}.bias"), c.vocab_size);
            specs.linear(&format!("{entities}.transform.dense"), h, e);
            specs.layer_norm(&format!("{entities}.transform.LayerNorm"), e);
            specs.vector(&format!("{entities}.bias"), c.entity_vocab_size);
            specs.table(&format!("{words}.decoder.weight"), c.vocab_size, h);
        }
    }
    Ok(specs.0)
}

/// A list of tensors in the making.
struct Specs(Vec<TensorSpec>);

impl Specs {
    fn vector(&mut self, name: &str, length: usize) {
        self.0.push(TensorSpec { name: name.into(), shape: vec![length], role: TensorRole::Vector });
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize, role: TensorRole) {
        self.0.push(TensorSpec { name: name.into(), shape: vec![rows, columns], role });
    }

    fn table(&mut self, name: &str, rows: usize, columns: usize) {
        self.matrix(name, rows, columns, TensorRole::Table);
    }

    fn linear(&mut self, name: &str, in_features: usize, out_features: usize) {
        self.vector(&format!("{name}.bias"), out_features);
        self.matrix(&format!("{name}.weight"), out_features, in_features, TensorRole::Layer);
    }

    fn layer_norm(&mut self, name: &str, features: usize) {
        self.vector(&format!("{name}.bias"), features);
        self.vector(&format!("{name}.weight"), features);
    }

    fn encoder_layer(&mut self, layer: &str, c: &LukeConfig) {
        let (h, inner) = (c.hidden_size, c.intermediate_size);
        self.layer_norm(&format!("{layer}.attention.output.LayerNorm"), h);
        self.linear(&format!("{layer}.attention.output.dense"), h, h);
        let entity_aware = ["e2e_query", "e2w_query", "key", "query", "value", "w2e_query"];
        let plain = ["key", "query", "value"];
        let projections = if c.use_entity_aware_attention { &entity_aware[..] } else { &plain };
        for projection in projections {
            self.linear(&format!("{layer}.attention.self.{projection}"), h, h);
        }
        self.linear(&format!("{layer}.intermediate.dense"), h, inner);
        self.layer_norm(&format!("{layer}.output.LayerNorm"), h);
        self.linear(&format!("{layer}.output.dense"), inner, h);
    }
}
