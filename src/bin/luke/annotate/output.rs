//! The output, and how a run that was stopped continues. Beside the output is a small file, the record: it says of which model
//! and which options the output is. Which lines are done is in the output alone: each of its lines begins with the line of the
//! input, so both are compared. Nothing that a kill can tear is trusted.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use luke_web::Result;
use serde_json::{Value, json};

use super::Failure;
use super::input::{Group, Groups};
use super::task::{Outcome, Task};
use crate::folder::{self, io_error};

/// How many times the bytes of the longest line of input a line of output may have, when it is read again.
const MAX_GROWTH: u64 = 64;

/// Lines that are done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    pub lines: u64,
    pub errors: u64,
}

/// Where the lines go.
pub enum Output {
    /// Standard output, or what is no regular file. Such a run cannot continue.
    Stream(Box<dyn Write + Send>),
    /// A file with a record.
    File(OutputFile),
}

/// An output that a run can continue.
pub struct OutputFile {
    file: File,
    path: PathBuf,
    header: Value,
}

impl Output {
    /// Opens the output and finds what is done already. `header` says what the lines depend on. Returns the group that comes
    /// next, if `groups` had to be read so far.
    ///
    /// # Errors
    /// [`Failure::OtherRun`] if the file is of something else, or another run writes it; `io` if it cannot be opened.
    pub fn open(
        path: &Path,
        header: Value,
        task: &Task,
        groups: &mut Groups,
        max_line_bytes: usize,
    ) -> std::result::Result<(Self, Done, Option<Group>), Failure> {
        if path.as_os_str() == "-" {
            return Ok((Self::Stream(Box::new(io::stdout())), Done::default(), None));
        }
        let broken = |error: io::Error| io_error(path, &error);
        if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(broken)?;
            return Ok((Self::Stream(Box::new(file)), Done::default(), None));
        }
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut output = OutputFile { file: open.map_err(broken)?, path: path.to_owned(), header };
        match output.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(output.other("is being written by another run")),
            // A file system without locks.
            Err(TryLockError::Error(_)) => {}
        }
        if output.file.metadata().map_err(broken)?.len() == 0 {
            output.record(None)?;
            return Ok((Self::File(output), Done::default(), None));
        }
        output.check_record()?;
        let (done, next) = output.resume(task, groups, max_line_bytes)?;
        Ok((Self::File(output), done, next))
    }

    /// Adds whole lines.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.write_all(lines).and_then(|()| stream.flush()),
            Self::File(output) => output.file.write_all(lines),
        }
    }

    /// A second handle of the file, to bring what was written to the disk while others write on.
    pub fn syncer(&self) -> Option<File> {
        match self {
            Self::Stream(_) => None,
            Self::File(output) => output.file.try_clone().ok(),
        }
    }

    /// Brings all to the disk, and says in the record that the run is complete.
    ///
    /// # Errors
    /// `io` if that fails.
    pub fn finish(&self, done: Done) -> Result<()> {
        let Self::File(output) = self else { return Ok(()) };
        output.file.sync_all().map_err(|error| io_error(&output.path, &error))?;
        output.record(Some(done))
    }
}

impl OutputFile {
    fn record_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".annotate.json");
        name.into()
    }

    /// Writes the record under another name first, so that it is whole or not there.
    fn record(&self, complete: Option<Done>) -> Result<()> {
        let path = self.record_path();
        let mut record = self.header.clone();
        record["complete"] = complete.map(|Done { lines, errors }| json!({ "lines": lines, "errors": errors })).into();
        let new = path.with_extension("json.new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(format!("{record:#}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
                _ => Ok(()),
            }
        };
        write().map_err(|error| io_error(&path, &error))
    }

    /// Checks that the record is of a run like this one.
    fn check_record(&self) -> std::result::Result<(), Failure> {
        let path = self.record_path();
        if !path.exists() {
            let reason = format!("is not empty, and there is no {} that says what it is of", path.display());
            return Err(self.other(&reason));
        }
        let found: Value = folder::json(&path)?;
        for (field, want) in self.header.as_object().into_iter().flatten() {
            let got = &found[field];
            if got != want {
                return Err(self.other(&format!("is of a run with another '{field}': {got}, this run has {want}")));
            }
        }
        Ok(())
    }

    /// Compares the lines of the output with those of the input, and cuts off what is not a whole group.
    fn resume(
        &mut self,
        task: &Task,
        groups: &mut Groups,
        max_line_bytes: usize,
    ) -> std::result::Result<(Done, Option<Group>), Failure> {
        let broken = |error: io::Error| io_error(&self.path, &error);
        let max = (max_line_bytes as u64).saturating_mul(MAX_GROWTH).saturating_add(1 << 20);
        let mut written = BufReader::with_capacity(1 << 20, File::open(&self.path).map_err(broken)?);
        let (mut done, mut kept, mut line) = (Done::default(), 0, Vec::new());
        let next = loop {
            let Some(group) = groups.next().map_err(|error| super::input_error(&error))? else {
                if !written.fill_buf().map_err(broken)?.is_empty() {
                    return Err(self.other(&format!("has more than the {} lines of the input", done.lines)));
                }
                break None;
            };
            let (mut end, mut errors, mut whole) = (kept, 0, true);
            for (input, number) in group.lines.iter().zip(group.first + 1..) {
                line.clear();
                end += written.by_ref().take(max).read_until(b'\n', &mut line).map_err(broken)? as u64;
                // After a power cut, a file may end in zero bytes that nobody wrote.
                whole = line.pop() == Some(b'\n') && !line.contains(&0);
                if !whole {
                    break;
                }
                match task.outcome(input, &line) {
                    None => return Err(self.other(&format!("line {number} is not of line {number} of the input"))),
                    Some(outcome) => errors += u64::from(outcome == Outcome::Error),
                }
            }
            if !whole {
                break Some(group);
            }
            done.lines += group.lines.len() as u64;
            done.errors += errors;
            kept = end;
        };
        self.file.set_len(kept).and_then(|()| self.file.seek(SeekFrom::Start(kept))).map_err(broken)?;
        Ok((done, next))
    }

    fn other(&self, reason: &str) -> Failure {
        Failure::OtherRun(format!("{}: {reason}", self.path.display()))
    }
}
