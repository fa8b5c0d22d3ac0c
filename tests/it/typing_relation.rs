//! Compares `typing` and `relation` with Hugging Face's classes on the same weights.

use luke_web::tasks::relation::RelationInput;
use luke_web::tasks::typing::TypingInput;
use luke_web::tasks::{LabelOptions, LabelScore};
use luke_web::text::OffsetUnit;
use serde_json::{Value, json};

use crate::support::{TOLERANCE, fixture, flat, folder, load};

fn by_label(luke: &luke_web::Luke, task: &str, scores: &[LabelScore]) -> Vec<f32> {
    let labels = &luke.manifest.heads[task].labels;
    labels.iter().map(|label| scores.iter().find(|score| score.label == *label).unwrap().logit).collect()
}

fn assert_logits(what: &str, got: &[f32], want: &Value) {
    crate::support::assert_close(what, got, &flat(want), TOLERANCE);
}

#[test]
fn typing_equals_transformers() {
    let luke = load(&folder("micro-entity_cls"));
    for case in fixture("typing_relation.json")["entity"].as_array().unwrap() {
        let what = format!("typing {}", case["name"]);
        let input = |span: &str| -> TypingInput {
            serde_json::from_value(json!({ "text": case["text"], "span": case[span] })).unwrap()
        };
        let all = LabelOptions { all_scores: true, ..Default::default() };
        let scores = pollster::block_on(luke.typing(&input("utf16"), &all)).unwrap();
        assert_logits(&what, &by_label(&luke, "typing", &scores), &case["logits"]);
        let chars = LabelOptions { offsets: OffsetUnit::Codepoint, ..Default::default() };
        let kept = pollster::block_on(luke.typing(&input("span"), &chars)).unwrap();
        assert!(kept.windows(2).all(|pair| pair[0].logit >= pair[1].logit), "{what}: best first");
        assert!(kept.iter().all(|score| score.score > 0.5 && score.score < 1.0), "{what}: sigmoids");
        let mut labels: Vec<_> = kept.iter().map(|score| score.label.as_str()).collect();
        let mut want: Vec<_> = case["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
        labels.sort_unstable();
        want.sort_unstable();
        assert_eq!(labels, want, "{what}");
    }
}

#[test]
fn relation_equals_transformers() {
    let luke = load(&folder("micro-entity_pair"));
    for case in fixture("typing_relation.json")["pair"].as_array().unwrap() {
        let what = format!("relation {} {} {}", case["name"], case["head"], case["tail"]);
        let input: RelationInput =
            serde_json::from_value(json!({ "text": case["text"], "head": case["head"], "tail": case["tail"] }))
                .unwrap();
        let options = LabelOptions { offsets: OffsetUnit::Codepoint, ..Default::default() };
        let scores = pollster::block_on(luke.relation(&input, &options)).unwrap();
        assert_logits(&what, &by_label(&luke, "relation", &scores), &case["logits"]);
        assert_eq!(scores[0].label, case["label"].as_str().unwrap(), "{what}");
        let labels = &luke.manifest.heads["relation"].labels;
        for (label, want) in labels.iter().zip(flat(&case["prob"])) {
            let got = scores.iter().find(|score| score.label == *label).unwrap().score;
            assert!((got - want).abs() < TOLERANCE, "{what}: {label} {got} {want}");
        }
    }
}

#[test]
fn long_texts_are_read_around_the_mentions() {
    let luke = load(&folder("micro-entity_pair"));
    let run = |text: &str, head: [usize; 2], tail: [usize; 2]| {
        let input = RelationInput { text: text.to_owned(), head, tail };
        pollster::block_on(luke.relation(&input, &LabelOptions::default()))
    };
    let filler = "one two three four ".repeat(400);
    let at = filler.len();
    for text in [format!("{filler}Tokyo beats Paris {filler}"), format!("{filler}Tokyo beats Paris")] {
        let scores = run(&text, [at, at + 5], [at + 12, at + 17]).unwrap();
        assert_eq!(scores.len(), luke.manifest.heads["relation"].labels.len());
    }
    // What lies beyond the window changes nothing: more of the same filler gives the same logits.
    let more = "one two three four ".repeat(500);
    let shorter = run(&format!("{filler}Tokyo beats Paris {filler}"), [at, at + 5], [at + 12, at + 17]).unwrap();
    let at = more.len();
    let longer = run(&format!("{more}Tokyo beats Paris {more}"), [at, at + 5], [at + 12, at + 17]).unwrap();
    assert_eq!(shorter, longer);
    let far = format!("Tokyo {filler}Paris");
    let error = run(&far, [0, 5], [far.len() - 5, far.len()]).unwrap_err();
    assert_eq!(error.code(), "input");
    assert!(error.to_string().contains("tokens"), "{error}");
    for (head, tail) in [([5, 5], [0, 5]), ([0, 5], [9, 900_000])] {
        assert_eq!(run("Tokyo beats Paris", head, tail).unwrap_err().code(), "input");
    }
}

#[test]
fn a_model_without_the_head_says_what_it_has() {
    let luke = load(&folder("micro-span_cls"));
    let input = TypingInput { text: "Tokyo".into(), span: [0, 5] };
    let error = pollster::block_on(luke.typing(&input, &LabelOptions::default())).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("ner")), ("task-unavailable", true), "{error}");
}
