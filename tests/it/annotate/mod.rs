//! `luke annotate`: what it writes, which lines it refuses, and how a run continues.

mod lines;
mod resume;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::support::{folder, temporary};

/// The command, with a model for named entities.
fn annotate(arguments: &[&str]) -> Command {
    of_model("micro-span_cls", arguments)
}

fn of_model(model: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_luke"));
    command.args(["annotate", "--model"]).arg(folder(model)).args(arguments);
    command
}

/// Runs a command over standard input and output.
fn piped(command: &mut Command, input: &[u8]) -> Output {
    command.args(["-", "-", "--quiet"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A run that fails may not read all.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// An empty folder for one test.
fn place(name: &str) -> PathBuf {
    let place = temporary(&format!("annotate-{name}"));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    place
}

/// Runs the command on files.
fn run(input: &Path, output: &Path, arguments: &[&str]) -> Output {
    annotate(arguments).args([input, output]).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Short lines with a number each.
fn numbered(count: usize) -> String {
    let names = ["Tokyo", "Star Wars", "George Lucas", "Paris, Texas", "Beyoncé"];
    (0..count).fold(String::new(), |mut lines, i| {
        let text = format!("{} beats {} {i} times in {}.", names[i % 5], names[i / 5 % 5], names[i / 25 % 5]);
        writeln!(lines, "{}", json!({ "id": i, "text": text })).unwrap();
        lines
    })
}
