//! Case as a token type (`"token_types": "case"`): the pieces and types of the trainer and the logits of `transformers`
//! (tests/oracle/make_case.py), in every task, however the model is stored.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use luke_web::Luke;
use luke_web::backend::DeviceKind;
use luke_web::folder::CheckedFolder;
use luke_web::inputs::ModelInputs;
use luke_web::tasks::ner::{NerOptions, Reader, Words};
use luke_web::tasks::{cloze, qa};
use luke_web::text::{EncodeOptions, InputForm, Spanned};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::raw_checkpoints::{load_raw, read_raw};
use crate::support::{
    Files, NamedBytes, TOLERANCE, assert_close, camel_case, changed, checkpoint, convert, edit, edit_tensors, fixture,
    flat, folder, load, read_tensors,
};

/// A text of the fixture, the bytes of its spans, its inputs and its logits.
struct SpanCase {
    text: String,
    byte: Vec<[usize; 2]>,
    inputs: ModelInputs,
    logits: Vec<f64>,
}

fn span_cases() -> Vec<SpanCase> {
    let read = |case: &Value| SpanCase {
        text: case["text"].as_str().unwrap().to_owned(),
        byte: serde_json::from_value(case["byte"].clone()).unwrap(),
        inputs: serde_json::from_value(camel_case(&case["inputs"])).unwrap(),
        logits: flat(&case["outputs"]["logits"]),
    };
    fixture("case.json")["spans"].as_array().unwrap().iter().map(read).collect()
}

fn encode(luke: &Luke, text: &str, spans: &[[usize; 2]], form: InputForm) -> ModelInputs {
    let spans: Vec<_> = spans.iter().map(|[start, end]| *start..*end).collect();
    luke.input_builder(EncodeOptions::default()).encode(Spanned { text, spans: &spans }, form).unwrap()
}

fn check(luke: &Luke, tolerance: f64) {
    for SpanCase { text, byte, inputs, logits } in span_cases() {
        assert_eq!(encode(luke, &text, &byte, InputForm::EntitySpanClassification), inputs, "{text:?}");
        let outputs = block_on(luke.forward(&inputs, None)).unwrap();
        assert_close(&text, &outputs[0].values, &logits, tolerance);
    }
}

#[test]
fn pieces_types_and_logits_are_those_of_the_trainer_and_transformers() {
    let luke = load(&folder("micro-case"));
    for case in fixture("case.json")["plain"].as_array().unwrap() {
        let read = |name: &str| serde_json::from_value::<Vec<u32>>(case[name].clone()).unwrap();
        let inputs = encode(&luke, case["text"].as_str().unwrap(), &[], InputForm::Entities(None));
        assert_eq!(inputs.input_ids, read("input_ids"), "{}", case["text"]);
        assert_eq!(inputs.token_type_ids, Some(read("token_type_ids")), "{}", case["text"]);
    }
    check(&luke, TOLERANCE);
    check(&load_raw(&checkpoint("micro-case"), &[]).0, TOLERANCE);
}

#[test]
fn a_text_in_small_letters_has_other_logits() {
    let cases: Vec<SpanCase> =
        span_cases().into_iter().filter(|case| case.text.to_lowercase().starts_with("beyonc")).collect();
    let [first, capitals, small] = cases.as_slice() else { panic!("{} texts", cases.len()) };
    let ids = |case: &SpanCase| case.inputs.input_ids.clone();
    assert_eq!((ids(first), ids(capitals)), (ids(small), ids(small)));
    let types = |case: &SpanCase| case.inputs.token_type_ids.clone().unwrap();
    assert!(types(first).contains(&1) && !types(first).contains(&2));
    assert!(types(capitals).contains(&2));
    assert!(types(small).iter().all(|kind| *kind == 0));
    assert!(first.logits != capitals.logits && capitals.logits != small.logits);
}

#[test]
fn quantized_folders_keep_the_types() {
    for (dtype, tolerance) in [("f16", 0.02), ("q8", 0.2), ("q4", 1.0)] {
        let options = ["--dtype", dtype, "--entities", "full"];
        check(&load(&convert(&checkpoint("micro-case"), &format!("case-{dtype}"), &options).unwrap()), tolerance);
    }
}

