//! Prints the named entities of a text: `cargo run --release --example ner -- MODEL_FOLDER 'Ada Lovelace was born in London.'`

use std::process::ExitCode;

use luke_web::backend::DeviceKind;
use luke_web::tasks::ner::{Entity, NerInput, NerOptions, NerResult};
use luke_web::text::OffsetUnit;
use luke_web::{Result, directory};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, text] = arguments.as_slice() else {
        eprintln!("usage: ner MODEL_FOLDER TEXT");
        return ExitCode::FAILURE;
    };
    match pollster::block_on(entities(folder, text)) {
        Ok(entities) => {
            for Entity { start, end, text, label, score, .. } in entities {
                println!("{start:>5}..{end:<5} {label:<8} {score:.3}  {text}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ner: {}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

/// Loads a model folder, checks it with its self-test, and finds the entities of a text, with offsets in bytes.
async fn entities(folder: &str, text: &str) -> Result<Vec<Entity>> {
    let luke = directory::load(folder, DeviceKind::Cpu, true).await?;
    let options = NerOptions { offsets: OffsetUnit::Byte, ..Default::default() };
    Ok(match luke.ner(&NerInput::Text(text.into()), &options).await? {
        NerResult::One(found) => found.entities,
        NerResult::Many(texts) => texts.into_iter().flat_map(|found| found.entities).collect(),
    })
}
