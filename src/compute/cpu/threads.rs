//! Threads that share the work of a kernel. How work is cut never depends on how many there are, and each part is
//! computed whole by one of them: any number of threads gives the same bits.
//!
//! The caller takes parts like the others, so it waits only for threads that have begun a part, never for one that is
//! late.
//!
//! # A thread that traps
//! In wasm a panic is a trap, which ends the thread in the middle of a part: its Rust code does not run any more, and
//! cannot report the trap. rayon's pool would wait for it for ever. Here JavaScript reports it (`pkg/src/thread.ts`):
//! the thread's script catches the trap and sets a flag in the shared memory, at the address that `lost_flag` gives. It
//! uses `Atomics` and does not call into wasm, because the trap leaves the wasm stack pointer where it was: after a
//! stack overflow, at the end of the stack. The caller looks at the flag while it waits, and traps too; then
//! `pkg/src/wasm.ts` replaces the instance. A lost thread holds no lock of the pool. Only a trap inside the allocator
//! would leave a lock behind, the allocator's own.
//!
//! The page cannot end the wait by terminating the worker that waits. The threads' workers belong to that worker: their
//! messages and errors arrive in its event loop, which stands still during the wait, so the page does not learn of the
//! trap. And the worker may be the host's own, and holds all models that were loaded in it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Multiply-adds (or steps as long) from which on it is worth waking threads.
const WORTH: u64 = 1 << 19;
/// Rows of a part, in kernels that do little with each row.
pub(super) const ROWS: usize = 16;
/// How often a thread looks at a number that another one is about to change before it sleeps: some tens of
/// microseconds, longer than the gap between two kernels, shorter than going to sleep and waking up.
const SPINS: usize = 20_000;
/// How often a caller that sleeps looks whether a thread is lost.
const LOST_CHECK: Duration = Duration::from_millis(20);

/// The panic of a caller whose job panicked on another thread.
struct ThreadFailed;

/// What the threads run, each until no part is left.
type Job = &'static (dyn Fn() + Sync);

/// The pool of the process, or of the wasm instance.
static POOL: Pool = Pool::new();

struct Pool {
    /// The job that is shared now. `round` and `running` change only while this is locked; spinning threads read them
    /// without.
    job: Mutex<Option<Job>>,
    /// Jobs so far.
    round: AtomicUsize,
    /// Threads that are in a job now.
    running: AtomicUsize,
    new_job: Condvar,
    /// Nobody is in the job any more.
    all_done: Condvar,
    /// Threads besides the callers'.
    threads: AtomicUsize,
    /// A thread has left the job by a panic.
    panicked: AtomicBool,
    /// Not 0: a thread has trapped and will never leave the job. JavaScript sets it.
    lost: AtomicU32,
    /// Held while a job is shared. A caller that finds it held computes alone.
    turn: Mutex<()>,
}

/// The work of a kernel in multiply-adds: the product of its sizes. In 64 bits, because `usize` has 32 in wasm: there a
/// layer of 1024 rows, 4096 by 1024 features, would wrap to no work at all.
pub(super) fn work<const N: usize>(sizes: [usize; N]) -> u64 {
    sizes.iter().fold(1, |work: u64, size| work.saturating_mul(*size as u64))
}

/// Runs `run` on every part, with the help of the pool where `work`, in multiply-adds, is worth it. Each thread that
/// takes part makes one `scratch`.
///
/// # Panics
/// If `run` panics, on whichever thread, or a thread of the pool is lost.
pub(super) fn each<T: Send, S>(
    work: u64,
    parts: impl IntoIterator<Item = T>,
    scratch: impl Fn() -> S + Sync,
    run: impl Fn(&mut S, T) + Sync,
) {
    POOL.each(work, parts, scratch, run);
}

/// Gives the thread that calls this to the pool, for good.
pub fn join() -> ! {
    POOL.join()
}

/// The address of an i32 that JavaScript sets to 1 when a thread has trapped; see the module's documentation.
#[cfg(feature = "threads")]
pub fn lost_flag() -> usize {
    POOL.lost.as_ptr() as usize
}

/// Adds `threads` threads to the pool of the process, and returns when they are ready. They compute beside the thread
/// that calls an op, so `n - 1` of them let `n` threads compute. They stay until the process ends.
///
/// # Errors
/// That of the system, if it refuses to start a thread. Those that were started before it stay in the pool.
#[cfg(not(target_arch = "wasm32"))]
pub fn start(threads: usize) -> std::io::Result<()> {
    POOL.start(threads)
}

