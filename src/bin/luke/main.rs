//! `luke`: converts checkpoints, runs tasks over JSON Lines, annotates large files, scores datasets, times kernels, verifies
//! model folders.

mod annotate;
mod bench;
mod convert;
mod eval;
mod folder;
mod forward;
mod heads;
mod line;
mod options;
mod rank;
mod teach;
mod unique;

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::directory::{self, Directory};
use luke_web::dtype::DType;
use luke_web::folder::read_verified;
use luke_web::heads::Method;
use luke_web::taught::TaughtTask;
use luke_web::text::TokenizerJson;
use luke_web::{Luke, LukeError};
use serde_json::{Value, json};

/// LUKE on the command line.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 done, 1 the model, a file or the device failed, 2 the command line is wrong"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Threads of the CPU; the results are the same [default: 1, but all cores for `annotate`].
    #[arg(long, global = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a model folder from a Hugging Face checkpoint folder; or, with --add-head, from a model folder and heads that were taught.
    Convert(convert::Options),
    /// Write the tokenizer.json that `convert` would give a checkpoint.
    Tokenizer {
        /// The checkpoint folder.
        checkpoint: PathBuf,
        /// The file to write.
        output: PathBuf,
    },
    /// Find entities: one JSON object a line, `{"text": ..., "options": {...}}` or
    /// `{"words": [...], "sentences": [...]}`.
    Ner(HeadLines),
    /// Answer questions: one JSON object a line, `{"question": ..., "context": ..., "options": {...}}`.
    Qa(Lines),
    /// Type an entity: one JSON object a line, `{"text": ..., "span": [start, end], "options": {...}}`, or
    /// `{"inputs": [...], "options": {...}}` with several of them.
    Typing(HeadLines),
    /// Classify a relation: one JSON object a line, `{"text": ..., "head": [start, end], "tail": [start, end]}`, or
    /// `{"inputs": [...]}` with several of them.
    Relation(HeadLines),
    /// Fill the blank of a query: one JSON object a line,
    /// `{"passage": ..., "query": "... @placeholder ...", "candidates": [[start, end], ...]}`.
    Cloze(Lines),
    /// Predict masked words: one JSON object a line, `{"text": "... <mask> ...", "options": {...}}`.
    FillMask(Lines),
    /// Predict entities: one JSON object a line, `{"text": ..., "spans": [[start, end], ...], "options": {...}}`.
    PredictEntities(Lines),
    /// Vectors of words and entities: one JSON object a line, `{"text": ..., "spans": [[start, end], ...]}`.
    Embed(Lines),
    /// The model on arrays: one JSON object a line, `{"inputIds": [...], "entityIds": [...], "options": {"head": ...}}`, or
    /// `{"inputs": [...]}` with several sequences.
    Forward(Lines),
    /// Teach a head your own labels from examples: a file of a few ten kilobytes, for `luke ner`, `typing` or `relation` with `--head`.
    Teach(teach::Options),
    /// Order texts by what they would teach a head for `ner`, the most useful first: one JSON object a line, `{"text": ...}`.
    Rank(rank::Options),
    /// Run a task over a large file of JSON Lines on all cores; a run that was stopped continues.
    Annotate(annotate::Options),
    /// The official score on a dataset's published file, as JSON.
    Eval(eval::Options),
    /// Time the kernels, and whole passes of models, on a device.
    Bench(bench::Options),
    /// Check a model folder: lengths, hashes, tensors, and its self-test.
    Verify(Run),
}

#[derive(Args)]
struct Run {
    /// The model folder.
    model: PathBuf,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
}

/// A task over lines of input.
#[derive(Args)]
struct Lines {
    #[command(flatten)]
    run: Run,
    /// Options for all lines, as in the API: JSON such as `{"runnersUp": 0.2}`. The options of a line replace them by name.
    #[arg(long, default_value = "{}")]
    options: String,
    /// Bytes of the results of passes of `ner` that are kept between lines; 0 keeps nothing. Results are the same; in f32 up to rounding.
    #[arg(long, default_value_t = 8 << 20)]
    pass_cache_bytes: usize,
}

