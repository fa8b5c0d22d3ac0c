//! `model.safetensors.index.json`, which says in which file (shard) of a checkpoint each tensor is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Stored;
use super::limits::{MAX_JSON_BYTES, MAX_SHARDS};
use super::names::ByTensor;
use crate::error::{LukeError, Result, json_reason, shortened};
use crate::file_start;
use crate::folder::limits::MAX_PATH_BYTES;

/// The file that names the shards of a checkpoint.
pub const INDEX: &str = "model.safetensors.index.json";

/// The files that the index names, each once, in alphabetical order.
///
/// # Errors
/// `format` when the index is too long or no such JSON, names a tensor twice, names too many files, or one that is not in
/// the folder itself.
pub fn shards(index_json: &[u8]) -> Result<Vec<String>> {
    let shards: BTreeSet<String> = weight_map(index_json)?.into_values().collect();
    if shards.len() > MAX_SHARDS {
        return Err(bad(format!("names {} files, more than {MAX_SHARDS}", shards.len())));
    }
    let inside = |shard: &String| {
        let separates = |c: char| ['/', '\\', ':', '?', '#'].contains(&c) || c.is_control();
        !shard.is_empty() && shard.len() <= MAX_PATH_BYTES && !shard.starts_with('.') && !shard.contains(separates)
    };
    match shards.iter().find(|shard| !inside(shard)) {
        Some(outside) => {
            let start = shortened(outside);
            Err(bad(format!("shard '{}' is not in the folder", start.escape_debug())))
        }
        None => Ok(shards.into_iter().collect()),
    }
}

/// The tensors of all shards without those that the index does not name, and each only from the shard that the index names
/// for it.
///
/// # Errors
/// `format` when a tensor is not in its shard, and those of [`shards`].
pub fn of_index(index_json: &[u8], mut stored: Vec<Stored>) -> Result<Vec<Stored>> {
    let mut map = weight_map(index_json)?;
    stored.retain(|tensor| match map.get(&tensor.own_name) {
        Some(shard) if *shard == tensor.file => map.remove(&tensor.own_name).is_some(),
        _ => false,
    });
    match map.into_iter().next() {
        Some((name, shard)) => Err(bad(format!("says that tensor {name} is in {shard}, where it is not"))),
        None => Ok(stored),
    }
}

fn weight_map(index_json: &[u8]) -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: ByTensor<String>,
    }
    if index_json.len() > MAX_JSON_BYTES {
        return Err(bad(format!("has {} bytes, more than {MAX_JSON_BYTES}", index_json.len())));
    }
    let index: Index =
        serde_json::from_slice(file_start::check(INDEX, index_json)?).map_err(|error| bad(json_reason(&error)))?;
    Ok(index.weight_map.0)
}

fn bad(reason: String) -> LukeError {
    LukeError::format(INDEX, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_each_tensor_once_and_few_files() {
        let refused = |index: String, part: &str| {
            let error = shards(index.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(INDEX) && error.contains(part), "{error}");
        };
        let good = r#"{"metadata":{},"weight_map":{"a":"m2.safetensors","b":"m1.safetensors","c":"m2.safetensors"}}"#;
        assert_eq!(shards(good.as_bytes()).unwrap(), ["m1.safetensors", "m2.safetensors"]);
        refused(r#"{"weight_map":{"a":"m1.safetensors","a":"m2.safetensors"}}"#.into(), "tensor a is there twice");
        let files: Vec<String> = (0..=MAX_SHARDS).map(|i| format!(r#""t{i}":"m{i}""#)).collect();
        refused(format!(r#"{{"weight_map":{{{}}}}}"#, files.join(",")), "more than");
        refused(" ".repeat(MAX_JSON_BYTES + 1), "more than");
        for outside in ["../m.safetensors", "a/b", "http://x", "", ".", "a\\u0000b", &"x".repeat(2000)] {
            refused(format!(r#"{{"weight_map":{{"a":"{outside}"}}}}"#), "not in the folder");
        }
    }

    #[test]
    fn a_tensor_is_taken_from_the_shard_that_the_index_names() {
        let tensor = |name: &str, file: &str, offset| Stored {
            name: name.into(),
            own_name: name.into(),
            dtype: Err("I64".into()),
            shape: vec![1],
            file: file.into(),
            offset,
        };
        let stored = || vec![tensor("a", "1", 0), tensor("b", "1", 8), tensor("a", "2", 0), tensor("c", "2", 8)];
        let kept = |index: &str| of_index(index.as_bytes(), stored());
        let places = |index: &str| -> Vec<_> {
            kept(index).unwrap().into_iter().map(|tensor| (tensor.own_name, tensor.file)).collect()
        };
        let place = |name: &str, file: &str| (name.to_owned(), file.to_owned());
        assert_eq!(places(r#"{"weight_map":{"a":"2","b":"1"}}"#), [place("b", "1"), place("a", "2")]);
        assert_eq!(places(r#"{"weight_map":{"c":"2","a":"1"}}"#), [place("a", "1"), place("c", "2")]);
        for (index, name) in [(r#"{"weight_map":{"b":"2"}}"#, "b"), (r#"{"weight_map":{"d":"1"}}"#, "d")] {
            let error = kept(index).unwrap_err().to_string();
            assert!(error.contains(&format!("tensor {name} is in")), "{error}");
        }
    }
}
