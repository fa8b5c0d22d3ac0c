//! Heads for `typing` and `relation`: what they learn, in which form they answer, and what they refuse.

use luke_web::inputs::ModelInputs;
use luke_web::tasks::LabelScore;
use luke_web::tasks::teach::{TeachMemory, TeachReport};
use luke_web::taught::{TaughtHead, TaughtTask};
use luke_web::{LukeError, Output, OutputName, Result};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cli::once;
use crate::support::{assert_close, folder, load, luke, repository, temporary};
use crate::teach::{MINI, teach_with};
use crate::turns::{Pauses, Subject};

fn input(task: &str, examples: &[Value]) -> Value {
    json!({ "task": task, "name": "mine", "examples": examples })
}

fn teach(task: &str, examples: &[Value], options: Value) -> Result<(TaughtHead, TeachReport)> {
    teach_with(&MINI, input(task, examples), options, &mut TeachMemory::default())
}

fn call(head: &TaughtHead, task: &str, input: Value, options: Value) -> Result<Value> {
    let mut bytes = json!({ "offsets": "byte" });
    bytes.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    block_on(MINI.call_by(task, head, input, bytes))
}

/// A text with marks, `Add [[salt]]`, and its labels as an example.
fn mention(marked: &str, labels: &[&str]) -> Value {
    let (before, rest) = marked.split_once("[[").unwrap();
    let (name, after) = rest.split_once("]]").unwrap();
    json!({ "text": format!("{before}{name}{after}"), "span": [before.len(), before.len() + name.len()], "labels": labels })
}

/// Ten mentions of two kinds that the model has no label for.
fn tools_and_food() -> Vec<Value> {
    let tools =
        ["pan", "knife", "bowl", "oven", "spoon"].map(|tool| mention(&format!("Take the [[{tool}]] now."), &["TOOL"]));
    let food = ["salt", "flour", "butter", "rice", "cream"]
        .map(|food| mention(&format!("Add some [[{food}]] now."), &["FOOD"]));
    tools.into_iter().chain(food).collect()
}

fn pair(text: &str, head: &str, tail: &str, label: &str) -> Value {
    let place = |part: &str| {
        let start = text.find(part).unwrap();
        json!({ "start": start, "end": start + part.len() })
    };
    json!({ "text": text, "head": place(head), "tail": place(tail), "label": label })
}

fn pairs() -> Vec<Value> {
    let names = [("Ada", "Ben"), ("Cleo", "Dan"), ("Eve", "Finn"), ("Gus", "Hana"), ("Ivo", "Jane")];
    let taught = names.map(|(a, b)| pair(&format!("{a} taught {b} to cook."), a, b, "TEACHER"));
    let none = names.map(|(a, b)| pair(&format!("{a} left before {b} came."), a, b, "none"));
    taught.into_iter().chain(none).collect()
}

/// The rows of an input are its words, then its entities, also where several inputs share a pass.
#[test]
fn states_after_the_last_layer_are_those_of_the_model() {
    let model = load(&folder("micro-span_cls"));
    let inputs = |words: u32, entities: &[u32]| ModelInputs {
        input_ids: (3..3 + words).collect(),
        entity_ids: vec![2; entities.len()],
        entity_position_ids: entities.iter().map(|at| vec![*at as i32]).collect(),
        ..ModelInputs::default()
    };
    let batch = [(inputs(5, &[1, 3]), vec![0, 4, 6]), (inputs(3, &[]), vec![2]), (inputs(4, &[2]), vec![4, 1])];
    let last = model.config.num_hidden_layers;
    let states = block_on(model.layer_states(&batch, &[0, last])).unwrap();
    let hidden = model.config.hidden_size;
    for ((inputs, rows), states) in batch.iter().zip(&states) {
        let outputs = block_on(model.forward(inputs, Some("model"))).unwrap();
        let words = &Output::find(&outputs, OutputName::LastHiddenState).unwrap().values;
        let entities = Output::find(&outputs, OutputName::EntityLastHiddenState).map(|output| output.values.clone());
        let all = [words.as_slice(), &entities.unwrap_or_default()].concat();
        assert_eq!(states.len(), rows.len() * 2 * hidden);
        for (row, states) in rows.iter().zip(states.chunks(2 * hidden)) {
            let want: Vec<f64> = all[row * hidden..][..hidden].iter().map(|value| f64::from(*value)).collect();
            assert_close("a state", &states[hidden..], &want, 1e-5);
        }
    }
}

