//! `luke convert`: makes a model folder from a checkpoint. Tensors are read, encoded and written a few rows at a time.
//! The result is loaded and run once before it replaces the output. So a folder that the runtime refuses is refused
//! here, with the same error.

mod add_head;
mod archive;
mod calibrate;
mod legacy;
mod pickle;
mod place;
mod tensors;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use luke_web::backend::DeviceKind;
use luke_web::checkpoint::{
    About, ENTITY_TABLE, HeadChoice, Planned, Rows, WORD_TABLE, check_tensors, leave_out, plan, plan_heads,
};
use luke_web::config::LukeConfig;
use luke_web::directory;
use luke_web::dtype::DType;
use luke_web::error::json_reason;
use luke_web::folder::{EntityTable, Files, Manifest, SelfTest};
use luke_web::heads::HeadSpec;
use luke_web::text::{CheckedTokenizerJson, EntityVocab, TokenizerJson, entity_vocab_json};
use luke_web::{Result, file_start};
use serde_json::{Value, json};

use crate::WeightType;
use crate::folder::{self, file_error, lookup, read};
use calibrate::Means;
use tensors::Tensors;
use writer::Writer;

/// Arguments of `luke convert`.
#[derive(Args)]
pub struct Options {
    /// The checkpoint: a folder with config.json, weights, tokenizer and entity_vocab.json, or a folder or .tar.gz of
    /// the authors with metadata.json, pytorch_model.bin and entity_vocab.tsv. With --add-head, a model folder.
    checkpoint: PathBuf,
    /// The model folder to make. An existing model folder is replaced; any other folder with files is refused.
    output: PathBuf,
    /// How matrices are stored.
    #[arg(long, value_enum, default_value_t = WeightType::F32)]
    dtype: WeightType,
    /// How the word table is stored. Default: as --dtype says, but q8 with q4.
    #[arg(long, value_enum, value_name = "DTYPE")]
    word_table: Option<WeightType>,
    /// Rows of the entity table to keep: the special ones, or all.
    #[arg(long, value_enum, default_value_t = Entities::Special)]
    entities: Entities,
    /// The largest size of a chunk in MiB.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    chunk_mib: u32,
    /// A head to keep, by task (ner, typing, relation, qa, cloze, mlm, ...). May be repeated; default: all heads. Give
    /// TASK=LAYER if the layer has an unusual name in the checkpoint.
    #[arg(long, value_name = "TASK[=LAYER]")]
    head: Vec<HeadChoice>,
    /// A tensor to leave out, by its name in the file: `loss_fct.weight`, or `loss_fct` for all below it. May be repeated.
    #[arg(long, value_name = "NAME")]
    leave_out: Vec<String>,
    /// A folder with the tokenizer's files, if the checkpoint has none.
    #[arg(long, value_name = "FOLDER")]
    tokenizer: Option<PathBuf>,
    /// The model's name. Default: that in luke_web.json, else the name of the checkpoint's folder or archive.
    #[arg(long)]
    name: Option<String>,
    /// A head that `luke teach` has written, to be added to a copy of a model folder, which is given in place of a checkpoint. May be
    /// repeated. A head of the same name and task is replaced in the copy.
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_WEIGHTS)]
    add_head: Vec<PathBuf>,
    /// Write the folder without loading it. This takes less memory than the model itself.
    #[arg(long)]
    skip_self_test: bool,
}

/// Options that make other weights, of which heads that are added would know nothing.
const OF_WEIGHTS: [&str; 8] =
    ["dtype", "word_table", "entities", "chunk_mib", "head", "leave_out", "tokenizer", "name"];

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Entities {
    Special,
    Full,
}

/// A checkpoint, as a conversion starts from it.
struct Checkpoint {
    config: Value,
    about: About,
    tensors: Tensors,
    /// Row of the entity table by title.
    entity_vocab: BTreeMap<String, u32>,
    tokenizer: CheckedTokenizerJson,
    /// The rows to take of each tensor that has one row for each word. `None`: all rows in their order.
    words: Option<Rows>,
    /// The rows to take of each tensor that has one row for each entity. `None`: all rows in their order.
    entities: Option<Rows>,
}

/// The titles of a lite checkpoint, in the order of their rows.
const SPECIAL_ENTITIES: [&str; 4] = ["[MASK]", "[UNK]", "[PAD]", "[MASK2]"];

/// The largest difference of logits that two devices may have for the same model, relative to the largest logit (at
/// least 1).
const SELF_TEST_TOLERANCE: f32 = 2e-3;

/// The same for quantized weights. f32 sums of two devices differ in the last bits, so some activations are rounded to
/// another integer. When the results of LayerNorm were changed by one part in ten million, logits of the default model moved by
/// up to 1.3 %, and those of a base model with random weights by up to 2.1 %.
const QUANTIZED_TOLERANCE: f32 = 0.04;

