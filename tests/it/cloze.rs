//! Compares `cloze` with the authors' ReCoRD pipeline on the same weights.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use luke_web::Luke;
use luke_web::tasks::cloze::{ClozeAnswer, ClozeInput, ClozeOptions, ClozeWindow, Layout};
use luke_web::tasks::{from_value, required};
use luke_web::text::{OffsetUnit, Offsets};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{TOLERANCE, assert_close, fixture, flat, folder, load, luke as run_luke, temporary};

static LUKE: LazyLock<Luke> = LazyLock::new(|| load(&folder("micro-cloze")));

fn cloze(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Vec<ClozeAnswer>> {
    let input: ClozeInput = required("input", input)?;
    pollster::block_on(luke.cloze(&input, &from_value::<ClozeOptions>("options", options)?))
}

fn options(case: &Value) -> Value {
    let names = [
        ("max_seq_length", "maxSeqTokens"),
        ("doc_stride", "docStride"),
        ("max_query_length", "maxQueryTokens"),
        ("max_mention_length", "maxMentionTokens"),
    ];
    let mut options = json!({ "offsets": "codepoint" });
    for (name, value) in case["args"].as_object().unwrap() {
        let (_, ours) = names.iter().find(|(theirs, _)| theirs == name).unwrap();
        options[ours] = value.clone();
    }
    options
}

fn cases() -> Vec<Value> {
    let files = [fixture("record.json"), fixture("cloze.json")];
    files.iter().flat_map(|file| file["cases"].as_array().unwrap().clone()).collect()
}

fn span(value: &Value) -> [usize; 2] {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn windows_and_logits_equal_the_authors() {
    let luke = &*LUKE;
    let mut windows_seen = 0;
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let input: ClozeInput = required(
            "input",
            json!({ "passage": case["passage"], "query": case["query"], "candidates": case["entities"] }),
        )
        .unwrap();
        let options = from_value("options", options(&case)).unwrap();
        let windows: Vec<ClozeWindow> =
            pollster::block_on(Layout::new(luke, &input, &options)).unwrap().windows().collect();
        let features = case["features"].as_array().unwrap();
        assert_eq!(windows.len(), features.len(), "{name}: windows");
        let offsets = Offsets::new(&input.passage, OffsetUnit::Codepoint);
        for (i, (window, want)) in windows.iter().zip(features).enumerate() {
            let what = format!("{name}, window {i}");
            assert_eq!(json!(window.inputs.input_ids), want["input_ids"], "{what}");
            assert_eq!(json!(window.inputs.entity_ids), want["entity_ids"], "{what}");
            assert_eq!(json!(window.inputs.entity_position_ids), want["entity_position_ids"], "{what}");
            let place = |bytes: &std::ops::Range<usize>| [bytes.start, bytes.end].map(|byte| offsets.of_byte(byte));
            let candidates: Vec<_> = window.candidates.iter().map(place).collect();
            assert_eq!(json!(candidates), want["entities"], "{what}");
            let outputs = pollster::block_on(luke.forward(&window.inputs, Some("cloze"))).unwrap();
            assert_eq!(
                (outputs[0].name.as_str(), &outputs[0].shape[..]),
                ("logits", &[candidates.len()][..]),
                "{what}"
            );
            assert_close(&what, &outputs[0].values, &flat(&want["logits"]), TOLERANCE);
            windows_seen += 1;
        }
    }
    assert!(windows_seen > 25, "only {windows_seen} windows compared");
}

#[test]
fn answers_equal_the_authors() {
    let luke = &*LUKE;
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let input = json!({ "passage": case["passage"], "query": case["query"], "candidates": case["entities"] });
        let answers = cloze(luke, input, options(&case)).unwrap();
        let mut best: BTreeMap<[usize; 2], f64> = BTreeMap::new();
        for feature in case["features"].as_array().unwrap() {
            for (place, logit) in feature["entities"].as_array().unwrap().iter().zip(flat(&feature["logits"])) {
                let known = best.entry(span(place)).or_insert(logit);
                *known = known.max(logit);
            }
        }
        assert_eq!(answers.len(), best.len(), "{name}");
        let passage: Vec<char> = case["passage"].as_str().unwrap().chars().collect();
        for answer in &answers {
            let want = best.remove(&[answer.start, answer.end]).unwrap_or_else(|| panic!("{name}: {answer:?} twice"));
            assert_close(name, &[answer.logit], &[want], TOLERANCE);
            assert_eq!(answer.text, passage[answer.start..answer.end].iter().collect::<String>(), "{name}");
        }
        assert!(answers.windows(2).all(|pair| pair[0].logit >= pair[1].logit), "{name}: best first");
        match answers.first() {
            Some(first) => {
                assert_eq!([first.start, first.end], span(&case["answer"]["span"]), "{name}");
                let sum: f64 = answers.iter().map(|answer| answer.score).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{name}: scores add up to {sum}");
                let ratio = f64::from(answers[0].logit - answers[answers.len() - 1].logit).exp();
                let scores = answers[0].score / answers[answers.len() - 1].score;
                assert!((scores - ratio).abs() < 1e-6 * ratio, "{name}: softmax");
            }
            None => assert_eq!(case["answer"], Value::Null, "{name}"),
        }
    }
}

