//! Threads that share the work of a kernel. How work is cut never depends on how many there are, and each part is made whole
//! by one of them: any number of threads gives the same bits.
//!
//! Not rayon's pool, because that waits for ever for a thread that has trapped, which is how a panic in wasm ends: here the
//! page reports it (`fail`), and the call traps too. The caller takes part, so a thread that is late is not waited for.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// Multiply-adds (or steps as long) from which on it is worth waking threads.
const WORTH: usize = 1 << 19;
/// Rows that are a part, in kernels that do little with each.
pub(super) const ROWS: usize = 16;
/// Looks at a number that another thread is about to change, before sleeping: some tens of microseconds, longer than what lies
/// between two kernels, shorter than going to sleep and waking up.
const SPINS: usize = 20_000;

/// What the threads run until no part is left.
type Job = &'static (dyn Fn() + Sync);

/// Changed with `JOB` locked, as are the numbers below; they are read without while spinning.
static JOB: Mutex<Option<Job>> = Mutex::new(None);
/// Jobs so far.
static ROUND: AtomicUsize = AtomicUsize::new(0);
/// Threads now in the job.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static FAILED: AtomicBool = AtomicBool::new(false);
static NEW_JOB: Condvar = Condvar::new();
static ALL_DONE: Condvar = Condvar::new();
/// Threads besides the callers'.
static THREADS: AtomicUsize = AtomicUsize::new(0);
/// Held while a job is shared. Whoever finds it held does its work alone.
static TURN: Mutex<()> = Mutex::new(());

/// Runs `run` on every part, with the help of the pool where `work`, in multiply-adds, is worth it. Each thread that takes
/// part makes one `scratch`.
pub(super) fn each<T: Send, S>(
    work: usize,
    parts: impl IntoIterator<Item = T, IntoIter: Send>,
    scratch: impl Fn() -> S + Sync,
    run: impl Fn(&mut S, T) + Sync,
) {
    let parts = Mutex::new(parts.into_iter());
    let next = || lock(&parts).next();
    let job = || {
        let mut scratch = scratch();
        while let Some(part) = next() {
            run(&mut scratch, part);
        }
    };
    if work < WORTH || THREADS.load(Ordering::Relaxed) == 0 {
        return job();
    }
    match TURN.try_lock() {
        Err(TryLockError::WouldBlock) => job(),
        _turn => share(&job),
    }
}

