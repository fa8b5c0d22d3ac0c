//! A manifest for a checkpoint that is read as it is: chunks and entity rows are parts of its safetensors files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::plan::{ENTITY_TABLE, Planned, first_use, plan};
use super::{HeadChoice, Lookup, Stored, WORD_TABLE, plan_heads};
use crate::config::LukeConfig;
use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::folder::{Chunk, EntityTable, FileEntry, Files, Manifest, TensorEntry};
use crate::heads::HeadSpec;
use crate::text::{TokenizerJson, json_file};

/// Most bytes of a chunk; a row is never cut.
const CHUNK_BYTES: usize = 8 << 20;

/// What a checkpoint may say of itself in `luke_web.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct About {
    /// The model's name.
    pub name: Option<String>,
    /// SPDX expression or a sentence.
    pub license: String,
    /// Where the weights come from.
    pub source: String,
    /// Heads by task.
    pub heads: BTreeMap<String, HeadSpec>,
}

impl About {
    /// The checkpoint's `luke_web.json`; empty where there is none.
    pub fn read(files: Lookup) -> Result<Self> {
        Ok(json_file(files, "luke_web.json")?.unwrap_or_default())
    }
}

/// A checkpoint read as it is: what a model is loaded from in place of a model folder.
pub struct RawCheckpoint {
    /// Names files of the checkpoint, with offsets and without hashes; and the two that are here.
    pub manifest: Manifest,
    /// The file `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// The file `entity_vocab.json`.
    pub entity_vocab: Vec<u8>,
}

impl RawCheckpoint {
    /// Reads a checkpoint from its small files and the headers of its safetensors files. `name` is the model's, where
    /// `luke_web.json` gives none; `chosen` are the heads to keep, all where there are none.
    ///
    /// More entities than [`EntityTable::RESIDENT_ROWS`] stay in their file, and rows are read when a call needs them.
    pub fn read(files: Lookup, stored: &[Stored], name: &str, chosen: &[HeadChoice]) -> Result<Self> {
        let missing = |file: &str| LukeError::format(file, "is not in the checkpoint");
        let value: Value = json_file(files, "config.json")?.ok_or_else(|| missing("config.json"))?;
        let config = LukeConfig::from_value(&value)?;
        let about = About::read(files)?;
        let heads = plan_heads(&config, &about.heads, stored, chosen)?;
        let mut planned = plan(&config, stored, &heads, !chosen.is_empty())?;
        let tokenizer = TokenizerJson::of_checkpoint(files)?.check()?.to_bytes()?;
        let entity_vocab = files("entity_vocab.json")?.ok_or_else(|| missing("entity_vocab.json"))?;
        let entity_table = take_entity_table(&mut planned, stored);
        let (chunks, tensors) = chunks(&planned, stored);
        let dtype = planned.iter().find(|tensor| tensor.is(WORD_TABLE)).map_or(DType::F32, |t| stored[t.source].dtype);
        let part = |path: &str, bytes: &[u8]| FileEntry { sha256: None, ..FileEntry::of(path, bytes) };
        let manifest = Manifest {
            format: "luke-web".into(),
            version: 1,
            name: about.name.unwrap_or_else(|| name.to_owned()),
            license: about.license,
            source: about.source,
            config: value,
            dtype,
            heads: heads.into_iter().map(|head| (head.task.to_owned(), head.spec)).collect(),
            files: Files {
                tokenizer: part("tokenizer.json", &tokenizer),
                entity_vocab: part("entity_vocab.json", &entity_vocab),
            },
            chunks,
            tensors,
            entity_table,
            self_test: None,
        };
        manifest.check()?;
        Ok(Self { manifest, tokenizer, entity_vocab })
    }
}

/// A large entity table, as parts of its file.
fn take_entity_table(planned: &mut Vec<Planned>, stored: &[Stored]) -> Option<EntityTable> {
    let place = planned.iter().position(|tensor| tensor.is(ENTITY_TABLE))?;
    let tensor = &stored[planned[place].source];
    if tensor.rows() <= EntityTable::RESIDENT_ROWS {
        return None;
    }
    planned.remove(place);
    let rows_per_chunk = EntityTable::ROWS_PER_CHUNK;
    let starts = (0..tensor.rows()).step_by(rows_per_chunk);
    let chunks = starts.map(|start| part(tensor, start, (start + rows_per_chunk).min(tensor.rows()))).collect();
    Some(EntityTable {
        rows: tensor.rows(),
        row_bytes: tensor.row_bytes(),
        rows_per_chunk,
        dtype: tensor.dtype,
        chunks,
    })
}

/// Chunks of neighbouring tensors that are needed together, in the order of first use.
fn chunks(planned: &[Planned], stored: &[Stored]) -> (Vec<Chunk>, Vec<TensorEntry>) {
    let when = |tensor: &Planned| {
        let (place, layer, _) = first_use(&tensor.names[0]);
        (place, layer)
    };
    let mut in_file: Vec<&Planned> = planned.iter().collect();
    in_file.sort_by_key(|tensor| (when(tensor), &stored[tensor.source].file, stored[tensor.source].offset));
    let (mut chunks, mut tensors): (Vec<Chunk>, Vec<TensorEntry>) = (Vec::new(), Vec::new());
    let mut last = None;
    for tensor in in_file {
        let from = &stored[tensor.source];
        let (row, mut start) = (from.row_bytes().max(1), 0);
        while start < from.rows() {
            let end = (start + (CHUNK_BYTES / row).max(1)).min(from.rows());
            let part = part(from, start, end);
            let bytes = part.bytes;
            let joined = chunks.last_mut().filter(|open| {
                let next = open.offset.map(|offset| offset + open.bytes);
                last == Some(when(tensor))
                    && open.path == part.path
                    && next == part.offset
                    && open.bytes + bytes <= CHUNK_BYTES
            });
            let offset = match joined {
                Some(open) => {
                    open.bytes += bytes;
                    open.bytes - bytes
                }
                None => {
                    chunks.push(part);
                    0
                }
            };
            tensors.extend(tensor.names.iter().map(|name| TensorEntry {
                name: name.clone(),
                dtype: from.dtype,
                shape: from.shape.clone(),
                rows: (start > 0 || end < from.rows()).then_some([start, end]),
                chunk: chunks.len() - 1,
                offset,
                bytes,
            }));
            (start, last) = (end, Some(when(tensor)));
        }
    }
    (chunks, tensors)
}

/// Some rows of a tensor as a part of its file.
fn part(tensor: &Stored, start: usize, end: usize) -> FileEntry {
    let row = tensor.row_bytes();
    FileEntry {
        path: tensor.file.clone(),
        bytes: (end - start) * row,
        sha256: None,
        offset: Some(tensor.offset + start * row),
    }
}
