//! `embed` with `pooling` and `normalize`, against a plain computation from the hidden states that `forward` gives.

use luke_web::Luke;
use luke_web::tasks::embed::{EmbedInput, EmbedOptions, Embedding};
use luke_web::tasks::from_value;
use luke_web::text::{SpecialTokens, Token};
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{assert_close, folder, ids, load};

fn embed(luke: &Luke, text: &str, options: Value) -> Embedding {
    let input = EmbedInput { text: text.into(), spans: if text.len() > 9 { vec![[0, 5]] } else { Vec::new() } };
    block_on(luke.embed(&input, &from_value::<EmbedOptions>("options", options).unwrap())).unwrap()
}

/// Hidden states of tokens, `[tokens][hidden]`, without entities.
fn states(luke: &Luke, tokens: &[Token]) -> Vec<Vec<f64>> {
    let inputs = luke.tokenizer.inputs(&[&luke.tokenizer.before, tokens, &luke.tokenizer.after]);
    let outputs = block_on(luke.forward(&inputs, Some("model"))).unwrap();
    outputs[0].values.chunks(luke.config.hidden_size).map(|row| row.iter().copied().map(f64::from).collect()).collect()
}

fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64).collect()
}

fn unit(row: &[f64]) -> Vec<f64> {
    let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
    row.iter().map(|value| value / length).collect()
}

#[test]
fn the_mean_and_the_first_token_are_those_of_the_hidden_states() {
    for name in ["micro-paged", "micro-bert", "micro-case", "micro-mluke", "micro-model"] {
        let luke = load(&folder(name));
        for text in ["Beyoncé lives in Los Angeles.", "a", "🙂 東京", ""] {
            // An entity changes the states of the words, so the plain computation has none.
            let spanless = |options: Value| {
                let input = EmbedInput { text: text.into(), spans: Vec::new() };
                block_on(luke.embed(&input, &from_value("options", options).unwrap())).unwrap()
            };
            let without = spanless(Value::Null);
            assert_eq!(without.vector, None);
            let tokens = luke.tokenizer.encode(text, SpecialTokens::Match).unwrap();
            assert!(without.tokens.iter().map(|token| token.id).eq(ids(&tokens)), "{name}, {text}");
            let states = states(&luke, &tokens);
            for (pooling, want) in [("mean", mean(&states)), ("cls", states[0].clone())] {
                let got = spanless(json!({ "pooling": pooling }));
                assert_close(&format!("{name}, {text}, {pooling}"), got.vector.as_ref().unwrap(), &want, 1e-6);
                assert_eq!(Embedding { vector: None, ..got }, without, "the other vectors are the same");
                let normal = spanless(json!({ "pooling": pooling, "normalize": true }));
                assert_close(&format!("{name}, {text}, normal {pooling}"), &normal.vector.unwrap(), &unit(&want), 1e-6);
            }
        }
    }
}

#[test]
fn special_tokens_of_a_long_text_are_means_over_its_windows() {
    let luke = load(&folder("micro-paged"));
    let text = "Beyoncé lives in Los Angeles, and not in Rome. ".repeat(80);
    let tokens = luke.tokenizer.encode(&text, SpecialTokens::Match).unwrap();
    let input = EmbedInput { text, spans: Vec::new() };
    let run = |pooling: &str| {
        let options = from_value("options", json!({ "pooling": pooling })).unwrap();
        block_on(luke.embed(&input, &options)).unwrap()
    };
    let found = run("mean");
    let (before, after) = (luke.tokenizer.before.len(), luke.tokenizer.after.len());
    let size = luke.config.max_seq_tokens() - before - after;
    let mut windows = Vec::new();
    for start in (0..tokens.len()).step_by(size / 2) {
        let end = (start + size).min(tokens.len());
        windows.push(states(&luke, &tokens[start..end]));
        if end == tokens.len() {
            break;
        }
    }
    assert!(windows.len() > 2, "{} tokens", tokens.len());
    let of_windows = |row: &dyn Fn(&[Vec<f64>]) -> Vec<f64>| mean(&windows.iter().map(|w| row(w)).collect::<Vec<_>>());
    let mut rows: Vec<Vec<f64>> = (0..before).map(|i| of_windows(&|window| window[i].clone())).collect();
    assert_close("cls", &run("cls").vector.unwrap(), &rows[0], 1e-6);
    rows.extend(found.words.chunks(found.hidden).map(|row| row.iter().copied().map(f64::from).collect()));
    rows.extend((0..after).map(|i| of_windows(&|window| window[window.len() - after + i].clone())));
    assert_close("mean", &found.vector.unwrap(), &mean(&rows), 1e-6);
}

#[test]
fn normalize_divides_every_vector_by_its_length() {
    let luke = load(&folder("micro-paged"));
    let text = "Beyoncé lives in Los Angeles.";
    let (plain, normal) = (embed(&luke, text, Value::Null), embed(&luke, text, json!({ "normalize": true })));
    assert_eq!((&plain.tokens, &normal.vector), (&normal.tokens, &None));
    let pooled = |embedding: &Embedding| embedding.pooled.clone().unwrap();
    assert!(!plain.entities.is_empty());
    for (plain, normal) in [
        (plain.words.clone(), normal.words.clone()),
        (plain.entities.clone(), normal.entities.clone()),
        (pooled(&plain), pooled(&normal)),
    ] {
        for (plain, normal) in plain.chunks(luke.config.hidden_size).zip(normal.chunks(luke.config.hidden_size)) {
            let plain: Vec<f64> = plain.iter().copied().map(f64::from).collect();
            assert_close("a vector", normal, &unit(&plain), 1e-6);
        }
    }
}

#[test]
fn odd_options_are_refused_by_name() {
    let luke = load(&folder("micro-paged"));
    for (options, named) in [
        (json!({ "pooling": "max" }), "pooling"),
        (json!({ "pooling": 1 }), "pooling"),
        (json!({ "pooling": null }), "pooling"),
        (json!({ "normalize": "yes" }), "normalize"),
        (json!({ "normalise": true }), "normalise"),
    ] {
        let error = block_on(luke.call("embed", json!({ "text": "a" }), options.clone())).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(named), "{options}: {error}");
    }
}
