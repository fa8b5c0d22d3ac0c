//! Models whose entity table stays in chunks. They give the numbers of `transformers`, and a call reads only the chunks
//! that it needs.

use std::sync::Arc;

use luke_web::Luke;
use luke_web::backend::DeviceKind;
use luke_web::folder::CheckedFolder;
use luke_web::tasks::embed::{EmbedInput, EmbedOptions};
use luke_web::tasks::predict_entities::{PredictEntitiesInput, PredictEntitiesOptions};
use luke_web::tasks::qa::{QaInput, QaOptions};
use luke_web::weights::PagedRows;
use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{Recorded, TOLERANCE, assert_close, checkpoint, convert, fixture, flat, folder};

/// The chunks of the entity table that were read since the last time.
fn take(source: &Recorded) -> Vec<String> {
    let reads = std::mem::take(&mut *source.reads());
    reads.into_iter().map(|read| read.file.path).filter(|path| path.starts_with("entities/")).collect()
}

fn load(path: std::path::PathBuf) -> (Luke, Arc<Recorded>) {
    let checked = CheckedFolder::parse(&std::fs::read_to_string(path.join("manifest.json")).unwrap()).unwrap();
    let source = Recorded::new(&path);
    (block_on(Luke::load(checked, source.clone(), DeviceKind::Cpu, false)).unwrap(), source)
}

fn titles(case: &Value) -> Option<Vec<Option<String>>> {
    let titles: Vec<String> = serde_json::from_value(case["entities"].clone()).unwrap();
    Some(titles.into_iter().map(|title| Some(title).filter(|title| title != "[MASK]")).collect())
}

#[test]
fn entities_from_all_over_a_paged_table_equal_transformers() {
    let (luke, source) = load(folder("micro-paged"));
    assert!(luke.manifest.entity_table.as_ref().is_some_and(|table| table.chunks.len() == 3));
    assert!(take(&source).is_empty(), "no rows are read before a call needs them");
    assert!(block_on(luke.self_test()).unwrap().is_some());
    assert!(take(&source).len() <= 1, "the self-test reads the rows of its entities, not the table");
    let fixture = fixture("paged.json");
    let (text, spans) = (fixture["text"].as_str().unwrap().to_owned(), vec![[0, 7], [17, 28]]);
    for case in fixture["cases"].as_array().unwrap() {
        let what = case["entities"].to_string();
        let input = EmbedInput { text: text.clone(), spans: spans.clone() };
        let options = EmbedOptions { titles: titles(case), ..Default::default() };
        let got = block_on(luke.embed(&input, &options)).unwrap();
        assert_close(&what, &got.entities, &flat(&case["entity_states"]), TOLERANCE);
        let input = PredictEntitiesInput { text: text.clone(), spans: spans.clone() };
        let options = PredictEntitiesOptions { titles: titles(case), ..Default::default() };
        for (got, want) in block_on(luke.predict_entities(&input, &options)).unwrap().iter().zip(0..) {
            let want = &case["entity_top5"][want];
            let got: Vec<_> = got.iter().flat_map(|entity| [entity.id as f32, entity.logit]).collect();
            assert_close(&what, &got, &flat(want), TOLERANCE);
        }
    }
}

#[test]
fn a_call_reads_the_chunks_of_its_rows_and_no_others() {
    let (luke, source) = load(folder("micro-paged"));
    let embed = |titles: &[&str]| {
        let spans: Vec<[usize; 2]> = (0..titles.len()).map(|i| [i, i + 1]).collect();
        let titles = titles.iter().map(|title| Some((*title).to_owned())).collect();
        let options = EmbedOptions { titles: Some(titles), ..Default::default() };
        block_on(luke.embed(&EmbedInput { text: "a b c d".into(), spans }, &options)).unwrap();
        take(&source)
    };
    assert_eq!(embed(&[]), [""; 0]);
    assert_eq!(embed(&["Entity 700"]), ["entities/0001.bin"]);
    assert_eq!(embed(&["Entity 701", "Entity 1023"]), [""; 0], "kept from the call before");
    assert_eq!(embed(&["Entity 1298", "Entity 700", "Japan"]), ["entities/0000.bin", "entities/0002.bin"]);
    let input = PredictEntitiesInput { text: "a b".into(), spans: vec![[0, 1]] };
    block_on(luke.predict_entities(&input, &PredictEntitiesOptions::default())).unwrap();
    assert_eq!(take(&source), [""; 0], "prediction reads what is kept");
    assert!(luke.manifest.entity_table.as_ref().unwrap().chunks.iter().all(|c| c.bytes < PagedRows::KEPT_BYTES));
}

#[test]
fn linked_questions_read_the_rows_of_their_links() {
    // The entity table of one checkpoint, the question head of another: their encoders have the same shape.
    let from = crate::support::changed("micro-paged", "paged-qa", |folder| {
        let mut tensors = crate::support::read_tensors(folder);
        tensors.retain(|(name, ..)| name.starts_with("luke."));
        let qa = crate::support::read_tensors(&checkpoint("micro-qa"));
        tensors.extend(qa.into_iter().filter(|(name, ..)| name.starts_with("qa_outputs.")));
        crate::support::write_tensors(folder, safetensors::Dtype::F32, &tensors);
        crate::support::edit(&folder.join("config.json"), |c| c["architectures"] = json!(["LukeForQuestionAnswering"]));
    });
    let (luke, source) = load(convert(&from, "paged-qa", &["--entities", "full"]).unwrap());
    let ask = |entities: Value| {
        let input = QaInput { question: "Who lives there?".into(), context: "Tokyo beats Paris in Japan".into() };
        let options: QaOptions = serde_json::from_value(json!({ "entities": entities })).unwrap();
        (block_on(luke.qa(&input, &options)).unwrap(), take(&source))
    };
    let (plain, rows) = ask(json!({}));
    assert_eq!(rows, [""; 0]);
    let (linked, rows) = ask(json!({ "Paris": "Entity 1100", "Tokyo": "no such title", "nowhere": "Entity 600" }));
    assert_eq!(rows, ["entities/0002.bin"]);
    assert_ne!(plain.start_logit, linked.start_logit);
}
