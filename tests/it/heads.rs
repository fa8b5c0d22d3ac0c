//! Compares every LUKE class with `transformers`: with and without entity-aware attention, with and without padding.

use std::collections::BTreeMap;

use luke_web::Output;
use luke_web::inputs::ModelInputs;
use serde_json::Value;

use crate::support::{TOLERANCE, assert_close, camel_case, fixture, flat, folder, load};

#[test]
fn every_head_equals_transformers() {
    let cases = fixture("heads.json");
    let cases = cases.as_array().unwrap();
    let mut loaded: Option<(String, luke_web::Luke)> = None;
    let mut checked = 0;
    for case in cases {
        let name = case["checkpoint"].as_str().unwrap();
        if loaded.as_ref().is_none_or(|(known, _)| known != name) {
            loaded = Some((name.to_owned(), load(&folder(name))));
        }
        let luke = &loaded.as_ref().unwrap().1;
        let inputs: ModelInputs = serde_json::from_value(camel_case(&case["inputs"])).unwrap();
        let outputs = pollster::block_on(luke.forward(&inputs, None)).unwrap();
        for (key, want) in camel_case(&case["outputs"]).as_object().unwrap() {
            if key == "logitsStride" {
                continue;
            }
            let output = outputs.iter().find(|output| output.name.as_str() == key);
            let output = output.unwrap_or_else(|| panic!("{name}: no output {key}"));
            let what = format!("{name}, {} words, {} entities, {key}", inputs.input_ids.len(), inputs.entity_ids.len());
            // The fixture keeps every 17th column of large masked-word logits.
            let stride = match key.as_str() {
                "logits" => case["outputs"]["logits_stride"].as_u64().unwrap_or(1) as usize,
                _ => 1,
            };
            let columns = output.shape.last().copied().unwrap();
            let kept: Vec<f32> =
                output.values.chunks(columns).flat_map(|row| row.iter().step_by(stride).copied()).collect();
            assert_close(&what, &kept, &flat(want), TOLERANCE);
            checked += 1;
        }
    }
    assert!(checked >= cases.len(), "{checked} outputs of {} cases", cases.len());
}

/// All cases of a checkpoint in one batch: inputs of different lengths, with and without entities and padding.
#[test]
fn a_batch_gives_what_its_inputs_give_alone() {
    let cases = fixture("heads.json");
    let mut of_checkpoint: BTreeMap<&str, Vec<ModelInputs>> = BTreeMap::new();
    for case in cases.as_array().unwrap() {
        let inputs = serde_json::from_value(camel_case(&case["inputs"])).unwrap();
        of_checkpoint.entry(case["checkpoint"].as_str().unwrap()).or_default().push(inputs);
    }
    for (name, inputs) in of_checkpoint {
        let luke = load(&folder(name));
        let alone: Vec<Vec<Output>> =
            inputs.iter().map(|inputs| pollster::block_on(luke.forward(inputs, None)).unwrap()).collect();
        // Every case twice, so that each stands before and after each.
        let batch: Vec<_> = inputs.iter().chain(inputs.iter().rev()).cloned().collect();
        let together = pollster::block_on(luke.forward_batch(&batch, None)).unwrap();
        assert_eq!(together.len(), batch.len());
        for (got, want) in together.iter().zip(alone.iter().chain(alone.iter().rev())) {
            assert_eq!(got.len(), want.len(), "{name}");
            for (got, want) in got.iter().zip(want) {
                assert_eq!((got.name, &got.shape), (want.name, &want.shape), "{name}");
                let wide: Vec<f64> = want.values.iter().map(|value| f64::from(*value)).collect();
                assert_close(&format!("{name} {}", got.name), &got.values, &wide, TOLERANCE);
            }
        }
        assert_eq!(pollster::block_on(luke.forward_batch(&[], None)).unwrap(), Vec::<Vec<Output>>::new());
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused_by_name() {
    let luke = load(&folder("micro-span_cls"));
    let good = serde_json::json!({
        "inputIds": [0, 37, 72, 2], "entityIds": [2], "entityPositionIds": [[1, 2]],
        "entityStartPositions": [1], "entityEndPositions": [2],
    });
    let run = |value: &Value| {
        let inputs: ModelInputs = serde_json::from_value(value.clone()).unwrap();
        pollster::block_on(luke.forward(&inputs, Some("ner")))
    };
    assert_eq!(run(&good).unwrap()[0].shape, [1, 5]);
    let wrong = [
        ("inputIds", serde_json::json!([])),
        ("inputIds", serde_json::json!([0, 100_000, 72, 2])),
        ("inputIds", serde_json::json!(vec![5; 513])),
        ("attentionMask", serde_json::json!([1, 1])),
        ("attentionMask", serde_json::json!([0, 0, 0, 0])),
        ("tokenTypeIds", serde_json::json!([0, 0, 0, 1])),
        ("entityIds", serde_json::json!([40])),
        ("entityIds", serde_json::json!([])),
        ("entityPositionIds", serde_json::json!([[1], [2]])),
        ("entityPositionIds", serde_json::json!([[514]])),
        ("entityStartPositions", serde_json::json!([4])),
        ("entityEndPositions", serde_json::json!([])),
    ];
    for (name, value) in wrong {
        let mut inputs = good.clone();
        inputs[name] = value.clone();
        let error = run(&inputs).expect_err(&format!("{name} = {value}"));
        assert_eq!(error.code(), "input", "{name} = {value}: {error}");
    }
    let error = pollster::block_on(luke.forward(&serde_json::from_value(good).unwrap(), Some("qa"))).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("ner")), ("task-unavailable", true), "{error}");
}
