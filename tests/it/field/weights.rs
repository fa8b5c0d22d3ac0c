//! Tensors of other types, of other names, too many, not finite, or in two files.

use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use super::remove;
use crate::raw_checkpoints::{load_raw, read_raw};
use crate::support::{NamedBytes, changed, convert, edit, edit_tensors, folder, load, read_tensors};

fn chunks(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("chunks/0000.bin")).unwrap()
}

/// Writes tensors of F32 and others.
fn write_with(folder: &Path, others: &[(&str, Dtype, usize)]) {
    let tensors = read_tensors(folder);
    let zeros = [0; 64];
    let mut views: Vec<(String, TensorView)> = tensors
        .iter()
        .map(|(name, shape, data)| (name.clone(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()))
        .collect();
    for (name, dtype, bytes) in others {
        let count = bytes * 8 / dtype.bitsize();
        views.push(((*name).to_owned(), TensorView::new(*dtype, vec![count], &zeros[..*bytes]).unwrap()));
    }
    std::fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn what_is_not_used_may_have_any_type() {
    let others = [
        ("luke.embeddings.position_ids", Dtype::I32, 64),
        ("embeddings.token_type_ids", Dtype::I64, 64),
        ("num_batches_tracked", Dtype::U8, 1),
        ("mask", Dtype::BOOL, 4),
        ("ema", Dtype::F64, 16),
        ("packed", Dtype::F8_E4M3, 8),
    ];
    let from = changed("micro-span_cls", "other-types", |folder| write_with(folder, &others));
    assert_eq!(
        chunks(&convert(&from, "other-types", &["--entities", "full"]).unwrap()),
        chunks(&folder("micro-span_cls"))
    );
    load_raw(&from, &[]);

    let needed = changed("micro-qa", "needed-type", |folder| {
        edit_tensors(folder, |tensors| tensors.retain(|(name, ..)| name != "qa_outputs.bias"));
        write_with(folder, &[("qa_outputs.bias", Dtype::F64, 16)]);
    });
    for error in [convert(&needed, "needed-type", &[]).unwrap_err(), read_raw(&needed, &[]).err().unwrap().to_string()]
    {
        assert!(error.contains("qa_outputs.bias: this tensor has dtype F64"), "{error}");
    }
}

/// `micro-span_cls` with these tensors beside its own.
fn with_others(name: &str, others: &[&str]) -> PathBuf {
    changed("micro-span_cls", name, |folder| {
        edit_tensors(folder, |tensors| tensors.extend(others.iter().map(|name| ((*name).into(), vec![2], vec![0; 8]))));
    })
}

#[test]
fn a_tensor_too_many_is_named_as_in_its_file_and_may_be_left_out() {
    let want = chunks(&folder("micro-span_cls"));
    for (i, other) in ["loss_fct.weight", "luke.loss.weight", "criterion", "metrics.f1.total"].into_iter().enumerate() {
        let name = format!("too-many-{i}");
        let from = with_others(&name, &[other]);
        for error in [convert(&from, &name, &[]).unwrap_err(), read_raw(&from, &[]).err().unwrap().to_string()] {
            assert!(error.contains(&format!("{other}: this tensor is not known")), "{error}");
            assert!(error.contains("--leave-out") && error.contains("leaveOut"), "{error}");
        }
        let top = other.split('.').next().unwrap();
        for out in [other, if top == "luke" { "luke.loss" } else { top }] {
            let options = ["--entities", "full", "--leave-out", out];
            assert_eq!(chunks(&convert(&from, &name, &options).unwrap()), want, "{out}");
            std::fs::write(from.join("luke_web.json"), json!({ "leaveOut": [out] }).to_string()).unwrap();
            assert_eq!(chunks(&convert(&from, &name, &["--entities", "full"]).unwrap()), want, "{out}");
            load_raw(&from, &[]);
            remove(&from, &["luke_web.json"]);
        }
    }
    let two = with_others("too-many-two", &["loss_fct.weight", "metric"]);
    convert(&two, "too-many-two", &["--leave-out", "loss_fct", "--leave-out", "metric"]).unwrap();
    let error = convert(&two, "too-many-two", &["--leave-out", "loss"]).unwrap_err();
    assert!(error.contains("leaveOut") && error.contains("'loss'"), "{error}");
    // What the model needs is missed.
    let error = convert(&two, "too-many-needed", &["--leave-out", "classifier.bias"]).unwrap_err();
    assert!(error.contains("classifier.bias: this tensor is missing"), "{error}");
}

/// `micro-span_cls` whose tensors have other names.
fn renamed(name: &str, rename: impl Fn(&str) -> String) -> PathBuf {
    changed("micro-span_cls", name, |folder| {
        edit_tensors(folder, |tensors| tensors.iter_mut().for_each(|(name, ..)| *name = rename(name)));
    })
}

#[test]
fn wrappers_are_taken_off_and_old_names_renamed() {
    let want = chunks(&folder("micro-span_cls"));
    type Rename = fn(&str) -> String;
    let forms: [(&str, Rename); 8] = [
        ("compiled", |name| format!("_orig_mod.{name}")),
        ("parallel", |name| format!("module.{name}")),
        ("lightning", |name| format!("model.{name}")),
        ("both", |name| format!("module._orig_mod.{name}")),
        ("fsdp", |name| {
            format!("_fsdp_wrapped_module.{}", name.replace("layer.0.", "layer.0._checkpoint_wrapped_module."))
        }),
        ("part", |name| name.replace("luke.", "luke._orig_mod.")),
        ("gamma", |name| {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        }),
        ("own", |name| name.replace("luke.", "encoder_of_mine.")),
    ];
    for (form, rename) in forms {
        let from = renamed(&format!("wrapped-{form}"), rename);
        let to = convert(&from, &format!("wrapped-{form}"), &["--entities", "full"]);
        assert_eq!(chunks(&to.unwrap_or_else(|error| panic!("{form}: {error}"))), want, "{form}");
        load_raw(&from, &[]);
    }
}

#[test]
fn a_checkpoint_that_is_not_found_shows_the_names_that_it_has() {
    let from = renamed("no-names", |name| name.replace("word_embeddings", "tokens"));
    let error = convert(&from, "no-names", &[]).unwrap_err();
    assert!(error.contains("word_embeddings.weight") && error.contains("classifier.weight"), "{error}");
    let from = renamed("no-head", |name| name.replace("classifier.", "my_head."));
    let error = convert(&from, "no-head", &[]).unwrap_err();
    assert!(error.contains("classifier.weight") && error.contains("my_head.weight"), "{error}");
    let twice = changed("micro-span_cls", "two-names", |folder| {
        edit_tensors(folder, |tensors| {
            let old = tensors.iter().find(|(name, ..)| name.ends_with("embeddings.LayerNorm.bias")).unwrap();
            let old = (old.0.replace("bias", "beta"), old.1.clone(), old.2.clone());
            tensors.push(old);
        });
    });
    let error = convert(&twice, "two-names", &[]).unwrap_err();
    assert!(error.contains("twice") && error.contains("LayerNorm.beta") && error.contains("LayerNorm.bias"), "{error}");
}

/// Sets a number of a tensor; its row and its own name.
fn set(tensors: &mut [NamedBytes], end: &str, value: f32) -> (usize, String) {
    let (name, shape, data) = tensors.iter_mut().find(|(name, ..)| name.ends_with(end)).unwrap();
    let row = shape[0] - 1;
    let last = data.len() - 4;
    data[last..].copy_from_slice(&value.to_le_bytes());
    (row, name.clone())
}

#[test]
fn a_weight_that_is_not_finite_is_named_with_its_row() {
    let ends = [
        "classifier.weight",
        "classifier.bias",
        "word_embeddings.weight",
        "entity_embeddings.entity_embeddings.weight",
        "layer.1.output.dense.weight",
        "LayerNorm.bias",
    ];
    for (i, value) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().enumerate() {
        for (j, end) in ends.into_iter().enumerate() {
            let name = format!("not-finite-{i}-{j}");
            let mut place = None;
            let from = changed("micro-span_cls", &name, |folder| {
                edit_tensors(folder, |tensors| place = Some(set(tensors, end, value)));
            });
            let (row, tensor) = place.unwrap();
            let dtypes = if i == 0 { &["f32", "f16", "q8", "q4"][..] } else { &["q8"] };
            for dtype in dtypes {
                let options = ["--entities", "full", "--skip-self-test", "--dtype", dtype];
                let error = convert(&from, &name, &options).unwrap_err();
                assert!(error.starts_with("luke: format: ") && error.contains("not finite"), "{dtype}: {error}");
                assert!(error.contains(&tensor) && error.contains(&format!("row {row} ")), "{dtype}: {error}");
            }
            let (raw, source) = read_raw(&from, &[]).unwrap();
            let loaded =
                pollster::block_on(luke_web::Luke::load_checkpoint(raw, source, luke_web::backend::DeviceKind::Cpu));
            let error = loaded.err().unwrap();
            assert_eq!(error.code(), "format");
            assert!(error.to_string().contains(end) && error.to_string().contains(&format!("row {row} ")), "{error}");
        }
    }
    let large = changed("micro-span_cls", "too-large", |folder| {
        edit_tensors(folder, |tensors| drop(set(tensors, "word_embeddings.weight", 1e6)));
    });
    let error = convert(&large, "too-large", &["--dtype", "f16", "--skip-self-test"]).unwrap_err();
    assert!(error.contains("word_embeddings.weight") && error.contains("too large for F16"), "{error}");
}

/// `micro-qa` in two shards. The head is in both; its numbers in the first are others.
fn two_shards(name: &str, head_in: &str) -> PathBuf {
    changed("micro-qa", name, |folder| {
        let tensors = read_tensors(folder);
        let is_head = |name: &str| name.starts_with("qa_outputs.");
        let other: Vec<NamedBytes> = tensors
            .iter()
            .filter(|(name, ..)| is_head(name))
            .map(|(name, shape, data)| (name.clone(), shape.clone(), vec![0; data.len()]))
            .collect();
        let (head, encoder): (Vec<_>, Vec<_>) = tensors.iter().cloned().partition(|(name, ..)| is_head(name));
        let mut map = serde_json::Map::new();
        for (shard, parts) in [("a.safetensors", [encoder, other]), ("b.safetensors", [head, vec![]])] {
            let tensors = parts.concat();
            let views = tensors
                .iter()
                .map(|(name, shape, data)| (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
            std::fs::write(folder.join(shard), safetensors::serialize(views, None).unwrap()).unwrap();
            for (name, ..) in &tensors {
                map.insert(name.clone(), json!(if is_head(name) { head_in } else { shard }));
            }
        }
        std::fs::write(folder.join("model.safetensors.index.json"), json!({ "weight_map": map }).to_string()).unwrap();
        remove(folder, &["model.safetensors"]);
    })
}

#[test]
fn a_tensor_in_two_shards_is_the_one_that_the_index_names() {
    let want = load(&folder("micro-qa"));
    let text = "Ana Ivanovic lives in Los Angeles.";
    let values = |luke: &luke_web::Luke| pollster::block_on(luke.self_test_values(text, &[], "qa")).unwrap();
    let right = two_shards("shards-right", "b.safetensors");
    let wrong = two_shards("shards-wrong", "a.safetensors");
    for (from, is_right) in [(&right, true), (&wrong, false)] {
        let converted = load(&convert(from, "two-shards", &["--entities", "full"]).unwrap());
        for luke in [converted, load_raw(from, &[]).0] {
            assert_eq!(values(&luke) == values(&want), is_right);
        }
    }
    edit(&right.join("model.safetensors.index.json"), |index| {
        index["weight_map"]["qa_outputs.bias"] = json!("c.safetensors")
    });
    std::fs::copy(right.join("b.safetensors"), right.join("c.safetensors")).unwrap();
    assert_eq!(values(&load(&convert(&right, "three-shards", &["--entities", "full"]).unwrap())), values(&want));
    edit_index(&right, "lm_head.bias", "b.safetensors");
    let error = convert(&right, "no-such-tensor", &[]).unwrap_err();
    assert!(error.contains("index.json") && error.contains("lm_head.bias is in b.safetensors"), "{error}");
    edit(&right.join("model.safetensors.index.json"), |index| {
        drop(index["weight_map"].as_object_mut().unwrap().remove("lm_head.bias"))
    });
    edit(&right.join("model.safetensors.index.json"), |index| {
        drop(index["weight_map"].as_object_mut().unwrap().remove("qa_outputs.bias"))
    });
    let error = convert(&right, "not-in-index", &[]).unwrap_err();
    assert!(error.contains("qa_outputs.bias: this tensor is missing"), "{error}");
}

fn edit_index(folder: &Path, tensor: &str, shard: &str) {
    edit(&folder.join("model.safetensors.index.json"), |index| index["weight_map"][tensor] = json!(shard));
}

#[test]
fn null_means_a_default_in_every_small_file() {
    let want = chunks(&folder("micro-qa"));
    let with = |name: &str, file: &str, change: &dyn Fn(&mut Value)| {
        let from = changed("micro-qa", &format!("null-{name}"), |folder| {
            if !folder.join(file).exists() {
                std::fs::write(folder.join(file), "{}").unwrap();
            }
            edit(&folder.join(file), |value| change(value));
        });
        load_raw(&from, &[]);
        chunks(&convert(&from, &format!("null-{name}"), &["--entities", "full"]).unwrap())
    };
    for field in ["architectures", "id2label", "label2id", "classifier_dropout", "torch_dtype", "bos_token_id"] {
        assert_eq!(with(field, "config.json", &|config| config[field] = Value::Null), want, "{field}");
    }
    for field in
        ["mask_token", "cls_token", "add_prefix_space", "additional_special_tokens", "added_tokens_decoder", "task"]
    {
        assert_eq!(with(field, "tokenizer_config.json", &|config| config[field] = Value::Null), want, "{field}");
    }
    for field in ["name", "license", "source", "heads", "leaveOut"] {
        assert_eq!(with(field, "luke_web.json", &|about| about[field] = Value::Null), want, "{field}");
    }
    let odd = changed("micro-qa", "null-size", |folder| {
        edit(&folder.join("config.json"), |c| c["hidden_size"] = Value::Null)
    });
    let error = convert(&odd, "null-size", &[]).unwrap_err();
    assert!(error.contains("config.json: hidden_size: must be a whole number of 0 or more, not null"), "{error}");
}
