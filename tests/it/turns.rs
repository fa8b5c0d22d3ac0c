//! Pauses: a long text is worked on in turns, a call may be ended at each, and calls that take turns do not disturb each other.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use luke_web::backend::DeviceKind;
use luke_web::folder::{CheckedFolder, FileEntry, Pausing, Reading, Source};
use luke_web::tasks::cloze::{self, ClozeInput};
use luke_web::tasks::ner::{NerOptions, Reader, Words};
use luke_web::tasks::qa::{self, QaInput};
use luke_web::tasks::{from_value, required};
use luke_web::{Luke, LukeError};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Files, folder};

/// Files of a folder, and what happens at pauses.
pub struct Paused {
    files: Files,
    pauses: Mutex<Pauses>,
}

pub struct Pauses {
    count: usize,
    /// The pause at which a call ends.
    last: usize,
    /// Whether a call waits at each pause until it is polled again.
    waits: bool,
    since: Instant,
    /// The longest times without a pause, the longest first, and the number of the pause that ended each.
    longest: Vec<(Duration, usize)>,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { count: 0, last: usize::MAX, waits: false, since: Instant::now(), longest: Vec::new() }
    }
}

impl Pauses {
    /// None yet; the call ends at the one after `last`.
    pub fn until(last: usize) -> Self {
        Self { last, ..Self::default() }
    }

    fn next(&mut self) {
        self.longest.push((self.since.elapsed(), self.count));
        self.longest.sort_by(|a, b| b.cmp(a));
        self.longest.truncate(3);
        self.since = Instant::now();
    }
}

impl Source for Paused {
    fn read<'a>(
        &'a self,
        file: &'a FileEntry,
        ahead: &'a [&'a FileEntry],
        again: bool,
        buffer: Vec<u8>,
    ) -> Reading<'a> {
        Box::pin(async move {
            let waits = self.pauses.lock().unwrap().waits;
            wait_once(waits).await;
            self.files.read(file, ahead, again, buffer).await
        })
    }

    fn pause(&self) -> Pausing<'_> {
        Box::pin(async {
            let waits = {
                let mut pauses = self.pauses.lock().unwrap();
                pauses.next();
                pauses.count += 1;
                if pauses.count > pauses.last {
                    return Err(LukeError::Aborted);
                }
                pauses.waits
            };
            wait_once(waits).await;
            Ok(())
        })
    }
}