#[test]
fn mentions_of_two_kinds_are_told_apart() {
    let (head, report) = teach("typing", &tools_and_food(), json!({})).unwrap();
    assert_eq!((head.about.task, head.about.multi, report.multi), (TaughtTask::Typing, Some(false), Some(false)));
    assert_eq!((report.examples, report.spans, report.labels[0].label.as_str()), (10, 10, "TOOL"));
    assert!(report.all.unwrap().f1 > 0.7, "{report:?}");
    let wanted: usize = report.confusions.iter().map(|confusion| confusion.count).sum();
    assert_eq!(wanted, ((1.0 - report.all.unwrap().f1) * 10.0).round() as usize, "each wrong answer is one confusion");
    let text = "Put the sugar into the pot.";
    let at =
        |name: &str| json!({ "text": text, "span": [text.find(name).unwrap(), text.find(name).unwrap() + name.len()] });
    let best = |name: &str| call(&head, "typing", at(name), json!({})).unwrap();
    for (name, label) in [("sugar", "FOOD"), ("pot", "TOOL")] {
        let found = best(name);
        assert_eq!((found.as_array().unwrap().len(), &found[0]["label"]), (1, &json!(label)), "{found}");
    }
    // All labels are shares of one.
    let all = call(&head, "typing", at("sugar"), json!({ "allScores": true })).unwrap();
    let sum: f64 = all.as_array().unwrap().iter().map(|label| label["score"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9 && all[0]["score"].as_f64() >= all[1]["score"].as_f64(), "{all}");
    // A list of inputs has the results of each.
    let many = call(&head, "typing", json!([at("sugar"), at("pot")]), json!({})).unwrap();
    for (of_many, name) in many.as_array().unwrap().iter().zip(["sugar", "pot"]) {
        let (of_many, alone) = (of_many[0]["score"].as_f64().unwrap(), best(name)[0]["score"].as_f64().unwrap());
        assert!((of_many - alone).abs() < 1e-4, "{of_many} {alone}");
    }
    assert!(head.to_bytes().len() < 20_000);
}

#[test]
fn mentions_with_several_labels_have_scores_of_their_own() {
    let mut examples = tools_and_food();
    examples[0]["labels"] = json!(["TOOL", "HOT"]);
    examples[3]["labels"] = json!(["HOT", "TOOL"]);
    examples.push(mention("[[Nobody]] came.", &[]));
    let (head, report) = teach("typing", &examples, json!({})).unwrap();
    assert_eq!((head.about.multi, report.multi, report.spans), (Some(true), Some(true), 12));
    let text = "Put the sugar into the oven.";
    let all: Vec<LabelScore> = {
        let input = serde_json::from_value(json!({ "text": text, "span": [23, 27] })).unwrap();
        let options = luke_web::tasks::LabelOptions { all_scores: true, ..Default::default() };
        block_on(MINI.typing_by(&head, &input, &options)).unwrap()
    };
    assert!(all.len() == 3 && all.is_sorted_by(|a, b| a.logit >= b.logit));
    assert!(all.iter().all(|label| (label.score > 0.5) == (label.logit > 0.0)));
    let found = call(&head, "typing", json!({ "text": text, "span": [23, 27] }), json!({})).unwrap();
    assert_eq!(found.as_array().unwrap().len(), all.iter().filter(|label| label.logit > 0.0).count());
    // The option says so too, and refuses what does not fit it.
    let (head, _) = teach("typing", &tools_and_food(), json!({ "multi": true })).unwrap();
    assert_eq!(head.about.multi, Some(true));
    let error = teach("typing", &examples, json!({ "multi": false })).unwrap_err();
    assert!(error.to_string().starts_with("examples[0].labels: are 2"), "{error}");
}

#[test]
fn pairs_have_a_label_each() {
    let (head, report) = teach("relation", &pairs(), json!({})).unwrap();
    assert_eq!((head.about.task, head.about.multi, report.spans), (TaughtTask::Relation, None, 10));
    let text = "Kim taught Lou to swim.";
    let input = json!({ "text": text, "head": [0, 3], "tail": [11, 14] });
    let found = call(&head, "relation", input.clone(), json!({})).unwrap();
    assert_eq!(found[0]["label"], "TEACHER", "{found}");
    let sum: f64 = found.as_array().unwrap().iter().map(|label| label["score"].as_f64().unwrap()).sum();
    assert!(found.as_array().unwrap().len() == 2 && (sum - 1.0).abs() < 1e-9);
    assert_eq!(call(&head, "relation", json!([input]), json!({})).unwrap()[0], found);
    let stored = TaughtHead::from_bytes("a.head", &head.to_bytes()).unwrap();
    assert_eq!(stored, head);
}

#[test]
fn the_same_examples_give_the_same_bytes_and_are_read_once() {
    // No other test runs this model.
    let (model, mut read) = (load(&folder("micro-span_cls")), TeachMemory::default());
    let mut run = |count: usize| {
        let before = model.rows_run();
        let (head, _) = teach_with(&model, input("relation", &pairs()[..count]), json!({}), &mut read).unwrap();
        (head.to_bytes(), model.rows_run() - before)
    };
    let (first, rows) = run(8);
    assert_eq!(run(8), (first.clone(), 0));
    let (other, more) = run(10);
    assert!(other != first && 0 < more && more < rows, "{more} rows for two examples, {rows} for eight");
    let anew = teach_with(&model, input("relation", &pairs()[..8]), json!({}), &mut TeachMemory::default());
    assert_eq!(anew.unwrap().0.to_bytes(), first);
}

#[test]
fn examples_that_do_not_fit_are_refused_by_name() {
    let (mention, pair) = (tools_and_food()[0].clone(), pairs()[0].clone());
    let changed = |of: &Value, field: &str, value: Value| {
        let mut changed = of.clone();
        changed[field] = value;
        changed
    };
    let many: Vec<Value> = (0..201).map(|i| changed(&mention, "labels", json!([format!("L{i}")]))).collect();
    for (task, examples, argument, part) in [
        ("typing", vec![], "labels", "no example has a label"),
        ("typing", vec![mention.clone()], "labels", "two at least"),
        ("relation", vec![pair.clone()], "labels", "two at least"),
        ("typing", many, "labels", "are 201"),
        ("typing", vec![changed(&mention, "labels", json!(["A", "B", "A"]))], "examples[0].labels[2]", "once more"),
        ("typing", vec![changed(&mention, "labels", json!([""]))], "labels", "empty"),
        ("typing", vec![changed(&mention, "labels", json!("TOOL"))], "input.examples[0].labels", ""),
        ("typing", vec![changed(&mention, "text", json!(""))], "examples[0].span", "beyond the text"),
        ("typing", vec![changed(&mention, "span", json!([3, 3]))], "examples[0].span", "empty"),
        ("typing", vec![changed(&mention, "span", json!([9, 3]))], "examples[0].span", "reversed"),
        ("typing", vec![changed(&mention, "span", json!([4, 999]))], "examples[0].span", "beyond the text"),
        (
            "typing",
            vec![changed(&mention, "span", json!([4]))],
            "input.examples[0].span",
            "[start, end] or {start, end}",
        ),
        (
            "typing",
            vec![changed(&mention, "span", json!({ "start": -1, "end": 2 }))],
            "input.examples[0].span",
            "whole numbers",
        ),
        ("typing", vec![changed(&mention, "spans", json!([]))], "input.examples[0].spans", "spans"),
        ("relation", vec![changed(&pair, "tail", json!([0, 99]))], "examples[0].tail", "beyond the text"),
        ("relation", vec![changed(&pair, "label", Value::Null)], "input.examples[0].label", ""),
        ("relation", vec![mention.clone()], "input.examples[0]", ""),
        ("ner", vec![pair.clone()], "input.examples[0]", ""),
    ] {
        // Another label and another example, so that nothing else is wrong.
        let mut examples = examples;
        if argument != "labels" {
            let other = if task == "relation" { pairs()[9].clone() } else { tools_and_food()[9].clone() };
            examples.push(other);
        }
        let error = teach(task, &examples, json!({})).unwrap_err();
        let LukeError::Input { argument: named, .. } = &error else { panic!("{error:?}") };
        assert!(named.starts_with(argument) && error.to_string().contains(part), "{task} {argument}: {error}");
    }
    let mut unknown = input("typing", &tools_and_food());
    unknown["labels"] = json!(["TOOL", "OTHER"]);
    let error = teach_with(&MINI, unknown, json!({}), &mut TeachMemory::default()).unwrap_err();
    assert!(error.to_string().starts_with("examples[5].labels[0].label: 'FOOD' is none of TOOL, OTHER"), "{error}");
    for task in ["ner", "relation"] {
        let examples = if task == "ner" {
            vec![json!({ "text": "a", "spans": [{ "start": 0, "end": 1, "label": "A" }] })]
        } else {
            pairs()
        };
        let error = teach(task, &examples, json!({ "multi": true })).unwrap_err();
        assert!(error.to_string().starts_with("multi: "), "{error}");
    }
    for (value, part) in
        [(json!([]), "an object"), (json!({ "name": "a", "examples": [] }), "no task"), (json!({ "task": 3 }), "task")]
    {
        let error = teach_with(&MINI, value, json!({}), &mut TeachMemory::default()).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(part), "{error}");
    }
}

