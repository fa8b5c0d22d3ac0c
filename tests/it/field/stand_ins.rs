//! Pointers and pages where a file should be: each kind of file, each kind of stand-in.

use std::path::Path;

use serde_json::json;

use super::{error_of, remove};
use crate::other_checkpoints::archive;
use crate::support::{changed, convert, copy, folder, temporary};

const STAND_INS: [(&str, &str); 5] = [
    (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
        "Git LFS pointer",
    ),
    ("# xet version 0\nfilesize = 12345\nhash = 'abc'\n", "Xet pointer"),
    ("/annex/objects/SHA256E-s12345--4d7a214614ab2935c943f9e0ff69d22e.safetensors\n", "git-annex pointer"),
    ("<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign in</title></head></html>", "HTML page"),
    ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code></Error>", "XML document"),
];

/// Checks that a conversion names the file and what it is, for each stand-in.
fn named(of: &str, file: &str, prepare: impl Fn(&Path)) {
    for (i, (bytes, what)) in STAND_INS.iter().enumerate() {
        let name = format!("stand-in-{of}-{file}-{i}");
        let from = changed(of, &name, |folder| {
            prepare(folder);
            std::fs::write(folder.join(file), bytes).unwrap();
        });
        let error = convert(&from, &name, &[]).unwrap_err();
        assert!(error.contains(file) && error.contains(what) && error.contains("not the file"), "{file}: {error}");
    }
}

#[test]
fn every_file_of_a_checkpoint_is_looked_at() {
    for file in [
        "config.json",
        "entity_vocab.json",
        "tokenizer_config.json",
        "added_tokens.json",
        "vocab.json",
        "merges.txt",
        "tokenizer.json",
        "luke_web.json",
        "model.safetensors",
    ] {
        named("micro-qa", file, |_| ());
    }
    named("micro-bert", "vocab.txt", |_| ());
    named("micro-mluke", "sentencepiece.bpe.model", |_| ());
    let no_weights = |folder: &Path| remove(folder, &["model.safetensors"]);
    named("micro-qa", "pytorch_model.bin", no_weights);
    named("micro-qa", "model.safetensors.index.json", no_weights);
    named("micro-qa", "shard-1.safetensors", |folder| {
        no_weights(folder);
        let index = json!({ "weight_map": { "a": "shard-1.safetensors" } }).to_string();
        std::fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
    });
}

#[test]
fn an_archive_and_its_files_are_looked_at() {
    for (i, (bytes, what)) in STAND_INS.iter().enumerate() {
        let path = temporary(&format!("stand-in-{i}.tar.gz"));
        std::fs::write(&path, bytes).unwrap();
        let error = convert(&path, &format!("stand-in-archive-{i}"), &[]).unwrap_err();
        assert!(error.contains(".tar.gz") && error.contains(what), "{error}");
    }
    assert!(archive().exists());
}

#[test]
fn every_file_of_a_model_folder_is_looked_at() {
    for file in ["manifest.json", "tokenizer.json", "entity_vocab.json", "chunks/0000.bin"] {
        for (i, (bytes, what)) in STAND_INS.iter().enumerate() {
            let to = temporary(&format!("stand-in-folder-{i}"));
            copy(&folder("micro-qa"), &to);
            std::fs::write(to.join(file), bytes).unwrap();
            let error = error_of(&["verify", &to.display().to_string()]);
            assert!(error.contains(file) && error.contains(what), "{file}: {error}");
        }
    }
}