#[test]
fn offsets_count_what_is_asked_for() {
    let luke = &*LUKE;
    let passage = "𝒳 Paris, Zürich";
    let run = |unit: &str, candidates: [[usize; 2]; 2]| {
        let input = json!({ "passage": passage, "query": "@placeholder", "candidates": candidates });
        let mut found = cloze(luke, input, json!({ "offsets": unit })).unwrap();
        found.sort_by_key(|answer| answer.start);
        assert_eq!([&found[0].text, &found[1].text], ["Paris", "Zürich"], "{unit}");
        assert_eq!([[found[0].start, found[0].end], [found[1].start, found[1].end]], candidates, "{unit}");
        [found[0].logit, found[1].logit]
    };
    let logits = run("utf16", [[3, 8], [10, 16]]);
    assert_eq!(run("codepoint", [[2, 7], [9, 15]]), logits);
    assert_eq!(run("byte", [[5, 10], [12, 19]]), logits);
}

#[test]
fn candidates_given_twice_count_once_and_overlapping_ones_are_all_scored() {
    let luke = &*LUKE;
    let run = |candidates: Value| {
        let passage = "the University of Tokyo Hospital in Japan";
        let input = json!({ "passage": passage, "query": "in @placeholder", "candidates": candidates });
        cloze(luke, input, Value::Null).unwrap()
    };
    let apart = run(json!([[4, 23], [36, 41]]));
    assert_eq!(run(json!([[36, 41], [4, 23], [36, 41]])), apart);
    let all = run(json!([[4, 23], [18, 23], [18, 32], [4, 14], [36, 41]]));
    let places: BTreeSet<_> = all.iter().map(|answer| (answer.start, answer.end)).collect();
    assert_eq!(places, BTreeSet::from([(4, 14), (4, 23), (18, 23), (18, 32), (36, 41)]));
    assert_eq!(all.len(), 5);
    // Those that overlap nothing before them are read together, as if the others were not there.
    let logit = |answers: &[ClozeAnswer], start, end| {
        answers.iter().find(|answer| (answer.start, answer.end) == (start, end)).unwrap().logit
    };
    let first = run(json!([[4, 14], [18, 23], [36, 41]]));
    for (start, end) in [(4, 14), (18, 23), (36, 41)] {
        assert_eq!(logit(&all, start, end), logit(&first, start, end), "{start} {end}");
    }
    assert_eq!(run(json!([])), []);
}

#[test]
fn a_blank_far_into_a_long_query_is_kept() {
    let luke = &*LUKE;
    let filler = "one two three ".repeat(80);
    for query in [format!("{filler}@placeholder"), format!("{filler}@placeholder {filler}"), "@placeholder".into()] {
        let input = ClozeInput { passage: "Paris or Tokyo".into(), query, candidates: vec![[0, 5], [9, 14]] };
        let options = ClozeOptions { max_query_tokens: 10, ..Default::default() };
        let window = pollster::block_on(Layout::new(luke, &input, &options)).unwrap().windows().next().unwrap();
        let inputs = &window.inputs;
        let blank = luke.manifest.heads["cloze"].tokens.unwrap().placeholder;
        assert_eq!(inputs.input_ids[inputs.entity_position_ids[0][0] as usize], blank);
        assert_eq!(inputs.input_ids.iter().filter(|id| **id == blank).count(), 1);
        let query_tokens = inputs.input_ids.iter().skip(1).take_while(|id| **id != 2).count();
        assert!((1..=10).contains(&query_tokens), "{query_tokens}");
    }
}

