//! Which heads a checkpoint has, under which names, and with which labels.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::Stored;
use super::names::examples;
use crate::config::{LukeConfig, MAX_LABELS};
use crate::error::{LukeError, Result, shortened};
use crate::heads::{ClozeTokens, HEADS, HeadInfo, HeadKind, HeadLayers, HeadSpec, NerContext};

/// A head that was asked for: `ner`, or `ner=my_layer` where its tensors are `my_layer.weight` and `my_layer.bias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadChoice {
    /// The head.
    pub kind: HeadKind,
    /// The layer's name in the checkpoint, where it is not the usual one.
    pub layer: Option<String>,
}

impl FromStr for HeadChoice {
    type Err = LukeError;

    fn from_str(text: &str) -> Result<Self> {
        let (key, layer) = text.split_once('=').map_or((text, None), |(key, layer)| (key, Some(layer.to_owned())));
        let unknown = || LukeError::input("head", format!("'{}' is none of {}", shortened(key), HeadKind::keys()));
        let kind = HeadKind::from_key(key).ok_or_else(unknown)?;
        if layer.is_some() && kind.info().layer_names().len() > 1 {
            return Err(LukeError::input("head", format!("{kind} has several layers, whose names are fixed")));
        }
        Ok(Self { kind, layer })
    }
}

/// A head that is kept.
#[derive(Clone, Debug)]
pub struct HeadPlan {
    /// The head.
    pub kind: HeadKind,
    /// Beginnings of its tensors' names: in the checkpoint, and in a model folder.
    pub renames: Vec<(String, String)>,
    /// What a manifest says of it.
    pub spec: HeadSpec,
}

/// The heads to keep: those that were asked for, or all there are. `about` has settings by task (`luke_web.json`).
///
/// A checkpoint with one head has it under Hugging Face's name (`classifier.weight`). One with several has each under
/// `heads.TASK.` (`heads.ner.classifier.weight`), and so has a model folder.
///
/// # Errors
/// `input` when two chosen heads would be one layer; `format` when the layers of a head are missing, when a class or a task is
/// not known, when nothing says what the layer `classifier` is for, when labels are missing, not as many as the head has, or more
/// than [`MAX_LABELS`], and when not exactly one label of `ner` is `O` or `NIL`.
pub fn plan_heads(
    config: &LukeConfig,
    about: &BTreeMap<String, HeadSpec>,
    stored: &[Stored],
    chosen: &[HeadChoice],
) -> Result<Vec<HeadPlan>> {
    let chosen = match chosen {
        [] => {
            let found = find_heads(config, about, stored)?;
            found.into_iter().map(|kind| HeadChoice { kind, layer: None }).collect()
        }
        chosen => chosen.to_vec(),
    };
    let labelled = chosen.iter().filter(|choice| choice.kind.info().min_labels().is_some()).count();
    let mut plans: Vec<HeadPlan> = Vec::new();
    for choice in &chosen {
        let (kind, renames) = (choice.kind, renames(choice, stored, chosen.len() > 1)?);
        if let Some(other) = plans.iter().find(|plan| prefix(&plan.renames) == prefix(&renames)) {
            let reason = format!("{} and {kind} would both be {}weight: use TASK=LAYER", other.kind, prefix(&renames));
            return Err(LukeError::input("head", reason));
        }
        let spec = about.get(kind.key()).cloned().unwrap_or_default();
        plans.push(HeadPlan { kind, renames, spec });
    }
    for HeadPlan { kind, renames, spec } in &mut plans {
        if kind.info().min_labels().is_some() {
            let weight = format!("{}weight", prefix(renames));
            let rows = stored.iter().find(|tensor| tensor.name == weight).map_or(0, Stored::rows);
            spec.labels = labels(*kind, spec, config, rows, labelled == 1)?;
        }
        if *kind == HeadKind::Ner {
            spec.no_entity().map_err(|reason| {
                let reason = format!("head 'ner': {reason}; luke_web.json may name them: heads.ner.labels");
                LukeError::format("config.json", reason)
            })?;
            spec.context.get_or_insert(NerContext::Document);
            spec.max_span_tokens.get_or_insert(16);
        }
        if *kind == HeadKind::Cloze {
            spec.tokens.get_or_insert(ClozeTokens::last_rows(config.vocab_size));
        }
    }
    Ok(plans)
}

/// The start of the names of a head's first layer in the checkpoint.
fn prefix(renames: &[(String, String)]) -> &str {
    renames.first().map_or("", |(from, _)| from)
}

