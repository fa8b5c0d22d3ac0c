//! What stands at the head of a safetensors file: names, shapes, and where the numbers are.

use std::collections::BTreeMap;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::limits::{MAX_DIMENSIONS, MAX_HEADER_BYTES, MAX_NAME_BYTES};
use super::names::ByTensor;
use crate::dtype::DType;
use crate::error::{LukeError, Result, json_reason, shortened};
use crate::file_start;

/// Bytes before the header's JSON: its length as a little-endian u64.
const LENGTH: usize = 8;

/// A tensor as a checkpoint stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its name, without what wraps the model ([`unwrapped`](super::unwrapped)).
    pub name: String,
    /// Its name in the file.
    pub own_name: String,
    /// How its numbers are stored; `Err` with the name of a type that is not read. Only what the model uses needs to be read.
    pub dtype: std::result::Result<DType, String>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The file it is in.
    pub file: String,
    /// Where its first byte is in the file; 0 in a pickle, which is read tensor by tensor.
    pub offset: usize,
}

impl Stored {
    /// Rows: the first dimension, 1 for a scalar.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers of a row; `usize::MAX` where that is more than there can be.
    pub fn columns(&self) -> usize {
        self.shape.iter().skip(1).fold(1, |product, size| product.saturating_mul(*size))
    }

    /// Bytes of a row; `usize::MAX` where that is more than there can be.
    pub fn row_bytes(&self) -> usize {
        self.read_as().row_bytes(self.columns())
    }

    /// How its numbers are stored. A plan has no tensor that is not read, so there F32 stands for nothing.
    pub fn read_as(&self) -> DType {
        self.dtype.clone().unwrap_or(DType::F32)
    }

    /// Checks what a reader of another format found. [`read_header`] has checked its tensors already.
    ///
    /// # Errors
    /// `format` when the name is too long, or when the tensor has no numbers, too many dimensions or more bytes than
    /// can be counted.
    pub fn check(&self) -> Result<()> {
        check_shape(&self.own_name, &self.shape, self.read_as().row_bytes(1).saturating_mul(8))
            .map(drop)
            .map_err(|reason| LukeError::format(&self.file, reason))
    }
}

/// The bytes of a tensor whose numbers have `bits` bits, if its name and its shape are within bounds and it has
/// numbers.
fn check_shape(name: &str, shape: &[usize], bits: usize) -> std::result::Result<u64, String> {
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("the name of tensor {} is too long", shortened(name)));
    }
    if shape.len() > MAX_DIMENSIONS {
        return Err(format!("tensor {name} has {} dimensions, more than {MAX_DIMENSIONS}", shape.len()));
    }
    if shape.contains(&0) {
        return Err(format!("tensor {name} of shape {shape:?} has no numbers"));
    }
    let bits = shape.iter().try_fold(bits as u64, |size, dimension| size.checked_mul(*dimension as u64));
    let bytes = bits.filter(|bits| bits.is_multiple_of(8)).map(|bits| bits >> 3);
    bytes.ok_or_else(|| format!("tensor {name} of shape {shape:?} has no length that can be counted in bytes"))
}

/// How many bytes of a safetensors file to read for [`read_header`], from its first 8 bytes.
///
/// # Errors
/// `format` when there are fewer than 8 bytes, when they are the start of something else, or when the header is longer
/// than [`MAX_HEADER_BYTES`].
pub fn header_bytes(file: &str, first: &[u8]) -> Result<usize> {
    file_start::check(file, first)?;
    let Some((length, _)) = first.split_first_chunk::<LENGTH>() else {
        return Err(LukeError::format(file, "is cut short: it has no header"));
    };
    let length = u64::from_le_bytes(*length);
    match usize::try_from(length) {
        Ok(length) if length <= MAX_HEADER_BYTES => Ok(length.saturating_add(LENGTH)),
        _ => Err(LukeError::format(file, format!("is no safetensors file: its header would be {length} bytes"))),
    }
}

/// Checks that tensors follow each other without gaps and are as long as their shapes; their bytes in all.
/// `safetensors::tensor::Metadata` counts the bits of a tensor in `usize`, of which wasm has 32.
fn check_tensors(tensors: &BTreeMap<String, TensorInfo>) -> std::result::Result<usize, String> {
    let mut in_order: Vec<_> = tensors.iter().collect();
    in_order.sort_by_key(|(_, info)| info.data_offsets);
    in_order.into_iter().try_fold(0, |at, (name, info)| {
        let bytes = check_shape(name, &info.shape, info.dtype.bitsize())?;
        let (start, end) = info.data_offsets;
        if start == at && end.checked_sub(start).is_some_and(|length| length as u64 == bytes) {
            Ok(end)
        } else {
            Err(format!("tensor {name} of shape {:?} is at {start} to {end}, after {at}", info.shape))
        }
    })
}

