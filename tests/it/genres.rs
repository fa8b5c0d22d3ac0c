//! The default model on texts of many genres, which were written for these tests and are in no training data (`tests/genres`). Floors are
//! a little below what was measured, so that a change that makes the model worse for visitors is seen.

use std::path::Path;

use luke_web::tasks::LabelOptions;
use luke_web::tasks::relation::RelationInput;
use luke_web::tasks::typing::TypingInput;
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{load, luke, repository, temporary};

/// The lowest F1 of the entities of each genre.
const NER: [(&str, f64); 16] = [
    ("biography", 88.5),
    ("business", 92.0),
    ("chat", 76.0),
    ("contracts", 85.0),
    ("headlines", 71.0),
    ("mail", 77.0),
    ("minutes", 91.5),
    ("music-film", 88.0),
    ("news", 90.0),
    ("politics", 91.0),
    ("posts", 77.5),
    ("reviews", 86.0),
    ("science", 90.0),
    ("sport", 92.5),
    ("technology", 85.0),
    ("travel", 90.0),
];

/// The lowest mean of these F1, exact matches and F1 of answers, and shares of right types and relations, all in
/// percent.
const MEAN: f64 = 86.5;
const ANSWERS: (f64, f64) = (59.0, 70.0);
const TYPES: f64 = 83.5;
const RELATIONS: f64 = 66.0;

fn genres() -> std::path::PathBuf {
    repository().join("tests/genres")
}

fn metrics(task: &str, file: &Path) -> Value {
    let model = repository().join("www/models/luke-mini-en").display().to_string();
    let output = luke(&["eval", &model, "--task", task, &file.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["metrics"].take()
}

#[test]
fn entities_of_every_genre() {
    let mut all = Vec::new();
    for (genre, floor) in NER {
        let metrics = metrics("marked", &genres().join(format!("ner-{genre}.txt")));
        let f1 = metrics["f1"].as_f64().unwrap();
        println!("{genre}: {metrics}");
        assert!(f1 >= floor, "{genre}: F1 {f1}, below {floor}: {metrics}");
        all.push(f1);
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(mean >= MEAN, "F1 {mean} over all genres, below {MEAN}");
}

/// The questions that have an answer, as SQuAD 1.1 has them. A block is a title behind `#`, a paragraph, and lines of `?`, a question, a
/// tab and its answer.
fn squad(text: &str) -> Value {
    let block = |(number, block): (usize, &str)| {
        let mut lines = block.lines();
        let (title, context) = (lines.next()?.strip_prefix("# ")?, lines.next()?);
        let question = |(line, text): (usize, &str)| {
            let (question, answer) = text.strip_prefix("? ")?.split_once('\t')?;
            let start = context.find(answer).filter(|_| !answer.is_empty())?;
            let answer = json!({ "text": answer, "answer_start": context[..start].chars().count() });
            Some(json!({ "id": format!("{number}-{line}"), "question": question, "answers": [answer] }))
        };
        let questions: Vec<Value> = lines.enumerate().filter_map(question).collect();
        Some(json!({ "title": title, "paragraphs": [{ "context": context, "qas": questions }] }))
    };
    let blocks: Vec<Value> = text.split("\n\n").enumerate().filter_map(block).collect();
    json!({ "version": "1.1", "data": blocks })
}

#[test]
fn answers_to_questions() {
    let file = temporary("genres-qa.json");
    std::fs::write(&file, squad(&std::fs::read_to_string(genres().join("qa.txt")).unwrap()).to_string()).unwrap();
    let metrics = metrics("squad", &file);
    println!("{metrics}");
    let figure = |name: &str| metrics[name].as_f64().unwrap();
    assert!(metrics["questions"].as_u64().unwrap() > 150, "{metrics}");
    assert!(figure("exactMatch") >= ANSWERS.0 && figure("f1") >= ANSWERS.1, "{metrics}");
}

#[test]
fn types_of_mentions() {
    let luke = load(&repository().join("www/models/luke-mini-en"));
    let file = std::fs::read_to_string(genres().join("typing.txt")).unwrap();
    let (mut all, mut right) = (0usize, 0usize);
    for (marked, label) in file.lines().filter_map(|line| line.split_once('\t')) {
        let (before, rest) = marked.split_once("[[").unwrap();
        let (mention, after) = rest.split_once("]]").unwrap();
        let units = |text: &str| text.encode_utf16().count();
        let span = [units(before), units(before) + units(mention)];
        let input = TypingInput { text: format!("{before}{mention}{after}"), span };
        let options = LabelOptions { all_scores: true, ..Default::default() };
        all += 1;
        right += usize::from(block_on(luke.typing(&input, &options)).unwrap()[0].label == label);
    }
    let share = 100.0 * right as f64 / all as f64;
    println!("{right} of {all} types: {share:.1} %");
    assert!(all > 200 && share >= TYPES, "{share} % of {all} types are right, below {TYPES} %");
}

/// Where a mark stands in a text with marks, `[[H Ada]]` or `[[T London]]`, and the text without them.
fn pair(marked: &str) -> (String, [usize; 2], [usize; 2]) {
    let (mut text, mut head, mut tail) = (String::new(), [0, 0], [0, 0]);
    let units = |text: &str| text.encode_utf16().count();
    for part in marked.split("[[") {
        let (mark, rest) = part.split_once("]]").unwrap_or(("", part));
        if let Some((role, name)) = mark.split_once(' ') {
            let span = [units(&text), units(&text) + units(name)];
            *(if role == "H" { &mut head } else { &mut tail }) = span;
            text.push_str(name);
        }
        text.push_str(rest);
    }
    (text, head, tail)
}

#[test]
fn relations_of_pairs() {
    let luke = load(&repository().join("www/models/luke-mini-en"));
    let file = std::fs::read_to_string(genres().join("relation.txt")).unwrap();
    let (mut all, mut right) = (0usize, 0usize);
    for (marked, label) in file.lines().filter_map(|line| line.split_once('\t')) {
        let (text, head, tail) = pair(marked);
        let input = RelationInput { text, head, tail };
        all += 1;
        right += usize::from(block_on(luke.relation(&input, &LabelOptions::default())).unwrap()[0].label == label);
    }
    let share = 100.0 * right as f64 / all as f64;
    println!("{right} of {all} relations: {share:.1} %");
    assert!(all > 200 && share >= RELATIONS, "{share} % of {all} relations are right, below {RELATIONS} %");
}
