//! What `luke convert --add-head` writes and refuses.

use std::path::{Path, PathBuf};

use luke_web::Luke;
use luke_web::backend::DeviceKind;
use luke_web::directory;
use luke_web::folder::sha256_hex;
use luke_web::taught::TaughtHead;
use pollster::block_on;
use serde_json::{Value, json};

use super::{MICRO, RECIPES, add, file, hash, manifest, named, names, taught, text};
use crate::support::{copy, flip, folder, load, luke, temporary};

#[test]
fn a_head_that_was_added_is_loaded_with_the_model_and_finds_the_same() {
    let model = folder(MICRO);
    let (own, plants) =
        (file(&RECIPES, "recipes"), file(&taught(&load(&model), "typing", "plants", ["TREE", "HERB"]), "plants"));
    let from = temporary("added-from");
    copy(&model, &from);
    std::fs::create_dir_all(from.join("pictures")).unwrap();
    for other in ["README.md", "pictures/oak.png", ".hidden"] {
        std::fs::write(from.join(other), other).unwrap();
    }
    let (with, printed) = add(&from, "first", std::slice::from_ref(&own), &[]).unwrap();
    let bytes = std::fs::read(&own).unwrap();
    let (before, after) = (manifest(&from), manifest(&with));
    let path = format!("heads/{}.bin", &sha256_hex(&bytes)[..16]);
    let entry = json!({ "path": path, "bytes": bytes.len(), "sha256": sha256_hex(&bytes) });
    assert_eq!(after["taughtHeads"], json!([{ "name": "recipes", "task": "ner", "file": entry }]));
    assert_eq!(after["base"], json!(hash(&from)));
    for (name, value) in before.as_object().unwrap() {
        assert_eq!(&after[name], value, "{name}");
    }
    assert_eq!(after.as_object().unwrap().len(), before.as_object().unwrap().len() + 2);
    assert_eq!((&printed["taughtHeads"], &printed["replaced"]), (&json!(["recipes"]), &json!([])));
    assert_eq!(std::fs::read(with.join(&path)).unwrap(), bytes, "the file of a head stays as it is");
    for other in ["README.md", "pictures/oak.png"] {
        assert_eq!(std::fs::read_to_string(with.join(other)).unwrap(), other);
    }
    assert!(!with.join(".hidden").exists());

    let (plain, loaded) = (load(&from), load(&with));
    assert_eq!((names(&plain), names(&loaded)), (vec![], vec!["recipes"]));
    assert_eq!((loaded.base_hash(), &loaded.taught_heads[0].bytes), (plain.manifest_hash.as_str(), &bytes));
    let find =
        |luke: &Luke, head: &TaughtHead| block_on(luke.call_by("ner", head, json!("Add salt."), json!({}))).unwrap();
    let found = find(&plain, &RECIPES);
    assert_eq!(find(&loaded, loaded.taught_head("recipes").unwrap()), found);
    assert_eq!(find(&loaded, &loaded.read_head(&bytes).unwrap()), found);
    let unknown = loaded.taught_head("leases").unwrap_err();
    assert_eq!(unknown.to_string(), "head: the model has no head 'leases' (it has: 'recipes')");
    assert!(plain.taught_head("recipes").unwrap_err().to_string().contains("(it has: none)"));

    // A head that is taught on the folder with heads is the same as one that is taught on the folder without.
    assert_eq!(taught(&loaded, "ner", "recipes", ["FOOD", "TOOL"]).to_bytes(), bytes);
    let (both, printed) = add(&with, "second", &[plants], &[]).unwrap();
    assert_eq!(printed["taughtHeads"], json!(["recipes", "plants"]));
    assert_eq!(manifest(&both)["base"], json!(hash(&from)), "the base is the model without any added head");
    assert_eq!(names(&load(&both)), ["recipes", "plants"]);
    let verified = luke(&["verify", &text(&both)]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["taughtHeads"], json!(["recipes", "plants"]));
}

/// Other fields may be those of a later version, and numbers may have more digits than a float.
#[test]
fn other_fields_of_the_manifest_keep_their_digits() {
    let from = temporary("added-later");
    copy(&folder(MICRO), &from);
    let path = from.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let later =
        r#""later": { "n" : 0.10000000000000000000001, "big":123456789012345678901234567890, "text": "\u0041" }"#;
    std::fs::write(&path, format!("\u{feff}{{{later},{}", &text[1..])).unwrap();
    let head = taught(&block_on(directory::load(&from, DeviceKind::Cpu, true)).unwrap(), "ner", "mine", ["A", "B"]);
    let (with, _) = add(&from, "later", &[file(&head, "later")], &[]).unwrap();
    assert!(std::fs::read_to_string(with.join("manifest.json")).unwrap().contains(&later[9..]));
    assert_eq!(names(&load(&with)), ["mine"]);
}

