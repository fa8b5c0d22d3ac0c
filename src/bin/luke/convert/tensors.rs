//! Reads the tensors of a checkpoint by rows: safetensors (one file or several shards), or `pytorch_model.bin`.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use luke_web::checkpoint::{Planned, Stored, header_bytes, of_index, read_header, shards, unwrapped};
use luke_web::dtype::DType;
use luke_web::memory;
use luke_web::{LukeError, Result};
use pytorch_reader::PytorchReader;

use crate::folder::{file_error, io_error, read, read_error};

/// A checkpoint's tensors, which stay in their files.
pub struct Tensors {
    /// The tensors that the checkpoint has.
    pub stored: Vec<Stored>,
    data: Data,
    folder: PathBuf,
}

enum Data {
    Safetensors(BTreeMap<String, File>),
    /// The tensors of a pickle are read whole. `last` keeps the last one, with its index in `stored`.
    Pickle {
        tensors: HashMap<String, pytorch_reader::Tensor>,
        last: RefCell<Option<(usize, Vec<u8>)>>,
    },
}

/// How many bytes of rows are compared at a time.
const BLOCK: usize = 1 << 22;

impl Tensors {
    /// Opens the checkpoint in a folder: `model.safetensors`, else the shards of `model.safetensors.index.json`, else
    /// `pytorch_model.bin`.
    ///
    /// # Errors
    /// - `io` if a file cannot be read
    /// - `format` if there is none of these files, if a header is refused by [`read_header`], or if a
    ///   `pytorch_model.bin` is refused: by [`pickle::check`](super::pickle::check), or for a tensor that is beyond the
    ///   limits or has more bytes than the file
    pub fn open(folder: &Path) -> Result<Self> {
        let (single, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
        let pickle = folder.join("pytorch_model.bin");
        let (stored, data) = if single.exists() {
            safetensors(folder, vec!["model.safetensors".into()])?
        } else if index.exists() {
            let index = read(&index)?;
            let (stored, data) = safetensors(folder, shards(&index)?)?;
            (of_index(&index, stored)?, data)
        } else if pickle.exists() {
            open_pickle(&pickle)?
        } else {
            return Err(LukeError::Format {
                file: folder.display().to_string(),
                reason: "has no model.safetensors, model.safetensors.index.json or pytorch_model.bin".into(),
            });
        };
        Ok(Self { stored: unwrapped(stored), data, folder: folder.to_owned() })
    }

    /// Reads the rows `range` of a planned tensor, as they are stored.
    ///
    /// # Errors
    /// - `out-of-memory` if there is no memory for the rows
    /// - `io` if the file cannot be read, `format` if it ends before the last row
    pub fn rows(&self, tensor: &Planned, range: Range<usize>) -> Result<Vec<u8>> {
        let from = &self.stored[tensor.source];
        let row = from.row_bytes();
        let length = range.len().saturating_mul(row);
        let mut bytes = memory::with_capacity(length, &format!("for {}", from.own_name))?;
        let path = || self.folder.join(&from.file);
        for rows in tensor.stored_rows(range) {
            match &self.data {
                Data::Safetensors(files) => {
                    let mut file = &files[&from.file];
                    let mut copy = || {
                        file.seek(SeekFrom::Start((from.offset + rows.start * row) as u64))?;
                        file.take((rows.len() * row) as u64).read_to_end(&mut bytes)
                    };
                    copy().map_err(|error| io_error(&path(), &error))?;
                }
                Data::Pickle { tensors, last } => {
                    let mut last = last.borrow_mut();
                    if last.as_ref().is_none_or(|(place, _)| *place != tensor.source) {
                        *last = None;
                        let whole = tensors[&from.own_name].read().map_err(|error| file_error(&path(), &error))?;
                        *last = Some((tensor.source, whole));
                    }
                    let whole = last.as_ref().map_or(&[][..], |(_, whole)| whole);
                    let part = whole.get(rows.start.saturating_mul(row)..rows.end.saturating_mul(row));
                    bytes.extend_from_slice(part.unwrap_or_default());
                }
            }
        }
        if bytes.len() != length {
            let reason = format!("tensor {} ends after {} of {length} bytes", from.own_name, bytes.len());
            return Err(file_error(&path(), &reason));
        }
        Ok(bytes)
    }

    /// Whether two tensors have the same shape, type and bytes.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn equal(&self, a: &Planned, b: &Planned) -> Result<bool> {
        let (from_a, from_b) = (&self.stored[a.source], &self.stored[b.source]);
        if from_a.shape != from_b.shape || a.len() != b.len() || from_a.dtype != from_b.dtype {
            return Ok(false);
        }
        let step = (BLOCK / from_a.row_bytes().max(1)).max(1);
        for start in (0..a.len()).step_by(step) {
            let range = start..(start + step).min(a.len());
            if self.rows(a, range.clone())? != self.rows(b, range)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn safetensors(folder: &Path, names: Vec<String>) -> Result<(Vec<Stored>, Data)> {
    let (mut stored, mut files) = (Vec::new(), BTreeMap::new());
    for name in names {
        let path = folder.join(&name);
        let broken = |error: std::io::Error| io_error(&path, &error);
        let mut file = File::open(&path).map_err(broken)?;
        let length = file.metadata().map_err(broken)?.len() as usize;
        let mut start = Vec::new();
        (&mut file).take(8).read_to_end(&mut start).map_err(broken)?;
        let more = header_bytes(&name, &start)? - start.len();
        (&mut file).take(more as u64).read_to_end(&mut start).map_err(broken)?;
        stored.extend(read_header(&name, &start, Some(length))?);
        files.insert(name, file);
    }
    Ok((stored, Data::Safetensors(files)))
}

fn open_pickle(path: &Path) -> Result<(Vec<Stored>, Data)> {
    super::pickle::check(path).map_err(|error| read_error(path, &error))?;
    let reader = PytorchReader::new(path).map_err(|error| file_error(path, &error))?;
    let file_bytes = std::fs::metadata(path).map_err(|error| io_error(path, &error))?.len();
    let (mut stored, mut tensors) = (Vec::new(), HashMap::new());
    for (name, tensor) in reader.into_tensors() {
        let dtype = match tensor.dtype() {
            pytorch_reader::DType::F32 => Ok(DType::F32),
            pytorch_reader::DType::F16 => Ok(DType::F16),
            pytorch_reader::DType::BF16 => Ok(DType::Bf16),
            other => Err(format!("{other:?}")),
        };
        let (shape, file) = (tensor.shape().to_vec(), "pytorch_model.bin".to_owned());
        let found = Stored { name: name.clone(), own_name: name.clone(), dtype, shape, file, offset: 0 };
        found.check()?;
        // A view with a stride of 0 may have more numbers than the file.
        if tensor.byte_len() as u64 > file_bytes {
            return Err(file_error(path, &format!("tensor {name} has more bytes than the file")));
        }
        stored.push(found);
        tensors.insert(name, tensor);
    }
    Ok((stored, Data::Pickle { tensors, last: RefCell::default() }))
}
