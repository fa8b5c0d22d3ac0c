//! The files of heads that were added: how they are read, and what is refused of them.

use std::path::{Path, PathBuf};

use luke_web::backend::DeviceKind;
use luke_web::directory;
use luke_web::folder::{CheckedFolder, sha256_hex};
use luke_web::{Luke, LukeError};
use pollster::block_on;
use serde_json::{Value, json};

use super::{MICRO, add, file, manifest, named, path_in, spoilt, text};
use crate::support::{Recorded, flip, folder, load, luke};

fn refused(folder: &Path) -> LukeError {
    block_on(directory::load(folder, DeviceKind::Cpu, false)).map(drop).unwrap_err()
}

/// Puts another file at the place of a head, with its length and hash.
fn put(folder: &Path, manifest: &mut Value, head: usize, bytes: &[u8]) {
    std::fs::write(path_in(folder, manifest, head), bytes).unwrap();
    let file = &mut manifest["taughtHeads"][head]["file"];
    (file["bytes"], file["sha256"]) = (json!(bytes.len()), json!(sha256_hex(bytes)));
}

#[test]
fn files_of_heads_that_are_wrong_are_refused_by_their_name_when_the_model_is_loaded() {
    assert!(block_on(directory::load(spoilt("good", |_, _| {}), DeviceKind::Cpu, true)).is_ok());
    type Change = fn(&Path, &mut Value);
    let cases: [(&str, Change, &str, &str); 11] = [
        (
            "byte",
            |at, m| {
                flip(&path_in(at, m, 1), 100);
            },
            "integrity",
            "sha256 is",
        ),
        (
            "short",
            |at, m| {
                let bytes = std::fs::read(path_in(at, m, 1)).unwrap();
                std::fs::write(path_in(at, m, 1), &bytes[1..]).unwrap();
            },
            "integrity",
            "expected",
        ),
        ("gone", |at, m| std::fs::remove_file(path_in(at, m, 1)).unwrap(), "io", "there is no such file"),
        (
            "byte-and-hash",
            |at, m| {
                let mut bytes = std::fs::read(path_in(at, m, 1)).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                put(at, m, 1, &bytes);
            },
            "integrity",
            "has other bytes than were written",
        ),
        ("no-head", |at, m| put(at, m, 1, b"{}"), "format", "is not a head that was taught"),
        (
            "other-model",
            |at, m| {
                let mut head = named("leases");
                head.about.manifest_hash = "ab".repeat(32);
                head.about.model = "luke-base".into();
                put(at, m, 1, &head.to_bytes());
            },
            "format",
            "'leases' was taught on the model luke-base, and this is micro-span_cls",
        ),
        (
            "other-layers",
            |at, m| {
                let mut head = named("leases");
                head.about.layers = vec![1, 60];
                put(at, m, 1, &head.to_bytes());
            },
            "format",
            "reads 32 numbers after layer 60",
        ),
        ("other-base", |_, m| m["base"] = json!("cd".repeat(32)), "format", "another version of micro-span_cls"),
        (
            "other-name",
            |_, m| m["taughtHeads"][1]["name"] = json!("contracts"),
            "format",
            "is the head 'leases' for ner, and the manifest says 'contracts' for ner",
        ),
        (
            "other-task",
            |_, m| m["taughtHeads"][1]["task"] = json!("typing"),
            "format",
            "the manifest says 'leases' for typing",
        ),
        (
            "same-file",
            |_, m| m["taughtHeads"][1]["file"] = m["taughtHeads"][0]["file"].clone(),
            "format",
            "is the head 'recipes'",
        ),
    ];
    for (name, change, code, part) in cases {
        let folder = spoilt(name, change);
        let error = refused(&folder);
        assert_eq!(error.code(), code, "{name}: {error}");
        let said = error.to_string();
        assert!(said.contains("heads/") && said.contains(".bin: ") && said.contains(part), "{name}: {said}");
        let verified = luke(&["verify", &text(&folder)]);
        assert!(!verified.status.success(), "{name}");
    }
}