async fn wait_once(mut waits: bool) {
    poll_fn(|_| if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// A model whose pauses are counted.
pub struct Subject {
    pub luke: Luke,
    source: Arc<Paused>,
}

impl Subject {
    pub fn new(path: std::path::PathBuf) -> Self {
        let checked = CheckedFolder::parse(&std::fs::read_to_string(path.join("manifest.json")).unwrap()).unwrap();
        let source = Arc::new(Paused { files: Files(path), pauses: Mutex::default() });
        let luke = block_on(Luke::load(checked, source.clone(), DeviceKind::Cpu, false)).unwrap();
        // A second call has the same pauses.
        luke.set_pass_cache_bytes(0);
        Self { luke, source }
    }

    /// Starts to count anew.
    pub fn start(&self, pauses: Pauses) {
        *self.source.pauses.lock().unwrap() = pauses;
    }

    /// How many pauses there were.
    pub fn pauses(&self) -> usize {
        self.source.pauses.lock().unwrap().count
    }
}

/// A text of words, with names, numbers, signs and lines.
fn prose(bytes: usize) -> String {
    let sentences = [
        "On 4 May 1996 Ada Lovelace, who was born in London, met the others of the Bank of England. ",
        "It was (as they said) \"the best of all days\", and U.S. shares rose by 3.5 percent; ",
        "nobody in São Paulo or 東京 had expected this!\n",
        "Which of them will have been there? He left at 9 p.m. Then it rained until the evening, for hours and hours. ",
    ];
    sentences
        .iter()
        .cycle()
        .scan(0, |written, sentence| {
            *written += sentence.len();
            (*written <= bytes + sentence.len()).then_some(*sentence)
        })
        .collect()
}

/// What the library does with a text before its first forward pass and after its last one, or a call that has few passes however
/// long its text is: the model's folder, and a function that runs it.
type Work = (&'static str, &'static str, fn(&Luke, &str) -> Result<(), LukeError>);

fn call(luke: &Luke, task: &str, input: Value, options: Value) -> Result<(), LukeError> {
    block_on(luke.call(task, input, options)).map(drop)
}

fn read_ner(luke: &Luke, text: &str, options: Value) -> Result<(), LukeError> {
    let options: NerOptions = from_value("options", options).unwrap();
    let reader = Reader::new(luke, &options)?;
    block_on(reader.text(text)).map(drop)
}

const WORK: [Work; 11] = [
    ("ner: reading", "micro-span_cls", |luke, text| read_ner(luke, text, json!({ "candidates": "all" }))),
    ("ner: reading, likely", "micro-span_cls", |luke, text| read_ner(luke, text, json!({ "candidates": "likely" }))),
    ("ner: reading, one sentence", "micro-span_cls", |luke, text| read_ner(luke, text, json!({ "sentences": "none" }))),
    ("ner: reading words", "micro-span_cls", |luke, text| {
        let options = NerOptions::default();
        let words = text.split_whitespace().map(str::to_owned).collect();
        block_on(Reader::new(luke, &options)?.words(&Words { words, sentences: None })).map(drop)
    }),
    ("typing", "micro-entity_cls", |luke, text| {
        call(luke, "typing", json!({ "text": text, "span": [3, 8] }), Value::Null)
    }),
    ("relation", "micro-entity_pair", |luke, text| {
        call(luke, "relation", json!({ "text": text, "head": [3, 8], "tail": [14, 26] }), Value::Null)
    }),
    ("fillMask", "micro-mlm", |luke, text| {
        call(luke, "fillMask", json!({ "text": format!("{text}<mask>") }), Value::Null)
    }),
    ("predictEntities", "micro-mlm", |luke, text| {
        call(luke, "predictEntities", json!({ "text": text, "spans": [[14, 26]] }), Value::Null)
    }),
    ("qa: layout", "micro-qa", |luke, text| {
        let input = QaInput { question: "Who?".into(), context: text.into() };
        block_on(qa::Layout::new(luke, &input, &Default::default())).map(drop)
    }),
    ("qa: layout with links", "micro-qa", |luke, text| {
        let options = from_value("options", json!({ "entities": { "Bank of England": "Japan", "The": "x" } })).unwrap();
        let input = QaInput { question: text.into(), context: text.into() };
        block_on(qa::Layout::new(luke, &input, &options)).map(drop)
    }),
    ("cloze: layout", "micro-cloze", |luke, text| {
        let input: ClozeInput = required(
            "input",
            json!({ "passage": text, "query": "@placeholder left", "candidates": [[14, 26], [45, 51]] }),
        )
        .unwrap();
        block_on(cloze::Layout::new(luke, &input, &Default::default())).map(drop)
    }),
];

#[test]
fn work_on_a_text_pauses_as_often_as_the_text_is_long() {
    for (what, model, run) in WORK {
        let subject = Subject::new(folder(model));
        let count = |bytes: usize| {
            let text = prose(bytes);
            subject.start(Pauses::default());
            run(&subject.luke, &text).unwrap();
            subject.pauses()
        };
        let [short, long] = [50_000, 200_000].map(count);
        assert!(short >= 50_000 / 10_000, "{what}: {short} pauses");
        assert!(long >= short * 3, "{what}: {short} pauses, {long} for four times the text");
    }
}

/// Each call of these is as long as its text.
const CALLS: [(&str, &str); 5] = [
    ("ner", "micro-span_cls"),
    ("qa", "micro-qa"),
    ("cloze", "micro-cloze"),
    ("fillMask", "micro-mlm"),
    ("embed", "micro-paged"),
];

fn input(task: &str, text: &str) -> Value {
    match task {
        "ner" => json!([text, text]),
        "qa" => json!({ "question": "Who met the others?", "context": text }),
        "cloze" => json!({ "passage": text, "query": "@placeholder left", "candidates": [[14, 26], [45, 51]] }),
        "fillMask" => json!({ "text": format!("<mask>{text}<mask>") }),
        _ => json!({ "text": text, "spans": [[14, 26], [45, 51]] }),
    }
}

/// Where the work after the last pass is long, it pauses too: in the entities, the tokens and the lists of an answer.
#[test]
fn a_call_pauses_before_each_pass_and_in_a_long_answer() {
    for (task, model) in CALLS {
        let subject = Subject::new(folder(model));
        let count = |bytes: usize| {
            subject.start(Pauses::default());
            call(&subject.luke, task, input(task, &prose(bytes)), Value::Null).unwrap();
            subject.pauses()
        };
        let [short, long] = [3_000, 24_000].map(count);
        assert!(long >= short + 2, "{task}: {short} pauses, {long} for eight times the text");
    }
}

#[test]
fn a_call_can_be_ended_at_each_of_its_pauses_and_the_next_one_runs() {
    for (task, model) in CALLS {
        let subject = Subject::new(folder(model));
        let run = |pauses: Pauses| {
            subject.start(pauses);
            block_on(subject.luke.call(task, input(task, &prose(10_000)), Value::Null))
        };
        let whole = run(Pauses::default()).unwrap();
        let count = subject.pauses();
        assert!(count > 1, "{task}: {count} pauses");
        for last in (0..count).step_by(1 + count / 8).chain([count - 1]) {
            let ended = run(Pauses::until(last));
            assert_eq!(ended, Err(LukeError::Aborted), "{task} at pause {last} of {count}");
            assert_eq!(subject.pauses(), last + 1, "{task}: nothing runs behind the pause that ends it");
        }
        assert_eq!(run(Pauses::until(count)).as_ref(), Ok(&whole), "{task}");
    }
}

static SHARED: LazyLock<[Subject; 3]> =
    LazyLock::new(|| ["micro-span_cls", "micro-mlm", "micro-paged"].map(|model| Subject::new(folder(model))));

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..Default::default() })]
    /// Calls of one model that wait for each other in any order give what each gives alone.
    #[test]
    fn calls_that_take_turns_give_what_they_give_alone(order in prop::collection::vec(0usize..4, 0..400), model in 0usize..3) {
        let (task, subject) = (["ner", "fillMask", "embed"][model], &SHARED[model]);
        let texts = [prose(6_000), prose(900).replace("the", "<mask> </s>"), "東京 <mask>".repeat(300), "Ada".into()];
        let arguments = |i: usize| {
            let special = if i.is_multiple_of(2) { "match" } else { "text" };
            let mut input = input(task, &texts[i]);
            let mut options = json!({ "specialTokens": special });
            if task == "embed" {
                input["spans"] = json!([[0, 1], [1, 3]]);
                options["titles"] = json!([format!("Entity {}", 600 + 300 * i), "Japan"]);
            }
            (input, options)
        };
        subject.start(Pauses::default());
        let alone = |(input, options)| block_on(subject.luke.call(task, input, options));
        let alone: Vec<_> = (0..4).map(|i| alone(arguments(i))).collect();
        // With nothing of the entity table in memory yet.
        let subject = Subject::new(subject.source.files.0.clone());
        subject.start(Pauses { waits: true, ..Default::default() });
        let mut calls: Vec<Pin<Box<dyn Future<Output = _>>>> = Vec::new();
        for (input, options) in (0..4).map(arguments) {
            calls.push(Box::pin(subject.luke.call(task, input, options)));
        }
        let mut results = [const { None }; 4];
        for call in order.into_iter().chain((0..4).cycle()) {
            if results.iter().all(Option::is_some) {
                break;
            }
            if results[call].is_none()
                && let Poll::Ready(result) = calls[call].as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                results[call] = Some(result);
            }
        }
        for (result, alone) in results.into_iter().zip(alone) {
            prop_assert_eq!(result.unwrap(), alone);
        }
    }
}

