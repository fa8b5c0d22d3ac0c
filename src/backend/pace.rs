//! How much work a GPU gets at once.
//!
//! A browser draws its pages on the same GPU, and a system resets a GPU that does not answer for 2 s. So the work of a forward
//! pass is cut into slices. Each slice is a submit that takes about [`SLICE`], and at most two of them are in flight. [`Pace`]
//! decides where to cut, by the rate at which earlier slices were completed. It knows no GPU: its caller counts the work (in
//! FLOP), submits, and says when. All times are since one fixed moment.

#[cfg(test)]
mod devices;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

/// Time of a slice. Its caller promises 50 ms, and this leaves room for a rate that is a quarter too high.
const SLICE: Duration = Duration::from_millis(40);

/// Time of a forward pass; 400 ms are promised, and few rows take longer than their share of many.
const PASS: Duration = Duration::from_millis(240);

/// Rows of a forward pass on a fast GPU. More save no time.
pub const MAX_ROWS: usize = 2048;

/// Fewest rows of a dispatch: those of the lowest tile of the shaders.
const MIN_DISPATCH_ROWS: usize = 16;

/// Rows of the highest tile of the shaders.
const TILE_ROWS: usize = 64;

/// Slices in flight: the GPU computes one while the next one waits for it.
const IN_FLIGHT: usize = 2;

/// Share of a slice that one dispatch may have. A slice is submitted as soon as another such dispatch may not fit.
const DISPATCH_SHARE: f64 = 0.125;

/// Slices of a window, unless it takes long enough before.
const WINDOW_SLICES: u32 = 4;

/// Rate of a device that nobody has measured, in FLOP/s: an Intel UHD 620 before its clock has risen.
const UNKNOWN_RATE: f64 = 30e9;

/// The range of rates. Below it, slices would be too small to do any work.
const RATES: [f64; 2] = [0.5e9, 1e15];

/// How far the rate goes towards a lower one that was measured.
const SLOW_DOWN: f64 = 0.7;

/// How far the rate goes towards a higher one that was measured.
const SPEED_UP: f64 = 0.3;

/// How many times the rate a higher one is taken for at most: a short time is not measured well.
const MAX_JUMP: f64 = 8.0;

/// By what the rate grows where the round trip hides whether it is too low: until the first time that it was too high, and after
/// that.
const TRIALS: [f64; 2] = [1.2, 1.02];

/// The rate after a device was lost, as a share of the one before.
const AFTER_LOSS: f64 = 0.25;

/// Slices that are measured together.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    start: Duration,
    /// Whether slices were in flight at the start. The start is then a report, and may be late.
    amid: bool,
    slices: u32,
    flop: f64,
}

/// Cuts the work of one device into slices.
#[derive(Clone, Debug)]
pub struct Pace {
    /// FLOP/s.
    rate: f64,
    measured: bool,
    /// One of [`TRIALS`].
    trial: f64,
    round_trip: Duration,
    /// FLOP that were not submitted yet.
    queued: f64,
    /// FLOP of each slice that was submitted and is not completed, the oldest first.
    in_flight: VecDeque<f64>,
    window: Window,
}

impl Pace {
    /// The pace of an unknown device. `round_trip` is the time from a submit without work until its completion is reported: the
    /// longest of a few that were measured one after the other. Firefox only looks every 100 ms.
    pub fn new(round_trip: Duration) -> Self {
        Self {
            rate: UNKNOWN_RATE,
            measured: false,
            trial: TRIALS[0],
            round_trip,
            queued: 0.0,
            in_flight: VecDeque::new(),
            window: Window::default(),
        }
    }

    /// The measured rate in FLOP/s; `None` before the first measurement. It is below the true rate where the device is so fast
    /// that the round trip is most of the time.
    pub fn rate(&self) -> Option<f64> {
        self.measured.then_some(self.rate)
    }

    /// FLOP that the next submit has room for; 0 where the queue has a whole slice or more.
    #[cfg(test)]
    pub fn budget(&self) -> f64 {
        (self.slice() - self.queued).max(0.0)
    }

    /// Most rows of a dispatch with `flop` FLOP a row. A dispatch with more rows must be split. They are whole tiles of the
    /// shaders: a multiple of 16 below 64, else of 64; at least 16.
    pub fn dispatch_rows(&self, flop: f64) -> usize {
        let rows = rows(self.slice() * DISPATCH_SHARE, flop);
        let part_of_tile = if rows < TILE_ROWS { rows % MIN_DISPATCH_ROWS } else { rows % TILE_ROWS };
        rows.saturating_sub(part_of_tile).max(MIN_DISPATCH_ROWS)
    }

