//! Heads that are taught: what they find, what they refuse, and that the same examples give the same head.

use std::sync::LazyLock;

use luke_web::tasks::from_value;
use luke_web::tasks::ner::{Found, NerInput, NerOptions, NerResult};
use luke_web::tasks::teach::{TeachInput, TeachMemory, TeachOptions, TeachPhase, TeachProgress, TeachReport};
use luke_web::taught::TaughtHead;
use luke_web::{Luke, LukeError, Result};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{folder, load, luke, repository, temporary};
use crate::turns::{Pauses, Subject};

pub static MINI: LazyLock<Luke> = LazyLock::new(|| load(&repository().join("www/models/luke-mini-en")));

/// Documents of a file of tools/teach/data as examples, with offsets in bytes.
pub fn documents(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(repository().join("tools/teach/data").join(file)).unwrap();
    text.trim().split("\n\n").map(example).collect()
}

/// A text with marks: `2 cups of [[FOOD flour]]`.
pub fn example(marked: &str) -> Value {
    let (mut text, mut spans) = (String::new(), Vec::new());
    for part in marked.split("[[") {
        let (mark, rest) = part.split_once("]]").map_or((None, part), |(mark, rest)| (Some(mark), rest));
        if let Some((label, name)) = mark.and_then(|mark| mark.split_once(' ')) {
            spans.push(json!({ "start": text.len(), "end": text.len() + name.len(), "label": label }));
            text.push_str(name);
        }
        text.push_str(rest);
    }
    json!({ "text": text, "spans": spans })
}

fn input(examples: &[Value]) -> Value {
    json!({ "task": "ner", "name": "recipes", "examples": examples })
}

pub fn teach_with(
    model: &Luke,
    input: Value,
    options: Value,
    read: &mut TeachMemory,
) -> Result<(TaughtHead, TeachReport)> {
    let mut bytes = json!({ "offsets": "byte" });
    bytes.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let input = TeachInput::from_value(input)?;
    let options: TeachOptions = from_value("options", bytes)?;
    block_on(model.teach(&input, &options, read, |_| {}))
}

pub fn teach(examples: &[Value]) -> (TaughtHead, TeachReport) {
    teach_with(&MINI, input(examples), json!({}), &mut TeachMemory::default()).unwrap()
}

fn find(head: &TaughtHead, text: &str, options: Value) -> Result<Found> {
    let mut bytes = json!({ "offsets": "byte" });
    bytes.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let options: NerOptions = from_value("options", bytes)?;
    match block_on(MINI.ner_by(head, &NerInput::Text(text.into()), &options))? {
        NerResult::One(found) => Ok(found),
        NerResult::Many(_) => unreachable!("one text has one result"),
    }
}

/// Spans as (start, end, label).
fn spans(example: &Value) -> Vec<(usize, usize, String)> {
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let spans = example["spans"].as_array().unwrap().iter();
    spans
        .map(|span| (number(&span["start"]), number(&span["end"]), span["label"].as_str().unwrap().to_owned()))
        .collect()
}

/// Labels that the model has never seen, which are not names: twenty texts are enough for most of them. The floors are a little under
/// what the head reaches.
#[test]
fn twenty_texts_teach_labels_that_are_no_names() {
    let (learned, unseen) = (documents("recipes-1.txt"), documents("recipes-2.txt"));
    let (head, report) = teach(&learned[..20]);
    let (mut right, mut there, mut found) = (0, 0, 0);
    for example in &unseen {
        let text = example["text"].as_str().unwrap();
        let entities = find(&head, text, json!({})).unwrap().entities;
        assert!(entities.iter().all(|entity| entity.text == text[entity.start..entity.end]));
        let gold = spans(example);
        there += gold.len();
        found += entities.len();
        right += entities.iter().filter(|e| gold.contains(&(e.start, e.end, e.label.clone()))).count();
    }
    let f1 = 200.0 * right as f64 / (there + found) as f64;
    assert!(f1 > 65.0, "F1 {f1}");
    let judged = 100.0 * report.all.unwrap().f1;
    assert!((judged - f1).abs() < 15.0, "judged {judged}, and {f1} on other texts");
    assert_eq!((report.examples, report.widened, report.labels.len()), (20, 0, 4));
    assert_eq!(report.spans, learned[..20].iter().map(|example| spans(example).len()).sum::<usize>());
    assert!(head.to_bytes().len() < 60_000);
}

