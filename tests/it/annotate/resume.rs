//! Runs that are stopped and started again.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{annotate, code, message, numbered, place, run};

/// The files of a test: the input, the output, and the record beside it.
fn files(name: &str, input: &str) -> [std::path::PathBuf; 3] {
    let place = place(name);
    fs::write(place.join("in.jsonl"), input).unwrap();
    ["in.jsonl", "out.jsonl", "out.jsonl.annotate.json"].map(|file| place.join(file))
}

fn uninterrupted(input: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = input.with_file_name("whole.jsonl");
    let done = run(input, &output, arguments);
    assert_eq!(code(&done), 0, "{}", message(&done));
    fs::read(output).unwrap()
}

/// Numbers that look random (xorshift), the same in each run of the test.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn a_run_that_is_killed_at_any_moment_loses_and_doubles_no_line() {
    let lines = numbered(1250) + "no object\n\n{\"id\":\"no text\"}\n" + &numbered(1250);
    let [input, output, record] = files("killed", &lines);
    let arguments = ["--on-error", "keep", "--quiet"];
    let whole = uninterrupted(&input, &arguments);
    let (mut seed, mut kills, mut stops) = (7, 0, Vec::new());
    let finished = loop {
        assert!(kills < 300, "the run makes no progress");
        let threads = ["1", "2", "3"][kills % 3];
        let mut child = annotate(&arguments)
            .args(["--threads", threads])
            .args([&input, &output])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Longer each time, so that the run ends on a slow machine too.
        std::thread::sleep(Duration::from_millis(random(&mut seed) % (100 + 25 * kills as u64)));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // On Unix this is SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // What a kill in the middle of a write leaves: a part of a line more, or less.
        let written = fs::read(&output).unwrap_or_default();
        assert!(whole.starts_with(&written), "after {kills} kills");
        stops.push(written.len());
        if kills % 4 == 0 && !written.is_empty() {
            let torn = written.len() as u64 - random(&mut seed) % (written.len() as u64).min(3000);
            OpenOptions::new().write(true).open(&output).unwrap().set_len(torn).unwrap();
        }
    };
    println!("{kills} kills, at {stops:?}");
    assert!(finished.success());
    assert!(fs::read(&output).unwrap() == whole);
    let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record["complete"], json!({ "lines": 2503, "errors": 2 }));
}

#[test]
fn every_torn_end_is_cut_off_and_written_again() {
    let [input, output, record] = files("torn", &numbered(200));
    let whole = uninterrupted(&input, &[]);
    fs::rename(input.with_file_name("whole.jsonl.annotate.json"), record).unwrap();
    let lengths = [0, 1, 100, whole.len() / 2, whole.len() - 1, whole.len()];
    for (length, end) in lengths.into_iter().zip([&[0; 4096][..], b"", &[0; 9], b"", b"", b""]) {
        fs::write(&output, [&whole[..length], end].concat()).unwrap();
        let done = run(&input, &output, &[]);
        assert_eq!(code(&done), 0, "{length}: {}", message(&done));
        assert!(fs::read(&output).unwrap() == whole, "{length}");
    }
}

#[test]
fn a_run_that_is_complete_does_nothing_and_goes_on_where_lines_were_added() {
    let [input, output, _] = files("complete", &numbered(100));
    assert_eq!(code(&run(&input, &output, &[])), 0);
    let (first, written) = (fs::read(&output).unwrap(), fs::metadata(&output).unwrap().modified().unwrap());
    let again = run(&input, &output, &[]);
    assert!(message(&again).contains("100 lines, 100 of an earlier run, 0 with an error"), "{}", message(&again));
    assert_eq!(fs::read(&output).unwrap(), first);
    fs::write(&input, numbered(250)).unwrap();
    assert_eq!(code(&run(&input, &output, &[])), 0);
    assert!(fs::metadata(&output).unwrap().modified().unwrap() >= written);
    assert!(fs::read(&output).unwrap() == uninterrupted(&input, &[]));
}

#[test]
fn an_output_of_something_else_is_refused_and_not_changed() {
    let [input, output, record] = files("other", &numbered(130));
    let done = run(&input, &output, &["--options", r#"{"threshold":0.5}"#]);
    assert_eq!(code(&done), 0, "{}", message(&done));
    let before = fs::read(&output).unwrap();
    let same = ["--options", r#"{ "threshold": 0.5 }"#];
    let refused = |arguments: &[&str], reason: &str| {
        let done = run(&input, &output, arguments);
        assert_eq!(code(&done), 4, "{arguments:?}: {}", message(&done));
        assert!(message(&done).contains(reason), "{}", message(&done));
        assert!(fs::read(&output).unwrap() == before, "{arguments:?}");
    };
    refused(&[], "of a run with another 'options'");
    refused(&[same[0], same[1], "--result-field", "x"], "another 'resultField'");
    refused(&[same[0], same[1], "--max-line-bytes", "1000"], "another 'maxLineBytes'");
    let other = Command::new(env!("CARGO_BIN_EXE_luke"))
        .args(["annotate", "--model"])
        .arg(crate::support::repository().join("www/models/luke-mini-en"))
        .args(same)
        .args([&input, &output])
        .output()
        .unwrap();
    assert_eq!(code(&other), 4);
    assert!(message(&other).contains("another 'manifest'"), "{}", message(&other));

    let lines = numbered(130);
    fs::write(&input, lines.replacen("7 times", "8 times", 1)).unwrap();
    refused(&same, "line 8 is not of line 8 of the input");
    fs::write(&input, numbered(100)).unwrap();
    refused(&same, "has more than the 100 lines of the input");
    fs::write(&input, &lines).unwrap();
    // What is there and has no record is not ours.
    let kept = fs::read(&record).unwrap();
    fs::remove_file(&record).unwrap();
    refused(&same, "there is no");
    fs::write(&record, kept).unwrap();
    assert_eq!(code(&run(&input, &output, &same)), 0);
}

#[test]
fn a_line_that_ended_a_run_may_be_mended_or_kept() {
    let wrong = numbered(150) + "{}\n" + &numbered(5);
    let [input, output, _] = files("mended", &wrong);
    for _ in 0..2 {
        let done = run(&input, &output, &[]);
        assert_eq!(code(&done), 3);
        assert!(message(&done).contains("line 151: input"), "{}", message(&done));
        assert_eq!(fs::read_to_string(&output).unwrap().lines().count(), 150);
    }
    let keep = ["--on-error", "keep"];
    assert_eq!(code(&run(&input, &output, &keep)), 0);
    assert!(fs::read(&output).unwrap() == uninterrupted(&input, &keep));
    let done = run(&input, &output, &[]);
    assert_eq!(code(&done), 4);
    assert!(message(&done).contains("has 1 lines with an error"), "{}", message(&done));
}

#[test]
fn two_runs_cannot_write_one_output() {
    let [input, output, _] = files("two", &numbered(10));
    // The first run waits for its input.
    let mut first = annotate(&["-"]).arg(&output).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut open = first.stdin.take().unwrap();
    let late = std::time::Instant::now() + Duration::from_secs(60);
    while !output.with_file_name("out.jsonl.annotate.json").exists() {
        assert!(std::time::Instant::now() < late, "the first run opens its output");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = run(&input, &output, &[]);
    assert_eq!(code(&second), 4, "{}", message(&second));
    assert!(message(&second).contains("is being written by another run"), "{}", message(&second));
    open.write_all(numbered(10).as_bytes()).unwrap();
    drop(open);
    assert!(first.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&output).unwrap().lines().count(), 10);
}
