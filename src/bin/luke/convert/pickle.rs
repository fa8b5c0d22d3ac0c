//! The gate for `pytorch_model.bin`, before `pytorch-reader` reads it. That crate checks the tensors of a pickle, but
//! it copies class names and shapes without a limit, and its parsed values can take a hundred times the bytes of the
//! pickle. This gate runs the opcodes first, with sizes in place of values. So a pickle that would need much memory
//! never reaches the reader.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, Read, Seek, SeekFrom};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

type Result<T> = std::io::Result<T>;

/// The most bytes of all pickles of a file together. LUKE large has about 100 KB.
pub const MAX_PICKLE_BYTES: u64 = 16 << 20;

/// The most bytes of memory that the parsed pickles may take, every copy included. LUKE large takes about 10 MB.
pub const MAX_PICKLE_MEMORY: u64 = 256 << 20;

/// Bytes that one value takes in the reader, without its text. This is more than an entry of a dictionary takes.
const VALUE: u64 = 128;

/// How many pickles a file of PyTorch before 1.6 begins with: magic number, version, system, tensors, keys of storages.
const LEGACY_PICKLES: usize = 5;

/// Checks a file that `torch.save` wrote, before it is read.
///
/// # Errors
/// The reason, if the file cannot be read; if it is neither a ZIP file (PyTorch 1.6 or later) nor in the older format;
/// if it is compressed; or if its pickles are broken, too long, have an opcode that is not known here, or would take
/// too much memory.
pub fn check(path: &Path) -> Result<()> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    (&mut file).take(64).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    if start.starts_with(b"PK") {
        return check_zip(file);
    }
    if let Some(what) = luke_web::file_start::stand_in(&start) {
        return Err(Error::other(format!("is {what}")));
    }
    if !start.windows(MAGIC.len()).any(|bytes| bytes == MAGIC) {
        return Err(Error::other("is no file of torch.save: neither a ZIP file nor the format before PyTorch 1.6"));
    }
    let mut pickles = Pickles::new(BufReader::new(file));
    (0..LEGACY_PICKLES).try_for_each(|_| pickles.walk())
}

/// The magic number near the start of a file of PyTorch before 1.6. Its bytes are the same in all pickle protocols from
/// 2 on, which `torch.save` uses.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

fn check_zip(file: File) -> Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(Error::other)?;
    let mut pickles = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(Error::other)?;
        if entry.compression() != CompressionMethod::Stored {
            return Err(Error::other(format!("{:?} is compressed, which torch.save never does", entry.name())));
        }
        if entry.name().is_ok_and(|name| name.ends_with("data.pkl")) {
            pickles.push(index);
        }
    }
    let [index] = pickles.as_slice() else {
        return Err(Error::other(format!("has {} files data.pkl, not one", pickles.len())));
    };
    let entry = archive.by_index_raw(*index).map_err(Error::other)?;
    Pickles::new(BufReader::new(entry)).walk()
}

/// The state of the walk through the pickles of a file.
struct Pickles<R> {
    from: std::io::Take<R>,
    /// Bytes of memory of each value on the stack.
    stack: Vec<u64>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    /// Bytes of memory of each value in the memo.
    memo: HashMap<u32, u64>,
    /// Bytes of memory of all values that were made or copied.
    total: u64,
}

