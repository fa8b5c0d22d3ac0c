//! Lines in and out.

use serde_json::{Value, json};

use super::{annotate, code, message, numbered, of_model, piped};
use crate::support::{load, repository};

/// The output for each line of input.
fn lines_of(output: &[u8]) -> Vec<&[u8]> {
    let text = output.strip_suffix(b"\n").expect("the last line has an end");
    text.split(|byte| *byte == b'\n').collect()
}

fn parsed(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
}

#[test]
fn the_bytes_of_an_object_stay_and_the_answer_is_its_last_field() {
    let deep = format!(r#"{{"text":"Tokyo beats Paris","deep":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let objects = [
        r#"{"text":"Tokyo beats Paris","id":123456789012345678901234567890}"#,
        r#"{"id":-0.10000000000000000000001e+400,"zero":-0.0,"one":1.0,"text":"Tokyo beats Paris"}"#,
        r#"  { "text" : "Tokyo\u0020beats \u0050aris" , "b":1, "a":2, "b":3 }  "#,
        "{\"text\":\"Tokyo beats Paris\",\"é\":\"\u{1f642}\\ud83d\\ude42\\ud800\\/\\b\"}\r",
        "\u{feff}{\"text\":\"Tokyo beats Paris\"}",
        r#"{"x":{"entities":[],"error":null,"text":1},"text":"Tokyo beats Paris","}":"}"}"#,
        &deep,
    ];
    let output = piped(&mut annotate(&[]), objects.join("\n").as_bytes());
    assert_eq!(code(&output), 0, "{}", message(&output));
    let luke = load(&crate::support::folder("micro-span_cls"));
    let entities = pollster::block_on(luke.call("ner", "Tokyo beats Paris".into(), json!({}))).unwrap();
    assert!(!entities.as_array().unwrap().is_empty());
    let lines = lines_of(&output.stdout);
    assert_eq!(lines.len(), objects.len());
    for (object, line) in objects.iter().zip(lines) {
        let (start, end) = object.split_at(object.rfind('}').unwrap());
        let want = format!("{start},\"entities\":{entities}{end}");
        assert!(line == want.as_bytes(), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn lines_stay_in_order_and_any_number_of_threads_gives_the_same_bytes() {
    let (input, count) = (numbered(500), 500);
    let one = piped(&mut annotate(&["--threads", "1"]), input.as_bytes());
    assert_eq!(code(&one), 0, "{}", message(&one));
    let lines = lines_of(&one.stdout);
    assert_eq!(lines.len(), count);
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(parsed(line)["id"], i);
    }
    for threads in [&["--threads", "2"][..], &["--threads", "7"], &[]] {
        assert!(piped(&mut annotate(threads), input.as_bytes()).stdout == one.stdout, "{threads:?}");
    }
}

/// Integer products are exact, so what a text shares its passes with changes no bit. A part of a file may begin at any line.
#[test]
fn with_the_default_model_a_line_does_not_depend_on_its_neighbors() {
    let model = repository().join("www/models/luke-mini-en").display().to_string();
    let input = numbered(100);
    let run = |input: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luke"));
        let output = piped(command.args(["annotate", "--model", &model]), input.as_bytes());
        assert_eq!(code(&output), 0, "{}", message(&output));
        output.stdout
    };
    let whole = run(&input);
    let rest = input.split_inclusive('\n').skip(37).collect::<String>();
    assert!(whole.ends_with(&run(&rest)), "a part that begins at line 38");
    for (line, want) in input.lines().zip(lines_of(&whole)).step_by(29) {
        assert_eq!(lines_of(&run(line)), [want], "a line alone");
    }
}

/// f32 products of other shapes may differ in their last bit, so with f32 a line depends on its group: 64 lines.
#[test]
fn a_part_that_begins_at_a_group_gives_what_the_whole_gives() {
    let input = numbered(300);
    let whole = piped(&mut annotate(&[]), input.as_bytes()).stdout;
    for groups in 1..5 {
        let rest = input.split_inclusive('\n').skip(64 * groups).collect::<String>();
        let part = piped(&mut annotate(&[]), rest.as_bytes()).stdout;
        assert!(!part.is_empty() && whole.ends_with(&part), "from group {groups}");
    }
}

#[test]
fn wrong_lines_keep_their_place_and_get_an_error() {
    let too_long = format!(r#"{{"text":"{}"}}"#, "x".repeat(1000));
    // The line, and the object that it becomes apart from the error; `None` where it has no error.
    let cases: [(&[u8], Option<&str>); 16] = [
        (br#"{"text":"Tokyo","id":0}"#, None),
        (b"{ not json", Some(r#"{"line":"{ not json","error":"#)),
        (b"", None),
        (b" \t\r", None),
        (b"[{\"text\":\"Tokyo\"}]", Some(r#"{"line":"[{\"text\":\"Tokyo\"}]","error":"#)),
        (b"\"text\"", Some(r#"{"line":"\"text\"","error":"#)),
        (br#"{"id":7}"#, Some(r#"{"id":7,"error":"#)),
        (b"{}", Some(r#"{"error":"#)),
        (br#"{"text":null}"#, Some(r#"{"text":null,"error":"#)),
        (br#"{"text":"a","text":"b"}"#, Some(r#"{"line":"{\"text\":\"a\",\"text\":\"b\"}","error":"#)),
        (br#"{"text":"a","entities":[]}"#, Some(r#"{"text":"a","entities":[],"error":"#)),
        (br#"{"error":1}"#, Some(r#"{"line":"{\"error\":1}","error":"#)),
        (br#"{"text":"a"} {"text":"b"}"#, Some(r#"{"line":"{\"text\":\"a\"} {\"text\":\"b\"}","error":"#)),
        (b"{\"text\":\"caf\xe9\"}", Some(r#"{"lineBase64":"eyJ0ZXh0IjoiY2Fm6SJ9","error":"#)),
        (too_long.as_bytes(), Some(r#"{"line":null,"error":"#)),
        (br#"{"text":"Paris","id":9}"#, None),
    ];
    let input = cases.map(|(line, _)| line).join(&b'\n');
    let keep = ["--on-error", "keep", "--max-line-bytes", "500"];
    let output = piped(&mut annotate(&keep), &input);
    assert_eq!(code(&output), 0, "{}", message(&output));
    let lines = lines_of(&output.stdout);
    assert_eq!(lines.len(), cases.len());
    for ((line, error), got) in cases.iter().zip(lines) {
        let shown = String::from_utf8_lossy(got);
        match error {
            Some(start) => {
                assert!(shown.starts_with(start), "{shown}");
                let error = &parsed(got)["error"];
                assert_eq!(error["code"], "input", "{shown}");
                assert!(error["message"].as_str().is_some_and(|message| message.starts_with("line: ")), "{shown}");
            }
            None if line.trim_ascii().is_empty() => assert_eq!(got, *line),
            None => assert!(parsed(got)["entities"].is_array(), "{shown}"),
        }
    }
    // Half a surrogate pair is read, and its bytes stay.
    let half = &br#"{"text":"\ud800"}"#[..];
    assert_eq!(
        piped(&mut annotate(&keep), half).stdout,
        br#"{"text":"\ud800","entities":[]}
"#
    );
    // The error does not repeat a long line.
    let long = format!("\"{}\"", "é".repeat(100_000));
    let output = piped(&mut annotate(&keep[..2]), long.as_bytes());
    assert!((200_000..201_000).contains(&output.stdout.len()), "{}", output.stdout.len());
    // Without `keep` the run ends there, and what is before it is written.
    let output = piped(&mut annotate(&[]), &input);
    assert_eq!(code(&output), 3);
    assert!(
        message(&output)
            .contains("line 2: input: line: is not JSON: a name in double quotes should be here (column 3)"),
        "{}",
        message(&output)
    );
    assert_eq!(lines_of(&output.stdout).len(), 1);
}

#[test]
fn every_task_takes_the_fields_that_it_needs() {
    let cases = [
        ("micro-entity_cls", "typing", "types", json!({ "text": "Tokyo beats Paris", "span": [0, 5] })),
        (
            "micro-entity_pair",
            "relation",
            "relations",
            json!({ "text": "Tokyo beats Paris", "head": [0, 5], "tail": [12, 17] }),
        ),
        ("micro-qa", "qa", "answer", json!({ "question": "Who?", "context": "Tokyo beats Paris" })),
    ];
    for (model, task, field, input) in cases {
        let options = if task == "qa" { json!({ "topK": 2 }) } else { json!({ "allScores": true }) };
        let luke = load(&crate::support::folder(model));
        let want = pollster::block_on(luke.call(task, input.clone(), options.clone())).unwrap();
        let arguments = ["--task", task, "--on-error", "keep", "--options", &options.to_string()];
        let lines = format!("{input}\n{{\"text\":\"a\",\"context\":\"b\"}}\n");
        let output = piped(&mut of_model(model, &arguments), lines.as_bytes());
        assert_eq!(code(&output), 0, "{}", message(&output));
        let got = lines_of(&output.stdout);
        let (object, end) = (input.to_string(), format!(",\"{field}\":{want}}}"));
        let answered = format!("{}{end}", object.trim_end_matches('}'));
        assert_eq!(String::from_utf8_lossy(got[0]), answered, "{task}");
        assert_eq!(parsed(got[1])["error"]["code"], "input", "{task}");
    }
    // A span that is none of the text is the fault of its line.
    let lines =
        format!("{}\n{}\n", json!({ "text": "Tokyo", "span": [3, 9] }), json!({ "text": "Tokyo", "span": "all" }));
    let output =
        piped(&mut of_model("micro-entity_cls", &["--task", "typing", "--on-error", "keep"]), lines.as_bytes());
    for line in lines_of(&output.stdout) {
        assert_eq!(parsed(line)["error"]["code"], "input");
    }
}

#[test]
fn fields_have_the_names_that_the_options_say() {
    let arguments = ["--field", "text=body", "--result-field", "found", "--error-field", "why", "--on-error", "keep"];
    let output = piped(&mut annotate(&arguments), b"{\"body\":\"Tokyo\",\"text\":1}\n{\"text\":\"Tokyo\"}\n");
    let lines = lines_of(&output.stdout);
    assert!(lines[0].starts_with(br#"{"body":"Tokyo","text":1,"found":["#), "{}", message(&output));
    assert!(lines[1].starts_with(br#"{"text":"Tokyo","why":{"code":"input","#));
    for (wrong, reason, status) in [
        (["--field", "words=body"], "'words=body' does not name a field for text", 2),
        (["--field", "text=entities"], "the field 'entities' has two meanings", 2),
        (["--error-field", "line"], "'line' is the field of a line that is no object", 2),
        (["--options", "[]"], "--options: must be an object, not a list", 2),
        (["--options", r#"{"labels":["X"]}"#], "--options: labels", 2),
        (["--options", r#"{"topK":1}"#], "--options: topK: there is no 'topK' (there are: threshold", 2),
        (["--task", "qa"], "task-unavailable", 1),
    ] {
        let output = piped(&mut annotate(&wrong), b"{\"text\":\"Tokyo\"}\n");
        assert_eq!((code(&output), output.stdout.len()), (status, 0), "{wrong:?}");
        assert!(message(&output).contains(reason), "{}", message(&output));
    }
    assert_eq!(code(&piped(&mut annotate(&["--on-error", "ignore"]), b"")), 2);
}
