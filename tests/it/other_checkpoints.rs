//! Compares other checkpoints than RoBERTa-based LUKE with `transformers` (tests/oracle/make_other.py): mLUKE, a
//! checkpoint with WordPiece, and the authors' archives.

use std::path::{Path, PathBuf};

use luke_web::Luke;
use luke_web::text::{EncodeOptions, InputForm, Spanned};
use serde_json::{Value, json};

use crate::support::{
    NamedBytes, TOLERANCE, assert_close, changed, checkpoint, convert, edit, edit_tensors, fixture, flat, folder, load,
    repository, temporary,
};

pub fn archive() -> PathBuf {
    repository().join("tests/fixtures/micro-legacy.tar.gz")
}

pub fn tokenizer() -> String {
    checkpoint("micro-model").display().to_string()
}

pub fn check(luke: &Luke, model: &Value) {
    let name = model["checkpoint"].as_str().unwrap();
    let encoder = luke.input_builder(EncodeOptions::default());
    let ids = |value: &Value| serde_json::from_value::<Vec<u32>>(value.clone()).unwrap();
    for case in model["plain"].as_array().unwrap() {
        let spanned = Spanned { text: case["text"].as_str().unwrap(), spans: &[] };
        let inputs = encoder.encode(spanned, InputForm::Entities(None)).unwrap();
        assert_eq!(inputs.input_ids, ids(&case["input_ids"]), "{name}: {:?}", spanned.text);
    }
    let head = luke.manifest.heads.keys().next().unwrap();
    let task = if head == "ner" { InputForm::EntitySpanClassification } else { InputForm::EntityClassification };
    for case in model["spans"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let spans: Vec<[usize; 2]> = serde_json::from_value(case["byte"].clone()).unwrap();
        let spans: Vec<_> = spans.iter().map(|[start, end]| *start..*end).collect();
        let inputs = encoder.encode(Spanned { text, spans: &spans }, task).unwrap();
        assert_eq!(inputs.input_ids, ids(&case["input_ids"]), "{name}: {text:?}");
        assert_eq!(inputs.entity_ids, ids(&case["entity_ids"]), "{name}: {text:?}");
        let outputs = pollster::block_on(luke.forward(&inputs, None)).unwrap();
        assert_close(&format!("{name}: {text:?}"), &outputs[0].values, &flat(&case["logits"]), TOLERANCE);
    }
}

#[test]
fn mluke_wordpiece_and_the_authors_archive_equal_transformers() {
    let unpacked = convert(&archive(), "legacy", &["--tokenizer", &tokenizer()]).unwrap();
    for model in fixture("other.json")["models"].as_array().unwrap() {
        let luke = match model["checkpoint"].as_str().unwrap() {
            "micro-legacy" => load(&unpacked),
            name => load(&folder(name)),
        };
        check(&luke, model);
    }
    assert!(!temporary(".converted-legacy.luke-unpacked").exists(), "the unpacked archive is gone");
    assert_eq!(load(&unpacked).manifest.heads["ner"].labels, ["NIL", "MISC", "PER", "ORG", "LOC"]);
    let mluke = load(&folder("micro-mluke"));
    assert!(!mluke.manifest.tensors.iter().any(|tensor| tensor.name.contains("w2e")), "one query is in use");
    assert_eq!(mluke.entity_vocab.row("ja:東京"), mluke.entity_vocab.row("en:Tokyo"));
}

