//! "No entity" is the label called `O` or `NIL`, wherever it stands.

use luke_web::Luke;
use luke_web::tasks::ner::{Entity, NerInput, NerOptions, NerResult};
use serde_json::json;

use crate::raw_checkpoints::load_raw;
use crate::support::{changed, convert, copy, edit, edit_tensors, folder, load, temporary};

const TEXT: &str = "Star Wars is a film written and directed by George Lucas. Ana Ivanovic won at Wimbledon.";

fn ner(luke: &Luke) -> Vec<Entity> {
    let options = NerOptions { all_scores: true, ..NerOptions::default() };
    match pollster::block_on(luke.ner(&NerInput::Text(TEXT.into()), &options)).unwrap() {
        NerResult::One(found) => found.entities,
        NerResult::Many(_) => panic!("one text"),
    }
}

/// `micro-span_cls` with its labels, and the rows of its head, in this order.
fn in_order(name: &str, labels: [&str; 5], order: [usize; 5]) -> std::path::PathBuf {
    changed("micro-span_cls", name, |folder| {
        edit(&folder.join("config.json"), |config| {
            config["id2label"] = (0..5).map(|i| (i.to_string(), json!(labels[i]))).collect();
        });
        edit_tensors(folder, |tensors| {
            for (_, shape, data) in tensors.iter_mut().filter(|(name, ..)| name.starts_with("classifier.")) {
                let row = data.len() / shape[0];
                *data = order.iter().flat_map(|from| data[from * row..][..row].to_vec()).collect();
            }
        });
    })
}

#[test]
fn no_entity_may_be_any_label() {
    let want = ner(&load(&folder("micro-span_cls")));
    assert!(!want.is_empty() && want.iter().any(|entity| entity.label == "MISC"));
    for (name, labels, order) in [
        ("none-last", ["LOC", "MISC", "PER", "ORG", "O"], [4, 1, 2, 3, 0]),
        ("none-second", ["MISC", "NIL", "PER", "ORG", "LOC"], [1, 0, 2, 3, 4]),
        ("none-first", ["O", "MISC", "PER", "ORG", "LOC"], [0, 1, 2, 3, 4]),
    ] {
        let from = in_order(name, labels, order);
        let converted = load(&convert(&from, name, &["--entities", "full"]).unwrap());
        for luke in [converted, load_raw(&from, &[]).0] {
            let plain = |found: Vec<Entity>| -> Vec<_> {
                found.into_iter().map(|e| (e.start, e.end, e.label, e.logit)).collect()
            };
            assert_eq!(plain(ner(&luke)), plain(want.clone()), "{name}");
        }
    }
}

/// What else asks which label is no entity: near misses, the filter of spans, and the options.
#[test]
fn every_option_knows_no_entity() {
    let found = |luke: &Luke, options: serde_json::Value| {
        let value = pollster::block_on(luke.call("ner", TEXT.into(), options)).unwrap();
        let list = |found: &serde_json::Value| -> Vec<_> {
            let places = found.as_array().unwrap().iter();
            places.map(|e| (e["start"].clone(), e["end"].clone(), e["label"].clone(), e["lostTo"].clone())).collect()
        };
        let runners_up = if value.is_array() { Vec::new() } else { list(&value["runnersUp"]) };
        (list(if value.is_array() { &value } else { &value["entities"] }), runners_up)
    };
    let options = [
        json!({ "runnersUp": 0.05 }),
        json!({ "runnersUp": 0.0, "candidates": "likely" }),
        json!({ "candidates": "likely" }),
        json!({ "labels": ["MISC"], "runnersUp": 0.1 }),
        json!({ "threshold": 0.3, "sentences": "none" }),
        json!({ "context": "document" }),
    ];
    let plain = load(&folder("micro-span_cls"));
    for (name, labels, order) in [
        ("none-nil-last", ["LOC", "MISC", "PER", "ORG", "NIL"], [4, 1, 2, 3, 0]),
        ("none-o-third", ["PER", "MISC", "O", "ORG", "LOC"], [2, 1, 0, 3, 4]),
    ] {
        let from = in_order(name, labels, order);
        let luke = load(&convert(&from, name, &["--entities", "full"]).unwrap());
        for options in &options {
            let (entities, runners_up) = found(&luke, options.clone());
            assert_eq!((entities, runners_up.clone()), found(&plain, options.clone()), "{name} {options}");
            assert_eq!(runners_up.is_empty(), options["runnersUp"].is_null(), "{name} {options}");
            assert!(runners_up.iter().all(|(_, _, label, _)| label != "O" && label != "NIL"), "{name} {options}");
        }
    }
}

#[test]
fn labels_of_which_none_means_no_entity_are_refused_by_name() {
    let order = [0, 1, 2, 3, 4];
    for (name, labels) in [
        ("none-missing", ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"]),
        ("none-twice", ["O", "NIL", "PER", "ORG", "LOC"]),
        ("none-lower", ["o", "MISC", "PER", "ORG", "LOC"]),
    ] {
        let from = in_order(name, labels, order);
        for options in [&[][..], &["--skip-self-test"]] {
            let error = convert(&from, name, options).unwrap_err();
            assert!(error.contains("O or NIL") && error.contains(labels[0]), "{error}");
            assert!(error.contains("luke_web.json may name them"), "{error}");
        }
    }
    // The labels may be named beside the checkpoint.
    let from = in_order("none-named", ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"], [4, 1, 2, 3, 0]);
    let about = json!({ "heads": { "ner": { "labels": ["LOC", "MISC", "PER", "ORG", "O"] } }, "license": null });
    std::fs::write(from.join("luke_web.json"), about.to_string()).unwrap();
    let found = ner(&load(&convert(&from, "none-named", &["--entities", "full"]).unwrap()));
    assert_eq!(found.len(), ner(&load(&folder("micro-span_cls"))).len());
}

/// As the format of model folders says.
#[test]
fn it_is_the_first_label_of_a_model_folder_that_has_neither() {
    let to = temporary("none-folder");
    copy(&folder("micro-span_cls"), &to);
    let want = ner(&load(&to));
    edit(&to.join("manifest.json"), |manifest| manifest["heads"]["ner"]["labels"][0] = json!("nothing"));
    let places = |found: &[Entity]| found.iter().map(|e| (e.start, e.end, e.label.clone())).collect::<Vec<_>>();
    assert_eq!(places(&ner(&load(&to))), places(&want));
}
