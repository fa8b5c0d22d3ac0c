//! `luke eval`: the official score of a model on a published dataset.

mod columns;
mod conll;
mod marked;
mod metrics;
mod open_entity;
mod predictions;
mod progress;
mod read;
mod record;
mod squad;
mod tacred;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::directory;
use luke_web::folder::sha256_hex;
use luke_web::heads::HeadKind;
use luke_web::tasks::from_value;
use luke_web::{Luke, LukeError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::folder::{self, read};
use crate::options;
use predictions::{Line, Outcome, Predictions};
use progress::Progress;

/// Arguments of `luke eval`.
#[derive(Args)]
pub struct Options {
    /// The model folder.
    model: PathBuf,
    /// Which dataset the file belongs to.
    #[arg(long, value_enum)]
    task: Task,
    /// The dataset, in the format it is published in.
    file: PathBuf,
    /// Max number of examples to run; CoNLL-2003 counts documents.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Options of the model's task, as in the API: JSON such as `{"docStride": 64}`.
    #[arg(long, default_value = "{}")]
    options: String,
    /// The file to keep each prediction in (JSON Lines). A run that was stopped continues from this file.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t = crate::Device::Cpu)]
    device: crate::Device,
}

/// The datasets that can be scored.
#[derive(Clone, Copy, ValueEnum)]
enum Task {
    /// Named entities: column files, IOB1 or IOB2 tags.
    Conll2003,
    /// Named entities in plain text: `[[PER Ada Lovelace]] was born in [[LOC London]].`, with a blank line between documents.
    Marked,
    /// Answers in a text: SQuAD 1.1 or 2.0.
    Squad,
    /// Relations of two mentions.
    Tacred,
    /// Types of a mention: the file of the ERNIE release, or Open Entity's own JSON Lines.
    OpenEntity,
    /// Which mention fills a blank: ReCoRD.
    Record,
}

/// A dataset: its examples, how the model predicts one of them, and the official metric over all.
trait Benchmark {
    /// What the model predicts for an example, as the predictions file stores it.
    type Prediction: Serialize + DeserializeOwned;

    /// The name of each example, by which a reader finds it in the dataset.
    fn ids(&self) -> Vec<String>;

    /// Runs the model on the example with this index.
    ///
    /// # Errors
    /// Those of the task. `input` means that the model cannot take this example.
    fn predict(&self, luke: &Luke, example: usize) -> Result<Self::Prediction>;

    /// The official figures, in percent, over the first examples of the dataset. `None` stands for an example that the
    /// model could not take; it counts as an example without a prediction.
    fn score(&self, predictions: &[Option<Self::Prediction>]) -> Value;
}

/// Runs a dataset and prints the result as one JSON object.
///
/// # Errors
/// - `input` if `--options` is not a JSON object, or has an option that the task does not take
/// - `io` if the dataset, the model or the predictions file cannot be read or written
/// - `format` if one of them belongs to another run, or is not of its form
/// - `task-unavailable` if the model has no head for the task
/// - else those of the load and of the task
pub fn eval(options: &Options) -> Result<()> {
    let task_options = options::parse(&options.options)?.into();
    let run = Run { options, task_options };
    match options.task {
        Task::Conll2003 => run.run(HeadKind::Ner, conll::Conll::read),
        Task::Marked => run.run(HeadKind::Ner, marked::Marked::read),
        Task::Squad => run.run(HeadKind::Qa, squad::Squad::read),
        Task::Tacred => run.run(HeadKind::Relation, tacred::Tacred::read),
        Task::OpenEntity => run.run(HeadKind::Typing, open_entity::OpenEntity::read),
        Task::Record => run.run(HeadKind::Cloze, record::Record::read),
    }
}

struct Run<'a> {
    options: &'a Options,
    task_options: Value,
}

