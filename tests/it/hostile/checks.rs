//! Checks that hold for every model that loads, and for every error. Shared with `fuzz/`.

use serde_json::{Value, json};

use super::files::Files;
use super::subject::{Luke, LukeError, RawCheckpoint, call, call_added, empty_self_test, parts, tasks};

/// Runs each task once on short texts, of which one is a word of `letters`, and says what should not have happened.
pub fn check_load(loaded: Result<Luke, LukeError>, letters: usize) -> Result<(), String> {
    let luke = match loaded {
        Ok(luke) => luke,
        // A CPU that computes wrongly is what the self-test is for; the weights are another model's here.
        Err(error) if error.code() == "device-lost" && error.to_string().contains("self-test") => return Ok(()),
        Err(error) if error.code() == "device-lost" => return Err(format!("the load failed with {error}")),
        Err(_) => return Ok(()),
    };
    if empty_self_test(&luke) {
        return Err("a self-test that compares nothing was passed".into());
    }
    let (tasks, heads) = tasks(&luke);
    let tasks = tasks.iter().map(|task| (task.as_str(), short_input(task, letters), Value::Null));
    let inputs = json!({ "inputIds": [0, 1], "entityIds": [0], "entityPositionIds": [[0]],
        "entityStartPositions": [0], "entityEndPositions": [1] });
    let forward = heads.iter().map(|head| ("forward", inputs.clone(), json!(head)));
    let called = tasks.chain(forward).map(|(task, input, options)| (task, call(&luke, task, input, options)));
    let by_heads = call_added(&luke, |task| short_input(task, letters));
    for (task, result) in called.chain(by_heads) {
        match result {
            // Numbers of tokens come from the model's files; no caller can mend them.
            Err(error)
                if error.code() == "device-lost"
                    || (task != "forward" && error.to_string().starts_with("inputIds")) =>
            {
                return Err(format!("{task} failed with {error}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Says which part of a checkpoint is not in its file, or has no bytes.
pub fn check_parts(raw: &RawCheckpoint, files: &Files) -> Result<(), String> {
    let wrong = parts(raw).find(|part| {
        let end = part.offset.unwrap_or(0).checked_add(part.bytes);
        let length = files.get(&part.path).map_or(0, Vec::len);
        part.bytes == 0 || end.is_none_or(|end| end > length)
    });
    wrong.map_or(Ok(()), |part| Err(format!("{part:?} is not inside its file")))
}

/// Arguments of a task.
fn short_input(task: &str, letters: usize) -> Value {
    let text = "Ana Ivanovic, 35, lives in Los Angeles (𝒳) \u{301}.";
    let long = format!("{} <mask>[MASK] 東京", "ab".repeat(letters / 2));
    match task {
        "ner" | "rank" => json!([text, long, ""]),
        "qa" => json!({ "question": "Who?", "context": text }),
        "typing" => json!({ "text": text, "span": [0, 12] }),
        "relation" => json!({ "text": text, "head": [0, 12], "tail": [27, 38] }),
        "cloze" => json!({ "passage": text, "query": "@placeholder is here.", "candidates": [[0, 3], [27, 38]] }),
        "fillMask" => json!({ "text": long }),
        "predictEntities" => json!({ "text": text, "spans": [[0, 12], [27, 38]] }),
        _ => json!({ "text": long, "spans": [[0, 2]] }),
    }
}
