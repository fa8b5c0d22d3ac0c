//! Files that must be refused, each by the name of the field that is wrong.

use serde_json::{Value, json};

use super::*;
use crate::text::Tokenizer;

fn added(id: u32, content: &str) -> Value {
    json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true })
}

fn metaspace() -> Value {
    json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true })
}

fn word_piece() -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [added(0, "[CLS]"), added(4, "<ent>")],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                        "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                       { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "pair": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                     { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } },
                     { "SpecialToken": { "id": "[SEP]", "type_id": 1 } }],
            "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [0], "tokens": ["[CLS]"] },
                                "[SEP]": { "id": "[SEP]", "ids": [1], "tokens": ["[SEP]"] } } },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": { "[CLS]": 0, "[SEP]": 1, "[UNK]": 2, "a": 3 } },
    })
}

fn unigram() -> Value {
    json!({
        "version": "1.0", "added_tokens": [added(0, "<s>")], "normalizer": { "type": "NFKC" },
        "pre_tokenizer": metaspace(), "decoder": metaspace(),
        "post_processor": { "type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": false,
                            "add_prefix_space": false },
        "model": { "type": "Unigram", "unk_id": 2, "vocab": [["<s>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["a", -1.5]] },
    })
}

/// All bytes, `aa`, and two special tokens.
fn bpe() -> Value {
    let bytes = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
    let mut tokens: Vec<String> = bytes.into_iter().map(String::from).collect();
    tokens.sort();
    tokens.extend(["aa", "<s>", "</s>"].map(str::to_owned));
    let vocab: serde_json::Map<String, Value> = tokens.into_iter().zip(0..).map(|(t, id)| (t, json!(id))).collect();
    json!({
        "version": "1.0", "normalizer": null,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true },
        "post_processor": { "type": "BertProcessing", "sep": ["</s>", 258], "cls": ["<s>", 257] },
        "model": { "vocab": vocab, "merges": ["a a"], "unk_token": null, "continuing_subword_prefix": "",
                   "end_of_word_suffix": "", "dropout": null, "fuse_unk": false },
    })
}

fn tokens(json: &Value, text: &str) -> Vec<u32> {
    let tokenizer = Tokenizer::from_bytes(json.to_string().as_bytes()).unwrap();
    let tokens = tokenizer.encode(text, crate::text::SpecialTokens::Match).unwrap();
    tokens.iter().map(|token| token.id).collect()
}

fn refused(mut json: Value, named: &str, change: impl FnOnce(&mut Value)) {
    change(&mut json);
    let error = CheckedTokenizerJson::parse(json.to_string().as_bytes()).err().unwrap_or_else(|| panic!("{json}"));
    assert!(error.code() == "format" && error.to_string().contains("tokenizer.json"), "{error}");
    assert!(error.to_string().contains(named), "'{named}' is not in: {error}");
}

#[test]
fn the_models_of_luke_pass_and_are_written_as_they_were_read() {
    assert_eq!(tokens(&word_piece(), "A <ent> b"), [3, 4, 2]);
    assert_eq!(tokens(&unigram(), "b"), [2]);
    assert_eq!(tokens(&bpe(), "aaa").len(), 2);
    for json in [word_piece(), unigram(), bpe()] {
        let once = CheckedTokenizerJson::parse(json.to_string().as_bytes()).unwrap().to_bytes().unwrap();
        let twice = CheckedTokenizerJson::parse(&once).unwrap().to_bytes().unwrap();
        assert_eq!(once, twice);
        let read: Value = serde_json::from_slice(&once).unwrap();
        for (field, value) in json.as_object().unwrap().iter().filter(|(field, _)| *field != "model") {
            let written = if *field == "pre_tokenizer" { &read[field]["type"] } else { &read[field] };
            assert_eq!(written, if *field == "pre_tokenizer" { &value["type"] } else { value }, "{field}");
        }
        let reference = tokenizers::Tokenizer::from_bytes(&once).unwrap();
        assert_eq!(reference.encode("a b aa", false).unwrap().get_ids(), tokens(&json, "a b aa"));
    }
}

/// Earlier, a template with a token that does not exist made the `tokenizers` crate panic.
#[test]
fn templates_name_only_what_is_there() {
    let post = |json: &mut Value| json["post_processor"].take();
    let change = |named: &str, change: &dyn Fn(&mut Value)| {
        refused(word_piece(), named, |json| {
            let mut template = post(json);
            change(&mut template);
            json["post_processor"] = template;
        });
    };
    change("special token '[SEP]' is not defined", &|t| {
        drop(t["special_tokens"].as_object_mut().unwrap().remove("[SEP]"))
    });
    change("single must be", &|t| t["single"][1]["Sequence"]["id"] = json!("B"));
    change("single must be", &|t| t["single"] = json!([]));
    change("pair must be", &|t| t["pair"] = json!([]));
    change("pair must be", &|t| t["pair"][3]["Sequence"]["id"] = json!("A"));
    change("pair must be", &|t| t["pair"][4]["SpecialToken"]["id"] = json!("[CLS]"));
    change("no token '[SEP]' has the id 7", &|t| t["special_tokens"]["[SEP]"]["ids"] = json!([7]));
    change("is not defined with one id", &|t| t["special_tokens"]["[SEP]"]["ids"] = json!([1, 1]));
    change("must be 'A' or 'B', not 'C'", &|t| t["single"][1]["Sequence"]["id"] = json!("C"));
    refused(unigram(), "no token '</s>' has the id 9", |j| j["post_processor"]["sep"][1] = json!(9));
    refused(unigram(), "post_processor: there is none", |j| j["post_processor"] = Value::Null);
    refused(unigram(), "ByteLevel", |j| j["post_processor"] = json!({ "type": "ByteLevel" }));
}

/// Earlier, a word limit of a billion took minutes, and so did normalizers that multiply the text. And a pattern from
/// the file that failed in the middle of a text gave other tokens without an error.
#[test]
fn numbers_are_bounded_and_patterns_are_known() {
    for chars in [json!(0), json!(1001), json!(1_000_000_000), json!(-1), json!(1.5)] {
        refused(
            word_piece(),
            if chars.is_u64() { "max_input_chars_per_word" } else { "must be a whole number" },
            |j| {
                j["model"]["max_input_chars_per_word"] = chars;
            },
        );
    }
    let replace = |pattern: Value, content: &str| json!({ "type": "Replace", "pattern": pattern, "content": content });
    let many = replace(json!({ "String": "a" }), &"a".repeat(1000));
    refused(unigram(), "normalizer: Replace", |j| j["normalizer"] = many.clone());
    refused(unigram(), "normalizer: Replace", |j| {
        j["normalizer"] = json!({ "type": "Sequence", "normalizers": [many.clone(), many] });
    });
    refused(unigram(), "normalizer: Replace", |j| j["normalizer"] = replace(json!({ "Regex": "(?:a+)+b" }), " "));
    refused(unigram(), "normalizer: Replace", |j| j["normalizer"] = replace(json!({ "String": " {2,}" }), " "));
    refused(unigram(), "normalizer: has 9 steps", |j| {
        j["normalizer"] = json!({ "type": "Sequence", "normalizers": vec![json!({ "type": "NFC" }); 9] });
    });
    refused(unigram(), "a Sequence stands in a Sequence", |j| {
        j["normalizer"] = json!({ "type": "Sequence", "normalizers": [{ "type": "Sequence", "normalizers": [] }] });
    });
    refused(unigram(), "Prepend", |j| j["normalizer"] = json!({ "type": "Prepend", "prepend": "x" }));
    refused(unigram(), "precompiled_charsmap", |j| {
        j["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": "/////w==" });
    });
    refused(bpe(), "Split", |j| {
        let pattern = json!({ "Regex": r"\s+|\.|(?:a+)+(?!x)b" });
        j["pre_tokenizer"] = json!({ "type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false });
    });
}

#[test]
fn pre_tokenizers_fit_the_model() {
    refused(word_piece(), "a WordPiece model needs", |j| j["pre_tokenizer"] = Value::Null);
    refused(unigram(), "a Unigram model needs", |j| j["pre_tokenizer"] = json!({ "type": "WhitespaceSplit" }));
    refused(bpe(), "a BPE model needs", |j| j["pre_tokenizer"] = metaspace());
    refused(bpe(), "a BPE model needs", |j| j["pre_tokenizer"]["use_regex"] = json!(false));
    refused(unigram(), "replacement", |j| j["pre_tokenizer"]["replacement"] = json!("_"));
    refused(unigram(), "split", |j| j["pre_tokenizer"]["split"] = json!(false));
    refused(unigram(), "add_prefix_space", |j| j["pre_tokenizer"]["add_prefix_space"] = json!(false));
    refused(unigram(), "CTC", |j| j["decoder"] = json!({ "type": "CTC" }));
    let mut old = unigram();
    let space =
        json!({ "type": "Metaspace", "replacement": "\u{2581}", "str_rep": "\u{2581}", "add_prefix_space": true });
    old["pre_tokenizer"] =
        json!({ "type": "Sequence", "pretokenizers": [{ "type": "WhitespaceSplit" }, space.clone()] });
    old["decoder"] = space;
    assert_eq!(tokens(&old, "a a").len(), 4, "as xlm-roberta-base has it");
}

#[test]
fn vocabularies_are_whole() {
    refused(bpe(), "has no token for the byte", |j| drop(j["model"]["vocab"].as_object_mut().unwrap().remove("!")));
    // The crate's builder wrote behind its buffer where a merge was longer than every token.
    refused(bpe(), "merges: 'aa' and 'aa'", |j| j["model"]["merges"] = json!([["aa", "aa"]]));
    refused(bpe(), "merges: 'q' and 'zz'", |j| j["model"]["merges"] = json!(["q zz"]));
    refused(bpe(), "two tokens", |j| j["model"]["merges"] = json!(["a a a"]));
    refused(bpe(), "two tokens", |j| j["model"]["merges"] = json!([["a"]]));
    refused(bpe(), "unk_token '<unk>'", |j| j["model"]["unk_token"] = json!("<unk>"));
    refused(bpe(), "dropout", |j| j["model"]["dropout"] = json!(0.5));
    refused(bpe(), "continuing_subword_prefix", |j| j["model"]["continuing_subword_prefix"] = json!("aaa"));
    refused(bpe(), "end_of_word_suffix", |j| j["model"]["end_of_word_suffix"] = json!("</w>"));
    refused(word_piece(), "unk_token '[X]'", |j| j["model"]["unk_token"] = json!("[X]"));
    refused(word_piece(), "twice", |j| j["model"]["vocab"]["b"] = json!(3));
    refused(word_piece(), "must be below", |j| j["model"]["vocab"]["b"] = json!(1 << 24));
    refused(word_piece(), "must be a whole number", |j| j["model"]["vocab"]["b"] = json!(-1));
    refused(word_piece(), "513 bytes", |j| j["model"]["vocab"]["b".repeat(513)] = json!(5));
    refused(word_piece(), "513 bytes", |j| j["model"]["continuing_subword_prefix"] = json!("#".repeat(513)));
    refused(word_piece(), "513 bytes", |j| j["decoder"]["prefix"] = json!("#".repeat(513)));
    refused(unigram(), "unk_id is 4", |j| j["model"]["unk_id"] = json!(4));
    refused(unigram(), "has no unk_id", |j| j["model"]["unk_id"] = Value::Null);
    refused(unigram(), "unk_id is 0", |j| (j["model"]["vocab"], j["model"]["unk_id"]) = (json!([]), json!(0)));
    refused(unigram(), "twice", |j| j["model"]["vocab"][3][0] = json!("<s>"));
    refused(unigram(), "byte_fallback", |j| j["model"]["byte_fallback"] = json!(true));
    refused(unigram(), "is not that of a Unigram", |j| j["model"]["vocab"] = json!({ "a": 1 }));
    refused(unigram(), "WordLevel", |j| j["model"]["type"] = json!("WordLevel"));
    refused(unigram(), "model", |j| drop(j.as_object_mut().unwrap().remove("model")));
    refused(unigram(), "there is no 'colour'", |j| j["colour"] = json!(1));
    refused(unigram(), "version", |j| j["version"] = json!("2.0"));
}

#[test]
fn added_tokens_have_their_ids_and_cannot_overlap() {
    let change = |named: &str, id: u32, content: &str, flag: &str| {
        refused(word_piece(), named, |json| {
            let mut token = added(id, content);
            if !flag.is_empty() {
                token[flag] = json!(true);
            }
            json["added_tokens"].as_array_mut().unwrap().push(token);
        });
    };
    change("'<ent2>' is 6, by the vocabulary it would be 5", 6, "<ent2>", "");
    change("'[SEP]' is 5, by the vocabulary it would be 1", 5, "[SEP]", "");
    change("'<ent>' is there twice", 4, "<ent>", "");
    // With such tokens the crate took white space twice, and panicked where lstrip met rstrip.
    for content in ["", " x", "x ", "x y", "\u{3000}"] {
        change("is empty or has white space", 5, content, "lstrip");
    }
    change("single_word", 5, "<x>", "single_word");
    change("513 bytes", 5, &"x".repeat(513), "");
    // The normalizer puts spaces around Chinese characters.
    change("normalized, is empty or has white space", 5, "\u{6771}", "normalized");
    change("normalized, is empty or has white space", 5, "\u{0}", "normalized");
    refused(word_piece(), "normalized, is there twice", |json| {
        for (id, content) in [(5, "<X>"), (6, "<x>")] {
            let mut token = added(id, content);
            token["normalized"] = json!(true);
            json["added_tokens"].as_array_mut().unwrap().push(token);
        }
    });
    refused(word_piece(), "10001 tokens", |json| {
        json["added_tokens"] = (0..10_001).map(|i| added(4 + i, &format!("<{i}>"))).collect();
    });
}

/// The crate's reader of decoders panicked at the end of a file.
#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let json = word_piece().to_string();
    for end in 0..json.len() {
        let cut = json.get(..end).unwrap_or("").as_bytes();
        assert_eq!(CheckedTokenizerJson::parse(cut).err().map(|error| error.code()), Some("format"), "{end}");
    }
}