/// The checkpoint with a head for every task, from other checkpoints of its size.
fn every_head(name: &str, token_types: Option<&str>) -> PathBuf {
    const HEADS: [(&str, &str, &[&str]); 5] = [
        ("qa", "micro-qa", &["qa_outputs."]),
        ("typing", "micro-entity_cls", &["classifier."]),
        ("relation", "micro-entity_pair", &["classifier."]),
        ("cloze", "micro-cloze", &["scorer."]),
        ("mlm", "micro-mlm", &["lm_head.", "entity_predictions."]),
    ];
    changed("micro-case", name, |folder| {
        let labels = |of: &str| -> Vec<Value> {
            let config: Value =
                serde_json::from_slice(&std::fs::read(checkpoint(of).join("config.json")).unwrap()).unwrap();
            let labels = config["id2label"].as_object().unwrap();
            (0..labels.len()).map(|id| labels[&id.to_string()].clone()).collect()
        };
        let ner = labels("micro-case");
        edit(&folder.join("config.json"), |config| {
            config["architectures"] = json!(["LukeModel"]);
            config["token_types"] = json!(token_types);
        });
        edit_tensors(folder, |tensors| {
            let rename = |(name, shape, data): NamedBytes, task: &str| (format!("heads.{task}.{name}"), shape, data);
            for tensor in tensors.iter_mut().filter(|(name, ..)| name.starts_with("classifier.")) {
                *tensor = rename(std::mem::take(tensor), "ner");
            }
            for (task, of, parts) in HEADS {
                let kept = |name: &str| parts.iter().any(|part| name.starts_with(part)) && !name.contains(".decoder.");
                tensors.extend(
                    read_tensors(&checkpoint(of))
                        .into_iter()
                        .filter(|(name, ..)| kept(name))
                        .map(|tensor| rename(tensor, task)),
                );
            }
            for (name, shape, data) in tensors.iter_mut() {
                let rows = match name.as_str() {
                    "heads.mlm.lm_head.bias" => 402,
                    "heads.mlm.entity_predictions.bias" => 5,
                    _ => continue,
                };
                data.truncate(4 * rows);
                *shape = vec![rows];
            }
        });
        let about = json!({ "heads": {
            "ner": { "labels": ner }, "typing": { "labels": labels("micro-entity_cls") },
            "relation": { "labels": labels("micro-entity_pair") }, "qa": {}, "cloze": {}, "mlm": {},
        } });
        std::fs::write(folder.join("luke_web.json"), about.to_string()).unwrap();
    })
}

fn loaded(name: &str, token_types: Option<&str>) -> Luke {
    load(&convert(&every_head(name, token_types), name, &["--entities", "full"]).unwrap())
}

static CASE: LazyLock<Luke> = LazyLock::new(|| loaded("case-every-head", Some("case")));

/// The same weights without types.
static PLAIN: LazyLock<Luke> = LazyLock::new(|| loaded("case-no-types", None));

