//! One set of names for all checkpoints: which tensor of a checkpoint becomes which of the model.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Stored;
use super::heads::{HeadPlan, is_of_head};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::heads::HeadKind;

/// The word table.
pub const WORD_TABLE: &str = "luke.embeddings.word_embeddings.weight";

/// The entity table.
pub const ENTITY_TABLE: &str = "luke.entity_embeddings.entity_embeddings.weight";

/// Rows of a stored tensor, in the order they are wanted.
pub type Rows = Vec<Range<usize>>;

/// A tensor of the checkpoint that the model uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What the model calls it: several names where it does several jobs.
    pub names: Vec<String>,
    /// Its place in the list of stored tensors.
    pub source: usize,
    /// Its rows, in this order.
    pub rows: Rows,
}

impl Planned {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.iter().map(Range::len).sum()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is the tensor that the model calls `name`.
    pub fn is(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The stored rows behind the rows `range`.
    pub fn stored_rows(&self, range: Range<usize>) -> Rows {
        let (mut first, mut found) = (0, Vec::new());
        for rows in &self.rows {
            let (start, end) = (range.start.max(first), range.end.min(first + rows.len()));
            if start < end {
                found.push(rows.start + start - first..rows.start + end - first);
            }
            first += rows.len();
        }
        found
    }

    /// Leaves these rows, in this order; `None` where one of them does not exist.
    pub fn pick(&mut self, rows: &[usize]) -> Option<()> {
        let picked: Vec<_> = rows.iter().flat_map(|row| self.stored_rows(*row..row + 1)).collect();
        (picked.len() == rows.len()).then(|| self.rows = picked)
    }
}

/// The tensors a model needs, in the order a forward pass first needs them.
///
/// Adds the `luke.` prefix; leaves out `position_ids`, the pretraining's `cls_entity_predictions`, decoders that are
/// always tied to their table, and heads that are not kept where `only` some were asked for. Where there are no queries
/// `w2e_query`, `e2w_query`, `e2e_query` they are `query` (`LukeEntityAwareAttentionModel.load_state_dict`); where the
/// config uses no entity-aware attention they are left out. A tensor that is not known stays, for the model to refuse.
pub fn plan(config: &LukeConfig, stored: &[Stored], heads: &[HeadPlan], only: bool) -> Result<Vec<Planned>> {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for (place, tensor) in stored.iter().enumerate() {
        let name = &tensor.name;
        let of_head = heads.iter().flat_map(|head| &head.renames).find(|(from, _)| name.starts_with(from));
        let ignored = name.ends_with("position_ids") || name.contains("cls_entity_prediction");
        let of_layer = is_of_head(name);
        let name = match of_head {
            Some((from, to)) => format!("{to}{}", &name[from.len()..]),
            None if ignored || (of_layer && only) => continue,
            None if of_layer || name.starts_with("luke.") => name.clone(),
            None => format!("luke.{name}"),
        };
        named.insert(name, place);
    }
    heads.iter().filter(|head| head.kind == HeadKind::MaskedLm).for_each(|head| drop_tied_decoders(&mut named, head));
    let attention = |layer: usize| format!("luke.encoder.layer.{layer}.attention.self");
    for own in (0..config.num_hidden_layers).flat_map(|layer| {
        ["w2e_query", "e2w_query", "e2e_query"].map(|query| (format!("{}.{query}", attention(layer)), attention(layer)))
    }) {
        for part in ["weight", "bias"] {
            let name = format!("{}.{part}", own.0);
            match named.get(&format!("{}.query.{part}", own.1)).copied() {
                _ if !config.use_entity_aware_attention => drop(named.remove(&name)),
                Some(query) => drop(named.entry(name).or_insert(query)),
                None => {}
            }
        }
    }
    if !named.contains_key(WORD_TABLE) {
        let names: Vec<&str> = named.keys().map(String::as_str).take(3).collect();
        let reason = format!("this tensor is missing: no LUKE checkpoint ({}...)", names.join(", "));
        return Err(LukeError::format(WORD_TABLE, reason));
    }
    let mut names: Vec<(String, usize)> = named.into_iter().collect();
    names.sort_by_cached_key(|(name, _)| first_use(name));
    let mut planned: Vec<Planned> = Vec::new();
    let mut places = BTreeMap::new();
    for (name, source) in names {
        let at = *places.entry(source).or_insert_with(|| {
            let all = std::iter::once(0..stored[source].rows());
            planned.push(Planned { names: Vec::new(), source, rows: all.collect() });
            planned.len() - 1
        });
        planned[at].names.push(name);
    }
    Ok(planned)
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
        if let Some(place) = named.remove(&copy) {
            named.entry(original).or_insert(place);
        }
    }
}

/// Sorts names by when a forward pass needs them.
pub(super) fn first_use(name: &str) -> (usize, usize, String) {
    let layer = name.strip_prefix("luke.encoder.layer.").and_then(|rest| rest.split('.').next()?.parse().ok());
    let place = match name {
        _ if name.starts_with("luke.embeddings.") => 0,
        _ if name.starts_with("luke.entity_embeddings.") => 1,
        _ if layer.is_some() => 2,
        _ => 3,
    };
    (place, layer.unwrap_or(0), name.to_owned())
}
