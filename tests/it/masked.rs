//! Compares `fillMask`, `predictEntities` and `embed` with Hugging Face's classes on the same weights.

use luke_web::tasks::embed::{EmbedInput, EmbedOptions};
use luke_web::tasks::fill_mask::{FillMaskInput, FillMaskOptions};
use luke_web::tasks::predict_entities::{PredictEntitiesInput, PredictEntitiesOptions};
use luke_web::text::OffsetUnit;
use luke_web::{Luke, LukeError};
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{TOLERANCE, fixture, folder, load};

fn spans(case: &Value) -> Vec<[usize; 2]> {
    serde_json::from_value(case["spans"].clone()).unwrap()
}

/// Compares results with `[[id, logit], ...]` of a fixture.
fn assert_top(what: &str, got: &[(u32, f32)], want: &Value) {
    let want: Vec<(u32, f64)> = serde_json::from_value(want.clone()).unwrap();
    assert_eq!(
        got.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        want.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        "{what}"
    );
    for ((_, got), (id, want)) in got.iter().zip(want) {
        assert!((f64::from(*got) - want).abs() <= TOLERANCE, "{what}: {id} has {got}, not {want}");
    }
}

fn fill(luke: &Luke, text: &str) -> Result<Vec<Vec<(u32, f32)>>, LukeError> {
    let answers = block_on(luke.fill_mask(&FillMaskInput { text: text.into() }, &FillMaskOptions::default()))?;
    for answer in &answers {
        assert!(answer.iter().all(|token| token.score > 0.0 && token.score < 1.0 && !token.token.is_empty()));
    }
    Ok(answers.into_iter().map(|answer| answer.iter().map(|token| (token.id, token.logit)).collect()).collect())
}

#[test]
fn masked_words_and_entities_equal_transformers() {
    let luke = load(&folder("micro-mlm"));
    let mask = luke.tokenizer.mask_token().unwrap().1;
    let mut masks = 0;
    for case in fixture("mlm.json").as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(case["input_ids"].clone()).unwrap();
        let places: Vec<usize> = (0..ids.len()).filter(|i| ids[*i] == mask).collect();
        // With no mentions in the case, the words see what fillMask shows the model.
        if spans(case).is_empty() {
            let got = fill(&luke, text).unwrap();
            assert_eq!(got.len(), places.len());
            for (place, got) in places.iter().zip(got) {
                assert_top(&format!("{text}, token {place}"), &got, &case["word_top5"][place]);
                masks += 1;
            }
            continue;
        }
        let titles = serde_json::from_value::<Option<Vec<String>>>(case["entities"].clone()).unwrap();
        let titles =
            titles.map(|titles| titles.into_iter().map(|title| Some(title).filter(|t| t != "[MASK]")).collect());
        let options = PredictEntitiesOptions { titles, offsets: OffsetUnit::Codepoint, ..Default::default() };
        let input = PredictEntitiesInput { text: text.into(), spans: spans(case) };
        let answers = block_on(luke.predict_entities(&input, &options)).unwrap();
        assert_eq!(answers.len(), input.spans.len());
        for (i, answer) in answers.iter().enumerate() {
            let got: Vec<_> = answer.iter().map(|entity| (entity.id, entity.logit)).collect();
            assert_top(&format!("{text}, entity {i}"), &got, &case["entity_top5"][i]);
            for entity in answer {
                assert_eq!(luke.entity_vocab.row(&entity.title), Some(entity.id));
            }
        }
    }
    assert!(masks > 0);
}

#[test]
fn masks_in_a_long_text_are_all_filled() {
    let luke = load(&folder("micro-mlm"));
    let text = "Tokyo beats <mask> ".repeat(400);
    let got = fill(&luke, text.trim_end()).unwrap();
    assert_eq!(got.len(), 400);
    // A mask with the whole window to itself on both sides sees the same text as its neighbours do.
    assert_eq!(got[150].len(), 5);
    assert_eq!(fill(&luke, "no masks here").err().map(|error| error.code()), Some("input"));
    let none = FillMaskOptions { top_k: 0, ..Default::default() };
    let error = block_on(luke.fill_mask(&FillMaskInput { text: "<mask>".into() }, &none)).unwrap_err();
    assert!(error.to_string().contains("topK"), "{error}");
}

