//! `luke ner` and the other tasks over lines that other programs wrote.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::folder;

/// The lines that a task writes.
fn run(task: &str, model: &str, input: &[u8]) -> Vec<Value> {
    written(task, model, input).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a task writes.
fn written(task: &str, model: &str, input: &[u8]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args([task, &folder(model).display().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn ner(input: &str) -> Vec<Value> {
    run("ner", "micro-span_cls", input.as_bytes())
}

#[test]
fn an_id_comes_back_with_the_answer_and_with_the_error() {
    let plain = ner(r#"{"text": "Tokyo beats Paris"}"#).remove(0);
    assert!(plain.is_array());
    for id in [json!(1), json!("a"), json!(18446744073709551615u64), json!(null), json!({ "doc": 3 })] {
        let line = json!({ "id": id, "text": "Tokyo beats Paris" }).to_string();
        assert_eq!(ner(&line), [json!({ "id": id, "answer": plain })]);
    }
    let words = json!({ "id": 2, "words": ["Tokyo", "beats"], "sentences": [[0, 2]] }).to_string();
    assert_eq!(ner(&words)[0]["id"], 2);
    let call = json!({ "id": "q", "question": "Who?", "context": "Tokyo beats Paris" }).to_string();
    let answer = run("qa", "micro-qa", call.as_bytes()).remove(0);
    assert!(answer["id"] == "q" && answer["answer"]["answer"].is_string(), "{answer}");
    let wrong = ner(r#"{"id": 9, "text": 3}"#).remove(0);
    assert!(wrong["id"] == 9 && wrong["error"]["line"] == 1, "{wrong}");
}

#[test]
fn an_id_comes_back_byte_for_byte() {
    let ids =
        ["1.0", "1e5", "-0", "123456789012345678901234567890", r#""\u0041\/\ud800""#, r#"{ "b": 1.50, "a": [] }"#];
    let lines: String = ids
        .iter()
        .flat_map(|id| [format!("{{\"text\": \"Tokyo\", \"id\": {id} }}\n"), format!("{{\"id\":{id},\"text\":3}}\n")])
        .collect();
    let output = written("ner", "micro-span_cls", lines.as_bytes());
    let found: Vec<&str> = output.lines().collect();
    assert_eq!(found.len(), 2 * ids.len());
    for (id, found) in ids.iter().zip(found.chunks(2)) {
        for (line, field) in found.iter().zip(["answer", "error"]) {
            assert!(line.starts_with(&format!("{{\"id\":{id},\"{field}\":")), "{line}");
        }
    }
}

#[test]
fn a_name_that_an_object_has_twice_is_refused() {
    let lines = [
        r#"{"text": "Tokyo", "text": "Paris"}"#,
        r#"{"id": 1, "text": "Tokyo", "id": 2}"#,
        r#"{"text": "Tokyo", "options": {"threshold": 0, "threshold": 1}}"#,
    ];
    for (answer, name) in ner(&lines.join("\n")).iter().zip(["text", "id", "threshold"]) {
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("line: the field '{name}' is there twice (column ")), "{message}");
    }
    let span = br#"{"text": "Tokyo", "span": {"start": 0, "start": 1, "end": 5}}"#;
    let answer = run("typing", "micro-entity_cls", span).remove(0);
    assert!(answer["error"]["message"].as_str().unwrap().contains("'start' is there twice"), "{answer}");
}

#[test]
fn fields_that_a_task_does_not_have_are_named_with_the_lines_number() {
    let found = ner(
        "{\"text\": \"Tokyo\"}\n\n{\"text\": \"x\", \"label\": [], \"meta\": {}}\n{\"sentence\": \"x\"}\n{\"text\": \"a\" \"b\"}\n[1]\n",
    );
    assert_eq!(found.len(), 5);
    for (answer, line, parts) in [
        (&found[1], 3, &["'label', 'meta'", "'id'"][..]),
        (&found[2], 4, &["'sentence'", "'text'"]),
        (&found[3], 5, &["is not JSON: ',' or '}' should be here (column "]),
        (&found[4], 6, &["must be an object, not a list"]),
    ] {
        assert_eq!((&answer["error"]["line"], &answer["error"]["code"]), (&json!(line), &json!("input")), "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(parts.iter().all(|part| message.contains(part)) && !message.contains("line 1"), "{message}");
    }
    let other = run("typing", "micro-entity_cls", br#"{"text": "Tokyo", "span": [0, 5], "label": 1}"#).remove(0);
    assert!(other["error"]["message"].as_str().unwrap().contains("label"), "{other}");
}

#[test]
fn marks_surrogates_and_encodings() {
    let plain = ner(r#"{"text": "Tokyo beats Paris"}"#);
    assert_eq!(ner("\u{feff}{\"text\": \"Tokyo beats Paris\"}\r\n"), plain);
    let half = ner(r#"{"text": "\ud83d Tokyo beats \ude42"}"#).remove(0);
    assert_eq!(half, ner("{\"text\": \"\u{fffd} Tokyo beats \u{fffd}\"}").remove(0));
    let latin = run("ner", "micro-span_cls", b"{\"text\": \"ok\"}\n{\"text\": \"caf\xe9\"}\n");
    assert_eq!(latin[1]["error"]["line"], 2);
    assert!(latin[1]["error"]["message"].as_str().unwrap().contains("not UTF-8: it has the byte 0xE9"), "{}", latin[1]);
    let wide: Vec<u8> = "\u{feff}{\"text\": \"ok\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(run("ner", "micro-span_cls", &wide)[0]["error"]["message"].as_str().unwrap().contains("UTF-16"));
}

#[test]
fn a_list_in_place_of_an_object_is_refused() {
    for line in [
        json!({ "text": "Tokyo", "options": [0.999] }),
        json!({ "text": "Tokyo", "options": [] }),
        json!({ "text": [["Tokyo"], [[0, 1]]] }),
    ] {
        let answer = ner(&line.to_string()).remove(0);
        assert_eq!(answer["error"]["code"], "input", "{line}: {answer}");
    }
    let qa = json!({ "question": "Who?", "context": "x", "options": [1, 2] }).to_string();
    let answer = run("qa", "micro-qa", qa.as_bytes()).remove(0);
    assert!(answer["error"]["message"].as_str().unwrap().contains("options: must be an object"), "{answer}");
}

#[test]
fn a_reader_that_wants_no_more_ends_the_run_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args(["ner", &folder("micro-span_cls").display().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    writeln!(stdin, "{{\"text\": \"Tokyo\"}}").unwrap();
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    drop(stdout);
    // The next lines find no reader. The run may have ended before all are written.
    let _ = (0..100).try_for_each(|_| writeln!(stdin, "{{\"text\": \"Tokyo\"}}"));
    drop(stdin);
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert!(child.wait().unwrap().success() && error.is_empty(), "{error}");
}