/// A task over lines of input, for which a head can be taught.
#[derive(Args)]
struct HeadLines {
    #[command(flatten)]
    lines: Lines,
    /// A head that was taught, in place of the model's own: the name of one in the model folder, or else a file.
    #[arg(long, value_name = "NAME_OR_FILE")]
    head: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Device {
    Cpu,
    Gpu,
}

impl From<Device> for DeviceKind {
    fn from(device: Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu,
            Device::Gpu => Self::Gpu,
        }
    }
}

fn main() -> ExitCode {
    let Cli { command, threads } = Cli::parse();
    let helpers = match command {
        // It runs its threads itself.
        Command::Annotate(_) => 0,
        _ => usize::from(threads.unwrap_or(1)) - 1,
    };
    if let Err(error) = luke_web::kernels::threads::start(helpers) {
        eprintln!("luke: {helpers} more threads: {error}");
        return ExitCode::FAILURE;
    }
    let result = match command {
        Command::Convert(options) => convert::convert(&options),
        Command::Tokenizer { checkpoint, output } => TokenizerJson::of_checkpoint(&folder::lookup(&checkpoint))
            .and_then(|json| json.check()?.to_bytes())
            .and_then(|json| std::fs::write(&output, json).map_err(|e| folder::io_error(&output, &e))),
        Command::Ner(run) => lines_by(&run, Method::Ner, TaughtTask::Ner),
        Command::Qa(run) => lines(&run, Method::Qa),
        Command::Typing(run) => lines_by(&run, Method::Typing, TaughtTask::Typing),
        Command::Relation(run) => lines_by(&run, Method::Relation, TaughtTask::Relation),
        Command::Cloze(run) => lines(&run, Method::Cloze),
        Command::FillMask(run) => lines(&run, Method::FillMask),
        Command::PredictEntities(run) => lines(&run, Method::PredictEntities),
        Command::Embed(run) => lines(&run, Method::Embed),
        Command::Forward(run) => each_line(&run, line::Form::forward(), forward::forward),
        Command::Teach(options) => teach::teach(&options),
        Command::Rank(options) => rank::rank(&options),
        Command::Annotate(options) => return annotate::annotate(&options, threads),
        Command::Eval(options) => eval::eval(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Verify(run) => verify(&run.model, run.device.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("luke: {}: {error}", error.code());
            exit_code(&error)
        }
    }
}

/// An argument that is wrong ends the program as one does that clap refuses.
fn exit_code(error: &LukeError) -> ExitCode {
    match error {
        LukeError::Input { .. } => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

fn verify(model: &std::path::Path, device: DeviceKind) -> luke_web::Result<()> {
    let source = Directory::new(model);
    for file in source.checked()?.manifest().all_files() {
        pollster::block_on(read_verified(&source, file, [], Vec::new()))?;
    }
    let luke = pollster::block_on(directory::load(model, device, true))?;
    let bytes: usize = luke.manifest.chunks.iter().map(|chunk| chunk.bytes).sum();
    let report = json!({
        "name": luke.manifest.name,
        "dtype": luke.manifest.dtype,
        "heads": luke.manifest.heads.keys().collect::<Vec<_>>(),
        "taughtHeads": luke.manifest.taught_heads.iter().map(|head| &head.name).collect::<Vec<_>>(),
        "chunks": luke.manifest.chunks.len(),
        "chunkBytes": bytes,
        "selfTest": luke.self_test_error.map(|error| json!({ "maxError": error })),
    });
    println!("{report}");
    Ok(())
}

/// Runs a task over JSON Lines.
fn lines(arguments: &Lines, method: Method) -> luke_web::Result<()> {
    each_line(arguments, line::Form::of(method), |luke, input, options| {
        pollster::block_on(luke.call(method.name(), input, options))
    })
}

/// Runs a task over JSON Lines, by a head that was taught if one is given.
fn lines_by(arguments: &HeadLines, method: Method, task: TaughtTask) -> luke_web::Result<()> {
    let Some(head) = &arguments.head else { return lines(&arguments.lines, method) };
    let head = heads::find(&arguments.lines.run.model, head)?;
    head.check_task(method.name(), task)?;
    each_line(&arguments.lines, line::Form::of(method), |luke, input, options| {
        pollster::block_on(luke.call_by(method.name(), &head, input, options))
    })
}

/// Calls `call` with the arguments and the options of each line. Writes one line for each line of input: the answer, or the
/// error of that line. If a line has an `id`, the answer is under `answer` beside it. Blank lines give no line.
///
/// # Errors
/// - `input` if `--options` is wrong; before the first line is read
/// - `io` if standard input or output fails
/// - those of [`directory::load`]
fn each_line(
    Lines { run, options, pass_cache_bytes }: &Lines,
    form: line::Form,
    call: impl Fn(&Luke, Value, Value) -> luke_web::Result<Value>,
) -> luke_web::Result<()> {
    let common = options::parse(options)?;
    let luke = pollster::block_on(directory::load(&run.model, run.device.into(), false))?;
    luke.set_pass_cache_bytes(*pass_cache_bytes);
    options::try_out(&common, |options| call(&luke, form.example.clone(), options))?;
    let broken = |error: std::io::Error| LukeError::io("standard input or output", &error);
    let mut out = std::io::stdout().lock();
    let (mut input, mut line, mut number) = (std::io::stdin().lock(), Vec::new(), 0);
    while let Some(whole) = read_line(&mut input, &mut line, MAX_LINE_BYTES).map_err(broken)? {
        number += 1;
        if whole && line.trim_ascii().is_empty() {
            continue;
        }
        let too_long = || line::bad_line(format!("has more than {MAX_LINE_BYTES} bytes"));
        let (text, mut id) = (if whole { Ok(line.as_slice()) } else { Err(too_long()) }, None);
        let answer = text
            .and_then(line::parse)
            .and_then(|line| {
                id = line.id;
                line::call(&form, line.fields, &common)
            })
            .and_then(|(input, options)| call(&luke, input, options));
        let answer = line::output(id, answer, number);
        match writeln!(out, "{answer}").and_then(|()| out.flush()) {
            // The reader wants no more lines.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(broken)?,
        }
    }
    Ok(())
}

/// The most bytes of a line of input. For a longer line the answer is an error, and the line is not kept in memory.
const MAX_LINE_BYTES: usize = 64 << 20;

/// Reads a line of at most `max_bytes` bytes into `line`, without its end. Returns `None` at the end of the input, and
/// false if the line is longer; the rest of that line is skipped.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, max_bytes: usize) -> std::io::Result<Option<bool>> {
    line.clear();
    let read = input.take(max_bytes as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read > max_bytes {
        input.skip_until(b'\n')?;
        return Ok(Some(false));
    }
    Ok((read > 0).then_some(true))
}

/// How matrices may be stored, for `--dtype` and `--word-table` of `convert`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum WeightType {
    F32,
    F16,
    Q8,
    Q4,
}

impl From<WeightType> for DType {
    fn from(dtype: WeightType) -> Self {
        match dtype {
            WeightType::F32 => Self::F32,
            WeightType::F16 => Self::F16,
            WeightType::Q8 => Self::Q8,
            WeightType::Q4 => Self::Q4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_too_long_are_skipped_and_not_kept() {
        let mut input = &b"12345\n1234567890\n\n123456\nab"[..];
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while let Some(whole) = read_line(&mut input, &mut line, 5).unwrap() {
            assert!(line.len() <= 6);
            lines.push(whole.then(|| String::from_utf8(line.clone()).unwrap()));
        }
        assert_eq!(lines, [Some("12345".into()), None, Some("".into()), None, Some("ab".into())]);
    }
}
