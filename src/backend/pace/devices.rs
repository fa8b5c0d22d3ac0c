//! Simulated devices with a fake clock, and a program that paces its work on them.

use super::*;

/// What a device does, without its noise.
#[derive(Clone, Copy)]
pub struct Profile {
    pub name: &'static str,
    /// FLOP/s of dispatches with many rows, and with few.
    pub large: f64,
    pub small: f64,
    /// Seconds of a dispatch without work.
    pub launch: f64,
    /// Bytes of memory a second.
    pub memory: f64,
    /// Share of its speed that it has at first. It has all of it after 0.3 s of work.
    pub cold: f64,
    /// Greatest share by which a slice takes longer or shorter.
    pub noise: f64,
    /// Seconds from a completion to its report.
    pub report: f64,
    /// Seconds between the looks for completions; 0 where each is reported at once.
    pub poll: f64,
}

pub const fn profile(name: &'static str, [large, small, launch, memory, cold, noise, report]: [f64; 7]) -> Profile {
    let (large, small, launch, memory) = (large * 1e9, small * 1e9, launch * 1e-6, memory * 1e9);
    Profile { name, large, small, launch, memory, cold, noise, report: report * 1e-3, poll: 0.0 }
}

// GFLOP/s large, small, launch in µs, GB/s, cold, noise, report in ms.
pub const UHD_620: Profile = profile("Intel UHD 620", [100.0, 50.0, 30.0, 25.0, 0.4, 0.12, 12.0]);
pub const IRIS_XE: Profile = profile("Intel Iris Xe", [650.0, 250.0, 15.0, 50.0, 0.4, 0.10, 10.0]);
pub const M1: Profile = profile("Apple M1", [1000.0, 400.0, 10.0, 60.0, 0.35, 0.06, 5.0]);
pub const ADRENO: Profile = profile("Adreno 740", [450.0, 150.0, 40.0, 50.0, 0.3, 0.15, 8.0]);
pub const MALI: Profile = profile("Mali-G78", [250.0, 90.0, 60.0, 30.0, 0.3, 0.15, 10.0]);
pub const GTX_1060: Profile = profile("GTX 1060", [1800.0, 500.0, 8.0, 180.0, 0.3, 0.08, 12.0]);
pub const RTX_4090: Profile = profile("RTX 4090", [25_000.0, 4000.0, 5.0, 900.0, 0.3, 0.05, 12.0]);
pub const SOFTWARE: Profile = profile("software adapter", [6.0, 5.0, 100.0, 10.0, 1.0, 0.12, 2.0]);
pub const CHROME: [Profile; 8] = [UHD_620, IRIS_XE, M1, ADRENO, MALI, GTX_1060, RTX_4090, SOFTWARE];

/// The device in Firefox.
pub fn firefox(profile: Profile) -> Profile {
    Profile { report: 1e-3, poll: 0.1, ..profile }
}

/// The sizes of a model.
#[derive(Clone, Copy)]
pub struct Model {
    pub layers: usize,
    pub hidden: f64,
}

pub const MINI: Model = Model { layers: 4, hidden: 512.0 };
pub const BASE: Model = Model { layers: 12, hidden: 768.0 };
pub const LARGE: Model = Model { layers: 24, hidden: 1024.0 };
pub const KEYS: f64 = 512.0;

impl Model {
    /// FLOP and bytes of each dispatch of a layer, for one row: projections, attention, output, norm, two linear layers,
    /// norm.
    pub fn layer(self) -> [[f64; 2]; 7] {
        let h = self.hidden;
        let linear = |from: f64, to: f64| [2.0 * from * to, 4.0 * (from + to)];
        let norm = [8.0 * h, 12.0 * h];
        let attention = [4.0 * KEYS * h, 20.0 * h];
        [linear(h, 4.0 * h), attention, linear(h, h), norm, linear(h, 4.0 * h), linear(4.0 * h, h), norm]
    }

    pub fn row_flop(self) -> f64 {
        self.layers as f64 * self.layer().iter().map(|[flop, _]| flop).sum::<f64>()
    }
}

pub struct Dispatch {
    pub rows: usize,
    pub flop: f64,
    pub bytes: f64,
}

/// A device, and the clock of the program that uses it. Times are in seconds.
pub struct Device {
    pub profile: Profile,
    pub now: f64,
    /// When it has done all that was submitted.
    pub free: f64,
    pub worked: f64,
    /// By what it is slower than its profile.
    pub slower: f64,
    pub reports: VecDeque<f64>,
    /// How long each slice took.
    pub slices: Vec<f64>,
    pub random: u64,
}

impl Device {
    pub fn new(profile: Profile, seed: u64) -> Self {
        let (reports, slices, now) = (VecDeque::new(), Vec::new(), 0.037 * seed as f64);
        Self { profile, now, free: 0.0, worked: 0.0, slower: 1.0, reports, slices, random: seed }
    }

