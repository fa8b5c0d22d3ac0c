//! Layouts of checkpoints that `luke convert` must read, and faults that it must refuse with the name of the faulty
//! part.

use std::path::Path;

use serde_json::json;

use crate::support::{changed, checkpoint, convert, edit, edit_tensors, load, read_tensors, temporary, write_tensors};

/// Converts a changed copy of a checkpoint. Returns standard error, or `None` if the conversion succeeds.
fn convert_changed(name: &str, change: impl FnOnce(&Path)) -> Option<String> {
    convert(&changed("micro-span_cls", name, change), name, &["--entities", "full"]).err()
}

#[test]
fn checkpoints_that_are_not_luke_or_not_whole_are_refused_by_name() {
    assert_eq!(convert_changed("nothing", |_| {}), None);
    let refused = |name: &str, named: &[&str], change: &dyn Fn(&Path)| {
        let error = convert_changed(name, change).unwrap_or_else(|| panic!("{name} was accepted"));
        for part in named {
            assert!(error.contains(part), "{name}: {error}");
        }
    };
    refused("bert", &["model_type", "bert"], &|f| edit(&f.join("config.json"), |c| c["model_type"] = json!("bert")));
    refused("class", &["LukeForPoetry"], &|f| {
        edit(&f.join("config.json"), |c| c["architectures"] = json!(["LukeForPoetry"]));
    });
    refused("activation", &["gelu_new"], &|f| edit(&f.join("config.json"), |c| c["hidden_act"] = json!("gelu_new")));
    refused("no-eps", &["layer_norm_eps"], &|f| {
        edit(&f.join("config.json"), |c| drop(c.as_object_mut().unwrap().remove("layer_norm_eps")));
    });
    refused("heads", &["num_attention_heads"], &|f| {
        edit(&f.join("config.json"), |c| c["num_attention_heads"] = json!(5));
    });
    refused("vocabulary", &["tokenizer.json", "600"], &|f| {
        edit_tensors(f, |tensors| {
            let word = tensors.iter_mut().find(|(name, ..)| name == "luke.embeddings.word_embeddings.weight").unwrap();
            word.1[0] = 500;
            word.2.truncate(500 * 32 * 4);
        });
        edit(&f.join("config.json"), |c| c["vocab_size"] = json!(500));
    });
    refused("entities", &["entity_vocab", "row 40"], &|f| {
        edit(&f.join("entity_vocab.json"), |v| v["Nowhere"] = json!(40));
    });
    refused("no-mask", &["entity_vocab", "[MASK]"], &|f| {
        edit(&f.join("entity_vocab.json"), |v| drop(v.as_object_mut().unwrap().remove("[MASK]")));
    });
    refused("missing", &["luke.encoder.layer.1.attention.self.key.weight", "missing"], &|f| {
        edit_tensors(f, |t| t.retain(|(name, ..)| name != "luke.encoder.layer.1.attention.self.key.weight"));
    });
    refused("unknown", &["luke.encoder.layer.2.output.dense.bias", "not known"], &|f| {
        edit_tensors(f, |t| t.push(("luke.encoder.layer.2.output.dense.bias".into(), vec![32], vec![0; 128])));
    });
    refused("shape", &["classifier.weight", "[5, 32]", "[5, 96]"], &|f| {
        edit_tensors(f, |tensors| {
            let weight = tensors.iter_mut().find(|(name, ..)| name == "classifier.weight").unwrap();
            weight.1[1] = 32;
            weight.2.truncate(5 * 32 * 4);
        });
    });
    refused("truncated", &["model.safetensors"], &|f| {
        let path = f.join("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    refused("empty", &["has no model.safetensors"], &|f| std::fs::remove_file(f.join("model.safetensors")).unwrap());
    refused("pickle", &["pytorch_model.bin"], &|f| {
        std::fs::rename(f.join("model.safetensors"), f.join("pytorch_model.bin")).unwrap();
    });
}

#[test]
fn sharded_pickled_and_unprefixed_checkpoints_are_the_same_model() {
    let sharded = convert_changed("sharded", |folder| {
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let (mut map, mut names) = (serde_json::Map::new(), file.names());
        names.sort();
        for (i, part) in names.chunks(names.len().div_ceil(3)).enumerate() {
            let shard = format!("model-{i}.safetensors");
            let views: Vec<_> = part.iter().map(|name| (name.to_string(), file.tensor(name).unwrap())).collect();
            std::fs::write(folder.join(&shard), safetensors::serialize(views, None).unwrap()).unwrap();
            map.extend(part.iter().map(|name| (name.to_string(), json!(shard))));
        }
        std::fs::write(folder.join("model.safetensors.index.json"), json!({ "weight_map": map }).to_string()).unwrap();
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    });
    assert_eq!(sharded, None);
    let same = |name: &str| std::fs::read(temporary(&format!("converted-{name}")).join("chunks/0000.bin")).unwrap();
    assert_eq!(convert_changed("plain", |_| {}), None);
    assert_eq!(same("sharded"), same("plain"));

    let pickled = convert_changed("pickled", |folder| {
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        let bin = crate::support::repository().join("tests/fixtures/micro-span_cls.bin");
        std::fs::copy(bin, folder.join("pytorch_model.bin")).unwrap();
    });
    assert_eq!(pickled, None);
    assert_eq!(same("pickled"), same("plain"));

    let bare = convert_changed("unprefixed", |folder| {
        edit_tensors(folder, |tensors| {
            for (name, ..) in tensors {
                *name = name.strip_prefix("luke.").unwrap_or(name).to_owned();
            }
        });
    });
    assert_eq!(bare, None);
    assert_eq!(same("unprefixed"), same("plain"));
}

fn logits(folder: &Path) -> Vec<f32> {
    let luke = load(folder);
    let head = luke.manifest.heads.keys().next().unwrap().clone();
    pollster::block_on(luke.self_test_values("Tokyo beats Paris", &[[0, 5], [12, 17]], &head)).unwrap()
}

fn is_own_query(name: &str) -> bool {
    ["w2e_query", "e2w_query", "e2e_query"].iter().any(|query| name.contains(query))
}

#[test]
fn a_missing_query_is_the_plain_one_stored_once() {
    let without = changed("micro-span_cls", "no-queries", |folder| {
        edit_tensors(folder, |tensors| tensors.retain(|(name, ..)| !is_own_query(name)));
    });
    let copied = changed("micro-span_cls", "copied-queries", |folder| {
        edit_tensors(folder, |tensors| {
            let all = tensors.clone();
            for (name, _, data) in tensors.iter_mut().filter(|(name, ..)| is_own_query(name)) {
                let plain = ["w2e_", "e2w_", "e2e_"].iter().fold(name.clone(), |name, own| name.replace(own, ""));
                *data = all.iter().find(|(other, ..)| *other == plain).unwrap().2.clone();
            }
        });
    });
    let (once, four) =
        (convert(&without, "no-queries", &[]).unwrap(), convert(&copied, "copied-queries", &[]).unwrap());
    assert_eq!(logits(&once), logits(&four));
    let bytes = |folder: &Path| load(folder).manifest.chunks.iter().map(|chunk| chunk.bytes).sum::<usize>();
    assert_eq!(bytes(&four) - bytes(&once), 2 * 3 * (32 * 32 + 32) * 4, "two layers, three copies");
}

#[test]
fn half_precision_checkpoints_are_read_exactly() {
    type Halves = fn(f32) -> [u8; 2];
    let f16: Halves = |value| half::f16::from_f32(value).to_le_bytes();
    let bf16: Halves = |value| half::bf16::from_f32(value).to_le_bytes();
    for (name, dtype, encode) in [("f16", safetensors::Dtype::F16, f16), ("bf16", safetensors::Dtype::BF16, bf16)] {
        let decode = |bytes: [u8; 2]| match name {
            "f16" => half::f16::from_le_bytes(bytes).to_f32(),
            _ => half::bf16::from_le_bytes(bytes).to_f32(),
        };
        let mut tensors = read_tensors(&checkpoint("micro-span_cls"));
        for (_, _, data) in &mut tensors {
            let values = data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            *data = values.flat_map(encode).collect();
        }
        let halves =
            changed("micro-span_cls", &format!("{name}-stored"), |folder| write_tensors(folder, dtype, &tensors));
        for (_, _, data) in &mut tensors {
            *data = data.chunks_exact(2).flat_map(|b| decode([b[0], b[1]]).to_le_bytes()).collect();
        }
        let same = changed("micro-span_cls", &format!("{name}-as-f32"), |folder| {
            write_tensors(folder, safetensors::Dtype::F32, &tensors);
        });
        let chunk =
            |from: &Path, name: &str| std::fs::read(convert(from, name, &[]).unwrap().join("chunks/0000.bin")).unwrap();
        assert_eq!(chunk(&halves, &format!("{name}-stored")), chunk(&same, &format!("{name}-as-f32")));
    }
}

#[test]
fn tokenizer_files_that_are_none_are_refused_by_name() {
    let refused = |name: &str, of: &str, named: &[&str], change: &dyn Fn(&Path)| {
        let error = convert(&changed(of, name, change), name, &[]).unwrap_err();
        named.iter().for_each(|part| assert!(error.contains(part), "{name}: {error}"));
    };
    let remove = |folder: &Path, file: &str| std::fs::remove_file(folder.join(file)).unwrap();
    refused("no-tokenizer", "micro-bert", &["tokenizer.json", "vocab.txt", "sentencepiece"], &|f| {
        remove(f, "vocab.txt")
    });
    refused("no-merges", "micro-span_cls", &["merges.txt", "missing"], &|f| remove(f, "merges.txt"));
    refused("no-cls", "micro-bert", &["vocab.txt", "[CLS]"], &|f| {
        std::fs::write(f.join("vocab.txt"), "a\n[PAD]\n[UNK]").unwrap()
    });
    refused("cut-spm", "micro-mluke", &["sentencepiece.bpe.model", "no SentencePiece model"], &|f| {
        std::fs::write(f.join("sentencepiece.bpe.model"), [0x0a, 0xff]).unwrap();
    });
    refused("empty-spm", "micro-mluke", &["sentencepiece.bpe.model", "tokenizer.json"], &|f| {
        std::fs::write(f.join("sentencepiece.bpe.model"), []).unwrap();
    });
}
