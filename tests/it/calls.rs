//! What calls give beyond one result for one input: near misses, results of each text as they come, results of passes that are
//! kept between calls, and several mentions in one call.

use std::collections::HashSet;

use luke_web::Luke;
use luke_web::heads::HeadKind;
use luke_web::tasks::ner::{Entity, Found, LostTo, NerInput, NerOptions, NerResult, Reader, RunnerUp, Words};
use luke_web::tasks::relation::RelationInput;
use luke_web::tasks::typing::TypingInput;
use luke_web::tasks::{LabelOptions, LabelScore};
use pollster::block_on;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::{TOLERANCE, checkpoint, convert, folder, load, repository};

const WORDS: [&str; 16] = [
    "Tokyo", "beats", "Paris", "Los", "Angeles", "Star", "Wars", ",", ".", "the", "George", "Lucas", "of", "a", "東京",
    "won",
];

fn ner(luke: &Luke, input: &NerInput, options: &NerOptions) -> Vec<Found> {
    match block_on(luke.ner(input, options)).unwrap() {
        NerResult::One(found) => vec![found],
        NerResult::Many(found) => found,
    }
}

fn one(luke: &Luke, text: &str, options: &NerOptions) -> Found {
    ner(luke, &NerInput::Text(text.into()), options).remove(0)
}

fn options(options: Value) -> NerOptions {
    serde_json::from_value(options).unwrap()
}

fn softmax(row: &[f32]) -> Vec<f64> {
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    let weights: Vec<f64> = row.iter().map(|logit| (f64::from(*logit) - f64::from(max)).exp()).collect();
    weights.iter().map(|weight| weight / weights.iter().sum::<f64>()).collect()
}

/// A span: its words, its label, and why it is no entity.
type Plain = (usize, usize, String, Option<LostTo>);

