//! Compares inputs with those of `LukeTokenizer` of transformers 4.57.1, which must be equal: word ids, spans, tasks,
//! pairs and truncation.

use std::ops::Range;

use luke_web::inputs::ModelInputs;
use luke_web::text::EntityVocab;
use luke_web::text::{EncodeOptions, InputBuilder, InputForm, Spanned};
use luke_web::text::{OffsetUnit, Offsets, SpecialTokens, Tokenizer};
use serde_json::{Value, json};

use crate::support::{self, checkpoint, fixture, folder, load, luke, repository, temporary};

/// Cases that this program refuses. Hugging Face accepts empty, reversed and negative spans, which have no text. A span
/// beyond the text is an IndexError there too.
const REFUSED: [&str; 4] = ["edge_zero_width", "edge_reversed", "edge_negative", "edge_out_of_range"];

struct Parts {
    tokenizer: Tokenizer,
    entities: EntityVocab,
}

impl Parts {
    fn input_builder(&self, options: EncodeOptions) -> InputBuilder<'_> {
        InputBuilder { tokenizer: &self.tokenizer, entities: &self.entities, options }
    }
}

fn micro() -> Parts {
    let luke = load(&folder("micro-model"));
    Parts { tokenizer: luke.tokenizer, entities: luke.entity_vocab }
}

