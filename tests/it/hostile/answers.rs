//! What holds for every answer: its offsets are inside the text and hold what it says, its numbers are numbers.

use serde_json::Value;

use super::calls::ends;

/// Checks whatever has offsets, and every score, in an answer.
pub fn check_answer(input: &Value, options: &Value, answer: &Value) -> Result<(), String> {
    let one = |text: &Value, answer: &Value| check(&Place::Text(text.as_str().unwrap_or_default()), options, answer);
    match input {
        Value::String(_) => one(input, answer),
        Value::Array(texts) => {
            let answers = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            if answers.len() != texts.len() {
                return Err(format!("{} answers to {} texts", answers.len(), texts.len()));
            }
            texts.iter().zip(answers).try_for_each(|(text, answer)| one(text, answer))
        }
        Value::Object(fields) => match fields.get("words").and_then(Value::as_array) {
            Some(words) => check(&Place::Words(words.iter().filter_map(Value::as_str).collect()), options, answer),
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
    Text(&'a str),
    Words(Vec<&'a str>),
}

impl Place<'_> {
    /// What stands from `start` to `end`.
    fn get(&self, start: usize, end: usize, options: &Value) -> Option<String> {
        match self {
            Self::Text(text) => {
                let ends = ends(text, options);
                let (start, end) = (ends.binary_search(&start).ok()?, ends.binary_search(&end).ok()?);
                (start <= end).then(|| text.chars().skip(start).take(end - start).collect())
            }
            Self::Words(words) => (start < end).then(|| words.get(start..end)).flatten().map(|words| words.join(" ")),
        }
    }
}

fn check(place: &Place, options: &Value, value: &Value) -> Result<(), String> {
    let fields = match value {
        Value::Array(items) => return items.iter().try_for_each(|item| check(place, options, item)),
        Value::Object(fields) => fields,
        Value::Null => return Err("a number that is none".into()),
        _ => return Ok(()),
    };
    if let (Some(start), Some(end)) = (fields.get("start"), fields.get("end")) {
        let offset = |value: &Value| value.as_u64().map(|offset| offset as usize);
        let found = offset(start).zip(offset(end)).and_then(|(start, end)| place.get(start, end, options));
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
    fields.iter().filter(|(_, value)| !value.is_null()).try_for_each(|(_, value)| check(place, options, value))
}
