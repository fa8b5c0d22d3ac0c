//! Shows the progress of a run on standard error: one line that changes on a terminal, else a line every half minute.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::output::Done;

/// Counts the bytes that are read.
pub struct Counted<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    /// `input`, and how many of its bytes were read so far.
    pub fn new(input: R) -> (Self, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        (Self { input, count: Arc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(to)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The progress of a run.
pub struct Progress {
    quiet: bool,
    /// Lines that an earlier run did.
    resumed: u64,
    /// Bytes of the input that this run does not annotate.
    skipped: u64,
    /// Bytes of the input that were read.
    read: Arc<AtomicU64>,
    /// Bytes of the whole input, where that is known.
    total: Option<u64>,
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Starts the clock. Everything that was read so far is done.
    pub fn new(quiet: bool, resumed: Done, read: Arc<AtomicU64>, total: Option<u64>) -> Self {
        let (now, skipped) = (Instant::now(), read.load(Ordering::Relaxed));
        let terminal = io::stderr().is_terminal();
        Self { quiet, resumed: resumed.lines, skipped, read, total, started: now, shown: now, terminal }
    }

    /// Reports what is done. Prints only if enough time has passed since the last line.
    pub fn show(&mut self, done: Done) {
        let pause = Duration::from_millis(if self.terminal { 200 } else { 30_000 });
        if self.shown.elapsed() >= pause {
            self.shown = Instant::now();
            self.print(&self.line(done, self.read.load(Ordering::Relaxed), self.started.elapsed()), false);
        }
    }

    /// Reports the end of the run.
    pub fn end(&self, done: Done) {
        let seconds = self.started.elapsed().as_secs_f64();
        let (now, errors) = (done.lines - self.resumed, done.errors);
        let rate = now as f64 / seconds.max(1e-3);
        let earlier = if self.resumed > 0 { format!(", {} of an earlier run", self.resumed) } else { String::new() };
        let line = format!("{} lines{earlier}, {errors} with an error, {seconds:.2} s, {rate:.1} lines/s", done.lines);
        self.print(&line, true);
    }

    fn print(&self, line: &str, last: bool) {
        let (before, after) = if self.terminal { ("\r", if last { "\x1b[K\n" } else { "\x1b[K" }) } else { ("", "\n") };
        if !self.quiet {
            // The run goes on even if standard error is closed.
            let _ = write!(io::stderr(), "{before}{line}{after}");
        }
    }

    /// The line, such as `1200 lines, 350.0 lines/s, 42 %, 1:20 left` (minutes and seconds). The time that is left is counted by
    /// bytes, because nobody knows how many lines there are.
    fn line(&self, done: Done, read: u64, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let line = format!("{} lines, {:.1} lines/s", done.lines, (done.lines - self.resumed) as f64 / seconds);
        let (Some(total), now) = (self.total.filter(|total| *total > 0), read.saturating_sub(self.skipped)) else {
            return line;
        };
        let percent = (100 * read / total).min(100);
        if now == 0 {
            return format!("{line}, {percent} %");
        }
        let left = (seconds * total.saturating_sub(read) as f64 / now as f64).round() as u64;
        format!("{line}, {percent} %, {}:{:02} left", left / 60, left % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_count_what_this_run_did() {
        let read = Arc::new(AtomicU64::new(400));
        let progress = Progress::new(true, Done { lines: 40, errors: 0 }, read, Some(1000));
        let line = |lines, read| progress.line(Done { lines, errors: 0 }, read, Duration::from_secs(20));
        assert_eq!(line(50, 500), "50 lines, 0.5 lines/s, 50 %, 1:40 left");
        assert_eq!(line(40, 400), "40 lines, 0.0 lines/s, 40 %");
    }
}
