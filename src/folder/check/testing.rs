//! A small manifest that passes, for tests that spoil it.

use serde_json::{Value, json};

use crate::config::LukeConfig;
use crate::folder::{CheckedFolder, TensorNames, TensorSpec, tensor_specs};

/// The names of a model without a pooler and with one head.
struct Few;

impl TensorNames for Few {
    fn has(&self, _: &str) -> bool {
        false
    }

    fn has_under(&self, _: &str) -> bool {
        false
    }
}

fn file(path: &str, bytes: usize) -> Value {
    json!({ "path": path, "bytes": bytes, "sha256": "0".repeat(64) })
}

/// A model with one layer and a head for `ner`, in f32. Its word table is cut: rows 10 and 11 are in a chunk of their own.
pub fn manifest() -> Value {
    build(12, 8, false)
}

/// The same with its eight entities in two files.
pub fn paged() -> Value {
    paged_in(2)
}

/// Entities in each file of [`paged_in`].
pub const ROWS_IN_CHUNK: usize = 4;

/// The same with entities in some files.
pub fn paged_in(files: usize) -> Value {
    let (rows, mut manifest) = (files * ROWS_IN_CHUNK, build(12, 8, true));
    manifest["config"]["entity_vocab_size"] = json!(rows);
    manifest["entityTable"] = json!({
        "rows": rows, "rowBytes": 16, "rowsPerChunk": ROWS_IN_CHUNK, "dtype": "f32",
        "chunks": (0..files).map(|index| file(&format!("entities/{index:04}.bin"), 16 * ROWS_IN_CHUNK)).collect::<Vec<_>>(),
    });
    manifest
}

/// The same as a checkpoint that is read as it is.
pub fn checkpoint() -> Value {
    let mut manifest = manifest();
    let mut offset = 100;
    for chunk in manifest["chunks"].as_array_mut().unwrap() {
        *chunk = json!({ "path": "model.safetensors", "bytes": chunk["bytes"], "offset": offset });
        offset += chunk["bytes"].as_u64().unwrap();
    }
    for name in ["tokenizer", "entityVocab"] {
        manifest["files"][name].as_object_mut().unwrap().remove("sha256");
    }
    manifest
}

/// A model whose word table has many rows: the first ten are in the first chunk with all other tensors, the others are in
/// chunks of their own.
pub fn with_words(vocab_size: usize, hidden_size: usize) -> Value {
    build(vocab_size, hidden_size, false)
}

/// Rows of the word table in the first chunk.
const FIRST_ROWS: usize = 10;
/// Rows of the word table in each other chunk.
const MORE_ROWS: usize = 1 << 20;

fn build(vocab_size: usize, hidden_size: usize, paged: bool) -> Value {
    let config = json!({
        "model_type": "luke", "vocab_size": vocab_size, "entity_vocab_size": 8, "hidden_size": hidden_size,
        "entity_emb_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "hidden_act": "gelu", "max_position_embeddings": 20, "type_vocab_size": 1, "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
    });
    let heads = json!({ "ner": { "labels": ["O", "PER"] } });
    let specs = tensor_specs(
        &LukeConfig::from_value(&config).unwrap(),
        &serde_json::from_value(heads.clone()).unwrap(),
        paged,
        &Few,
    );
    let (mut tensors, mut offset, mut more) = (Vec::new(), 0, Vec::new());
    for TensorSpec { name, shape, .. } in specs.unwrap() {
        let entry = |rows: Value, chunk: usize, offset: usize, bytes: usize| {
            let place = json!({ "chunk": chunk, "offset": offset, "bytes": bytes, "rows": rows });
            let mut entry = json!({ "name": name, "dtype": "f32", "shape": shape });
            entry.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
            entry
        };
        let row = shape.iter().skip(1).product::<usize>() * 4;
        let mut rows = shape[0];
        if name.ends_with("word_embeddings.weight") {
            for start in (FIRST_ROWS..rows).step_by(MORE_ROWS) {
                let end = (start + MORE_ROWS).min(rows);
                more.push(file(&format!("chunks/{:04}.bin", more.len() + 1), (end - start) * row));
                tensors.push(entry(json!([start, end]), more.len(), 0, (end - start) * row));
            }
            rows = FIRST_ROWS;
            tensors.push(entry(json!([0, rows]), 0, offset, rows * row));
        } else {
            tensors.push(entry(Value::Null, 0, offset, rows * row));
        }
        offset += rows * row;
    }
    more.insert(0, file("chunks/0000.bin", offset));
    tensors.reverse();
    json!({
        "format": "luke-web", "version": 1, "name": "small", "config": config, "dtype": "f32", "heads": heads,
        "files": { "tokenizer": file("tokenizer.json", 10), "entityVocab": file("entity_vocab.json", 10) },
        "chunks": more,
        "tensors": tensors,
        "selfTest": { "text": "a", "spans": [[0, 1]], "head": "ner", "expected": [1.0, 2.0], "tolerance": 0.002 },
    })
}

/// The first entry of a tensor.
pub fn entry<'a>(manifest: &'a mut Value, name: &str) -> &'a mut Value {
    manifest["tensors"].as_array_mut().unwrap().iter_mut().find(|tensor| tensor["name"] == name).unwrap()
}

type Change<'a> = &'a dyn Fn(&mut Value);

/// The spoilt manifest is refused with code `format`, and the message has `part`.
pub fn refused(part: &str, change: Change) {
    spoilt(manifest(), part, change, &|m| CheckedFolder::parse(&m.to_string()));
}

/// The same with an entity table.
pub fn refused_paged(part: &str, change: Change) {
    spoilt(paged(), part, change, &|m| CheckedFolder::parse(&m.to_string()));
}

/// The same of a checkpoint.
pub fn refused_checkpoint(part: &str, change: Change) {
    spoilt(checkpoint(), part, change, &|m| CheckedFolder::of_checkpoint(serde_json::from_value(m.clone()).unwrap()));
}

fn spoilt(mut manifest: Value, part: &str, change: Change, check: &dyn Fn(&Value) -> crate::Result<CheckedFolder>) {
    change(&mut manifest);
    let error = check(&manifest).expect_err(part);
    assert_eq!(error.code(), "format", "{error}");
    assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    assert!(error.to_string().len() < 1_000, "a message of {} bytes", error.to_string().len());
}
