//! The functions of the library that these tests and `fuzz/` call. Only this file names the library.

use std::sync::Arc;

use luke_web::AddedHead;
use luke_web::backend::DeviceKind;
pub use luke_web::checkpoint::RawCheckpoint;
use luke_web::checkpoint::{header_bytes, read_header, shards};
use luke_web::folder::{CheckedFolder, FileEntry, Reading, Source};
use luke_web::inputs::ModelInputs;
pub use luke_web::{Luke, LukeError};
use pollster::block_on;
use serde_json::Value;

use super::files::Files;

/// Files in memory.
struct Memory(Files);

impl Source for Memory {
    fn read<'a>(&'a self, file: &'a FileEntry, _: &'a [&'a FileEntry], _: bool, _: Vec<u8>) -> Reading<'a> {
        Box::pin(async move {
            let missing = || LukeError::Network { file: file.path.clone(), reason: "is not there".into() };
            let bytes = self.0.get(&file.path).ok_or_else(missing)?;
            let Some(start) = file.offset else { return Ok(bytes.clone()) };
            let end = start.checked_add(file.bytes).ok_or_else(missing)?;
            bytes.get(start..end).map(<[u8]>::to_vec).ok_or_else(missing)
        })
    }
}

/// Reads and checks a model folder's manifest.
pub fn check_manifest(json: &[u8]) -> Result<CheckedFolder, LukeError> {
    let text = std::str::from_utf8(json);
    CheckedFolder::parse(
        text.map_err(|error| LukeError::Format { file: "manifest.json".into(), reason: error.to_string() })?,
    )
}

/// Loads a model folder on the CPU, with its self-test.
pub fn load_folder(files: Files) -> Result<Luke, LukeError> {
    let manifest = check_manifest(files.get("manifest.json").map(Vec::as_slice).unwrap_or_default())?;
    block_on(Luke::load(manifest, Arc::new(Memory(files)), DeviceKind::Cpu, true))
}

/// Loads a checkpoint as it is, from what [`read_checkpoint`] read.
pub fn load_checkpoint(raw: RawCheckpoint, files: Files) -> Result<Luke, LukeError> {
    block_on(Luke::load_checkpoint(raw, Arc::new(Memory(files)), DeviceKind::Cpu))
}

/// Reads the small files and the headers of a checkpoint, and plans how it is loaded.
pub fn read_checkpoint(files: &Files) -> Result<RawCheckpoint, LukeError> {
    let names = match files.get("model.safetensors.index.json") {
        Some(index) => shards(index)?,
        None => vec!["model.safetensors".to_owned()],
    };
    let mut stored = Vec::new();
    for name in names {
        let missing = || LukeError::Network { file: name.clone(), reason: "is not there".into() };
        let bytes = files.get(&name).ok_or_else(missing)?;
        let start = header_bytes(&name, &bytes[..bytes.len().min(8)])?;
        stored.extend(read_header(&name, &bytes[..start.min(bytes.len())], Some(bytes.len()))?);
    }
    RawCheckpoint::read(&|name| Ok(files.get(name).cloned()), &stored, "raw", &[])
}

/// The parts of a checkpoint's files that its weights are read from.
pub fn parts(raw: &RawCheckpoint) -> impl Iterator<Item = &FileEntry> {
    let manifest = raw.folder.manifest();
    manifest.chunks.iter().chain(manifest.entity_table.iter().flat_map(|table| &table.chunks))
}

/// Runs a task by its name in the API, or `forward` on arrays.
pub fn call(luke: &Luke, task: &str, input: Value, options: Value) -> Result<Value, LukeError> {
    if task != "forward" {
        return block_on(luke.call(task, input, options));
    }
    let wrong = |error: serde_json::Error| LukeError::Input { argument: "inputs".into(), reason: error.to_string() };
    let inputs: ModelInputs = serde_json::from_value(input).map_err(wrong)?;
    block_on(luke.forward(&inputs, options.as_str())).map(|outputs| Value::from(outputs.len()))
}

/// Runs each head that was added to the model folder, and `rank`: the name of the call, and how it ended.
pub fn call_added(luke: &Luke, input: impl Fn(&str) -> Value) -> Vec<(&'static str, Result<Value, LukeError>)> {
    let call = |added: &AddedHead, task| (task, block_on(luke.call_by(task, &added.head, input(task), Value::Null)));
    luke.taught_heads
        .iter()
        .flat_map(|added| [call(added, added.head.about.task.name()), call(added, "rank")])
        .collect()
}

/// The tasks of a model, and its heads.
pub fn tasks(luke: &Luke) -> (Vec<String>, Vec<String>) {
    let heads = luke.manifest.heads.keys().cloned().collect();
    (luke.tasks().into_iter().map(str::to_owned).collect(), heads)
}

/// Whether the model passed a self-test that compares nothing.
pub fn empty_self_test(luke: &Luke) -> bool {
    luke.manifest.self_test.as_ref().is_some_and(|test| test.expected.is_empty())
}