#[test]
fn a_head_of_the_same_name_takes_the_place_of_the_older_one_in_the_copy() {
    let model = folder(MICRO);
    let old = [file(&RECIPES, "old"), file(&named("leases"), "leases")];
    let (before, _) = add(&model, "old", &old, &[]).unwrap();
    let newer = taught(&load(&model), "ner", "recipes", ["DISH", "TOOL"]);
    let (after, printed) = add(&before, "newer", &[file(&newer, "newer")], &["--skip-self-test"]).unwrap();
    assert_eq!(printed["replaced"], json!(["recipes"]));
    let loaded = load(&after);
    assert_eq!(names(&loaded), ["recipes", "leases"], "at the place of the older one");
    assert_eq!(loaded.taught_head("recipes").unwrap().about.labels, ["DISH", "TOOL"]);
    assert_eq!(load(&before).taught_head("recipes").unwrap().about.labels, ["FOOD", "TOOL"], "the model is as it was");
    assert_eq!(std::fs::read_dir(after.join("heads")).unwrap().count(), 2, "the older one's file is not copied");

    let typing = taught(&load(&model), "typing", "recipes", ["TREE", "HERB"]);
    let said = add(&before, "other-task", &[file(&typing, "typing")], &[]).unwrap_err();
    assert!(
        said.starts_with("2 luke: input: --add-head: ")
            && said.contains("'recipes' is a head for typing, and the model has one of this name for ner: teach it with another --name"),
        "{said}"
    );
    let twice = [file(&RECIPES, "recipes"), file(&newer, "newer")];
    let said = add(&model, "twice", &twice, &[]).unwrap_err();
    assert!(said.starts_with("2 luke: input: --add-head: ") && said.contains("two of the heads"), "{said}");
}

#[test]
fn what_cannot_be_added_is_refused_and_no_folder_is_written() {
    let (model, recipes) = (folder(MICRO), file(&RECIPES, "recipes"));
    let other = add(&folder("micro-entity_cls"), "other-model", std::slice::from_ref(&recipes), &[]).unwrap_err();
    assert!(
        other.starts_with("2 luke: input: --add-head: ")
            && other.contains(
                "added-recipes.head: 'recipes' was taught on the model micro-span_cls, and this is micro-entity_cls"
            ),
        "{other}"
    );
    for (option, value) in [
        ("--dtype", "q8"),
        ("--word-table", "q8"),
        ("--entities", "full"),
        ("--chunk-mib", "1"),
        ("--head", "ner"),
        ("--leave-out", "x"),
        ("--tokenizer", "x"),
        ("--name", "x"),
    ] {
        let said = add(&model, "weights", std::slice::from_ref(&recipes), &[option, value]).unwrap_err();
        assert!(said.starts_with("2 ") && said.contains(option) && said.contains("cannot be used with"), "{said}");
    }
    let mut bytes = std::fs::read(&recipes).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = temporary("added-changed.head");
    std::fs::write(&changed, &bytes).unwrap();
    let card = temporary("added-card.head");
    std::fs::write(&card, "# Recipes").unwrap();
    let nowhere = temporary("added-nowhere.head");
    let _ = std::fs::remove_file(&nowhere);
    for (given, start, part) in [
        (&changed, "1 luke: integrity: ", "added-changed.head: has other bytes"),
        (&card, "1 luke: format: ", "added-card.head: is not a head"),
        (&nowhere, "1 luke: io: ", "added-nowhere.head"),
    ] {
        let said = add(&model, "bad-file", std::slice::from_ref(given), &[]).unwrap_err();
        assert!(said.starts_with(start) && said.contains(part), "{said}");
    }
    let checkpoint = crate::support::checkpoint(MICRO);
    let said = add(&checkpoint, "checkpoint", std::slice::from_ref(&recipes), &[]).unwrap_err();
    assert!(said.starts_with("1 luke: io: ") && said.contains("`luke convert` makes it from a checkpoint"), "{said}");

    let damaged = temporary("added-damaged");
    copy(&model, &damaged);
    flip(&damaged.join("chunks/0000.bin"), 9);
    let said = add(&damaged, "damaged", std::slice::from_ref(&recipes), &["--skip-self-test"]).unwrap_err();
    assert!(said.starts_with("1 luke: integrity: chunks/0000.bin: sha256"), "{said}");

    let into = |to: &Path| {
        let done = luke(&["convert", &text(&model), &text(to), "--add-head", &text(&recipes)]);
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let notes = temporary("added-notes");
    std::fs::create_dir_all(&notes).unwrap();
    std::fs::write(notes.join("notes.txt"), "mine").unwrap();
    for (to, part) in [(&*model, "holds the model"), (&*notes, "no model folder")] {
        let (code, said) = into(to);
        assert!(code == Some(2) && said.contains(part), "{said}");
    }
    assert_eq!(std::fs::read_to_string(notes.join("notes.txt")).unwrap(), "mine");
}

/// A name is text alone: it never becomes a path.
#[test]
fn a_head_may_have_any_name() {
    let names = ["../../up", "a/b", "C:\\x", "--head", "🙂 é", "manifest.json", "\u{0}\n\u{202e}"];
    let files: Vec<PathBuf> =
        names.iter().enumerate().map(|(i, name)| file(&named(name), &format!("odd-{i}"))).collect();
    let (with, _) = add(&folder(MICRO), "odd", &files, &["--skip-self-test"]).unwrap();
    assert_eq!(self::names(&load(&with)), names);
    for head in manifest(&with)["taughtHeads"].as_array().unwrap() {
        let path = head["file"]["path"].as_str().unwrap();
        assert!(
            path.len() == 26 && path.starts_with("heads/") && path[6..22].bytes().all(|b| b.is_ascii_hexdigit()),
            "{path}"
        );
    }
}