#[test]
fn a_candidate_at_every_place_of_a_long_passage_is_scored() {
    let luke = &*LUKE;
    let passage = "the lucky win ".repeat(800);
    let words: Vec<usize> = passage.match_indices("lucky").map(|(at, _)| at).collect();
    let candidates: Vec<_> = words.iter().step_by(10).map(|at| [*at, at + 5]).collect();
    let input = json!({ "passage": passage, "query": "a @placeholder", "candidates": candidates });
    let tokens = luke.tokenizer.encode(&passage, Default::default()).unwrap().len();
    assert!(tokens > 3000, "{tokens} tokens");
    for options in [json!({}), json!({ "maxSeqTokens": 64, "docStride": 20 })] {
        let mut found = cloze(luke, input.clone(), options).unwrap();
        found.sort_by_key(|answer| answer.start);
        let places: Vec<_> = found.iter().map(|answer| [answer.start, answer.end]).collect();
        assert_eq!(places, candidates);
    }
}

#[test]
fn bad_calls_are_refused_by_name() {
    let luke = &*LUKE;
    let good =
        json!({ "passage": "Paris beats Tokyo 𝒳", "query": "@placeholder wins", "candidates": [[0, 5], [12, 17]] });
    let answers = cloze(luke, good.clone(), Value::Null).unwrap();
    let wrong = [
        ("query", json!("nobody wins"), "placeholder"),
        ("query", json!("@placeholder beats @placeholder"), "has 2"),
        ("candidates", json!([[0, 5], [5, 5]]), "[5, 5]"),
        ("candidates", json!([[5, 0]]), "[5, 0]"),
        ("candidates", json!([[12, 99]]), "[12, 99]"),
        ("candidates", json!([[18, 19]]), "[18, 19]"),
        ("candidates", json!([[0]]), "candidates"),
        ("passage", json!(7), "passage"),
        ("question", json!("x"), "question"),
    ];
    for (name, value, named) in wrong {
        let mut input = good.clone();
        input[name] = value.clone();
        let error = cloze(luke, input, Value::Null).expect_err(&format!("{name} = {value}"));
        assert_eq!((error.code(), error.to_string().contains(named)), ("input", true), "{name} = {value}: {error}");
    }
    let wrong = [
        (json!({ "docStride": 0 }), "docStride"),
        (json!({ "maxQueryTokens": 0 }), "maxQueryTokens"),
        (json!({ "maxMentionTokens": 0 }), "maxMentionTokens"),
        (json!({ "maxSeqTokens": 3 }), "maxSeqTokens"),
        (json!({ "maxSeqTokens": 513 }), "maxSeqTokens"),
        (json!({ "maxSeqTokens": 6 }), "no room"),
        (json!({ "stride": 3 }), "stride"),
    ];
    for (options, named) in wrong {
        let error = cloze(luke, good.clone(), options.clone()).expect_err(&options.to_string());
        assert_eq!((error.code(), error.to_string().contains(named)), ("input", true), "{options}: {error}");
    }
    // A candidate that no window shows whole: too long, or between two windows.
    let long = "very ".repeat(600);
    let input = json!({ "passage": long, "query": "@placeholder", "candidates": [[0, 4], [10, 2900]] });
    let error = cloze(luke, input, Value::Null).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("[10, 2900]")), ("input", true), "{error}");
    let input = json!({ "passage": long, "query": "@placeholder", "candidates": (0..600).map(|i| [i * 5, i * 5 + 4]).collect::<Vec<_>>() });
    let error = cloze(luke, input, json!({ "maxSeqTokens": 40, "docStride": 40 })).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("markers")), ("input", true), "{error}");
    let other = load(&folder("micro-span_cls"));
    let error = cloze(&other, good.clone(), Value::Null).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("ner")), ("task-unavailable", true), "{error}");
    assert_eq!(cloze(luke, good, Value::Null).unwrap(), answers, "and the next good call works");
}

