//! Which heads a checkpoint has, under which names, and with which labels.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::Stored;
use crate::config::{LukeConfig, MAX_LABELS};
use crate::error::{LukeError, Result};
use crate::heads::{ClozeTokens, HeadSpec, NerContext};

/// The task of each class: Hugging Face's, and the authors' own for cloze questions (`examples/legacy/entity_span_qa`).
pub const TASKS: [(&str, &str); 9] = [
    ("LukeForEntitySpanClassification", "ner"),
    ("LukeForEntityClassification", "typing"),
    ("LukeForEntityPairClassification", "relation"),
    ("LukeForTokenClassification", "tokenClassification"),
    ("LukeForSequenceClassification", "sequenceClassification"),
    ("LukeForMultipleChoice", "multipleChoice"),
    ("LukeForQuestionAnswering", "qa"),
    ("LukeForMaskedLM", "mlm"),
    ("LukeForEntitySpanQA", "cloze"),
];

/// The tasks whose head tells no labels apart.
pub const UNLABELLED: [&str; 4] = ["multipleChoice", "qa", "mlm", "cloze"];

/// Names of layers that stand on the encoder, in any checkpoint.
pub(super) const LAYERS: [&str; 7] =
    ["heads.", "classifier.", "typing.", "qa_outputs.", "scorer.", "lm_head.", "entity_predictions."];

/// A head that was asked for: `ner`, or `ner=my_layer` where its tensors are `my_layer.weight` and `my_layer.bias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadChoice {
    /// The task.
    pub task: &'static str,
    /// The layer's name in the checkpoint, where it is not the usual one.
    pub layer: Option<String>,
}

impl FromStr for HeadChoice {
    type Err = LukeError;

    fn from_str(text: &str) -> Result<Self> {
        let (task, layer) = text.split_once('=').map_or((text, None), |(task, layer)| (task, Some(layer.to_owned())));
        let task = known_task(task).ok_or_else(|| {
            let known: Vec<_> = TASKS.iter().map(|(_, task)| *task).collect();
            LukeError::input("head", format!("'{task}' is none of {}", known.join(", ")))
        })?;
        match (task, &layer) {
            ("mlm", Some(_)) => Err(LukeError::input("head", "mlm has two layers, whose names are fixed")),
            _ => Ok(Self { task, layer }),
        }
    }
}

