//! The threads that annotate. Each takes a group of lines and runs it alone; the groups are written in their order. All use one
//! model, and a pass of the model is on one thread: so no thread waits for another inside a pass.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use luke_web::{Luke, LukeError};

use super::input::{Group, Groups};
use super::output::{Done, Output};
use super::progress::Progress;
use super::task::{Answered, Task};
use super::{Failure, OnError, input_error};

/// Groups of each thread that are taken and not written, those that wait for an earlier one included.
const GROUPS_IN_FLIGHT: usize = 8;
/// Bytes of lines in flight beyond which no group is taken.
const BYTES_IN_FLIGHT: usize = 64 << 20;
/// How often the output is brought to the disk. A kill of the program loses nothing that was written, only a power cut does.
const SYNC: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(200);

/// What all threads share.
pub struct Work {
    pub luke: Luke,
    pub task: Task,
    pub on_error: OnError,
    pub threads: usize,
    input: Mutex<Input>,
    state: Mutex<State>,
    /// A group was written, or the run ends.
    changed: Condvar,
}

struct Input {
    groups: Groups,
    /// A group that was read and not taken.
    next: Option<Group>,
}

struct State {
    output: Output,
    done: Done,
    /// Number of the group that is written next.
    next: Option<u64>,
    ready: BTreeMap<u64, Annotated>,
    groups_in_flight: usize,
    bytes_in_flight: usize,
    /// Threads that run.
    running: usize,
    /// Why the run ends before the end of the input.
    stop: Option<Stop>,
}

enum Stop {
    Failure(Failure),
    Panic(Box<dyn Any + Send>),
}

/// A group that is ready to be written.
struct Annotated {
    /// The lines of output before the first that ends the run.
    text: Vec<u8>,
    done: Done,
    /// Bytes of the group.
    bytes: usize,
    stop: Option<Stop>,
}

impl Work {
    /// Work on the rest of an input. `next` is the group that was read last.
    pub fn new(
        (luke, task): (Luke, Task),
        (on_error, threads): (OnError, usize),
        (groups, next): (Groups, Option<Group>),
        (output, done): (Output, Done),
    ) -> Self {
        let state = State {
            output,
            done,
            next: None,
            ready: BTreeMap::new(),
            groups_in_flight: 0,
            bytes_in_flight: 0,
            running: threads,
            stop: None,
        };
        let input = Mutex::new(Input { groups, next });
        Self { luke, task, on_error, threads, input, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Runs to the end of the input, and returns what is done.
    ///
    /// # Errors
    /// The first failure in the order of the lines. All lines before it are written.
    pub fn run(self, mut progress: Progress) -> std::result::Result<Done, Failure> {
        let syncer = lock(&self.state).output.syncer();
        let work = Arc::new(self);
        for number in 0..work.threads {
            let work = Arc::clone(&work);
            let spawned = thread::Builder::new().name(format!("annotate {number}")).spawn(move || work.thread());
            spawned.map_err(|error| LukeError::Unsupported(format!("threads: {error}")))?;
        }
        let (mut state, mut synced) = (lock(&work.state), Instant::now());
        while state.running > 0 && state.stop.is_none() {
            state = work.changed.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
            let done = state.done;
            if let Some(file) = syncer.as_ref().filter(|_| synced.elapsed() > SYNC) {
                drop(state);
                file.sync_data().map_err(|error| LukeError::io("output", &error))?;
                synced = Instant::now();
                state = lock(&work.state);
            }
            progress.show(done);
        }
        // A thread may still wait for input. The process ends without it.
        match state.stop.take() {
            Some(Stop::Failure(failure)) => return Err(failure),
            Some(Stop::Panic(panic)) => resume_unwind(panic),
            None => {}
        }
        state.output.finish(state.done)?;
        progress.end(state.done);
        Ok(state.done)
    }

    /// Takes and annotates groups until there are no more.
    fn thread(&self) {
        loop {
            let group = match self.take() {
                Ok(Some(group)) => group,
                Ok(None) => break,
                Err(failure) => {
                    lock(&self.state).stop.get_or_insert(Stop::Failure(failure));
                    break;
                }
            };
            let number = group.number;
            let annotated = catch_unwind(AssertUnwindSafe(|| self.annotate(&group)));
            let annotated = annotated.unwrap_or_else(|panic| Annotated::stopped(Stop::Panic(panic)));
            self.put(number, Annotated { bytes: group.bytes, ..annotated });
        }
        lock(&self.state).running -= 1;
        self.changed.notify_all();
    }

    /// Waits until there is room, and takes the next group.
    fn take(&self) -> std::result::Result<Option<Group>, Failure> {
        let mut input = lock(&self.input);
        let mut state = lock(&self.state);
        while state.stop.is_none()
            && (state.groups_in_flight >= GROUPS_IN_FLIGHT * self.threads || state.bytes_in_flight >= BYTES_IN_FLIGHT)
        {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stop.is_some() {
            return Ok(None);
        }
        drop(state);
        let group = match input.next.take() {
            Some(group) => Some(group),
            None => input.groups.next().map_err(|error| input_error(&error))?,
        };
        if let Some(group) = &group {
            let mut state = lock(&self.state);
            state.next.get_or_insert(group.number);
            state.groups_in_flight += 1;
            state.bytes_in_flight += group.bytes;
        }
        Ok(group)
    }

    /// Puts a group in its place, and writes what is in order now.
    fn put(&self, number: u64, annotated: Annotated) {
        let mut state = lock(&self.state);
        state.ready.insert(number, annotated);
        while state.stop.is_none()
            && let Some(next) = state.next
            && let Some(annotated) = state.ready.remove(&next)
        {
            state.groups_in_flight -= 1;
            state.bytes_in_flight -= annotated.bytes;
            match state.output.write(&annotated.text) {
                Ok(()) => {
                    state.done.lines += annotated.done.lines;
                    state.done.errors += annotated.done.errors;
                    state.stop = annotated.stop;
                }
                Err(error) => state.stop = Some(Stop::Failure(output_error(&error))),
            }
            state.next = Some(next + 1);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn annotate(&self, group: &Group) -> Annotated {
        let asked = group.lines.iter().map(|line| self.task.read(line)).collect();
        match self.task.answers(&self.luke, asked) {
            Ok(answers) => self.lines(group, answers),
            Err(error) => Annotated::stopped(Stop::Failure(error.into())),
        }
    }

    /// The lines of output of a group.
    fn lines(&self, group: &Group, answers: Vec<Answered>) -> Annotated {
        let (mut text, mut done) = (Vec::with_capacity(2 * group.bytes), Done::default());
        for ((line, answered), number) in group.lines.iter().zip(answers).zip(group.first + 1..) {
            match answered {
                Answered::Blank => {
                    text.extend(line.bytes());
                    text.push(b'\n');
                }
                Answered::Answer(answer, fields) => self.task.push_answer(line, fields, &answer, &mut text),
                Answered::Error(error, _) if self.on_error == OnError::Fail => {
                    let stop = Some(Stop::Failure(Failure::Line { number, error }));
                    return Annotated { text, done, bytes: 0, stop };
                }
                Answered::Error(error, fields) => {
                    self.task.push_error(line, fields, &error, &mut text);
                    done.errors += 1;
                }
            }
            done.lines += 1;
        }
        Annotated { text, done, bytes: 0, stop: None }
    }
}

impl Annotated {
    fn stopped(stop: Stop) -> Self {
        Self { text: Vec::new(), done: Done::default(), bytes: 0, stop: Some(stop) }
    }
}

fn output_error(error: &io::Error) -> Failure {
    LukeError::io("output", error).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