/// Where the layers of a head are in the checkpoint, and what a model folder calls them.
fn renames(choice: &HeadChoice, stored: &[Stored], several: bool) -> Result<Vec<(String, String)>> {
    let kind = choice.kind;
    let of_layer = |name: &&str| {
        let candidates = match &choice.layer {
            Some(layer) => vec![format!("{layer}.")],
            // The authors' typing model calls its layer by the task.
            None => vec![format!("heads.{kind}.{name}."), format!("{name}."), format!("{kind}.")],
        };
        let stored_as = |from: &&String| stored.iter().any(|tensor| tensor.name.starts_with(*from));
        let from = candidates.iter().find(stored_as).ok_or_else(|| {
            let layer = candidates.first().map_or("", String::as_str);
            let reason = format!("is missing, head '{kind}' needs it; {}", examples(stored));
            LukeError::format(format!("{layer}weight"), reason)
        })?;
        let to = if several { format!("heads.{kind}.{name}.") } else { format!("{name}.") };
        Ok((from.clone(), to))
    };
    kind.info().layer_names().iter().map(of_layer).collect()
}

/// Whether a tensor belongs to a layer that stands on the encoder, in any checkpoint.
pub(super) fn is_of_head(name: &str) -> bool {
    let markers = HEADS.iter().filter_map(|head| head.marker?.split('.').next());
    let mut layers = HEADS.iter().flat_map(|head| head.layer_names()).copied().chain(markers).chain(["heads"]);
    name.split_once('.').is_some_and(|(first, _)| layers.any(|layer| layer == first))
}

/// The heads that the names of tensors, `config.json` or `luke_web.json` speak of.
fn find_heads(
    config: &LukeConfig,
    about: &BTreeMap<String, HeadSpec>,
    stored: &[Stored],
) -> Result<BTreeSet<HeadKind>> {
    let mut heads = BTreeSet::new();
    let named = stored.iter().filter_map(|tensor| tensor.name.strip_prefix("heads.")?.split('.').next());
    for name in named.chain(about.keys().map(String::as_str)) {
        let unknown = || LukeError::format(format!("heads.{name}"), "this task is not known");
        heads.insert(HeadKind::from_key(name).ok_or_else(unknown)?);
    }
    for class in config.architectures.iter().filter(|class| *class != "LukeModel") {
        match HeadKind::from_class(class) {
            Some(kind) => drop(heads.insert(kind)),
            None if heads.is_empty() => {
                return Err(LukeError::format(
                    "config.json",
                    format!("class {class} is not known; --head may name the task"),
                ));
            }
            None => {}
        }
    }
    if heads.is_empty() {
        let width = |name: &str| stored.iter().find(|tensor| tensor.name == name)?.shape.get(1).copied();
        heads.extend(HEADS.iter().filter(|head| head.marker.and_then(width).is_some()).map(|head| head.kind));
        if let Some(width) = width("classifier.weight") {
            // Only the width of its rows tells what a classifier is for.
            let fits = |head: &&HeadInfo| match &head.layers {
                HeadLayers::Linear(layer) if layer.name == "classifier" => {
                    layer.input.states().checked_mul(config.hidden_size) == Some(width)
                }
                _ => false,
            };
            let mut fitting = HEADS.iter().filter(fits);
            match (fitting.next(), fitting.next()) {
                (Some(head), None) => drop(heads.insert(head.kind)),
                _ => {
                    let reason = "config.json names no class: say with --head what this layer is for";
                    return Err(LukeError::format("classifier.weight", reason));
                }
            }
        }
    }
    Ok(heads)
}

fn labels(kind: HeadKind, spec: &HeadSpec, config: &LukeConfig, rows: usize, only: bool) -> Result<Vec<String>> {
    if rows > MAX_LABELS {
        let reason = format!("has {rows} labels, more than {MAX_LABELS}");
        return Err(LukeError::format(format!("head '{kind}'"), reason));
    }
    let fits = |file: &str, labels: Vec<String>| {
        if labels.len() == rows {
            Ok(labels)
        } else {
            let reason = format!("names {} labels for head '{kind}', which has {rows}", labels.len());
            Err(LukeError::format(file, format!("{reason}; luke_web.json may name them: heads.{kind}.labels")))
        }
    };
    match (spec.labels.is_empty(), only) {
        (false, _) => fits("luke_web.json", spec.labels.clone()),
        // Hugging Face's names where a config has none.
        (true, _) if config.id2label.is_empty() => Ok((0..rows).map(|id| format!("LABEL_{id}")).collect()),
        (true, true) => fits("config.json", config.labels()?),
        (true, false) => {
            let reason = format!("must name the labels (heads.{kind}.labels): config.json has those of one head only");
            Err(LukeError::format("luke_web.json", reason))
        }
    }
}