#[test]
fn the_manifest_names_the_tokens() {
    assert!(LUKE.tasks().contains(&"cloze"), "{:?}", LUKE.tasks());
    let text = std::fs::read_to_string(folder("micro-cloze").join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let extra = json!({ "highlight": 600, "placeholder": 601, "entity": 602 });
    assert_eq!(manifest["heads"], json!({ "cloze": { "tokens": extra } }));
    for tokens in [Value::Null, json!({ "highlight": 600, "placeholder": 601, "entity": 603 })] {
        let mut wrong = manifest.clone();
        wrong["heads"]["cloze"]["tokens"] = tokens.clone();
        let error =
            luke_web::folder::CheckedFolder::parse(&wrong.to_string()).map(drop).expect_err(&tokens.to_string());
        assert_eq!((error.code(), error.to_string().contains("tokens")), ("format", true), "{error}");
    }
    // The class can also be named where config.json does not.
    let (plain, to) = (temporary("cloze-plain"), temporary("cloze-plain-model"));
    std::fs::create_dir_all(&plain).unwrap();
    for entry in std::fs::read_dir(crate::support::checkpoint("micro-cloze")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, plain.join(path.file_name().unwrap())).unwrap();
    }
    let config = std::fs::read_to_string(plain.join("config.json")).unwrap();
    std::fs::write(plain.join("config.json"), config.replace("LukeForEntitySpanQA", "LukeModel")).unwrap();
    let given = json!({ "highlight": 602, "placeholder": 600, "entity": 601 });
    std::fs::write(plain.join("luke_web.json"), json!({ "heads": { "cloze": { "tokens": given } } }).to_string())
        .unwrap();
    let result = run_luke(&["convert", &plain.display().to_string(), &to.display().to_string(), "--head", "cloze"]);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    assert_eq!(json!(load(&to).manifest.heads["cloze"].tokens), given);
}

const PIECES: [&str; 34] = [
    "Paris",
    "Tokyo ",
    " Ana Ivanovic",
    "Beyonce\u{301}",
    "the ",
    " of ",
    "3.14",
    "@highlight",
    "@highlight\n",
    "\n@highlight",
    "@high",
    "👨‍👩‍👧‍👦",
    "🇨🇭",
    "1\u{fe0f}\u{20e3}",
    "🙂 ",
    "\u{301}",
    "क्षि",
    "ภาษาไทย",
    "한국어",
    "القاهرة ",
    "\u{202e}evil\u{202c}",
    "\u{200f}שלום",
    "東京",
    "𝔏𝔬𝔫",
    "\u{10ffff}",
    "\r\n",
    "\n",
    "\t",
    "\u{a0}",
    "\u{3000}",
    "\u{200d}",
    "\0\u{1c}",
    "<mask>",
    "</s>",
];

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..Default::default() })]

    /// Whatever is in the texts, every candidate comes back once, and its place holds its text.
    #[test]
    fn every_candidate_comes_back_once(
        passage in text(60).prop_filter("has a character", |text| !text.is_empty()),
        before in text(6),
        after in text(6),
        places in prop::collection::vec((any::<prop::sample::Index>(), 1usize..9), 0..8),
        literally in any::<bool>(),
    ) {
        let units: Vec<u16> = passage.encode_utf16().collect();
        let starts: Vec<usize> = passage.char_indices().map(|(at, _)| passage[..at].encode_utf16().count()).collect();
        let candidates: BTreeSet<[usize; 2]> = places
            .iter()
            .map(|(place, length)| {
                let first = place.index(starts.len());
                [starts[first], starts.get(first + length).copied().unwrap_or(units.len())]
            })
            .collect();
        let input = ClozeInput {
            passage,
            query: format!("{before}@placeholder{after}"),
            candidates: candidates.iter().copied().collect(),
        };
        let options = json!({ "specialTokens": if literally { "text" } else { "match" } });
        let options: ClozeOptions = from_value("options", options).unwrap();
        let answers = pollster::block_on(LUKE.cloze(&input, &options)).unwrap();
        prop_assert_eq!(answers.len(), candidates.len());
        let found: BTreeSet<[usize; 2]> = answers.iter().map(|answer| [answer.start, answer.end]).collect();
        prop_assert_eq!(found, candidates);
        for answer in &answers {
            prop_assert_eq!(String::from_utf16(&units[answer.start..answer.end]).unwrap(), answer.text.as_str());
            prop_assert!((0.0..=1.0).contains(&answer.score));
        }
        prop_assert!(answers.windows(2).all(|pair| pair[0].logit >= pair[1].logit));
    }
}
