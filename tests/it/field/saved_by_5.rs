//! Folders as transformers 5 saves them: `tests/oracle/make_transformers5.py` wrote their tokenizer files. They give what the
//! folders saved by 4.57.1 give.

use std::path::{Path, PathBuf};

use luke_web::Luke;
use luke_web::text::SpecialTokens;
use serde_json::{Value, json};

use super::remove;
use crate::other_checkpoints::check;
use crate::raw_checkpoints::load_raw;
use crate::support::{changed, convert, edit, edit_tensors, fixture, folder, load, repository};

/// A committed checkpoint as transformers 5 saves it; `like` names the folder of its tokenizer files.
fn saved_by_5(of: &str, like: &str) -> PathBuf {
    changed(of, &format!("five-{of}-{like}"), |folder| {
        let vocab: Value = serde_json::from_slice(&std::fs::read(folder.join("entity_vocab.json")).unwrap()).unwrap();
        let before = ["entity_vocab.json", "added_tokens.json", "vocab.json", "merges.txt", "sentencepiece.bpe.model"];
        remove(folder, &before);
        let from = repository().join("tests/fixtures/transformers5").join(like);
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            std::fs::copy(from.join(file), folder.join(file)).unwrap();
        }
        edit(&folder.join("tokenizer_config.json"), |config| config["entity_vocab"] = vocab);
        edit(&folder.join("config.json"), |config| {
            let saved: Value = serde_json::from_slice(&std::fs::read(from.join("config.json")).unwrap()).unwrap();
            for (name, value) in saved.as_object().unwrap() {
                if config.get(name).is_none() || name == "transformers_version" {
                    config[name] = value.clone();
                }
            }
            if config["id2label"] == json!({ "0": "LABEL_0", "1": "LABEL_1" }) {
                config.as_object_mut().unwrap().retain(|name, _| !["id2label", "label2id"].contains(&name.as_str()));
            }
        });
        if of.contains("mlm") {
            // The other of two tied names is written.
            edit_tensors(folder, |tensors| {
                tensors
                    .retain(|(name, ..)| name != "entity_predictions.decoder.weight" && name != "lm_head.decoder.bias");
                for (name, ..) in tensors {
                    if name == "lm_head.bias" {
                        *name = "lm_head.decoder.bias".into();
                    }
                }
            });
        }
    })
}

