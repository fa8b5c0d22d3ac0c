//! `luke convert` on hostile checkpoints and archives. Each gives an error that says why, within seconds, and leaves no
//! files on disk.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;
use tar::{Builder, EntryType, Header};

use crate::other_checkpoints::{archive, as_archive, tokenizer};
use crate::support::{changed, convert, edit, repository, temporary};

/// Checks that the checkpoint is refused within seconds, that the error contains all of `parts`, and that no folder of
/// the conversion is left.
fn refused(from: &Path, name: &str, parts: &[&str]) {
    let started = Instant::now();
    let error = convert(from, name, &["--tokenizer", &tokenizer(), "--dtype", "q8"]).expect_err(name);
    assert!(started.elapsed() < Duration::from_secs(20), "{name} took {:?}", started.elapsed());
    assert!(error.starts_with("luke: ") && !error.contains("panicked"), "{name}: {error}");
    parts.iter().for_each(|part| assert!(error.contains(part), "{name}: {error}"));
    for what in ["unpacked", "partial", "exact", "old"] {
        let left = temporary(&format!(".converted-{name}.luke-{what}"));
        assert!(!left.exists(), "{name} leaves {}", left.display());
    }
}

/// A checkpoint whose header has one more tensor, without bytes.
fn with_tensor(name: &str, tensor: &str) -> PathBuf {
    changed("micro-span_cls", name, |folder| {
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let json = std::str::from_utf8(&bytes[8..8 + length]).unwrap().trim_end().strip_suffix('}').unwrap();
        let data = bytes.len() - 8 - length;
        let json = format!("{json},{}}}", tensor.replace("END", &data.to_string()));
        let header = [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &bytes[8 + length..]].concat();
        std::fs::write(path, header).unwrap();
    })
}

/// Earlier, `luke convert` began a loop over 2^58 rows, and silently dropped a tensor without numbers.
#[test]
fn tensors_without_numbers_are_refused() {
    for (i, shape) in ["[288230376151711744,0]", "[0,1099511627776,1099511627776]", "[4294967295,0]"].iter().enumerate()
    {
        let tensor = format!(r#""luke.x":{{"dtype":"F32","shape":{shape},"data_offsets":[END,END]}}"#);
        let name = format!("no-numbers-{i}");
        refused(&with_tensor(&name, &tensor), &name, &["model.safetensors", "luke.x", "has no numbers"]);
    }
    let tensor = r#""classifier.bias":{"dtype":"F32","shape":[0],"data_offsets":[END,END]}"#;
    refused(&with_tensor("twice", tensor), "twice", &["classifier.bias"]);
}

#[test]
fn tensors_of_another_shape_are_refused_before_they_are_written() {
    let other = changed("micro-span_cls", "other-shape", |folder| {
        edit(&folder.join("config.json"), |config| config["intermediate_size"] = json!(65_536));
    });
    refused(&other, "other-shape", &["intermediate.dense", "the model needs [65536"]);
}

/// Earlier, `add_labels` read the first dimension of a scalar, which has none.
#[test]
fn a_scalar_for_a_layer_is_refused() {
    let scalar = as_archive("scalar", "micro-span_cls", 600, |tensors| {
        let weight = tensors.iter_mut().find(|(name, ..)| name == "classifier.weight").unwrap();
        (weight.1, weight.2) = (vec![], vec![0; 4]);
    });
    refused(&scalar, "scalar", &["classifier.", "not known to any head"]);
}

/// An archive with these entries: type, path, link target, bytes.
fn tar_gz(name: &str, entries: &[(EntryType, &str, &[u8])]) -> PathBuf {
    let path = temporary(&format!("{name}.tar.gz"));
    let mut builder = Builder::new(GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast()));
    for (kind, path, bytes) in entries {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("../target").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    path
}

#[test]
fn archives_with_anything_but_files_inside_their_folder_are_refused() {
    let file = EntryType::Regular;
    let outside = |path: &'static str, i: usize| {
        let name = format!("outside-{i}");
        refused(&tar_gz(&name, &[(file, path, b"{}")]), &name, &["outside-", "not inside"]);
    };
    for (i, path) in ["../metadata.json", "a/../../metadata.json", "/tmp/metadata.json", ".."].into_iter().enumerate() {
        outside(path, i);
    }
    for (i, kind) in
        [EntryType::Symlink, EntryType::Link, EntryType::GNUSparse, EntryType::Fifo].into_iter().enumerate()
    {
        let name = format!("entry-{i}");
        refused(&tar_gz(&name, &[(kind, "metadata.json", b"")]), &name, &["has an entry of type"]);
    }
    let twice = [(file, "a/metadata.json", &b"{}"[..]), (file, "b/metadata.json", b"{}")];
    refused(&tar_gz("two-files", &twice), "two-files", &["two files", "metadata.json"]);
    let many = vec![(EntryType::Directory, "a", &b""[..]); 1_100];
    refused(&tar_gz("many-entries", &many), "many-entries", &["more than 1024 entries"]);
    let sparse = b"22 GNU.sparse.major=1\n";
    refused(&tar_gz("pax-sparse", &[(EntryType::XHeader, "p", sparse)]), "pax-sparse", &["sparse"]);
}