/// RoBERTa's whole vocabulary; its checkpoint has no weights, so only the tokenizer is converted.
fn roberta() -> Parts {
    let from = checkpoint("micro-robertatok");
    let to = temporary("roberta.json");
    let result = luke(&["tokenizer", &from.display().to_string(), &to.display().to_string()]);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let read = |path| std::fs::read(path).unwrap();
    Parts {
        tokenizer: Tokenizer::from_bytes(&read(to)).unwrap(),
        entities: EntityVocab::from_bytes(&read(from.join("entity_vocab.json")), 40).unwrap(),
    }
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

fn spans(text: &str, chars: &Value) -> Vec<Range<usize>> {
    let offsets = Offsets::new(text, OffsetUnit::Codepoint);
    let pairs: Vec<[usize; 2]> = serde_json::from_value(chars.clone()).unwrap();
    pairs.into_iter().map(|span| offsets.span("span", span).unwrap()).collect()
}

fn assert_inputs(what: &str, got: &ModelInputs, want: &Value) {
    assert_eq!(got.input_ids, ids(&want["input_ids"]), "{what}: input_ids");
    let none: Vec<u32> = Vec::new();
    let list = |key: &str| want.get(key).map_or(none.clone(), ids);
    assert_eq!(got.entity_ids, list("entity_ids"), "{what}: entity_ids");
    assert_eq!(got.entity_start_positions, list("entity_start_positions"), "{what}: entity_start_positions");
    assert_eq!(got.entity_end_positions, list("entity_end_positions"), "{what}: entity_end_positions");
    let positions: Vec<Vec<i32>> =
        want.get("entity_position_ids").map_or(Vec::new(), |v| serde_json::from_value(v.clone()).unwrap());
    assert_eq!(got.entity_position_ids, positions, "{what}: entity_position_ids");
}

fn check(parts: &Parts, fixture_name: &str) {
    let cases = fixture(fixture_name);
    let list = |key: &str| cases[key].as_array().unwrap_or_else(|| panic!("{fixture_name} has no {key}")).clone();
    let plain = EncodeOptions::default();
    let spaced = EncodeOptions { prefix_space: true, ..plain };
    let name = |case: &Value| case["name"].as_str().unwrap_or("").to_owned();

    for case in list("plain") {
        let text = case["text"].as_str().unwrap();
        for (options, key) in [(plain, "input_ids"), (spaced, "prefix_space_ids")] {
            let input = Spanned { text, spans: &[] };
            let got = parts.input_builder(options).encode(input, InputForm::Entities(None)).unwrap();
            assert_eq!(got.input_ids, ids(&case[key]), "{fixture_name} plain {} {key}", name(&case));
        }
    }
    let long = list("plain").into_iter().find(|case| case["name"] == "long").unwrap();
    let long = long["text"].as_str().unwrap().to_owned();

    let tasks = [
        ("spans", InputForm::Entities(None)),
        ("span_task", InputForm::EntitySpanClassification),
        ("classification", InputForm::EntityClassification),
        ("pair", InputForm::EntityPairClassification),
    ];
    for (key, task) in tasks {
        for case in list(key) {
            let (text, what) = (case["text"].as_str().unwrap(), format!("{fixture_name} {key} {}", name(&case)));
            if REFUSED.contains(&name(&case).as_str()) {
                let offsets = Offsets::new(text, OffsetUnit::Codepoint);
                let [start, end]: [i64; 2] = serde_json::from_value(case["spans"]["char"][0].clone()).unwrap();
                let span = [start as usize, end as usize];
                assert_eq!(offsets.span("span", span).unwrap_err().code(), "input", "{what}");
                continue;
            }
            let chars = spans(text, &case["spans"]["char"]);
            for unit in [OffsetUnit::Utf16, OffsetUnit::Byte] {
                let key = if unit == OffsetUnit::Utf16 { "utf16" } else { "byte" };
                if let Some(list) = case["spans"].get(key) {
                    let offsets = Offsets::new(text, unit);
                    let pairs: Vec<[usize; 2]> = serde_json::from_value(list.clone()).unwrap();
                    let other: Vec<_> = pairs.into_iter().map(|span| offsets.span("span", span).unwrap()).collect();
                    assert_eq!(other, chars, "{what}: {key} offsets");
                }
            }
            let input = Spanned { text, spans: &chars };
            assert_inputs(&what, &parts.input_builder(plain).encode(input, task).unwrap(), &case["out"]);
            if let Some(want) = case.get("prefix_space") {
                assert_inputs(
                    &format!("{what} prefix"),
                    &parts.input_builder(spaced).encode(input, task).unwrap(),
                    want,
                );
            }
        }
    }

    for case in list("entities") {
        let text = case["text"].as_str().unwrap();
        let titles: Vec<&str> = case["entities"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
        let chars = spans(text, &case["spans"]);
        let got =
            parts.input_builder(plain).encode(Spanned { text, spans: &chars }, InputForm::Entities(Some(&titles)));
        match case["out"].get("error") {
            Some(_) => assert_eq!(got.unwrap_err().code(), "input", "{titles:?}"),
            None => assert_inputs(&format!("{fixture_name} {titles:?}"), &got.unwrap(), &case["out"]),
        }
    }

    for case in list("pair_text") {
        let (text, pair) = (case["text"].as_str().unwrap(), case["pair"].as_str().unwrap());
        let of = |key: &str, text: &str| case.get(key).map_or(Vec::new(), |value| spans(text, value));
        let (first, second) = (of("spans", text), of("spans_pair", pair));
        let got = parts
            .input_builder(plain)
            .encode_pair(Spanned { text, spans: &first }, Spanned { text: pair, spans: &second })
            .unwrap();
        assert_inputs(&format!("{fixture_name} pair {text}"), &got, &case["out"]);
    }

    for case in list("truncation") {
        let text = if case["text"] == "<LONG>" { long.as_str() } else { case["text"].as_str().unwrap() };
        let (chars, args) = (spans(text, &case["spans"]), &case["args"]);
        let cut = args["truncation"].as_bool().unwrap_or(false);
        let number = |key: &str| args[key].as_u64().map(|n| n as usize);
        let options = EncodeOptions {
            max_tokens: cut.then(|| number("max_length").unwrap_or(512)),
            max_entities: number("max_entity_length").unwrap_or(32),
            ..plain
        };
        let got =
            parts.input_builder(options).encode(Spanned { text, spans: &chars }, InputForm::Entities(None)).unwrap();
        assert_inputs(&format!("{fixture_name} truncation {args}"), &got, &unpadded(&case["out"]));
    }

    // We run one sequence at a time and never pad: a batch is its members without the padding.
    for case in list("batch") {
        for (i, text) in case["texts"].as_array().unwrap().iter().enumerate() {
            let text = text.as_str().unwrap();
            let chars = spans(text, &case["spans"][i]);
            let got =
                parts.input_builder(plain).encode(Spanned { text, spans: &chars }, InputForm::Entities(None)).unwrap();
            let columns = case["out"].as_object().unwrap();
            let member = columns.iter().map(|(key, rows)| (key.clone(), rows[i].clone())).collect();
            assert_inputs(&format!("{fixture_name} batch {i}"), &got, &unpadded(&member));
        }
    }
}

/// An encoding without the entries that its masks mark as padding.
fn unpadded(out: &Value) -> Value {
    let mut out = out.as_object().unwrap().clone();
    for (mask, keys) in [
        ("attention_mask", ["input_ids", "input_ids"]),
        ("entity_attention_mask", ["entity_ids", "entity_position_ids"]),
    ] {
        let Some(mask) = out.get(mask).cloned() else { continue };
        let kept = mask.as_array().unwrap().iter().filter(|m| **m == 1).count();
        for key in keys {
            if let Some(Value::Array(list)) = out.get_mut(key) {
                list.truncate(kept);
            }
        }
    }
    Value::Object(out)
}

#[test]
fn micro_vocabulary_equals_transformers() {
    check(&micro(), "tokenizer_micro.json");
}

#[test]
fn roberta_vocabulary_equals_transformers() {
    check(&roberta(), "tokenizer_roberta.json");
}

#[test]
fn special_tokens_can_be_plain_text() {
    let parts = micro();
    let encode = |text: &str, special| support::ids(&parts.tokenizer.encode(text, special).unwrap());
    let mask = parts.tokenizer.token_to_id("<mask>").unwrap();
    let end = parts.tokenizer.token_to_id("</s>").unwrap();
    let text = "a <mask> b</s>";
    let matched = encode(text, SpecialTokens::Match);
    assert!(matched.contains(&mask) && matched.contains(&end));
    let plain = encode(text, SpecialTokens::Text);
    assert!(!plain.contains(&mask) && !plain.contains(&end));
    assert_eq!(encode(text, SpecialTokens::Match), matched, "the choice is the call's, not the tokenizer's");
}

/// A Unigram tokenizer such as mLUKE's, with a vocabulary of a few pieces.
fn unigram() -> Tokenizer {
    let pieces = [
        "<s>",
        "</s>",
        "<unk>",
        "\u{2581}",
        "\u{2581}Tokyo",
        "\u{2581}\u{6771}",
        "\u{4eac}",
        "ite",
        "s",
        ",",
        "\u{2581}in",
    ];
    let vocab: Vec<(&str, f64)> = pieces.iter().enumerate().map(|(i, piece)| (*piece, -(i as f64))).collect();
    let metaspace =
        json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true });
    let special = |id: u32, content: &str| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
    };
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": { "type": "NFKC" },
        "added_tokens": [special(0, "<s>"), special(1, "</s>")],
        "pre_tokenizer": metaspace, "decoder": metaspace,
        "post_processor": { "type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0],
                            "trim_offsets": false, "add_prefix_space": false },
        "model": { "type": "Unigram", "unk_id": 2, "vocab": vocab, "byte_fallback": false },
    });
    Tokenizer::from_bytes(json.to_string().as_bytes()).unwrap()
}

