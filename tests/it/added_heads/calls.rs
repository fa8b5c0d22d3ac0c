//! How the command line names heads that were added.

use std::path::Path;

use serde_json::json;

use super::{MICRO, RECIPES, add, file, path_in, spoilt, taught, text};
use crate::cli::once;
use crate::support::{folder, load, temporary};

#[test]
fn the_command_line_takes_the_name_of_a_head_or_a_file() {
    let (model, recipes) = (folder(MICRO), file(&RECIPES, "recipes"));
    let plants = taught(&load(&model), "typing", "plants", ["TREE", "HERB"]);
    let (with, _) = add(&model, "named", &[recipes.clone(), file(&plants, "plants")], &[]).unwrap();
    let line = json!({ "text": "Add salt to the pan." }).to_string();
    let by = |task: &str, model: &Path, line: &str, head: &str| once(task, model, line, &["--head", head]);
    let (code, found, said) = by("ner", &model, &line, &text(&recipes));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(by("ner", &with, &line, "recipes"), (code, found.clone(), said.clone()));
    assert_eq!(by("ner", &with, &line, &text(&recipes)), (code, found, said));
    let mention = json!({ "text": "An elm stood there.", "span": [3, 6] }).to_string();
    let (code, typed, _) = by("typing", &with, &mention, "plants");
    assert!(code == Some(0) && (typed.contains("TREE") || typed.contains("HERB")), "{typed}");
    let (code, ranked, said) = by("rank", &with, &line, "recipes");
    assert!(code == Some(0) && ranked.starts_with("{\"index\":0"), "{ranked}{said}");

    let (code, _, said) = by("ner", &with, &line, "leases");
    let reason = "has no head of this name, and there is no such file; its heads are recipes, plants";
    assert!(code == Some(2) && said.starts_with("luke: input: --head leases: ") && said.contains(reason), "{said}");
    let (code, _, said) = by("ner", &model, &line, "leases");
    assert!(code == Some(1) && said.starts_with("luke: io: leases: there is no such file"), "{said}");
    let (code, _, said) = by("ner", &with, &line, "plants");
    assert!(code == Some(2) && said.contains("'plants' is a head for typing, and this call is ner"), "{said}");
    let changed = spoilt("by-name", |at, m| {
        let path = path_in(at, m, 0);
        std::fs::write(&path, &std::fs::read(&path).unwrap()[1..]).unwrap();
    });
    let (code, _, said) = by("ner", &changed, &line, "recipes");
    assert!(code == Some(1) && said.starts_with("luke: integrity: heads/"), "{said}");
}

/// Where a head and a file have the same name, the name is that of the head, in every working folder.
#[test]
fn a_name_of_a_head_comes_before_a_file() {
    let (with, place) = (spoilt("before-file", |_, _| {}), temporary("added-place"));
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("recipes"), "no head").unwrap();
    let run = |head: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luke"));
        let done = command.current_dir(&place).args(["ner", &text(&with), "--head", head]).output().unwrap();
        (done.status.success(), String::from_utf8(done.stderr).unwrap())
    };
    assert_eq!(run("recipes"), (true, String::new()));
    let (ok, said) = run("./recipes");
    assert!(!ok && said.contains("./recipes: is not a head"), "{said}");
}