/// The entities and the near misses of words, from the logits that `forward` gives.
fn plain(luke: &Luke, words: &Words, given: &NerOptions) -> Vec<Plain> {
    let labels = &luke.manifest.heads["ner"].labels;
    let reader = Reader::new(luke, given).unwrap();
    let document = block_on(reader.words(words)).unwrap();
    let (mut spans, mut found) = (Vec::new(), Vec::new());
    for (inputs, words) in reader.passes(&document) {
        let outputs = block_on(luke.forward(&inputs, Some("ner"))).unwrap();
        for (words, row) in words.into_iter().zip(outputs[0].values.chunks(labels.len())) {
            let best = (1..row.len()).fold(1, |best, i| if row[i] > row[best] { i } else { best });
            match row[best] > row[0] {
                true => spans.push((words, best, row[best], softmax(row)[best])),
                false => found.push((words.start, words.end, best, softmax(row)[best], Some(LostTo::None))),
            }
        }
    }
    spans.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut marked = vec![false; words.words.len()];
    for (words, label, _, score) in spans {
        let taken = marked[words.clone()].contains(&true);
        if !taken {
            marked[words.clone()].fill(true);
        }
        found.push((words.start, words.end, label, score, taken.then_some(LostTo::Overlap)));
    }
    let reaches = |score: f64| given.runners_up.is_some_and(|p| score >= p);
    let kept = found.into_iter().filter(|(.., score, lost)| lost.is_none() || reaches(*score));
    let mut kept: Vec<Plain> =
        kept.map(|(start, end, label, _, lost)| (start, end, labels[label].clone(), lost)).collect();
    kept.sort_by_key(|span| (span.0, span.1));
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Near misses are exactly the spans that reach the probability and are no entities, and asking for them changes no entity.
    #[test]
    fn near_misses_are_the_other_spans_that_reach_the_probability(
        words in prop::collection::vec(select(&WORDS[..]), 0..30),
        p in prop_oneof![0.0..1.2f64, select(vec![0.0, 1.0, 1.1])],
        context in select(vec!["sentence", "document"]),
        per_pass in 1usize..200,
        label in any::<prop::sample::Index>(),
    ) {
        let luke = load(&folder("micro-span_cls"));
        let words = Words { words: words.into_iter().map(str::to_owned).collect(), sentences: None };
        let without = options(json!({ "context": context, "maxEntitiesPerPass": per_pass, "maxSpanTokens": 6 }));
        let with = NerOptions { runners_up: Some(p), ..without.clone() };
        let input = NerInput::Words(words.clone());
        let found = ner(&luke, &input, &with).remove(0);
        let before = ner(&luke, &input, &without).remove(0);
        prop_assert_eq!(&before.runners_up, &None);
        prop_assert_eq!(&before.entities, &found.entities);
        let near = found.runners_up.clone().unwrap();
        let entity = |Entity { start, end, label, .. }: &Entity, lost| (*start, *end, label.clone(), lost);
        let mut got: Vec<Plain> = near.iter().map(|near| entity(&near.entity, Some(near.lost_to))).collect();
        prop_assert!(got.is_sorted_by_key(|(start, end, ..)| (*start, *end)));
        let entities: HashSet<_> = found.entities.iter().map(|entity| (entity.start, entity.end)).collect();
        prop_assert!(near.iter().all(|near| !entities.contains(&(near.entity.start, near.entity.end))));
        prop_assert!(near.iter().all(|near| near.entity.score >= p));
        prop_assert!(p <= 1.0 || near.is_empty());
        got.extend(found.entities.iter().map(|found| entity(found, None)));
        got.sort_by_key(|span| (span.0, span.1));
        prop_assert_eq!(got, plain(&luke, &words, &with));

        // Only some labels: both lists lose the others, and nothing else.
        let labels = &luke.manifest.heads["ner"].labels;
        let label = label.get(labels);
        let some = NerOptions { labels: Some(vec![label.clone()]), ..with.clone() };
        let of_label = |list: &[RunnerUp]| -> Vec<_> { list.iter().filter(|near| near.entity.label == *label).cloned().collect() };
        prop_assert_eq!(ner(&luke, &input, &some).remove(0).runners_up.unwrap(), of_label(&near));
    }
}

#[test]
fn near_misses_have_the_form_of_the_api_and_odd_probabilities_are_refused() {
    let luke = load(&folder("micro-span_cls"));
    let call = |input: Value, options: Value| block_on(luke.call("ner", input, options));
    let text = "Nadim Ladki saw Japan get a lucky win in Los Angeles on Thursday.";
    let found = call(json!(text), json!({ "runnersUp": 0.05, "allScores": true })).unwrap();
    assert_eq!(found["entities"], call(json!(text), json!({ "allScores": true })).unwrap());
    let near = found["runnersUp"].as_array().unwrap();
    assert!(!near.is_empty());
    for span in near {
        let keys: Vec<_> = span.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["end", "label", "logit", "lostTo", "score", "scores", "start", "text"]);
        assert!(["none", "overlap"].contains(&span["lostTo"].as_str().unwrap()), "{span}");
        let at = |name: &str| span[name].as_u64().unwrap() as usize;
        assert_eq!(text[at("start")..at("end")], *span["text"].as_str().unwrap());
        assert_eq!(span["scores"][span["label"].as_str().unwrap()], span["score"]);
    }
    let several = call(json!([text, ""]), json!({ "runnersUp": 0.05, "allScores": true })).unwrap();
    assert_eq!(several, json!([found, { "entities": [], "runnersUp": [] }]));
    for wrong in [json!(-0.1), json!("0.5"), json!(true), json!([0.5]), json!({})] {
        let error = call(json!(text), json!({ "runnersUp": wrong })).unwrap_err();
        assert_eq!(error.code(), "input", "{wrong}");
        assert!(error.to_string().contains("runnersUp"), "{wrong}: {error}");
    }
    // Every span reaches 0, and a long text has too many of them: an error, and not a result without an end.
    let long = "Tokyo beats Paris and ".repeat(5_000);
    let error = call(json!(long), json!({ "runnersUp": 0.0, "maxSpanTokens": 24, "sentences": "none" })).unwrap_err();
    assert!(error.code() == "input" && error.to_string().contains("runnersUp"), "{error}");
}