/// Checks the text of each token, whether it continues a word, and the text of all tokens.
fn taken_apart<'a>(tokenizer: &Tokenizer, text: &'a str) -> (Vec<(&'a str, bool)>, String) {
    let tokens = tokenizer.encode_with_offsets(text, SpecialTokens::Match).unwrap();
    let plain = tokenizer.encode(text, SpecialTokens::Match).unwrap();
    assert!(plain.iter().eq(tokens.iter().map(|(token, _)| token)), "{text}");
    let parts = tokens.into_iter().map(|(token, bytes)| (&text[bytes], tokenizer.continues_word(token.id))).collect();
    (parts, tokenizer.decode(&support::ids(&plain)).unwrap())
}

#[test]
fn tokens_know_their_source_in_every_kind_of_tokenizer() {
    let roberta = roberta().tokenizer;
    let (parts, text) = taken_apart(&roberta, " Tokyoites, \u{1f71a}");
    let cut = ("\u{1f71a}", true);
    let want = [(" Tokyo", false), ("ites", true), (",", false), (" \u{1f71a}", false), cut, cut];
    assert_eq!(
        (parts.as_slice(), text.as_str()),
        (&want[..], " Tokyoites, \u{1f71a}"),
        "a cut character is whole in each"
    );
    let first = roberta.encode(" \u{1f71a}", SpecialTokens::Match).unwrap()[0];
    assert_eq!(roberta.decode(&[first.id]).unwrap(), " \u{fffd}", "and U+FFFD in the text of a part");

    let mini = std::fs::read(repository().join("www/models/luke-mini-en/tokenizer.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&mini).unwrap();
    // Its vocabulary has small letters alone, without accents.
    json["normalizer"]["strip_accents"] = true.into();
    for (lowercase, word, letter) in [(false, "tokyo", "\u{e9}"), (true, "Tokyo", "\u{c9}")] {
        json["normalizer"]["lowercase"] = lowercase.into();
        let wordpiece = Tokenizer::from_bytes(json.to_string().as_bytes()).unwrap();
        let whole = format!(" {word}ites, {letter}");
        let (parts, text) = taken_apart(&wordpiece, &whole);
        let want = [(word, false), ("ites", true), (",", false), (letter, false)];
        assert_eq!((parts.as_slice(), text.as_str()), (&want[..], "tokyoites, e"));
    }

    // The full-width comma is two-fold: NFKC makes it ASCII, its source keeps three bytes.
    let (parts, text) = taken_apart(&unigram(), " Tokyoites\u{ff0c} \u{6771}\u{4eac}");
    let want =
        [(" Tokyo", false), ("ite", true), ("s", true), ("\u{ff0c}", false), (" \u{6771}", false), ("\u{4eac}", true)];
    assert_eq!((parts.as_slice(), text.as_str()), (&want[..], "Tokyoites, \u{6771}\u{4eac}"));
}