#[test]
fn the_same_examples_give_the_same_head() {
    let examples = &documents("recipes-1.txt")[..6];
    let (head, report) = teach(examples);
    let mut read = TeachMemory::default();
    for _ in 0..2 {
        // The second time nothing is read again.
        let again = teach_with(&MINI, input(examples), json!({}), &mut read).unwrap();
        assert_eq!((again.0.to_bytes(), &again.1), (head.to_bytes(), &report));
    }
    let text = examples[0]["text"].as_str().unwrap();
    let stored = TaughtHead::from_bytes("a.head", &head.to_bytes()).unwrap();
    assert_eq!(find(&stored, text, json!({})), find(&head, text, json!({})));
    let (other, _) = teach_with(&MINI, input(examples), json!({ "seed": 9 }), &mut read).unwrap();
    assert_eq!(other.linear, head.linear, "the seed decides only by whom the head is judged");
}

/// The numbers of heads that were taught, of a call with these examples.
fn taught(examples: &[Value], options: Value, memory: &mut TeachMemory) -> (usize, TaughtHead, TeachReport) {
    let (input, options) = (TeachInput::from_value(input(examples)).unwrap(), serde_json::from_value(options).unwrap());
    let mut total = 0;
    let count = |progress: TeachProgress| {
        if let TeachPhase::Teaching = progress.phase {
            total = progress.total;
        }
    };
    let (head, report) = pollster::block_on(MINI.teach(&input, &options, memory, count)).unwrap();
    (total, head, report)
}

/// With one more example, only the head itself is taught anew, and the one before it judges the example.
#[test]
fn added_examples_continue_from_the_examples_before() {
    let (examples, mut memory) = (documents("recipes-1.txt"), TeachMemory::default());
    let (heads, _, before) = taught(&examples[..10], json!({}), &mut memory);
    assert_eq!(heads, 6);
    let (heads, head, report) = taught(&examples[..11], json!({}), &mut memory);
    assert_eq!(heads, 1);
    assert_eq!((report.examples, report.spans), (11, before.spans + spans(&examples[10]).len()));
    assert_ne!(report.all, before.all);
    let (_, alone, _) = taught(&examples[..11], json!({}), &mut TeachMemory::default());
    assert_eq!(head.linear, alone.linear, "a head is the same, whatever came before");

    // A fifth more than were judged by folds; after that all are judged anew.
    assert_eq!(taught(&examples[..12], json!({}), &mut memory).0, 1);
    assert_eq!(taught(&examples[..13], json!({}), &mut memory).0, 6);
    // So are examples of which one has changed, and other options.
    let mut changed = examples[..13].to_vec();
    changed[3]["spans"].as_array_mut().unwrap().pop();
    assert_eq!(taught(&changed, json!({}), &mut memory).0, 6);
    assert_eq!(taught(&changed, json!({ "seed": 1 }), &mut memory).0, 6);
    assert_eq!(taught(&changed, json!({ "seed": 1 }), &mut memory).0, 1);
    assert_eq!(taught(&changed, json!({ "folds": 3 }), &mut memory).0, 4);
}

