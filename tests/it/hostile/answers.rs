//! Checks that hold for every answer: its offsets are inside the text, the text between them is the text of the answer,
//! and its numbers are finite.

use serde_json::Value;

use super::calls::ends;

/// Checks every part of an answer that has offsets, and every score.
pub fn check_answer(input: &Value, options: &Value, answer: &Value) -> Result<(), String> {
    let one = |text: &Value, answer: &Value| check(&Place::text(text.as_str().unwrap_or_default(), options), answer);
    match input {
        Value::String(_) => one(input, answer),
        // Of several mentions there are labels and no places.
        Value::Array(inputs) if inputs.iter().any(Value::is_object) => check(&Place::Words(Vec::new()), answer),
        Value::Array(texts) => {
            let answers = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            if answers.len() != texts.len() {
                return Err(format!("{} answers to {} texts", answers.len(), texts.len()));
            }
            texts.iter().zip(answers).try_for_each(|(text, answer)| one(text, answer))
        }
        Value::Object(fields) => match fields.get("words").and_then(Value::as_array) {
            Some(words) => check(&Place::Words(words.iter().filter_map(Value::as_str).collect()), answer),
            None => {
                let text = ["text", "context", "passage"].into_iter().find_map(|name| fields.get(name));
                one(text.unwrap_or(&Value::Null), answer)
            }
        },
        _ => Err(format!("an answer to {input}")),
    }
}

/// What offsets count in.
enum Place<'a> {
    /// A text, and the offset and the byte of each of its characters and of its end.
    Text(&'a str, Vec<usize>, Vec<usize>),
    Words(Vec<&'a str>),
}

impl<'a> Place<'a> {
    fn text(text: &'a str, options: &Value) -> Self {
        let bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
        Self::Text(text, ends(text, options), bytes.collect())
    }

    /// What stands from `start` to `end`.
    fn get(&self, start: usize, end: usize) -> Option<String> {
        match self {
            Self::Text(text, ends, bytes) => {
                let byte = |offset: usize| Some(bytes[ends.binary_search(&offset).ok()?]);
                text.get(byte(start)?..byte(end)?).map(str::to_owned)
            }
            Self::Words(words) => (start < end).then(|| words.get(start..end)).flatten().map(|words| words.join(" ")),
        }
    }
}

fn check(place: &Place, value: &Value) -> Result<(), String> {
    let fields = match value {
        Value::Array(items) => return items.iter().try_for_each(|item| check(place, item)),
        Value::Object(fields) => fields,
        Value::Null => return Err("a number that is none".into()),
        _ => return Ok(()),
    };
    if let (Some(start), Some(end)) = (fields.get("start"), fields.get("end")) {
        let offset = |value: &Value| value.as_u64().map(|offset| offset as usize);
        let found = offset(start).zip(offset(end)).and_then(|(start, end)| place.get(start, end));
        let Some(found) = found else { return Err(format!("{start} to {end} is no place of the text")) };
        if let Some(text) = ["text", "answer"].into_iter().find_map(|name| fields.get(name))
            && *text != found.as_str()
        {
            return Err(format!("{start} to {end} is {found:?}, not {text}"));
        }
    }
    for name in ["score", "logit"].into_iter().filter(|name| fields.contains_key(*name)) {
        let number = fields[name].as_f64().ok_or(format!("{name} is no number"))?;
        if name == "score" && !(0.0..=1.0).contains(&number) {
            return Err(format!("a score is {number}"));
        }
    }
    // What else is null is meant so.
    fields.iter().filter(|(_, value)| !value.is_null()).try_for_each(|(_, value)| check(place, value))
}