#[test]
fn entities_in_a_long_text_are_all_predicted_and_bad_mentions_are_refused_by_name() {
    let luke = load(&folder("micro-mlm"));
    let text = "Tokyo beats Paris ".repeat(300);
    let spans: Vec<[usize; 2]> = (0..300).map(|i| [i * 18, i * 18 + 5]).collect();
    let predict = |text: &str, spans: Vec<[usize; 2]>, options: PredictEntitiesOptions| {
        block_on(luke.predict_entities(&PredictEntitiesInput { text: text.into(), spans }, &options))
    };
    let options = PredictEntitiesOptions { top_k: 3, ..Default::default() };
    let answers = predict(&text, spans.clone(), options).unwrap();
    assert!(answers.len() == 300 && answers.iter().all(|answer| answer.len() == 3));
    assert_eq!(predict(&text, vec![], Default::default()).unwrap(), Vec::<Vec<_>>::new());
    let titles = |titles| PredictEntitiesOptions { titles: Some(titles), ..Default::default() };
    for (spans, options, named) in [
        (vec![[0, 5], [3, 3]], Default::default(), "spans[1]"),
        (vec![[0, 99_999]], Default::default(), "spans[0]"),
        (vec![[0, 5399]], Default::default(), "spans[0]"),
        (vec![[0, 5]], titles(vec![]), "titles"),
        (vec![[0, 5]], PredictEntitiesOptions { top_k: 0, ..Default::default() }, "topK"),
    ] {
        let error = predict(&text, spans, options).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(named), "{error}");
    }
    let ner = load(&folder("micro-span_cls"));
    let error =
        block_on(ner.predict_entities(&PredictEntitiesInput { text, spans }, &PredictEntitiesOptions::default()));
    assert_eq!(error.unwrap_err().code(), "task-unavailable");
}

#[test]
fn vectors_are_the_last_hidden_states() {
    let luke = load(&folder("micro-model"));
    let (text, spans) = ("Beyoncé lives in Los Angeles.", vec![[17, 28], [0, 7]]);
    let input = EmbedInput { text: text.into(), spans };
    let got = block_on(luke.embed(&input, &EmbedOptions::default())).unwrap();
    // A character of several tokens belongs to each of them.
    let wide: Vec<u16> = text.encode_utf16().collect();
    let mut places: Vec<_> = got.tokens.iter().map(|token| (token.start, token.end)).collect();
    places.dedup();
    let pieces: Vec<_> = places.iter().map(|(start, end)| String::from_utf16(&wide[*start..*end]).unwrap()).collect();
    assert_eq!(pieces.concat(), text.replace(' ', ""), "{pieces:?}");
    // The same pass by hand: `<s>`, the tokens, `</s>`.
    let mut ids = vec![0];
    ids.extend(got.tokens.iter().map(|token| token.id));
    ids.push(2);
    let positions = |span: [usize; 2]| -> Vec<usize> {
        (0..got.tokens.len())
            .filter(|i| got.tokens[*i].start >= span[0] && got.tokens[*i].end <= span[1])
            .map(|i| i + 1)
            .collect()
    };
    let inputs = json!({
        "inputIds": ids, "entityIds": [luke.entity_vocab.mask, luke.entity_vocab.mask],
        "entityPositionIds": input.spans.iter().map(|span| positions(*span)).collect::<Vec<_>>(),
    });
    let want = block_on(luke.forward(&serde_json::from_value(inputs).unwrap(), Some("model"))).unwrap();
    let hidden = got.hidden;
    assert_eq!(got.words, want[0].values[hidden..want[0].values.len() - hidden]);
    assert_eq!(got.entities, want[1].values);
    assert_eq!(got.pooled.as_ref(), Some(&want[2].values));

    let known = EmbedOptions { titles: Some(vec![Some("Los Angeles".into()), None]), ..Default::default() };
    assert_ne!(block_on(luke.embed(&input, &known)).unwrap().entities, got.entities);
    let empty = block_on(luke.embed(&EmbedInput { text: String::new(), spans: vec![] }, &known.clone()));
    assert_eq!(empty.unwrap_err().code(), "input", "two titles for no mention");
    let empty = EmbedInput { text: String::new(), spans: vec![] };
    let empty = block_on(luke.embed(&empty, &EmbedOptions::default())).unwrap();
    assert!(empty.tokens.is_empty() && empty.words.is_empty() && empty.pooled.is_some());
}

#[test]
fn vectors_of_a_long_text_cover_every_token() {
    let luke = load(&folder("micro-model"));
    let text = "Tokyo beats Paris. ".repeat(250);
    let spans: Vec<[usize; 2]> = (0..250).map(|i| [i * 19 + 12, i * 19 + 17]).collect();
    let got = block_on(luke.embed(&EmbedInput { text: text.clone(), spans }, &EmbedOptions::default())).unwrap();
    assert!(got.tokens.len() > 1000);
    assert_eq!(got.words.len(), got.tokens.len() * got.hidden);
    assert_eq!(got.entities.len(), 250 * got.hidden);
    for (what, rows) in [("word", &got.words), ("entity", &got.entities)] {
        let empty = rows.chunks_exact(got.hidden).position(|row| row.iter().all(|value| *value == 0.0));
        assert_eq!(empty, None, "a {what} has no vector");
    }
    assert!(got.tokens.windows(2).all(|pair| pair[0].end <= pair[1].start), "in order");
}
