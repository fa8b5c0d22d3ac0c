//! The same tokens as the `tokenizers` crate's own models; and texts that would cost it minutes.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Files of a fixture, by name.
macro_rules! files {
    ($of:literal, $($name:literal),*) => {
        [$(($name, include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/checkpoints/", $of, "/", $name
        )).as_slice())),*]
    };
}

/// The tokenizers of the fixtures and of the shipped model, as JSON: byte-level BPE, Unigram, WordPiece twice.
fn kinds() -> Vec<Vec<u8>> {
    let checkpoint = |files: &[(&str, &[u8])]| {
        let lookup = |name: &str| Ok(files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec()));
        TokenizerJson::of_checkpoint(&lookup).unwrap().check().unwrap().to_bytes().unwrap()
    };
    let shipped = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/luke-mini-en/tokenizer.json"));
    vec![
        checkpoint(&files!(
            "micro-robertatok",
            "vocab.json",
            "merges.txt",
            "added_tokens.json",
            "tokenizer_config.json"
        )),
        checkpoint(&files!("micro-mluke", "sentencepiece.bpe.model", "added_tokens.json", "tokenizer_config.json")),
        checkpoint(&files!("micro-bert", "vocab.txt", "added_tokens.json", "tokenizer_config.json")),
        shipped.to_vec(),
    ]
}

/// The crate's tokenizer, with its own models and its own reader.
fn reference(json: &[u8]) -> tokenizers::Tokenizer {
    tokenizers::Tokenizer::from_bytes(json).unwrap()
}

fn reference_tokens(reference: &tokenizers::Tokenizer, text: &str) -> Vec<(Token, Range<usize>)> {
    let encoding = reference.encode(text, false).unwrap();
    let whole = |(start, end): &(usize, usize)| text.floor_char_boundary(*start)..text.ceil_char_boundary(*end);
    encoding.get_ids().iter().copied().map(Token::from).zip(encoding.get_offsets().iter().map(whole)).collect()
}

fn normalized<N: tokenizers::Normalizer>(normalizer: Option<&N>, text: &str) -> String {
    let mut normalized = tokenizers::NormalizedString::from(text);
    normalizer.inspect(|normalizer| normalizer.normalize(&mut normalized).unwrap());
    normalized.get().to_owned()
}

/// Texts of words, and of everything that tokenizers treat in a way of its own.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[a-zA-Z]{1,8}",
        2 => Just(" ".to_owned()),
        1 => "[ \t\n\u{3000}\u{200b}]{1,3}",
        1 => "[.,'!?#\u{2581}<>]",
        1 => prop::sample::select(vec!["<mask>", "[MASK]", "<s>", "##a", "\u{6771}\u{4eac}", "e\u{301}", "\u{fdfa}", "\u{1f469}\u{200d}\u{1f467}"])
            .prop_map(str::to_owned),
        1 => "\\PC{1,3}",
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

#[test]
fn tokens_are_those_of_the_crate_whole_and_in_blocks() {
    for json in kinds() {
        let (tokenizer, reference) = (Tokenizer::from_bytes(&json).unwrap(), reference(&json));
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 500, ..Default::default() });
        let same = |text: String| {
            // The crate does not normalize some letters with several marks as SentencePiece does (`charsmap.rs`).
            let ours = normalized(tokenizer.inner.lock().unwrap().get_normalizer(), &text);
            prop_assume!(ours == normalized(reference.get_normalizer(), &text));
            let wanted = reference_tokens(&reference, &text);
            let whole = tokenizer.encode_with_offsets(&text, SpecialTokens::Match).unwrap();
            prop_assert_eq!(&whole, &wanted);
            let tokens: Vec<Token> = wanted.iter().map(|(token, _)| *token).collect();
            prop_assert_eq!(&tokenizer.encode(&text, SpecialTokens::Match).unwrap(), &tokens);
            let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
            prop_assert_eq!(tokenizer.decode(&ids).unwrap(), reference.decode(&ids, false).unwrap());
            let blocks = tokenizer.encode_blocks(&text, SpecialTokens::Match, 3, usize::MAX).unwrap();
            prop_assert_eq!(blocks.into_iter().map(|(token, _)| token).collect::<Vec<_>>(), tokens);
            Ok(())
        };
        runner.run(&texts(), same).unwrap();
    }
}

/// Types change no token, and a text in blocks has those of the whole.
#[test]
fn case_types_are_the_same_with_and_without_offsets_and_in_blocks() {
    for json in kinds() {
        let (plain, typed) =
            (Tokenizer::from_bytes(&json).unwrap(), Tokenizer::from_bytes(&json).unwrap().with_case_types());
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 200, ..Default::default() });
        let same = |text: String| {
            let whole = typed.encode_with_offsets(&text, SpecialTokens::Match).unwrap();
            let without = plain.encode_with_offsets(&text, SpecialTokens::Match).unwrap();
            let untyped = whole.iter().map(|(token, bytes)| (Token::from(token.id), bytes.clone()));
            prop_assert!(untyped.eq(without));
            let tokens: Vec<Token> = whole.iter().map(|(token, _)| *token).collect();
            prop_assert_eq!(&typed.encode(&text, SpecialTokens::Match).unwrap(), &tokens);
            prop_assert_eq!(typed.encode_blocks(&text, SpecialTokens::Match, 3, usize::MAX).unwrap(), whole.clone());
            for (token, bytes) in whole {
                let is_capital = text[bytes].contains(char::is_uppercase);
                let is_special = typed.special.contains(&token.id);
                prop_assert_eq!(token.token_type > 0, is_capital && !is_special);
            }
            let inputs = typed.inputs(&[&typed.before, &tokens, &typed.after]);
            let types = inputs.token_type_ids.unwrap();
            prop_assert_eq!(types.len(), inputs.input_ids.len());
            prop_assert_eq!(plain.inputs(&[&tokens]).token_type_ids, None);
            Ok(())
        };
        runner.run(&texts(), same).unwrap();
    }
}

