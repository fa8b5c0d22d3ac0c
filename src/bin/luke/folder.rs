//! Model folders and other files on disk.

use std::path::Path;

use luke_web::backend::DeviceKind;
use luke_web::{Luke, LukeError, LukeLoader, Result};

/// The bytes of a file, or an error that names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| file_error(path, &error))
}

/// An error about a file.
pub fn file_error(path: &Path, reason: &impl ToString) -> LukeError {
    LukeError::Format { file: path.display().to_string(), reason: reason.to_string() }
}

/// Loads a model folder.
pub async fn load(folder: &Path, device: DeviceKind, self_test: bool) -> Result<Luke> {
    let path = folder.join("manifest.json");
    let manifest = String::from_utf8(read(&path)?).map_err(|error| file_error(&path, &error))?;
    let mut loader = LukeLoader::new(&manifest)?;
    let files = loader.manifest().files.clone();
    loader.push_file("tokenizer", &read(&folder.join(files.tokenizer.path))?)?;
    loader.push_file("entityVocab", &read(&folder.join(files.entity_vocab.path))?)?;
    for (index, chunk) in loader.manifest().chunks.clone().into_iter().enumerate() {
        loader.push_chunk(index, read(&folder.join(chunk.path))?)?;
    }
    loader.finish(device, self_test).await
}
