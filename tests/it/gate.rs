//! Faulty model folders and inputs, as a host may give them. Each is refused with an error code and the name of the
//! faulty part.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use luke_web::backend::DeviceKind;
use luke_web::folder::{CheckedFolder, FileEntry, MAX_AHEAD, sha256_hex};
use luke_web::heads::Method;
use luke_web::inputs::ModelInputs;
use luke_web::tasks::embed::{EmbedInput, EmbedOptions};
use luke_web::{Luke, LukeError, Vocabulary};
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{FileRead, Files, Recorded, checkpoint, convert, copy, edit, folder, load, repository, temporary};

/// A copy of a converted checkpoint. A test may damage it.
fn spoilt(of: &str, name: &str) -> PathBuf {
    copied(&folder(of), name)
}

fn copied(from: &Path, name: &str) -> PathBuf {
    let to = temporary(&format!("gate-{name}"));
    copy(from, &to);
    to
}

fn try_load(folder: &Path, self_test: bool) -> Result<Luke, LukeError> {
    let manifest = CheckedFolder::parse(&std::fs::read_to_string(folder.join("manifest.json")).unwrap())?;
    block_on(Luke::load(manifest, Arc::new(Files(folder.to_owned())), DeviceKind::Cpu, self_test))
}

fn refused(folder: &Path, code: &str, parts: &[&str]) {
    let error = try_load(folder, true).map(drop).expect_err(&format!("{parts:?}"));
    assert_eq!(error.code(), code, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    }
}

/// Overwrites bytes of a tensor from byte `at` on, and repairs the hash of its chunk.
fn poke(folder: &Path, tensor: &str, at: usize, bytes: &[u8]) {
    edit(&folder.join("manifest.json"), |manifest| {
        let entries = manifest["tensors"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["name"] == tensor).unwrap();
        let start = entry["offset"].as_u64().unwrap() as usize + at;
        let chunk = entry["chunk"].as_u64().unwrap() as usize;
        poke_file(folder, &mut manifest["chunks"][chunk], start, bytes);
    });
}

fn poke_file(folder: &Path, entry: &mut Value, start: usize, bytes: &[u8]) {
    let path = folder.join(entry["path"].as_str().unwrap());
    let mut file = std::fs::read(&path).unwrap();
    file[start..start + bytes.len()].copy_from_slice(bytes);
    entry["sha256"] = json!(sha256_hex(&file));
    std::fs::write(path, file).unwrap();
}

/// Earlier, a `selfTest` with the head `mlm` and a text that is too long for the model ended the program with a panic
/// ("range end index out of range").
#[test]
fn a_self_test_that_the_model_cannot_read_is_a_format_error() {
    for head in ["mlm", "model"] {
        let folder = spoilt("micro-mlm", &format!("self-test-{head}"));
        edit(&folder.join("manifest.json"), |manifest| {
            manifest["selfTest"] =
                json!({ "head": head, "text": "Tokyo ".repeat(700), "spans": [], "expected": [0], "tolerance": 0.1 });
        });
        refused(&folder, "format", &["manifest.json", "selfTest", "inputIds"]);
    }
    let folder = spoilt("micro-span_cls", "self-test-span");
    edit(&folder.join("manifest.json"), |manifest| manifest["selfTest"]["spans"] = json!([[0, 9999]]));
    refused(&folder, "format", &["selfTest", "spans"]);
}

/// Earlier, every model passed a self-test with `expected: []`.
#[test]
fn a_self_test_that_expects_nothing_is_refused() {
    let folder = spoilt("micro-span_cls", "expects-nothing");
    edit(&folder.join("manifest.json"), |manifest| manifest["selfTest"]["expected"] = json!([]));
    refused(&folder, "format", &["selfTest", "expected"]);
}

