//! A manifest for a checkpoint that is read as it is: chunks and entity rows are parts of its safetensors files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::plan::{ENTITY_TABLE, Planned, first_use, plan};
use super::{
    HeadChoice, INDEX, Lookup, Stored, WORD_TABLE, check_tensors, json, leave_out, of_index, plan_heads, shards,
    unwrapped,
};
use crate::config::{LukeConfig, null_is_default};
use crate::dtype::DType;
use crate::error::{LukeError, Result};
use crate::folder::{CheckedFolder, Chunk, EntityTable, FileEntry, Files, Manifest, TensorEntry};
use crate::heads::HeadSpec;
use crate::text::{EntityVocab, Tokenizer, TokenizerJson, entity_vocab_json};

/// Max bytes of a chunk. A longer row is a chunk of its own.
const CHUNK_BYTES: usize = 8 << 20;

/// What a checkpoint may say of itself in `luke_web.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct About {
    /// The model's name.
    pub name: Option<String>,
    /// SPDX expression or a sentence.
    #[serde(deserialize_with = "null_is_default")]
    pub license: String,
    /// Where the weights come from.
    #[serde(deserialize_with = "null_is_default")]
    pub source: String,
    /// Heads by task.
    #[serde(deserialize_with = "null_is_default")]
    pub heads: BTreeMap<String, HeadSpec>,
    /// Tensors to leave out, by their names in the files: `loss_fct.weight`, or `loss_fct` for all below it.
    #[serde(deserialize_with = "null_is_default")]
    pub leave_out: Vec<String>,
}

impl About {
    /// The checkpoint's `luke_web.json`; the default where there is no such file.
    ///
    /// # Errors
    /// `format` when the file is longer than [`MAX_JSON_BYTES`](super::limits::MAX_JSON_BYTES), is no JSON, or has a field that
    /// is not one of [`About`]'s or has another type; and what `files` fails with.
    pub fn read(files: Lookup) -> Result<Self> {
        Ok(json(files, "luke_web.json")?.unwrap_or_default())
    }
}

/// A checkpoint read as it is, but for its weights: what a model is loaded from in place of a model folder.
pub struct RawCheckpoint {
    /// Names parts of the checkpoint's files, without hashes. The tokenizer and the entity vocabulary in it are those that
    /// were read already.
    pub folder: CheckedFolder,
    /// The word tokenizer.
    pub tokenizer: Tokenizer,
    /// The entity vocabulary.
    pub entity_vocab: EntityVocab,
}

impl RawCheckpoint {
    /// Reads a checkpoint from its small files and the headers of its safetensors files. `name` is the model's, where
    /// `luke_web.json` gives none; `chosen` are the heads to keep, all where there are none.
    ///
    /// More entities than [`EntityTable::RESIDENT_ROWS`] stay in their file, and rows are read when a call needs them.
    ///
    /// # Errors
    /// `format` when a file is missing or is not what it must be, when a head lacks its layers, or when the tensors are not those
    /// of the config; `input` when two chosen heads would be one layer, or when `leaveOut` of `luke_web.json` names no tensor;
    /// `out-of-memory` when the weights take more than [`MAX_MODEL_BYTES`](crate::folder::limits::MAX_MODEL_BYTES); and what
    /// `files` fails with.
    pub fn read(files: Lookup, stored: &[Stored], name: &str, chosen: &[HeadChoice]) -> Result<Self> {
        let missing = |file: &str| LukeError::format(file, "is not in the checkpoint");
        let value: Value = json(files, "config.json")?.ok_or_else(|| missing("config.json"))?;
        let config = LukeConfig::from_value(&value)?;
        let about = About::read(files)?;
        let mut stored = unwrapped(match files(INDEX)? {
            Some(index) if is_sharded(&index, stored)? => of_index(&index, stored.to_vec())?,
            _ => stored.to_vec(),
        });
        leave_out(&mut stored, &about.leave_out)?;
        let stored = stored.as_slice();
        let heads = plan_heads(&config, &about.heads, stored, chosen)?;
        let mut planned = plan(&config, stored, &heads, !chosen.is_empty())?;
        check_tensors(&config, &heads, stored, &mut planned)?;
        let tokenizer = TokenizerJson::of_checkpoint(files)?.check()?;
        let entity_vocab = entity_vocab_json(files)?;
        let entity_table = take_entity_table(&mut planned, stored);
        let (chunks, tensors) = chunks(&planned, stored);
        let words = planned.iter().find(|tensor| tensor.is(WORD_TABLE));
        let dtype = words.and_then(|words| stored.get(words.source)).map_or(DType::F32, Stored::read_as);
        let part =
            |path: &str, bytes: &[u8]| FileEntry { path: path.into(), bytes: bytes.len(), sha256: None, offset: None };
        let manifest = Manifest {
            format: "luke-web".into(),
            version: 1,
            name: about.name.unwrap_or_else(|| name.to_owned()),
            license: about.license,
            source: about.source,
            config: value,
            dtype,
            heads: heads.into_iter().map(|head| (head.kind.key().to_owned(), head.spec)).collect(),
            files: Files {
                tokenizer: part("tokenizer.json", &tokenizer.to_bytes()?),
                entity_vocab: part("entity_vocab.json", &entity_vocab),
            },
            chunks,
            tensors,
            entity_table,
            self_test: None,
            taught_heads: Vec::new(),
            base: None,
        };
        let folder = CheckedFolder::of_checkpoint(manifest)?;
        let tokenizer = Tokenizer::new(tokenizer)?;
        let entity_vocab = EntityVocab::from_bytes(&entity_vocab, config.entity_vocab_size)?;
        Ok(Self { folder, tokenizer, entity_vocab })
    }
}

