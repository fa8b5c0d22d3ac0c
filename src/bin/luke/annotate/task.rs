//! What `luke annotate` asks the model for, and how an answer gets into the line. The bytes of a line are kept: the answer is
//! put in as the last field of the object, and nothing else changes.

use std::fmt;

use luke_web::error::json_line_reason;
use luke_web::heads::Method;
use luke_web::{Luke, LukeError, Result, file_start};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};

use super::input::Line;
use crate::line::whole_surrogates;
use crate::unique::{Unique, twice};

/// The field of an object that holds a line which is no object.
pub const LINE_FIELD: &str = "line";

/// A task, and the names of the fields in a line.
pub struct Task {
    pub method: Method,
    pub options: Value,
    /// The arguments of the task, and the field in which a line has each.
    pub arguments: Vec<(&'static str, String)>,
    /// The field that gets the answer.
    pub result: String,
    /// The field that gets the error of a line.
    pub error: String,
}

/// A line that was read.
pub enum Asked {
    /// White space alone; it stays as it is.
    Blank,
    /// The input of the task. `fields` says what the object has.
    Call { input: Value, fields: Fields },
    /// Nothing that the task can take.
    Wrong(LukeError, Option<Fields>),
}

/// What the model said to a line.
pub enum Answered {
    /// See [`Asked::Blank`].
    Blank,
    /// The result, for an object with these fields.
    Answer(Value, Fields),
    /// Why there is none.
    Error(LukeError, Option<Fields>),
}

/// What a line's object has.
#[derive(Clone, Copy)]
pub struct Fields {
    /// No field at all.
    empty: bool,
    /// The field for the answer.
    result: bool,
    /// The field for the error.
    error: bool,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Blank,
    Answer,
    Error,
}

impl Task {
    /// Reads a line.
    pub fn read(&self, line: &Line) -> Asked {
        let bytes = match line {
            Line::Bytes(bytes) if bytes.trim_ascii().is_empty() => return Asked::Blank,
            Line::Bytes(bytes) => bytes,
            Line::TooLong { max } => return Asked::Wrong(bad_line(format!("has more than {max} bytes")), None),
        };
        let parsed = match file_start::utf8(file_start::without_mark(bytes)) {
            Ok(text) => self.parse(&whole_surrogates(text)),
            Err((_, reason)) => Err(bad_line(reason)),
        };
        let (mut values, fields) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Asked::Wrong(error, None),
        };
        if fields.result {
            return Asked::Wrong(bad_line(format!("already has the field '{}'", self.result)), Some(fields));
        }
        if let Some(missing) = values.iter().position(Option::is_none) {
            return Asked::Wrong(bad_line(format!("has no field '{}'", self.arguments[missing].1)), Some(fields));
        }
        let input = match self.method {
            Method::Ner => match values.pop().flatten() {
                Some(Value::String(text)) => Value::String(text),
                _ => return Asked::Wrong(bad_line(format!("'{}' is not a string", self.arguments[0].1)), Some(fields)),
            },
            _ => self.arguments.iter().zip(values).map(|((name, _), value)| ((*name).to_owned(), value)).collect(),
        };
        Asked::Call { input, fields }
    }

    fn parse(&self, text: &str) -> Result<(Vec<Option<Value>>, Fields)> {
        let mut from = serde_json::Deserializer::from_str(text);
        let parsed = Wanted(self).deserialize(&mut from).and_then(|parsed| from.end().map(|()| parsed));
        parsed.map_err(|error| bad_line(json_line_reason(&error)))
    }

    /// The answers to the lines of a group.
    ///
    /// # Errors
    /// Those that are not of one line. The error of a line is in its place.
    pub fn answers(&self, luke: &Luke, mut asked: Vec<Asked>) -> Result<Vec<Answered>> {
        let inputs = asked.iter_mut().filter_map(|asked| match asked {
            Asked::Call { input, .. } => Some(input.take()),
            _ => None,
        });
        let mut answers = self.calls(luke, inputs.collect())?.into_iter();
        let answered = asked.into_iter().map(|asked| match asked {
            Asked::Blank => Ok(Answered::Blank),
            Asked::Wrong(error, fields) => Ok(Answered::Error(error, fields)),
            Asked::Call { fields, .. } => match answers.next() {
                Some(Ok(answer)) => Ok(Answered::Answer(answer, fields)),
                Some(Err(error)) => Ok(Answered::Error(error, Some(fields))),
                None => Err(LukeError::Unsupported("the model gave fewer answers than there are texts".into())),
            },
        });
        answered.collect()
    }