impl<R: BufRead> Pickles<R> {
    fn new(from: R) -> Self {
        let from = from.take(MAX_PICKLE_BYTES);
        Self { from, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), total: 0 }
    }

    /// Walks one pickle to its end.
    fn walk(&mut self) -> Result<()> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        loop {
            let [code] = self.bytes()?;
            match code {
                b'.' => return Ok(()),
                b'(' => {
                    self.marks.push(self.stack.len());
                    self.charge(8)?;
                }
                // PROTO, FRAME
                0x80 => self.skip(1)?,
                0x95 => self.skip(8)?,
                // POP, POP_MARK
                b'0' if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
                b'0' => drop(self.pop(1)?),
                b'1' => drop(self.pop_to_mark()?),
                // None, booleans, empty containers, numbers of a fixed length
                b'N' | 0x88 | 0x89 | b')' | b']' | b'}' | 0x8f => self.make(0)?,
                b'K' => self.fixed(1)?,
                b'M' => self.fixed(2)?,
                b'J' => self.fixed(4)?,
                b'G' => self.fixed(8)?,
                // Texts, bytes and long numbers, with a length of one, four or eight bytes
                0x8a | 0x8c | b'U' | b'C' => {
                    let [length] = self.bytes()?;
                    self.text(length.into())?;
                }
                0x8b | b'T' | b'X' | b'B' => {
                    let length = u32::from_le_bytes(self.bytes()?);
                    self.text(length.into())?;
                }
                0x8d | 0x8e | 0x96 => {
                    let length = u64::from_le_bytes(self.bytes()?);
                    self.text(length)?;
                }
                // INT, LONG, FLOAT, UNICODE, PERSID; GLOBAL has two lines
                b'I' | b'L' | b'F' | b'V' | b'P' => {
                    let length = self.line()?.len() as u64;
                    self.make(2 * length)?;
                }
                b'c' => {
                    let length = self.line()?.len() + self.line()?.len();
                    self.make(length as u64)?;
                }
                // TUPLE, LIST, FROZENSET, DICT; TUPLE1 to TUPLE3
                b't' | b'l' | 0x91 | b'd' => {
                    let size = self.pop_to_mark()?;
                    self.join(size)?;
                }
                0x85..=0x87 => {
                    let size = self.pop(usize::from(code - 0x84))?;
                    self.join(size)?;
                }
                // STACK_GLOBAL, REDUCE, NEWOBJ; NEWOBJ_EX
                0x93 | b'R' | 0x81 => {
                    let size = self.pop(2)?;
                    self.join(size)?;
                }
                0x92 => {
                    let size = self.pop(3)?;
                    self.join(size)?;
                }
                // BUILD may copy its result into the memo.
                b'b' => {
                    let size = self.pop(2)?;
                    self.charge(size)?;
                    self.join(size)?;
                }
                // BINPERSID
                b'Q' => {
                    let size = self.pop(1)?;
                    self.join(size)?;
                }
                // APPEND, SETITEM, APPENDS, ADDITEMS, SETITEMS
                b'a' => {
                    let size = self.pop(1)?;
                    self.add(size)?;
                }
                b's' => {
                    let size = self.pop(2)?;
                    self.add(size)?;
                }
                b'e' | 0x90 | b'u' => {
                    let size = self.pop_to_mark()?;
                    self.add(size)?;
                }
                // DUP, GET, BINGET, LONG_BINGET
                b'2' => {
                    let size = self.top()?;
                    self.copy(size)?;
                }
                b'g' | b'h' | b'j' => {
                    let index = self.index(code)?;
                    let missing = || Error::other(format!("its pickle takes value {index}, which it has not kept"));
                    let size = *self.memo.get(&index).ok_or_else(missing)?;
                    self.copy(size)?;
                }
                // PUT, BINPUT, LONG_BINPUT, MEMOIZE
                b'p' | b'q' | b'r' | 0x94 => {
                    let index = self.index(code)?;
                    let size = self.top()?;
                    self.charge(size)?;
                    self.memo.insert(index, size);
                }
                other => return Err(Error::other(format!("its pickle has opcode {other:#04x}, which is not read"))),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).map_err(|_| self.cut_short())?;
        Ok(bytes)
    }

    fn cut_short(&self) -> Error {
        if self.from.limit() == 0 {
            Error::other(format!("its pickles have more than {MAX_PICKLE_BYTES} bytes"))
        } else {
            Error::other("its pickle is cut short")
        }
    }

    fn skip(&mut self, count: u64) -> Result<()> {
        let skipped = std::io::copy(&mut (&mut self.from).take(count), &mut std::io::sink())?;
        if skipped == count { Ok(()) } else { Err(self.cut_short()) }
    }

    /// Reads a line; returns it without its end.
    fn line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line)?;
        if line.pop() == Some(b'\n') { Ok(line) } else { Err(self.cut_short()) }
    }

    /// The index in the memo that an opcode names.
    fn index(&mut self, code: u8) -> Result<u32> {
        match code {
            b'h' | b'q' => self.bytes::<1>().map(|[index]| index.into()),
            b'j' | b'r' => self.bytes().map(u32::from_le_bytes),
            0x94 => u32::try_from(self.memo.len()).map_err(Error::other),
            _ => {
                let line = self.line()?;
                let index = std::str::from_utf8(&line).ok().and_then(|line| line.parse().ok());
                index.ok_or_else(|| Error::other("its pickle keeps a value at a place that is no number"))
            }
        }
    }

    fn charge(&mut self, size: u64) -> Result<()> {
        self.total = self.total.saturating_add(size);
        if self.total > MAX_PICKLE_MEMORY {
            return Err(Error::other(format!("its pickles take more than {MAX_PICKLE_MEMORY} bytes of memory")));
        }
        Ok(())
    }

    /// Pushes a new value with `text` bytes of text.
    fn make(&mut self, text: u64) -> Result<()> {
        let size = VALUE.saturating_add(text);
        self.charge(size)?;
        self.stack.push(size);
        Ok(())
    }

    fn fixed(&mut self, bytes: u64) -> Result<()> {
        self.skip(bytes)?;
        self.make(0)
    }

    fn text(&mut self, length: u64) -> Result<()> {
        self.make(length)?;
        self.skip(length)
    }

    /// Pushes a value that holds other values of `size` bytes together. These were counted when they were made.
    fn join(&mut self, size: u64) -> Result<()> {
        self.charge(VALUE)?;
        self.stack.push(size.saturating_add(VALUE));
        Ok(())
    }

    /// Pushes a copy of `size` bytes.
    fn copy(&mut self, size: u64) -> Result<()> {
        self.charge(size)?;
        self.stack.push(size);
        Ok(())
    }

    /// Adds items of `size` bytes to the container on top of the stack.
    fn add(&mut self, size: u64) -> Result<()> {
        let container = self.pop(1)?;
        self.stack.push(container.saturating_add(size));
        Ok(())
    }

    fn top(&self) -> Result<u64> {
        let above_mark = self.marks.last().is_none_or(|mark| *mark < self.stack.len());
        let top = self.stack.last().copied().filter(|_| above_mark);
        top.ok_or_else(|| Error::other("its pickle takes more values than it has"))
    }

    /// Takes values from the stack; returns their size together.
    fn pop(&mut self, count: usize) -> Result<u64> {
        let mut size = 0u64;
        for _ in 0..count {
            size = size.saturating_add(self.top()?);
            self.stack.pop();
        }
        Ok(size)
    }

    fn pop_to_mark(&mut self) -> Result<u64> {
        let mark = self.marks.pop().ok_or_else(|| Error::other("its pickle ends a list that it has not begun"))?;
        let values = self.stack.get(mark..).unwrap_or_default();
        let size = values.iter().fold(0, |size: u64, value| size.saturating_add(*value));
        self.stack.truncate(mark);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(pickle: &[u8]) -> Result<u64> {
        let mut pickles = Pickles::new(pickle);
        pickles.walk().map(|()| pickles.total)
    }

    #[test]
    fn pickles_that_would_fill_the_memory_are_refused() {
        // A class name of 1 MB that the reader would copy 2,000 times, from a pickle of 1 MB.
        let mut copies = [b"c", "m".repeat(1 << 20).as_bytes(), b"\nn\nq\0"].concat();
        copies.extend(b"h\0".repeat(2_000));
        copies.push(b'.');
        assert!(walk(&copies).unwrap_err().to_string().contains("memory"));
        // Three million times None.
        assert!(walk(&b"N".repeat(3_000_000)).unwrap_err().to_string().contains("memory"));
        // A list doubled 40 times.
        let doubled = [&b"]"[..], &b"q\0h\0h\0\x86".repeat(40), b"."].concat();
        assert!(walk(&doubled).unwrap_err().to_string().contains("memory"));
        // A text whose length is given as 2^63 bytes, and a text that is longer than the limit.
        assert!(walk(b"\x8d\0\0\0\0\0\0\0\x80").unwrap_err().to_string().contains("memory"));
        let long = [&b"X\xff\xff\xff\x0f"[..], &vec![b'a'; MAX_PICKLE_BYTES as usize]].concat();
        assert!(walk(&long).is_err());
        let line = [&b"c"[..], &vec![b'a'; MAX_PICKLE_BYTES as usize + 9]].concat();
        assert!(walk(&line).unwrap_err().to_string().contains("more than"));
    }

    #[test]
    fn pickles_that_are_broken_are_refused() {
        for broken in
            [&b""[..], b"(", b"t.", b"(0t.", b"R.", b"h\0.", b"gx\n.", b"K", b"X\x04\0\0\0ab", b"\xff.", b"(Q."]
        {
            assert!(walk(broken).is_err(), "{broken:?}");
        }
        assert_eq!(walk(b"(K\x01K\x02t.").unwrap(), 3 * VALUE + 8);
        assert_eq!(walk(b"}q\0X\x01\0\0\0aNs.").unwrap(), 4 * VALUE + 1);
    }
}
