//! `luke convert --word-table`: the word table alone in another form than the rest.

use std::path::Path;

use luke_web::dtype::{DType, Int8Range};
use luke_web::folder::{CheckedFolder, Manifest};
use pollster::block_on;

use crate::support::{changed, checkpoint, convert, edit_tensors, load, luke};

const WORDS: &str = "luke.embeddings.word_embeddings.weight";

fn manifest(folder: &Path) -> Manifest {
    CheckedFolder::parse(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap().into_parts().0
}

#[test]
fn the_word_table_is_stored_as_asked_and_all_else_as_without() {
    for (dtype, usual) in [("f32", DType::F32), ("f16", DType::F16), ("q8", DType::Q8), ("q4", DType::Q8)] {
        let plain = convert(&checkpoint("micro-case"), &format!("words-{dtype}"), &["--dtype", dtype]).unwrap();
        for (table, want) in [("f32", DType::F32), ("f16", DType::F16), ("q8", DType::Q8), ("q4", DType::Q4)] {
            let options = ["--dtype", dtype, "--word-table", table];
            let folder = convert(&checkpoint("micro-case"), &format!("words-{dtype}-{table}"), &options).unwrap();
            assert!(load(&folder).self_test_error.is_some(), "{dtype} {table}");
            let (found, plain) = (manifest(&folder), manifest(&plain));
            assert_eq!(found.dtype, plain.dtype);
            for (tensor, usually) in found.tensors.iter().zip(&plain.tensors) {
                let expected = if tensor.name == WORDS { want } else { usually.dtype };
                assert_eq!((&tensor.name, tensor.dtype), (&usually.name, expected), "{dtype} {table}");
            }
            let same = want == usual;
            let chunks =
                |manifest: &Manifest| manifest.chunks.iter().map(|chunk| chunk.sha256.clone()).collect::<Vec<_>>();
            assert_eq!(chunks(&found) == chunks(&plain), same, "{dtype} {table}");
        }
    }
}

/// The loss is that of the table alone: results are those of a checkpoint whose table was rounded before. `micro-mlm` decodes
/// words with it too.
#[test]
fn results_are_those_of_the_rounded_table() {
    for (table, dtype) in [("q4", DType::Q4), ("q8", DType::Q8), ("f16", DType::F16)] {
        for (name, head) in [("micro-case", "ner"), ("micro-mlm", "mlm")] {
            let rounded = changed(name, &format!("rounded-{name}-{table}"), |folder| {
                edit_tensors(folder, |tensors| {
                    tensors.retain(|(name, ..)| !name.ends_with("lm_head.decoder.weight"));
                    let words = tensors.iter_mut().find(|(name, ..)| name.ends_with(".word_embeddings.weight"));
                    let (_, shape, data) = words.unwrap();
                    let (mut values, mut back) = (Vec::new(), Vec::new());
                    DType::F32.decode(data, shape[1], &mut values);
                    dtype.decode(&dtype.encode(&values, shape[1], Int8Range::Full), shape[1], &mut back);
                    *data = DType::F32.encode(&back, shape[1], Int8Range::Full);
                });
            });
            let plain = changed(name, &format!("tied-{name}-{table}"), |folder| {
                edit_tensors(folder, |tensors| tensors.retain(|(name, ..)| !name.ends_with("lm_head.decoder.weight")));
            });
            let at = |of: &Path, what: &str, options: &[&str]| {
                let folder =
                    convert(of, &format!("{what}-{name}-{table}"), &[&["--entities", "full"], options].concat());
                let luke = load(&folder.unwrap());
                block_on(luke.self_test_values("Tokyo beats Paris", &[[0, 5], [12, 17]], head)).unwrap()
            };
            let got = at(&plain, "table", &["--word-table", table]);
            assert_eq!(got, at(&rounded, "rounded", &[]), "{name} {table}");
            assert_ne!(got, at(&plain, "plain", &[]), "{name} {table}");
        }
    }
}

/// Of the types of a number the command knows the four that a folder has.
#[test]
fn other_types_are_refused() {
    let from = checkpoint("micro-case").display().to_string();
    for wrong in ["bf16", "q5", ""] {
        let result = luke(&["convert", &from, "nowhere", "--word-table", wrong]);
        let error = String::from_utf8_lossy(&result.stderr).into_owned();
        assert!(!result.status.success() && error.contains("--word-table"), "{wrong}: {error}");
    }
    assert!(!Path::new("nowhere").exists());
}
