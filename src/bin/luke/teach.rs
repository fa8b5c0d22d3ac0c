//! `luke teach`: teaches a head on examples, and says how good it is.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use luke_web::tasks::from_value;
use luke_web::tasks::teach::{TeachInput, TeachMemory, TeachOptions, TeachPhase, TeachProgress};
use luke_web::taught::TaughtTask;
use luke_web::{LukeError, Result, directory};
use serde_json::{Value, json};

use crate::folder::{self, read};
use crate::{Run, line, options};

/// Arguments of `luke teach`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    run: Run,
    /// The examples, one JSON object a line. For `ner` it is `{"text": ..., "spans": [{"start": 0, "end": 5, "label": ...}]}`, for `typing`
    /// `{"text": ..., "span": [0, 5], "labels": [...]}`, for `relation` `{"text": ..., "head": [0, 5], "tail": [9, 12], "label": ...}`; `-` is
    /// standard input.
    examples: PathBuf,
    /// What the head shall do.
    #[arg(long, value_enum, default_value_t = Task::Ner)]
    task: Task,
    /// The file to write the head to.
    #[arg(short, long)]
    output: PathBuf,
    /// What the head is called [default: the name of its file].
    #[arg(long)]
    name: Option<String>,
    /// The labels in the order of their scores, with commas between [default: those of the examples].
    #[arg(long, value_delimiter = ',')]
    labels: Option<Vec<String>>,
    /// Options as in the API: JSON such as `{"seed": 1, "folds": 10, "offsets": "codepoint"}`.
    #[arg(long, default_value = "{}")]
    options: String,
}

/// What a head does.
#[derive(Clone, Copy, ValueEnum)]
enum Task {
    Ner,
    Typing,
    Relation,
}

impl From<Task> for TaughtTask {
    fn from(task: Task) -> Self {
        match task {
            Task::Ner => Self::Ner,
            Task::Typing => Self::Typing,
            Task::Relation => Self::Relation,
        }
    }
}

/// Teaches a head, writes its file, and prints the report as one JSON object.
///
/// # Errors
/// - `input` if `--options` or an example is wrong; with the line of the example
/// - `io` if a file cannot be read or written
/// - `format` if a line is not JSON
/// - those of the load and of [`Luke::teach`](luke_web::Luke::teach)
pub fn teach(arguments: &Options) -> Result<()> {
    let Options { run, examples, task, output, name, labels, options } = arguments;
    let options: TeachOptions =
        from_value("options", Value::Object(options::parse(options)?)).map_err(options::named)?;
    let stem = || output.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let (lines, parsed) = read_examples(examples)?;
    let (task, name) = (TaughtTask::from(*task).name(), name.clone().unwrap_or_else(stem));
    let input = json!({ "task": task, "name": name, "labels": labels, "examples": parsed });
    let input = TeachInput::from_value(input).map_err(|error| of_line(error, &lines))?;
    let luke = pollster::block_on(directory::load(&run.model, run.device.into(), false))?;
    let taught = pollster::block_on(luke.teach(&input, &options, &mut TeachMemory::default(), show));
    let (head, report) = taught.map_err(|error| of_line(error, &lines))?;
    std::fs::write(output, head.to_bytes()).map_err(|error| folder::io_error(output, &error))?;
    println!("{}", json!({ "head": head.about, "bytes": head.to_bytes().len(), "report": report }));
    Ok(())
}

/// The number of the line of each example, and the examples.
fn read_examples(path: &Path) -> Result<(Vec<usize>, Vec<Value>)> {
    let bytes = match path.to_str() {
        Some("-") => folder::read_from(Path::new("standard input"), std::io::stdin().lock())?,
        _ => read(path)?,
    };
    let lines = line::parse_all(path, folder::text(path, &bytes)?)?.into_iter();
    Ok(lines.map(|(number, line)| (number, Value::Object(line.fields))).unzip())
}

/// The error of an example, with its line instead of its number.
fn of_line(error: LukeError, lines: &[usize]) -> LukeError {
    let LukeError::Input { argument, reason } = error else { return error };
    let argument = argument.strip_prefix("input.").map(str::to_owned).unwrap_or(argument);
    let example = argument.strip_prefix("examples[").and_then(|rest| rest.split_once(']'));
    let line = example.and_then(|(number, rest)| Some((lines.get(number.parse::<usize>().ok()?)?, rest)));
    match line {
        Some((line, rest)) => {
            LukeError::Input { argument: format!("line {line}{}", rest.replacen('.', ": ", 1)), reason }
        }
        None => LukeError::Input { argument, reason },
    }
}

/// One line on standard error that changes, if that is a terminal.
fn show(TeachProgress { phase, done, total }: TeachProgress) {
    if std::io::stderr().is_terminal() {
        let what = match phase {
            TeachPhase::Reading => "texts read",
            TeachPhase::Teaching => "heads taught",
        };
        let end = if phase == TeachPhase::Teaching && done == total { "\n" } else { "" };
        let _ = write!(std::io::stderr(), "\r\x1b[K{what}: {done} of {total}{end}");
    }
}
