//! Sentences without end and many labels: they are learned and cut into spans in windows.

use luke_web::tasks::from_value;
use luke_web::tasks::ner::{Found, NerInput, NerOptions, NerResult};
use luke_web::tasks::teach::TeachMemory;
use luke_web::taught::TaughtHead;
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::folder;
use crate::teach::{example, teach_with};
use crate::turns::{Pauses, Subject};

fn subject() -> Subject {
    let subject = Subject::new(folder("micro-span_cls"));
    subject.start(Pauses::default());
    subject
}

fn taught(subject: &Subject, examples: &[Value]) -> TaughtHead {
    let input = json!({ "task": "ner", "name": "long", "examples": examples });
    teach_with(&subject.luke, input, json!({ "folds": 0 }), &mut TeachMemory::default()).unwrap().0
}

fn find(subject: &Subject, head: &TaughtHead, text: &str, options: Value) -> Found {
    let options: NerOptions = from_value("options", options).unwrap();
    match block_on(subject.luke.ner_by(head, &NerInput::Text(text.into()), &options)).unwrap() {
        NerResult::One(found) => found,
        NerResult::Many(_) => unreachable!("one text has one result"),
    }
}

#[test]
fn a_sentence_without_end_is_read_in_windows_with_pauses() {
    let subject = subject();
    let head = taught(&subject, &[example("stir [[FOOD the salt]] in it"), example("[[FOOD the rice]] and the pan")]);
    let sentence = "stir the salt in it and the rice then wait ";
    let text = sentence.repeat(5_000);
    let options = json!({ "sentences": "none", "offsets": "byte", "runnersUp": 0.9 });
    subject.start(Pauses::default());
    let found = find(&subject, &head, &text, options.clone());
    let words = 50_000;
    assert!(subject.pauses() > words / 512, "{} pauses", subject.pauses());
    let entities = &found.entities;
    assert!(entities.array_windows().all(|[a, b]| a.end <= b.start), "spans are in order and do not overlap");
    assert!(entities.iter().all(|entity| entity.text == text[entity.start..entity.end]));
    // The text repeats itself, and so does what is found, at the bounds of windows too.
    let short = find(&subject, &head, &sentence.repeat(50), options);
    let each = short.entities.len() as f64 / 50.0;
    let found = entities.len() as f64 / 5_000.0;
    assert!((found - each).abs() < 0.2, "{found} spans in each sentence, {each} in a short text");
}

#[test]
fn two_hundred_labels_and_a_long_sentence_are_learned() {
    let subject = subject();
    let mut examples: Vec<Value> = (0..200).map(|i| example(&format!("take [[L{i} item {i}]] now"))).collect();
    let words: Vec<String> =
        (0..300).map(|i| if i % 50 == 0 { format!("[[L{} item {i}]]", i / 50) } else { format!("word{i}") }).collect();
    examples.push(example(&words.join(" ")));
    let head = taught(&subject, &examples);
    assert_eq!(head.about.labels.len(), 200);
    let pauses = subject.pauses();
    assert!(pauses > 100, "{pauses} pauses");
    let text = "take item 3 and word7 now ".repeat(300);
    let found = find(&subject, &head, &text, json!({ "sentences": "none", "offsets": "byte" }));
    assert!(found.entities.iter().all(|entity| entity.text == text[entity.start..entity.end]));
    assert_eq!(TaughtHead::from_bytes("a.head", &head.to_bytes()), Ok(head));
}

#[test]
fn a_span_that_is_too_long_is_refused() {
    let subject = subject();
    let text = "word ".repeat(300);
    let with = |words: usize| json!([{ "text": text, "spans": [{ "start": 0, "end": 5 * words - 1, "label": "A" }] }]);
    let teach = |words: usize| {
        let input = json!({ "task": "ner", "name": "long", "examples": with(words) });
        teach_with(&subject.luke, input, json!({}), &mut TeachMemory::default()).map(|(head, _)| head.about.labels)
    };
    assert_eq!(teach(256), Ok(vec!["A".to_owned()]));
    let error = teach(257).unwrap_err();
    assert!(error.to_string().starts_with("examples[0].spans[0].span: has 257 words"), "{error}");
}
