//! `luke eval` on small files in each published format, with micro checkpoints of random weights. The gold labels are
//! the answers of the model itself, except one, so that the right figures are known.

use std::path::{Path, PathBuf};

use luke_web::tasks::from_value;
use luke_web::tasks::ner::{NerInput, NerResult};
use serde_json::{Value, json};

use crate::support::{folder, load, luke, temporary};

fn written(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = temporary(&format!("eval-{name}"));
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs `luke eval`. Returns its report, or standard error.
fn eval(model: &str, task: &str, file: &Path, more: &[&str]) -> Result<Value, String> {
    let (model, file) = (folder(model).display().to_string(), file.display().to_string());
    let output = luke(&[&["eval", &model, "--task", task, &file], more].concat());
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn assert_figures(report: &Value, pointer: &str, want: &[(&str, f64)]) {
    for (name, want) in want {
        let got = report["metrics"].pointer(pointer).unwrap()[name].as_f64().unwrap();
        assert!((got - want).abs() < 1e-9, "{name}: got {got}, want {want}: {report}");
    }
}

const SENTENCES: [&[&str]; 3] =
    [&["Tokyo", "beats", "Paris", "."], &["Ada", "Lovelace", "met", "Babbage"], &["He", "lives", "in", "New", "York"]];

/// Three sentences in two documents, tagged with the entities that the model finds in them.
fn conll(columns: &str, scheme: &str) -> (String, usize) {
    let model = load(&folder("micro-span_cls"));
    let (mut text, mut found) = (String::new(), 0);
    for document in [&SENTENCES[..2], &SENTENCES[2..]] {
        let (words, ends) = (document.concat(), [document[0].len(), document.concat().len()]);
        let mut sentences = vec![[0, ends[0]]];
        sentences.extend((ends[0] < ends[1]).then_some(ends));
        let input = NerInput::from_value(json!({ "words": words, "sentences": sentences })).unwrap();
        let answer = pollster::block_on(model.ner(&input, &from_value("options", Value::Null).unwrap())).unwrap();
        let NerResult::One(answer) = answer else { panic!("a word list has one answer") };
        let entities = answer.entities;
        found += entities.len();
        let mut tags = vec!["O".to_owned(); words.len()];
        for (i, entity) in entities.iter().enumerate() {
            let begins = scheme == "IOB2"
                || i.checked_sub(1)
                    .is_some_and(|i| entities[i].end == entity.start && entities[i].label == entity.label);
            tags[entity.start] = format!("{}-{}", if begins { "B" } else { "I" }, entity.label);
            tags[entity.start + 1..entity.end].fill(format!("I-{}", entity.label));
        }
        text += &format!("-DOCSTART- {columns}O\n\n");
        for [start, end] in sentences {
            (start..end).for_each(|i| text += &format!("{} {columns}{}\n", words[i], tags[i]));
            text += "\n";
        }
    }
    (text, found)
}

#[test]
fn conll_files_of_four_columns_or_two_score_whole_documents() {
    for (name, columns, scheme) in [("four", "-X- -X- ", "IOB2"), ("two", "", "IOB1")] {
        let (text, found) = conll(columns, scheme);
        assert!(found > 3, "only {found} entities");
        let path = written(&format!("{name}.txt"), text.replace('\n', "\r\n"));
        let report = eval("micro-span_cls", "conll2003", &path, &[]).unwrap();
        assert_figures(&report, "", &[("precision", 100.0), ("recall", 100.0), ("f1", 100.0), ("sentences", 3.0)]);
        assert_eq!(report["metrics"]["gold"], found);
        assert!(report["metrics"]["labels"].as_object().is_some_and(|labels| !labels.is_empty()));
        let want = json!({
            "task": "conll2003", "model": "micro-span_cls", "dtype": "f32", "device": "cpu", "options": {},
            "dataset": format!("eval-{name}.txt"), "examples": 2, "resumed": 0, "failed": [],
        });
        for (field, want) in want.as_object().unwrap() {
            assert_eq!(&report[field], want, "{field}");
        }
        assert!(report["seconds"].is_number());
        let one = eval("micro-span_cls", "conll2003", &path, &["--limit", "1"]).unwrap();
        assert_eq!((&one["examples"], &one["metrics"]["sentences"]), (&json!(1), &json!(2)));
        let none = eval("micro-span_cls", "conll2003", &path, &["--options", r#"{"threshold": 1}"#]).unwrap();
        assert_eq!((&none["metrics"]["predicted"], &none["metrics"]["f1"]), (&json!(0), &json!(0.0)));
    }
}

#[test]
fn a_conll_file_without_documents_has_one_a_sentence() {
    let path = written("bare.txt", "Tokyo B-LOC\nwins O\n\n\nParis\u{a0}FC I-ORG");
    let predictions = temporary("eval-bare.jsonl");
    let _ = std::fs::remove_file(&predictions);
    let arguments = ["--predictions", &predictions.display().to_string()];
    let report = eval("micro-span_cls", "conll2003", &path, &arguments).unwrap();
    assert_eq!((&report["examples"], &report["metrics"]["tags"]), (&json!(2), &json!("mixed")));
    let ids: Vec<_> = lines(&predictions)[1..].iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, ["line 1", "line 5"]);
}

#[test]
fn squad_files_are_scored_by_their_version() {
    let context = "Tokyo beats Paris while Ada Lovelace met Charles Babbage in London";
    let questions = ["Who won?", "Who met whom?", "Where?"];
    let model = load(&folder("micro-qa"));
    let answer = |question: &str| {
        let input = from_value_of(json!({ "question": question, "context": context }));
        pollster::block_on(model.qa(&input, &from_value("options", Value::Null).unwrap())).unwrap().answer
    };
    let squad = |name: &str, qas: Vec<Value>| {
        let data = json!([{ "title": "T", "paragraphs": [{ "context": context, "qas": qas }] }]);
        written(name, json!({ "version": "any", "data": data }).to_string())
    };
    let gold =
        |i: usize, text: String| json!([{ "text": "zzz", "answer_start": 0 }, { "text": text, "answer_start": i }]);
    let qa = |i: usize, answers: Value| json!({ "id": format!("q{i}"), "question": questions[i], "answers": answers });
    let right = |i: usize| qa(i, gold(i, format!("The {}", answer(questions[i]).to_uppercase())));
    let path = squad("v1.json", vec![right(0), right(1), qa(2, gold(2, "nothing like it".into()))]);
    let report = eval("micro-qa", "squad", &path, &[]).unwrap();
    assert_figures(&report, "", &[("exactMatch", 200.0 / 3.0), ("f1", 200.0 / 3.0), ("questions", 3.0)]);

    let version2 = |mut qa: Value, impossible: bool| {
        qa["is_impossible"] = json!(impossible);
        qa
    };
    let qas = vec![version2(right(0), false), version2(right(1), false), version2(qa(2, json!([])), true)];
    let path = squad("v2.json", qas);
    let report = eval("micro-qa", "squad", &path, &[]).unwrap();
    assert_figures(&report, "/hasAnswer", &[("exactMatch", 100.0), ("questions", 2.0)]);
    assert_figures(&report, "/noAnswer", &[("exactMatch", 0.0), ("questions", 1.0)]);
    let never = eval("micro-qa", "squad", &path, &["--options", r#"{"nullThreshold": -1e6}"#]).unwrap();
    assert_figures(&never, "", &[("exactMatch", 100.0 / 3.0), ("f1", 100.0 / 3.0)]);
    assert_figures(&never, "/noAnswer", &[("exactMatch", 100.0)]);
}

fn from_value_of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn tacred_item(id: &str, tokens: &[&str], subject: [usize; 2], object: [usize; 2], relation: &str) -> Value {
    json!({
        "id": id, "docid": "d", "relation": relation, "token": tokens, "subj_type": "PERSON",
        "subj_start": subject[0], "subj_end": subject[1], "obj_start": object[0], "obj_end": object[1],
    })
}

#[test]
fn tacred_counts_no_relation_apart_and_names_what_the_model_cannot_take() {
    let model = load(&folder("micro-entity_pair"));
    let tokens = ["Ada", "Lovelace", "met", "Élan", "Babbage", "."];
    let best = |text: &str, head: [usize; 2], tail: [usize; 2]| {
        let input = from_value_of(json!({ "text": text, "head": head, "tail": tail }));
        pollster::block_on(model.relation(&input, &from_value("options", Value::Null).unwrap())).unwrap()[0]
            .label
            .clone()
    };
    let text = "Ada Lovelace met Élan Babbage .";
    let labels = [best(text, [0, 12], [17, 29]), best(text, [17, 29], [0, 12])];
    let relations = labels.iter().filter(|label| *label != "no_relation").count() as f64;
    let far: Vec<&str> = std::iter::repeat_n("far", 2000).collect();
    let items = [
        tacred_item("forth", &tokens, [0, 1], [3, 4], &labels[0]),
        tacred_item("back", &tokens, [3, 4], [0, 1], &labels[1]),
        tacred_item("far", &far, [0, 0], [1999, 1999], "per:title"),
    ];
    let path = written("tacred.json", json!(items).to_string());
    let report = eval("micro-entity_pair", "tacred", &path, &[]).unwrap();
    assert_eq!(report["failed"][0]["id"], "far", "{report}");
    assert!(
        report["failed"][0]["error"].as_str().is_some_and(|error| error.contains("reach over 4004 tokens")),
        "{report}"
    );
    assert_eq!(report["examples"], 3);
    assert_figures(&report, "", &[("precision", 100.0), ("recall", 100.0 * relations / (relations + 1.0))]);
}

#[test]
fn open_entity_is_read_in_both_forms() {
    let model = load(&folder("micro-entity_cls"));
    let typed = |text: &str, span: [usize; 2]| -> Vec<String> {
        let options = from_value("options", json!({ "offsets": "codepoint" })).unwrap();
        let input = from_value_of(json!({ "text": text, "span": span }));
        pollster::block_on(model.typing(&input, &options)).unwrap().into_iter().map(|label| label.label).collect()
    };
    // Brackets are undone before, in and after the mention; offsets count code points.
    let gold = typed("🗼( Tokyo ) is big )", [3, 10]);
    assert!(!gold.is_empty(), "the model sees no type");
    let item = json!({ "sent": "🗼-LRB- Tokyo -RRB- is big -RSB-", "start": 7, "end": 18, "labels": gold, "ents": [] });
    let report = eval("micro-entity_cls", "open-entity", &written("open-entity.json", json!([item]).to_string()), &[]);
    assert_figures(&report.unwrap(), "/micro", &[("precision", 100.0), ("recall", 100.0)]);

    let lines = [
        json!({ "annot_id": "x/1", "left_context_token": ["On"], "mention_span": "Monday", "y_str": typed("On Monday , he", [3, 9]),
            "right_context_token": [",", "he"] }),
        json!({ "left_context_token": [], "mention_span": "He", "right_context_token": [], "y_str": ["he", "child"] }),
    ];
    let text = format!("{}\n\n{}\n", lines[0], lines[1]);
    let report = eval("micro-entity_cls", "open-entity", &written("crowd.json", text), &[]).unwrap();
    assert_figures(&report, "/micro", &[("recall", 100.0)]);
    let (found, more) = (typed("On Monday , he", [3, 9]).len() as f64, typed("He", [0, 2]).len() as f64);
    assert_figures(&report, "/micro", &[("precision", 100.0 * found / (found + more))]);
    let said = if more > 0.0 { 2.0 } else { 1.0 };
    assert_figures(&report, "/macro", &[("precision", 100.0 / said), ("recall", 100.0)]);
}

#[test]
fn record_candidates_are_the_passage_entities() {
    let model = load(&folder("micro-cloze"));
    let passage = "Zoë met Ada in Paris.\n@highlight\nAda lives in Tokyo";
    let spans = [[0, 2], [8, 10], [15, 19], [45, 49]];
    let query = "@placeholder went home";
    let candidates: Vec<_> = spans.iter().map(|[start, end]| [*start, end + 1]).collect();
    let input = from_value_of(json!({ "passage": passage, "query": query, "candidates": candidates }));
    let options = from_value("options", json!({ "offsets": "codepoint" })).unwrap();
    let best = pollster::block_on(model.cloze(&input, &options)).unwrap()[0].text.clone();
    let answer =
        |text: &str| json!([{ "start": 0, "end": 1, "text": "nobody" }, { "start": 0, "end": 1, "text": text }]);
    let entities: Vec<_> = spans.iter().map(|[start, end]| json!({ "start": start, "end": end })).collect();
    let data = json!([{
        "id": "d", "source": "s", "passage": { "text": passage, "entities": entities },
        "qas": [
            { "id": "d-0", "query": query, "answers": answer(&format!("the {best}")) },
            { "id": "d-1", "query": query, "answers": answer("no one") },
            { "id": "d-2", "query": "no blank", "answers": answer(&best) },
        ],
    }]);
    let path = written("record.json", json!({ "version": "1.0", "data": data }).to_string());
    let report = eval("micro-cloze", "record", &path, &[]).unwrap();
    assert_figures(&report, "", &[("exactMatch", 100.0 / 3.0), ("f1", 100.0 / 3.0), ("questions", 3.0)]);
    assert_eq!((&report["failed"][0]["id"], report["failed"].as_array().unwrap().len()), (&json!("d-2"), 1));
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    let dataset = written("resume.txt", conll("", "IOB2").0.replace("-DOCSTART- O\n", ""));
    let predictions = temporary("eval-resume.jsonl");
    let _ = std::fs::remove_file(&predictions);
    let path = predictions.display().to_string();
    let run =
        |more: &[&str]| eval("micro-span_cls", "conll2003", &dataset, &[&["--predictions", &path], more].concat());
    let limited = run(&["--limit", "1"]).unwrap();
    assert_eq!((&limited["examples"], lines(&predictions).len()), (&json!(1), 2));
    let whole = run(&[]).unwrap();
    assert_eq!((&whole["examples"], &whole["resumed"]), (&json!(3), &json!(1)));
    let complete = std::fs::read_to_string(&predictions).unwrap();

    // The first prediction is changed, to see that it is taken and not made again; the second is half written.
    let mut kept: Vec<String> = complete.lines().map(str::to_owned).collect();
    kept[1] = json!({ "id": "line 2", "prediction": [] }).to_string();
    let half = &kept[2][..kept[2].len() / 2];
    std::fs::write(&predictions, format!("{}\n{}\n{half}", kept[0], kept[1])).unwrap();
    let resumed = run(&[]).unwrap();
    assert_eq!((&resumed["examples"], &resumed["resumed"]), (&json!(3), &json!(1)));
    assert_eq!(resumed["metrics"]["gold"], whole["metrics"]["gold"]);
    let lost = lines(&predictions)[1..].iter().map(|line| line["prediction"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(resumed["metrics"]["predicted"], lost);
    assert!(whole["metrics"]["predicted"].as_u64() > resumed["metrics"]["predicted"].as_u64());
    let rewritten = std::fs::read_to_string(&predictions).unwrap();
    assert_eq!(rewritten.lines().skip(2).collect::<Vec<_>>(), complete.lines().skip(2).collect::<Vec<_>>());

    // Only a part of the first line was written: the run starts anew.
    std::fs::write(&predictions, &complete[..20]).unwrap();
    assert_eq!(run(&[]).unwrap()["resumed"], 0);
    assert_eq!(std::fs::read_to_string(&predictions).unwrap(), complete);

    let refused = |what: &str, result: Result<Value, String>| {
        let error = result.unwrap_err();
        assert!(error.contains("eval-resume.jsonl") && error.contains(what), "{what}: {error}");
        assert_eq!(std::fs::read_to_string(&predictions).unwrap(), complete, "{what}: the file was touched");
    };
    refused("another options", run(&["--options", r#"{"threshold": 0.5}"#]));
    let other = written("other.txt", "Tokyo B-LOC\n");
    refused("another dataset", eval("micro-span_cls", "conll2003", &other, &["--predictions", &path]));
    refused("another manifest", eval("micro-span_cls-noeaa", "conll2003", &dataset, &["--predictions", &path]));
    for (content, what) in [
        ("Dear diary\n".to_owned(), "is not a predictions file"),
        ("Dear diary".to_owned(), "is not a predictions file"),
        (format!("{}\n{}\n", kept[0], kept[1].replace("line 2", "line 9")), "eval-resume.jsonl:2"),
        (format!("{}\nnot JSON\n", kept[0]), "eval-resume.jsonl:2"),
    ] {
        std::fs::write(&predictions, &content).unwrap();
        let error = run(&[]).unwrap_err();
        assert!(error.contains(what), "{what}: {error}");
        assert_eq!(std::fs::read_to_string(&predictions).unwrap(), content, "{what}: the file was touched");
    }
}

#[test]
fn bad_files_are_refused_by_file_and_record() {
    let good = ["Ada", "met", "Bob"];
    let item = |subject: [usize; 2]| {
        json!([tacred_item("a", &good, [0, 0], [2, 2], "r"), tacred_item("b", &good, subject, [2, 2], "r")])
    };
    let squad = json!({ "data": [{ "paragraphs": [{ "context": "c", "qas": [{ "id": "1", "question": "q", "answers": [] }] }] }] });
    let mut no_question = squad.clone();
    no_question["data"][0]["paragraphs"][0]["qas"][0].as_object_mut().unwrap().remove("question");
    let record =
        json!({ "data": [{ "passage": { "text": "abc", "entities": [{ "start": 1, "end": 3 }] }, "qas": [] }] });
    let mention = json!([{ "sent": "abc", "start": 2, "end": 2, "labels": [] }]);
    for (model, task, content, named) in [
        ("micro-span_cls", "conll2003", "Ada O\nBob S-PER\n".into(), ":2: tag 'S-PER'"),
        ("micro-span_cls", "conll2003", "Ada NNP O\n\nBob O\n".into(), ":3: has 2 columns"),
        ("micro-span_cls", "conll2003", "Ada\n".into(), ":1: has 1 column"),
        ("micro-span_cls", "conll2003", "-DOCSTART- O\n\n".into(), "has no examples"),
        ("micro-entity_pair", "tacred", item([1, 3]).to_string(), "[1].subj_start: 1 to 3"),
        ("micro-entity_pair", "tacred", item([1, 0]).to_string(), "[1].subj_start: 1 to 0"),
        ("micro-entity_pair", "tacred", "[]".into(), "has no examples"),
        ("micro-entity_pair", "tacred", "[] []".into(), "has more than should be here"),
        ("micro-qa", "squad", "x".into(), "eval-bad: is not JSON: another value should be here (line 1, column 1)"),
        ("micro-qa", "squad", squad.to_string(), "data[0].paragraphs[0].qas[0].answers: is empty"),
        ("micro-qa", "squad", no_question.to_string(), "data[0].paragraphs[0].qas[0]: 'question' is missing"),
        ("micro-cloze", "record", record.to_string(), "data[0].passage.entities[0]: 1 to 3"),
        ("micro-entity_cls", "open-entity", mention.to_string(), "[0].start: [2, 2]"),
        ("micro-entity_cls", "open-entity", "{}\n".into(), ":1: 'left_context_token' is missing"),
    ] {
        let error = eval(model, task, &written("bad", content), &[]).unwrap_err();
        assert!(error.contains("format: ") && error.contains("eval-bad") && error.contains(named), "{named}: {error}");
    }
    let error = eval("micro-qa", "squad", &written("bytes", b"\xff"), &[]).unwrap_err();
    assert!(error.contains("eval-bytes"), "{error}");
    let error = eval("micro-qa", "squad", &temporary("eval-nowhere"), &[]).unwrap_err();
    assert!(error.contains("eval-nowhere"), "{error}");
}

#[test]
fn options_and_heads_that_do_not_fit_stop_the_run() {
    let path = written("stop.txt", "Tokyo B-LOC\n");
    for (options, named) in [
        (r#"{"threshold": 2}"#, "threshold: 2 is not between 0 and 1"),
        (r#"{"treshold": 1}"#, "treshold"),
        (r#"{"offsets": "byte"}"#, "offsets"),
        ("[]", "--options: must be an object, not a list"),
        ("{", "--options"),
    ] {
        let error = eval("micro-span_cls", "conll2003", &path, &["--options", options]).unwrap_err();
        assert!(error.contains("input: ") && error.contains(named), "{options}: {error}");
    }
    // Options come before the file.
    let nowhere = temporary("eval-nowhere");
    let error = eval("micro-qa", "squad", &nowhere, &["--options", r#"{"topk": 1}"#]).unwrap_err();
    assert!(error.contains("input: --options: topk: there is no 'topk'"), "{error}");
    let error = eval("micro-qa", "conll2003", &path, &[]).unwrap_err();
    assert!(error.contains("task-unavailable"), "{error}");
    assert!(eval("micro-span_cls", "conll2003", &path, &["--limit", "0"]).is_err());
}
