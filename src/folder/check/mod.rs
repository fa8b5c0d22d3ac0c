//! The gate for a model's files: no part of a manifest reaches the rest of the program before it has passed here.

mod files;
mod heads;
mod tensors;
#[cfg(test)]
pub(crate) mod testing;

pub use tensors::{Part, Tensor};

use serde::Deserialize;
use serde_json::Value;

use super::file::{FileEntry, sha256_hex};
use super::limits::{MAX_MANIFEST_BYTES, MAX_TEXT_BYTES};
use super::manifest::{EntityTable, Manifest, TensorEntry};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result, json_reason, shortened};
use crate::file_start;

/// A manifest whose parts fit each other, its config, and its tensors in the order in which the model takes them. Only
/// the constructors here make one, so code that has one need not check again.
#[derive(Clone, Debug)]
pub struct CheckedFolder {
    manifest: Manifest,
    manifest_hash: String,
    config: LukeConfig,
    tensors: Vec<Tensor>,
    /// Indices of the chunks, in the order in which the model needs them.
    reading_order: Vec<usize>,
    parameters: u64,
}

/// What the files of a manifest are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A model folder: whole files with hashes.
    ModelFolder,
    /// A checkpoint that is read as it is: parts of its files, without hashes.
    Checkpoint,
}

impl CheckedFolder {
    /// Reads and checks the `manifest.json` of a model folder.
    ///
    /// # Errors
    /// - `format` if the text is no manifest of version 1, or if a part of it is out of bounds or does not fit the rest
    /// - `out-of-memory` if the weights take more than [`MAX_MODEL_BYTES`](super::limits::MAX_MODEL_BYTES)
    pub fn parse(json: &str) -> Result<Self> {
        if json.len() > MAX_MANIFEST_BYTES {
            return Err(bad(format!("has {} bytes, more than {MAX_MANIFEST_BYTES}", json.len())));
        }
        file_start::check("manifest.json", json.as_bytes())?;
        let json = json.trim_start_matches('\u{feff}');
        let not_json = |error: serde_json::Error| bad(json_reason(&error));
        let header: Header = match serde_json::from_str(json) {
            Err(error) if error.is_data() => Header::default(),
            header => header.map_err(not_json)?,
        };
        if header.format.as_str() != Some("luke-web") {
            return Err(bad("is no luke-web manifest (\"format\" is not \"luke-web\")"));
        }
        match header.version.as_u64() {
            Some(1) => {}
            Some(other) => return Err(bad(format!("version {other} is not supported, only 1"))),
            None => return Err(bad("has no version")),
        }
        Self::new(serde_json::from_str(json).map_err(not_json)?, sha256_hex(json.as_bytes()), Kind::ModelFolder)
    }

