//! The `luke` binary: JSON Lines, verification, and checkpoints it must refuse by name.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{checkpoint, folder, load, luke, temporary};

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => assert!(std::fs::copy(&path, target).is_ok()),
        }
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// Converts a changed copy of a checkpoint; gives standard error, or nothing if it went well.
fn convert_changed(name: &str, change: impl FnOnce(&Path)) -> Option<String> {
    let (from, to) = (temporary(&format!("changed-{name}")), temporary(&format!("converted-{name}")));
    copy(&checkpoint("micro-span_cls"), &from);
    change(&from);
    let result = luke(&["convert", &from.display().to_string(), &to.display().to_string(), "--entities", "full"]);
    let refused = !result.status.success();
    assert_eq!(refused, !to.exists(), "{name}: a folder is there exactly if the conversion went well");
    refused.then(|| String::from_utf8(result.stderr).unwrap())
}

/// Rewrites the tensors of `model.safetensors`.
fn edit_tensors(folder: &Path, change: impl FnOnce(&mut Vec<(String, Vec<usize>, Vec<u8>)>)) {
    let path = folder.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<_> =
        file.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec())).collect();
    change(&mut tensors);
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, shape, data)| {
            let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
            (name.clone(), view.unwrap())
        })
        .collect();
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// What a task answers to lines.
fn answers(task: &str, model: &str, lines: &[String]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args([task, &folder(model).display().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len(), "{text}");
    answers
}

#[test]
fn ner_reads_and_writes_json_lines_and_goes_on_after_a_bad_one() {
    let lines = [
        json!({ "text": "Tokyo beats Paris", "options": { "sentences": "none" } }).to_string(),
        "{ not json".to_owned(),
        json!({ "text": "Tokyo", "options": { "labels": ["X"] } }).to_string(),
        json!({ "words": ["Tokyo", "beats", "Paris"], "sentences": [[0, 3]] }).to_string(),
        json!({ "text": ["Tokyo", ""] }).to_string(),
    ];
    let answers = answers("ner", "micro-span_cls", &lines);
    for i in [0, 3] {
        assert!(answers[i].as_array().is_some_and(|list| !list.is_empty()), "line {i}: {}", answers[i]);
    }
    for i in [1, 2] {
        assert_eq!(answers[i]["error"]["code"], "input", "line {i}");
    }
    assert_eq!(answers[4].as_array().map(Vec::len), Some(2));
    assert_eq!(answers[4][1], json!([]));
}

#[test]
fn cloze_reads_and_writes_json_lines() {
    let line = |query: &str| {
        json!({ "passage": "Tokyo beats Paris", "query": query, "candidates": [[0, 5], [12, 17]] }).to_string()
    };
    let answers = answers("cloze", "micro-cloze", &[line("@placeholder wins"), line("nobody wins")]);
    let texts: Vec<_> = answers[0].as_array().unwrap().iter().map(|answer| answer["text"].as_str().unwrap()).collect();
    assert!(texts == ["Tokyo", "Paris"] || texts == ["Paris", "Tokyo"], "{}", answers[0]);
    assert_eq!(answers[1]["error"]["code"], "input", "{}", answers[1]);
}

#[test]
fn qa_reads_and_writes_json_lines() {
    let call = json!({ "question": "Who?", "context": "\u{1f642} Tokyo beats Paris", "options": { "topK": 3 } });
    let lines = [call.to_string(), json!({ "question": "Who?" }).to_string()];
    let answers = answers("qa", "micro-qa", &lines);
    let keys: Vec<_> = answers[0].as_object().unwrap().keys().map(String::as_str).collect();
    let want = ["alternatives", "answer", "answerable", "end", "endLogit", "nullScore", "score", "start", "startLogit"];
    assert_eq!(keys, want);
    assert_eq!(answers[0]["alternatives"].as_array().map(Vec::len), Some(2));
    assert_eq!(answers[1]["error"]["code"], "input");
}

#[test]
fn verify_accepts_a_folder_and_names_a_damaged_chunk() {
    let good = folder("micro-span_cls");
    let verify = |path: &Path| luke(&["verify", &path.display().to_string()]);
    let result = verify(&good);
    assert!(result.status.success());
    let report: Value = serde_json::from_slice(&result.stdout).unwrap();
    assert!(report["selfTest"]["maxError"].as_f64().unwrap() < 1e-6, "{report}");

    let damaged = temporary("damaged");
    copy(&good, &damaged);
    let chunk = damaged.join("chunks/0000.bin");
    let mut bytes = std::fs::read(&chunk).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&chunk, &bytes).unwrap();
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("integrity") && error.contains("chunks/0000.bin") && error.contains("sha256"), "{error}");
    std::fs::write(&chunk, &bytes[..500]).unwrap();
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("chunks/0000.bin: 500 bytes"), "{error}");
    edit(&damaged.join("manifest.json"), |m| m["chunks"][0]["path"] = json!("../0000.bin"));
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("not inside the folder"), "{error}");
}

#[test]
fn f16_and_small_chunks_hold_the_same_model() {
    let (from, to) = (checkpoint("micro-span_cls"), temporary("f16"));
    let arguments = [&from.display().to_string(), &to.display().to_string()];
    let result = luke(&["convert", arguments[0], arguments[1], "--dtype", "f16", "--name", "small"]);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let model = load(&to);
    assert_eq!(model.manifest.name, "small");
    assert_eq!(model.config.entity_vocab_size, 4, "only the special entities are kept");
    assert_eq!(model.entity_vocab.mask, 0);
    let full = load(&folder("micro-span_cls"));
    let values = |model: &luke_web::Luke| {
        pollster::block_on(model.self_test_values("Tokyo beats Paris", &[[0, 5], [12, 17]], "ner")).unwrap()
    };
    let worst = values(&model).iter().zip(values(&full)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst > 0.0 && worst < 0.02, "f16 moves logits by {worst}");
}