/// What is strange and has a sensible head.
#[test]
fn strange_examples_give_a_head() {
    // The same mention with two labels, an emoji, a mention that is the whole text, and one in a text longer than the model.
    let long = format!("{}[[salt]]{}", "word ".repeat(2000), " word".repeat(2000));
    let examples = [
        mention("Add [[salt]] now.", &["A"]),
        mention("Add [[salt]] now.", &["B"]),
        mention("[[🙂]]", &["A"]),
        mention("[[\u{202e}evil\u{202c}]]", &["B"]),
        mention(&long, &["A"]),
    ];
    let (head, report) = teach("typing", &examples, json!({})).unwrap();
    assert_eq!((report.examples, head.about.labels.len()), (5, 2));
    let overlapping = json!({ "text": "New York Times", "head": [0, 8], "tail": [4, 14], "label": "IN" });
    let mut same = overlapping.clone();
    (same["tail"], same["label"]) = (json!([0, 8]), json!("SAME"));
    teach("relation", &[overlapping, same], json!({})).unwrap();
    // One example, whose labels are given.
    let mut one = input("typing", &[mention("Add [[salt]] now.", &["A"])]);
    one["labels"] = json!(["A", "B"]);
    let (_, report) = teach_with(&MINI, one, json!({}), &mut TeachMemory::default()).unwrap();
    assert_eq!((report.all, report.labels[1].spans), (None, 0));
    let error = call(&head, "typing", json!({ "text": "a   b", "span": [1, 4] }), json!({}));
    assert!(error.is_ok() || error.unwrap_err().to_string().starts_with("span: has no token"));
}