/// Earlier, a head with a NaN in its bias was loaded. Each call then failed with `device-lost`, and the GPU, which
/// other models share, was marked as failed.
#[test]
fn weights_that_are_not_finite_are_refused_by_name_when_they_are_loaded() {
    const NAN: [u8; 4] = f32::NAN.to_le_bytes();
    const INFINITY: [u8; 4] = f32::NEG_INFINITY.to_le_bytes();
    for (of, tensor, at, bytes) in [
        ("micro-qa", "qa_outputs.bias", 4, NAN),
        ("micro-qa", "qa_outputs.weight", 0, INFINITY),
        ("micro-qa", "luke.embeddings.word_embeddings.weight", 400, NAN),
        ("micro-qa", "luke.embeddings.LayerNorm.weight", 0, INFINITY),
        ("micro-qa", "luke.encoder.layer.1.attention.self.key.weight", 40, NAN),
        ("micro-mlm", "entity_predictions.bias", 8, INFINITY),
    ] {
        let folder = spoilt(of, "not-finite");
        poke(&folder, tensor, at, &bytes);
        refused(&folder, "format", &[tensor, "not finite"]);
    }
    for (dtype, at) in [("f16", 6), ("q8", 32), ("q4", 0)] {
        let converted = convert(&checkpoint("micro-span_cls"), &format!("gate-{dtype}"), &["--dtype", dtype]).unwrap();
        assert!(try_load(&converted, true).is_ok());
        let tensor = "luke.encoder.layer.0.output.dense.weight";
        let manifest: Value = serde_json::from_slice(&std::fs::read(converted.join("manifest.json")).unwrap()).unwrap();
        let entry = manifest["tensors"].as_array().unwrap().iter().find(|entry| entry["name"] == tensor).unwrap();
        let columns = entry["shape"][1].as_u64().unwrap() as usize;
        let folder = copied(&converted, "not-finite");
        // NaN as f16, or as the f32 scale that ends a row.
        let (at, bytes) = if dtype == "q8" { (columns, NAN.to_vec()) } else { (at, vec![0xff, 0x7f]) };
        poke(&folder, tensor, at, &bytes);
        refused(&folder, "format", &[tensor, "not finite"]);
    }
}

/// The same for rows that are read only when a call needs them.
#[test]
fn rows_of_entities_that_are_not_finite_are_refused_when_they_are_read() {
    let folder = spoilt("micro-paged", "entities");
    edit(&folder.join("manifest.json"), |manifest| {
        poke_file(&folder, &mut manifest["entityTable"]["chunks"][1], 640, &f32::INFINITY.to_le_bytes());
    });
    let luke = try_load(&folder, false).unwrap();
    let embed = |title: &str| {
        let options = EmbedOptions { titles: Some(vec![Some(title.to_owned())]), ..Default::default() };
        block_on(luke.embed(&EmbedInput { text: "a b".into(), spans: vec![[0, 1]] }, &options))
    };
    let error = embed("Entity 700").map(drop).unwrap_err();
    assert_eq!(error.code(), "format");
    assert!(error.to_string().contains("entities/0001.bin"), "{error}");
    assert!(embed("Entity 1298").is_ok(), "the other chunks are as they were");
}

/// Finite weights whose sums are not finite: the error concerns this model, not the device and not other models.
#[test]
fn weights_that_overflow_are_a_fault_of_their_model_alone() {
    let folder = spoilt("micro-qa", "overflow");
    poke(&folder, "qa_outputs.weight", 0, &f32::MAX.to_le_bytes().repeat(32));
    edit(&folder.join("manifest.json"), |manifest| manifest["selfTest"] = json!(null));
    let (overflowing, other) = (try_load(&folder, true).unwrap(), load(&crate::support::folder("micro-qa")));
    let inputs = ModelInputs { input_ids: vec![0, 5, 6, 2], ..Default::default() };
    let error = block_on(overflowing.forward(&inputs, None)).unwrap_err();
    assert_eq!(error.code(), "format");
    assert!(error.to_string().contains("overflow"), "{error}");
    assert!(block_on(other.forward(&inputs, None)).is_ok());
    assert!(block_on(overflowing.forward(&inputs, Some("model"))).is_ok());
}

