//! Bounds of the numbers and lists that a caller gives, and the time for a text before the model runs, which must be
//! proportional to its length.

use std::time::{Duration, Instant};

use luke_web::Luke;
use luke_web::tasks::from_value;
use luke_web::tasks::ner::{NerOptions, Reader};
use luke_web::tasks::qa::{Layout, QaInput, QaOptions};
use pollster::block_on;
use serde_json::{Value, json};

use crate::hostile::limits::thread_time;
use crate::support::{folder, load};

/// Length of the texts whose reading is timed, in bytes. On two busy cores, a text of 1 MB took less than 12 s for its
/// tokens and less than 12 s for its passes. When sentence splitting was quadratic, 80 kB took a minute.
const BYTES: usize = 50_000;

/// Runs a call and returns the message of its `input` error.
fn refused(luke: &Luke, task: &str, input: Value, options: Value) -> String {
    let error = block_on(luke.call(task, input, options.clone())).map(drop).expect_err(&format!("{task} {options}"));
    assert_eq!(error.code(), "input", "{task} {options}: {error}");
    error.to_string()
}

/// Every numeric option below and above its range is refused; the largest value of the range is accepted.
#[test]
fn numbers_out_of_range_are_refused_by_name_and_range() {
    let ner = json!("Tokyo");
    let qa = json!({ "question": "?", "context": "Tokyo beats Paris" });
    let cloze = json!({ "passage": "Paris", "query": "@placeholder", "candidates": [[0, 5]] });
    let mask = json!({ "text": "<mask>" });
    let entities = json!({ "text": "Tokyo", "spans": [[0, 5]] });
    let (tokens, seq_tokens) = (65_536, ("maxSeqTokens", 512));
    let of_ner = [("maxSpanTokens", tokens), ("maxEntitiesPerPass", 16_384), seq_tokens];
    let of_qa = [
        ("docStride", tokens),
        ("maxQuestionTokens", tokens),
        ("maxAnswerTokens", tokens),
        ("nBest", 1000),
        ("topK", 1000),
        seq_tokens,
    ];
    let of_cloze = [("docStride", tokens), ("maxQueryTokens", tokens), ("maxMentionTokens", tokens), seq_tokens];
    type Maxima<'a> = &'a [(&'a str, u64)];
    let cases: [(&str, &str, &Value, Maxima); 5] = [
        ("micro-span_cls", "ner", &ner, &of_ner),
        ("micro-qa", "qa", &qa, &of_qa),
        ("micro-cloze", "cloze", &cloze, &of_cloze),
        ("micro-mlm", "fillMask", &mask, &[("topK", 1000)]),
        ("micro-mlm", "predictEntities", &entities, &[("topK", 1000)]),
    ];
    for (model, task, input, options) in cases {
        let luke = load(&folder(model));
        for (option, max) in options.iter().copied() {
            for wrong in [json!(0), json!(max + 1), json!(10_000_000), json!(u64::from(u32::MAX)), json!(u64::MAX)] {
                let message = refused(&luke, task, input.clone(), json!({ option: wrong }));
                assert!(message.starts_with(option) && message.contains(&max.to_string()), "{message}");
            }
            for wrong in [json!(-1), json!(1.5), json!(1e300), json!("7"), json!([7])] {
                let message = refused(&luke, task, input.clone(), json!({ option: wrong }));
                assert!(message.contains(option), "{message}");
            }
            block_on(luke.call(task, input.clone(), json!({ option: max }))).unwrap();
        }
    }
}

/// Earlier, equal answers did not fill the list of the best, so every answer was decoded. A call took 7 s, of which the
/// model took less than one. The `hostile` tests found this.
#[test]
fn answers_that_repeat_are_cheap() {
    let luke = load(&folder("micro-qa"));
    let input = json!({ "question": "why ".repeat(300), "context": "中".repeat(232) });
    let time = |n_best: usize, max_answer_tokens: usize| {
        let options = json!({ "nBest": n_best, "maxAnswerTokens": max_answer_tokens, "docStride": 128 });
        let started = Instant::now();
        block_on(luke.call("qa", input.clone(), options)).unwrap();
        started.elapsed()
    };
    let model = time(1, 1);
    for n_best in [277, 1000] {
        let whole = time(n_best, 65_536);
        assert!(whole < 3 * model + Duration::from_secs(2), "nBest {n_best}: {whole:?}, the model alone {model:?}");
    }
}

/// All spans of a full window in "one" pass: they are more than one input can hold, so there are several passes.
#[test]
fn all_spans_in_one_pass_are_as_many_as_an_input_holds() {
    let luke = load(&folder("micro-span_cls"));
    let options = json!({ "maxEntitiesPerPass": null, "maxSpanTokens": 500, "candidates": "all" });
    let options: NerOptions = from_value("options", options).unwrap();
    let reader = Reader::new(&luke, &options).unwrap();
    let document = block_on(reader.text(&"a ".repeat(500))).unwrap();
    let mut spans = 0;
    for (inputs, scored) in reader.passes(&document) {
        inputs.checked(&luke.config).unwrap();
        spans += scored.len();
    }
    assert_eq!(spans, 500 * 501 / 2);
}

#[test]
fn thresholds_that_are_no_numbers_are_refused() {
    let luke = load(&folder("micro-qa"));
    let input = QaInput { question: "?".into(), context: "Tokyo".into() };
    for threshold in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let options = QaOptions { null_threshold: Some(threshold), ..Default::default() };
        let error = block_on(luke.qa(&input, &options)).unwrap_err();
        assert!(error.code() == "input" && error.to_string().starts_with("nullThreshold"), "{error}");
    }
    for threshold in [f64::MAX, f64::MIN, -0.0] {
        let options = QaOptions { null_threshold: Some(threshold), ..Default::default() };
        assert!(block_on(luke.qa(&input, &options)).is_ok(), "{threshold}");
    }
    let luke = load(&folder("micro-span_cls"));
    for threshold in [f64::NAN, f64::INFINITY, -1e-9, 1.0 + 1e-9] {
        let options = NerOptions { threshold: Some(threshold), ..Default::default() };
        let error = Reader::new(&luke, &options).map(drop).unwrap_err();
        assert!(error.code() == "input" && error.to_string().starts_with("threshold"), "{error}");
    }
}

#[test]
fn lists_that_are_too_long_are_refused_by_name() {
    let spans = |n: usize| vec![[0, 5]; n];
    let luke = load(&folder("micro-mlm"));
    let message = refused(&luke, "fillMask", json!({ "text": "<mask>".repeat(1001) }), Value::Null);
    assert!(message.starts_with("text") && message.contains("1001") && message.contains("1000"), "{message}");
    for (task, max) in [("predictEntities", 1000), ("embed", 10_000)] {
        let message = refused(&luke, task, json!({ "text": "Tokyo", "spans": spans(max + 1) }), Value::Null);
        assert!(message.starts_with("spans") && message.contains(&max.to_string()), "{message}");
    }
    let luke = load(&folder("micro-qa"));
    let entities: Value =
        (0..100_001).map(|i| (i.to_string(), json!("Tokyo"))).collect::<serde_json::Map<_, _>>().into();
    let message = refused(&luke, "qa", json!({ "question": "?", "context": "Tokyo" }), json!({ "entities": entities }));
    assert!(message.starts_with("entities") && message.contains("100000"), "{message}");
    let luke = load(&folder("micro-cloze"));
    let passage = "lucky ".repeat(2000);
    let call =
        |candidates: Vec<[usize; 2]>| json!({ "passage": passage, "query": "@placeholder", "candidates": candidates });
    let message = refused(&luke, "cloze", call(spans(10_001)), Value::Null);
    assert!(message.starts_with("candidates") && message.contains("10000"), "{message}");
    // As many that all overlap would have the passage read as often.
    let message = refused(&luke, "cloze", call((0..10_000).map(|i| [i, 11_999]).collect()), Value::Null);
    assert!(message.starts_with("candidates") && message.contains("64"), "{message}");
}

/// Texts that are slow to read if some work is repeated at each position: long runs of one thing, and a mix of
/// everything.
fn hostile_texts() -> Vec<(&'static str, String)> {
    let long = |start: &str, filler: &str| format!("{start}{}", filler.repeat(BYTES / filler.len()));
    let mut everything = String::new();
    let pieces =
        ["Ana. ", ")", "  ", "\u{301}", "👍", "9", ".", "\u{200d}", "\0", "the ", "京", "\n", "\u{a0}", "“", "A"];
    for i in 0..BYTES / 5 {
        everything.push_str(pieces[i.wrapping_mul(2_654_435_761) % pieces.len()]);
    }
    vec![
        ("spaces", long("He left. ", " ")),
        ("brackets", long("He left.", ")")),
        ("digits", long("He left.)", "0")),
        ("digits and spaces", long("He left. ", "0 ")),
        ("marks", long("He left. ", "\u{301}")),
        ("emoji", long("He left. ", "👍")),
        ("full stops", long("", ".")),
        ("one long word", long("", "a")),
        ("short words", long("", "a ")),
        ("capitals", long("The and of ", "Ana ")),
        ("sentences", long("", "Ana. ")),
        ("lines", long("", "A\n")),
        ("invisible", long("Ana ", "\0")),
        ("invisible between words", long("Ana of ", "\0\0\0A")),
        ("everything", everything),
    ]
}

/// The part of `ner` before the model: words, sentences, tokens, spans and passes.
#[test]
fn reading_any_text_takes_time_proportional_to_it() {
    let luke = load(&folder("micro-span_cls"));
    for (what, text) in hostile_texts() {
        for candidates in ["likely", "all"] {
            let options: NerOptions = from_value("options", json!({ "candidates": candidates })).unwrap();
            let (reader, started) = (Reader::new(&luke, &options).unwrap(), thread_time());
            let document = block_on(reader.text(&text)).unwrap();
            let read = thread_time() - started;
            let spans: usize = reader.passes(&document).map(|(_, spans)| spans.len()).sum();
            let passes = thread_time() - started - read;
            let limit = Duration::from_secs(5);
            assert!(read < limit && passes < limit, "{what}, {candidates}: {read:?}, {spans} spans in {passes:?}");
        }
    }
}

#[test]
fn laying_out_any_context_takes_time_proportional_to_it() {
    let luke = load(&folder("micro-qa"));
    for (what, text) in hostile_texts() {
        let entities = json!({ "a a a a a a a a a a a a": "Tokyo", "ana": "Tokyo", "...............": "Paris" });
        let options: QaOptions = from_value("options", json!({ "entities": entities, "docStride": 1 })).unwrap();
        let (input, started) = (QaInput { question: text.chars().take(500).collect(), context: text }, thread_time());
        let layout = block_on(Layout::new(&luke, &input, &options)).unwrap();
        let windows = layout.windows.ranges().len();
        let time = thread_time() - started;
        assert!(time < Duration::from_secs(5), "{what}: {windows} windows in {time:?}");
    }
}
