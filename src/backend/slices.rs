//! The work of the device that was opened last, submitted in slices as [`Pace`] says. The ops count their dispatches here; the
//! model waits here between its layers.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use burn_wgpu::wgpu::{Device, Queue};
use web_time::Instant;

use super::pace::{MAX_ROWS, Pace};
use crate::error::LukeError;

/// Most dispatches of a slice: the GPU begins with them while the next ones are recorded.
const MAX_DISPATCHES: usize = 32;

/// Fewest rows of a forward pass to which a lack of memory may lead.
const MIN_ROWS: usize = 64;

/// How long an unknown device is measured, unless [`MEASURED_SLICES`] come before.
const MEASURING: Duration = Duration::from_millis(200);

/// Slices that make a device known.
const MEASURED_SLICES: usize = 8;

static CURRENT: Mutex<Option<Slices>> = Mutex::new(None);

/// How fast a device is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// FLOP/s of late work; a lower bound on fast devices.
    pub flops: f64,
    /// From a submit without work until the program hears of its completion, the longest of three times.
    pub round_trip: Duration,
}

/// The work of one device.
struct Slices {
    gpu: Device,
    queue: Queue,
    pace: Pace,
    start: Instant,
    /// Tells the callbacks of this device from those of devices before it.
    generation: usize,
    /// Dispatches that were not submitted yet.
    dispatches: usize,
    /// Most rows of a forward pass that the memory of the device has room for.
    row_limit: usize,
    completed: usize,
    speed: Option<Speed>,
    /// Error scopes that were opened, and those of which the errors are known.
    scopes: [usize; 2],
    /// Who waits for a slice to be completed, and who for the errors of a scope.
    wakers: [Vec<Waker>; 2],
}

/// What a waiter waits for, by its place in [`Slices::wakers`].
const SLICE: usize = 0;
const SCOPE: usize = 1;