    /// Most rows of a forward pass of a model with `flop` FLOP a row: from 1 to [`MAX_ROWS`].
    pub fn pass_rows(&self, flop: f64) -> usize {
        rows(self.rate * PASS.as_secs_f64(), flop).clamp(1, MAX_ROWS)
    }

    /// Counts a dispatch of `flop` FLOP that was queued. `true` where the queue must be submitted now.
    pub fn queued(&mut self, flop: f64) -> bool {
        self.queued += flop.max(0.0);
        self.queued >= self.slice() * (1.0 - DISPATCH_SHARE)
    }

    /// Whether a slice must be completed before the next one is submitted.
    pub fn must_wait(&self) -> bool {
        self.in_flight.len() >= IN_FLIGHT
    }

    /// Says that all that was queued has been submitted. Each submit needs a call of [`completed`](Self::completed).
    pub fn submitted(&mut self, now: Duration) {
        if self.in_flight.is_empty() {
            self.window = Window { start: now, ..Window::default() };
        }
        self.in_flight.push_back(std::mem::take(&mut self.queued));
    }

    /// Says that the oldest slice in flight was reported as completed. Learns the rate. Does nothing where none is in flight.
    pub fn completed(&mut self, now: Duration) {
        let Some(flop) = self.in_flight.pop_front() else { return };
        self.window.flop += flop;
        self.window.slices = self.window.slices.saturating_add(1);
        let time = now.saturating_sub(self.window.start);
        let long = time >= SLICE.saturating_mul(2).max(self.round_trip.saturating_mul(4));
        let full = long || self.window.slices >= WINDOW_SLICES;
        if full || self.in_flight.is_empty() {
            if full || !self.window.amid {
                self.learn(time.as_secs_f64().max(1e-4), full);
            }
            self.window = Window { start: now, amid: true, ..Window::default() };
        }
    }

    /// Whether nothing is in flight.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Says that the device was lost, perhaps because a slice took too long. What was queued and in flight went with it.
    pub fn lost(&mut self) {
        self.set_rate(self.rate * AFTER_LOSS);
        self.trial = TRIALS[1];
        self.forget_work();
    }

    /// Says that what was queued and in flight will not be completed. The rate stays as it is, unlike after [`lost`](Self::lost).
    pub fn forget_work(&mut self) {
        self.queued = 0.0;
        self.in_flight.clear();
    }

    /// FLOP of a slice.
    fn slice(&self) -> f64 {
        self.rate * SLICE.as_secs_f64()
    }

    /// Learns from the window, which took `time` in seconds. Within that time the device was idle for one round trip at most, so
    /// the window gives the least and the greatest rate that the device may have. `full`: the window is long enough for a trial.
    fn learn(&mut self, time: f64, full: bool) {
        let (Window { slices, flop, .. }, round_trip) = (self.window, self.round_trip.as_secs_f64());
        if flop <= 0.0 {
            return;
        }
        self.measured = true;
        let busy = time - round_trip;
        // As many slices as can be in flight, each round trip: the device may have been idle most of the time.
        let idle = f64::from(slices) * round_trip >= 0.9 * IN_FLIGHT as f64 * time;
        let least = flop / time;
        let greatest = if idle || busy <= 0.0 { f64::INFINITY } else { flop / busy };
        if self.rate > greatest {
            // What took little time was no slice, but the small shapes of a short text, on which a GPU is slower.
            let weight = SLOW_DOWN * (busy / SLICE.as_secs_f64()).min(1.0);
            self.set_rate(self.rate + weight * (greatest - self.rate));
            self.trial = TRIALS[1];
        } else if self.rate < least {
            let towards = least.min(self.rate * MAX_JUMP);
            self.set_rate(self.rate + SPEED_UP * (towards - self.rate));
        } else if full {
            self.set_rate((self.rate * self.trial).min(greatest));
        }
    }

    fn set_rate(&mut self, rate: f64) {
        let [slowest, fastest] = RATES;
        self.rate = rate.clamp(slowest, fastest);
    }
}

/// Rows that fit into `all` FLOP with `each` FLOP a row.
fn rows(all: f64, each: f64) -> usize {
    (all / each.max(1.0)) as usize
}