#[test]
fn heads_of_another_task_or_model_are_refused_by_name() {
    let (typing, _) = teach("typing", &tools_and_food(), json!({ "folds": 0 })).unwrap();
    let (ner, _) = crate::teach::teach(&[crate::teach::example("Add [[FOOD salt]] to it.")]);
    let mention = json!({ "text": "a", "span": [0, 1] });
    for (head, task, input, part) in [
        (&typing, "ner", json!("a"), "'mine' is a head for typing, and this call is ner"),
        (&typing, "rank", json!(["a"]), "'mine' is a head for typing, and this call is rank"),
        (&typing, "relation", json!([]), "'mine' is a head for typing, and this call is relation"),
        (&ner, "typing", mention.clone(), "'recipes' is a head for ner, and this call is typing"),
        (&ner, "poetry", json!("a"), "no head can be taught for 'poetry'"),
    ] {
        let options = if task == "rank" { json!({}) } else { json!({ "offsets": "byte" }) };
        let error = block_on(MINI.call_by(task, head, input, options)).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(part), "{error}");
    }
    let other = load(&folder("micro-span_cls"));
    let error = block_on(other.call_by("typing", &typing, mention, Value::Null)).unwrap_err();
    assert!(error.to_string().contains("was taught on the model luke-mini-en"), "{error}");
}