impl Slices {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Begins with a device that was just opened. `fault`: what went wrong on the one before. After `out-of-memory` a forward pass
/// may have half as many rows, but at least 64; any other fault counts as [`Pace::lost`].
pub fn begin(gpu: &Device, queue: &Queue, fault: Option<&LukeError>) {
    wake(SLICE);
    wake(SCOPE);
    let before = lock().take();
    let (generation, mut row_limit) = before.as_ref().map_or((0, MAX_ROWS), |old| (old.generation + 1, old.row_limit));
    let mut pace = before.as_ref().map_or_else(|| Pace::new(Duration::ZERO), |old| old.pace.clone());
    match fault {
        // What was slow or lost on one device is so on the next one: it is the same GPU.
        Some(LukeError::OutOfMemory(_)) => row_limit = (row_limit / 2).max(MIN_ROWS),
        Some(_) => pace.lost(),
        None => {}
    }
    pace.forget_work();
    let speed = before.and_then(|old| old.speed);
    let slices = Slices {
        gpu: gpu.clone(),
        queue: queue.clone(),
        pace,
        start: Instant::now(),
        generation,
        dispatches: 0,
        row_limit,
        completed: 0,
        speed,
        scopes: [0, 0],
        wakers: [Vec::new(), Vec::new()],
    };
    *lock() = Some(slices);
}

/// Says that the device gives no more answers. Nobody waits for it any longer.
pub fn end(gpu: &Device) {
    change(|slices| {
        if slices.gpu == *gpu {
            slices.pace.forget_work();
            slices.scopes[1] = slices.scopes[0];
        }
    });
    wake(SLICE);
    wake(SCOPE);
}

/// Counts a dispatch of `flop` FLOP that the runtime has queued, and submits the queue with `flush` where it is a slice.
pub fn launched(flop: f64, flush: impl FnOnce()) {
    let full = change(|slices| {
        slices.dispatches += 1;
        slices.pace.queued(flop) || slices.dispatches >= MAX_DISPATCHES
    });
    if full == Some(true) {
        flush();
        submitted();
    }
}

/// Says that the runtime has submitted all that was queued.
pub fn submitted() {
    let submitted = change(|slices| {
        let any = std::mem::take(&mut slices.dispatches) > 0;
        any.then(|| {
            let now = slices.now();
            slices.pace.submitted(now);
            (slices.queue.clone(), slices.generation)
        })
    });
    if let Some(Some((queue, generation))) = submitted {
        queue.on_submitted_work_done(move || {
            change(|slices| {
                if slices.generation == generation {
                    let now = slices.now();
                    slices.pace.completed(now);
                    slices.completed += 1;
                }
            });
            wake(SLICE);
        });
    }
}

/// Waits until another slice may be submitted. Returns whether it had to wait.
pub async fn ready() -> bool {
    until(SLICE, |slices| !slices.pace.must_wait()).await
}

/// Most rows (tokens and entities) of a forward pass with `flop` FLOP a row: those of [`Pace::pass_rows`], and no more than the
/// memory of the device has room for. [`MAX_ROWS`] where there is no device.
pub fn pass_rows(flop: f64) -> usize {
    change(|slices| slices.pace.pass_rows(flop).min(slices.row_limit)).unwrap_or(MAX_ROWS)
}

/// Most rows of a dispatch with `flop` FLOP a row, as [`Pace::dispatch_rows`]; `usize::MAX` where there is no device.
pub fn dispatch_rows(flop: f64) -> usize {
    change(|slices| slices.pace.dispatch_rows(flop)).unwrap_or(usize::MAX)
}

/// How fast the device is. `None` before [`measure`], and where there is no device.
pub fn speed() -> Option<Speed> {
    change(|slices| slices.speed.map(|speed| Speed { flops: slices.pace.rate().unwrap_or(speed.flops), ..speed }))?
}

/// Measures the device, unless it is known. `work` launches some work that is less than a slice, and `flush` submits it.
pub async fn measure(mut work: impl FnMut(), flush: impl Fn()) {
    let unknown = change(|slices| slices.speed.is_none().then(|| (slices.gpu.clone(), slices.queue.clone())));
    let Some(Some((gpu, queue))) = unknown else { return };
    let mut round_trip = Duration::ZERO;
    for _ in 0..3 {
        let start = Instant::now();
        queue.submit([]);
        work_done(&gpu, &queue).await;
        round_trip = round_trip.max(start.elapsed());
    }
    change(|slices| slices.pace = Pace::new(round_trip));
    let (start, before) = (Instant::now(), change(|slices| slices.completed).unwrap_or(0));
    let more = || change(|slices| slices.completed).is_some_and(|completed| completed < before + MEASURED_SLICES);
    // Alone at first, so that a slow device does not begin with slices for a fast one.
    for _ in 0..2 {
        work();
        flush();
        submitted();
        until(SLICE, |slices| slices.pace.is_idle()).await;
    }
    while more() && start.elapsed() < MEASURING {
        work();
        ready().await;
    }
    flush();
    submitted();
    until(SLICE, |slices| slices.pace.is_idle()).await;
    change(|slices| slices.speed = slices.pace.rate().map(|flops| Speed { flops, round_trip }));
}

/// Says that an error scope was opened on the device, and gives what [`scope_closed`] wants.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
pub fn scope_opened() -> usize {
    change(|slices| {
        slices.scopes[0] += 1;
        slices.generation
    })
    .unwrap_or(0)
}

/// Says that the errors of a scope are known.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
pub fn scope_closed(generation: usize) {
    change(|slices| {
        if slices.generation == generation {
            slices.scopes[1] = (slices.scopes[1] + 1).min(slices.scopes[0]);
        }
    });
    wake(SCOPE);
}

/// Waits until the errors of all scopes are known that were opened so far.
pub async fn scopes_closed() {
    let Some((opened, generation)) = change(|slices| (slices.scopes[0], slices.generation)) else { return };
    until(SCOPE, |slices| slices.generation != generation || slices.scopes[1] >= opened).await;
}

/// The device that was opened last, for error scopes; `None` where there is none.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
pub fn device() -> Option<Device> {
    change(|slices| slices.gpu.clone())
}

/// Waits until all that was submitted is completed.
async fn work_done(gpu: &Device, queue: &Queue) {
    let state = Arc::new(Mutex::new((false, None::<Waker>)));
    let called = state.clone();
    queue.on_submitted_work_done(move || {
        let mut state = called.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    });
    wait(gpu);
    poll_fn(|context| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = Some(context.waker().clone());
        if state.0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Waits until `is_so`, or until there is no device. Returns whether it was not so at first. `kind` is [`SLICE`] or [`SCOPE`].
async fn until(kind: usize, is_so: impl Fn(&Slices) -> bool) -> bool {
    let mut waited = false;
    poll_fn(|context| {
        let mut current = lock();
        let Some(slices) = current.as_mut().filter(|slices| !is_so(slices)) else { return Poll::Ready(waited) };
        waited = true;
        slices.wakers[kind].push(context.waker().clone());
        let gpu = slices.gpu.clone();
        drop(current);
        wait(&gpu);
        Poll::Pending
    })
    .await
}

/// Lets the callbacks of completed work run. Browsers do it by themselves.
#[cfg_attr(target_family = "wasm", allow(unused_variables))]
fn wait(gpu: &Device) {
    #[cfg(not(target_family = "wasm"))]
    if gpu.poll(burn_wgpu::wgpu::PollType::wait_indefinitely()).is_err() {
        end(gpu);
    }
}

/// Changes the slices of the current device. `None` where there is no device.
fn change<T>(with: impl FnOnce(&mut Slices) -> T) -> Option<T> {
    lock().as_mut().map(with)
}

/// Wakes who waits, without the lock.
fn wake(kind: usize) {
    let wakers = change(|slices| std::mem::take(&mut slices.wakers[kind]));
    wakers.into_iter().flatten().for_each(Waker::wake);
}

fn lock() -> std::sync::MutexGuard<'static, Option<Slices>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}
