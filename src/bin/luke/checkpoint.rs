//! Reads a Hugging Face checkpoint's tensors: safetensors, one file or sharded, or `pytorch_model.bin`.

use std::collections::BTreeMap;
use std::path::Path;

use luke_web::{LukeError, Result};
use pytorch_reader::PytorchReader;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::folder::{file_error, read};

/// A tensor in f32.
pub struct Tensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// All tensors by name, as the files have them. Tensors of integers (`position_ids`) are left out.
pub fn read_tensors(folder: &Path) -> Result<BTreeMap<String, Tensor>> {
    let mut tensors = BTreeMap::new();
    let (single, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
    let pytorch = folder.join("pytorch_model.bin");
    if single.exists() {
        read_safetensors(&single, &mut tensors)?;
    } else if index.exists() {
        let json: Value = serde_json::from_slice(&read(&index)?).map_err(|error| file_error(&index, &error))?;
        let map = json.get("weight_map").and_then(Value::as_object);
        let map = map.ok_or_else(|| file_error(&index, &"has no weight_map"))?;
        let shards: std::collections::BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
        for shard in shards {
            if shard.contains(['/', '\\']) {
                return Err(file_error(&index, &format!("shard '{shard}' is not in the folder")));
            }
            read_safetensors(&folder.join(shard), &mut tensors)?;
        }
        if let Some(missing) = map.keys().find(|name| !tensors.contains_key(*name) && !name.ends_with("position_ids")) {
            return Err(file_error(&index, &format!("no shard has tensor {missing}")));
        }
    } else if pytorch.exists() {
        read_pytorch(&pytorch, &mut tensors)?;
    } else {
        return Err(LukeError::Format {
            file: folder.display().to_string(),
            reason: "has no model.safetensors, model.safetensors.index.json or pytorch_model.bin".into(),
        });
    }
    Ok(tensors)
}

fn read_safetensors(path: &Path, into: &mut BTreeMap<String, Tensor>) -> Result<()> {
    let bytes = read(path)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| file_error(path, &error))?;
    for (name, view) in file.tensors() {
        let dtype = match view.dtype() {
            Dtype::F32 => Number::F32,
            Dtype::F16 => Number::F16,
            Dtype::BF16 => Number::Bf16,
            Dtype::I64 => continue,
            other => return Err(file_error(path, &format!("tensor {name} has dtype {other:?}"))),
        };
        into.insert(name, Tensor { shape: view.shape().to_vec(), values: dtype.decode(view.data()) });
    }
    Ok(())
}

fn read_pytorch(path: &Path, into: &mut BTreeMap<String, Tensor>) -> Result<()> {
    let reader = PytorchReader::new(path).map_err(|error| file_error(path, &error))?;
    for (name, tensor) in reader.tensors() {
        let dtype = match tensor.dtype() {
            pytorch_reader::DType::F32 => Number::F32,
            pytorch_reader::DType::F16 => Number::F16,
            pytorch_reader::DType::BF16 => Number::Bf16,
            pytorch_reader::DType::I64 => continue,
            other => return Err(file_error(path, &format!("tensor {name} has dtype {other:?}"))),
        };
        let bytes = tensor.read().map_err(|error| file_error(path, &error))?;
        into.insert(name.clone(), Tensor { shape: tensor.shape().to_vec(), values: dtype.decode(&bytes) });
    }
    Ok(())
}

enum Number {
    F32,
    F16,
    Bf16,
}

impl Number {
    fn decode(&self, bytes: &[u8]) -> Vec<f32> {
        let half = |decode: fn([u8; 2]) -> f32| bytes.chunks_exact(2).map(|b| decode([b[0], b[1]])).collect();
        match self {
            Self::F32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            Self::F16 => half(|b| half::f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => half(|b| half::bf16::from_le_bytes(b).to_f32()),
        }
    }
}