/// The longest times without a pause on texts of a megabyte, with `LUKE_MEASURE_PAUSES=1`: forward passes are among them, which
/// in these models take a millisecond or two.
#[test]
fn measured_times_without_a_pause() {
    if std::env::var("LUKE_MEASURE_PAUSES").is_err() {
        println!("not run: LUKE_MEASURE_PAUSES is not set");
        return;
    }
    let japanese = "昨日、安倍晋三は東京で記者会見を開いた。その後、彼は「パリ」へ行った。\n";
    let texts = [
        ("prose", prose(1_000_000)),
        ("no full stop", "the others of Ada ".repeat(1_000_000 / 18)),
        ("Japanese lines", japanese.repeat(1_000_000 / japanese.len())),
        ("Japanese, one line", japanese.trim_end().repeat(1_000_000 / japanese.len())),
        ("one word", "a".repeat(1_000_000)),
        ("short words", "a ".repeat(500_000)),
    ];
    let measure = |what: &str, kind: &str, subject: &Subject, run: &dyn Fn() -> Result<(), LukeError>| {
        subject.start(Pauses::default());
        let (started, result) = (Instant::now(), run());
        let (total, mut pauses) = (started.elapsed(), subject.source.pauses.lock().unwrap());
        pauses.next();
        let longest: String = pauses.longest.iter().map(|(time, at)| format!("{time:>8.1?} at {at:<6}")).collect();
        let error = result.err().map_or(String::new(), |error| error.to_string());
        println!("{what:28} {kind:20} {longest} of {} pauses in {total:.1?} {error}", pauses.count);
    };
    for (what, model, run) in WORK {
        let subject = Subject::new(folder(model));
        for (kind, text) in &texts {
            measure(what, kind, &subject, &|| run(&subject.luke, text));
        }
    }
    let (kind, text) = &texts[0];
    for (task, model) in CALLS {
        let subject = Subject::new(folder(model));
        measure(task, kind, &subject, &|| match task {
            // As arrays: a page does not get them as JSON.
            "embed" => {
                let input = required("input", input(task, text)).unwrap();
                block_on(subject.luke.embed(&input, &Default::default())).map(drop)
            }
            _ => call(&subject.luke, task, input(task, text), Value::Null),
        });
    }
}
