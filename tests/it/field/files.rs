//! Datasets as other programs write them: marks, line ends, columns, comments, encodings, ids.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{changed, convert, folder, luke, temporary};

fn written(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = temporary(&format!("field-{name}"));
    std::fs::write(&path, content).unwrap();
    path
}

/// The report of `luke eval`, or standard error.
fn eval(model: &str, task: &str, file: &Path) -> Result<Value, String> {
    let output = luke(&["eval", &folder(model).display().to_string(), "--task", task, &file.display().to_string()]);
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn conll(name: &str, content: impl AsRef<[u8]>) -> Result<Value, String> {
    eval("micro-span_cls", "conll2003", &written(name, content)).map(|mut report| report["metrics"].take())
}

const COLUMNS: &str = "Tokyo NNP B-LOC\nbeats VBZ O\nParis NNP B-LOC\n. . O\n\nAda NNP B-PER\nlives VBZ O\n\n";

#[test]
fn column_files_have_any_line_end_mark_and_separator() {
    let want = conll("plain.txt", COLUMNS).unwrap();
    assert_eq!((&want["gold"], &want["sentences"]), (&json!(3), &json!(2)));
    for (name, content) in [
        ("crlf", COLUMNS.replace('\n', "\r\n")),
        ("cr", COLUMNS.replace('\n', "\r")),
        ("mixed", COLUMNS.replacen('\n', "\r\n", 3)),
        ("mark", format!("\u{feff}{COLUMNS}")),
        ("tabs", COLUMNS.replace(' ', "\t")),
        ("mark-tabs-cr", format!("\u{feff}{}", COLUMNS.replace(' ', "\t").replace('\n', "\r"))),
        ("some-tabs", COLUMNS.replacen(' ', "\t", 3)),
        ("no-last-line-end", COLUMNS.trim_end().to_owned()),
        ("spaces-at-ends", COLUMNS.replace('\n', " \n")),
        (
            "comments",
            format!(
                "# id 1 domain=en\n{}",
                COLUMNS.replace("\n\nAda", "\n\n# id 2 domain=en\n# text = Ada lives\nAda")
            ),
        ),
        ("comment-of-three", format!("# global.columns = x\n#\n{COLUMNS}")),
        ("last-comment", format!("{COLUMNS}# the end\n")),
    ] {
        assert_eq!(conll(&format!("{name}.txt"), content).as_ref(), Ok(&want), "{name}");
    }
}

#[test]
fn a_file_of_tab_columns_may_hold_spaces() {
    let report = conll("in-tabs.txt", "10 000\tO\nNew York\tB-LOC\n\nParis\tB-LOC\n").unwrap();
    assert_eq!((&report["gold"], &report["sentences"]), (&json!(2), &json!(2)));
    let error = conll("in-spaces.txt", "10 000 O\nParis B-LOC\n").unwrap_err();
    assert!(error.contains(":2: has 2 columns"), "{error}");
}

#[test]
fn a_sign_is_a_word_and_a_broken_line_no_comment() {
    let report = conll("number-sign.txt", "# NN O\n1 CD O\n\n# NN B-MISC\nParis NNP B-LOC\n").unwrap();
    assert_eq!((&report["gold"], &report["sentences"]), (&json!(2), &json!(2)));
    for (content, part) in [
        ("Paris B-LOC\n# domain=en\n", ":2: tag 'domain=en'"),
        ("Paris B-LOC\n#hash tag x\n", ":2: has 3 columns"),
        ("Paris B-LOC\n\n; domain=en\n", ":3: tag 'domain=en'"),
    ] {
        let error = conll("no-comment.txt", content).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_file_without_an_entity_is_not_scored() {
    for content in ["Tokyo O\nbeats O\n\nParis O\n", "-DOCSTART- O\n\nTokyo NNP O\n", "Tokyo\tO\rParis\tO\r"] {
        let error = conll("no-entity.txt", content).unwrap_err();
        assert!(error.contains("has no entity") && error.contains("words is O"), "{error}");
    }
}

#[test]
fn other_encodings_are_named_with_their_line() {
    for (task, model, content) in [
        ("conll2003", "micro-span_cls", &b"Tokyo B-LOC\n\nCaf\xe9 O\n"[..]),
        ("squad", "micro-qa", b"{\n\"data\":\n\"caf\xe9\"}"),
        ("tacred", "micro-entity_pair", b"[\n\n\"\x93\"]"),
        ("record", "micro-cloze", b"{}\n\n{\"x\": \"\xff\"}"),
        ("open-entity", "micro-entity_cls", b"{}\n{}\n\xc3("),
    ] {
        let error = eval(model, task, &written("latin", content)).unwrap_err();
        assert!(error.contains("field-latin: line 3: is not UTF-8"), "{task}: {error}");
        let wide: Vec<u8> = "\u{feff}Tokyo O".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let error = eval(model, task, &written("wide", wide)).unwrap_err();
        assert!(error.contains("UTF-16, not UTF-8"), "{task}: {error}");
    }
}

fn squad(id: &Value) -> Value {
    let qa = json!({ "id": id, "question": "Who?", "answers": [{ "text": "Tokyo", "answer_start": 0 }] });
    json!({ "data": [{ "paragraphs": [{ "context": "Tokyo beats Paris", "qas": [qa] }] }] })
}

fn tacred(id: &Value) -> Value {
    json!([{ "id": id, "token": ["Ada", "met", "Bob"], "subj_start": 0, "subj_end": 0, "obj_start": 2, "obj_end": 2,
             "relation": "per:title" }])
}

fn record(id: &Value) -> Value {
    json!({ "passage": { "text": "Tokyo beats Paris", "entities": [{ "start": 0, "end": 4 }, { "start": 12, "end": 16 }] },
            "qas": [{ "id": id, "query": "@placeholder wins", "answers": [{ "text": "Tokyo" }] }] })
}

fn mention(id: &Value) -> Value {
    json!({ "annot_id": id, "left_context_token": ["In"], "mention_span": "Tokyo", "right_context_token": [], "y_str": ["location"] })
}

/// The ids in a predictions file.
fn ids(model: &str, task: &str, content: String) -> Vec<String> {
    static RUN: AtomicUsize = AtomicUsize::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let predictions = temporary(&format!("field-ids-{run}.jsonl"));
    let _ = std::fs::remove_file(&predictions);
    let file = written(&format!("ids-{run}"), content).display().to_string();
    let model = folder(model).display().to_string();
    let output = luke(&["eval", &model, "--task", task, &file, "--predictions", &predictions.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = std::fs::read_to_string(predictions).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    lines.lines().skip(1).map(id).collect()
}

#[test]
fn a_number_is_an_id_and_a_mark_is_passed_over() {
    for (id, text) in [
        (json!(1), "1"),
        (json!("1"), "1"),
        (json!(18446744073709551615u64), "18446744073709551615"),
        (json!(-2), "-2"),
    ] {
        for mark in ["", "\u{feff}"] {
            assert_eq!(ids("micro-qa", "squad", format!("{mark}{}", squad(&id))), [text]);
            assert_eq!(ids("micro-entity_pair", "tacred", format!("{mark}{}", tacred(&id))), [text]);
            assert_eq!(ids("micro-cloze", "record", format!("{mark}{}", json!({ "data": [record(&id)] }))), [text]);
            assert_eq!(ids("micro-entity_cls", "open-entity", format!("{mark}{}\n", mention(&id))), [text]);
        }
    }
    for id in [json!(true), json!([1]), json!({})] {
        let error = eval("micro-qa", "squad", &written("odd-id", squad(&id).to_string())).unwrap_err();
        assert!(error.contains("qas[0].id") && error.contains("string or a number"), "{error}");
    }
}

#[test]
fn record_is_read_in_the_form_of_superglue() {
    let line = |idx: u32| {
        let mut line = record(&json!(null));
        line["qas"][0].as_object_mut().unwrap().remove("id");
        (line["qas"][0]["idx"], line["idx"], line["source"]) = (json!(idx), json!(7), json!("Daily mail"));
        line.to_string()
    };
    for (content, want) in [
        (line(4), vec!["4"]),
        (format!("{}\n\n{}\n", line(4), line(5)), vec!["4", "5"]),
        (format!("\u{feff}{}\r\n{}\r\n", line(4), line(5)), vec!["4", "5"]),
    ] {
        assert_eq!(ids("micro-cloze", "record", content), want);
    }
    let one = eval("micro-cloze", "record", &written("superglue", line(4))).unwrap();
    let other =
        eval("micro-cloze", "record", &written("original", json!({ "data": [record(&json!("4"))] }).to_string()))
            .unwrap();
    assert_eq!(one["metrics"], other["metrics"]);
    let error =
        eval("micro-cloze", "record", &written("broken", format!("{}\n{{\"qas\": []}}\n", line(4)))).unwrap_err();
    assert!(error.contains("field-broken:2: 'passage' is missing"), "{error}");
}

#[test]
fn half_a_surrogate_pair_in_a_dataset_is_a_replacement_character() {
    let text = squad(&json!(1)).to_string().replace("Tokyo beats", "\\ud83d Tokyo beats");
    assert_eq!(ids("micro-qa", "squad", text), ["1"]);
}

#[test]
fn figures_of_nothing_are_zero() {
    for (task, model, content) in [
        ("open-entity", "micro-entity_cls", {
            let mut m = mention(&json!("a"));
            m["y_str"] = json!([]);
            m.to_string()
        }),
        ("tacred", "micro-entity_pair", tacred(&json!("a")).to_string().replace("per:title", "no_relation")),
    ] {
        let report = eval(model, task, &written("nothing", content)).unwrap();
        assert!(!report["metrics"].to_string().contains("-0.0"), "{task}: {report}");
    }
}

/// A byte order mark before every text file of a checkpoint.
#[test]
fn checkpoints_with_marks_are_read() {
    for (of, files) in [
        (
            "micro-qa",
            &[
                "config.json",
                "entity_vocab.json",
                "tokenizer_config.json",
                "added_tokens.json",
                "vocab.json",
                "merges.txt",
            ][..],
        ),
        ("micro-bert", &["vocab.txt"]),
    ] {
        for file in files {
            let from = changed(of, &format!("mark-{file}"), |folder| {
                let bytes = std::fs::read(folder.join(file)).unwrap();
                std::fs::write(folder.join(file), [b"\xef\xbb\xbf", bytes.as_slice()].concat()).unwrap();
            });
            let to = convert(&from, &format!("mark-{file}"), &["--entities", "full"]).unwrap();
            let tokenizer = |folder: &Path| std::fs::read(folder.join("tokenizer.json")).unwrap();
            assert_eq!(tokenizer(&to), tokenizer(&folder(of)), "{file}");
        }
    }
}
