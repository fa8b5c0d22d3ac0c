//! The shipped model `luke-mini-en` on plain English sentences. It differs from RoBERTa-based models: WordPiece, the
//! special tokens and positions of BERT, four-bit weights.

use std::sync::LazyLock;

use luke_web::Luke;
use luke_web::tasks::LabelOptions;
use luke_web::tasks::ner::{NerInput, NerOptions, NerResult};
use luke_web::tasks::qa::{QaInput, QaOptions};
use luke_web::tasks::typing::TypingInput;
use pollster::block_on;

use crate::support::{load, repository};

/// `load` runs the self-test: it compares logits with those of the conversion, within the model's tolerance.
static LUKE: LazyLock<Luke> = LazyLock::new(|| load(&repository().join("www/models/luke-mini-en")));

#[test]
fn the_default_model_finds_people_places_and_organisations() {
    assert!(LUKE.self_test_error.is_some_and(|error| error < 1e-3), "{:?}", LUKE.self_test_error);
    let text = "🙂 Zürich: Angela Merkel met Emmanuel Macron in Paris. Shares of Siemens rose, Reuters said.";
    let NerResult::One(answer) = block_on(LUKE.ner(&NerInput::Text(text.into()), &NerOptions::default())).unwrap()
    else {
        panic!("one text gives one list");
    };
    let units: Vec<u16> = text.encode_utf16().collect();
    let found: Vec<_> = answer
        .entities
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

#[test]
fn the_default_model_answers_questions() {
    let context = "Marie Curie was born in Warsaw in 1867. A Polish colleague introduced her to Pierre Curie; they married \
                   in 1895. With him she discovered polonium, named after her native country, and radium.";
    for (question, wanted) in [
        ("When was Marie Curie born?", "1867"),
        ("When did they marry?", "1895"),
        ("Who introduced Marie Curie to Pierre Curie?", "A Polish colleague"),
    ] {
        let input = QaInput { question: question.into(), context: context.into() };
        let answer = block_on(LUKE.qa(&input, &QaOptions::default())).unwrap();
        assert_eq!(answer.answer, wanted, "{question}");
    }
}

#[test]
fn the_default_model_types_mentions() {
    let text = "Satya Nadella said on Thursday that Microsoft would open a new office in Toronto.";
    for (mention, wanted) in [("Microsoft", "organization"), ("Toronto", "place")] {
        let start = text.find(mention).unwrap();
        let input = TypingInput { text: text.into(), span: [start, start + mention.len()] };
        let labels = block_on(LUKE.typing(&input, &LabelOptions::default())).unwrap();
        assert_eq!(labels.first().map(|best| best.label.as_str()), Some(wanted), "{mention}");
    }
}
