//! Compares `qa` with the authors' SQuAD code on the same weights (`tests/oracle/pipelines.py`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use luke_web::Luke;
use luke_web::tasks::qa::{Answer, Layout, QaInput, QaOptions};
use luke_web::text::{OffsetUnit, Offsets};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{TOLERANCE, assert_close, fixture, flat, folder, load};

static LUKE: LazyLock<Luke> = LazyLock::new(|| load(&folder("micro-qa")));

fn input(question: &str, context: &str) -> QaInput {
    QaInput { question: question.to_owned(), context: context.to_owned() }
}

fn ask(question: &str, context: &str, options: &QaOptions) -> luke_web::Result<Answer> {
    pollster::block_on(LUKE.qa(&input(question, context), options))
}

/// The options of a fixture, and `topK` such that all answers are returned.
fn options(case: &Value) -> QaOptions {
    let number = |key: &str, default: usize| case["args"][key].as_u64().map_or(default, |n| n as usize);
    let n_best = number("n_best", 20);
    let value = json!({
        "topK": n_best,
        "nBest": n_best,
        "docStride": number("doc_stride", 128),
        "maxSeqTokens": number("max_seq_length", 512),
        "maxAnswerTokens": number("max_answer_length", 30),
        "entities": case["candidates"],
    });
    serde_json::from_value(value).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Compares every window: ids, entities, the tokens that have most context in this window, and the logits.
fn assert_windows(what: &str, layout: &Layout, features: &Value) {
    let windows = layout.windows.ranges();
    assert_eq!(windows.len(), list(features).len(), "{what}: windows");
    for (i, (window, want)) in windows.iter().zip(list(features)).enumerate() {
        let what = format!("{what} window {i}");
        let inputs = layout.inputs(i);
        assert_eq!(json!(inputs.input_ids), want["input_ids"], "{what}: input_ids");
        // The reference fills up to two entities with masked ones.
        let real = list(&want["entity_attention_mask"]).iter().filter(|mask| **mask == 1).count();
        assert_eq!(json!(inputs.entity_ids), json!(list(&want["entity_ids"])[..real]), "{what}: entity_ids");
        let positions = json!(list(&want["entity_position_ids"])[..real]);
        assert_eq!(json!(inputs.entity_position_ids), positions, "{what}: entity_position_ids");
        let most_context = window.clone().filter(|token| layout.windows.most_context(&(*token..token + 1)) == Some(i));
        let most_context: Vec<_> = most_context.map(|token| token - window.start + layout.offset()).collect();
        assert_eq!(json!(most_context), want["max_context"], "{what}: max_context");
        let outputs = pollster::block_on(LUKE.forward(&inputs, Some("qa"))).unwrap();
        for (output, key) in outputs.iter().zip(["start_logits", "end_logits"]) {
            assert_close(&format!("{what}: {key}"), &output.values, &flat(&want[key]), TOLERANCE);
        }
    }
}

#[test]
fn every_case_equals_the_reference() {
    let cases = fixture("qa.json");
    let (mut checked, mut cut) = (0, 0);
    for case in list(&cases) {
        let (what, options) = (case["name"].as_str().unwrap(), options(case));
        let input = input(case["question"].as_str().unwrap(), case["context"].as_str().unwrap());
        let layout = pollster::block_on(Layout::new(&LUKE, &input, &options)).unwrap();
        assert_windows(what, &layout, &case["features"]);

        let best = pollster::block_on(LUKE.qa(&input, &options)).unwrap();
        let got: Vec<&Answer> = std::iter::once(&best).chain(&best.alternatives).collect();
        if case["answer"] == "empty" {
            assert_eq!(best, Answer { null_score: best.null_score, ..Answer::default() }, "{what}");
            checked += 1;
            continue;
        }
        // Answers of white space alone take part in the scores and are not given.
        let want: Vec<_> = list(&case["nbest"]).iter().filter(|entry| entry["text"] != "").collect();
        assert_eq!(got.len(), want.len(), "{what}: answers");
        let offsets = Offsets::new(&input.context, OffsetUnit::Utf16);
        for (rank, (got, want)) in got.into_iter().zip(want).enumerate() {
            let what = format!("{what} answer {rank}");
            let text = want["text"].as_str().unwrap();
            let number = |key: &str| want[key].as_u64().unwrap() as usize;
            let token = |key| number(key) + layout.windows.ranges()[number("feature")].start - layout.offset();
            let tokens = token("start_token")..token("end_token") + 1;
            assert_eq!(layout.text(&tokens).unwrap(), text, "{what}: text of its tokens");
            let bytes = layout.bytes(&tokens);
            let span = [offsets.of_byte(bytes.start), offsets.of_byte(bytes.end)];
            assert_eq!([got.start, got.end], span, "{what}: offsets");
            assert_eq!(got.answer, input.context[bytes], "{what}");
            // The reference joins words by one space, and gives U+FFFD for parts of a character: we give all of it.
            let spaced = got.answer.split_whitespace().collect::<Vec<_>>().join(" ");
            let parts: Vec<&str> = text.split('\u{fffd}').map(str::trim).collect();
            let mut rest = spaced.as_str();
            for part in &parts {
                let at = rest.find(part).unwrap_or_else(|| panic!("{what}: {spaced} does not hold {text}"));
                rest = &rest[at + part.len()..];
            }
            match parts.len() {
                1 => assert_eq!(spaced, text, "{what}"),
                _ => cut += 1,
            }
            let close = |key: &str, got: f64| assert!((got - want[key].as_f64().unwrap()).abs() < TOLERANCE, "{what}");
            close("start_logit", got.start_logit.into());
            close("end_logit", got.end_logit.into());
            close("probability", got.score);
            assert!(got.answerable, "{what}");
            checked += 1;
        }
    }
    assert_eq!((checked, cut), (119, 19), "answers, and how many of them the reference gives with cut characters");
}

#[test]
fn no_context_has_no_answer_and_no_question_is_allowed() {
    let options = QaOptions { top_k: 3, ..Default::default() };
    for context in ["", " \t\r\n\u{202f} "] {
        assert_eq!(ask("Who?", context, &options).unwrap(), Answer::default());
    }
    for blank in ["\u{3000}", "\u{a0}\u{2003}"] {
        let answer = ask("Who?", blank, &options).unwrap();
        assert_eq!((answer.answer.as_str(), answer.answerable, answer.score), ("", false, 0.0), "{blank:?}");
    }
    for question in ["", " "] {
        let answer = ask(question, "Tokyo beats Paris", &options).unwrap();
        assert!(answer.answerable && !answer.answer.is_empty() && answer.alternatives.len() == 2);
    }
}

#[test]
fn the_null_threshold_decides_whether_an_answer_stands() {
    let context = "Star Wars is a film written and directed by George Lucas. ".repeat(30);
    let plain = ask("Who directed it?", &context, &QaOptions::default()).unwrap();
    let reading_of = input("Who directed it?", &context);
    let layout = pollster::block_on(Layout::new(&LUKE, &reading_of, &QaOptions::default())).unwrap();
    assert!(layout.windows.ranges().len() > 1);
    let first = |i: usize| {
        let outputs = pollster::block_on(LUKE.forward(&layout.inputs(i), Some("qa"))).unwrap();
        f64::from(outputs[0].values[0]) + f64::from(outputs[1].values[0])
    };
    let least = (0..layout.windows.ranges().len()).map(first).fold(f64::INFINITY, f64::min);
    assert_eq!(plain.null_score, least);
    let margin = plain.null_score - f64::from(plain.start_logit) - f64::from(plain.end_logit);
    for (threshold, stands) in [(margin + 1e-6, true), (margin - 1e-6, false)] {
        let options = QaOptions { null_threshold: Some(threshold), ..Default::default() };
        let answer = ask("Who directed it?", &context, &options).unwrap();
        assert_eq!(answer, Answer { answerable: stands, ..plain.clone() }, "the span is told either way");
    }
}

#[test]
fn links_take_the_longest_mention_and_drop_ambiguous_and_unknown_ones() {
    let linked = |question: &str, context: &str, entities: &[(&str, &str)]| {
        let entities: BTreeMap<String, String> = entities.iter().map(|(m, t)| (m.to_string(), t.to_string())).collect();
        let options = QaOptions { entities: Some(entities), ..Default::default() };
        pollster::block_on(Layout::new(&LUKE, &input(question, context), &options)).unwrap().inputs(0)
    };
    let row = |title: &str| LUKE.entity_vocab.row(title).unwrap();
    let (tokyo, paris, texas) = (row("Tokyo"), row("Paris"), row("Paris, Texas"));
    let ids = |context: &str, entities: &[(&str, &str)]| linked("Where?", context, entities).entity_ids;
    let both = [("Paris", "Paris"), ("PARIS, texas", "Paris, Texas")];
    assert_eq!(ids("tokyo Paris, Texas and PARIS.", &both), [texas, paris]);
    assert_eq!(ids("Parisian comparis Paris", &both), [paris], "whole words only");
    assert_eq!(ids("Paris Tokyo", &[("Paris", "Paris"), ("paris", "Paris, Texas"), ("tokyo", "Tokyo")]), [tokyo]);
    assert_eq!(ids("Paris Tokyo", &[("Paris", "Paris"), ("paris", "Paris")]), [paris], "the same title twice is clear");
    // A longer mention of an unknown title keeps the shorter one from its place, as in the reference.
    assert_eq!(ids("Paris, Texas", &[("Paris", "Paris"), ("Paris, Texas", "Nowhere")]), [0_u32; 0]);
    assert_eq!(ids("Paris \u{3000}", &[("", "Paris"), (" \u{3000}", "Tokyo")]), [0_u32; 0]);
    // White space is trimmed from a run of tokens before it is looked up, so that it may end in some.
    assert_eq!(ids("Tokyo\u{3000}\u{85} x", &[("tokyo", "Tokyo")]), [tokyo]);
    let greek = [("ΟΔΟΣ ΟΔΥΣΣΕΥΣ", "Tokyo")];
    assert_eq!(ids("οδος οδυσσευς", &greek), [tokyo], "a final sigma may come inside a mention");
    let inputs = linked("Paris?", "Tokyo", &[("paris", "Paris"), ("tokyo", "Tokyo")]);
    assert_eq!(inputs.entity_ids, [paris, tokyo], "those of the question first");
    let mention = |i: usize| -> Vec<u32> {
        let ids = inputs.entity_position_ids[i].iter().map(|position| inputs.input_ids[*position as usize]);
        ids.collect()
    };
    let text = |ids: &[u32]| LUKE.tokenizer.decode(ids).unwrap();
    assert_eq!([text(&mention(0)), text(&mention(1))], [" Paris", " Tokyo"]);
    let many = linked("a?", &"a ".repeat(300), &[("a", "Tokyo")]);
    assert_eq!(many.entity_ids.len(), 128);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let long = "why ".repeat(100);
    let refused = |question: &str, options: Value| {
        let read: QaOptions = serde_json::from_value(options.clone()).unwrap();
        let error = ask(question, "Tokyo", &read).expect_err(&options.to_string());
        let name = options.as_object().unwrap().keys().next_back().unwrap().clone();
        assert_eq!((error.code(), error.to_string().starts_with(&name)), ("input", true), "{options}: {error}");
    };
    for name in ["topK", "nBest", "docStride", "maxQuestionTokens", "maxAnswerTokens"] {
        refused("?", json!({ name: 0 }));
    }
    refused("?", json!({ "maxSeqTokens": 513 }));
    refused("?", json!({ "maxSeqTokens": 3 }));
    refused(&long, json!({ "maxSeqTokens": 68, "docStride": 1 }));
    assert!(
        ask(&long, "Tokyo", &serde_json::from_value(json!({ "maxSeqTokens": 69, "docStride": 1 })).unwrap()).is_ok()
    );
    // Any stride is taken that is given; left out, it leaves no answer between two windows.
    let windows = |options: Value| {
        let reading = input("?", &"Tokyo ".repeat(300));
        pollster::block_on(Layout::new(&LUKE, &reading, &serde_json::from_value(options).unwrap()))
            .unwrap()
            .windows
            .ranges()
            .to_vec()
    };
    for (options, stride) in [
        (json!({}), 128),
        (json!({ "maxSeqTokens": 105 }), 70),
        (json!({ "maxSeqTokens": 105, "docStride": 90 }), 90),
        (json!({ "maxSeqTokens": 105, "docStride": 5000 }), 99),
    ] {
        let windows = windows(options.clone());
        assert_eq!(windows[1].start, stride, "{options}: {windows:?}");
    }
    assert!(serde_json::from_value::<QaOptions>(json!({ "topk": 1 })).is_err());
    let ner = load(&folder("micro-span_cls"));
    let error = pollster::block_on(ner.qa(&input("?", "Tokyo"), &QaOptions::default())).unwrap_err();
    assert_eq!((error.code(), LUKE.tasks()), ("task-unavailable", vec!["qa", "embed"]));
}

#[test]
fn a_long_context_is_read_to_its_end() {
    let context = "Tokyo beats Paris 3:1 in Los Angeles. ".repeat(700);
    let options = QaOptions { top_k: 20, ..Default::default() };
    let input = input("Who?", &context);
    let layout = pollster::block_on(Layout::new(&LUKE, &input, &options)).unwrap();
    let windows = layout.windows.ranges();
    let tokens = windows.last().unwrap().end;
    assert!(tokens > 10_000 && windows.len() > 75, "{tokens} tokens, {} windows", windows.len());
    assert_eq!(layout.bytes(&(tokens - 1..tokens)).end, context.trim_end().len());
    let answer = pollster::block_on(LUKE.qa(&input, &options)).unwrap();
    assert_eq!(answer.alternatives.len(), 19);
}

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "Tokyo",
        "a",
        " ",
        "  ",
        "\r\n",
        "\t",
        "👩‍👧‍👦",
        "🙂",
        "e\u{301}",
        "\u{301}",
        "القاهرة",
        "תל",
        "𝒳",
        "東京",
        "\u{fffd}",
        "\u{a0}",
        "\u{202f}",
        "\u{3000}",
        "\0",
        "\u{1c}",
        "\u{85}",
        ".",
        "…",
        "don't",
        "<mask>",
        "</s>",
        "<ent>",
        "ﬁ",
        "İ",
        "Σ",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn answers_are_slices_of_the_context(question in text(), context in text(), plain in any::<bool>()) {
        let special = if plain { "text" } else { "match" };
        let entities = json!({ "tokyo": "Tokyo", "東京": "東京", "🙂": "🙂", "": "Paris", "\u{fffd}": "Paris" });
        let run = |unit: &str| {
            let options = json!({
                "topK": 20, "maxSeqTokens": 48, "maxQuestionTokens": 8, "docStride": 5, "specialTokens": special,
                "entities": entities, "offsets": unit,
            });
            ask(&question, &context, &serde_json::from_value(options).unwrap()).unwrap()
        };
        let (utf16, chars): (Vec<u16>, Vec<char>) = (context.encode_utf16().collect(), context.chars().collect());
        let slice = |unit: &str, start: usize, end: usize| match unit {
            "utf16" => String::from_utf16(&utf16[start..end]).unwrap(),
            "codepoint" => chars[start..end].iter().collect(),
            _ => context[start..end].to_owned(),
        };
        let mut texts = Vec::new();
        for unit in ["utf16", "codepoint", "byte"] {
            let best = run(unit);
            let answers: Vec<_> = std::iter::once(&best).chain(&best.alternatives).cloned().collect();
            for answer in &answers {
                prop_assert_eq!(&slice(unit, answer.start, answer.end), &answer.answer);
                prop_assert_eq!(answer.answer.trim(), &answer.answer);
                prop_assert_eq!(answer.answerable, !answer.answer.is_empty());
            }
            let total: f64 = answers.iter().map(|answer| answer.score).sum();
            prop_assert!((0.0..1.0 + 1e-9).contains(&total));
            texts.push(answers.into_iter().map(|answer| answer.answer).collect::<Vec<_>>());
        }
        prop_assert!(texts.iter().all(|list| *list == texts[0]));
    }
}