/// Makes an archive in the authors' layout from a checkpoint in Hugging Face's layout.
pub fn as_archive(name: &str, of: &str, words: usize, change: impl FnOnce(&mut Vec<NamedBytes>)) -> PathBuf {
    changed(of, name, |folder| {
        let config: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
        let mut model = config.as_object().unwrap().clone();
        model.retain(|key, _| !["architectures", "model_type", "use_entity_aware_attention"].contains(&key.as_str()));
        model.insert("vocab_size".into(), json!(words));
        model.insert("pad_token_id".into(), json!(0));
        std::fs::write(folder.join("metadata.json"), json!({ "model_config": model }).to_string()).unwrap();
        let vocab: Value = serde_json::from_slice(&std::fs::read(folder.join("entity_vocab.json")).unwrap()).unwrap();
        let mut titles: Vec<(&String, u64)> =
            vocab.as_object().unwrap().iter().map(|(title, row)| (title, row.as_u64().unwrap())).collect();
        titles.sort_by_key(|(_, row)| *row);
        let tsv: String = titles.iter().map(|(title, row)| format!("{title}\t{row}\n")).collect();
        std::fs::write(folder.join("entity_vocab.tsv"), tsv).unwrap();
        for file in ["config.json", "entity_vocab.json"] {
            std::fs::remove_file(folder.join(file)).unwrap();
        }
        edit_tensors(folder, |tensors| {
            tensors.iter_mut().for_each(|(name, ..)| *name = name.strip_prefix("luke.").unwrap_or(name).to_owned());
            change(tensors);
        });
    })
}

fn tensor<'a>(tensors: &'a mut [NamedBytes], end: &str) -> &'a mut NamedBytes {
    tensors.iter_mut().find(|(name, ..)| name.ends_with(end)).unwrap_or_else(|| panic!("no {end}"))
}

/// Sets row `to` to row `from`.
fn copy_row((_, shape, data): &mut NamedBytes, from: usize, to: usize) {
    let row = data.len() / shape[0];
    data.copy_within(from * row..(from + 1) * row, to * row);
}

fn cut_rows((_, shape, data): &mut NamedBytes, rows: usize) {
    data.truncate(data.len() / shape[0] * rows);
    shape[0] = rows;
}

fn is_own_query(name: &str) -> bool {
    ["w2e_query", "e2w_query", "e2e_query"].iter().any(|query| name.contains(query))
}

fn vocabulary(name: &str, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(checkpoint(name).join(file)).unwrap()).unwrap()
}

fn masked(folder: &Path) -> Vec<f32> {
    let luke = load(folder);
    pollster::block_on(luke.self_test_values("a <mask> b <ent> c <ent2>", &[[0, 1]], "mlm")).unwrap()
}

/// `luke convert` adds the same rows as `convert_luke_original_pytorch_checkpoint_to_pytorch.py` of `transformers`.
#[test]
fn a_pretrained_archive_gets_markers_queries_and_the_second_mask() {
    let (words, mask) = (vocabulary("micro-mlm", "vocab.json"), vocabulary("micro-mlm", "entity_vocab.json"));
    let row = |vocab: &Value, word: &str| vocab[word].as_u64().unwrap() as usize;
    let own = words.as_object().unwrap().len();
    let per_word =
        ["embeddings.word_embeddings.weight", "lm_head.bias", "lm_head.decoder.weight", "lm_head.decoder.bias"];
    let archive = as_archive("pretrained", "micro-mlm", own, |tensors| {
        tensors.retain(|(name, ..)| !is_own_query(name));
        per_word.iter().for_each(|end| cut_rows(tensor(tensors, end), own));
        tensors.push(("cls_entity_predictions.decoder.weight".into(), vec![1, 1], vec![0; 4]));
    });
    let reference = changed("micro-mlm", "pretrained-reference", |folder| {
        edit_tensors(folder, |tensors| {
            tensors.retain(|(name, ..)| !is_own_query(name));
            for (word, to) in [("@", own), ("#", own + 1)] {
                per_word.iter().for_each(|end| copy_row(tensor(tensors, end), row(&words, word), to));
            }
            for end in ["entity_embeddings.entity_embeddings.weight", "entity_predictions.bias"] {
                copy_row(tensor(tensors, end), row(&mask, "[MASK]"), row(&mask, "[MASK2]"));
            }
        });
    });
    for entities in ["special", "full"] {
        let options = ["--entities", entities];
        let ours = convert(&archive, &format!("pretrained-{entities}"), &options).unwrap();
        let theirs = convert(&reference, &format!("reference-{entities}"), &options).unwrap();
        let chunks = |folder: &Path| std::fs::read(folder.join("chunks/0000.bin")).unwrap();
        assert_eq!(chunks(&ours), chunks(&theirs), "{entities}");
        assert_eq!(masked(&ours), masked(&theirs), "{entities}");
        let vocab = |folder: &Path| std::fs::read(folder.join("entity_vocab.json")).unwrap();
        assert_eq!(vocab(&ours), vocab(&theirs), "{entities}");
    }
}

