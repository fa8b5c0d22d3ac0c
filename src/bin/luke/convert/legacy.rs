//! Reads the authors' own archives (github.com/studio-ousia/luke): `metadata.json`, `pytorch_model.bin` and
//! `entity_vocab.tsv` (LUKE) or `entity_vocab.jsonl` (mLUKE). Parts that Hugging Face's classes need and an archive
//! does not have are added as in `convert_luke_original_pytorch_checkpoint_to_pytorch.py` of `transformers`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use luke_web::checkpoint::{About, Rows, Stored};
use luke_web::config::{MAX_ENTITY_VOCAB_SIZE, MAX_VOCAB_SIZE};
use luke_web::error::json_line_reason;
use luke_web::heads::{HeadKind, HeadLayers};
use luke_web::text::{CheckedTokenizerJson, TokenizerJson};
use luke_web::{LukeError, Result, file_start};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::tensors::Tensors;
use super::{Checkpoint, SPECIAL_ENTITIES};
use crate::folder::{self, file_error, lookup, read};

/// The marker words, and the word whose row a marker gets if the checkpoint has no row for it. The authors write
/// `<ent>` as `[ENTITY]` in entity typing and as `[HEAD]` in relation classification, and `<ent2>` as `[TAIL]`.
const MARKERS: [(&str, &str); 2] = [("<ent>", "@"), ("<ent2>", "#")];

/// The extra words of a cloze checkpoint, in the order of their rows (`examples/legacy/entity_span_qa/main.py`).
const CLOZE_TOKENS: [&str; 3] = ["[HIGHLIGHT]", "[PLACEHOLDER]", "[ENTITY]"];

/// Labels in the order of the authors' data readers (`examples/legacy/*/utils.py`): CoNLL-2003, Open Entity, TACRED.
const NER_LABELS: &str = "NIL MISC PER ORG LOC";
const TYPING_LABELS: &str = "entity event group location object organization person place time";
const RELATION_LABELS: &str = "no_relation org:alternate_names org:city_of_headquarters org:country_of_headquarters \
    org:dissolved org:founded org:founded_by org:member_of org:members org:number_of_employees/members org:parents \
    org:political/religious_affiliation org:shareholders org:stateorprovince_of_headquarters org:subsidiaries \
    org:top_members/employees org:website per:age per:alternate_names per:cause_of_death per:charges per:children \
    per:cities_of_residence per:city_of_birth per:city_of_death per:countries_of_residence per:country_of_birth \
    per:country_of_death per:date_of_birth per:date_of_death per:employee_of per:origin per:other_family per:parents \
    per:religion per:schools_attended per:siblings per:spouse per:stateorprovince_of_birth \
    per:stateorprovince_of_death per:stateorprovinces_of_residence per:title";

