//! Compares `ner` with the authors' pipeline on the same weights, in the forms whose results must be equal.

use luke_web::Luke;
use luke_web::tasks::from_value;
use luke_web::tasks::ner::{Entity, NerInput, NerOptions, NerResult};
use serde_json::{Value, json};

use crate::support::{TOLERANCE, fixture, folder, load};

fn ner(luke: &Luke, input: Value, options: Value) -> luke_web::Result<Vec<Entity>> {
    let (input, options) = (NerInput::from_value(input)?, from_value::<NerOptions>("options", options)?);
    match pollster::block_on(luke.ner(&input, &options))? {
        NerResult::One(found) => Ok(found.entities),
        NerResult::Many(_) => panic!("one input gives one list"),
    }
}

fn assert_entities(what: &str, got: &[Entity], want: &[(usize, usize, String, f64)]) {
    let places = |list: &[(usize, usize, String, f64)]| -> Vec<_> {
        list.iter().map(|(start, end, label, _)| (*start, *end, label.clone())).collect()
    };
    let plain: Vec<_> = got.iter().map(|e| (e.start, e.end, e.label.clone(), f64::from(e.logit))).collect();
    assert_eq!(places(&plain), places(want), "{what}");
    for (entity, (.., logit)) in got.iter().zip(want) {
        let error = (f64::from(entity.logit) - logit).abs();
        assert!(error <= TOLERANCE, "{what}: {entity:?}, want logit {logit}, off by {error:e}");
    }
}

#[test]
fn raw_text_in_one_pass_and_in_equal_parts() {
    let luke = load(&folder("micro-span_cls"));
    for case in fixture("ner.json")["text"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let want: Vec<_> = case["entities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| {
                let at = |i: usize| e["utf16"][i].as_u64().unwrap() as usize;
                (at(0), at(1), e["label"].as_str().unwrap().to_owned(), e["logit"].as_f64().unwrap())
            })
            .collect();
        let options = json!({ "sentences": "none", "maxEntitiesPerPass": case["max_entities"], "maxSpanTokens": 16 });
        let got = ner(&luke, json!(text), options).unwrap();
        assert_entities(&format!("{} {}", case["name"], case["max_entities"]), &got, &want);
        let units: Vec<u16> = text.encode_utf16().collect();
        for entity in &got {
            assert_eq!(String::from_utf16(&units[entity.start..entity.end]).unwrap(), entity.text);
        }
    }
}

#[test]
fn word_lists_with_sentence_bounds() {
    let luke = load(&folder("micro-span_cls"));
    for case in fixture("ner.json")["words"].as_array().unwrap() {
        let bounds: Vec<usize> = serde_json::from_value(case["bounds"].clone()).unwrap();
        let sentences: Vec<_> = bounds.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        let want: Vec<(usize, usize, String, f64)> = serde_json::from_value(case["entities"].clone()).unwrap();
        let mut options = json!({ "context": "document", "maxSpanTokens": 16 });
        for (from, to) in [("max_entity_length", "maxEntitiesPerPass"), ("max_seq_length", "maxSeqTokens")] {
            if let Some(value) = case["args"].get(from) {
                options[to] = value.clone();
            }
        }
        let got = ner(&luke, json!({ "words": case["words"], "sentences": sentences }), options).unwrap();
        assert_entities(case["name"].as_str().unwrap(), &got, &want);
    }
}

#[test]
fn empty_and_blank_texts_have_no_entities() {
    let luke = load(&folder("micro-span_cls"));
    for text in ["", " ", "\n\t\r\n", "\u{2003}"] {
        for sentences in ["auto", "none"] {
            assert_eq!(ner(&luke, json!(text), json!({ "sentences": sentences })).unwrap(), [], "{text:?}");
        }
    }
    assert_eq!(ner(&luke, json!({ "words": [] }), Value::Null).unwrap(), []);
}

#[test]
fn long_texts_are_windowed_and_lose_nothing_at_the_edges() {
    let luke = load(&folder("micro-span_cls"));
    let sentence = "Nadim Ladki saw Japan get a lucky win in Los Angeles on Thursday";
    // One sentence of some 10,000 tokens: no full stop ever comes.
    let text = vec![sentence; 250].join(" and ");
    for rule in ["auto", "none"] {
        let options = json!({ "sentences": rule, "maxSeqTokens": 128, "context": "sentence" });
        let got = ner(&luke, json!(text), options).unwrap();
        let last = got.last().expect("the micro model finds something").end;
        assert!(last > text.len() - 200, "{rule}: the last entity ends at {last} of {}", text.len());
        let widest = got.windows(2).map(|pair| pair[1].start - pair[0].end).max().unwrap();
        assert!(widest < 300, "{rule}: {widest} characters with no entity");
    }
}