/// Runs the command, and prints the name, the number of files and their bytes as JSON.
///
/// # Errors
/// - `input` if the output may not be replaced, or if two chosen heads would be one layer
/// - `io` if the checkpoint cannot be read, or if the folder cannot be written
/// - `format` if the checkpoint cannot be followed
/// - `out-of-memory`
/// - else those of [`directory::load`] and [`Luke::self_test_values`](luke_web::Luke::self_test_values)
pub fn convert(options: &Options) -> Result<()> {
    if !options.add_head.is_empty() {
        return add_head::add(&options.checkpoint, &options.output, &options.add_head, !options.skip_self_test);
    }
    place::check("checkpoint", &options.checkpoint, &options.output)?;
    let unpacked = archive::Unpacked::of(&options.checkpoint, &options.output)?;
    let folder = unpacked.folder();
    let tokenizer = options.tokenizer.as_deref().unwrap_or(folder);
    let is_archive = folder.join("metadata.json").exists() && !folder.join("config.json").exists();
    let mut checkpoint =
        if is_archive { legacy::read_archive(folder, tokenizer)? } else { hugging_face(folder, tokenizer)? };
    let luke = LukeConfig::from_value(&checkpoint.config)?;
    for names in [&checkpoint.about.leave_out, &options.leave_out] {
        leave_out(&mut checkpoint.tensors.stored, names)?;
    }
    let stored = &checkpoint.tensors.stored;
    let heads = plan_heads(&luke, &checkpoint.about.heads, stored, &options.head)?;
    let mut planned = plan(&luke, stored, &heads, !options.head.is_empty())?;
    drop_tied_decoder(&mut planned, &checkpoint.tensors)?;
    for tensor in &mut planned {
        match (of_each_word(tensor), of_each_entity(tensor)) {
            (true, _) => tensor.rows = checkpoint.words.clone().unwrap_or(std::mem::take(&mut tensor.rows)),
            (_, true) => tensor.rows = checkpoint.entities.clone().unwrap_or(std::mem::take(&mut tensor.rows)),
            _ => {}
        }
    }
    if options.entities == Entities::Special {
        keep_special_entities(&mut checkpoint.entity_vocab, &mut planned, &mut checkpoint.config)?;
    }
    check_tensors(&LukeConfig::from_value(&checkpoint.config)?, &heads, &checkpoint.tensors.stored, &mut planned)?;

    let name = options.name.clone().or(checkpoint.about.name.clone()).unwrap_or_else(|| file_name(&options.checkpoint));
    let temporary = place::Temporary::beside(&options.output, "partial")?;
    let large = |tensor: &Planned| tensor.is(ENTITY_TABLE) && tensor.len() > EntityTable::RESIDENT_ROWS;
    let table = planned.iter().position(large).map(|place| planned.remove(place));
    let heads = heads.into_iter().map(|head| (head.kind.key().to_owned(), head.spec)).collect();
    let parts =
        Parts { name, heads, checkpoint, planned, table, chunk_bytes: options.chunk_mib as usize * 1024 * 1024 };
    let mut writer = Writer {
        folder: temporary.path().to_owned(),
        dtype: options.dtype.into(),
        word_table: options.word_table.map(Into::into),
        means: Means::new(),
    };
    if writer.dtype.is_quantized() {
        writer.means = parts.mean_inputs(&options.output)?;
    }
    let mut manifest = parts.write(&writer)?;
    if !options.skip_self_test {
        manifest.self_test = Some(self_test(temporary.path(), &manifest)?);
        writer.write_manifest(&manifest)?;
    }
    let card = folder.join("README.md");
    if card.exists() {
        writer.write("README.md", &read(&card)?)?;
    }
    temporary.move_to(&options.output)?;
    let bytes: usize = manifest.all_files().map(|file| file.bytes).sum();
    println!("{}", json!({ "name": manifest.name, "files": manifest.all_files().count(), "bytes": bytes }));
    Ok(())
}

/// The parts of a model folder.
struct Parts {
    name: String,
    heads: BTreeMap<String, HeadSpec>,
    checkpoint: Checkpoint,
    /// The tensors, without a large entity table.
    planned: Vec<Planned>,
    /// The entity table, if it has more than [`EntityTable::RESIDENT_ROWS`] rows.
    table: Option<Planned>,
    chunk_bytes: usize,
}

impl Parts {
    /// Writes the folder, without a self-test.
    fn write(&self, writer: &Writer) -> Result<Manifest> {
        let Checkpoint { config, about, tensors, entity_vocab, tokenizer, .. } = &self.checkpoint;
        let entity_vocab = match self.table {
            Some(_) => writer.write("entity_vocab.bin", &EntityVocab::index_bytes(entity_vocab)?)?,
            None => writer.write("entity_vocab.json", json!(entity_vocab).to_string().as_bytes())?,
        };
        let tokenizer = writer.write("tokenizer.json", &tokenizer.to_bytes()?)?;
        let (chunks, entries) = writer.write_tensors(&self.planned, tensors, self.chunk_bytes)?;
        let manifest = Manifest {
            format: "luke-web".into(),
            version: 1,
            name: self.name.clone(),
            license: about.license.clone(),
            source: about.source.clone(),
            config: config.clone(),
            dtype: writer.dtype,
            heads: self.heads.clone(),
            files: Files { tokenizer, entity_vocab },
            chunks,
            tensors: entries,
            entity_table: self.table.as_ref().map(|table| writer.write_entity_table(table, tensors)).transpose()?,
            self_test: None,
            taught_heads: Vec::new(),
            base: None,
        };
        writer.write_manifest(&manifest)?;
        Ok(manifest)
    }

