//! Lines of JSON, whatever program wrote them: how they become calls, and what is written for them.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use luke_web::error::json_line_reason;
use luke_web::heads::Method;
use luke_web::{LukeError, Result, file_start};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::folder;
use crate::unique::{Unique, twice};

/// The object of a line.
#[derive(Debug, PartialEq)]
pub struct Line<'a> {
    /// Its `id` as it is written: a number may have more digits than a float holds.
    pub id: Option<&'a str>,
    /// Its other fields.
    pub fields: Map<String, Value>,
}

/// Reads a line.
///
/// # Errors
/// `input` for bytes that are not UTF-8, for text that is no JSON object, and for an object that has a name twice.
pub fn parse(line: &[u8]) -> Result<Line<'_>> {
    let text = file_start::utf8(file_start::without_mark(line)).map_err(|(_, reason)| bad_line(reason))?;
    let whole = whole_surrogates(text);
    let Object { id, fields } = serde_json::from_str(&whole).map_err(|error| bad_line(json_line_reason(&error)))?;
    // The same bytes of the line itself: an escape of half a surrogate pair is as long as the one that takes its place.
    let id = id.and_then(|id| {
        let start = (id.get().as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        text.get(start..start.checked_add(id.get().len())?)
    });
    Ok(Line { id, fields })
}

/// Reads all lines of a text with their numbers, without blank ones. `path` is for errors.
///
/// # Errors
/// `format` for a line that [`parse`] refuses, with its number.
pub fn parse_all<'a>(path: &Path, text: &'a str) -> Result<Vec<(usize, Line<'a>)>> {
    let lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    let parsed = |(number, text): (usize, &'a str)| match parse(text.as_bytes()) {
        Ok(line) => Ok((number, line)),
        Err(error) => Err(error_at(path, number, &error)),
    };
    lines.map(parsed).collect()
}

/// The error of a line of a file.
pub fn error_at(path: &Path, number: usize, error: &LukeError) -> LukeError {
    folder::file_error(&path.with_file_name(format!("{}:{number}", path.display())), error)
}

/// An object with its `id` as it is written.
struct Object<'a> {
    id: Option<&'a RawValue>,
    fields: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object<'de>, A::Error> {
                let mut object = Object { id: None, fields: Map::new() };
                while let Some(name) = map.next_key::<String>()? {
                    if object.fields.contains_key(&name) || (name == "id" && object.id.is_some()) {
                        return Err(twice(&name));
                    }
                    if name == "id" {
                        object.id = Some(map.next_value()?);
                    } else {
                        let Unique(value) = map.next_value()?;
                        object.fields.insert(name, value);
                    }
                }
                Ok(object)
            }
        }
        from.deserialize_map(Fields)
    }
}

/// How a line has the arguments of a task.
pub struct Form {
    /// An input that every model with the head can take.
    pub example: Value,
    /// The name of an argument that is not in an object in the API.
    alone: Option<&'static str>,
    /// Fields that stand in its place, where the task does not name the fields that it does not know.
    instead: Option<&'static [&'static str]>,
}

impl Form {
    /// A sequence for the model, or several under `inputs`.
    pub fn forward() -> Self {
        Self { example: json!({ "inputIds": [0] }), alone: Some("inputs"), instead: None }
    }

    /// That of a task.
    pub fn of(method: Method) -> Self {
        let (alone, instead) = match method {
            Method::Ner => (Some("text"), Some(&["words", "sentences"][..])),
            Method::Typing | Method::Relation => (Some("inputs"), None),
            _ => (None, None),
        };
        Self { example: example(method), alone, instead }
    }
}

/// An input of a task that every model with its head can take.
pub fn example(method: Method) -> Value {
    match method {
        Method::Ner => json!("a"),
        Method::Qa => json!({ "question": "a", "context": "b" }),
        Method::Typing => json!({ "text": "a", "span": [0, 1] }),
        Method::Relation => json!({ "text": "a b", "head": [0, 1], "tail": [2, 3] }),
        Method::Cloze => json!({ "passage": "a", "query": "@placeholder", "candidates": [[0, 1]] }),
        // The name of the mask is the model's; options are looked at before it.
        Method::FillMask => json!({ "text": "<mask>" }),
        Method::PredictEntities | Method::Embed => json!({ "text": "a", "spans": [[0, 1]] }),
    }
}

/// The arguments of a line, and its options with those of all lines.
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
pub fn output(id: Option<&str>, answer: Result<Value>, number: usize) -> String {
    let field = match answer {
        Ok(answer) if id.is_none() => return answer.to_string(),
        Ok(answer) => format!("\"answer\":{answer}"),
        Err(error) => {
            let error = json!({ "code": error.code(), "message": error.to_string(), "line": number });
            format!("\"error\":{error}")
        }
    };
    match id {
        Some(id) => format!("{{\"id\":{id},{field}}}"),
        None => format!("{{{field}}}"),
    }
}

/// Makes an `input` error about a line.
pub fn bad_line(reason: String) -> LukeError {
    LukeError::Input { argument: "line".into(), reason }
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
        assert_eq!(output(None, Ok(json!([1])), 3), "[1]");
        assert_eq!(output(Some("7"), Ok(json!([1])), 3), r#"{"id":7,"answer":[1]}"#);
        let error = r#"{"code":"input","line":3,"message":"line: is wrong"}"#;
        assert_eq!(output(None, bad(), 3), format!(r#"{{"error":{error}}}"#));
        assert_eq!(output(Some("1e5"), bad(), 3), format!(r#"{{"id":1e5,"error":{error}}}"#));
    }

    #[test]
    fn an_id_is_kept_as_it_is_written() {
        for id in [
            "1.0",
            "1e5",
            "-0",
            "1E+400",
            "123456789012345678901234567890",
            "0.10000000000000000000001",
            r#""\u0041\/\ud83d\ude42""#,
            r#""\ud83d""#,
            "\"é🙂\"",
            r#"{ "b" : 1, "a": [1.0 ,2], "a": null }"#,
            "null",
            "[]",
        ] {
            for line in [
                format!(r#"{{"id":{id},"text":"\ud83d"}}"#),
                format!("\u{feff} {{ \"text\" : \"\\ud83d\" , \"\\u0069d\" :  {id}  }} \r"),
            ] {
                let read = parse(line.as_bytes()).unwrap();
                assert_eq!(read, Line { id: Some(id), fields: Map::from_iter([("text".into(), json!("\u{fffd}"))]) });
            }
        }
        assert_eq!(parse(b"{}").unwrap(), Line { id: None, fields: Map::new() });
    }

    #[test]
    fn names_that_are_there_twice_are_refused() {
        for (line, name) in [
            (r#"{"text": "a", "text": "a"}"#, "text"),
            (r#"{"id": 1, "text": "a", "id": 1}"#, "id"),
            (r#"{"text": "a", "options": {"topK": 1, "topK": 2}}"#, "topK"),
            (r#"{"inputs": [{"text": "a", "span": {"start": 0, "start": 1}}]}"#, "start"),
        ] {
            let said = parse(line.as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with(&format!("line: the field '{name}' is there twice (column ")), "{said}");
        }
    }
}
