//! Help for the tests: fixtures, and model folders that `luke convert` makes from the committed checkpoints.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard};

use luke_web::Luke;
use luke_web::backend::DeviceKind;
use luke_web::folder::{CheckedFolder, FileEntry, Reading, Source};
use luke_web::text::Token;
use serde_json::Value;

/// The largest difference from `transformers` in f32 on the CPU. The f32 noise of `transformers` itself is up to 5e-6.
/// The smallest known bug (epsilon 1e-12 in place of 1e-5) moves logits by 8e-5 (tests/oracle/mutate.py).
pub const TOLERANCE: f64 = 2e-5;

pub fn fixture(name: &str) -> Value {
    let path = repository().join("tests/fixtures").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The rows of the word table of tokens.
pub fn ids(tokens: &[Token]) -> Vec<u32> {
    tokens.iter().map(|token| token.id).collect()
}

pub fn checkpoint(name: &str) -> PathBuf {
    repository().join("tests/fixtures/checkpoints").join(name)
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub fn luke(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luke")).args(arguments).output().unwrap()
}

/// The model folder of a committed checkpoint. It is converted once in each run of the tests.
pub fn folder(name: &str) -> PathBuf {
    static DONE: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let folder = temporary("models").join(name);
    let mut done = DONE.lock().unwrap();
    if done.get_or_insert_default().insert(name.to_owned()) {
        let (from, to) = (checkpoint(name), folder.display().to_string());
        let result = luke(&["convert", &from.display().to_string(), &to, "--entities", "full"]);
        assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    }
    folder
}

/// Converts a checkpoint to a new folder. Returns the folder, or standard error if the checkpoint is refused.
pub fn convert(from: &Path, name: &str, options: &[&str]) -> Result<PathBuf, String> {
    let to = temporary(&format!("converted-{name}"));
    let _ = std::fs::remove_dir_all(&to);
    let result = luke(&[&["convert", &from.display().to_string(), &to.display().to_string()], options].concat());
    let refused = !result.status.success();
    assert_eq!(refused, !to.exists(), "{name}: a folder is there exactly if the conversion went well");
    if refused { Err(String::from_utf8(result.stderr).unwrap()) } else { Ok(to) }
}

/// A copy of a committed checkpoint, changed.
pub fn changed(of: &str, name: &str, change: impl FnOnce(&Path)) -> PathBuf {
    let folder = temporary(&format!("changed-{name}"));
    copy(&checkpoint(of), &folder);
    change(&folder);
    folder
}

/// The files of a folder, as a test gives them.
pub struct Files(pub PathBuf);

impl Source for Files {
    fn read<'a>(&'a self, file: &'a FileEntry, _: &'a [&'a FileEntry], _: bool, _: Vec<u8>) -> Reading<'a> {
        Box::pin(async move {
            let bytes = std::fs::read(self.0.join(&file.path)).unwrap();
            let start = file.offset.unwrap_or(0);
            Ok(bytes[start..start + file.bytes].to_vec())
        })
    }
}

/// A file that was read, the files that were said to come after it, and whether another copy was asked for.
pub struct FileRead {
    pub file: FileEntry,
    pub ahead: Vec<FileEntry>,
    pub again: bool,
}

/// The files of a folder. Records what is read of them.
pub struct Recorded {
    files: Files,
    /// How the name of every file that is read ends.
    ending: &'static str,
    /// The first copies of each file that are given cut short.
    bad_copies: usize,
    reads: Mutex<Vec<FileRead>>,
}

impl Recorded {
    pub fn new(folder: &Path) -> Arc<Self> {
        Self::with(folder, "", 0)
    }

    /// Files whose names end so; no other may be read.
    pub fn ending(folder: &Path, ending: &'static str) -> Arc<Self> {
        Self::with(folder, ending, 0)
    }

    /// Files of which the first `bad_copies` that are given are cut short.
    pub fn stale(folder: &Path, bad_copies: usize) -> Arc<Self> {
        Self::with(folder, "", bad_copies)
    }

    fn with(folder: &Path, ending: &'static str, bad_copies: usize) -> Arc<Self> {
        Arc::new(Self { files: Files(folder.to_owned()), ending, bad_copies, reads: Mutex::default() })
    }

    /// What was read so far.
    pub fn reads(&self) -> MutexGuard<'_, Vec<FileRead>> {
        self.reads.lock().unwrap()
    }
}

impl Source for Recorded {
    fn read<'a>(
        &'a self,
        file: &'a FileEntry,
        ahead: &'a [&'a FileEntry],
        again: bool,
        buffer: Vec<u8>,
    ) -> Reading<'a> {
        assert!(file.path.ends_with(self.ending), "{} was read before", file.path);
        let mut reads = self.reads();
        let ahead_of_it = ahead.iter().map(|file| (*file).clone()).collect();
        reads.push(FileRead { file: file.clone(), ahead: ahead_of_it, again });
        let bad = reads.iter().filter(|read| read.file.path == file.path).count() <= self.bad_copies;
        Box::pin(async move {
            let bytes = self.files.read(file, ahead, again, buffer).await?;
            Ok(if bad { bytes[1..].to_vec() } else { bytes })
        })
    }
}

pub fn load(folder: &Path) -> Luke {
    let checked = CheckedFolder::parse(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    pollster::block_on(Luke::load(checked, Arc::new(Files(folder.to_owned())), DeviceKind::Cpu, true)).unwrap()
}

pub fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => assert!(std::fs::copy(&path, target).is_ok()),
        }
    }
}

/// Changes a bit of the byte at this place of a file.
pub fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

pub fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// The name, the shape and the bytes of a tensor.
pub type NamedBytes = (String, Vec<usize>, Vec<u8>);

/// The tensors of a folder's `model.safetensors`.
pub fn read_tensors(folder: &Path) -> Vec<NamedBytes> {
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    file.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec())).collect()
}

/// Writes a folder's `model.safetensors`.
pub fn write_tensors(folder: &Path, dtype: safetensors::Dtype, tensors: &[NamedBytes]) {
    let views = tensors
        .iter()
        .map(|(name, shape, data)| (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), data).unwrap()));
    std::fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

/// Rewrites the tensors of `model.safetensors`.
pub fn edit_tensors(folder: &Path, change: impl FnOnce(&mut Vec<NamedBytes>)) {
    let mut tensors = read_tensors(folder);
    change(&mut tensors);
    write_tensors(folder, safetensors::Dtype::F32, &tensors);
}

/// All numbers of a nested array, in order.
pub fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

pub fn assert_close(what: &str, got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: number of values");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(*g) - w).abs();
        assert!(error <= tolerance, "{what}[{i}]: got {g}, want {w}, off by {error:e}, allowed {tolerance:e}");
    }
}

/// Changes the `snake_case` keys of a fixture to the `camelCase` keys of this program's JSON.
pub fn camel_case(value: &Value) -> Value {
    let camel = |key: &String| {
        let mut parts = key.split('_');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
    };
    let object = value.as_object().unwrap();
    object.iter().map(|(key, value)| (camel(key), value.clone())).collect()
}