#[test]
fn hostile_names_and_paths_of_heads_are_refused_before_a_file_is_read() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 12] = [
        (|m| m["taughtHeads"][0]["file"]["path"] = json!("../recipes.head"), "not inside the folder"),
        (|m| m["taughtHeads"][0]["file"]["path"] = json!("/etc/passwd"), "not inside the folder"),
        (|m| m["taughtHeads"][0]["file"]["path"] = json!("heads/..\\..\\x"), "not inside the folder"),
        (|m| m["taughtHeads"][0]["file"]["path"] = json!("https://example.org/x"), "not inside the folder"),
        (|m| m["taughtHeads"][0]["file"]["path"] = json!("chunks/0000.bin"), "named twice"),
        (|m| m["taughtHeads"][0]["file"]["bytes"] = json!(1 << 30), "bytes, more than"),
        (|m| m["taughtHeads"][0]["name"] = json!(""), "name ''"),
        (|m| m["taughtHeads"][0]["name"] = json!("leases"), "'leases' is there twice"),
        (|m| m["taughtHeads"][0]["name"] = json!("x".repeat(100_000)), "does not have 1 to 256 bytes"),
        (|m| m["base"] = json!("../x"), "base is not 64"),
        (|m| drop(m.as_object_mut().unwrap().remove("base")), "no base"),
        (|m| m["taughtHeads"] = json!(vec![m["taughtHeads"][0].clone(); 1001]), "there are 1001, more than 1000"),
    ];
    for (i, (change, part)) in cases.into_iter().enumerate() {
        let mut hostile = manifest(&spoilt("hostile", |_, _| {}));
        change(&mut hostile);
        let error = CheckedFolder::parse(&hostile.to_string()).unwrap_err();
        assert!(error.code() == "format" && error.to_string().contains(part), "{i}: {error}");
        assert!(error.to_string().len() < 1000, "{i}");
    }
}

#[test]
fn a_folder_has_a_thousand_heads_and_no_more() {
    let files: Vec<PathBuf> = (0..=1000).map(|i| file(&named(&format!("head {i}")), &format!("many-{i}"))).collect();
    let (with, printed) = add(&folder(MICRO), "many", &files[..1000], &[]).unwrap();
    assert_eq!(printed["taughtHeads"].as_array().map(Vec::len), Some(1000));
    let loaded = load(&with);
    assert_eq!(loaded.taught_heads.len(), 1000);
    assert_eq!(loaded.taught_head("head 999").unwrap().about.name, "head 999");
    let unknown = loaded.taught_head("head 1000").unwrap_err().to_string();
    assert!(unknown.len() < 1000, "{} bytes", unknown.len());
    let said = add(&with, "too-many", &files[1000..], &[]).unwrap_err();
    assert!(said.contains("there are 1001, more than 1000"), "{said}");
}

/// A load reads heads before the weights, each once, and says which files come after.
#[test]
fn heads_are_read_before_the_weights() {
    let with = spoilt("order", |_, _| {});
    let (files, json) = (Recorded::new(&with), std::fs::read_to_string(with.join("manifest.json")).unwrap());
    let checked = CheckedFolder::parse(&json).unwrap();
    let want: Vec<String> = checked.manifest().all_files().map(|file| file.path.clone()).collect();
    block_on(Luke::load(checked, files.clone(), DeviceKind::Cpu, true)).unwrap();
    let reads = files.reads();
    assert_eq!(reads.iter().map(|read| read.file.path.clone()).collect::<Vec<_>>(), want);
    assert!(
        want[2].starts_with("heads/") && want[3].starts_with("heads/") && want[4].starts_with("chunks/"),
        "{want:?}"
    );
    for (i, read) in reads.iter().enumerate().take(4) {
        assert_eq!(
            read.ahead.iter().map(|file| &file.path).collect::<Vec<_>>(),
            want[i + 1..].iter().collect::<Vec<_>>()
        );
    }
}