#[test]
fn near_misses_and_thresholds_are_probabilities_of_spans() {
    let (head, _) = teach(&documents("recipes-1.txt")[..8]);
    let text = "Whisk two eggs with 200 g of brown sugar in a large bowl.";
    let all = find(&head, text, json!({ "runnersUp": 0.0 })).unwrap();
    let runners_up = all.runners_up.unwrap();
    assert!(
        all.entities
            .iter()
            .map(|e| e.score)
            .chain(runners_up.iter().map(|r| r.entity.score))
            .all(|p| (0.0..=1.0).contains(&p))
    );
    // Spans that share a word exclude each other, so their probabilities add up to one at most.
    for at in 0..text.len() {
        let cover =
            all.entities.iter().chain(runners_up.iter().map(|r| &r.entity)).filter(|e| (e.start..e.end).contains(&at));
        let sum: f64 = cover.map(|entity| entity.score).sum();
        assert!(sum < 1.0 + 1e-6, "{sum} at {at}");
    }
    let sure = find(&head, text, json!({ "threshold": 0.5 })).unwrap().entities;
    assert!(sure.iter().all(|entity| entity.score >= 0.5) && sure.len() <= all.entities.len());
    let words = json!({ "words": text.split(' ').collect::<Vec<_>>() });
    let options = NerOptions::default();
    let NerResult::One(found) = block_on(MINI.ner_by(&head, &NerInput::from_value(words).unwrap(), &options)).unwrap()
    else {
        panic!("a list of words has one result")
    };
    assert!(
        found
            .entities
            .iter()
            .all(|entity| entity.text == text.split(' ').collect::<Vec<_>>()[entity.start..entity.end].join(" "))
    );
}

#[test]
fn a_text_longer_than_the_model_is_read_whole() {
    let (head, _) = teach(&documents("recipes-1.txt")[..8]);
    let sentence = "stir 200 g of brown sugar and two eggs in a bowl ";
    let text = sentence.repeat(200);
    let found = find(&head, &text, json!({ "sentences": "none" })).unwrap().entities;
    assert!(found.len() > 400, "{} spans", found.len());
    assert!(found.last().unwrap().end > text.len() - sentence.len());
}

/// What a caller may do wrong, with what the error says.
#[test]
fn examples_that_do_not_fit_are_refused_by_name() {
    let good = example("Add [[FOOD salt]] to the [[TOOL pan]].");
    let with = |span: Value| json!([{ "text": "Add salt to it. \u{1f642}", "spans": [span] }]);
    let many: Vec<Value> =
        (0..300).map(|i| json!({ "text": "a", "spans": [{ "start": 0, "end": 1, "label": i.to_string() }] })).collect();
    for (change, value, argument, part) in [
        ("examples", json!([]), "labels", "no example has a label"),
        ("examples", json!([{ "text": "Nothing.", "spans": [] }]), "labels", "no example has a label"),
        ("examples", json!([good, { "text": " \n", "spans": [] }]), "examples[1].text", "no words"),
        (
            "examples",
            with(json!({ "start": 4, "end": 99, "label": "FOOD" })),
            "examples[0].spans[0].span",
            "beyond the text",
        ),
        ("examples", with(json!({ "start": 8, "end": 4, "label": "FOOD" })), "examples[0].spans[0].span", "reversed"),
        (
            "examples",
            with(json!({ "start": 17, "end": 18, "label": "FOOD" })),
            "examples[0].spans[0].span",
            "cuts a character",
        ),
        (
            "examples",
            with(json!({ "start": 3, "end": 4, "label": "FOOD" })),
            "examples[0].spans[0].span",
            "has no word",
        ),
        ("examples", with(json!({ "start": 4, "end": 8, "label": "" })), "labels", "empty"),
        ("examples", with(json!({ "start": 4, "end": 8 })), "input.examples[0].spans[0]", "label"),
        ("examples", with(json!({ "start": -4, "end": 8, "label": "A" })), "input.examples[0].spans[0].start", ""),
        ("examples", json!(many), "labels", "are 300"),
        (
            "examples",
            json!([{ "text": "a b c", "spans": [{ "start": 0, "end": 3, "label": "A" }, { "start": 2, "end": 5, "label": "B" }] }]),
            "examples[0].spans[1]",
            "'b c' has words of 'a b'",
        ),
        ("examples", json!(3), "input.examples", ""),
        ("labels", json!(["A", "A"]), "labels", "'A' twice"),
        ("labels", json!(["A"]), "examples[0].spans[0].label", "'FOOD' is none of A"),
        ("labels", json!([]), "labels", "one at least"),
        ("name", json!(""), "name", "empty"),
        ("task", json!("poetry"), "input.task", ""),
    ] {
        let mut input = input(&[good.clone(), good.clone()]);
        input[change] = value;
        let error = teach_with(&MINI, input, json!({}), &mut TeachMemory::default()).unwrap_err();
        let LukeError::Input { argument: named, .. } = &error else { panic!("{error:?}") };
        assert!(named == argument && error.to_string().contains(part), "{change}: {error}");
    }
    for (option, value) in [("folds", json!(1)), ("folds", json!(21)), ("seed", json!(-1)), ("rate", json!(1))] {
        let error = teach_with(
            &MINI,
            input(std::slice::from_ref(&good)),
            json!({ option: value }),
            &mut TeachMemory::default(),
        )
        .unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(option), "{error}");
    }
}

