//! The start of a file: a byte order mark, or what stands where the file should be: a pointer to it, or the answer of a server
//! that does not give it.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use crate::error::{LukeError, Result};

/// Beginnings that no file of a model has. Case and white space before them do not matter.
const BEGINNINGS: [(&str, &str); 7] = [
    ("version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file: `git lfs pull` fetches the file"),
    ("# xet version ", "a Xet pointer, not the file"),
    ("/annex/objects/", "a git-annex pointer, not the file"),
    ("<!doctype html", "an HTML page, not the file"),
    ("<html", "an HTML page, not the file"),
    ("<?xml", "an XML document, not the file: perhaps the error of a server"),
    ("<error>", "an XML document, not the file: perhaps the error of a server"),
];

/// Bytes of a beginning that are enough where no more were read.
const ENOUGH: usize = 6;

/// What the bytes are in place of a file; `None` where they may be the file. The start of the file is enough.
pub fn stand_in(bytes: &[u8]) -> Option<&'static str> {
    let bytes = without_mark(bytes).trim_ascii_start();
    let starts = |beginning: &str| {
        let length = beginning.len().min(bytes.len());
        let is_start =
            bytes.get(..length).zip(beginning.as_bytes().get(..length)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        is_start && length >= ENOUGH.min(beginning.len())
    };
    BEGINNINGS.iter().find(|(beginning, _)| starts(beginning)).map(|(_, what)| *what)
}

/// The bytes without UTF-8's byte order mark (EF BB BF) at their start; all of them where there is none.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The bytes of a file without a byte order mark, if they may be the file.
///
/// # Errors
/// `format`, with `file` and what the bytes are instead.
pub fn check<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a [u8]> {
    match stand_in(bytes) {
        Some(what) => Err(LukeError::format(file, format!("is {what}"))),
        None => Ok(without_mark(bytes)),
    }
}

/// The text of a file, without a byte order mark.
///
/// # Errors
/// `format`, as [`check`], and where the file is not UTF-8, with the line.
pub fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = check(file, bytes)?;
    utf8(bytes).map_err(|(line, reason)| LukeError::format(file, format!("line {line}: {reason}")))
}

/// The bytes as text; else the line of the first byte that is none, counted from 1, and what is wrong.
///
/// # Errors
/// The line and the reason.
pub fn utf8(bytes: &[u8]) -> std::result::Result<&str, (usize, String)> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let line = good.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let reason = match (bytes, bad) {
            ([0xff, 0xfe, ..] | [0xfe, 0xff, ..], _) => "is UTF-16, not UTF-8".to_owned(),
            (_, [byte, ..]) => format!("is not UTF-8: it has the byte 0x{byte:02X}"),
            _ => "is not UTF-8".to_owned(),
        };
        (line, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_and_pages_are_named() {
        let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        for (bytes, part) in [
            (lfs, "Git LFS pointer"),
            (&lfs[..8], "Git LFS pointer"),
            ("# xet version 0\nfilesize = 3\n", "Xet pointer"),
            ("/annex/objects/MD5E-s3--900150983cd24fb0d6963f7d28e17f72", "git-annex pointer"),
            ("<!DOCTYPE html>\n<html lang=en>", "HTML page"),
            ("\u{feff}\r\n <HTML><head>", "HTML page"),
            ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML"),
        ] {
            assert!(stand_in(bytes.as_bytes()).is_some_and(|what| what.contains(part)), "{bytes}");
            let error = check("config.json", bytes.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("config.json: is ") && error.contains(part), "{error}");
        }
        for bytes in
            ["{}", "[", "!\n\"", "#version: 0.2\n", "v", "versionen\n", "<s>\n<pad>\n", "<", "", "PK\u{3}\u{4}"]
        {
            assert_eq!(check("vocab.txt", bytes.as_bytes()), Ok(bytes.as_bytes()), "{bytes}");
        }
    }

    #[test]
    fn a_mark_is_passed_over_and_other_encodings_are_named_with_their_line() {
        assert_eq!(text("x", "\u{feff}{}".as_bytes()).unwrap(), "{}");
        assert_eq!(text("x", "é\u{feff}".as_bytes()).unwrap(), "é\u{feff}");
        for (bytes, part) in [
            (&b"a\nb\ncaf\xe9 x\n"[..], "x: line 3: is not UTF-8: it has the byte 0xE9"),
            (b"\xe9", "x: line 1: is not UTF-8"),
            (b"a\r\n\x93b\x94", "x: line 2: is not UTF-8: it has the byte 0x93"),
            (b"\xff\xfea\0b\0", "x: line 1: is UTF-16, not UTF-8"),
            (b"\xfe\xff\0a", "x: line 1: is UTF-16, not UTF-8"),
            (b"\xef\xbb\xbfok\n\xc3", "x: line 2: is not UTF-8"),
        ] {
            let error = text("x", bytes).unwrap_err().to_string();
            assert!(error.starts_with(part), "{error}");
        }
    }
}