/// A head that is kept.
#[derive(Clone, Debug)]
pub struct HeadPlan {
    /// The task.
    pub task: &'static str,
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
/// not known, and when the labels are not as many as the head has, or more than [`MAX_LABELS`].
pub fn plan_heads(
    config: &LukeConfig,
    about: &BTreeMap<String, HeadSpec>,
    stored: &[Stored],
    chosen: &[HeadChoice],
) -> Result<Vec<HeadPlan>> {
    let chosen = match chosen {
        [] => {
            let found = find_tasks(config, about, stored)?;
            found.into_iter().map(|task| HeadChoice { task, layer: None }).collect()
        }
        chosen => chosen.to_vec(),
    };
    let labelled = chosen.iter().filter(|choice| !UNLABELLED.contains(&choice.task)).count();
    let mut plans: Vec<HeadPlan> = Vec::new();
    for choice in &chosen {
        let (task, renames) = (choice.task, renames(choice, stored, chosen.len() > 1)?);
        if let Some(other) = plans.iter().find(|plan| prefix(&plan.renames) == prefix(&renames)) {
            let reason = format!("{} and {task} would both be {}weight: use TASK=LAYER", other.task, prefix(&renames));
            return Err(LukeError::input("head", reason));
        }
        let spec = about.get(task).cloned().unwrap_or_default();
        plans.push(HeadPlan { task, renames, spec });
    }
    for HeadPlan { task, renames, spec } in &mut plans {
        if !UNLABELLED.contains(task) {
            let weight = format!("{}weight", prefix(renames));
            let rows = stored.iter().find(|tensor| tensor.name == weight).map_or(0, Stored::rows);
            spec.labels = labels(task, spec, config, rows, labelled == 1)?;
        }
        if *task == "ner" {
            spec.context.get_or_insert(NerContext::Document);
            spec.max_span_tokens.get_or_insert(16);
        }
        if *task == "cloze" {
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
    let task = choice.task;
    let of_layer = |own: &&str| {
        let candidates = match &choice.layer {
            Some(layer) => vec![format!("{layer}.")],
            // The authors' typing model has no `classifier` but `typing` (`examples/legacy/entity_typing`).
            None => vec![format!("heads.{task}.{own}."), format!("{own}."), format!("{task}.")],
        };
        let there = |from: &&String| stored.iter().any(|tensor| tensor.name.starts_with(*from));
        let from = candidates.iter().find(there).ok_or_else(|| {
            let layer = candidates.first().map_or("", String::as_str);
            LukeError::format(format!("{layer}weight"), format!("is missing, head '{task}' needs it"))
        })?;
        let to = if several { format!("heads.{task}.{own}.") } else { format!("{own}.") };
        Ok((from.clone(), to))
    };
    layers(task).iter().map(of_layer).collect()
}

/// The tasks that the names of tensors, `config.json` or `luke_web.json` speak of.
fn find_tasks(
    config: &LukeConfig,
    about: &BTreeMap<String, HeadSpec>,
    stored: &[Stored],
) -> Result<BTreeSet<&'static str>> {
    let mut tasks = BTreeSet::new();
    let own = stored.iter().filter_map(|tensor| tensor.name.strip_prefix("heads.")?.split('.').next());
    for name in own.chain(about.keys().map(String::as_str)) {
        let unknown = || LukeError::format(format!("heads.{name}"), "this task is not known");
        tasks.insert(known_task(name).ok_or_else(unknown)?);
    }
    for class in config.architectures.iter().filter(|class| *class != "LukeModel") {
        match TASKS.iter().find(|(known, _)| known == class) {
            Some((_, task)) => drop(tasks.insert(*task)),
            None if tasks.is_empty() => {
                return Err(LukeError::format(
                    "config.json",
                    format!("class {class} is not known; --head may name the task"),
                ));
            }
            None => {}
        }
    }
    if tasks.is_empty() {
        let width = |name: &str| stored.iter().find(|tensor| tensor.name == name)?.shape.get(1).copied();
        let of_layer = [("qa_outputs", "qa"), ("scorer", "cloze"), ("typing", "typing"), ("lm_head.dense", "mlm")];
        let found = of_layer.into_iter().filter(|(layer, _)| width(&format!("{layer}.weight")).is_some());
        tasks.extend(found.map(|(_, task)| task));
        match width("classifier.weight").and_then(|width| width.checked_div(config.hidden_size)) {
            Some(3) => drop(tasks.insert("ner")),
            Some(2) => drop(tasks.insert("relation")),
            Some(_) => {
                let reason = "config.json names no class: say with --head what this layer is for";
                return Err(LukeError::format("classifier.weight", reason));
            }
            None => {}
        }
    }
    Ok(tasks)
}

fn labels(task: &str, spec: &HeadSpec, config: &LukeConfig, rows: usize, only: bool) -> Result<Vec<String>> {
    if rows > MAX_LABELS {
        let reason = format!("has {rows} labels, more than {MAX_LABELS}");
        return Err(LukeError::format(format!("head '{task}'"), reason));
    }
    let fits = |file: &str, labels: Vec<String>| {
        if labels.len() == rows {
            Ok(labels)
        } else {
            let reason = format!("names {} labels for head '{task}', which has {rows}", labels.len());
            Err(LukeError::format(file, format!("{reason}; luke_web.json may name them: heads.{task}.labels")))
        }
    };
    match (spec.labels.is_empty(), only) {
        (false, _) => fits("luke_web.json", spec.labels.clone()),
        // Hugging Face's names where a config has none.
        (true, _) if config.id2label.is_empty() => Ok((0..rows).map(|id| format!("LABEL_{id}")).collect()),
        (true, true) => fits("config.json", config.labels()?),
        (true, false) => {
            let reason = format!("must name the labels (heads.{task}.labels): config.json has those of one head only");
            Err(LukeError::format("luke_web.json", reason))
        }
    }
}

/// The layers of a head, under Hugging Face's names.
fn layers(task: &str) -> &'static [&'static str] {
    match task {
        "mlm" => &["lm_head", "entity_predictions"],
        "qa" => &["qa_outputs"],
        "cloze" => &["scorer"],
        _ => &["classifier"],
    }
}

fn known_task(name: &str) -> Option<&'static str> {
    TASKS.iter().map(|(_, task)| *task).find(|task| *task == name)
}
