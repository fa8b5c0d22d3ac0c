//! Markers and other special tokens that a checkpoint names in one of its files, or in none; letters with several marks.

use std::path::{Path, PathBuf};

use luke_web::Luke;
use luke_web::text::{SpecialTokens, Tokenizer};
use serde_json::{Value, json};

use super::remove;
use crate::support::{changed, checkpoint, convert, edit, edit_tensors, fixture, folder, ids, load, luke, temporary};

fn logits(luke: &Luke, head: &str) -> Vec<f32> {
    let spans = [[0, 5], [12, 17]];
    let spans = if head == "typing" { &spans[..1] } else { &spans[..] };
    pollster::block_on(luke.self_test_values("Tokyo beats Paris", spans, head)).unwrap()
}

/// The tokenizer that `luke tokenizer` writes for a folder.
fn tokenizer_json(folder: &Path, name: &str) -> Value {
    let to = temporary(&format!("special-{name}.json"));
    let result = luke(&["tokenizer", &folder.display().to_string(), &to.display().to_string()]);
    assert!(result.status.success(), "{name}: {}", String::from_utf8_lossy(&result.stderr));
    serde_json::from_slice(&std::fs::read(to).unwrap()).unwrap()
}

#[test]
fn markers_that_nobody_names_come_after_the_vocabulary() {
    let names = ["added_tokens.json", "tokenizer_config.json"];
    for (of, head) in [("micro-entity_cls", "typing"), ("micro-entity_pair", "relation"), ("micro-mluke", "typing")] {
        let whole = load(&folder(of));
        for (i, gone) in [&names[..1], &names[1..], &names[..]].into_iter().enumerate() {
            let from = changed(of, &format!("unnamed-{of}-{i}"), |folder| remove(folder, gone));
            let found = load(&convert(&from, &format!("unnamed-{of}-{i}"), &["--entities", "full"]).unwrap());
            assert_eq!(logits(&found, head), logits(&whole, head), "{of} without {gone:?}");
        }
    }
}

#[test]
fn markers_are_added_to_a_tokenizer_json_too() {
    let whole = tokenizer_json(&checkpoint("micro-entity_pair"), "whole");
    let bare = |name: &str, config: Value| -> PathBuf {
        changed("micro-entity_pair", &format!("bare-{name}"), |folder| {
            remove(folder, &["vocab.json", "merges.txt", "added_tokens.json"]);
            let mut json = whole.clone();
            json["added_tokens"].as_array_mut().unwrap().retain(|token| token["id"].as_u64().unwrap() < 600);
            std::fs::write(folder.join("tokenizer.json"), json.to_string()).unwrap();
            std::fs::write(folder.join("tokenizer_config.json"), config.to_string()).unwrap();
        })
    };
    for (name, config) in [
        ("nothing", json!({})),
        ("class", json!({ "tokenizer_class": "LukeTokenizer" })),
        ("other-class", json!({ "tokenizer_class": "RobertaTokenizerFast" })),
        ("list", json!({ "additional_special_tokens": ["<ent>", "<ent2>"] })),
        ("list-of-tokens", json!({ "extra_special_tokens": [{ "content": "<ent>" }, { "content": "<ent2>" }] })),
        ("null", json!({ "additional_special_tokens": null, "entity_token_1": null })),
    ] {
        let added = tokenizer_json(&bare(name, config), name);
        assert_eq!(added["added_tokens"], whole["added_tokens"], "{name}");
    }
}

#[test]
fn markers_of_other_names_are_found() {
    let whole = load(&folder("micro-entity_pair"));
    for (name, fields) in
        [("four", ["entity_token_1", "entity_token_2"]), ("five", ["entity_1_token", "entity_2_token"])]
    {
        let from = changed("micro-entity_pair", &format!("renamed-{name}"), |folder| {
            std::fs::write(folder.join("added_tokens.json"), r#"{"[E1]": 600, "[E2]": 601}"#).unwrap();
            edit(&folder.join("tokenizer_config.json"), |config| {
                config
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| !name.starts_with("entity_token") && name != "additional_special_tokens");
                (config[fields[0]], config[fields[1]]) = (json!("[E1]"), json!({ "content": "[E2]" }));
            });
        });
        let found = load(&convert(&from, &format!("renamed-{name}"), &["--entities", "full"]).unwrap());
        assert_eq!(logits(&found, "relation"), logits(&whole, "relation"), "{name}");
    }
}

#[test]
fn a_token_without_a_row_is_left_out_and_missed_only_where_it_is_needed() {
    let cut = |of: &str| {
        changed(of, &format!("no-rows-{of}"), |folder| {
            edit(&folder.join("config.json"), |config| config["vocab_size"] = json!(600));
            edit_tensors(folder, |tensors| {
                let words = tensors.iter_mut().find(|(name, ..)| name.ends_with("word_embeddings.weight"));
                let (_, shape, data) = words.unwrap();
                data.truncate(data.len() / shape[0] * 600);
                shape[0] = 600;
            });
        })
    };
    let ner = load(&convert(&cut("micro-span_cls"), "no-rows-ner", &["--entities", "full"]).unwrap());
    assert_eq!(logits(&ner, "ner"), logits(&load(&folder("micro-span_cls")), "ner"));
    let error = convert(&cut("micro-entity_cls"), "no-rows-typing", &[]).unwrap_err();
    assert!(error.contains("tokenizer.json") && error.contains("no token <ent>"), "{error}");
}

#[test]
fn letters_with_several_marks_have_the_ids_of_sentencepiece() {
    let slow = load(&folder("micro-mluke")).tokenizer;
    let json = tokenizer_json(&checkpoint("micro-mluke"), "mluke");
    let fast = Tokenizer::from_bytes(json.to_string().as_bytes()).unwrap();
    let cases = fixture("mluke_marks.json");
    assert!(cases.as_array().unwrap().len() > 60);
    for case in cases.as_array().unwrap() {
        let (text, want): (String, Vec<u32>) = serde_json::from_value(case.clone()).unwrap();
        for tokenizer in [&slow, &fast] {
            assert_eq!(ids(&tokenizer.encode(&text, SpecialTokens::Match).unwrap()), want, "{text:?}");
            let placed = tokenizer.encode_with_offsets(&text, SpecialTokens::Match).unwrap();
            assert_eq!(placed.iter().map(|(token, _)| token.id).collect::<Vec<_>>(), want, "{text:?}");
            assert!(placed.iter().all(|(_, bytes)| text.get(bytes.clone()).is_some()), "{text:?}: {placed:?}");
        }
    }
}