#[test]
fn each_text_is_given_as_soon_as_its_passes_have_run() {
    let luke = load(&folder("micro-span_cls"));
    let sentence = "Nadim Ladki saw Japan get a lucky win in Los Angeles";
    // Each text has its own words: equal passes would run once.
    let text = |i: usize| (0..12).map(|n| format!("{sentence} {i} to {n}. ")).collect::<String>();
    let mut texts: Vec<String> = (0..8).map(text).collect();
    texts.extend([String::new(), texts[0].clone(), " ".into()]);
    for given in [NerOptions::default(), options(json!({ "runnersUp": 0.1, "sentences": "none" }))] {
        luke.set_pass_cache_bytes(0);
        let before = luke.rows_run();
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        block_on(luke.ner_each(&texts, &given, async |found| {
            all.push(found);
            rows.push(luke.rows_run() - before);
            Ok(())
        }))
        .unwrap();
        let total = luke.rows_run() - before;
        assert_eq!(all.len(), texts.len());
        assert!(rows[0] > 0 && rows[0] * 2 < total, "the first text came after {} of {total} rows", rows[0]);
        assert!(rows[0] < rows[4] && rows[4] < total, "{rows:?}");
        assert_eq!(NerResult::Many(all.clone()), block_on(luke.ner(&NerInput::Texts(texts.clone()), &given)).unwrap());
        for (text, found) in texts.iter().zip(&all) {
            assert_eq!(*found, one(&luke, text, &given), "{text}");
        }

        // An error of the visitor ends the call.
        let mut left = 2;
        let before = luke.rows_run();
        let error = block_on(luke.ner_each(&texts, &given, async |_| {
            left -= 1;
            if left == 0 { Err(luke_web::LukeError::Aborted) } else { Ok(()) }
        }));
        assert_eq!((error.unwrap_err().code(), left), ("aborted", 0));
        assert!(luke.rows_run() - before < total);
    }
    block_on(luke.ner_each(&[], &NerOptions::default(), async |_| panic!("there is no text"))).unwrap();
}

/// Whether a model's results do not depend on what shares a forward pass with them, to the last bit. Int8 sums are exact. The
/// native f32 product adds up in an order that depends on the number of rows.
fn is_exact(luke: &Luke) -> bool {
    luke.manifest.dtype.is_quantized()
}

fn assert_found(luke: &Luke, got: &Found, want: &Found, what: &str) {
    if is_exact(luke) {
        return assert_eq!(got, want, "{what}");
    }
    let plain =
        |found: &Found| -> Vec<_> { found.entities.iter().map(|e| (e.start, e.end, e.label.clone())).collect() };
    assert_eq!(plain(got), plain(want), "{what}");
    for (got, want) in got.entities.iter().zip(&want.entities) {
        assert!(f64::from((got.logit - want.logit).abs()) <= TOLERANCE, "{what}: {got:?}, not {want:?}");
    }
}

fn assert_labels(luke: &Luke, got: &[Vec<LabelScore>], want: &[Vec<LabelScore>]) {
    if is_exact(luke) {
        return assert_eq!(got, want);
    }
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.len(), want.len());
        for label in got {
            let other = want.iter().find(|other| other.label == label.label).unwrap();
            assert!(f64::from((label.logit - other.logit).abs()) <= TOLERANCE, "{label:?}, not {other:?}");
        }
    }
}