/// Reads the folder of an unpacked archive. `tokenizer` is the folder with the tokenizer's files.
///
/// # Errors
/// `io` if a file cannot be read; `format` if it is not of its form, if the model is not based on RoBERTa, or if the
/// numbers of words, entities and rows do not fit each other.
pub fn read_archive(folder: &Path, tokenizer: &Path) -> Result<Checkpoint> {
    let path = folder.join("metadata.json");
    let metadata: Metadata = folder::json(&path)?;
    let mut config = metadata.model_config;
    let model = config.get("bert_model_name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !model.contains("roberta") {
        let reason = format!("bert_model_name '{model}': word positions of this model start elsewhere than LUKE's");
        return Err(file_error(&path, &reason));
    }
    let tensors = Tensors::open(folder)?;
    let mut about = About::read(&lookup(folder))?;
    let shape = |name: &str| tensors.stored.iter().find(|tensor| tensor.name == name).map(|tensor| &tensor.shape);
    let rows = |name: &str| {
        let missing = || LukeError::Format { file: name.into(), reason: "this tensor is missing".into() };
        shape(name).and_then(|shape| shape.first().copied()).ok_or_else(missing)
    };
    let bounded = |name: &str, max: usize| {
        let rows = rows(name)?;
        let reason = format!("has {rows} rows, more than {max}");
        if rows > max { Err(LukeError::Format { file: name.into(), reason }) } else { Ok(rows) }
    };
    let words = bounded("embeddings.word_embeddings.weight", MAX_VOCAB_SIZE)?;
    let entities = bounded("entity_embeddings.entity_embeddings.weight", MAX_ENTITY_VOCAB_SIZE)?;

    let own_words = config.get("vocab_size").and_then(Value::as_u64).map_or(words, |size| words.min(size as usize));
    let cloze = shape("scorer.weight").is_some();
    let (tokenizer, words) = tokenizer_with_markers(&model, tokenizer, own_words, words, cloze)?;
    let (entity_vocab, entities) = entity_rows(folder, entities)?;
    add_labels(&mut about, &tensors.stored);

    // The labels in the config are defaults of `BertConfig`, not those of this model.
    config.retain(|key, _| key != "id2label" && key != "label2id" && key != "architectures");
    let hidden = config.get("hidden_size").cloned().unwrap_or(Value::Null);
    let count = |rows: &[Range<usize>]| json!(rows.iter().map(Range::len).sum::<usize>());
    let fixed = [
        ("model_type", json!("luke")),
        ("use_entity_aware_attention", json!(true)),
        ("pad_token_id", json!(1)),
        ("vocab_size", count(&words)),
        ("entity_vocab_size", count(&entities)),
    ];
    config.extend(fixed.map(|(key, value)| (key.to_owned(), value)));
    if config.get("entity_emb_size").is_none_or(Value::is_null) {
        config.insert("entity_emb_size".into(), hidden);
    }
    let (words, entities) = (Some(words), Some(entities));
    Ok(Checkpoint { config: config.into(), about, tensors, entity_vocab, tokenizer, words, entities })
}

#[derive(Deserialize)]
struct Metadata {
    model_config: Map<String, Value>,
}

/// The tokenizer with the words that the archive adds to it, and the rows that the word table gets. `own` is the number
/// of words of the pretrained model, `rows` the number of rows in the archive. A marker without a row gets a copy of
/// the row of its word in [`MARKERS`].
fn tokenizer_with_markers(
    model: &str,
    folder: &Path,
    own: usize,
    rows: usize,
    cloze: bool,
) -> Result<(CheckedTokenizerJson, Rows)> {
    let mut tokenizer = TokenizerJson::of_checkpoint(&lookup(folder)).map_err(|error| {
        let reason = format!("{error}; the archive leaves the tokenizer of {model} out: --tokenizer names its folder");
        file_error(folder, &reason)
    })?;
    tokenizer.drop_added_tokens_from(own);
    let names: Vec<&str> = if cloze { CLOZE_TOKENS.into() } else { MARKERS.iter().map(|(name, _)| *name).collect() };
    if rows - own > names.len() || (cloze && rows - own < names.len()) {
        let reason = format!("has {rows} rows: {own} and {}", rows - own);
        return Err(LukeError::Format { file: "embeddings.word_embeddings.weight".into(), reason });
    }
    let tokens: Vec<(&str, u32)> = names.iter().copied().zip(own as u32..).collect();
    tokenizer.add_special_tokens(&tokens);
    let mut ranges: Rows = std::iter::once(0..rows).collect();
    if !cloze {
        for (marker, word) in &MARKERS[rows - own..] {
            let missing = || file_error(folder, &format!("has no token {word}, which {marker} starts as"));
            let row = tokenizer.token_id(word).filter(|row| *row < own).ok_or_else(missing)?;
            ranges.push(row..row + 1);
        }
    }
    Ok((tokenizer.check()?, ranges))
}

