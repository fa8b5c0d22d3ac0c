//! A file of a model, and how to know that its bytes are the right ones.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{LukeError, Result};
use crate::file_start;

/// A file of a model, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path relative to the folder, with `/` between its parts.
    pub path: String,
    /// Length of the file or the part, in bytes.
    pub bytes: usize,
    /// SHA-256 of these bytes as 64 lower-case hexadecimal digits. A file of a model folder always has it. A file of a
    /// checkpoint that is loaded without conversion never has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where a part begins, in bytes from the start of its file. `None` for a whole file, and for all files of a model
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// A weight file.
pub type Chunk = FileEntry;

impl FileEntry {
    /// Makes the entry of a whole file with these bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self { path: path.into(), bytes: bytes.len(), sha256: Some(sha256_hex(bytes)), offset: None }
    }

    /// Checks that `bytes` are those of this file or part. Without a SHA-256, only the length is checked.
    ///
    /// # Errors
    /// `integrity` if the length or the SHA-256 differs.
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        self.verify_by(bytes, &self.sha256.as_ref().map(|_| sha256_hex(bytes)).unwrap_or_default())
    }

    /// As [`verify`](Self::verify), but the caller has computed the SHA-256 of `bytes`, in lower-case hexadecimal.
    ///
    /// # Errors
    /// `integrity` if the length or the SHA-256 differs.
    pub fn verify_by(&self, bytes: &[u8], sha256: &str) -> Result<()> {
        if bytes.len() != self.bytes {
            let what = file_start::stand_in(bytes).map(|what| format!(": this is {what}")).unwrap_or_default();
            let reason = format!("{} bytes came, {} expected{what}", bytes.len(), self.bytes);
            return Err(LukeError::integrity(&self.path, reason));
        }
        match &self.sha256 {
            Some(expected) if sha256 != expected => {
                Err(LukeError::integrity(&self.path, format!("sha256 is {sha256}, {expected} expected")))
            }
            _ => Ok(()),
        }
    }
}

/// The SHA-256 of `bytes`, as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The bytes in lower-case hexadecimal, two digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_the_files_are_refused() {
        let entry = FileEntry::of("a.bin", b"abc");
        assert_eq!(entry.sha256.as_deref(), Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert!(entry.verify(b"abc").is_ok());
        for (bytes, part) in [(&b"abd"[..], "sha256"), (b"ab", "2 bytes"), (b"abcd", "4 bytes")] {
            let error = entry.verify(bytes).unwrap_err();
            assert_eq!(error.code(), "integrity");
            assert!(error.to_string().contains(part) && error.to_string().contains("a.bin"), "{error}");
        }
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert!(entry.verify(pointer).unwrap_err().to_string().contains("Git LFS pointer"));
        assert!(entry.verify_by(b"abc", "").is_err());
        let without = FileEntry { sha256: None, ..entry };
        assert!(without.verify(b"xyz").is_ok() && without.verify(b"wxyz").is_err());
    }
}
