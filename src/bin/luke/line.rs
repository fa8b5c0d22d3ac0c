//! Lines of JSON, whatever program wrote them: how they become calls, and what is written for them.

use std::borrow::Cow;

use luke_web::heads::Method;
use luke_web::{LukeError, Result, file_start};
use serde_json::{Map, Value, json};

/// The object of a line.
///
/// # Errors
/// `input` for bytes that are not UTF-8, and for text that is no JSON object.
pub fn parse(line: &[u8]) -> Result<Map<String, Value>> {
    let text = file_start::utf8(file_start::without_mark(line)).map_err(|(_, reason)| bad_line(reason))?;
    match serde_json::from_str(&whole_surrogates(text)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad_line("is not a JSON object".into())),
        Err(error) => Err(bad_line(json_reason(&error))),
    }
}

/// How a line has the arguments of a task.
pub struct Form {
    /// The name of an argument that is not in an object in the API.
    alone: Option<&'static str>,
    /// Fields that stand in its place, where the task does not name the fields that it does not know.
    instead: Option<&'static [&'static str]>,
}

impl Form {
    /// A sequence for the model, or several under `inputs`.
    pub const FORWARD: Self = Self { alone: Some("inputs"), instead: None };

    /// That of a task.
    pub fn of(method: Method) -> Self {
        match method {
            Method::Ner => Self { alone: Some("text"), instead: Some(&["words", "sentences"]) },
            Method::Typing | Method::Relation => Self { alone: Some("inputs"), instead: None },
            _ => Self { alone: None, instead: None },
        }
    }
}

/// The arguments of a line from which `id` was taken, and its options with those of all lines.
///
/// # Errors
/// `input` for fields that the task does not have.
pub fn call(form: &Form, mut fields: Map<String, Value>, common: &Map<String, Value>) -> Result<(Value, Value)> {
    let mut options = fields.remove("options").unwrap_or(Value::Null);
    if options.is_null() {
        options = Value::Object(common.clone());
    } else if let Some(own) = options.as_object_mut() {
        for (name, value) in common {
            own.entry(name).or_insert_with(|| value.clone());
        }
    }
    let alone = form.alone.and_then(|name| fields.remove(name));
    let known = if alone.is_some() { Some(&[][..]) } else { form.instead };
    if let Some(known) = known {
        let others: Vec<&str> =
            fields.keys().map(String::as_str).filter(|name| !known.contains(name)).take(MAX_NAMED).collect();
        if !others.is_empty() {
            let taken = form.alone.into_iter().chain(form.instead.unwrap_or_default().iter().copied());
            let reason = format!("has '{}'", others.join("', '"));
            let may = taken.chain(["options", "id"]).collect::<Vec<_>>().join("', '");
            return Err(bad_line(format!("{reason}; it may have '{may}'")));
        }
    }
    Ok((alone.unwrap_or(Value::Object(fields)), options))
}

/// Fields that an error names.
const MAX_NAMED: usize = 5;

/// What is written for a line: the answer, with the line's `id` if it had one; or the error, with the line's number.
pub fn output(id: Option<Value>, answer: Result<Value>, number: usize) -> Value {
    match (id, answer) {
        (None, Ok(answer)) => answer,
        (Some(id), Ok(answer)) => json!({ "id": id, "answer": answer }),
        (id, Err(error)) => {
            let mut output = json!({ "error": { "code": error.code(), "message": error.to_string(), "line": number } });
            if let Some(id) = id {
                output["id"] = id;
            }
            output
        }
    }
}

/// Makes an `input` error about a line.
pub fn bad_line(reason: String) -> LukeError {
    LukeError::Input { argument: "line".into(), reason }
}

/// What is wrong with a line of JSON, without the number of the line in the line.
pub fn json_reason(error: &serde_json::Error) -> String {
    let reason = error.to_string();
    match reason.rsplit_once(" at line ") {
        Some((reason, _)) => format!("{reason} at column {}", error.column()),
        None => reason,
    }
}

/// JSON in which each `\\u` escape of half a surrogate pair is one of U+FFFD: Python and JavaScript write such halves, and the
/// npm package reads them so.
pub fn whole_surrogates(json: &str) -> Cow<'_, str> {
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        let start = at + found;
        let unit = |from: usize| {
            let digits = json.get(from..)?.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        at = match (unit(start), unit(start + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => start + 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(&json[copied..start]);
                out.push_str("\\ufffd");
                copied = start + 6;
                copied
            }
            (Some(_), _) => start + 6,
            // A backslash and the character behind it.
            (None, _) => start + 1 + json[start + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    if out.is_empty() {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_a_replacement_character() {
        for (json, want) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude42x""#, "\u{fffd}x"),
            (r#""\ud83d\ude42""#, "🙂"),
            (r#""\uD83D\uDE42""#, "🙂"),
            (r#""\ud83d\ud83d\ude42""#, "\u{fffd}🙂"),
            (r#""\ude42\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83dA""#, "\u{fffd}A"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""é\ud83dé""#, "é\u{fffd}é"),
            (r#""plain""#, "plain"),
        ] {
            let text: String = serde_json::from_str(&whole_surrogates(json)).unwrap();
            assert_eq!(text, want, "{json}");
        }
        for broken in [r#""\"#, r#""\u"#, r#""\ud8"#, r#""\ud83d"#, r#""\u+123""#, "\\é"] {
            assert!(serde_json::from_str::<String>(&whole_surrogates(broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_answer_can_be_matched_with_its_line() {
        let bad = || Err(bad_line("is wrong".into()));
        assert_eq!(output(None, Ok(json!([1])), 3), json!([1]));
        assert_eq!(output(Some(json!(7)), Ok(json!([1])), 3), json!({ "id": 7, "answer": [1] }));
        let error = json!({ "code": "input", "message": "line: is wrong", "line": 3 });
        assert_eq!(output(None, bad(), 3), json!({ "error": error }));
        assert_eq!(output(Some(json!("a")), bad(), 3), json!({ "id": "a", "error": error }));
    }
}