#[test]
fn several_texts_give_what_each_gives_alone() {
    let luke = load(&folder("micro-span_cls"));
    let texts = [
        "Nadim Ladki saw Japan get a lucky win. Star Wars is a film by George Lucas.",
        "",
        "Paris.",
        "Star Wars is a film by George Lucas.",
        "They met in Los Angeles on Thursday, and in New York, Oslo and Rome, and nowhere else in the whole wide world.",
        "Paris.",
    ];
    for options in [json!({}), json!({ "candidates": "likely" }), json!({ "sentences": "none", "allScores": true })] {
        let wanted = from_value::<NerOptions>("options", options.clone()).unwrap();
        let input = NerInput::from_value(json!(texts)).unwrap();
        let NerResult::Many(together) = pollster::block_on(luke.ner(&input, &wanted)).unwrap() else {
            panic!("several texts give several lists")
        };
        assert_eq!(together.len(), texts.len());
        for (text, got) in texts.iter().zip(together) {
            let alone = ner(&luke, json!(text), options.clone()).unwrap();
            let plain = |e: &Entity| (e.start, e.end, e.label.clone(), f64::from(e.logit));
            assert_entities(text, &got.entities, &alone.iter().map(plain).collect::<Vec<_>>());
        }
    }
}

#[test]
fn likely_candidates_look_like_names_and_all_are_looked_at_where_letters_do_not_tell() {
    let luke = load(&folder("micro-span_cls"));
    let likely = json!({ "candidates": "likely" });
    let text = "On Thursday Nadim Ladki of the European Union saw that Japan had won in Los Angeles, and he was not the only one.";
    let found = ner(&luke, json!(text), likely.clone()).unwrap();
    assert!(!found.is_empty());
    for entity in found {
        assert!(
            entity.text.starts_with(char::is_uppercase) && entity.text.ends_with(char::is_alphabetic),
            "{entity:?}"
        );
    }
    // No signs stand in these: a span of signs is never likely.
    let text = text.replace([',', '.'], "");
    for text in [text.to_lowercase(), text.to_uppercase(), "Peter hat den Zug nach Rom genommen".into()] {
        let all = ner(&luke, json!(text), Value::Null).unwrap();
        assert_eq!(ner(&luke, json!(text), likely.clone()).unwrap(), all, "{text}");
    }
    let words = json!({ "words": ["it", "was", "said", "of", "the", "bank", "by", "him"] });
    assert_eq!(ner(&luke, words.clone(), likely).unwrap(), ner(&luke, words, Value::Null).unwrap());
}

#[test]
fn options_filter_and_bad_ones_are_refused_by_name() {
    let luke = load(&folder("micro-span_cls"));
    let text = json!("Star Wars is a film written and directed by George Lucas.");
    let all = ner(&luke, text.clone(), Value::Null).unwrap();
    assert!(!all.is_empty() && all.iter().all(|e| e.scores.is_none() && (0.0..=1.0).contains(&e.score)));
    let label = &all[0].label;
    let one = ner(&luke, text.clone(), json!({ "labels": [label], "allScores": true })).unwrap();
    assert!(!one.is_empty() && one.iter().all(|e| e.label == *label));
    let sum: f64 = one[0].scores.as_ref().unwrap().values().sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert_eq!(ner(&luke, text.clone(), json!({ "threshold": 1.0 })).unwrap(), []);
    let wrong = [
        (json!({ "labels": ["NOBODY"] }), "NOBODY"),
        (json!({ "maxSpanTokens": 0 }), "maxSpanTokens"),
        (json!({ "maxEntitiesPerPass": 0 }), "maxEntitiesPerPass"),
        (json!({ "maxSeqTokens": 100_000 }), "maxSeqTokens"),
        (json!({ "threshold": 2 }), "threshold"),
        (json!({ "sentences": "some" }), "sentences"),
        (json!({ "sentences": [[0, 4], [2, 6]] }), "sentences"),
        (json!({ "sentences": [[0, 400]] }), "sentences"),
        (json!({ "context": "page" }), "page"),
        (json!({ "candidates": "some" }), "candidates"),
        (json!({ "treshold": 0.5 }), "treshold"),
    ];
    for (options, named) in wrong {
        let error = ner(&luke, text.clone(), options.clone()).expect_err(&options.to_string());
        assert_eq!(error.code(), "input", "{options}");
        assert!(error.to_string().contains(named), "{options}: {error}");
    }
    for input in [json!(7), json!(null), json!({ "words": "a b" }), json!({ "words": ["a", ""] })] {
        assert_eq!(ner(&luke, input.clone(), Value::Null).unwrap_err().code(), "input", "{input}");
    }
    assert_eq!(ner(&luke, text, Value::Null).unwrap(), all, "and the next good call works");
}
