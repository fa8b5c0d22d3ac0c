//! Heads that were taught and added to a model folder: `luke convert --add-head`, the load, and how calls name them.

mod calls;
mod convert;
mod files;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use luke_web::Luke;
use luke_web::folder::sha256_hex;
use luke_web::tasks::teach::TeachMemory;
use luke_web::taught::TaughtHead;
use serde_json::{Value, json};

use crate::support::{copy, edit, folder, load, luke, temporary};
use crate::teach::{example, teach_with};

const MICRO: &str = "micro-span_cls";

fn taught(model: &Luke, task: &str, name: &str, labels: [&str; 2]) -> TaughtHead {
    let [one, other] = labels;
    let examples = match task {
        "ner" => json!([
            example(&format!("Add [[{one} salt]] to the [[{other} pan]].")),
            example(&format!("Put the [[{other} lid]] on and stir in the [[{one} rice]]."))
        ]),
        _ => json!([
            { "text": "The old oak fell.", "span": [8, 11], "labels": [one] },
            { "text": "She cut some thyme.", "span": [13, 18], "labels": [other] }
        ]),
    };
    let input = json!({ "task": task, "name": name, "examples": examples });
    teach_with(model, input, json!({ "folds": 0 }), &mut TeachMemory::default()).unwrap().0
}

/// A head of the micro model.
static RECIPES: LazyLock<TaughtHead> =
    LazyLock::new(|| taught(&load(&folder(MICRO)), "ner", "recipes", ["FOOD", "TOOL"]));

/// The same head with another name.
fn named(name: &str) -> TaughtHead {
    let mut head = RECIPES.clone();
    head.about.name = name.into();
    head
}

fn file(head: &TaughtHead, name: &str) -> PathBuf {
    let path = temporary(&format!("added-{name}.head"));
    std::fs::write(&path, head.to_bytes()).unwrap();
    path
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Adds heads to a copy of a folder. Gives the folder and what was printed; or standard error, if there is no new folder then.
fn add(model: &Path, name: &str, files: &[PathBuf], more: &[&str]) -> Result<(PathBuf, Value), String> {
    let to = temporary(&format!("with-heads-{name}"));
    let _ = std::fs::remove_dir_all(&to);
    let (from, out) = (text(model), text(&to));
    let files: Vec<String> = files.iter().map(|file| text(file)).collect();
    let mut arguments = vec!["convert", &from, &out];
    files.iter().for_each(|file| arguments.extend(["--add-head", file]));
    arguments.extend(more);
    let done = luke(&arguments);
    let partial = to.with_file_name(format!(".with-heads-{name}.luke-partial"));
    assert!(!partial.exists(), "{name}: a half of a folder is left");
    if done.status.success() {
        return Ok((to, serde_json::from_slice(&done.stdout).unwrap()));
    }
    assert!(!to.exists(), "{name}: a folder in spite of an error");
    let said = String::from_utf8(done.stderr).unwrap();
    Err(format!("{} {said}", done.status.code().unwrap()))
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

fn hash(folder: &Path) -> String {
    sha256_hex(&std::fs::read(folder.join("manifest.json")).unwrap())
}

fn names(luke: &Luke) -> Vec<&str> {
    luke.taught_heads.iter().map(|added| added.head.about.name.as_str()).collect()
}

/// A model folder with two heads.
pub static TWO: LazyLock<PathBuf> = LazyLock::new(|| {
    let heads = [file(&RECIPES, "two-recipes"), file(&named("leases"), "two-leases")];
    add(&folder(MICRO), "two", &heads, &[]).unwrap().0
});

/// A copy of it, changed.
fn spoilt(name: &str, change: impl FnOnce(&Path, &mut Value)) -> PathBuf {
    let to = temporary(&format!("added-spoilt-{name}"));
    copy(&TWO, &to);
    edit(&to.join("manifest.json"), |manifest| change(&to, manifest));
    to
}

/// The file of a head of a folder.
fn path_in(folder: &Path, manifest: &Value, head: usize) -> PathBuf {
    folder.join(manifest["taughtHeads"][head]["file"]["path"].as_str().unwrap())
}
