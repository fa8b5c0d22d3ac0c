//! One set of names for all checkpoints: which tensor of a checkpoint becomes which of the model.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Stored;
use super::heads::{HeadPlan, is_of_head};
use super::limits::MAX_STORED_TENSORS;
use super::names::examples;
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::heads::HeadKind;

/// The word table.
pub const WORD_TABLE: &str = "luke.embeddings.word_embeddings.weight";

/// The entity table.
pub const ENTITY_TABLE: &str = "luke.entity_embeddings.entity_embeddings.weight";

/// Ranges of rows of a stored tensor, in the order in which the model has them.
pub type Rows = Vec<Range<usize>>;

/// A tensor of the checkpoint that the model uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The model's names for it: several where it does several jobs.
    pub names: Vec<String>,
    /// Its index in the list of stored tensors.
    pub source: usize,
    /// The stored rows that the model takes, in this order.
    pub rows: Rows,
}

impl Planned {
    /// How many rows the model takes.
    pub fn len(&self) -> usize {
        self.rows.iter().map(Range::len).fold(0, usize::saturating_add)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is the tensor that the model calls `name`.
    pub fn is(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// The stored tensor that it is made from.
    ///
    /// # Errors
    /// `format` when `stored` is not the list that the plan was made from.
    pub fn stored_in<'a>(&self, stored: &'a [Stored]) -> Result<&'a Stored> {
        let missing = || LukeError::format(self.names.concat(), "this tensor is not in the checkpoint");
        stored.get(self.source).ok_or_else(missing)
    }

    /// The shape that the model sees: that of `stored`, the tensor of [`stored_in`](Self::stored_in), with the number of
    /// rows that the model takes as its first dimension. A scalar has the shape `[]`.
    pub fn shape(&self, stored: &Stored) -> Vec<usize> {
        let mut shape = stored.shape.clone();
        if let Some(rows) = shape.first_mut() {
            *rows = self.len();
        }
        shape
    }

    /// The stored rows behind the model's rows `range`, in that order. Rows that the model does not have are left out.
    pub fn stored_rows(&self, range: Range<usize>) -> Rows {
        let (mut first, mut found) = (0usize, Vec::new());
        for rows in &self.rows {
            let next = first.saturating_add(rows.len());
            let skipped = range.start.saturating_sub(first);
            let kept = range.end.min(next).saturating_sub(range.start.max(first));
            if kept > 0 {
                let start = rows.start.saturating_add(skipped);
                found.push(start..start.saturating_add(kept));
            }
            first = next;
        }
        found
    }

    /// Keeps these rows only, in this order; `None`, and no change, where one of them does not exist.
    pub fn pick(&mut self, rows: &[usize]) -> Option<()> {
        let picked: Vec<_> = rows.iter().flat_map(|row| self.stored_rows(*row..row.saturating_add(1))).collect();
        (picked.len() == rows.len()).then(|| self.rows = picked)
    }
}

