//! Checkpoints with several heads on one encoder, and checkpoints that are loaded without conversion.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use luke_web::backend::DeviceKind;
use luke_web::checkpoint::{HeadChoice, RawCheckpoint, Stored, header_bytes, read_header, shards};
use luke_web::folder::CheckedFolder;
use luke_web::inputs::ModelInputs;
use luke_web::{Luke, LukeError, Output};
use serde_json::{Value, json};

use crate::support::{
    FileRead, Recorded, camel_case, changed, checkpoint, convert, edit, edit_tensors, fixture, folder, load,
    read_tensors,
};

fn stored(folder: &Path) -> Vec<Stored> {
    let files = match std::fs::read(folder.join("model.safetensors.index.json")) {
        Ok(index) => shards(&index).unwrap(),
        Err(_) => vec!["model.safetensors".to_owned()],
    };
    let of = |file: &String| {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let start = header_bytes(file, &bytes[..8]).unwrap();
        read_header(file, &bytes[..start], Some(bytes.len())).unwrap()
    };
    files.iter().flat_map(of).collect()
}

pub fn read_raw(folder: &Path, heads: &[&str]) -> Result<(RawCheckpoint, Arc<Recorded>), LukeError> {
    let lookup = |name: &str| Ok(std::fs::read(folder.join(name)).ok());
    let heads: Vec<HeadChoice> = heads.iter().map(|head| head.parse().unwrap()).collect();
    let raw = RawCheckpoint::read(&lookup, &stored(folder), "raw", &heads)?;
    Ok((raw, Recorded::ending(folder, ".safetensors")))
}

pub fn load_raw(folder: &Path, heads: &[&str]) -> (Luke, Arc<Recorded>) {
    let (raw, source) = read_raw(folder, heads).unwrap();
    let manifest = serde_json::to_string(raw.folder.manifest()).unwrap();
    assert!(CheckedFolder::parse(&manifest).is_err(), "a model folder must have hashes");
    (pollster::block_on(Luke::load_checkpoint(raw, source.clone(), DeviceKind::Cpu)).unwrap(), source)
}

fn inputs(of: &str) -> Vec<ModelInputs> {
    let cases = fixture("heads.json");
    let cases = cases.as_array().unwrap().iter().filter(|case| case["checkpoint"] == of);
    cases.map(|case| serde_json::from_value(camel_case(&case["inputs"])).unwrap()).collect()
}

fn forward(luke: &Luke, inputs: &ModelInputs, head: Option<&str>) -> Vec<Output> {
    pollster::block_on(luke.forward(inputs, head)).unwrap()
}

#[test]
fn a_checkpoint_read_as_it_is_equals_the_converted_one() {
    let cases = fixture("heads.json");
    let mut names: Vec<&str> =
        cases.as_array().unwrap().iter().map(|case| case["checkpoint"].as_str().unwrap()).collect();
    names.dedup();
    assert_eq!(names.len(), 18);
    for name in names {
        let (raw, source) = load_raw(&checkpoint(name), &[]);
        let converted = load(&folder(name));
        assert_eq!(raw.tasks(), converted.tasks(), "{name}");
        for inputs in inputs(name) {
            assert_eq!(forward(&raw, &inputs, None), forward(&converted, &inputs, None), "{name}");
        }
        let read = source.reads();
        let mut places: Vec<_> = read.iter().map(|FileRead { file, .. }| (file.path.clone(), file.offset)).collect();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), read.len(), "{name}: nothing is read twice");
    }
}

