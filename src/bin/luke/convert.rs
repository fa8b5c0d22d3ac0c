//! `luke convert`: a Hugging Face checkpoint folder becomes a model folder. The result is loaded and run once
//! before it is put in place, so what is refused by the runtime is refused here, by name.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::config::LukeConfig;
use luke_web::model::Head;
use luke_web::weights::{
    Chunk, ClozeTokens, DType, FileEntry, Files, HeadSpec, Manifest, NerContext, SelfTest, TensorEntry, encode_f16,
};
use luke_web::{LukeError, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::WeightType;
use crate::checkpoint::{Tensor, read_tensors};
use crate::folder::{self, file_error, read};
use crate::tokenizer_json::tokenizer_json;

/// Arguments of `luke convert`.
#[derive(Args)]
pub struct Options {
    /// The checkpoint folder: config.json, weights, tokenizer, entity_vocab.json.
    checkpoint: PathBuf,
    /// The model folder to make; an existing one is replaced.
    output: PathBuf,
    /// How matrices are stored.
    #[arg(long, value_enum, default_value_t = WeightType::F32)]
    dtype: WeightType,
    /// Rows of the entity table to keep: the special ones, or all.
    #[arg(long, value_enum, default_value_t = Entities::Special)]
    entities: Entities,
    /// Most MiB of a chunk.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    chunk_mib: u32,
    /// The task of the checkpoint's head, where config.json names none (ner, typing, relation, qa, mlm, ...).
    #[arg(long)]
    head: Option<String>,
    /// The model's name; by default the folder's.
    #[arg(long)]
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Entities {
    Special,
    Full,
}

/// What a checkpoint folder may say of itself in `luke_web.json`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct About {
    name: Option<String>,
    license: String,
    source: String,
    heads: HashMap<String, HeadSpec>,
}

/// Titles every lite checkpoint has, in its order.
const SPECIAL_ENTITIES: [&str; 4] = ["[MASK]", "[UNK]", "[PAD]", "[MASK2]"];

/// Largest difference of logits between devices that still counts as the same model.
const SELF_TEST_TOLERANCE: f32 = 2e-3;

/// Runs the command.
pub fn convert(options: &Options) -> Result<()> {
    let folder = &options.checkpoint;
    let mut config = json_file(&folder.join("config.json"))?;
    let luke = LukeConfig::from_value(&config)?;
    let about: About = match folder.join("luke_web.json") {
        path if path.exists() => serde_json::from_slice(&read(&path)?).map_err(|error| file_error(&path, &error))?,
        _ => About::default(),
    };
    let heads = heads(options.head.as_deref(), &luke, &about)?;
    let mut tensors = normalise(read_tensors(folder)?, &luke)?;
    let mut entity_vocab = json_file(&folder.join("entity_vocab.json"))?;
    if options.entities == Entities::Special {
        entity_vocab = keep_special_entities(&entity_vocab, &mut tensors, &mut config)?;
    }
    let tokenizer = tokenizer_json(folder)?;

    let name = options.name.clone().or(about.name).unwrap_or_else(|| file_name(folder));
    let temporary = options.output.with_file_name(format!("{}.partial", file_name(&options.output)));
    remove(&temporary)?;
    let mut writer = Writer { folder: temporary.clone() };
    let files = Files {
        tokenizer: writer.write("tokenizer.json", tokenizer.to_string().as_bytes())?,
        entity_vocab: writer.write("entity_vocab.json", entity_vocab.to_string().as_bytes())?,
    };
    let dtype = options.dtype.into();
    let (chunks, entries) = writer.write_chunks(tensors, dtype, options.chunk_mib as usize * 1024 * 1024)?;
    let mut manifest = Manifest {
        format: "luke-web".into(),
        version: 1,
        name,
        license: about.license,
        source: about.source,
        config,
        dtype,
        heads,
        files,
        chunks,
        tensors: entries,
        entity_table: None,
        self_test: None,
    };
    writer.write_manifest(&manifest)?;
    manifest.self_test = Some(self_test(&temporary, &manifest)?);
    writer.write_manifest(&manifest)?;
    let card = folder.join("README.md");
    if card.exists() {
        writer.write("README.md", &read(&card)?)?;
    }
    remove(&options.output)?;
    std::fs::rename(&temporary, &options.output).map_err(|error| file_error(&options.output, &error))?;
    let bytes: usize = manifest.chunks.iter().map(|chunk| chunk.bytes).sum();
    println!("{}", json!({ "name": manifest.name, "chunks": manifest.chunks.len(), "chunkBytes": bytes }));
    Ok(())
}

fn heads(asked: Option<&str>, config: &LukeConfig, about: &About) -> Result<BTreeMap<String, HeadSpec>> {
    let named = Head::TASKS.iter().find(|(class, _)| config.architectures.iter().any(|a| a == class));
    let task = match (asked, named) {
        (Some(task), _) if Head::TASKS.iter().any(|(_, known)| *known == task) => task,
        (Some(task), _) => {
            let known: Vec<_> = Head::TASKS.iter().map(|(_, task)| *task).collect();
            let reason = format!("'{task}' is none of {}", known.join(", "));
            return Err(LukeError::Input { argument: "--head".into(), reason });
        }
        (None, Some((_, task))) => task,
        (None, None) => match config.architectures.iter().find(|class| *class != "LukeModel") {
            Some(class) => return Err(file_error(Path::new("config.json"), &format!("class {class} is not known"))),
            None => return Ok(BTreeMap::new()),
        },
    };
    let mut head = about.heads.get(task).cloned().unwrap_or_default();
    if !Head::UNLABELLED.contains(&task) {
        head.labels = config.labels()?;
    }
    if task == "ner" {
        head.context.get_or_insert(NerContext::Document);
        head.max_span_tokens.get_or_insert(16);
    }
    if task == "cloze" {
        head.tokens.get_or_insert(ClozeTokens::last_rows(config.vocab_size));
    }
    Ok(BTreeMap::from([(task.to_owned(), head)]))
}

/// One set of names for all checkpoints: `luke.` in front, tied decoders left out, missing queries filled in.
fn normalise(tensors: BTreeMap<String, Tensor>, config: &LukeConfig) -> Result<BTreeMap<String, Tensor>> {
    const OUTSIDE: [&str; 6] = ["luke.", "lm_head.", "entity_predictions.", "classifier.", "qa_outputs.", "scorer."];
    let mut named: BTreeMap<String, Tensor> = BTreeMap::new();
    for (name, tensor) in tensors {
        let inside = !OUTSIDE.iter().any(|prefix| name.starts_with(prefix));
        let name = if inside { format!("luke.{name}") } else { name };
        if !name.ends_with("position_ids") {
            named.insert(name, tensor);
        }
    }
    // The decoders are the embedding tables unless the checkpoint holds other values.
    let tied = [
        ("lm_head.decoder.weight", "luke.embeddings.word_embeddings.weight"),
        ("entity_predictions.decoder.weight", "luke.entity_embeddings.entity_embeddings.weight"),
        ("lm_head.decoder.bias", "lm_head.bias"),
        ("entity_predictions.decoder.bias", "entity_predictions.bias"),
    ];
    for (copy, original) in tied {
        let Some(tensor) = named.remove(copy) else { continue };
        match named.get(original) {
            Some(original) if original.values == tensor.values => {}
            Some(_) if copy == "lm_head.decoder.weight" => drop(named.insert(copy.into(), tensor)),
            // Hugging Face always decodes with the entity table and with lm_head.bias.
            Some(_) => {}
            None => drop(named.insert(original.into(), tensor)),
        }
    }
    for layer in 0..config.num_hidden_layers {
        for query in ["w2e_query", "e2w_query", "e2e_query"] {
            for part in ["weight", "bias"] {
                let attention = format!("luke.encoder.layer.{layer}.attention.self");
                let (own, plain) = (format!("{attention}.{query}.{part}"), format!("{attention}.query.{part}"));
                if !config.use_entity_aware_attention {
                    named.remove(&own);
                } else if let (false, Some(from)) = (named.contains_key(&own), named.get(&plain)) {
                    let copy = Tensor { shape: from.shape.clone(), values: from.values.clone() };
                    named.insert(own, copy);
                }
            }
        }
    }
    if !named.contains_key("luke.embeddings.word_embeddings.weight") {
        let names: Vec<&str> = named.keys().map(String::as_str).take(3).collect();
        let reason = format!("this tensor is missing: no LUKE checkpoint ({}...)", names.join(", "));
        return Err(file_error(Path::new("luke.embeddings.word_embeddings.weight"), &reason));
    }
    Ok(named)
}

/// Cuts the entity table, its vocabulary and its biases to the special rows, in a lite checkpoint's order.
fn keep_special_entities(vocab: &Value, tensors: &mut BTreeMap<String, Tensor>, config: &mut Value) -> Result<Value> {
    let rows: Vec<(&str, usize)> = SPECIAL_ENTITIES
        .iter()
        .filter_map(|title| vocab.get(title).and_then(Value::as_u64).map(|row| (*title, row as usize)))
        .collect();
    for name in ["luke.entity_embeddings.entity_embeddings.weight", "entity_predictions.bias"] {
        let Some(tensor) = tensors.get_mut(name) else { continue };
        let all = tensor.shape.first().copied().unwrap_or(0);
        let width: usize = tensor.shape.iter().skip(1).product();
        let mut values = Vec::with_capacity(rows.len() * width);
        for (title, row) in &rows {
            if *row >= all {
                let reason = format!("'{title}' is row {row}, {name} has {all}");
                return Err(file_error(Path::new("entity_vocab.json"), &reason));
            }
            values.extend_from_slice(&tensor.values[row * width..(row + 1) * width]);
        }
        tensor.values = values;
        tensor.shape[0] = rows.len();
    }
    config["entity_vocab_size"] = json!(rows.len());
    Ok(rows.iter().enumerate().map(|(row, (title, _))| ((*title).to_owned(), json!(row))).collect())
}

/// What the model gives for a fixed text on the CPU, with the weights as they are stored.
fn self_test(folder: &Path, manifest: &Manifest) -> Result<SelfTest> {
    let luke = pollster::block_on(folder::load(folder, DeviceKind::Cpu, false))?;
    let text = "Ana Ivanovic lives in Los Angeles.".to_owned();
    let head = manifest.heads.keys().next().cloned().unwrap_or_else(|| "model".into());
    let mut spans = vec![[0, 12], [22, 33]];
    if head == "typing" {
        spans.truncate(1);
    }
    let mut expected = pollster::block_on(luke.self_test_values(&text, &spans, &head))?;
    expected.truncate(64);
    let size = expected.iter().fold(1.0f32, |most, value| most.max(value.abs()));
    Ok(SelfTest { text, spans, head, expected, tolerance: SELF_TEST_TOLERANCE * size })
}

struct Writer {
    folder: PathBuf,
}

impl Writer {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<FileEntry> {
        let to = self.folder.join(path);
        let parent = to.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(parent).map_err(|error| file_error(parent, &error))?;
        std::fs::write(&to, bytes).map_err(|error| file_error(&to, &error))?;
        Ok(FileEntry::of(path, bytes))
    }

    fn write_manifest(&mut self, manifest: &Manifest) -> Result<()> {
        let json = serde_json::to_string(manifest).map_err(|error| file_error(Path::new("manifest.json"), &error))?;
        self.write("manifest.json", json.as_bytes()).map(drop)
    }

    /// Chunks of at most `most` bytes (more only for a single row that is larger), in order of first use.
    fn write_chunks(
        &mut self,
        tensors: BTreeMap<String, Tensor>,
        dtype: DType,
        most: usize,
    ) -> Result<(Vec<Chunk>, Vec<TensorEntry>)> {
        let mut ordered: Vec<_> = tensors.into_iter().collect();
        ordered.sort_by_key(|(name, _)| first_use(name));
        let (mut chunks, mut entries, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for (name, tensor) in ordered {
            // Vectors stay f32: they are small, and LayerNorm and biases are where rounding shows.
            let dtype = if tensor.shape.len() > 1 { dtype } else { DType::F32 };
            let bytes = match dtype {
                DType::F16 => encode_f16(&tensor.values),
                _ => tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            let rows = tensor.shape.first().copied().unwrap_or(1);
            let row = bytes.len() / rows.max(1);
            let mut start = 0;
            while start < rows {
                if !open.is_empty() && open.len() + row.max((bytes.len() - start * row).min(most / 4)) > most {
                    chunks.push(self.write_chunk(chunks.len(), &mut open)?);
                }
                let fit = (most.saturating_sub(open.len()) / row.max(1)).max(1);
                let end = (start + fit).min(rows);
                let part = &bytes[start * row..end * row];
                entries.push(TensorEntry {
                    name: name.clone(),
                    dtype,
                    shape: tensor.shape.clone(),
                    rows: (start > 0 || end < rows).then_some([start, end]),
                    chunk: chunks.len(),
                    offset: open.len(),
                    bytes: part.len(),
                });
                open.extend_from_slice(part);
                start = end;
            }
        }
        if !open.is_empty() {
            chunks.push(self.write_chunk(chunks.len(), &mut open)?);
        }
        Ok((chunks, entries))
    }

    fn write_chunk(&mut self, index: usize, open: &mut Vec<u8>) -> Result<Chunk> {
        let chunk = self.write(&format!("chunks/{index:04}.bin"), open)?;
        open.clear();
        Ok(chunk)
    }
}

/// Sorts names by when a forward pass needs them.
fn first_use(name: &str) -> (usize, usize, String) {
    let layer = name.strip_prefix("luke.encoder.layer.").and_then(|rest| rest.split('.').next()?.parse().ok());
    let place = match name {
        _ if name.starts_with("luke.embeddings.") => 0,
        _ if name.starts_with("luke.entity_embeddings.") => 1,
        _ if layer.is_some() => 2,
        _ => 3,
    };
    (place, layer.unwrap_or(0), name.to_owned())
}

fn json_file(path: &Path) -> Result<Value> {
    serde_json::from_slice(&read(path)?).map_err(|error| file_error(path, &error))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "luke".into(), |name| name.to_string_lossy().into_owned())
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_error(folder, &error)),
        _ => Ok(()),
    }
}
