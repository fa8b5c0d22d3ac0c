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

/// The arguments and the options of a line, from which `id` was taken.
///
/// # Errors
/// `input` for fields that the task does not have.
pub fn call(method: Method, mut fields: Map<String, Value>) -> Result<(Value, Value)> {
    let options = fields.remove("options").unwrap_or(Value::Null);
    // `ner` takes a text alone in the API, but under "text" in a line. A word list is an object in both.
    let text = if method == Method::Ner { fields.remove("text") } else { None };
    if method == Method::Ner {
        let known: &[&str] = if text.is_some() { &[] } else { &["words", "sentences"] };
        let others: Vec<&str> =
            fields.keys().map(String::as_str).filter(|name| !known.contains(name)).take(5).collect();
        if !others.is_empty() {
            let reason = format!(
                "has '{}'; ner takes \"text\" or \"words\" and \"sentences\", \"options\" and \"id\"",
                others.join("', '")
            );
            return Err(bad_line(reason));
        }
    }
    Ok((text.unwrap_or(Value::Object(fields)), options))
}

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