#[test]
fn archives_that_unpack_to_far_more_than_they_are_long_are_refused() {
    let zeros = vec![0; 64 << 20];
    let bomb = [(EntryType::Regular, "pytorch_model.bin", zeros.as_slice())];
    refused(&tar_gz("bomb", &bomb), "bomb", &["unpacks to more than"]);
    // The `tar` crate alone would keep this name in memory.
    let name = [(EntryType::GNULongName, "././@LongLink", &zeros[..1 << 19])];
    refused(&tar_gz("long-name", &name), "long-name", &["header of more than"]);
    let plain = temporary("cut.tar.gz");
    std::fs::write(&plain, &std::fs::read(archive()).unwrap()[..100_000]).unwrap();
    refused(&plain, "cut", &["cut.tar.gz"]);
}

/// A name of more than 100 bytes is in a header of its own, in both formats of `tar`.
#[test]
fn archives_with_long_paths_are_read() {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(archive()).unwrap()).read_to_end(&mut bytes).unwrap();
    let path = temporary("long-paths.tar.gz");
    let mut builder = Builder::new(GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast()));
    let folder = "a-long-folder/".repeat(10);
    for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
        let entry = entry.unwrap();
        let (mut header, name) = (entry.header().clone(), format!("{folder}{}", entry.path().unwrap().display()));
        builder.append_pax_extensions([("mtime", &b"1.5"[..])]).unwrap();
        builder.append_data(&mut header, name, entry).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    convert(&path, "long-paths", &["--tokenizer", &tokenizer()]).unwrap();
}

/// A checkpoint with a pickle of these bytes, as PyTorch before 1.6 wrote it.
fn with_pickle(name: &str, tensors: &[u8]) -> PathBuf {
    changed("micro-span_cls", name, |folder| {
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        let mut file = std::fs::File::create(folder.join("pytorch_model.bin")).unwrap();
        file.write_all(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.").unwrap();
        file.write_all(b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.").unwrap();
        file.write_all(tensors).unwrap();
        file.write_all(b"].").unwrap();
    })
}

#[test]
fn pickles_that_would_fill_the_memory_are_refused() {
    // The reader copied the class's name, of 1 MB, for each two bytes: 60 GB.
    let copies = [&b"}c"[..], &[b'm'; 1 << 20], b"\nn\nq\0", &b"h\0".repeat(60_000), b"."].concat();
    refused(&with_pickle("copies", &copies), "copies", &["pytorch_model.bin", "bytes of memory"]);
    refused(&with_pickle("values", &b"N".repeat(3_000_000)), "values", &["pytorch_model.bin", "bytes of memory"]);
    refused(&with_pickle("cut-pickle", b"}"), "cut-pickle", &["pytorch_model.bin"]);
    refused(&with_pickle("no-tensors", b"}."), "no-tensors", &["classifier.weight", "missing"]);
    let tar = changed("micro-span_cls", "tar-pickle", |folder| {
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(std::fs::File::open(archive()).unwrap()).read_to_end(&mut bytes).unwrap();
        std::fs::write(folder.join("pytorch_model.bin"), bytes).unwrap();
    });
    refused(&tar, "tar-pickle", &["pytorch_model.bin", "no file of torch.save"]);
}

/// Changes every 97th byte of the start of a pickle, one at a time. Each file is converted or refused with an error of
/// this program.
#[test]
fn a_pickle_with_a_changed_byte_is_read_or_refused() {
    let good = std::fs::read(repository().join("tests/fixtures/micro-span_cls.bin")).unwrap();
    let folder = changed("micro-span_cls", "changed-pickle", |folder| {
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    });
    let mut refused = 0;
    for at in (0..7_200).step_by(97) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(folder.join("pytorch_model.bin"), bytes).unwrap();
        if let Err(error) = convert(&folder, "changed-pickle", &["--skip-self-test"]) {
            assert!(error.starts_with("luke: ") && !error.contains("panicked"), "byte {at}: {error}");
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused} were refused");
}

/// The authors' small files.
#[test]
fn metadata_and_vocabularies_that_lie_are_refused() {
    let change = |name: &str, parts: &[&str], change: &dyn Fn(&Path)| {
        let folder = as_archive(name, "micro-span_cls", 600, |_| {});
        edit(&folder.join("metadata.json"), |m| m["model_config"]["bert_model_name"] = json!("roberta-base"));
        change(&folder);
        refused(&folder, name, parts);
    };
    let write = |folder: &Path, file: &str, bytes: &[u8]| std::fs::write(folder.join(file), bytes).unwrap();
    change("no-json", &["metadata.json"], &|f| write(f, "metadata.json", b"{"));
    change("deep-json", &["metadata.json"], &|f| write(f, "metadata.json", &b"[".repeat(100_000)));
    change("no-config", &["metadata.json"], &|f| write(f, "metadata.json", b"{\"model_config\":3}"));
    change("huge-size", &["hidden_size"], &|f| {
        edit(&f.join("metadata.json"), |m| m["model_config"]["hidden_size"] = json!(1u64 << 60));
    });
    change("no-mask-tsv", &["entity_vocab.tsv"], &|f| write(f, "entity_vocab.tsv", b"a\t1\n"));
    change("no-text", &["entity_vocab.tsv"], &|f| write(f, "entity_vocab.tsv", &[0xff, 0xfe]));
    change("far-row", &["entity_vocab.jsonl", "entities"], &|f| {
        std::fs::remove_file(f.join("entity_vocab.tsv")).unwrap();
        write(f, "entity_vocab.jsonl", b"{\"id\": 4294967295, \"entities\": [[\"[MASK]\", null]]}\n");
    });
}
