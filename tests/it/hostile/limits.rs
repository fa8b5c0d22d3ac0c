//! Limits of one case: no panic, a maximum time, 256 MB of memory. Shared with `fuzz/`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, Once};
use std::time::{Duration, Instant};

/// Bytes that a case may hold at once, beyond those that its thread held before.
pub const MAX_BYTES: usize = 256 << 20;

/// A case that takes longer ends the process, so that a hang is a report. Counted in looks of [`LOOKS_EVERY`] at it: a machine
/// that stands still for minutes is one look.
const HANGS_AFTER: Duration = Duration::from_secs(120);
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// The system's allocator, which counts per thread while a case runs, and refuses what is beyond [`MAX_BYTES`].
/// Counting per thread leaves out the tests beside this one; a case runs on the thread that started it.
pub struct CountingAllocator;

#[derive(Clone, Copy)]
struct Usage {
    counted: bool,
    bytes: isize,
    peak: isize,
    /// The largest request that was refused.
    refused: usize,
}

const NOTHING: Usage = Usage { counted: false, bytes: 0, peak: 0, refused: 0 };

thread_local! {
    static USAGE: Cell<Usage> = const { Cell::new(NOTHING) };
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The case that this thread runs; the allocator prints it, so it must not be dropped meanwhile.
    static CASE: Cell<&'static str> = const { Cell::new("") };
}

/// Whether `size` more bytes are within the limit; they are counted then.
fn admit(size: usize) -> bool {
    let mut usage = USAGE.get();
    if !usage.counted {
        return true;
    }
    let bytes = usage.bytes.saturating_add_unsigned(size);
    if bytes > MAX_BYTES as isize {
        // Most callers abort now. Standard error takes no memory.
        let first = usage.refused == 0;
        usage.refused = usage.refused.max(size);
        USAGE.set(NOTHING);
        if first {
            let held = usage.bytes;
            let _ = writeln!(std::io::stderr(), "{size} bytes were asked for beside {held}, in case {}", CASE.get());
        }
        USAGE.set(usage);
        return false;
    }
    usage.bytes = bytes;
    usage.peak = usage.peak.max(bytes);
    USAGE.set(usage);
    true
}

fn release(size: usize) {
    let mut usage = USAGE.get();
    if usage.counted {
        usage.bytes = usage.bytes.saturating_sub_unsigned(size);
        USAGE.set(usage);
    }
}

// SAFETY: memory comes from and goes to the system's allocator with the caller's layout.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if admit(layout.size()) { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if admit(layout.size()) { unsafe { System.alloc_zeroed(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        release(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !admit(size.saturating_sub(layout.size())) {
            return std::ptr::null_mut();
        }
        release(layout.size().saturating_sub(size));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Runs a case, and says what it broke: it panicked, took longer than `max_time`, or too much memory. What is slow runs
/// again, for its time on the processor: the machine may have been busy. `case` is printed where the process must end.
pub fn within_limits<T>(case: &str, max_time: Duration, run: impl Fn() -> T) -> Result<T, String> {
    let start = Instant::now();
    let result = once(case, &run);
    if start.elapsed() <= max_time {
        return result;
    }
    let before = thread_time();
    let result = once(case, &run);
    let time = thread_time().saturating_sub(before);
    if time > max_time { Err(format!("it took {time:?}")) } else { result }
}

/// What this thread has had of a processor so far, where the system says (Linux); else the time since the first call. Other
/// programs on the machine change it little.
pub fn thread_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn once<T>(case: &str, run: &impl Fn() -> T) -> Result<T, String> {
    keep_panics();
    let _watched = Watched::start(case);
    // SAFETY: `CASE` is set back before `case` can go.
    CASE.set(unsafe { std::mem::transmute::<&str, &'static str>(case) });
    USAGE.set(Usage { counted: true, ..NOTHING });
    let result = catch_unwind(AssertUnwindSafe(run));
    let usage = USAGE.replace(NOTHING);
    CASE.set("");
    let panic = PANIC.take();
    match result {
        _ if usage.refused > 0 => Err(format!("{} bytes were asked for, {} at most held", usage.refused, usage.peak)),
        Ok(result) => Ok(result),
        Err(_) => Err(panic.unwrap_or_else(|| "it panicked".into())),
    }
}

/// Keeps the message of a panic in a case, which would else be printed for each of thousands of cases.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match CASE.get() {
            "" => usual(info),
            _ => PANIC.set(Some(info.to_string())),
        }));
    });
}

/// A case that the watchdog knows of, until it is dropped.
struct Watched(u64);

/// Running cases, each with its number and the time that it was seen to run.
static RUNNING: Mutex<Vec<(u64, Duration, String)>> = Mutex::new(Vec::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Watched {
    fn start(case: &str) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| drop(std::thread::spawn(watch)));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        RUNNING.lock().unwrap().push((number, Duration::ZERO, case.to_owned()));
        Self(number)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        RUNNING.lock().unwrap().retain(|(number, ..)| *number != self.0);
    }
}

fn watch() {
    loop {
        std::thread::sleep(LOOKS_EVERY);
        for (_, time, case) in RUNNING.lock().unwrap().iter_mut() {
            *time += LOOKS_EVERY;
            if *time > HANGS_AFTER {
                let _ = writeln!(std::io::stderr(), "still running after {HANGS_AFTER:?}: case {case}");
                std::process::abort();
            }
        }
    }
}
