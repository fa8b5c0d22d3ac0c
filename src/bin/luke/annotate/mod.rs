//! `luke annotate`: a task over a file of JSON Lines, on all cores. A run that was stopped continues where it was.

mod input;
mod output;
mod progress;
mod task;
mod work;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Args, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::folder::sha256_hex;
use luke_web::heads::Method;
use luke_web::{LukeError, Result, directory};
use serde_json::{Value, json};

use crate::folder::{io_error, read};
use crate::{exit_code, line, options};
use input::Groups;
use output::Output;
use progress::{Counted, Progress};
use task::{LINE_FIELD, Task};
use work::Work;

/// Arguments of `luke annotate`.
#[derive(Args)]
#[command(after_help = "Exit codes:
  0  all lines are done; with --on-error keep, also where some have an error
  1  the model, a file or the device failed
  2  the command line is wrong
  3  a line is wrong (--on-error fail); all lines before it are done
  4  the output is of another model, other options or another input, or another run writes it")]
pub struct Options {
    /// The input: JSON Lines. `-` is standard input.
    input: PathBuf,
    /// The output: each object of the input with one more field. `-` is standard output. A run into a file continues where an
    /// earlier one stopped; FILE.annotate.json beside it says of what it is.
    output: PathBuf,
    /// The model folder.
    #[arg(long)]
    model: PathBuf,
    /// The task.
    #[arg(long, value_enum, default_value_t = TaskName::Ner)]
    task: TaskName,
    /// Options of the task, as in the API: JSON such as `{"threshold": 0.9}`.
    #[arg(long, default_value = "{}")]
    options: String,
    /// The field in which a line has an argument of the task, such as `text=body`; may be repeated. An argument is in the field
    /// of its name by default: `text`; `text` and `span`; `text`, `head` and `tail`; `question` and `context`.
    #[arg(long = "field", value_name = "ARGUMENT=FIELD")]
    fields: Vec<String>,
    /// The field for the result [default: entities, types, relations or answer, by the task].
    #[arg(long)]
    result_field: Option<String>,
    /// The field for the error of a line, with its code and message.
    #[arg(long, default_value = "error")]
    error_field: String,
    /// What to do with a line that is no JSON object, or that the task cannot take.
    #[arg(long, value_enum, default_value_t = OnError::Fail)]
    on_error: OnError,
    /// Most bytes of a line; a longer one is an error.
    #[arg(long, default_value_t = 8 << 20, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    max_line_bytes: u32,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t = crate::Device::Cpu)]
    device: crate::Device,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

/// The tasks that take one line at a time.
#[derive(Clone, Copy, ValueEnum)]
enum TaskName {
    Ner,
    Typing,
    Relation,
    Qa,
}

/// What to do with a line that is wrong.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// End the run at it.
    Fail,
    /// Write it with an error in place of the result, and go on.
    Keep,
}

impl TaskName {
    /// The method, its arguments, and the field for its result.
    fn parts(self) -> (Method, &'static [&'static str], &'static str) {
        match self {
            Self::Ner => (Method::Ner, &["text"], "entities"),
            Self::Typing => (Method::Typing, &["text", "span"], "types"),
            Self::Relation => (Method::Relation, &["text", "head", "tail"], "relations"),
            Self::Qa => (Method::Qa, &["question", "context"], "answer"),
        }
    }
}

/// Why a run ended before the end of its input.
pub enum Failure {
    /// A line is wrong; the first line has number 1.
    Line { number: u64, error: LukeError },
    /// The output is not of this run.
    OtherRun(String),
    /// All else.
    Failed(LukeError),
}

impl From<LukeError> for Failure {
    fn from(error: LukeError) -> Self {
        Self::Failed(error)
    }
}

/// Annotates an input, and prints why it could not.
pub fn annotate(options: &Options, threads: Option<u16>) -> ExitCode {
    let (message, code) = match run(options, threads) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => {
            eprintln!("luke: {}: {error}", error.code());
            return exit_code(&error);
        }
        Err(Failure::Line { number, error }) => (format!("line {number}: {}: {error}", error.code()), 3),
        Err(Failure::OtherRun(reason)) => (reason, 4),
    };
    eprintln!("luke: {message}");
    ExitCode::from(code)
}