impl Run<'_> {
    /// The options of the task. Offsets are always code points, because the datasets count code points.
    fn of_task<T: DeserializeOwned + Default>(&self) -> Result<T> {
        let mut options = self.task_options.clone();
        if let Some(fields) = options.as_object_mut() {
            if fields.contains_key("offsets") {
                return Err(wrong("--options", "'offsets' is the dataset's affair".into()));
            }
            fields.insert("offsets".into(), json!("codepoint"));
        }
        from_value("options", options).map_err(options::named)
    }

    /// Runs the dataset that `dataset` reads from the bytes of the file. Options of the task are looked at before the file.
    fn run<B: Benchmark, O: DeserializeOwned + Default>(
        &self,
        head: HeadKind,
        dataset: impl FnOnce(&Path, &[u8], O) -> Result<B>,
    ) -> Result<()> {
        let Options { model, task, file, limit, predictions, device, .. } = self.options;
        let task_options = self.of_task()?;
        let bytes = read(file)?;
        let benchmark = dataset(file, &bytes, task_options)?;
        let mut ids = benchmark.ids();
        if ids.is_empty() {
            return Err(folder::file_error(file, &"has no examples"));
        }
        ids.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
        let (task, device_name) = (name_of(task), name_of(device));
        let header = json!({
            "format": "luke-eval",
            "version": 1,
            "task": task,
            "manifest": sha256_hex(&read(&model.join("manifest.json"))?),
            "dataset": sha256_hex(&bytes),
            "options": self.task_options,
            "device": device_name,
        });
        let (mut file_of_predictions, mut lines) = match predictions {
            Some(path) => Predictions::open(path, &header, &ids).map(|(file, lines)| (Some(file), lines))?,
            None => (None, Vec::new()),
        };
        let luke = pollster::block_on(directory::load(model, DeviceKind::from(*device), false))?;
        luke.head(head)?;

        let (resumed, started) = (lines.len(), Instant::now());
        let mut progress = Progress::new(resumed, ids.len());
        for (example, id) in ids.iter().enumerate().skip(resumed) {
            let outcome = self.outcome(benchmark.predict(&luke, example), example == resumed)?;
            let line = Line { id: id.clone(), outcome };
            if let Some(file) = &mut file_of_predictions {
                file.add(&line)?;
            }
            lines.push(line);
            progress.done(lines.len());
        }
        let seconds = started.elapsed().as_secs_f64();

        let mut failed = Vec::new();
        let results: Vec<Option<B::Prediction>> = lines
            .into_iter()
            .map(|line| match line.outcome {
                Outcome::Prediction(prediction) => Some(prediction),
                Outcome::Error(error) => {
                    failed.push(json!({ "id": line.id, "error": error }));
                    None
                }
            })
            .collect();
        let report = json!({
            "task": task,
            "model": luke.manifest.name,
            "dtype": luke.manifest.dtype,
            "device": device_name,
            "dataset": file.file_name().map(|name| name.to_string_lossy()),
            "options": self.task_options,
            "examples": results.len(),
            "resumed": resumed,
            "failed": failed,
            "metrics": benchmark.score(&results),
            "seconds": (seconds * 10.0).round() / 10.0,
        });
        println!("{report}");
        Ok(())
    }

    /// The outcome of an example. An example that the model cannot take is an outcome too. Other errors end the run: a
    /// device that fails, and an option that is wrong in the first example, because it is wrong for all.
    fn outcome<P>(&self, prediction: Result<P>, first: bool) -> Result<Outcome<P>> {
        match prediction {
            Ok(prediction) => Ok(Outcome::Prediction(prediction)),
            Err(LukeError::Input { argument, reason }) => {
                let is_option = self.task_options.get(argument.trim_start_matches("options.")).is_some();
                let error = LukeError::Input { argument, reason };
                if first && is_option { Err(options::named(error)) } else { Ok(Outcome::Error(error.to_string())) }
            }
            Err(error) => Err(error),
        }
    }
}

fn wrong(argument: &str, reason: String) -> LukeError {
    LukeError::Input { argument: argument.into(), reason }
}

/// The name of a value on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