/// All numbers of a result that are no offsets.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => number.as_f64().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !["start", "end", "id"].contains(&name.as_str()))
            .flat_map(|(_, v)| numbers(v))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_task_reads_the_types() {
    let text = "Star Wars is a film by George Lucas! Los Angeles wins.";
    let mentions = json!([[0, 9], [23, 35]]);
    let all = json!({ "allScores": true });
    let words: Vec<&str> = text.split(' ').collect();
    let near = |more: Value| {
        let mut options = json!({ "runnersUp": 1e-6, "candidates": "all", "context": "sentence" });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let calls = [
        ("ner", json!(text), near(json!({}))),
        ("ner", json!(text), near(json!({ "context": "document" }))),
        ("ner", json!(text), near(json!({ "sentences": "none" }))),
        ("ner", json!(text), near(json!({ "sentences": "none", "maxEntitiesPerPass": null }))),
        ("ner", json!({ "words": words }), near(json!({}))),
        ("qa", json!({ "question": "who made it?", "context": text }), json!({})),
        ("qa", json!({ "question": "Who Made Star Wars?", "context": "a film." }), json!({})),
        ("typing", json!({ "text": text, "span": mentions[0] }), all.clone()),
        ("typing", json!([{ "text": text, "span": mentions[1] }]), all),
        ("relation", json!({ "text": text, "head": mentions[0], "tail": mentions[1] }), json!({})),
        ("cloze", json!({ "passage": text, "query": "it is by @placeholder.", "candidates": mentions }), json!({})),
        (
            "cloze",
            json!({ "passage": "it won.", "query": "Star Wars of @placeholder.", "candidates": [[0, 2]] }),
            json!({}),
        ),
        ("fillMask", json!({ "text": "Star Wars is a [MASK] of George Lucas" }), json!({})),
        ("predictEntities", json!({ "text": text, "spans": mentions }), json!({})),
        ("embed", json!({ "text": text, "spans": mentions }), json!({ "pooling": "mean" })),
    ];
    for (task, input, options) in calls {
        let run =
            |luke: &Luke, input: &Value| numbers(&block_on(luke.call(task, input.clone(), options.clone())).unwrap());
        let small = |text: &str| text.to_lowercase().replace("[mask]", "[MASK]");
        let lower = json_texts(&input, &small);
        let (case, case_lower) = (run(&CASE, &input), run(&CASE, &lower));
        assert!(!case.is_empty() && case != case_lower, "{task} of {input}");
        assert_eq!(run(&PLAIN, &input), case_lower, "{task} of {input}: nothing but the types tells case");
        assert_eq!(run(&PLAIN, &lower), case_lower, "{task} of {input}");
    }
}

/// A value with another text for each of its texts.
fn json_texts(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => json!(change(text)),
        Value::Array(items) => items.iter().map(|item| json_texts(item, change)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, item)| (name.clone(), json_texts(item, change))).collect(),
        other => other.clone(),
    }
}

/// `capitals: "lower"` changes the text before the tokenizer sees it: a sentence in capitals has the types of small letters.
#[test]
fn a_sentence_in_capitals_that_is_read_in_small_letters_has_their_types() {
    let run = |input: Value, capitals: &str| {
        let options = json!({ "runnersUp": 1e-6, "candidates": "all", "capitals": capitals });
        numbers(&block_on(CASE.call("ner", input, options)).unwrap())
    };
    let (capitals, small) = ("STAR WARS IS IN PARIS.", "star wars is in paris.");
    let forms: [fn(&str) -> Value; 2] =
        [|text| json!(text), |text| json!({ "words": text.split(' ').collect::<Vec<_>>() })];
    for of in forms {
        assert_eq!(run(of(capitals), "lower"), run(of(small), "lower"));
        assert_ne!(run(of(capitals), "keep"), run(of(small), "keep"));
        let with_small = "STAR WARS is in Paris.";
        assert_eq!(run(of(with_small), "lower"), run(of(with_small), "keep"), "only sentences without a small letter");
    }
}

#[test]
fn configs_with_other_types_or_too_few_rows_are_refused_by_name() {
    let refused = |name: &str, change: fn(&mut Value), named: &[&str]| {
        let from = changed("micro-case", name, |folder| edit(&folder.join("config.json"), change));
        let raw = read_raw(&from, &[]).map(drop).unwrap_err();
        assert_eq!(raw.code(), "format");
        let mut manifest: Value =
            serde_json::from_slice(&std::fs::read(folder("micro-case").join("manifest.json")).unwrap()).unwrap();
        change(&mut manifest["config"]);
        let parsed = CheckedFolder::parse(&manifest.to_string()).map(drop).unwrap_err();
        assert_eq!(parsed.code(), "format");
        for error in [convert(&from, name, &[]).unwrap_err(), raw.to_string(), parsed.to_string()] {
            assert!(named.iter().all(|part| error.contains(part)), "{error}");
        }
    };
    refused("case-few-rows", |c| c["type_vocab_size"] = json!(2), &["config.json", "type_vocab_size is 2", "3"]);
    refused("case-unknown", |c| c["token_types"] = json!("colour"), &["config.json", "token_types", "colour", "case"]);
    refused("case-number", |c| c["token_types"] = json!(3), &["config.json", "token_types"]);
    refused("case-list", |c| c["token_types"] = json!(["case"]), &["config.json", "token_types"]);
}