#[test]
fn a_sharded_checkpoint_of_half_precision_is_read_as_it_is() {
    let whole = changed("micro-span_cls", "raw-bf16", |folder| {
        let mut tensors = read_tensors(folder);
        for (_, _, data) in &mut tensors {
            *data = data.chunks_exact(4).flat_map(|b| [b[2], b[3]]).collect();
        }
        crate::support::write_tensors(folder, safetensors::Dtype::BF16, &tensors);
    });
    let sharded = changed("micro-span_cls", "raw-sharded", |folder| {
        let bytes = std::fs::read(whole.join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut map = serde_json::Map::new();
        for (i, part) in file.names().chunks(20).enumerate() {
            let shard = format!("model-{i}.safetensors");
            let views = part.iter().map(|name| (name, file.tensor(name).unwrap()));
            std::fs::write(folder.join(&shard), safetensors::serialize(views, None).unwrap()).unwrap();
            map.extend(part.iter().map(|name| ((*name).to_owned(), json!(shard))));
        }
        std::fs::write(folder.join("model.safetensors.index.json"), json!({ "weight_map": map }).to_string()).unwrap();
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    });
    let (raw, _) = load_raw(&sharded, &[]);
    assert!(raw.manifest.tensors.iter().all(|tensor| tensor.dtype == luke_web::dtype::DType::Bf16));
    let converted = load(&convert(&whole, "raw-bf16", &["--entities", "full"]).unwrap());
    for inputs in inputs("micro-span_cls") {
        assert_eq!(forward(&raw, &inputs, None), forward(&converted, &inputs, None));
    }
}

/// A checkpoint with more entities than are kept in memory.
fn many_entities() -> PathBuf {
    changed("micro-mlm", "many-entities", |folder| {
        const ROWS: usize = 1300;
        edit(&folder.join("config.json"), |c| c["entity_vocab_size"] = json!(ROWS));
        edit(&folder.join("entity_vocab.json"), |vocab| {
            (40..ROWS).for_each(|row| vocab[format!("Entity {row}")] = json!(row));
        });
        edit_tensors(folder, |tensors| {
            let many = tensors.iter_mut().filter(|(name, ..)| {
                name.contains("entity_embeddings.entity_embeddings") || name == "entity_predictions.bias"
            });
            for (_, shape, data) in many {
                let row = data.len() / shape[0];
                shape[0] = ROWS;
                *data = (0..ROWS).flat_map(|to| data[to % 40 * row..][..row].to_vec()).collect();
            }
        });
    })
}

#[test]
fn a_large_entity_table_is_read_by_rows_raw_and_converted() {
    let from = many_entities();
    let (raw, source) = load_raw(&from, &[]);
    let table = raw.manifest.entity_table.clone().unwrap();
    assert_eq!((table.rows, table.row_bytes, table.rows_per_chunk, table.chunks.len()), (1300, 64, 512, 3));
    let rows_read = || source.reads().iter().filter(|read| table.chunks.contains(&read.file)).count();
    assert_eq!(rows_read(), 0, "loading reads no row");

    let to = convert(&from, "many-entities", &["--entities", "full"]).unwrap();
    let converted = load(&to);
    assert_eq!(converted.manifest.entity_table.as_ref().unwrap().chunks[2].path, "entities/0002.bin");
    assert_eq!(converted.manifest.files.entity_vocab.path, "entity_vocab.bin");
    assert_eq!(converted.entity_vocab.row("Entity 1299"), Some(1299));
    assert_eq!(raw.entity_vocab.row("Entity 1299"), Some(1299));

    let mut inputs = inputs("micro-mlm").into_iter().find(|inputs| inputs.entity_ids.len() > 1).unwrap();
    let first: Vec<Output> = forward(&raw, &inputs, Some("model"));
    assert_eq!(rows_read(), 1, "one chunk has all rows of this call");
    inputs.entity_ids.iter_mut().for_each(|id| *id += 31 * 40);
    assert!(inputs.entity_ids.iter().all(|id| *id < 1300), "{:?}", inputs.entity_ids);
    assert_eq!(forward(&raw, &inputs, Some("model")), first, "the rows repeat every 40");
    assert_eq!(rows_read(), 2);
    for head in ["model", "mlm"] {
        assert_eq!(forward(&raw, &inputs, Some(head)), forward(&converted, &inputs, Some(head)), "{head}");
    }
}

/// NER and question answering on the encoder of `micro-span_cls`, stored under names that `name` makes of task and
/// layer.
fn two_heads(at: &str, name: fn(&str, &str) -> String) -> PathBuf {
    let qa = read_tensors(&checkpoint("micro-qa"));
    changed("micro-span_cls", at, |folder| {
        edit_tensors(folder, |tensors| {
            tensors.extend(qa.into_iter().filter(|(name, ..)| name.starts_with("qa_outputs.")));
            for (tensor, ..) in tensors {
                for (task, layer) in [("ner", "classifier"), ("qa", "qa_outputs")] {
                    if let Some(part) = tensor.strip_prefix(&format!("{layer}.")) {
                        *tensor = format!("{}.{part}", name(task, layer));
                    }
                }
            }
        });
    })
}

#[test]
fn several_heads_stand_on_one_encoder() {
    let from = two_heads("two-heads", |task, layer| format!("heads.{task}.{layer}"));
    let to = convert(&from, "two-heads", &["--entities", "full"]).unwrap();
    let (both, alone) = (load(&to), load(&folder("micro-span_cls")));
    assert_eq!(both.manifest.heads.keys().collect::<Vec<_>>(), ["ner", "qa"]);
    assert_eq!(both.manifest.heads["ner"].labels, alone.manifest.heads["ner"].labels);
    let (raw, _) = load_raw(&from, &[]);
    for inputs in inputs("micro-span_cls") {
        assert_eq!(forward(&both, &inputs, Some("ner")), forward(&alone, &inputs, None));
        assert_eq!(forward(&both, &inputs, Some("qa"))[0].name.as_str(), "startLogits");
        for head in ["ner", "qa"] {
            assert_eq!(forward(&raw, &inputs, Some(head)), forward(&both, &inputs, Some(head)));
        }
    }
    // One of two is a model like any other with one head.
    let one = convert(&from, "one-of-two", &["--entities", "full", "--head", "ner"]).unwrap();
    let chunk = |folder: &Path| std::fs::read(folder.join("chunks/0000.bin")).unwrap();
    assert_eq!(chunk(&one), chunk(&folder("micro-span_cls")));
    let heads = |luke: &Luke| luke.manifest.heads.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        (heads(&load(&one)), heads(&load_raw(&from, &["ner"]).0)),
        (vec!["ner".to_owned()], vec!["ner".to_owned()])
    );
}