/// The rows of the passes of a text that are not among those of another text, each counted once.
fn new_rows(luke: &Luke, text: &str, other: &str, given: &NerOptions) -> u64 {
    let reader = Reader::new(luke, given).unwrap();
    let passes = |text: &str| -> Vec<_> {
        let document = block_on(reader.text(text)).unwrap();
        let passes = reader.passes(&document).map(|(inputs, _)| format!("{inputs:?}").into_bytes());
        reader
            .passes(&document)
            .map(|(inputs, _)| inputs.rows() as u64)
            .zip(passes)
            .map(|(rows, key)| (key, rows))
            .collect()
    };
    let known: HashSet<_> = passes(other).into_iter().map(|(key, _)| key).collect();
    let new: HashSet<_> = passes(text).into_iter().filter(|(key, _)| !known.contains(key)).collect();
    new.iter().map(|(_, rows)| rows).sum()
}

/// A document whose sentences all differ.
fn document(sentences: usize) -> Vec<String> {
    let names = ["Ada Lovelace", "Charles Babbage", "Angela Merkel", "Emmanuel Macron", "Marie Curie"];
    let places = ["London", "Paris", "New York", "Warsaw", "Berlin", "Los Angeles", "Rome"];
    let sentence = |i: usize| {
        format!("On day {i}, {} met the head of Siemens in {}, and they spoke. ", names[i % 5], places[i % 7])
    };
    (0..sentences).map(sentence).collect()
}

/// Where results are exact, they are equal to the last bit to those of a model that keeps nothing.
#[test]
fn a_word_that_changes_costs_the_passes_of_its_sentence() {
    let mini = repository().join("www/models/luke-mini-en");
    let quantized = convert(&checkpoint("micro-span_cls"), "calls-q8", &["--dtype", "q8"]).unwrap();
    for (model, given, count, part) in [
        (mini.clone(), json!({}), 60, 40),
        (mini.clone(), json!({ "candidates": "all", "allScores": true, "runnersUp": 0.01 }), 14, 8),
        (mini, json!({ "context": "document", "maxSeqTokens": 64 }), 30, 3),
        (folder("micro-span_cls"), json!({ "context": "sentence", "maxSpanTokens": 8 }), 60, 40),
        (quantized, json!({ "context": "sentence", "maxSpanTokens": 8 }), 60, 40),
    ] {
        let given = options(given);
        let (luke, plain) = (load(&model), load(&model));
        plain.set_pass_cache_bytes(0);
        let mut sentences = document(count);
        let mut text = sentences.concat();
        let before = luke.rows_run();
        assert_eq!(one(&luke, &text, &given), one(&plain, &text, &given));
        let all = luke.rows_run() - before;
        let (middle, last) = (count / 2, count - 1);
        for (place, from, to) in
            [(middle, "head", "boss"), (0, "Ada", "Eva"), (last, "spoke", "talked"), (middle, "boss", "Boss")]
        {
            sentences[place] = sentences[place].replace(from, to);
            let changed = sentences.concat();
            assert_ne!(text, changed);
            let expected = new_rows(&luke, &changed, &text, &given);
            let before = luke.rows_run();
            assert_found(&luke, &one(&luke, &changed, &given), &one(&plain, &changed, &given), &format!("{given:?}"));
            let rows = luke.rows_run() - before;
            assert!(rows > 0 && rows == expected, "{rows} rows ran, {expected} are new");
            assert!(rows * part < all, "{rows} of {all} rows ran for a word");
            text = changed;
        }
        let before = luke.rows_run();
        let again = one(&luke, &text, &given);
        assert_eq!(luke.rows_run(), before, "the same text runs nothing");
        luke.set_pass_cache_bytes(0);
        assert_found(&luke, &again, &one(&luke, &text, &given), "with nothing kept");
        assert!(luke.rows_run() - before >= all / 2, "nothing is kept");
        let before = luke.rows_run();
        assert_found(&luke, &again, &one(&luke, &text, &given), "with nothing kept");
        assert!(luke.rows_run() - before >= all / 2, "nothing is kept again");
    }
}

