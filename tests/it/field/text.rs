//! Entities of the default model in texts as people have them: marks, invisible characters, wrapped lines, other scripts, signs.

use std::time::{Duration, Instant};

use luke_web::Luke;
use luke_web::tasks::from_value;
use luke_web::tasks::ner::{Entity, NerInput, NerOptions, NerResult};
use serde_json::{Value, json};

use crate::support::{folder, load, repository};

fn mini() -> Luke {
    load(&repository().join("www/models/luke-mini-en"))
}

fn ner(luke: &Luke, text: &str, options: Value) -> Vec<Entity> {
    let options: NerOptions = from_value("options", options).unwrap();
    let NerResult::One(found) = pollster::block_on(luke.ner(&NerInput::Text(text.into()), &options)).unwrap() else {
        panic!("one text")
    };
    let units: Vec<u16> = text.encode_utf16().collect();
    for entity in &found.entities {
        assert_eq!(String::from_utf16(&units[entity.start..entity.end]).unwrap(), entity.text, "{text:?}");
    }
    found.entities
}

fn named(luke: &Luke, text: &str) -> Vec<(String, String)> {
    ner(luke, text, Value::Null).into_iter().map(|entity| (entity.label, entity.text)).collect()
}

fn has(luke: &Luke, text: &str, label: &str, name: &str) {
    let found = named(luke, text);
    assert!(found.contains(&(label.to_owned(), name.to_owned())), "{name:?} in {text:?}: {found:?}");
}

#[test]
fn a_mark_does_not_stick_to_the_next_name() {
    let luke = mini();
    for sign in ["❤️", "☎️", "👍🏽", "™️", "-\u{301}"] {
        has(&luke, &format!("{sign}Angela Merkel met reporters in Paris."), "PER", "Angela Merkel");
    }
}

#[test]
fn an_invisible_character_does_not_end_a_name() {
    let luke = mini();
    for invisible in ['\u{ad}', '\u{2060}', '\u{200d}', '\u{feff}'] {
        let name = format!("Par{invisible}is");
        let text = format!("Angela Merkel flew from Berlin to {name} on Monday.");
        has(&luke, &text, "LOC", &name);
        has(&luke, &format!("Angela Merkel flew to Berlin{invisible} on Monday."), "LOC", "Berlin");
    }
}

#[test]
fn a_wrapped_line_ends_no_sentence_and_no_name() {
    let luke = mini();
    let text =
        "Chancellor Angela Merkel of Germany said on Monday that she would fly to New York to meet the president.";
    let plain = named(&luke, text);
    assert!(
        plain.contains(&("PER".into(), "Angela Merkel".into())) && plain.contains(&("LOC".into(), "New York".into()))
    );
    for end in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", " \n  "] {
        let wrapped =
            text.replace("Angela Merkel", &format!("Angela{end}Merkel")).replace("New York", &format!("New{end}York"));
        let found: Vec<_> =
            named(&luke, &wrapped).into_iter().map(|(label, name)| (label, name.replace(end, " "))).collect();
        assert_eq!(found, plain, "{wrapped:?}");
    }
    // A blank line, or a paragraph separator, ends a paragraph.
    for end in ["\n\n", "\r\n\r\n", "\n \n", "\u{2029}"] {
        let apart = format!("She met Angela{end}Merkel is a town.");
        assert!(
            !named(&luke, &apart).iter().any(|(_, name)| name.contains("Merkel") && name.contains("Angela")),
            "{apart:?}"
        );
    }
}

#[test]
fn names_in_scripts_without_spaces_can_be_found() {
    let luke = load(&folder("micro-span_cls"));
    // The spans that are scored are those whose words are known: with one label per span, the shortest scored spans.
    let options = json!({ "allScores": true, "maxSpanTokens": 64 });
    for (text, words) in [("IBM在纽约的总部", 7), ("北京Beijing大学", 5), ("東京タワーでSONY", 5)] {
        let found = ner(&luke, text, options.clone());
        for entity in &found {
            assert!(entity.end - entity.start <= text.encode_utf16().count());
        }
        assert!(found.len() <= words, "{text}: {found:?}");
    }
}

/// Earlier, each of these took half a minute.
#[test]
fn a_thousand_signs_cost_little() {
    let luke = mini();
    for sign in ["-", "👍", "=", "❤️ ", "* "] {
        let text = format!("{} Angela Merkel met reporters in Paris.", sign.repeat(1_000));
        let started = Instant::now();
        let found = named(&luke, &text);
        assert!(started.elapsed() < Duration::from_secs(10), "{sign}: {:?}", started.elapsed());
        assert!(found.iter().all(|(_, name)| name.contains(char::is_alphabetic)), "{found:?}");
    }
}

#[test]
fn spans_of_signs_are_no_entities_in_a_text_without_capitals() {
    let luke = mini();
    for text in ["angela merkel ... paris -- berlin !!", "... --- ...", "ROME - PARIS - LONDON !!!", "昨日、東京で。"]
    {
        for entity in ner(&luke, text, json!({ "candidates": "likely" })) {
            assert!(entity.text.contains(char::is_alphanumeric), "{text}: {entity:?}");
        }
    }
}

#[test]
fn a_full_stop_and_spaces_take_linear_time() {
    let luke = mini();
    for filler in [" ", "\t", "\u{a0}", ")", "\"", "\u{ad}", "\n", "…"] {
        let text = format!("It is so.{}", filler.repeat(80_000));
        let started = Instant::now();
        named(&luke, &text);
        assert!(started.elapsed() < Duration::from_secs(20), "{filler:?}: {:?}", started.elapsed());
    }
}