fn run(options: &Options, threads: Option<u16>) -> std::result::Result<(), Failure> {
    let task = task(options)?;
    let max_line_bytes = options.max_line_bytes as usize;
    let (input, total) = open_input(&options.input)?;
    let (input, bytes_read) = Counted::new(input);
    let mut groups = Groups::new(Box::new(BufReader::with_capacity(1 << 16, input)), max_line_bytes);
    let header = json!({
        "format": "luke-annotate",
        "version": 1,
        "luke": env!("CARGO_PKG_VERSION"),
        "manifest": sha256_hex(&read(&options.model.join("manifest.json"))?),
        "device": DeviceKind::from(options.device).name(),
        "task": task.method.name(),
        "options": task.options,
        "fields": task.arguments.iter().map(|(name, field)| ((*name).to_owned(), Value::from(field.as_str()))).collect::<Value>(),
        "resultField": task.result,
        "errorField": task.error,
        "maxLineBytes": max_line_bytes,
    });
    let luke = pollster::block_on(directory::load(&options.model, options.device.into(), false))?;
    luke.check_method(task.method)?;
    // In f32 a result that was kept can differ in its last bits. The output must not depend on where a run was stopped.
    luke.set_pass_cache_bytes(0);
    // A wrong option is a fault of the run, not of every line.
    task.call(&luke, line::example(task.method)).map_err(options::named)?;
    let (output, done, next) = Output::open(&options.output, header, &task, &mut groups, max_line_bytes)?;
    if options.on_error == OnError::Fail && done.errors > 0 {
        let path = options.output.display();
        return Err(Failure::OtherRun(format!(
            "{path}: has {} lines with an error, of a run with --on-error keep",
            done.errors
        )));
    }
    let cores = || available_parallelism().map_or(1, Into::into);
    let threads = match options.device {
        crate::Device::Cpu => threads.map_or_else(cores, usize::from),
        // A GPU has one queue of work.
        crate::Device::Gpu => 1,
    };
    let progress = Progress::new(options.quiet, done, bytes_read, total);
    Work::new((luke, task), (options.on_error, threads), (groups, next), (output, done)).run(progress)?;
    Ok(())
}

/// The task that the options name.
fn task(options: &Options) -> Result<Task> {
    let wrong = |argument: &str, reason: String| LukeError::Input { argument: argument.into(), reason };
    let task_options = options::parse(&options.options)?.into();
    let (method, names, result) = options.task.parts();
    let mut arguments: Vec<(&str, String)> = names.iter().map(|name| (*name, (*name).to_owned())).collect();
    for given in &options.fields {
        let named = given.split_once('=').and_then(|(name, field)| {
            let (_, known) = arguments.iter_mut().find(|(argument, _)| *argument == name)?;
            Some((known, field.to_owned()))
        });
        let unknown = || wrong("--field", format!("'{given}' does not name a field for {}", names.join(", ")));
        let (known, field) = named.ok_or_else(unknown)?;
        *known = field;
    }
    let result = options.result_field.clone().unwrap_or_else(|| result.to_owned());
    let error = options.error_field.clone();
    let mut fields: Vec<&str> =
        arguments.iter().map(|(_, field)| field.as_str()).chain([result.as_str(), &error]).collect();
    fields.sort_unstable();
    if let Some(twice) = fields.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong("--field", format!("the field '{}' has two meanings", twice[0])));
    }
    if error == LINE_FIELD {
        return Err(wrong("--error-field", format!("'{LINE_FIELD}' is the field of a line that is no object")));
    }
    Ok(Task { method, options: task_options, arguments, result, error })
}

/// An input and its bytes, where they are known.
fn open_input(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin()), None));
    }
    let broken = |error: io::Error| io_error(path, &error);
    let file = File::open(path).map_err(broken)?;
    let known = file.metadata().map_err(broken)?;
    if known.is_dir() {
        return Err(broken(io::ErrorKind::IsADirectory.into()));
    }
    Ok((Box::new(file), known.is_file().then_some(known.len())))
}

/// An error of the input.
fn input_error(error: &io::Error) -> Failure {
    LukeError::io("input", error).into()
}
