//! `luke-mini-en` as it is shipped: WordPiece, BERT's special tokens and positions, on plain English.

use luke_web::tasks::ner::{NerInput, NerOptions, NerResult};

use crate::support::{load, repository};

#[test]
fn the_default_model_finds_people_places_and_organisations() {
    // `load` runs the self-test: the logits of the conversion, to the model's own tolerance.
    let luke = load(&repository().join("www/models/luke-mini-en"));
    assert!(luke.self_test_error.is_some_and(|error| error < 1e-3), "{:?}", luke.self_test_error);
    let text = "🙂 Zürich: Angela Merkel met Emmanuel Macron in Paris. Siemens rose, Reuters said.";
    let NerResult::One(entities) =
        pollster::block_on(luke.ner(&NerInput::Text(text.into()), &NerOptions::default())).unwrap()
    else {
        panic!("one text gives one list");
    };
    let units: Vec<u16> = text.encode_utf16().collect();
    let found: Vec<_> = entities
        .iter()
        .map(|entity| {
            assert_eq!(String::from_utf16(&units[entity.start..entity.end]).unwrap(), entity.text);
            (entity.text.as_str(), entity.label.as_str())
        })
        .collect();
    for wanted in [
        ("Zürich", "LOC"),
        ("Angela Merkel", "PER"),
        ("Emmanuel Macron", "PER"),
        ("Paris", "LOC"),
        ("Siemens", "ORG"),
        ("Reuters", "ORG"),
    ] {
        assert!(found.contains(&wanted), "{wanted:?} is not in {found:?}");
    }
}