    /// Checks the manifest of a checkpoint that is loaded without conversion: its chunks are parts of the checkpoint's
    /// files, and no file has a hash.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of_checkpoint(manifest: Manifest) -> Result<Self> {
        let mut parts = manifest.config.to_string();
        for TensorEntry { name, shape, offset, .. } in &manifest.tensors {
            parts.push_str(&format!("\n{name} {shape:?} {offset}"));
        }
        let hash = sha256_hex(parts.as_bytes());
        Self::new(manifest, hash, Kind::Checkpoint)
    }

    fn new(manifest: Manifest, manifest_hash: String, kind: Kind) -> Result<Self> {
        let texts = [("name", &manifest.name), ("license", &manifest.license), ("source", &manifest.source)];
        for (name, text) in texts {
            if text.len() > MAX_TEXT_BYTES {
                return Err(bad(format!("{name} has {} bytes, more than {MAX_TEXT_BYTES}", text.len())));
            }
        }
        let config = LukeConfig::from_value(&manifest.config)?;
        files::check(&manifest, &config, kind)?;
        heads::check(&manifest, &config)?;
        let specs = tensors::specs(&manifest, &config)?;
        let tensors = tensors::check(&manifest, &specs)?;
        tensors::check_memory(&specs, &tensors, super::limits::MAX_MODEL_BYTES)?;
        let reading_order = tensors::reading_order(&manifest, &tensors)?;
        let parameters = tensors::parameters(&specs, manifest.entity_table.as_ref(), &config);
        Ok(Self { manifest, manifest_hash, config, tensors, reading_order, parameters })
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The SHA-256 of the manifest's text without a byte order mark, in hexadecimal digits. For a checkpoint that is loaded without
    /// conversion it is one of its config and of the names, shapes and places of its tensors: it tells other models apart, but not
    /// other weights of the same model.
    pub fn manifest_hash(&self) -> &str {
        &self.manifest_hash
    }

    /// The hash by which heads that are taught name this model; see [`Manifest::base_hash`].
    pub fn base_hash(&self) -> &str {
        self.manifest.base_hash(&self.manifest_hash)
    }

    /// The checkpoint's config.
    pub fn config(&self) -> &LukeConfig {
        &self.config
    }

    /// The tensors, in the order in which the model takes them.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The entity table that stays in its files; `None` if the table is an ordinary tensor.
    pub fn entity_table(&self) -> Option<&EntityTable> {
        self.manifest.entity_table.as_ref()
    }

    /// The weight file with this index. [`Part::chunk`] is such an index.
    ///
    /// # Errors
    /// `format` if there is no such file.
    pub fn chunk(&self, index: usize) -> Result<&FileEntry> {
        self.manifest.chunks.get(index).ok_or_else(|| bad(format!("there is no chunk {index}")))
    }

    /// Indices of the weight files, in the order in which the model needs them, each once.
    pub fn reading_order(&self) -> &[usize] {
        &self.reading_order
    }

    /// How many numbers the model has, those of the entity table included.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Returns the manifest and the config, after the files have been read. The list of tensors, the reading order and
    /// the number of parameters are lost.
    pub fn into_parts(self) -> (Manifest, LukeConfig) {
        (self.manifest, self.config)
    }
}

/// The fields that tell whether a JSON text is a manifest at all.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    format: Value,
    version: Value,
}

fn bad(reason: impl Into<String>) -> LukeError {
    LukeError::format("manifest.json", reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::limits::MAX_MANIFEST_BYTES;
    use super::testing::{manifest, refused};
    use super::*;

    #[test]
    fn what_is_no_manifest_of_version_1_is_refused() {
        assert!(CheckedFolder::parse(&manifest().to_string()).is_ok());
        for (text, part) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("[]", "format"),
            ("null", "format"),
            ("3", "format"),
            (r#"{"format":"other"}"#, "format"),
            (r#"{"format":{"a":[1]}}"#, "format"),
            (r#"{"format":"luke-web"}"#, "no version"),
            (r#"{"format":"luke-web","version":2}"#, "version 2"),
            (r#"{"format":"luke-web","version":1}"#, "is missing"),
        ] {
            let error = CheckedFolder::parse(text).unwrap_err();
            assert_eq!(error.code(), "format");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(CheckedFolder::parse(&nested).unwrap_err().code(), "format");
        let long = " ".repeat(MAX_MANIFEST_BYTES + 1);
        assert!(CheckedFolder::parse(&long).unwrap_err().to_string().contains("more than"));
    }

    #[test]
    fn texts_and_numbers_of_the_config_are_bounded() {
        for name in ["name", "license", "source"] {
            refused(name, &|m| m[name] = json!("x".repeat(MAX_TEXT_BYTES + 1)));
        }
        refused("layer_norm_eps", &|m| m["config"]["layer_norm_eps"] = json!(-1e30));
        refused("vocab_size", &|m| m["config"]["vocab_size"] = json!(1 << 30));
        refused("is not a JSON object", &|m| m["config"] = json!(3));
    }
}