#[test]
fn checkpoints_that_are_not_luke_or_not_whole_are_refused_by_name() {
    assert_eq!(convert_changed("nothing", |_| {}), None);
    let refused = |name: &str, named: &[&str], change: &dyn Fn(&Path)| {
        let error = convert_changed(name, change).unwrap_or_else(|| panic!("{name} was accepted"));
        for part in named {
            assert!(error.contains(part), "{name}: {error}");
        }
    };
    refused("bert", &["model_type", "bert"], &|f| edit(&f.join("config.json"), |c| c["model_type"] = json!("bert")));
    refused("class", &["LukeForPoetry"], &|f| {
        edit(&f.join("config.json"), |c| c["architectures"] = json!(["LukeForPoetry"]));
    });
    refused("activation", &["gelu_new"], &|f| edit(&f.join("config.json"), |c| c["hidden_act"] = json!("gelu_new")));
    refused("no-eps", &["layer_norm_eps"], &|f| {
        edit(&f.join("config.json"), |c| drop(c.as_object_mut().unwrap().remove("layer_norm_eps")));
    });
    refused("heads", &["num_attention_heads"], &|f| {
        edit(&f.join("config.json"), |c| c["num_attention_heads"] = json!(5));
    });
    refused("vocabulary", &["tokenizer.json", "602"], &|f| {
        edit_tensors(f, |tensors| {
            let word = tensors.iter_mut().find(|(name, ..)| name == "luke.embeddings.word_embeddings.weight").unwrap();
            word.1[0] = 500;
            word.2.truncate(500 * 32 * 4);
        });
        edit(&f.join("config.json"), |c| c["vocab_size"] = json!(500));
    });
    refused("entities", &["entity_vocab", "row 40"], &|f| {
        edit(&f.join("entity_vocab.json"), |v| v["Nowhere"] = json!(40));
    });
    refused("no-mask", &["entity_vocab", "[MASK]"], &|f| {
        edit(&f.join("entity_vocab.json"), |v| drop(v.as_object_mut().unwrap().remove("[MASK]")));
    });
    refused("missing", &["luke.encoder.layer.1.attention.self.key.weight", "missing"], &|f| {
        edit_tensors(f, |t| t.retain(|(name, ..)| name != "luke.encoder.layer.1.attention.self.key.weight"));
    });
    refused("unknown", &["luke.encoder.layer.2.output.dense.bias", "not known"], &|f| {
        edit_tensors(f, |t| t.push(("luke.encoder.layer.2.output.dense.bias".into(), vec![32], vec![0; 128])));
    });
    refused("shape", &["classifier.weight", "[5, 32]", "[5, 96]"], &|f| {
        edit_tensors(f, |tensors| {
            let weight = tensors.iter_mut().find(|(name, ..)| name == "classifier.weight").unwrap();
            weight.1[1] = 32;
            weight.2.truncate(5 * 32 * 4);
        });
    });
    refused("truncated", &["model.safetensors"], &|f| {
        let path = f.join("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    refused("empty", &["has no model.safetensors"], &|f| std::fs::remove_file(f.join("model.safetensors")).unwrap());
    refused("pickle", &["pytorch_model.bin"], &|f| {
        std::fs::rename(f.join("model.safetensors"), f.join("pytorch_model.bin")).unwrap();
    });
}

#[test]
fn sharded_and_unprefixed_checkpoints_and_missing_queries_convert() {
    let sharded = convert_changed("sharded", |folder| {
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let (mut map, mut names) = (serde_json::Map::new(), file.names());
        names.sort();
        for (i, part) in names.chunks(names.len().div_ceil(3)).enumerate() {
            let shard = format!("model-{i}.safetensors");
            let views: Vec<_> = part.iter().map(|name| (name.to_string(), file.tensor(name).unwrap())).collect();
            std::fs::write(folder.join(&shard), safetensors::serialize(views, None).unwrap()).unwrap();
            map.extend(part.iter().map(|name| (name.to_string(), json!(shard))));
        }
        std::fs::write(folder.join("model.safetensors.index.json"), json!({ "weight_map": map }).to_string()).unwrap();
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    });
    assert_eq!(sharded, None);
    let same = |name: &str| std::fs::read(temporary(&format!("converted-{name}")).join("chunks/0000.bin")).unwrap();
    assert_eq!(convert_changed("plain", |_| {}), None);
    assert_eq!(same("sharded"), same("plain"));

    let pickled = convert_changed("pickled", |folder| {
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        let bin = crate::support::repository().join("tests/fixtures/micro-span_cls.bin");
        std::fs::copy(bin, folder.join("pytorch_model.bin")).unwrap();
    });
    assert_eq!(pickled, None);
    assert_eq!(same("pickled"), same("plain"));

    let bare = convert_changed("unprefixed", |folder| {
        edit_tensors(folder, |tensors| {
            for (name, ..) in tensors {
                *name = name.strip_prefix("luke.").unwrap_or(name).to_owned();
            }
        });
    });
    assert_eq!(bare, None);
    assert_eq!(same("unprefixed"), same("plain"));

    let old = convert_changed("no-queries", |folder| {
        edit_tensors(folder, |tensors| {
            tensors.retain(|(name, ..)| !name.contains("2e_query") && !name.contains("2w_query"))
        });
    });
    assert_eq!(old, None, "a checkpoint from before entity-aware attention uses its one query for all four");
}