    /// The mean inputs of the layers in the model before it is quantized. That model is written to a temporary folder
    /// beside `output`.
    fn mean_inputs(&self, output: &Path) -> Result<Means> {
        let folder = place::Temporary::beside(output, "exact")?;
        let exact =
            Writer { folder: folder.path().to_owned(), dtype: DType::F32, word_table: None, means: Means::new() };
        self.write(&exact)?;
        calibrate::mean_inputs(folder.path())
    }
}

/// Reads a folder that Hugging Face's `save_pretrained` wrote.
fn hugging_face(folder: &Path, tokenizer: &Path) -> Result<Checkpoint> {
    Ok(Checkpoint {
        config: folder::json(&folder.join("config.json"))?,
        about: About::read(&lookup(folder))?,
        tensors: Tensors::open(folder)?,
        entity_vocab: entity_vocab(folder)?,
        tokenizer: TokenizerJson::of_checkpoint(&lookup(tokenizer))?.check()?,
        words: None,
        entities: None,
    })
}

fn entity_vocab(folder: &Path) -> Result<BTreeMap<String, u32>> {
    let bytes = entity_vocab_json(&lookup(folder))?;
    let json = file_start::without_mark(&bytes);
    serde_json::from_slice(json).map_err(|error| file_error(&folder.join("entity_vocab.json"), &json_reason(&error)))
}

/// Whether the tensor has a row for each word.
fn of_each_word(tensor: &Planned) -> bool {
    let ends = ["lm_head.bias", "lm_head.decoder.weight"];
    tensor.is(WORD_TABLE) || tensor.names.iter().any(|name| ends.iter().any(|end| name.ends_with(end)))
}

/// Whether the tensor has a row for each entity.
fn of_each_entity(tensor: &Planned) -> bool {
    tensor.is(ENTITY_TABLE) || tensor.names.iter().any(|name| name.ends_with("entity_predictions.bias"))
}

/// Leaves out the decoder of words if it equals the word table. The model then uses the word table.
fn drop_tied_decoder(planned: &mut Vec<Planned>, tensors: &Tensors) -> Result<()> {
    let decoder = planned.iter().position(|tensor| tensor.names.iter().any(|n| n.ends_with("lm_head.decoder.weight")));
    let (Some(decoder), Some(words)) = (decoder, planned.iter().find(|tensor| tensor.is(WORD_TABLE))) else {
        return Ok(());
    };
    if tensors.equal(&planned[decoder], words)? {
        planned.remove(decoder);
    }
    Ok(())
}

/// Cuts the entity table, its vocabulary and its biases to the special entities, in the order of a lite checkpoint.
fn keep_special_entities(vocab: &mut BTreeMap<String, u32>, planned: &mut [Planned], config: &mut Value) -> Result<()> {
    let kept = SPECIAL_ENTITIES.iter().filter_map(|title| vocab.get(*title).map(|row| (*title, *row as usize)));
    let (titles, rows): (Vec<&str>, Vec<usize>) = kept.unzip();
    for tensor in planned.iter_mut().filter(|tensor| of_each_entity(tensor)) {
        let all = tensor.len();
        if let Some((row, title)) = rows.iter().zip(&titles).find(|(row, _)| **row >= all) {
            let reason = format!("'{title}' is row {row}, {} has {all}", tensor.names[0]);
            return Err(file_error(Path::new("entity_vocab.json"), &reason));
        }
        tensor.pick(&rows);
    }
    config["entity_vocab_size"] = json!(rows.len());
    *vocab = titles.iter().zip(0..).map(|(title, row)| ((*title).to_owned(), row)).collect();
    Ok(())
}

/// Makes the self-test: the result for a fixed text on the CPU, with the weights as they are stored.
fn self_test(folder: &Path, manifest: &Manifest) -> Result<SelfTest> {
    let luke = pollster::block_on(directory::load(folder, DeviceKind::Cpu, false))?;
    let text = "Ana Ivanovic lives in Los Angeles.".to_owned();
    let head = manifest.heads.keys().next().cloned().unwrap_or_else(|| "model".into());
    let mut spans = vec![[0, 12], [22, 33]];
    if head == "typing" {
        spans.truncate(1);
    }
    let mut expected = pollster::block_on(luke.self_test_values(&text, &spans, &head))?;
    expected.truncate(64);
    let size = expected.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    let tolerance = if manifest.dtype.is_quantized() { QUANTIZED_TOLERANCE } else { SELF_TEST_TOLERANCE };
    Ok(SelfTest { text, spans, head, expected, tolerance: tolerance * size })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "luke".into(), |name| name.to_string_lossy().into_owned())
}