/// What is strange and has a sensible head.
#[test]
fn strange_examples_give_a_head() {
    let contradiction = ["Add [[A salt]] now.", "Add [[B salt]] now.", "Add salt now."].map(example);
    let (head, report) = teach(&contradiction);
    assert_eq!((report.labels.len(), head.about.examples), (2, 3));
    let (_, report) = teach(&[example("Add [[FOOD salt]] to it.")]);
    assert_eq!((report.all, report.examples), (None, 1), "one example cannot judge");
    let mut input = input(&[example("Add [[FOOD salt]].")]);
    input["labels"] = json!(["NEVER", "FOOD"]);
    let (head, _) = teach_with(&MINI, input, json!({}), &mut TeachMemory::default()).unwrap();
    assert_eq!(head.about.labels, ["NEVER", "FOOD"]);
    // A span across two sentences, and one that begins inside of a word.
    let across = json!({ "text": "I met Dr. Who. He left. Bye.", "spans": [{ "start": 7, "end": 22, "label": "A" }] });
    let (_, report) = teach(&[across]);
    assert_eq!(report.widened, 1);
    for text in ["", " ", "\0", "\u{202e}evil\u{202c}", &"a".repeat(5000), &"🙂".repeat(300)] {
        assert!(find(&head, text, json!({ "runnersUp": 0.3 })).is_ok(), "{text:?}");
    }
}

#[test]
fn a_head_of_another_model_and_options_of_another_head_are_refused() {
    let (head, _) = teach(&[example("Add [[FOOD salt]] to it.")]);
    let other = load(&folder("micro-span_cls"));
    let error = block_on(other.ner_by(&head, &NerInput::Text("a".into()), &NerOptions::default())).unwrap_err();
    assert!(error.code() == "input" && error.to_string().contains("was taught on the model luke-mini-en"), "{error}");
    for (option, value) in
        [("candidates", json!("all")), ("maxSpanTokens", json!(3)), ("allScores", json!(true)), ("threshold", json!(2))]
    {
        let error = find(&head, "a", json!({ option: value })).unwrap_err();
        assert!(error.code() == "input" && error.to_string().starts_with(option), "{error}");
    }
    let unknown = find(&head, "a", json!({ "labels": ["PER"] })).unwrap_err();
    assert!(unknown.to_string().contains("'PER' is none of FOOD"), "{unknown}");
}