/// Random vocabularies, among them such that scores tie and unknown characters follow each other.
#[test]
fn unigram_and_word_piece_are_the_crates_with_any_vocabulary() {
    let unigram = |pieces: Vec<(String, i8)>| {
        let pieces: std::collections::BTreeMap<String, i8> = pieces.into_iter().collect();
        let first = [("<s>".to_owned(), json!(0.0)), ("<unk>".to_owned(), json!(0.0))];
        let vocab: Vec<(String, Value)> =
            first.into_iter().chain(pieces.into_iter().map(|(p, score)| (p, json!(f64::from(score) / 4.0)))).collect();
        let space =
            json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true });
        json!({
            "pre_tokenizer": space, "decoder": space,
            "post_processor": { "type": "BertProcessing", "sep": ["<s>", 0], "cls": ["<s>", 0] },
            "model": { "type": "Unigram", "unk_id": 1, "vocab": vocab },
        })
    };
    let word_piece = |pieces: Vec<(String, i8)>| {
        let pieces: std::collections::BTreeSet<String> = pieces.into_iter().map(|(piece, _)| piece).collect();
        let all = ["[UNK]".to_owned()].into_iter().chain(pieces.iter().flat_map(|p| [p.clone(), format!("##{p}")]));
        let vocab: std::collections::BTreeMap<String, usize> = all.zip(0..).collect();
        json!({
            "pre_tokenizer": { "type": "BertPreTokenizer" }, "decoder": null,
            "post_processor": { "type": "BertProcessing", "sep": ["[UNK]", 0], "cls": ["[UNK]", 0] },
            "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 20, "vocab": vocab },
        })
    };
    let pieces = prop::collection::vec(("[ab\u{e9}\u{2581}]{1,4}", any::<i8>()), 0..20);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 1000, ..Default::default() });
    let same = |(pieces, text): (Vec<(String, i8)>, String)| {
        for mut json in [unigram(pieces.clone()), word_piece(pieces.clone())] {
            json["version"] = json!("1.0");
            let json = json.to_string().into_bytes();
            let tokenizer = Tokenizer::from_bytes(&json).unwrap();
            let got = tokenizer.encode_with_offsets(&text, SpecialTokens::Match).unwrap();
            prop_assert_eq!(got, reference_tokens(&reference(&json), &text));
        }
        Ok(())
    };
    runner.run(&(pieces, "[abc\u{e9} \u{2581}]{0,60}"), same).unwrap();
}

/// A megabyte of one thing. Today's limit is ten times what a quiet machine needs for the slowest.
#[test]
fn long_texts_of_anything_take_seconds() {
    let megabyte = |part: &str| part.repeat(1_000_000 / part.len());
    let word = format!("{} ", "a".repeat(99));
    let parts =
        ["a", " ", "x ", &word, "e\u{301}", "\u{301}", "\u{200d}", "\u{1f600}", "\u{6771}", "<mask> ", "!?", "\n", "1"];
    for json in kinds() {
        let tokenizer = Tokenizer::from_bytes(&json).unwrap();
        for part in parts {
            let (text, start) = (megabyte(part), Instant::now());
            tokenizer.encode(&text, SpecialTokens::Match).unwrap();
            assert!(start.elapsed() < Duration::from_secs(10), "{part:?}: {:?}", start.elapsed());
        }
    }
}

/// Blocks end behind punctuation of every script, and line ends and spaces start them: Japanese has no others.
#[test]
fn a_block_may_end_behind_any_punctuation() {
    for json in kinds() {
        let tokenizer = Tokenizer::from_bytes(&json).unwrap();
        let ids = |text: &str| tokenizer.encode(text, SpecialTokens::Match).unwrap();
        assert!(tokenizer.cuts.spaces.contains(&' '));
        for mark in ('\0'..=char::MAX).filter(|c| is_punctuation(*c)) {
            for space in &tokenizer.cuts.spaces {
                let (before, after) = (format!("a{mark}"), format!("{space}b"));
                let whole = format!("{before}{after}");
                assert_eq!([ids(&before), ids(&after)].concat(), ids(&whole), "{whole:?}");
                let cut = tokenizer.cuts.blocks(&whole, 2, usize::MAX).next();
                let prepends = ('\u{11000}'..='\u{11fff}').contains(&mark);
                assert_eq!(cut, Some(0..if prepends { whole.len() } else { before.len() }), "{whole:?}");
            }
        }
    }
}

#[test]
fn a_text_without_a_place_to_cut_is_cut_between_characters() {
    let cuts = Cuts { spaces: vec![' '], rstrip: vec!["<x>".into()] };
    let blocks = |text: &str| cuts.blocks(text, 4, 9).map(|range| text[range].to_owned()).collect::<Vec<_>>();
    assert_eq!(blocks("\u{6771}\u{4eac}\u{6771}\u{4eac}"), ["\u{6771}\u{4eac}\u{6771}", "\u{4eac}"]);
    assert_eq!(blocks("abcd ef gh"), ["abcd", " ef gh"]);
    assert_eq!(blocks("ab <x> cdef gh"), ["ab <x> cd", "ef gh"], "a token that takes the space after it keeps it");
    assert_eq!(blocks("a     b c d"), ["a     b", " c d"]);
    assert_eq!(cuts.blocks("\u{1f600}\u{1f600}", 1, 1).count(), 1, "a character is never cut");
}
