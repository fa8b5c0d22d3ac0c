//! The `luke` binary: tasks over JSON Lines, and `luke verify`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{checkpoint, copy, edit, flip, folder, load, luke, temporary};

/// The answers of a task to lines of input.
fn answers(task: &str, model: &str, lines: &[impl AsRef<[u8]>]) -> Vec<Value> {
    answers_with(task, model, lines, &[])
}

/// The answers of a task to lines of input, with arguments of the command line.
fn answers_with(task: &str, model: &str, lines: &[impl AsRef<[u8]>], arguments: &[&str]) -> Vec<Value> {
    let input = lines.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(&b'\n');
    let mut child = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args([task, &folder(model).display().to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
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
fn options_of_all_lines_hold_where_a_line_has_no_others() {
    let run = |arguments: &[&str], lines: &[Value]| -> Vec<Value> {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        answers_with("ner", "micro-span_cls", &lines, arguments)
    };
    let text = "Nadim Ladki saw Japan get a lucky win in Los Angeles.";
    let lines = [
        json!({ "text": text }),
        json!({ "text": text, "options": null }),
        json!({ "text": text, "options": { "runnersUp": 2, "allScores": true } }),
        json!({ "text": text, "options": 7 }),
    ];
    let plain = run(&[], &lines[..1]);
    let found = run(&["--options", r#"{"runnersUp": 0.05}"#, "--pass-cache-bytes", "0"], &lines);
    assert_eq!(found[0]["entities"], plain[0]);
    assert!(found[0]["runnersUp"].as_array().is_some_and(|near| !near.is_empty()), "{}", found[0]);
    assert_eq!(found[1], found[0]);
    assert_eq!(found[2]["runnersUp"], json!([]));
    assert!(found[2]["entities"][0]["scores"].is_object());
    assert_eq!(found[3]["error"]["code"], "input");
}

/// Runs a task over one good line. Gives the exit code, standard output and standard error.
pub fn once(task: &str, model: &Path, line: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args([task, &model.display().to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that ends before it reads closes its end.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn options_that_are_wrong_end_the_run_before_the_first_line() {
    let text = json!({ "text": "Tokyo beats Paris" });
    let mention = json!({ "text": "Tokyo beats Paris", "span": [0, 5] });
    let pair = json!({ "text": "Tokyo beats Paris", "head": [0, 5], "tail": [12, 17] });
    let mask = json!({ "text": "Tokyo <mask> Paris" });
    let spans = json!({ "text": "Tokyo beats Paris", "spans": [[0, 5]] });
    let question = json!({ "question": "Who?", "context": "Tokyo beats Paris" });
    let cloze = json!({ "passage": "Tokyo", "query": "@placeholder", "candidates": [[0, 5]] });
    let arrays = json!({ "inputIds": [0, 2] });
    for (task, model, line, wrong, reason) in [
        ("ner", "micro-span_cls", &text, "{", "--options: is not JSON: it ends inside an object"),
        ("ner", "micro-span_cls", &text, "7", "--options: must be an object, not 7"),
        ("ner", "micro-span_cls", &text, "[]", "--options: must be an object, not a list"),
        ("ner", "micro-span_cls", &text, r#"{"threshold": 1, "threshold": 0}"#, "'threshold' is there twice"),
        ("ner", "micro-span_cls", &text, r#"{"threshold": "high"}"#, "--options: threshold: must be a number"),
        ("ner", "micro-span_cls", &text, r#"{"threshold": 2}"#, "--options: threshold: 2 is not between 0 and 1"),
        ("ner", "micro-span_cls", &text, r#"{"labels": ["X"]}"#, "--options: labels: 'X' is none of"),
        ("qa", "micro-qa", &question, r#"{"topK": 0}"#, "--options: topK"),
        ("typing", "micro-entity_cls", &mention, r#"{"treshold": 1}"#, "--options: treshold: there is no 'treshold'"),
        (
            "relation",
            "micro-entity_pair",
            &pair,
            r#"{"allScores": 1}"#,
            "--options: allScores: must be true or false, not 1",
        ),
        ("cloze", "micro-cloze", &cloze, r#"{"docStride": 0}"#, "--options: docStride"),
        ("fill-mask", "micro-mlm", &mask, r#"{"topK": 1001}"#, "--options: topK"),
        (
            "predict-entities",
            "micro-mlm",
            &spans,
            r#"{"topK": -1}"#,
            "--options: topK: must be a whole number of 0 or more",
        ),
        ("embed", "micro-model", &spans, r#"{"pooling": "max"}"#, "--options: pooling: must be "),
        ("forward", "micro-qa", &arrays, r#"{"head": "none"}"#, "--options: head"),
        (
            "forward",
            "micro-qa",
            &arrays,
            r#"{"heads": "qa"}"#,
            "--options: heads: there is no 'heads' (there are: head)",
        ),
    ] {
        let model = folder(model);
        let line = line.to_string();
        let (code, output, said) = once(task, &model, &line, &["--options", wrong]);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{task} {wrong}: {said}");
        assert!(said.starts_with("luke: input: --options: ") && said.contains(reason), "{task} {wrong}: {said}");
        let (code, output, said) = once(task, &model, &line, &["--options", "{}"]);
        assert!(code == Some(0) && !output.contains("\"error\""), "{task}: {output}{said}");
    }
    // These fit some texts: each line says whether its own.
    for options in [r#"{"sentences": [[0, 17]]}"#, r#"{"sentences": [[0, 170]]}"#] {
        let (code, output, said) = once("ner", &folder("micro-span_cls"), &text.to_string(), &["--options", options]);
        assert_eq!((code, output.contains("\"error\"")), (Some(0), options.contains("170")), "{output}{said}");
    }
}

/// Tests are built without a GPU.
#[cfg(not(feature = "webgpu"))]
#[test]
fn a_device_that_this_build_does_not_have_is_named_with_what_to_do() {
    let output = luke(&["ner", &folder("micro-span_cls").display().to_string(), "--device", "gpu"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("unsupported: this build has no device 'gpu'. Build it with --features webgpu, or take 'cpu'"),
        "{said}"
    );
}

#[test]
fn files_that_cannot_be_read_or_written_are_io() {
    let (place, model) = (temporary("io"), folder("micro-span_cls"));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("file"), "x").unwrap();
    let path = |name: &str| place.join(name).display().to_string();
    let (model, checkpoint) = (model.display().to_string(), checkpoint("micro-span_cls").display().to_string());
    let holed = temporary("io-holed");
    copy(Path::new(&model), &holed);
    std::fs::remove_file(holed.join("chunks/0000.bin")).unwrap();
    let holed = holed.display().to_string();
    for (arguments, named, reason) in [
        (&["ner", &path("nowhere")][..], "nowhere/manifest.json", "`luke convert` makes it"),
        (&["ner", &checkpoint], "manifest.json", "`luke convert` makes it"),
        (&["ner", &path("file")], "file/manifest.json", "a part of its path is a file"),
        (&["verify", &holed], "chunks/0000.bin", "there is no such file"),
        (&["convert", &path("nowhere"), &path("new")], "nowhere/config.json", "there is no such file"),
        (&["convert", &checkpoint, &path("file/in")], "file", "a part of its path is a file"),
        (&["tokenizer", &checkpoint, &path("")], "io", "is a folder"),
        (&["eval", &model, "--task", "conll2003", &path("nowhere")], "nowhere", "there is no such file"),
        (&["eval", &model, "--task", "conll2003", &path("")], "io", "is a folder"),
        (&["annotate", "--model", &model, &path("nowhere"), "-"], "nowhere", "there is no such file"),
        (&["annotate", "--model", &model, &path(""), "-"], "io", "is a folder"),
        (&["annotate", "--model", &model, &path("file"), &path("no/where")], "no/where", "there is no such file"),
    ] {
        let output = luke(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.starts_with("luke: io: ") && said.contains(named) && said.contains(reason),
            "{arguments:?}: {said}"
        );
        assert!(!said.contains("os error"), "{said}");
    }
}

#[test]
fn a_line_may_have_several_mentions() {
    let one = |span: [usize; 2]| json!({ "text": "Tokyo beats Paris", "span": span });
    let lines = [
        json!({ "inputs": [one([0, 5]), one([12, 17])], "options": { "allScores": true } }).to_string(),
        json!({ "text": "Tokyo beats Paris", "span": [0, 5], "options": { "allScores": true } }).to_string(),
        json!({ "inputs": [one([0, 5]), one([0, 50])] }).to_string(),
        json!({ "inputs": [], "text": "Tokyo" }).to_string(),
    ];
    let answers = answers("typing", "micro-entity_cls", &lines);
    assert_eq!(answers[0].as_array().map(Vec::len), Some(2));
    assert_eq!(answers[0][0], answers[1]);
    assert!(answers[2]["error"]["message"].as_str().unwrap().contains("inputs[1].span"), "{}", answers[2]);
    assert_eq!(answers[3]["error"]["code"], "input");
}

#[test]
fn forward_reads_arrays_and_writes_the_outputs_by_name() {
    let arrays = json!({ "inputIds": [0, 5, 6, 2], "entityIds": [1], "entityPositionIds": [[1, 2]] });
    let model = load(&folder("micro-span_cls"));
    let want =
        pollster::block_on(model.forward(&serde_json::from_value(arrays.clone()).unwrap(), Some("model"))).unwrap();
    let mut one = arrays.clone();
    one["options"] = json!({ "head": "model" });
    let lines = [
        one.to_string(),
        json!({ "inputs": [arrays, { "inputIds": [0, 2] }], "options": { "head": "model" } }).to_string(),
        json!({ "inputIds": [0, 2], "options": { "heads": "model" } }).to_string(),
        json!({ "inputIds": [] }).to_string(),
    ];
    let answers = answers("forward", "micro-span_cls", &lines);
    for output in &want {
        let got = &answers[0][output.name.as_str()];
        assert_eq!(got["shape"], json!(output.shape));
        let data: Vec<f32> = serde_json::from_value(got["data"].clone()).unwrap();
        assert_eq!(data, output.values, "{}", output.name);
    }
    assert_eq!(answers[0].as_object().unwrap().len(), want.len());
    assert_eq!((&answers[1][0], answers[1].as_array().map(Vec::len)), (&answers[0], Some(2)));
    for (answer, named) in [(&answers[2], "heads"), (&answers[3], "inputIds")] {
        assert_eq!(answer["error"]["code"], "input");
        assert!(answer["error"]["message"].as_str().unwrap().contains(named), "{answer}");
    }
}

#[test]
fn a_line_that_is_no_utf8_is_an_error_on_its_line() {
    let lines = [b"{\"text\": \"caf\xe9\"}".to_vec(), br#"{"text": "Tokyo"}"#.to_vec()];
    let answers = answers("ner", "micro-span_cls", &lines);
    assert_eq!(answers[0]["error"]["code"], "input", "{}", answers[0]);
    assert!(answers[1].is_array(), "{}", answers[1]);
}

#[test]
fn convert_replaces_model_folders_and_nothing_else() {
    let from = temporary("convert-from");
    copy(&checkpoint("micro-span_cls"), &from);
    let own = temporary("convert-own");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("notes.txt"), "mine").unwrap();
    let convert = |to: &Path| luke(&["convert", &from.display().to_string(), &to.display().to_string()]);
    for (to, reason) in
        [(&*own, "no model folder"), (&*from, "holds the checkpoint"), (from.parent().unwrap(), "holds the checkpoint")]
    {
        let refused = convert(to);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains(reason), "{refused:?}");
    }
    assert!(convert(Path::new("..")).stderr.windows(4).any(|part| part == b"name"), "a path without a name");
    assert!(own.join("notes.txt").exists() && from.join("config.json").exists());
    let to = temporary("convert-to");
    let _ = std::fs::remove_dir_all(&to);
    for _ in 0..2 {
        assert!(convert(&to).status.success(), "a new folder, then a model folder");
    }
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
    flip(&chunk, 1000);
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("integrity") && error.contains("chunks/0000.bin") && error.contains("sha256"), "{error}");
    std::fs::File::options().write(true).open(&chunk).and_then(|file| file.set_len(500)).unwrap();
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("chunks/0000.bin: 500 bytes"), "{error}");
    edit(&damaged.join("manifest.json"), |m| m["chunks"][0]["path"] = json!("../0000.bin"));
    let error = String::from_utf8(verify(&damaged).stderr).unwrap();
    assert!(error.contains("not inside the folder"), "{error}");
}

#[test]
fn fewer_bits_hold_the_same_model() {
    let full = load(&folder("micro-span_cls"));
    let values = |model: &luke_web::Luke| {
        pollster::block_on(model.self_test_values("Tokyo beats Paris", &[[0, 5], [12, 17]], "ner")).unwrap()
    };
    for (dtype, most) in [("f16", 0.02), ("q8", 0.2), ("q4", 1.0)] {
        let (from, to) = (checkpoint("micro-span_cls"), temporary(dtype));
        let arguments = [&from.display().to_string(), &to.display().to_string()];
        let result = luke(&["convert", arguments[0], arguments[1], "--dtype", dtype, "--name", "small"]);
        assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
        let model = load(&to);
        assert_eq!(model.manifest.name, "small");
        assert_eq!(model.config.entity_vocab_size, 4, "only the special entities are kept");
        assert_eq!(model.entity_vocab.mask, 0);
        let worst = values(&model).iter().zip(values(&full)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{dtype} moves logits by {worst}");
        assert!(worst > 0.0 && worst < most, "{dtype} moves logits by {worst}");
        assert!(!to.with_file_name(format!(".{dtype}.luke-exact")).exists(), "the folder for the means is gone");
    }
}