/// The tensors a model needs, in the order a forward pass first needs them.
///
/// Adds the `luke.` prefix; leaves out `position_ids`, the pretraining's `cls_entity_predictions`, decoders that are
/// always tied to their table, and heads that are not kept where `only` some were asked for. Where there are no queries
/// `w2e_query`, `e2w_query`, `e2e_query` they are `query` (`LukeEntityAwareAttentionModel.load_state_dict`); where the
/// config uses no entity-aware attention they are left out. A tensor that is not known stays, for
/// [`check_tensors`](super::check_tensors) to refuse.
///
/// # Errors
/// `format` when there is no word table, when two tensors get one name, or when there are more tensors than
/// [`MAX_STORED_TENSORS`].
pub fn plan(config: &LukeConfig, stored: &[Stored], heads: &[HeadPlan], only: bool) -> Result<Vec<Planned>> {
    if stored.len() > MAX_STORED_TENSORS {
        let reason = format!("has {} tensors, more than {MAX_STORED_TENSORS}", stored.len());
        return Err(LukeError::format("the checkpoint", reason));
    }
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for (index, tensor) in stored.iter().enumerate() {
        let Some(name) = name_in_model(&tensor.name, heads, only) else { continue };
        if let Some(first) = named.get(&name).and_then(|first| stored.get(*first)) {
            let reason =
                format!("this tensor is in the checkpoint twice, as {} and {}", first.own_name, tensor.own_name);
            return Err(LukeError::format(name, reason));
        }
        named.insert(name, index);
    }
    heads.iter().filter(|head| head.kind == HeadKind::MaskedLm).for_each(|head| drop_tied_decoders(&mut named, head));
    for layer in 0..config.num_hidden_layers {
        let attention = format!("luke.encoder.layer.{layer}.attention.self");
        for query in ["w2e_query", "e2w_query", "e2e_query"] {
            for part in ["weight", "bias"] {
                let name = format!("{attention}.{query}.{part}");
                if !config.use_entity_aware_attention {
                    named.remove(&name);
                } else if let Some(plain) = named.get(&format!("{attention}.query.{part}")).copied() {
                    named.entry(name).or_insert(plain);
                }
            }
        }
    }
    if !named.contains_key(WORD_TABLE) {
        return Err(missing(WORD_TABLE, stored));
    }
    let mut names: Vec<(String, usize)> = named.into_iter().collect();
    names.sort_by_cached_key(|(name, _)| first_use(name));
    let mut names_of: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for (name, source) in names {
        let names = names_of.entry(source).or_default();
        if names.is_empty() {
            order.push(source);
        }
        names.push(name);
    }
    let planned = order.into_iter().filter_map(|source| {
        let rows = std::iter::once(0..stored.get(source)?.rows()).collect();
        Some(Planned { names: names_of.remove(&source)?, source, rows })
    });
    Ok(planned.collect())
}

/// The error for a tensor that the model needs and the plan does not have.
pub(super) fn missing(name: &str, stored: &[Stored]) -> LukeError {
    LukeError::format(name, format!("this tensor is missing; {}", examples(stored)))
}

/// The model's name for a tensor of the checkpoint; `None` where the model does not take it.
fn name_in_model(name: &str, heads: &[HeadPlan], only: bool) -> Option<String> {
    let renames = heads.iter().flat_map(|head| &head.renames);
    if let Some(renamed) =
        renames.into_iter().find_map(|(from, to)| name.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}")))
    {
        return Some(renamed);
    }
    let ignored = name.ends_with("position_ids") || name.contains("cls_entity_prediction");
    let of_layer = is_of_head(name);
    if ignored || (of_layer && only) {
        None
    } else if of_layer || name.starts_with("luke.") {
        Some(name.to_owned())
    } else {
        Some(format!("luke.{name}"))
    }
}

/// Hugging Face always decodes entities with their table, and adds `lm_head.bias`; a checkpoint may name them twice.
/// `lm_head.decoder.weight` stays: it may differ from the word table.
fn drop_tied_decoders(named: &mut BTreeMap<String, usize>, head: &HeadPlan) {
    let [(_, words), (_, entities)] = head.renames.as_slice() else { return };
    let tied = [
        (format!("{entities}decoder.weight"), ENTITY_TABLE.to_owned()),
        (format!("{words}decoder.bias"), format!("{words}bias")),
        (format!("{entities}decoder.bias"), format!("{entities}bias")),
    ];
    for (copy, original) in tied {
        if let Some(index) = named.remove(&copy) {
            named.entry(original).or_insert(index);
        }
    }
}

/// A key that sorts names by when a forward pass needs them: the part of the model, the layer, the name.
pub(super) fn first_use(name: &str) -> (usize, usize, String) {
    let layer = name.strip_prefix("luke.encoder.layer.").and_then(|rest| rest.split('.').next()?.parse().ok());
    let part = match name {
        _ if name.starts_with("luke.embeddings.") => 0,
        _ if name.starts_with("luke.entity_embeddings.") => 1,
        _ if layer.is_some() => 2,
        _ => 3,
    };
    (part, layer.unwrap_or(0), name.to_owned())
}
