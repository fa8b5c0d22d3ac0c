//! Shows the progress of a run on standard error: a bar on a terminal, else a line every half minute.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Width of the bar in columns.
const WIDTH: usize = 30;

/// Progress over a known number of examples.
pub struct Progress {
    resumed: usize,
    total: usize,
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Starts the clock. `resumed` of `total` examples are done already.
    pub fn new(resumed: usize, total: usize) -> Self {
        let now = Instant::now();
        Self { resumed, total, started: now, shown: now, terminal: std::io::stderr().is_terminal() }
    }

    /// Reports that `done` examples are done, with those of earlier runs: at most the total, which is not 0 then. Prints only if
    /// enough time has passed since the last line.
    pub fn done(&mut self, done: usize) {
        let pause = Duration::from_millis(if self.terminal { 200 } else { 30_000 });
        let last = self.terminal && done == self.total;
        if !last && self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let line = self.line(done, self.started.elapsed());
        let (before, after) = if self.terminal { ("\r", if last { "\x1b[K\n" } else { "\x1b[K" }) } else { ("", "\n") };
        // The run goes on even if standard error is closed.
        let _ = write!(std::io::stderr(), "{before}{line}{after}");
    }

    /// The line, such as `[###   ] 12/100, 1:20 left` (minutes and seconds). `done` is greater than `resumed`.
    fn line(&self, done: usize, elapsed: Duration) -> String {
        let each = elapsed.as_secs_f64() / (done - self.resumed).max(1) as f64;
        let left = (each * (self.total - done) as f64).round() as u64;
        let bar = "#".repeat(WIDTH * done / self.total);
        format!("[{bar:WIDTH$}] {done}/{}, {}:{:02} left", self.total, left / 60, left % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_counts_what_this_run_did() {
        let progress = Progress::new(40, 100);
        let bar = format!("[{}{}]", "#".repeat(15), " ".repeat(15));
        assert_eq!(progress.line(50, Duration::from_secs(20)), format!("{bar} 50/100, 1:40 left"));
    }
}
