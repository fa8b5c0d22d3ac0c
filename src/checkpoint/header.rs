//! What stands at the head of a safetensors file: names, shapes, and where the numbers are.

use std::collections::{BTreeMap, BTreeSet};

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::dtype::DType;
use crate::error::{LukeError, Result};

/// Bytes before the header's JSON: its length as a little-endian u64.
const LENGTH: usize = 8;

/// Longest header that is believed, as in the `safetensors` library.
const MOST: u64 = 100_000_000;

/// A tensor as a checkpoint has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its name in the file.
    pub name: String,
    /// How its numbers are stored.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The file it is in.
    pub file: String,
    /// Where its first byte is in the file (0 where the file has no such place, as a pickle).
    pub offset: usize,
}

impl Stored {
    /// Rows: the first dimension.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers of a row.
    pub fn columns(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.dtype.row_bytes(self.columns())
    }
}

/// How many bytes of a safetensors file to read for [`read_header`], from its first 8 bytes.
pub fn header_bytes(file: &str, first: &[u8]) -> Result<usize> {
    let Some((length, _)) = first.split_first_chunk::<LENGTH>() else {
        return Err(LukeError::format(file, "is cut short: it has no header"));
    };
    match u64::from_le_bytes(*length) {
        length if length <= MOST => Ok(LENGTH + length as usize),
        length => Err(LukeError::format(file, format!("is no safetensors file: its header would be {length} bytes"))),
    }
}

/// The header's JSON. `safetensors::tensor::Metadata` counts the bits of a tensor in `usize`, of which wasm has 32.
#[derive(Deserialize)]
struct Header {
    #[serde(default, rename = "__metadata__")]
    _metadata: IgnoredAny,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

impl Header {
    /// Checks that tensors follow each other without gaps and are as long as their shapes; their bytes in all.
    fn check(&self) -> std::result::Result<usize, String> {
        let mut tensors: Vec<_> = self.tensors.iter().collect();
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        tensors.into_iter().try_fold(0, |at, (name, info)| {
            let (start, end) = info.data_offsets;
            let bits = |size: u64, dimension: &usize| size.checked_mul(*dimension as u64);
            let bits = info.shape.iter().try_fold(info.dtype.bitsize() as u64, bits);
            let long = |bits: u64| bits.is_multiple_of(8) && bits / 8 == (end - start) as u64;
            match start == at && end >= start && bits.is_some_and(long) {
                true => Ok(end),
                false => Err(format!("tensor {name} of shape {:?} is at {start} to {end}, after {at}", info.shape)),
            }
        })
    }
}

/// The tensors of a safetensors file, from its first [`header_bytes`] bytes (or more) and, where known, its length.
/// Integers (`position_ids`) are left out; offsets that overlap or leave the file are refused.
pub fn read_header(file: &str, start: &[u8], file_bytes: Option<usize>) -> Result<Vec<Stored>> {
    let bad = |reason: String| LukeError::format(file, reason);
    let data = header_bytes(file, start)?;
    let json = start.get(LENGTH..data).ok_or_else(|| bad("is cut short: its header is not whole".into()))?;
    let header: Header = serde_json::from_slice(json).map_err(|error| bad(format!("header: {error}")))?;
    let end = data.checked_add(header.check().map_err(|reason| bad(format!("header: {reason}")))?);
    if end.is_none_or(|end| file_bytes.is_some_and(|bytes| bytes != end)) {
        let needs = end.map_or("more".into(), |end| end.to_string());
        return Err(bad(format!("has {} bytes, its header speaks of {needs}", file_bytes.unwrap_or(0))));
    }
    let mut tensors = Vec::new();
    for (name, info) in header.tensors {
        let dtype = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::Bf16,
            Dtype::I64 => continue,
            other => return Err(bad(format!("tensor {name} has dtype {other:?}; F32, F16 and BF16 are read"))),
        };
        let offset = data + info.data_offsets.0;
        tensors.push(Stored { name, dtype, shape: info.shape, file: file.into(), offset });
    }
    tensors.sort_by_key(|tensor| tensor.offset);
    Ok(tensors)
}

/// The files that `model.safetensors.index.json` names, in order. All must be in the folder itself.
pub fn shards(index_json: &[u8]) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let bad = |reason: String| LukeError::format("model.safetensors.index.json", reason);
    let index: Index = serde_json::from_slice(index_json).map_err(|error| bad(error.to_string()))?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    match shards.iter().find(|shard| shard.contains(['/', '\\', ':', '?', '#']) || shard.starts_with('.')) {
        Some(outside) => Err(bad(format!("shard '{outside}' is not in the folder"))),
        None => Ok(shards.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    #[test]
    fn tensors_are_found_where_they_are() {
        let json = r#"{"__metadata__":{"format":"pt"},
            "b":{"dtype":"BF16","shape":[3],"data_offsets":[24,30]},
            "ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},
            "a":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]}}"#;
        let bytes = file(json, 30);
        let start = 8 + json.len();
        let tensors = read_header("m", &bytes[..start], Some(bytes.len())).unwrap();
        let places: Vec<_> = tensors.iter().map(|t| (t.name.as_str(), t.dtype, t.offset - start)).collect();
        assert_eq!(places, [("a", DType::F32, 8), ("b", DType::Bf16, 24)]);
        assert_eq!((tensors[0].rows(), tensors[0].row_bytes()), (2, 8));
        assert_eq!(header_bytes("m", &bytes[..8]).unwrap(), start);
    }

    #[test]
    fn headers_that_lie_are_refused_by_name() {
        let one = |place: &str| format!(r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":{place}}}}}"#);
        let refused = |json: &str, data: usize, part: &str| {
            let bytes = file(json, data);
            let error = read_header("x.safetensors", &bytes, Some(bytes.len())).unwrap_err();
            assert_eq!(error.code(), "format");
            assert!(error.to_string().contains("x.safetensors") && error.to_string().contains(part), "{error}");
        };
        refused(&one("[0,8]"), 4, "speaks of");
        refused(&one("[4,12]"), 12, "a");
        refused(&one("[0,4]"), 4, "header");
        refused(&one("[8,0]"), 8, "a");
        refused(&one("[0,18446744073709551615]"), 8, "header");
        refused(r#"{"a":{"dtype":"F99","shape":[],"data_offsets":[0,0]}}"#, 0, "F99");
        refused(r#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#, 8, "tensor a has dtype F64");
        let two = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                      "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        refused(two, 12, "b");
        refused("{", 0, "header");
        for (bytes, part) in
            [(vec![255; 8], "bytes"), (vec![1], "cut short"), (vec![9, 0, 0, 0, 0, 0, 0, 0], "cut short")]
        {
            assert!(read_header("x", &bytes, None).unwrap_err().to_string().contains(part));
        }
        for outside in ["../m.safetensors", "a/b", "http://x"] {
            let index = format!(r#"{{"weight_map":{{"a":"{outside}"}}}}"#);
            assert!(shards(index.as_bytes()).unwrap_err().to_string().contains("not in the folder"));
        }
    }
}
