//! `luke`: converts checkpoints, runs tasks over JSON Lines, verifies model folders.

mod convert;
mod eval;
mod folder;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::checkpoint::tokenizer_json;
use luke_web::tasks::cloze::ClozeInput;
use luke_web::tasks::embed::EmbedInput;
use luke_web::tasks::masked::{FillMaskInput, PredictEntitiesInput};
use luke_web::tasks::ner::{NerInput, NerOptions};
use luke_web::tasks::qa::QaInput;
use luke_web::tasks::relation::RelationInput;
use luke_web::tasks::typing::TypingInput;
use luke_web::tasks::{from_value, required};
use luke_web::weights::{DType, read_verified};
use luke_web::{Luke, LukeError};
use serde_json::{Value, json};

/// LUKE on the command line.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a model folder from a Hugging Face checkpoint folder.
    Convert(convert::Options),
    /// Write the tokenizer.json that `convert` would give a checkpoint.
    Tokenizer {
        /// The checkpoint folder.
        checkpoint: PathBuf,
        /// The file to write.
        output: PathBuf,
    },
    /// Find entities: one JSON object a line, `{"text": ..., "options": {...}}` or `{"words": [...], "sentences": [...]}`.
    Ner(Run),
    /// Answer questions: one JSON object a line, `{"question": ..., "context": ..., "options": {...}}`.
    Qa(Run),
    /// Type an entity: one JSON object a line, `{"text": ..., "span": [start, end], "options": {...}}`.
    Typing(Run),
    /// Classify a relation: one JSON object a line, `{"text": ..., "head": [start, end], "tail": [start, end]}`.
    Relation(Run),
    /// Fill the blank of a query: one JSON object a line, `{"passage": ..., "query": "... @placeholder ...", "candidates": [[start, end], ...]}`.
    Cloze(Run),
    /// Predict masked words: one JSON object a line, `{"text": "... <mask> ...", "options": {...}}`.
    FillMask(Run),
    /// Predict entities: one JSON object a line, `{"text": ..., "spans": [[start, end], ...], "options": {...}}`.
    PredictEntities(Run),
    /// Vectors of words and entities: one JSON object a line, `{"text": ..., "spans": [[start, end], ...]}`.
    Embed(Run),
    /// The official score on a dataset's published file, as JSON.
    Eval(eval::Options),
    /// Check a model folder: lengths, hashes, tensors, and its self-test.
    Verify(Run),
}

#[derive(Args)]
struct Run {
    /// The model folder.
    model: PathBuf,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
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
    let result = match Cli::parse().command {
        Command::Convert(options) => convert::convert(&options),
        Command::Tokenizer { checkpoint, output } => tokenizer_json(&folder::lookup(&checkpoint))
            .and_then(|json| std::fs::write(&output, json.to_string()).map_err(|e| folder::file_error(&output, &e))),
        Command::Ner(run) => lines(&run.model, run.device.into(), ner),
        Command::Qa(run) => lines(&run.model, run.device.into(), qa),
        Command::Typing(run) => lines(&run.model, run.device.into(), typing),
        Command::Relation(run) => lines(&run.model, run.device.into(), relation),
        Command::Cloze(run) => lines(&run.model, run.device.into(), cloze),
        Command::FillMask(run) => lines(&run.model, run.device.into(), fill_mask),
        Command::PredictEntities(run) => lines(&run.model, run.device.into(), predict_entities),
        Command::Embed(run) => lines(&run.model, run.device.into(), embed),
        Command::Eval(options) => eval::eval(&options),
        Command::Verify(run) => verify(&run.model, run.device.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("luke: {}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

fn verify(model: &std::path::Path, device: DeviceKind) -> luke_web::Result<()> {
    let source = folder::Folder(model.to_owned());
    for file in folder::manifest(model)?.all_files() {
        pollster::block_on(read_verified(&source, file))?;
    }
    let luke = pollster::block_on(folder::load(model, device, true))?;
    let bytes: usize = luke.manifest.chunks.iter().map(|chunk| chunk.bytes).sum();
    let report = json!({
        "name": luke.manifest.name,
        "dtype": luke.manifest.dtype,
        "heads": luke.manifest.heads.keys().collect::<Vec<_>>(),
        "chunks": luke.manifest.chunks.len(),
        "chunkBytes": bytes,
        "selfTest": luke.self_test_error.map(|error| json!({ "maxError": error })),
    });
    println!("{report}");
    Ok(())
}

/// A task over JSON Lines: each line's answer, or its error, on one line.
fn lines(
    model: &std::path::Path,
    device: DeviceKind,
    run: impl Fn(&Luke, Value, Value) -> luke_web::Result<Value>,
) -> luke_web::Result<()> {
    let luke = pollster::block_on(folder::load(model, device, false))?;
    let broken = |error: std::io::Error| LukeError::Unsupported(format!("standard input or output: {error}"));
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(broken)?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = split_call(&line)
            .and_then(|(input, options)| run(&luke, input, options))
            .unwrap_or_else(|error| json!({ "error": { "code": error.code(), "message": error.to_string() } }));
        writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(broken)?;
    }
    Ok(())
}

/// The arguments and the options of a line.
fn split_call(line: &str) -> luke_web::Result<(Value, Value)> {
    let mut call: Value = serde_json::from_str(line).map_err(|error| bad_line(error.to_string()))?;
    let fields = call.as_object_mut().ok_or_else(|| bad_line("is not a JSON object".into()))?;
    let options = fields.remove("options").unwrap_or(Value::Null);
    Ok((call, options))
}

fn ner(luke: &Luke, mut input: Value, options: Value) -> luke_web::Result<Value> {
    // Texts stand alone in the API and under "text" in a line; word lists are objects in both.
    if let Some(text) = input.as_object_mut().and_then(|fields| fields.remove("text")) {
        if input != json!({}) {
            return Err(bad_line("has more than \"text\" and \"options\"".into()));
        }
        input = text;
    }
    let options: NerOptions = from_value("options", options)?;
    to_value(pollster::block_on(luke.ner(&NerInput::from_value(input)?, &options))?)
}

fn qa(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<QaInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.qa(&input, &options))?)
}

fn typing(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<TypingInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.typing(&input, &options))?)
}

fn relation(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<RelationInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.relation(&input, &options))?)
}

fn cloze(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<ClozeInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.cloze(&input, &options))?)
}

fn fill_mask(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<FillMaskInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.fill_mask(&input, &options))?)
}

fn predict_entities(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<PredictEntitiesInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.predict_entities(&input, &options))?)
}

fn embed(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Value> {
    let (input, options) = (required::<EmbedInput>("line", input)?, from_value("options", options)?);
    to_value(pollster::block_on(luke.embed(&input, &options))?)
}

fn to_value(result: impl serde::Serialize) -> luke_web::Result<Value> {
    serde_json::to_value(result).map_err(|error| bad_line(error.to_string()))
}

fn bad_line(reason: String) -> LukeError {
    LukeError::Input { argument: "line".into(), reason }
}

/// A `--dtype` of `convert`.
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