/// Whether the tensors are from the files of the index.
fn is_sharded(index_json: &[u8], stored: &[Stored]) -> Result<bool> {
    let shards = shards(index_json)?;
    Ok(stored.iter().all(|tensor| shards.contains(&tensor.file)))
}

/// Takes a large entity table out of the plan, as parts of its file.
fn take_entity_table(planned: &mut Vec<Planned>, stored: &[Stored]) -> Option<EntityTable> {
    let index = planned.iter().position(|tensor| tensor.is(ENTITY_TABLE))?;
    let tensor = stored.get(planned.get(index)?.source)?;
    if tensor.rows() <= EntityTable::RESIDENT_ROWS {
        return None;
    }
    planned.remove(index);
    let rows_per_chunk = EntityTable::ROWS_PER_CHUNK;
    let starts = (0..tensor.rows()).step_by(rows_per_chunk);
    let chunks = starts.map(|start| part(tensor, start, start.saturating_add(rows_per_chunk).min(tensor.rows())));
    Some(EntityTable {
        rows: tensor.rows(),
        row_bytes: tensor.row_bytes(),
        rows_per_chunk,
        dtype: tensor.read_as(),
        chunks: chunks.collect(),
    })
}

/// Chunks of neighboring tensors that are needed together, in the order of first use.
fn chunks(planned: &[Planned], stored: &[Stored]) -> (Vec<Chunk>, Vec<TensorEntry>) {
    let mut in_file: Vec<_> = planned
        .iter()
        .filter_map(|tensor| {
            let (part, layer, _) = first_use(tensor.names.first()?);
            Some(((part, layer), stored.get(tensor.source)?, tensor))
        })
        .collect();
    in_file.sort_by_key(|(when, from, _)| (*when, &from.file, from.offset));
    let (mut chunks, mut tensors): (Vec<Chunk>, Vec<TensorEntry>) = (Vec::new(), Vec::new());
    let mut last = None;
    for (when, from, tensor) in in_file {
        let rows_per_part = CHUNK_BYTES.checked_div(from.row_bytes()).unwrap_or(0).max(1);
        for start in (0..from.rows()).step_by(rows_per_part) {
            let end = start.saturating_add(rows_per_part).min(from.rows());
            let part = part(from, start, end);
            let bytes = part.bytes;
            let joined = chunks.last_mut().filter(|open| {
                let next = open.offset.and_then(|offset| offset.checked_add(open.bytes));
                last == Some(when)
                    && open.path == part.path
                    && next == part.offset
                    && open.bytes.saturating_add(bytes) <= CHUNK_BYTES
            });
            let offset = match joined {
                Some(open) => {
                    let offset = open.bytes;
                    open.bytes = open.bytes.saturating_add(bytes);
                    offset
                }
                None => {
                    chunks.push(part);
                    0
                }
            };
            tensors.extend(tensor.names.iter().map(|name| TensorEntry {
                name: name.clone(),
                dtype: from.read_as(),
                shape: from.shape.clone(),
                rows: (start > 0 || end < from.rows()).then_some([start, end]),
                chunk: chunks.len().saturating_sub(1),
                offset,
                bytes,
            }));
            last = Some(when);
        }
    }
    (chunks, tensors)
}

/// Some rows of a tensor as a part of its file. Numbers that are too large saturate, and [`CheckedFolder`] refuses the part.
fn part(tensor: &Stored, start: usize, end: usize) -> FileEntry {
    let row = tensor.row_bytes();
    FileEntry {
        path: tensor.file.clone(),
        bytes: end.saturating_sub(start).saturating_mul(row),
        sha256: None,
        offset: Some(tensor.offset.saturating_add(start.saturating_mul(row))),
    }
}