    /// Evenly spread over -1..1.
    pub fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn submit(&mut self, dispatches: &[Dispatch]) {
        let Profile { large, small, launch, memory, cold, noise, report, poll, .. } = self.profile;
        let times = dispatches.iter().map(|Dispatch { rows, flop, bytes }| {
            let speed = small + (large - small) * (*rows as f64 / 256.0).min(1.0);
            launch + (flop / speed).max(bytes / memory)
        });
        let speed = cold + (1.0 - cold) * (self.worked / 0.3).min(1.0);
        let time = times.sum::<f64>() / speed * self.slower * (1.0 + noise * self.random());
        self.free = self.free.max(self.now) + time;
        self.worked += time;
        self.slices.push(time);
        let done = if poll > 0.0 { (self.free / poll).ceil() * poll } else { self.free };
        let report = report * (1.0 + 0.3 * self.random());
        self.reports.push_back(done + report);
    }

    /// Waits for the report of the oldest submit.
    pub fn wait(&mut self) -> Duration {
        self.now = self.now.max(self.reports.pop_front().unwrap());
        self.time()
    }

    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.now)
    }

    /// The longest of three round trips.
    pub fn round_trip(&mut self) -> Duration {
        let trips = [(); 3].map(|()| {
            let start = self.time();
            self.submit(&[]);
            self.wait() - start
        });
        self.slices.clear();
        trips.into_iter().max().unwrap()
    }
}

pub struct Pass {
    pub slices: usize,
    /// Seconds that the device worked, and that the program waited.
    pub work: f64,
    pub wall: f64,
    pub most_in_flight: usize,
}

/// What the program does: a pace, and the dispatches that it has not submitted.
pub struct Program {
    pub device: Device,
    pub pace: Pace,
    pub queue: Vec<Dispatch>,
    pub most_in_flight: usize,
}

impl Program {
    pub fn new(profile: Profile, seed: u64) -> Self {
        let mut device = Device::new(profile, seed);
        let pace = Pace::new(device.round_trip());
        Self { device, pace, queue: Vec::new(), most_in_flight: 0 }
    }

    /// A program that has run a few small slices while its model was loaded.
    pub fn loaded(profile: Profile) -> Self {
        Self::seeded(profile, 7)
    }

    pub fn seeded(profile: Profile, seed: u64) -> Self {
        let mut program = Self::new(profile, seed);
        let start = program.device.now;
        let mut slices = 0;
        while slices < 8 || (slices < 100 && program.device.now - start < 0.2) {
            program.op(64, [2.0 * 768.0 * 768.0, 8.0 * 768.0]);
            slices = program.device.slices.len();
        }
        program.end();
        program.device.slices.clear();
        program
    }

    pub fn op(&mut self, rows: usize, [flop, bytes]: [f64; 2]) {
        let most = self.pace.dispatch_rows(flop);
        for start in (0..rows).step_by(most) {
            let rows = most.min(rows - start);
            let (flop, bytes) = (flop * rows as f64, bytes * rows as f64);
            self.device.now += 40e-6;
            self.queue.push(Dispatch { rows, flop, bytes });
            if self.pace.queued(flop) {
                self.flush();
            }
        }
    }

    pub fn flush(&mut self) {
        while self.pace.must_wait() {
            self.pace.completed(self.device.wait());
        }
        self.device.submit(&std::mem::take(&mut self.queue));
        self.pace.submitted(self.device.time());
        self.most_in_flight = self.most_in_flight.max(self.device.reports.len());
    }

    pub fn end(&mut self) {
        if !self.queue.is_empty() {
            self.flush();
        }
        while !self.device.reports.is_empty() {
            self.pace.completed(self.device.wait());
        }
    }

    /// Runs one forward pass with as many rows as the pace allows, at most `most_rows`, and waits for its end. `most_in_flight` is that
    /// of the whole program.
    pub fn pass(&mut self, model: Model, most_rows: usize) -> Pass {
        let rows = self.pace.pass_rows(model.row_flop()).min(most_rows);
        let (start, before) = (self.device.now, self.device.slices.len());
        for _ in 0..model.layers {
            for op in model.layer() {
                self.op(rows, op);
            }
        }
        self.end();
        let slices = &self.device.slices[before..];
        let (wall, most_in_flight) = (self.device.now - start, self.most_in_flight);
        Pass { slices: slices.len(), work: slices.iter().sum(), wall, most_in_flight }
    }

    pub fn passes(&mut self, count: usize, model: Model, most_rows: usize) -> Vec<Pass> {
        (0..count).map(|_| self.pass(model, most_rows)).collect()
    }

    pub fn longest_slice(&self) -> f64 {
        self.device.slices.iter().copied().fold(0.0, f64::max)
    }
}