#[test]
fn heads_under_other_names_are_named_by_the_user() {
    let from = two_heads("own-names", |task, _| format!("my_{task}"));
    edit(&from.join("config.json"), |c| c["architectures"] = json!(["LukeModel"]));
    let both = ["--head", "ner=my_ner", "--head", "qa=my_qa"];
    let named = load(&convert(&from, "own-names", &both).unwrap());
    let usual = two_heads("usual-names", |task, layer| format!("heads.{task}.{layer}"));
    let usual = load(&convert(&usual, "usual-names", &[]).unwrap());
    for inputs in inputs("micro-span_cls").iter_mut() {
        inputs.entity_ids.iter_mut().for_each(|id| *id = 0);
        for head in ["ner", "qa"] {
            assert_eq!(forward(&named, inputs, Some(head)), forward(&usual, inputs, Some(head)));
        }
    }
    let refused = |options: &[&str], named: &[&str]| {
        let error = convert(&from, "own-names-refused", options).unwrap_err();
        named.iter().for_each(|part| assert!(error.contains(part), "{options:?}: {error}"));
    };
    refused(&[], &["my_ner", "not known"]);
    refused(&["--head", "ner"], &["heads.ner.classifier.weight", "head 'ner'"]);
    refused(&["--head", "ner=nothing"], &["nothing.weight"]);
    refused(&["--head", "poetry"], &["'poetry' is none of", "ner"]);
    refused(&["--head", "mlm=my_ner"], &["--head", "fixed"]);
    refused(&["--head", "ner=my_ner", "--head", "typing=my_ner"], &["my_ner.weight", "TASK=LAYER"]);
    refused(&["--head", "relation=my_ner"], &["classifier", "[5, 96]"]);
    refused(&["--head", "ner=my_qa"], &["config.json", "5 labels", "has 2", "luke_web.json"]);
}

#[test]
fn tasks_and_labels_are_found_where_the_checkpoint_has_them() {
    let found = |of: &str, name: &str, change: &dyn Fn(&Path)| -> Result<Vec<(String, Vec<String>)>, String> {
        let (raw, _) = read_raw(&changed(of, name, |folder| change(folder)), &[]).map_err(|error| error.to_string())?;
        Ok(raw.folder.manifest().heads.iter().map(|(task, spec)| (task.clone(), spec.labels.clone())).collect())
    };
    let config = |change: fn(&mut Value)| move |folder: &Path| edit(&folder.join("config.json"), change);
    let no_class = config(|c| drop(c.as_object_mut().unwrap().remove("architectures")));
    for (of, task) in [("span_cls", "ner"), ("entity_pair", "relation"), ("qa", "qa"), ("mlm", "mlm")] {
        let heads = found(&format!("micro-{of}"), &format!("no-class-{of}"), &no_class).unwrap();
        assert_eq!(heads.iter().map(|(task, _)| task.as_str()).collect::<Vec<_>>(), [task]);
    }
    let error = found("micro-entity_cls", "no-class-entity_cls", &no_class).unwrap_err();
    assert!(error.contains("classifier.weight") && error.contains("--head"), "{error}");

    let no_labels = config(|c| drop(c.as_object_mut().unwrap().remove("id2label")));
    let heads = found("micro-seq_cls", "no-labels", &no_labels).unwrap();
    assert_eq!(heads[0].1, ["LABEL_0", "LABEL_1", "LABEL_2"]);
    let about =
        |json: Value| move |folder: &Path| std::fs::write(folder.join("luke_web.json"), json.to_string()).unwrap();
    let own = json!({ "heads": { "sequenceClassification": { "labels": ["a", "b", "c"] } } });
    assert_eq!(found("micro-seq_cls", "own-labels", &about(own)).unwrap()[0].1, ["a", "b", "c"]);
    let few = json!({ "heads": { "sequenceClassification": { "labels": ["a"] } } });
    let error = found("micro-seq_cls", "few-labels", &about(few)).unwrap_err();
    assert!(error.contains("luke_web.json") && error.contains("which has 3"), "{error}");
    let error = found("micro-seq_cls", "no-such-task", &about(json!({ "heads": { "poetry": {} } }))).unwrap_err();
    assert!(error.contains("poetry"), "{error}");
    let error = found("micro-seq_cls", "no-such-head", &about(json!({ "heads": { "qa": {} } }))).unwrap_err();
    assert!(error.contains("qa_outputs"), "{error}");
}
