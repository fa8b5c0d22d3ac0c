//! Model folders and checkpoints in memory. Changes them, and then corrects their lengths and hashes. Shared with
//! `fuzz/`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::edit::{Edit, edit_bytes, edit_json, size};

/// Files by their path in the folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of a folder and its folders.
pub fn read_folder(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(read_folder(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

/// Changes a model folder, and says how. [`repair`] makes right what it promises of its files.
pub fn edit_folder(files: &mut Files, edit: Edit) -> String {
    match edit[0] % 9 {
        0..=3 => edit_file(files, "manifest.json", edit),
        4 => edit_file(files, "tokenizer.json", edit),
        5 => {
            let name = files.keys().find(|name| name.starts_with("entity_vocab")).cloned().unwrap_or_default();
            edit_file(files, &name, edit)
        }
        6 => grow(files, edit),
        _ => edit_any(files, edit),
    }
}

/// Changes a checkpoint as Hugging Face saves it, and says how.
pub fn edit_checkpoint(files: &mut Files, edit: Edit) -> String {
    match edit[0] % 9 {
        0 | 1 => edit_header(files, edit),
        2 => edit_file(files, "config.json", edit),
        3 => edit_file(files, if files.contains_key("metadata.json") { "metadata.json" } else { "config.json" }, edit),
        4 => add_empty_tensor(files, edit),
        _ => edit_any(files, edit),
    }
}

fn edit_any(files: &mut Files, edit: Edit) -> String {
    let place = (edit[0] / 9) as usize % files.len();
    let name = files.keys().nth(place).cloned().unwrap_or_default();
    edit_file(files, &name, edit)
}

/// JSON files are edited as JSON, but for one time in eight.
fn edit_file(files: &mut Files, name: &str, edit: Edit) -> String {
    let Some(bytes) = files.get_mut(name) else { return format!("{name} is not there") };
    let json = match edit[2] >> 32 & 7 {
        0 => None,
        _ => serde_json::from_slice::<Value>(bytes).ok().filter(|value| value.is_object() || value.is_array()),
    };
    let said = match json {
        Some(mut value) => {
            let said = edit_json(&mut value, edit);
            *bytes = value.to_string().into_bytes();
            said
        }
        None => edit_bytes(bytes, edit),
    };
    format!("{name}: {said}")
}

/// Makes the lengths and hashes in the manifest those of the files, and the checksums in an entity index and in heads that were
/// taught those of their bytes.
pub fn repair(files: &mut Files) {
    if let Some(index) = files.get_mut("entity_vocab.bin") {
        repair_index(index);
    }
    for (_, head) in files.iter_mut().filter(|(path, _)| path.starts_with("heads/")) {
        if let Some((content, hash)) = head.split_last_chunk_mut::<32>() {
            *hash = Sha256::digest(content).into();
        }
    }
    let Some(mut manifest) = files.get("manifest.json").and_then(|text| serde_json::from_slice(text).ok()) else {
        return;
    };
    each_file(&mut manifest, &mut |entry| {
        let Some(bytes) = entry.get("path").and_then(Value::as_str).and_then(|path| files.get(path)) else { return };
        entry["bytes"] = json!(bytes.len());
        entry["sha256"] = json!(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    });
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
}

/// Shows every object of the manifest that names a file.
fn each_file(manifest: &mut Value, to: &mut impl FnMut(&mut Value)) {
    let mut list = |list: Option<&mut Value>| {
        list.and_then(Value::as_array_mut).into_iter().flatten().filter(|entry| entry.is_object()).for_each(&mut *to);
    };
    list(manifest.get_mut("chunks"));
    list(manifest.pointer_mut("/entityTable/chunks"));
    for head in manifest.get_mut("taughtHeads").and_then(Value::as_array_mut).into_iter().flatten() {
        head.get_mut("file").filter(|entry| entry.is_object()).into_iter().for_each(&mut *to);
    }
    for name in ["/files/tokenizer", "/files/entityVocab"] {
        manifest.pointer_mut(name).filter(|entry| entry.is_object()).into_iter().for_each(&mut *to);
    }
}

/// The last four bytes of an index of titles are a masked CRC-32C of those from its twelfth on, less one list of rows.
pub fn repair_index(index: &mut [u8]) {
    let Some(count) = index.get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes) else { return };
    let start = 12usize.saturating_add((count as usize).saturating_mul(4));
    let Some((bytes, sum)) = index.get_mut(start..).and_then(<[u8]>::split_last_chunk_mut::<4>) else { return };
    let crc = !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    });
    *sum = crc.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
}

/// Makes one of the config's sizes another, and with it every shape, length and part of a tensor that must follow.
/// Parts that grow are promised in files that do not exist.
fn grow(files: &mut Files, edit: Edit) -> String {
    let Some(mut manifest) = files.get("manifest.json").and_then(|text| serde_json::from_slice::<Value>(text).ok())
    else {
        return "the manifest is no JSON".into();
    };
    let names = ["vocab_size", "entity_vocab_size", "hidden_size", "intermediate_size", "max_position_embeddings"];
    let name = names[edit[1] as usize % names.len()];
    let sizes = [2, 1 << 12, 1 << 16, 1 << 20, (1 << 24) - 1, 1 << 24, 1 << 32, 1 << 58];
    let size: u64 = sizes[edit[3] as usize % sizes.len()];
    let Some(old) = manifest["config"].get(name).and_then(Value::as_u64) else { return format!("no {name}") };
    manifest["config"][name] = json!(size);
    let mut more = Vec::new();
    let chunks = manifest["chunks"].as_array().map_or(0, Vec::len);
    for tensor in manifest.get_mut("tensors").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(shape) = tensor.get_mut("shape").and_then(Value::as_array_mut) else { continue };
        shape.iter_mut().filter(|dimension| **dimension == old).for_each(|dimension| *dimension = json!(size));
        let shape: Vec<u64> = shape.iter().filter_map(Value::as_u64).collect();
        if tensor["rows"][1] == old {
            tensor["rows"][1] = json!(size);
        }
        let rows = match (tensor["rows"][0].as_u64(), tensor["rows"][1].as_u64()) {
            (Some(start), Some(end)) => end.saturating_sub(start),
            _ => shape.first().copied().unwrap_or(1),
        };
        let columns: u64 = shape.iter().skip(1).fold(1, |product, dimension| product.saturating_mul(*dimension));
        let row = match tensor["dtype"].as_str() {
            Some("f32") => columns.saturating_mul(4),
            Some("q8") => columns.saturating_add(4),
            Some("q4") => columns.div_ceil(32).saturating_mul(18),
            _ => columns.saturating_mul(2),
        };
        let bytes = rows.saturating_mul(row);
        if tensor["bytes"].as_u64() != Some(bytes) {
            let path = format!("missing/{}.bin", more.len());
            (tensor["bytes"], tensor["offset"], tensor["chunk"]) = (json!(bytes), json!(0), json!(chunks + more.len()));
            more.push(json!({ "path": path, "bytes": bytes, "sha256": "0".repeat(64) }));
        }
    }
    manifest.get_mut("chunks").and_then(Value::as_array_mut).into_iter().for_each(|chunks| chunks.append(&mut more));
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
    format!("{name} is {size}, and all that follows from it")
}