fn json_of(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Checks that the converted folders have the same tokenizer, entities, heads and weights.
fn assert_same(five: &Path, four: &Path) {
    for file in std::fs::read_dir(four.join("chunks")).unwrap() {
        let name = file.unwrap().file_name();
        let chunk = |folder: &Path| std::fs::read(folder.join("chunks").join(&name)).unwrap();
        assert_eq!(chunk(five), chunk(four), "{}: {name:?}", five.display());
    }
    let (five_manifest, four_manifest) = (json_of(five.join("manifest.json")), json_of(four.join("manifest.json")));
    for part in ["heads", "tensors", "chunks", "entityTable", "selfTest"] {
        assert_eq!(five_manifest[part], four_manifest[part], "{}: {part}", five.display());
    }
    assert_eq!(json_of(five.join("tokenizer.json")), json_of(four.join("tokenizer.json")), "{}", five.display());
}

#[test]
fn luke_with_every_head_is_what_4_57_1_saved() {
    let cases = fixture("heads.json");
    let mut names: Vec<&str> =
        cases.as_array().unwrap().iter().map(|case| case["checkpoint"].as_str().unwrap()).collect();
    names.dedup();
    assert_eq!(names.len(), 18);
    for name in names.into_iter().chain(["micro-cloze", "micro-paged"]) {
        let from = saved_by_5(name, "luke");
        let five = convert(&from, &format!("five-{name}"), &["--entities", "full"]).unwrap();
        assert_same(&five, &folder(name));
        let vocab = |folder: &Path| load(folder).entity_vocab.titles();
        assert_eq!(vocab(&five), vocab(&folder(name)));
    }
}

#[test]
fn luke_without_files_that_name_tokens_is_what_4_57_1_saved() {
    for name in ["micro-entity_cls", "micro-entity_pair", "micro-span_cls", "micro-qa"] {
        let from = saved_by_5(name, "luke-bare");
        let five = convert(&from, &format!("five-bare-{name}"), &["--entities", "full"]).unwrap();
        assert_same(&five, &folder(name));
    }
}

#[test]
fn mluke_has_the_ids_and_logits_of_4_57_1() {
    let models = fixture("other.json");
    let want = models["models"].as_array().unwrap().iter().find(|model| model["checkpoint"] == "micro-mluke").unwrap();
    let four = load(&folder("micro-mluke"));
    let ids = |luke: &Luke, text: &str| luke.tokenizer.encode(text, SpecialTokens::Match).unwrap();
    for like in ["mluke", "mluke-bare"] {
        let from = saved_by_5("micro-mluke", like);
        let five = load(&convert(&from, &format!("five-{like}"), &["--entities", "full"]).unwrap());
        check(&five, want);
        check(&load_raw(&from, &[]).0, want);
        for case in fixture("mluke_marks.json").as_array().unwrap() {
            let text = case[0].as_str().unwrap();
            assert_eq!(ids(&five, text), ids(&four, text), "{text:?}");
        }
        for text in
            ["a <mask> b", "<ent>x<ent2>", "\u{2581}<ent>", "``quoted''", "[MASK] [UNK]", "  two  spaces  ", "</s>"]
        {
            assert_eq!(ids(&five, text), ids(&four, text), "{text:?}");
        }
        assert_eq!(five.entity_vocab.row("ja:東京"), four.entity_vocab.row("en:Tokyo"));
    }
}

#[test]
fn a_saved_folder_is_read_without_conversion() {
    for name in ["micro-entity_pair", "micro-mlm", "micro-paged"] {
        let (five, four) = (load_raw(&saved_by_5(name, "luke"), &[]).0, load(&folder(name)));
        assert_eq!(five.tasks(), four.tasks());
        let text = "Ana Ivanovic lives in Los Angeles.";
        let head = four.manifest.heads.keys().next().unwrap().clone();
        let values =
            |luke: &Luke| pollster::block_on(luke.self_test_values(text, &[[0, 12], [22, 33]], &head)).unwrap();
        assert_eq!(values(&five), values(&four), "{name}");
    }
}

/// Special entities are no words, even where the word table has rows for them.
#[test]
fn a_word_table_that_was_made_longer_changes_no_id() {
    let from = saved_by_5("micro-span_cls", "luke");
    edit(&from.join("config.json"), |config| config["vocab_size"] = json!(606));
    edit_tensors(&from, |tensors| {
        let (_, shape, data) = tensors.iter_mut().find(|(name, ..)| name.ends_with("word_embeddings.weight")).unwrap();
        let row = data.len() / shape[0];
        data.extend(vec![0; 4 * row]);
        shape[0] += 4;
    });
    let (luke, four) = (load_raw(&from, &[]).0, load(&folder("micro-span_cls")));
    for text in ["a [MASK] b", "[UNK][PAD]", "[MASK2]", "<ent> [MASK]"] {
        let ids = |luke: &Luke| luke.tokenizer.encode(text, SpecialTokens::Match).unwrap();
        assert_eq!(ids(&luke), ids(&four), "{text}");
    }
}

#[test]
fn a_folder_without_entities_says_where_they_could_be() {
    for (name, value) in [("none", None), ("null", Some(Value::Null))] {
        let from = saved_by_5("micro-qa", "luke");
        edit(&from.join("tokenizer_config.json"), |config| match value {
            Some(value) => config["entity_vocab"] = value,
            None => drop(config.as_object_mut().unwrap().remove("entity_vocab")),
        });
        let error = convert(&from, &format!("five-no-entities-{name}"), &[]).unwrap_err();
        assert!(error.contains("entity_vocab.json") && error.contains("tokenizer_config.json"), "{error}");
    }
}