/// The tensors of a safetensors file, from its first [`header_bytes`] bytes (or more) and, where known, its length.
///
/// # Errors
/// `format` when the header is cut short or no JSON, names a tensor twice, or goes beyond a limit of [`super::limits`];
/// when a tensor has no numbers; when tensors overlap, leave gaps, or are not as long as their shapes; and when the file
/// is not as long as the header says.
pub fn read_header(file: &str, start: &[u8], file_bytes: Option<usize>) -> Result<Vec<Stored>> {
    let bad = |reason: String| LukeError::format(file, reason);
    let data = header_bytes(file, start)?;
    let json = start.get(LENGTH..data).ok_or_else(|| bad("is cut short: its header is not whole".into()))?;
    let header: ByTensor<TensorInfo> =
        serde_json::from_slice(json).map_err(|error| bad(format!("header: {}", json_reason(&error))))?;
    let end = data.checked_add(check_tensors(&header.0).map_err(|reason| bad(format!("header: {reason}")))?);
    if end.is_none_or(|end| file_bytes.is_some_and(|bytes| bytes != end)) {
        let expected = end.map_or("more".into(), |end| end.to_string());
        return Err(bad(format!("has {} bytes, its header speaks of {expected}", file_bytes.unwrap_or(0))));
    }
    let mut tensors = Vec::new();
    for (name, info) in header.0 {
        let dtype = match info.dtype {
            Dtype::F32 => Ok(DType::F32),
            Dtype::F16 => Ok(DType::F16),
            Dtype::BF16 => Ok(DType::Bf16),
            other => Err(format!("{other:?}")),
        };
        let offset = data.saturating_add(info.data_offsets.0);
        tensors.push(Stored { own_name: name.clone(), name, dtype, shape: info.shape, file: file.into(), offset });
    }
    tensors.sort_by_key(|tensor| tensor.offset);
    Ok(tensors)
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
        let places: Vec<_> = tensors.iter().map(|t| (t.name.as_str(), t.dtype.clone(), t.offset - start)).collect();
        let ids = Err("I64".to_owned());
        assert_eq!(places, [("ids", ids, 0), ("a", Ok(DType::F32), 8), ("b", Ok(DType::Bf16), 24)]);
        assert_eq!((tensors[1].rows(), tensors[1].row_bytes()), (2, 8));
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
        let two = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                      "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        refused(two, 12, "b");
        refused("{", 0, "header");
        for (bytes, part) in
            [(vec![255; 8], "bytes"), (vec![1], "cut short"), (vec![9, 0, 0, 0, 0, 0, 0, 0], "cut short")]
        {
            assert!(read_header("x", &bytes, None).unwrap_err().to_string().contains(part));
        }
    }

    /// The reason for which a header with this tensor beside others is refused.
    fn refused_beside(tensor: &str) -> String {
        let json = format!(r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}},{tensor}}}"#);
        for length in [Some(8 + json.len() + 8), None] {
            let error = read_header("m", &file(&json, 8), length).unwrap_err();
            assert_eq!(error.code(), "format");
            assert!(error.to_string().starts_with("m: header: "), "{error}");
        }
        read_header("m", &file(&json, 8), None).unwrap_err().to_string()
    }

    /// Earlier, such tensors were accepted. A loop over the rows of one did not end, and another one was silently
    /// dropped.
    #[test]
    fn tensors_without_numbers_are_refused() {
        for shape in ["[288230376151711744,0]", "[0,1099511627776,1099511627776]", "[4294967295,0]", "[0]", "[8,0,8]"] {
            for dtype in ["F32", "F16", "I64", "U8"] {
                let tensor = format!(r#""luke.x":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[8,8]}}"#);
                let error = refused_beside(&tensor);
                assert!(error.contains("luke.x") && error.contains("has no numbers"), "{error}");
            }
        }
    }

    #[test]
    fn products_of_dimensions_are_not_cut_to_a_word() {
        for shape in ["[4294967296,4294967296]", "[18446744073709551615]", "[2305843009213693952,8]"] {
            let error = refused_beside(&format!(r#""x":{{"dtype":"F32","shape":{shape},"data_offsets":[8,8]}}"#));
            assert!(error.contains("counted in bytes") || error.contains("is at 8 to 8"), "{error}");
        }
    }

    #[test]
    fn headers_stay_within_their_limits() {
        let tensor =
            |name: &str, shape: &str| format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[8,12]}}"#);
        assert!(refused_beside(&tensor(&"n".repeat(MAX_NAME_BYTES + 1), "[1]")).contains("too long"));
        assert!(refused_beside(&tensor("b", "[1,1,1,1,1,1,1,1,1]")).contains("dimensions"));
        assert!(refused_beside(&tensor("a", "[1]")).contains("tensor a is there twice"));
        let long = ((MAX_HEADER_BYTES + 1) as u64).to_le_bytes();
        assert!(header_bytes("m", &long).unwrap_err().to_string().contains("header would be"));
        let names = (0..=super::super::limits::MAX_STORED_TENSORS).map(|i| tensor(&format!("t{i}"), "[1]"));
        let json = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
        assert!(read_header("m", &file(&json, 0), None).unwrap_err().to_string().contains("tensors"));
    }
}