impl Pool {
    const fn new() -> Self {
        Self {
            job: Mutex::new(None),
            round: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            new_job: Condvar::new(),
            all_done: Condvar::new(),
            threads: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            lost: AtomicU32::new(0),
            turn: Mutex::new(()),
        }
    }

    fn each<T: Send, S>(
        &self,
        work: u64,
        parts: impl IntoIterator<Item = T>,
        scratch: impl Fn() -> S + Sync,
        run: impl Fn(&mut S, T) + Sync,
    ) {
        let parts = parts.into_iter();
        let shared = work >= WORTH && self.threads.load(Ordering::Relaxed) > 0;
        let turn = if shared { self.turn.try_lock() } else { Err(TryLockError::WouldBlock) };
        if let Err(TryLockError::WouldBlock) = turn {
            let mut scratch = scratch();
            return parts.for_each(|part| run(&mut scratch, part));
        }
        // Each part has a lock of its own, held only to take it out: a thread that traps in `run` holds none.
        let parts: Vec<Mutex<Option<T>>> = parts.map(|part| Mutex::new(Some(part))).collect();
        let next = AtomicUsize::new(0);
        self.share(&|| {
            let mut scratch = scratch();
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let part = lock(part).take();
                part.into_iter().for_each(|part| run(&mut scratch, part));
            }
        });
    }

    fn share(&self, job: &(dyn Fn() + Sync)) {
        /// Takes the job back, also when this thread's share of it panics, and waits until nobody is in it.
        struct Shared<'a>(&'a Pool);
        impl Drop for Shared<'_> {
            fn drop(&mut self) {
                self.0.take_back();
            }
        }
        // SAFETY: `Shared` is dropped before what the job borrows is, and then no thread is in the job or can enter it.
        // There is one exception, in wasm: after a thread was lost, the caller does not wait for the others. But then
        // it traps, without unwinding: what the job borrows stays in memory until the instance and its threads are
        // ended.
        let shared = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), Job>(job) };
        let taken_back = Shared(self);
        {
            let mut job = lock(&self.job);
            *job = Some(shared);
            self.round.fetch_add(1, Ordering::Release);
            self.panicked.store(false, Ordering::Relaxed); // of an earlier job, whose caller panicked too
        }
        self.new_job.notify_all();
        job();
        drop(taken_back);
        if self.panicked.swap(false, Ordering::Relaxed) || self.has_lost_thread() {
            // Without an allocation: a lost thread may hold the allocator's lock.
            resume_unwind(Box::new(ThreadFailed));
        }
    }

    fn take_back(&self) {
        *lock(&self.job) = None;
        spin(|| self.running.load(Ordering::Acquire) == 0);
        let mut job = lock(&self.job);
        while self.running.load(Ordering::Acquire) > 0 && !self.has_lost_thread() {
            (job, _) = self.all_done.wait_timeout(job, LOST_CHECK).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn has_lost_thread(&self) -> bool {
        self.lost.load(Ordering::Relaxed) != 0
    }

    fn join(&self) -> ! {
        let mut seen = self.round.load(Ordering::Relaxed);
        self.threads.fetch_add(1, Ordering::Relaxed);
        loop {
            spin(|| self.round.load(Ordering::Relaxed) != seen);
            let mut job = lock(&self.job);
            while self.round.load(Ordering::Acquire) == seen {
                job = self.new_job.wait(job).unwrap_or_else(PoisonError::into_inner);
            }
            seen = self.round.load(Ordering::Relaxed);
            let Some(run) = *job else { continue };
            self.running.fetch_add(1, Ordering::Relaxed);
            drop(job);
            let result = catch_unwind(AssertUnwindSafe(run));
            let _job = lock(&self.job);
            self.panicked.fetch_or(result.is_err(), Ordering::Relaxed);
            if self.running.fetch_sub(1, Ordering::Release) == 1 {
                self.all_done.notify_one();
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn start(&'static self, threads: usize) -> std::io::Result<()> {
        let wanted = self.threads.load(Ordering::Relaxed) + threads;
        for _ in 0..threads {
            std::thread::Builder::new().name("luke".into()).spawn(|| self.join())?;
        }
        while self.threads.load(Ordering::Relaxed) < wanted {
            std::thread::yield_now();
        }
        Ok(())
    }
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
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};
    use std::time::Instant;

    use super::*;

    /// A pool of three threads besides the caller, for one test.
    fn pool() -> &'static Pool {
        let pool: &'static Pool = Box::leak(Box::new(Pool::new()));
        pool.start(3).unwrap();
        pool
    }

    /// The threads that computed 16 parts, each of which takes a while; `None` where the call panicked.
    fn computed_by(pool: &Pool, run: impl Fn(usize) + Sync) -> Option<HashSet<ThreadId>> {
        let seen = Mutex::new(HashSet::new());
        let call = || {
            pool.each(
                WORTH,
                0..16,
                || (),
                |(), part| {
                    lock(&seen).insert(thread::current().id());
                    thread::sleep(Duration::from_millis(2));
                    run(part);
                },
            );
        };
        catch_unwind(AssertUnwindSafe(call)).ok().map(|()| lock(&seen).clone())
    }

    #[test]
    fn work_does_not_wrap_in_32_bits() {
        // A feed-forward layer of luke-large with 512 tokens and 512 entities.
        let sizes = [1024, 4096, 1024];
        assert_eq!(sizes.iter().fold(1u32, |work, size| work.wrapping_mul(*size as u32)), 0);
        assert_eq!(work(sizes), 1 << 32);
        assert!(work(sizes) >= WORTH);
        assert_eq!(work([usize::MAX; 3]), u64::MAX);
    }

    #[test]
    fn threads_take_part_where_it_is_worth_it() {
        let pool = pool();
        let late = Instant::now() + Duration::from_secs(60);
        while computed_by(pool, |_| ()).unwrap().len() < 4 {
            assert!(Instant::now() < late, "a thread of the pool computes nothing");
        }
        let caller = thread::current().id();
        pool.each(WORTH - 1, 0..16, || (), |(), _| assert_eq!(thread::current().id(), caller));
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_works_on() {
        let (pool, caller) = (pool(), thread::current().id());
        let failed = || computed_by(pool, |_| assert!(thread::current().id() == caller, "on purpose")).is_none();
        assert!((0..1000).any(|_| failed()), "a panic of another thread");
        assert!(computed_by(pool, |part| assert!(part != 3, "on purpose")).is_none(), "a panic of whoever has part 3");
        // The parts come from the caller's iterator on the caller's thread, so its panic finds nothing shared.
        let parts = (0..16).inspect(|part| assert!(*part < 9 && thread::current().id() == caller, "on purpose"));
        let call = || pool.each(WORTH, parts.clone(), || (), |(), _| ());
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        assert!(computed_by(pool, |_| ()).is_some());
    }

    /// As in wasm after a trap: the thread is in a part, and never leaves it.
    #[test]
    fn a_lost_thread_keeps_no_part_from_the_others_and_ends_the_call() {
        let pool = pool();
        let (result, ended) = mpsc::channel();
        let stuck: &AtomicBool = Box::leak(Box::default());
        let computed: &AtomicUsize = Box::leak(Box::default());
        thread::spawn(move || {
            let caller = thread::current().id();
            let run = |(): &mut (), _| {
                if thread::current().id() != caller && !stuck.swap(true, Ordering::Relaxed) {
                    loop {
                        thread::park();
                    }
                }
                thread::sleep(Duration::from_millis(2));
                computed.fetch_add(1, Ordering::Relaxed);
            };
            // A call may end before another thread has come.
            while !stuck.load(Ordering::Relaxed) {
                computed.store(0, Ordering::Relaxed);
                let call = || pool.each(WORTH, 0..16, || (), run);
                if catch_unwind(AssertUnwindSafe(call)).is_err() {
                    return result.send("failed");
                }
            }
            result.send("returned")
        });
        let late = Instant::now() + Duration::from_secs(60);
        while !(stuck.load(Ordering::Relaxed) && computed.load(Ordering::Relaxed) == 15) && Instant::now() < late {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(computed.load(Ordering::Relaxed), 15, "all other parts are computed");
        assert!(ended.recv_timeout(Duration::from_millis(100)).is_err(), "the caller waits for the part");
        pool.lost.store(1, Ordering::SeqCst);
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok("failed"));
    }
}