/// Cuts the first large tensor in two parts of rows, of which the second begins a chunk of its own.
pub fn split_a_table(files: &mut Files) {
    let mut manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut tensors: Vec<Value> = manifest["tensors"].as_array().unwrap().clone();
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let place = tensors.iter().position(|tensor| number(&tensor["shape"][0]) > 100 && tensor["chunk"] == 0).unwrap();
    let (rows, first) = (number(&tensors[place]["shape"][0]), 61);
    let cut_bytes = number(&tensors[place]["bytes"]) / rows * first;
    let cut = number(&tensors[place]["offset"]) + cut_bytes;
    for tensor in &mut tensors {
        let (chunk, offset) = (number(&tensor["chunk"]), number(&tensor["offset"]));
        if chunk > 0 || offset >= cut {
            tensor["chunk"] = json!(chunk + 1);
            tensor["offset"] = json!(if chunk == 0 { offset - cut } else { offset });
        }
    }
    let mut second = tensors[place].clone();
    (second["rows"], second["bytes"]) = (json!([first, rows]), json!(number(&second["bytes"]) - cut_bytes));
    (second["chunk"], second["offset"]) = (json!(1), json!(0));
    (tensors[place]["rows"], tensors[place]["bytes"]) = (json!([0, first]), json!(cut_bytes));
    tensors.insert(place + 1, second);
    manifest["tensors"] = json!(tensors);
    let path = manifest["chunks"][0]["path"].as_str().unwrap().to_owned();
    let rest = files.get_mut(&path).unwrap().split_off(cut);
    let chunks = manifest["chunks"].as_array_mut().unwrap();
    chunks.insert(1, json!({ "path": "chunks/rest.bin" }));
    files.insert("chunks/rest.bin".into(), rest);
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
    repair(files);
}

/// The file with the weights, its header and where the numbers begin.
fn header(files: &mut Files) -> Option<(&mut Vec<u8>, Value, usize)> {
    let bytes = files.get_mut("model.safetensors")?;
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    let data = usize::try_from(length).ok()?.checked_add(8)?;
    let header = serde_json::from_slice(bytes.get(8..data)?).ok()?;
    Some((bytes, header, data))
}

fn with_header(bytes: &mut Vec<u8>, header: &Value, data: usize) {
    let text = header.to_string();
    bytes.splice(..data, (text.len() as u64).to_le_bytes().into_iter().chain(text.into_bytes()));
}

/// Changes a value of the header of `model.safetensors`.
fn edit_header(files: &mut Files, edit: Edit) -> String {
    let Some((bytes, mut value, data)) = header(files) else { return "there is no header".into() };
    let said = edit_json(&mut value, edit);
    with_header(bytes, &value, data);
    format!("header: {said}")
}

/// Adds a tensor without bytes to `model.safetensors`.
fn add_empty_tensor(files: &mut Files, edit: Edit) -> String {
    let Some((bytes, mut value, data)) = header(files) else { return "there is no header".into() };
    let end = bytes.len() - data;
    let Some(tensors) = value.as_object_mut() else { return "the header is no object".into() };
    let name = match tensors.keys().nth((edit[1] / 3) as usize % tensors.len().max(1)) {
        Some(known) if edit[1].is_multiple_of(3) => known.clone(),
        _ => EMPTY_TENSOR.into(),
    };
    let mut shape = vec![size(edit[2] as usize), size(edit[3] as usize)];
    shape.insert(edit[2] as usize / 22 % 3, 0);
    let said = format!("header: {name} has shape {}", json!(shape));
    tensors.insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": [end, end] }));
    with_header(bytes, &value, data);
    said
}

/// The name of a tensor that no model has.
pub const EMPTY_TENSOR: &str = "luke.x";