/// Earlier, an input with a million entities was accepted. Time and memory grow with the square of that number.
#[test]
fn inputs_are_bounded_and_positions_exist() {
    let luke = load(&folder("micro-mlm"));
    let entities = |count: usize| ModelInputs {
        input_ids: vec![0, 5, 2],
        entity_ids: vec![0; count],
        entity_position_ids: vec![vec![1]; count],
        ..Default::default()
    };
    let error = block_on(luke.forward(&entities(1_000_000), Some("model"))).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("entityIds")), ("input", true), "{error}");
    for (vocabulary, position) in [(Vocabulary::Words, 3), (Vocabulary::Entities, 1), (Vocabulary::Words, usize::MAX)] {
        let inputs = [(entities(1), vec![0, position])];
        let error = block_on(luke.masked_logits(Method::FillMask, vocabulary, &inputs, |_, _| {})).unwrap_err();
        assert_eq!(error.code(), "input", "{error}");
    }
}

#[test]
fn each_read_says_which_files_come_next() {
    let check = |folder: &Path, files: usize| {
        let source = Recorded::new(folder);
        let checked = CheckedFolder::parse(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
        block_on(Luke::load(checked, source.clone(), DeviceKind::Cpu, false)).unwrap();
        let reads = source.reads();
        assert_eq!(reads.len(), files, "{}", folder.display());
        for (place, FileRead { file, ahead, again }) in reads.iter().enumerate() {
            assert!(!again, "{} is as the manifest says", file.path);
            let next: Vec<&FileEntry> = reads[place + 1..].iter().map(|read| &read.file).take(MAX_AHEAD).collect();
            assert!(ahead.iter().eq(next), "{}", file.path);
        }
    };
    for name in ["micro-span_cls", "micro-mlm", "micro-paged"] {
        check(&folder(name), 3);
    }
    let default = repository().join("www/models/luke-mini-en");
    check(&default, std::fs::read_dir(default.join("chunks")).unwrap().count() + 2);
    // Each tensor in a chunk of its own, in an order that is not the model's.
    let scattered = spoilt("micro-mlm", "scattered");
    edit(&scattered.join("manifest.json"), |manifest| {
        let chunk = std::fs::read(scattered.join("chunks/0000.bin")).unwrap();
        let (mut chunks, mut by_place) = (Vec::new(), std::collections::BTreeMap::new());
        let tensors = manifest["tensors"].as_array_mut().unwrap();
        tensors.sort_by_key(|tensor| sha256_hex(tensor["name"].as_str().unwrap().as_bytes()));
        for tensor in tensors {
            let [start, bytes] = ["offset", "bytes"].map(|name| tensor[name].as_u64().unwrap() as usize);
            let index = *by_place.entry(start).or_insert_with(|| {
                let path = format!("chunks/part-{}.bin", chunks.len());
                std::fs::write(scattered.join(&path), &chunk[start..start + bytes]).unwrap();
                chunks.push(FileEntry::of(path, &chunk[start..start + bytes]));
                chunks.len() - 1
            });
            (tensor["chunk"], tensor["offset"]) = (json!(index), json!(0));
        }
        assert!(chunks.len() > MAX_AHEAD + 4);
        manifest["chunks"] = json!(chunks);
    });
    let chunks = std::fs::read_dir(scattered.join("chunks")).unwrap().count() - 1;
    check(&scattered, chunks + 2);
}

#[test]
fn a_file_that_is_wrong_is_asked_for_once_more() {
    let load = |bad_copies: usize| {
        let folder = folder("micro-mlm");
        let checked = CheckedFolder::parse(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
        let source = Recorded::stale(&folder, bad_copies);
        let loaded = block_on(Luke::load(checked, source.clone(), DeviceKind::Cpu, true));
        let reads: Vec<_> = source.reads().drain(..).map(|read| (read.file.path, read.again)).collect();
        (loaded.map(|luke| luke.self_test_error.is_some()), reads)
    };
    let twice = |path: &str| [(path.to_owned(), false), (path.to_owned(), true)];
    let (loaded, reads) = load(1);
    assert_eq!(loaded, Ok(true));
    let files: Vec<&str> = reads.iter().map(|(path, _)| path.as_str()).step_by(2).collect();
    assert_eq!(files, ["tokenizer.json", "entity_vocab.json", "chunks/0000.bin"]);
    assert_eq!(reads, files.into_iter().flat_map(twice).collect::<Vec<_>>());
    let (loaded, reads) = load(2);
    assert_eq!((loaded.unwrap_err().code(), reads), ("integrity", twice("tokenizer.json").to_vec()));
}