#[test]
fn an_aborted_lesson_leaves_everything_as_it_was() {
    let subject = Subject::new(folder("micro-span_cls"));
    let run = |last: usize, read: &mut TeachMemory| {
        subject.start(Pauses::until(last));
        let long = pairs().into_iter().cycle().take(60).collect::<Vec<_>>();
        teach_with(&subject.luke, input("relation", &long), json!({}), read).map(|(head, _)| head.to_bytes())
    };
    let whole = run(usize::MAX, &mut TeachMemory::default()).unwrap();
    let pauses = subject.pauses();
    assert!(pauses > 3, "{pauses} pauses");
    let mut read = TeachMemory::default();
    for at in (0..4).map(|part| part * pauses / 4) {
        read = TeachMemory::default();
        assert_eq!(run(at, &mut read), Err(LukeError::Aborted), "after {at} pauses of {pauses}");
    }
    assert_eq!(run(usize::MAX, &mut read), Ok(whole));
}

#[test]
fn the_command_line_teaches_and_uses_all_tasks() {
    let folder = repository().join("www/models/luke-mini-en");
    let model = folder.display().to_string();
    let mentions =
        ("typing", tools_and_food(), json!({ "text": "Put the sugar into the pot.", "span": [8, 13] }), "FOOD");
    let of_pairs = (
        "relation",
        pairs(),
        json!({ "text": "Kim taught Lou to swim.", "head": [0, 3], "tail": [11, 14] }),
        "TEACHER",
    );
    for (task, examples, line, label) in [mentions, of_pairs] {
        let (lines, head) =
            (temporary(&format!("{task}.jsonl")), temporary(&format!("{task}.head")).display().to_string());
        std::fs::write(&lines, examples.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")).unwrap();
        let done = luke(&["teach", &model, &lines.display().to_string(), "--task", task, "-o", &head]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let printed: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!((&printed["head"]["task"], &printed["report"]["examples"]), (&json!(task), &json!(10)));
        let (_, answer, said) = once(task, &folder, &line.to_string(), &["--head", &head]);
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}{said}"));
        assert_eq!(answer[0]["label"], label, "{answer}");
        // Before any line is read.
        let (code, _, said) = once("ner", &folder, "", &["--head", &head]);
        assert!(code == Some(2) && said.contains(&format!("is a head for {task}, and this call is ner")), "{said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever text and mentions are given, there is a head or an error with a code.
    #[test]
    fn random_examples_give_a_head_or_an_error(
        examples in prop::collection::vec(("\\PC{0,40}", (0usize..40, 0usize..12), (0usize..40, 0usize..12), 0usize..3), 1..5),
    ) {
        let span = |(start, length): (usize, usize)| json!([start, start + length]);
        let pair = |(text, head, tail, label): &(String, _, _, usize)| json!({ "text": text, "head": span(*head), "tail": span(*tail), "label": label.to_string() });
        let mention = |(text, head, _, label): &(String, _, _, usize)| json!({ "text": text, "span": span(*head), "labels": [label.to_string()] });
        for (task, examples) in [
            ("relation", examples.iter().map(pair).collect::<Vec<_>>()),
            ("typing", examples.iter().map(mention).collect()),
        ] {
            match teach(task, &examples, json!({ "folds": 0 })) {
                Ok((head, report)) => prop_assert_eq!((report.examples, head.about.examples), (examples.len(), examples.len())),
                Err(error) => prop_assert_eq!(error.code(), "input"),
            }
        }
    }
}