/// However late it is ended, nothing of it is left: the next call gives the head that it would have given.
#[test]
fn an_aborted_lesson_leaves_everything_as_it_was() {
    let subject = Subject::new(repository().join("www/models/luke-mini-en"));
    let examples = &documents("recipes-1.txt")[..3];
    let run = |last: usize, read: &mut TeachMemory| {
        subject.start(Pauses::until(last));
        teach_with(&subject.luke, input(examples), json!({}), read).map(|(head, _)| head.to_bytes())
    };
    let whole = run(usize::MAX, &mut TeachMemory::default()).unwrap();
    let pauses = subject.pauses();
    assert!(pauses > 20, "{pauses} pauses");
    let mut read = TeachMemory::default();
    for at in (0..8).map(|part| part * pauses / 8) {
        assert_eq!(run(at, &mut read), Err(LukeError::Aborted), "after {at} pauses of {pauses}");
        // What was read before is kept, so the next one has fewer pauses.
        read = TeachMemory::default();
    }
    run(pauses / 2, &mut read).unwrap_err();
    assert_eq!(run(usize::MAX, &mut read), Ok(whole));
}

#[test]
fn the_command_line_teaches_and_finds() {
    let examples: Vec<String> = documents("recipes-1.txt")[..5].iter().map(Value::to_string).collect();
    let (lines, head) = (temporary("teach.jsonl"), temporary("kitchen.head"));
    std::fs::write(&lines, examples.join("\n\n")).unwrap();
    let model = repository().join("www/models/luke-mini-en").display().to_string();
    let arguments = |lines: &std::path::Path| {
        [
            "teach",
            &model,
            &lines.display().to_string(),
            "-o",
            &head.display().to_string(),
            "--options",
            r#"{"offsets":"byte"}"#,
        ]
        .map(str::to_owned)
    };
    let run = |arguments: &[String]| luke(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let done = run(&arguments(&lines));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let printed: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&printed["head"]["name"], &printed["report"]["examples"]), (&json!("kitchen"), &json!(5)));
    let written = std::fs::read(&head).unwrap();
    let (same, _) = {
        let mut input = input(&documents("recipes-1.txt")[..5]);
        input["name"] = json!("kitchen");
        teach_with(&MINI, input, json!({}), &mut TeachMemory::default()).unwrap()
    };
    assert_eq!(written, same.to_bytes());

    for (text, part) in [
        ("{\"text\": \"a\", \"spans\": []}\n\n{\"text\"", "teach-bad.jsonl:3"),
        (
            "{\"text\": \"a b\", \"spans\": [{\"start\": 0, \"end\": 1, \"label\": \"A\"}]}\n{\"text\": \"a\", \"spans\": [{\"start\": 0, \"end\": 9, \"label\": \"A\"}]}",
            "line 2: spans[0].span",
        ),
        ("", "no example has a label"),
    ] {
        let bad = temporary("teach-bad.jsonl");
        std::fs::write(&bad, text).unwrap();
        let done = run(&arguments(&bad));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(part), "{said}");
    }
    assert_eq!(std::fs::read(&head).unwrap(), written, "a lesson that failed leaves the file");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever text and spans are given, there is a head or an error with a code.
    #[test]
    fn random_examples_give_a_head_or_an_error(
        texts in prop::collection::vec(("\\PC{0,40}", prop::collection::vec((0usize..40, 0usize..12, 0usize..3), 0..4)), 1..4),
    ) {
        let span = |(start, length, label): &(usize, usize, usize)| json!({ "start": start, "end": start + length, "label": format!("L{label}") });
        let examples: Vec<Value> = texts.iter().map(|(text, spans)| json!({ "text": text, "spans": spans.iter().map(span).collect::<Vec<_>>() })).collect();
        match teach_with(&MINI, input(&examples), json!({ "folds": 0 }), &mut TeachMemory::default()) {
            Ok((head, _)) => {
                for (text, _) in &texts {
                    let found = find(&head, text, json!({})).unwrap();
                    prop_assert!(found.entities.iter().all(|e| e.text == text[e.start..e.end]));
                }
            }
            Err(error) => prop_assert_eq!(error.code(), "input"),
        }
    }
}