/// The entity vocabulary, and the rows of the entity table (which has `rows` of them) that the model takes, in the
/// order of the vocabulary.
fn entity_rows(folder: &Path, rows: usize) -> Result<(BTreeMap<String, u32>, Rows)> {
    let (tsv, jsonl) = (folder.join("entity_vocab.tsv"), folder.join("entity_vocab.jsonl"));
    let path = if tsv.exists() { &tsv } else { &jsonl };
    let bytes = read(path)?;
    let text = file_start::text(&path.display().to_string(), &bytes)?;
    let mut vocab = if tsv.exists() { tsv_vocab(text) } else { jsonl_vocab(path, text)? };
    let last = vocab.values().max().map_or(0, |last| *last as usize + 1);
    if vocab.len().max(last) > MAX_ENTITY_VOCAB_SIZE {
        return Err(file_error(path, &format!("has more than {MAX_ENTITY_VOCAB_SIZE} entities")));
    }
    if rows < last {
        // Fine-tuning cuts the table to [PAD], [MASK] and, for relations, [MASK2]. No task asks for [UNK].
        let mask2 = match rows {
            2 => 1,
            3 => 2,
            _ => return Err(file_error(path, &format!("has {last} entities, the entity table has {rows} rows"))),
        };
        let vocab = SPECIAL_ENTITIES.iter().zip(0..).map(|(title, row)| ((*title).to_owned(), row)).collect();
        return Ok((vocab, [1, 0, 0, mask2].map(|row| row..row + 1).into()));
    }
    let missing = || file_error(path, &"has no [MASK]");
    let mask = *vocab.get("[MASK]").ok_or_else(missing)? as usize;
    // The row of [MASK2] is a copy of [MASK]. If the vocabulary has no [MASK2] (mLUKE), it comes at the end.
    let mask2 = *vocab.entry("[MASK2]".into()).or_insert(rows as u32) as usize;
    let ranges = [0..mask2, mask..mask + 1, mask2 + 1..rows.max(mask2 + 1)];
    Ok((vocab, ranges.into_iter().filter(|range| !range.is_empty()).collect()))
}

/// Reads `entity_vocab.tsv`: a line `title TAB count` for each row of the entity table, in order.
fn tsv_vocab(text: &str) -> BTreeMap<String, u32> {
    let title = |line: &str| line.trim_end().rsplit_once('\t').map_or(line, |(title, _)| title).to_owned();
    text.lines().map(title).zip(0..).collect()
}

/// Reads `entity_vocab.jsonl`: a line `{"id": row, "entities": [[title, language], ...]}` for each row of the entity
/// table. A title becomes `language:title`; special titles stay as they are.
fn jsonl_vocab(path: &Path, text: &str) -> Result<BTreeMap<String, u32>> {
    #[derive(Deserialize)]
    struct Entity {
        id: u32,
        entities: Vec<(String, Option<String>)>,
    }
    let mut vocab = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let wrong =
            |error: serde_json::Error| file_error(path, &format!("line {}: {}", number + 1, json_line_reason(&error)));
        let entity: Entity = serde_json::from_str(line).map_err(wrong)?;
        for (title, language) in entity.entities {
            if SPECIAL_ENTITIES.contains(&title.as_str()) {
                vocab.insert(title, entity.id);
                break;
            }
            vocab.insert(format!("{}:{title}", language.unwrap_or_default()), entity.id);
        }
    }
    Ok(vocab)
}

/// Adds the labels of the checkpoints of the paper, if `luke_web.json` names no heads.
fn add_labels(about: &mut About, stored: &[Stored]) {
    let shape = |name: &str| stored.iter().find(|tensor| tensor.name == name).map(|tensor| &tensor.shape);
    let known = [(HeadKind::Ner, NER_LABELS), (HeadKind::Typing, TYPING_LABELS), (HeadKind::Relation, RELATION_LABELS)];
    for (kind, labels) in known {
        let HeadLayers::Linear(layer) = &kind.info().layers else { continue };
        let labels: Vec<String> = labels.split_whitespace().map(str::to_owned).collect();
        let name = kind.info().marker.and_then(|marker| marker.strip_suffix(".weight")).unwrap_or(layer.name);
        let bias = shape(&format!("{name}.bias")).is_some();
        let fits = shape(&format!("{name}.weight")).is_some_and(|shape| shape.first() == Some(&labels.len()));
        if fits && bias == layer.bias && about.heads.is_empty() {
            about.heads.entry(kind.key().into()).or_default().labels = labels;
        }
    }
}