/// As an older version, which does not know the field, would read it.
#[test]
fn a_folder_that_is_read_without_types_fails_its_self_test() {
    let from = folder("micro-case");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(from.join("manifest.json")).unwrap()).unwrap();
    manifest["config"].as_object_mut().unwrap().remove("token_types").unwrap();
    let checked = CheckedFolder::parse(&manifest.to_string()).unwrap();
    let loaded = block_on(Luke::load(checked, Arc::new(Files(from)), DeviceKind::Cpu, true));
    let error = loaded.map(drop).unwrap_err().to_string();
    assert!(error.contains("self-test"), "{error}");
}

/// Texts of words in every case, marks, signs, and what tokenizers treat in a way of its own.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[A-Z][a-z]{0,6}",
        2 => "[A-Z0-9]{1,5}",
        4 => "[a-z]{1,6}",
        6 => Just(" ".to_owned()),
        1 => "[.,'_\n\t-]",
        1 => prop::sample::select(vec!["[MASK]", "<ent>", "E\u{301}", "İ", "\u{24b6}", "ǅ", "東京", "ДА", "\u{ad}", "ẞ", "🙂"])
            .prop_map(str::to_owned),
        1 => "\\PC{1,2}",
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_input_has_a_type_for_each_piece(text in text(), other in text(), cuts in any::<[prop::sample::Index; 4]>()) {
        let luke = &*CASE;
        let check = |inputs: &ModelInputs| {
            let types = inputs.token_type_ids.as_ref().expect("types");
            assert_eq!(types.len(), inputs.input_ids.len(), "{text:?}");
            let special = ["[CLS]", "[SEP]", "[MASK]", "<ent>"].map(|token| luke.tokenizer.token_to_id(token));
            for (id, kind) in inputs.input_ids.iter().zip(types) {
                assert!(*kind < 3 && (*kind == 0 || !special.contains(&Some(*id))), "{id} has type {kind}: {text:?}");
            }
            assert!(inputs.checked(&luke.config).is_ok() || inputs.input_ids.len() > luke.config.max_seq_tokens());
            Ok::<(), TestCaseError>(())
        };
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut at = cuts.map(|cut| ends[cut.index(ends.len())]);
        at.sort_unstable();
        let spans = [[at[0], at[1]], [at[2], at[3]]];
        check(&encode(luke, &text, &spans, InputForm::Entities(None)))?;
        check(&encode(luke, &text, &spans, InputForm::EntityPairClassification))?;
        check(&encode(luke, &text, &spans[..1], InputForm::EntityClassification))?;
        let builder = luke.input_builder(EncodeOptions { max_tokens: Some(12), ..Default::default() });
        check(&builder.encode_pair(Spanned::plain(&text), Spanned::plain(&other)).unwrap())?;

        let options = NerOptions::default();
        let reader = Reader::new(luke, &options).unwrap();
        let words = Words { words: text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(), sentences: None };
        for document in [block_on(reader.text(&text)).unwrap(), block_on(reader.words(&words)).unwrap()] {
            for (inputs, _) in reader.passes(&document) {
                check(&inputs)?;
            }
        }
        let input = qa::QaInput { question: other.clone(), context: text.clone() };
        let options: qa::QaOptions = serde_json::from_value(json!({ "docStride": 4, "maxQuestionTokens": 20 })).unwrap();
        let layout = block_on(qa::Layout::new(luke, &input, &options)).unwrap();
        for window in 0..layout.windows.ranges().len() {
            check(&layout.inputs(window))?;
        }
        let input: cloze::ClozeInput = serde_json::from_value(json!({
            "passage": format!("Paris {text}"), "query": "IT is @placeholder", "candidates": [[0, 5]],
        })).unwrap();
        let options = cloze::ClozeOptions::default();
        let layout = block_on(cloze::Layout::new(luke, &input, &options)).unwrap();
        for window in layout.windows() {
            check(&window.inputs)?;
        }
    }
}