/// One call finds what another one kept, also where both want other parts of a pass's result.
#[test]
fn kept_results_serve_every_option_that_does_not_change_the_passes() {
    let luke = load(&folder("micro-span_cls"));
    let text = document(6).concat();
    let plain = load(&folder("micro-span_cls"));
    plain.set_pass_cache_bytes(0);
    one(&luke, &text, &options(json!({ "threshold": 1.0 })));
    let before = luke.rows_run();
    for given in [json!({}), json!({ "runnersUp": 0.1 }), json!({ "allScores": true }), json!({ "offsets": "byte" })] {
        let given = options(given);
        assert_eq!(one(&luke, &text, &given), one(&plain, &text, &given));
    }
    let list = ner(&luke, &NerInput::Texts(vec![text.clone(), text.clone()]), &NerOptions::default());
    assert_eq!(list[0], one(&plain, &text, &NerOptions::default()));
    assert_eq!(luke.rows_run(), before);
    one(&luke, &text, &options(json!({ "maxSpanTokens": 3 })));
    assert!(luke.rows_run() > before, "other spans are other passes");
}

#[test]
fn several_mentions_have_the_results_of_each() {
    let text = "🙂 Beyoncé lives in Los Angeles, and Angela Merkel met Emmanuel Macron in Paris.";
    let long = format!("{}{text}{}", "one two three four ".repeat(300), " five six".repeat(300));
    let spans: Vec<[usize; 2]> = vec![[3, 10], [20, 31], [37, 50], [55, 70], [74, 79], [3, 31]];
    let at = "one two three four ".len() * 300;
    let moved = |span: &[usize; 2]| [span[0] + at, span[1] + at];
    let typing: Vec<TypingInput> = spans
        .iter()
        .map(|span| TypingInput { text: text.into(), span: *span })
        .chain(spans.iter().map(|span| TypingInput { text: long.clone(), span: moved(span) }))
        .collect();
    let quantized = |name: &str, dtype: &str| {
        convert(&checkpoint(name), &format!("calls-{name}-{dtype}"), &["--dtype", dtype]).unwrap()
    };
    let mini = repository().join("www/models/luke-mini-en");
    for model in
        [folder("micro-entity_cls"), quantized("micro-entity_cls", "q8"), quantized("micro-entity_cls", "f16"), mini]
    {
        let luke = load(&model);
        for all_scores in [true, false] {
            let options = LabelOptions { all_scores, ..Default::default() };
            let each: Vec<_> = typing.iter().map(|input| block_on(luke.typing(input, &options)).unwrap()).collect();
            assert_labels(&luke, &block_on(luke.typing_batch(&typing, &options)).unwrap(), &each);
            assert_eq!(block_on(luke.typing_batch(&[], &options)).unwrap(), Vec::<Vec<_>>::new());
        }
        let list = json!([{ "text": text, "span": spans[0] }, { "text": text, "span": [3, 99] }]);
        let error = block_on(luke.call("typing", list, Value::Null)).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains("inputs[1].span"), "{error}");
    }
    let relation: Vec<RelationInput> = typing
        .iter()
        .map(|input| RelationInput { text: input.text.clone(), head: input.span, tail: typing[1].span })
        .filter(|input| input.text == text)
        .collect();
    for model in [folder("micro-entity_pair"), quantized("micro-entity_pair", "q8")] {
        let (luke, options) = (load(&model), LabelOptions::default());
        let each: Vec<_> = relation.iter().map(|input| block_on(luke.relation(input, &options)).unwrap()).collect();
        let before = luke.rows_run();
        assert_labels(&luke, &block_on(luke.relation_batch(&relation, &options)).unwrap(), &each);
        assert!(luke.rows_run() > before);
        let list = json!([{ "text": text, "head": [0, 2], "tail": [3] }]);
        let error = block_on(luke.call("relation", list, Value::Null)).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains("[0].tail"), "{error}");
        assert!(luke.head(HeadKind::Typing).is_err());
    }
}
