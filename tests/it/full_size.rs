//! Compares every layer of luke-base at full size with `transformers`, on random weights. These tests run only if
//! `LUKE_BASE_CHECKPOINT` names the checkpoint (0.6 GB). To make it:
//! `tests/oracle/make_checkpoint.py --size base --lite --head span_cls --out DIR`.

use luke_web::Luke;
use luke_web::inputs::ModelInputs;
use serde_json::Value;

use crate::support::{assert_close, fixture, flat, load, luke, temporary};

/// How far quantisation may move a logit.
const QUANTISED: f64 = 0.1;

/// The largest difference from the fixture, which is f64 (hidden states are rounded to 6 digits). The f32 of
/// `transformers` itself differs from its f64 by up to 6e-6 here.
const TOLERANCE: f64 = 2e-5;

#[test]
fn luke_base_equals_transformers_in_every_layer() {
    let Some(luke) = converted("f32") else { return };
    for case in fixture("base_lite_span.json")["cases"].as_array().unwrap() {
        let inputs = inputs(case);
        let (words, entities) = (inputs.input_ids.len(), inputs.entity_ids.len());
        let rows = [3, words + 1];
        let layers = pollster::block_on(luke.hidden_rows(&inputs, &rows, 8)).unwrap();
        for (i, pair) in layers.chunks(2).enumerate() {
            for (got, key) in pair.iter().zip(["word3_hidden_first8_per_layer", "entity1_hidden_first8_per_layer"]) {
                let what = format!("{words} words, {entities} entities, layer {i}, {key}");
                assert_close(&what, &got.values, &flat(&case[key][i]), TOLERANCE);
            }
        }
        let outputs = pollster::block_on(luke.forward(&inputs, Some("ner"))).unwrap();
        let want = flat(&case["logits_f64"]);
        assert_close(&format!("{words} words, {entities} entities, logits"), &outputs[0].values, &want, TOLERANCE);
    }
}

#[test]
fn quantised_luke_base_stays_close() {
    let Some(luke) = converted("q8") else { return };
    let mut most: f64 = 0.0;
    for case in fixture("base_lite_span.json")["cases"].as_array().unwrap() {
        let inputs = inputs(case);
        let started = std::time::Instant::now();
        let outputs = pollster::block_on(luke.forward(&inputs, Some("ner"))).unwrap();
        let (seconds, want) = (started.elapsed().as_secs_f64(), flat(&case["logits_f64"]));
        let worst = outputs[0].values.iter().zip(&want).map(|(g, w)| (f64::from(*g) - w).abs()).fold(0.0, f64::max);
        let (words, entities) = (inputs.input_ids.len(), inputs.entity_ids.len());
        println!("{words} words, {entities} entities: logits differ by {worst:.4}; {seconds:.2} s");
        most = most.max(worst);
    }
    assert!(most < QUANTISED, "logits differ by {most}");
}

/// The checkpoint as a model folder with weights of this type.
fn converted(dtype: &str) -> Option<Luke> {
    let Ok(checkpoint) = std::env::var("LUKE_BASE_CHECKPOINT") else {
        println!("not run: LUKE_BASE_CHECKPOINT is not set");
        return None;
    };
    let folder = temporary(&format!("luke-base-{dtype}"));
    let result = luke(&["convert", &checkpoint, &folder.display().to_string(), "--dtype", dtype]);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    Some(load(&folder))
}

fn inputs(case: &Value) -> ModelInputs {
    let numbers = |key: &str| serde_json::from_value::<Vec<u32>>(case[key].clone()).unwrap();
    let (starts, ends) = (numbers("entity_start_positions"), numbers("entity_end_positions"));
    ModelInputs {
        input_ids: numbers("input_ids"),
        entity_ids: vec![0; starts.len()],
        entity_position_ids: starts.iter().zip(&ends).map(|(s, e)| (*s as i32..=*e as i32).collect()).collect(),
        entity_start_positions: starts,
        entity_end_positions: ends,
        ..Default::default()
    }
}