fn share(job: &(dyn Fn() + Sync)) {
    /// Takes the job back, also when this thread's share of it panics, and waits until nobody is in it.
    struct Shared;
    impl Drop for Shared {
        fn drop(&mut self) {
            *lock(&JOB) = None;
            spin(|| RUNNING.load(Ordering::Acquire) == 0);
            let mut job = lock(&JOB);
            // Natively a thread that panics still leaves the job; in wasm it has trapped and never does.
            let gone = || cfg!(target_arch = "wasm32") && FAILED.load(Ordering::Relaxed);
            while RUNNING.load(Ordering::Relaxed) > 0 && !gone() {
                job = ALL_DONE.wait(job).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
    // SAFETY: `Shared` ends before what the job borrows does, and then nobody is in it; unless a thread of a wasm module has
    // trapped, which ends the module.
    let shared = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), Job>(job) };
    let taken_back = Shared;
    {
        let mut job = lock(&JOB);
        *job = Some(shared);
        ROUND.fetch_add(1, Ordering::Release);
        if cfg!(not(target_arch = "wasm32")) {
            FAILED.store(false, Ordering::Relaxed); // of a job whose caller panicked too
        }
    }
    NEW_JOB.notify_all();
    job();
    drop(taken_back);
    if FAILED.swap(false, Ordering::Relaxed) {
        resume_unwind(Box::new("a thread of the pool failed"));
    }
}

/// Gives the thread that calls this to the pool, for good.
pub fn join() -> ! {
    let mut seen = ROUND.load(Ordering::Relaxed);
    THREADS.fetch_add(1, Ordering::Relaxed);
    loop {
        spin(|| ROUND.load(Ordering::Relaxed) != seen);
        let mut job = lock(&JOB);
        while ROUND.load(Ordering::Acquire) == seen {
            job = NEW_JOB.wait(job).unwrap_or_else(PoisonError::into_inner);
        }
        seen = ROUND.load(Ordering::Relaxed);
        let Some(run) = *job else { continue };
        RUNNING.fetch_add(1, Ordering::Relaxed);
        drop(job);
        let result = catch_unwind(AssertUnwindSafe(run));
        let _job = lock(&JOB);
        FAILED.fetch_or(result.is_err(), Ordering::Relaxed);
        if RUNNING.fetch_sub(1, Ordering::Release) == 1 {
            ALL_DONE.notify_one();
        }
    }
}

/// Says that a thread of the pool has trapped: whoever waits for it traps too.
#[cfg(feature = "threads")]
pub fn fail() {
    let _job = lock(&JOB);
    FAILED.store(true, Ordering::Relaxed);
    ALL_DONE.notify_one();
}

/// Adds threads to the pool.
///
/// # Errors
/// If the system has no more.
#[cfg(not(target_arch = "wasm32"))]
pub fn start(threads: usize) -> std::io::Result<()> {
    let wanted = THREADS.load(Ordering::Relaxed) + threads;
    for _ in 0..threads {
        std::thread::Builder::new().name("luke".into()).spawn(|| join())?;
    }
    while THREADS.load(Ordering::Relaxed) < wanted {
        std::thread::yield_now();
    }
    Ok(())
}

fn spin(done: impl Fn() -> bool) {
    for _ in 0..SPINS {
        if done() {
            return;
        }
        std::hint::spin_loop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::{Duration, Instant};

    use super::super::{
        Activation, AttentionShape, Columns, PackedMatrix, Packing, QuantisedMatrix, RowGroup, add_layer_norm,
        entity_attention, linear, quantised,
    };
    use super::*;
    use crate::weights::{DType, Integers, RowTable};

    /// The results of the kernels on sizes that are worth sharing and divide by nothing.
    fn results() -> Vec<Vec<f32>> {
        const K: usize = 133;
        let numbers = |count: usize, step: usize| (0..count).map(move |i| ((i * step) % 1009) as f32 / 500.0 - 1.0);
        let numbers = |count, step| numbers(count, step).collect::<Vec<_>>();
        let (x, w, bias) = (numbers(101 * K, 37), numbers(450 * K, 53), numbers(450, 7));
        let group = |rows, first_feature| RowGroup { rows, first_feature };
        let groups = vec![group(0..70, 0), group(70..101, 41)];
        let plan = linear::Plan { rows: 101, in_features: K, out_features: 409, groups, activation: Activation::Gelu };
        let table = |dtype: DType| RowTable::new(K, dtype, dtype.encode(&w, K, Integers::Summable));
        let packed = PackedMatrix::new(&table(DType::F32));
        let at = |first: usize| Columns { to_words: first, to_entities: first + 12, key: first + 24, value: 60 };
        let packing = Packing::new(&[(60, 17), (1, 0), (50, 33)]);
        let shape = AttentionShape { packing, heads: 3, head_dim: 4, word: at(0), entity: at(12) };
        vec![
            linear::cpu_packed(&x, &packed, &bias, &plan),
            quantised::cpu(&x, &QuantisedMatrix::new(&table(DType::Q8)), &bias, &plan),
            entity_attention::cpu(&numbers(161 * 72, 29), &numbers(161, 3), &shape),
            add_layer_norm::cpu(&numbers(1000 * K, 11), &numbers(1000 * K, 13), &bias[..K], &bias[K..2 * K], 1e-5),
        ]
    }

    #[test]
    fn threads_take_part_change_no_bit_and_do_not_keep_a_panic_for_themselves() {
        let bits = |results: Vec<Vec<f32>>| -> Vec<Vec<u32>> {
            results.into_iter().map(|result| result.into_iter().map(f32::to_bits).collect()).collect()
        };
        let alone = bits(results());
        start(3).unwrap();
        for _ in 0..50 {
            assert!(bits(results()) == alone);
        }

        // Other tests may have the pool just now.
        let seen = Mutex::new(HashSet::new());
        let late = Instant::now() + Duration::from_secs(60);
        while seen.lock().unwrap().len() < 4 && Instant::now() < late {
            let nap = |(): &mut (), _| {
                seen.lock().unwrap().insert(std::thread::current().id());
                std::thread::sleep(Duration::from_millis(2));
            };
            each(WORTH, 0..16, || (), nap);
        }
        assert!(seen.lock().unwrap().len() >= 4);

        let caller = std::thread::current().id();
        let failed = || {
            catch_unwind(|| {
                each(
                    WORTH,
                    0..16,
                    || (),
                    |(), _| {
                        assert!(std::thread::current().id() == caller, "on purpose");
                        std::thread::sleep(Duration::from_millis(2));
                    },
                )
            })
            .is_err()
        };
        assert!((0..1000).any(|_| failed()), "a panic of another thread reaches the caller");
        assert!(bits(results()) == alone);
    }
}