#[test]
fn fine_tuned_archives_have_their_markers_and_the_papers_labels() {
    let own = vocabulary("micro-model", "vocab.json").as_object().unwrap().len();
    let table = "entity_embeddings.entity_embeddings.weight";
    // [ENTITY] is the one marker of entity typing, [PAD] and [MASK] are all entities.
    let typing = as_archive("old-typing", "micro-entity_cls", own, |tensors| {
        cut_rows(tensor(tensors, "embeddings.word_embeddings.weight"), own + 1);
        copy_row(tensor(tensors, table), 2, 1);
        cut_rows(tensor(tensors, table), 2);
        tensors.iter_mut().for_each(|(name, ..)| *name = name.replace("classifier.", "typing."));
    });
    let typing = convert(&typing, "old-typing", &[]).unwrap();
    let now = convert(&checkpoint("micro-entity_cls"), "new-typing", &[]).unwrap();
    let (old, new) = (load(&typing), load(&now));
    assert_eq!(old.manifest.heads["typing"].labels, new.manifest.heads["typing"].labels);
    let logits =
        |luke: &Luke| pollster::block_on(luke.self_test_values("Tokyo beats Paris", &[[0, 5]], "typing")).unwrap();
    assert_eq!(logits(&old), logits(&new));

    // [HEAD] and [TAIL], and [MASK2] of its own.
    let relation = as_archive("old-relation", "micro-entity_pair", own, |tensors| {
        copy_row(tensor(tensors, table), 2, 1);
        copy_row(tensor(tensors, table), 39, 2);
        cut_rows(tensor(tensors, table), 3);
    });
    let unnamed = load(&convert(&relation, "unnamed-relation", &[]).unwrap());
    assert_eq!(unnamed.manifest.heads["relation"].labels[..2], ["LABEL_0", "LABEL_1"]);
    let labels = vocabulary("micro-entity_pair", "config.json")["id2label"].as_object().unwrap().clone();
    let labels: Vec<Value> = (0..labels.len()).map(|id| labels[&id.to_string()].clone()).collect();
    let about = json!({ "heads": { "relation": { "labels": labels } } });
    std::fs::write(relation.join("luke_web.json"), about.to_string()).unwrap();
    let old = load(&convert(&relation, "old-relation", &[]).unwrap());
    let new = load(&convert(&checkpoint("micro-entity_pair"), "new-relation", &[]).unwrap());
    let spans = [[0, 5], [12, 17]];
    let logits =
        |luke: &Luke| pollster::block_on(luke.self_test_values("Tokyo beats Paris", &spans, "relation")).unwrap();
    assert_eq!(logits(&old), logits(&new));
}

#[test]
fn archives_that_lack_something_say_what() {
    let error = convert(&archive(), "no-roberta", &[]).unwrap_err();
    assert!(error.contains("--tokenizer") && error.contains("roberta-base"), "{error}");
    let bert = as_archive("bert-archive", "micro-span_cls", 600, |_| {});
    edit(&bert.join("metadata.json"), |m| m["model_config"]["bert_model_name"] = json!("bert-base-uncased"));
    let error = convert(&bert, "bert-archive", &[]).unwrap_err();
    assert!(error.contains("metadata.json") && error.contains("bert-base-uncased"), "{error}");
    let not_one = repository().join("tests/fixtures/micro-span_cls.bin");
    let error = convert(&not_one, "no-archive", &[]).unwrap_err();
    assert!(error.contains("micro-span_cls.bin"), "{error}");
    let words = as_archive("many-words", "micro-span_cls", 500, |_| {});
    let error = convert(&words, "many-words", &[]).unwrap_err();
    assert!(error.contains("word_embeddings.weight") && error.contains("602"), "{error}");
}