    /// The answers to some inputs. The texts of one call share passes of the model.
    fn calls(&self, luke: &Luke, inputs: Vec<Value>) -> Result<Vec<Result<Value>>> {
        if matches!(self.method, Method::Ner | Method::Typing | Method::Relation) && inputs.len() > 1 {
            match self.call(luke, Value::Array(inputs.clone())) {
                Ok(Value::Array(answers)) => return Ok(answers.into_iter().map(Ok).collect()),
                // One of them is wrong: each alone tells which.
                Ok(_) | Err(LukeError::Input { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let each = inputs.into_iter().map(|input| match self.call(luke, input) {
            Err(error) if !matches!(error, LukeError::Input { .. }) => Err(error),
            answer => Ok(answer),
        });
        each.collect()
    }

    /// One call of the model.
    ///
    /// # Errors
    /// Those of the task.
    pub fn call(&self, luke: &Luke, input: Value) -> Result<Value> {
        pollster::block_on(luke.call(self.method.name(), input, self.options.clone()))
    }

    /// Appends the line of output for a line whose object got an answer.
    pub fn push_answer(&self, line: &Line, fields: Fields, answer: &Value, to: &mut Vec<u8>) {
        push_field(line, fields, &self.result, answer, to);
    }

    /// Appends the line of output for a line that is wrong. Its object gets one more field. A line that is no object, or whose
    /// object has such a field already, becomes the field `line` of a new object.
    pub fn push_error(&self, line: &Line, fields: Option<Fields>, error: &LukeError, to: &mut Vec<u8>) {
        let value = json!({ "code": error.code(), "message": error.to_string() });
        match fields {
            Some(fields) if !fields.error => push_field(line, fields, &self.error, &value, to),
            _ => {
                to.extend(self.wrapped(line).as_bytes());
                to.extend(format!("{value}}}\n").as_bytes());
            }
        }
    }

    /// The start of an object that holds a line as a string. Bytes that are no UTF-8 are in base64, and of a line that was too
    /// long there is nothing.
    fn wrapped(&self, line: &Line) -> String {
        let (field, value) = match line {
            Line::TooLong { .. } => (LINE_FIELD, Value::Null),
            Line::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => (LINE_FIELD, text.into()),
                Err(_) => ("lineBase64", base64::encode(bytes).into()),
            },
        };
        format!("{{{}:{value},{}:", json!(field), json!(self.error))
    }

    /// What became of a line, by its line of output without the end; `None` if it is not of this line.
    pub fn outcome(&self, line: &Line, output: &[u8]) -> Option<Outcome> {
        if let Line::Bytes(bytes) = line {
            if bytes.trim_ascii().is_empty() {
                return (output == bytes).then_some(Outcome::Blank);
            }
            let fields = [(&self.result, Outcome::Answer), (&self.error, Outcome::Error)];
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'}')
                && let Some(added) =
                    output.strip_prefix(&bytes[..end]).and_then(|rest| rest.strip_suffix(&bytes[end..]))
                && let added = added.strip_prefix(b",").unwrap_or(added)
                && let Some((_, outcome)) =
                    fields.into_iter().find(|(name, _)| added.starts_with(format!("{}:", json!(name)).as_bytes()))
            {
                return Some(outcome);
            }
        }
        (output.starts_with(self.wrapped(line).as_bytes()) && output.ends_with(b"}}")).then_some(Outcome::Error)
    }
}

/// Characters of a reason.
const MAX_REASON: usize = 300;

/// Appends the bytes of a line with one more field at the end of its object, and a line end.
fn push_field(line: &Line, fields: Fields, name: &str, value: &Value, to: &mut Vec<u8>) {
    // Only a line that was read as an object has fields, so its last brace is the object's.
    let bytes = line.bytes();
    let end = bytes.iter().rposition(|byte| *byte == b'}').unwrap_or(bytes.len());
    to.extend(&bytes[..end]);
    to.extend(if fields.empty { "" } else { "," }.as_bytes());
    to.extend(format!("{}:{value}", json!(name)).as_bytes());
    to.extend(&bytes[end..]);
    to.push(b'\n');
}

/// Makes the error of a line. What serde says may have the whole line in it, so a long reason is cut.
fn bad_line(mut reason: String) -> LukeError {
    if let Some((end, _)) = reason.char_indices().nth(MAX_REASON) {
        reason.truncate(end);
        reason.push('…');
    }
    LukeError::Input { argument: "line".into(), reason }
}

/// Takes the arguments of a task out of an object, and skips the other fields without a look at what they hold.
struct Wanted<'a>(&'a Task);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = (Vec<Option<Value>>, Fields);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = (Vec<Option<Value>>, Fields);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let Self(task) = self;
        let mut values = vec![None; task.arguments.len()];
        let mut fields = Fields { empty: true, result: false, error: false };
        while let Some(key) = map.next_key::<String>()? {
            fields.empty = false;
            fields.result |= key == task.result;
            fields.error |= key == task.error;
            let argument = task.arguments.iter().position(|(_, field)| *field == key);
            match argument {
                None => map.next_value::<IgnoredAny>().map(|_| ())?,
                Some(argument) => {
                    let Unique(value) = map.next_value()?;
                    if values[argument].replace(value).is_some() {
                        return Err(twice(&key));
                    }
                }
            }
        }
        Ok((values, fields))
    }
}
