//! What is wrong with JSON, in plain words. The texts of serde name types of Rust, which say nothing to who wrote the JSON.

use serde_json::Error;
use serde_json::error::Category;

use super::shortened;

/// What is wrong with a JSON text, with the line and the column where they are known.
pub fn json_reason(error: &Error) -> String {
    match (error.line(), error.column()) {
        // serde counts from 1. It gives 0 where it knows no place, and for the start of a line.
        (0, _) | (1, 0) => reason(error),
        (line, 0) => format!("{} (line {line})", reason(error)),
        (line, column) => format!("{} (line {line}, column {column})", reason(error)),
    }
}

/// The same for JSON that is one line of a file: the number of the line in the line says nothing.
pub fn json_line_reason(error: &Error) -> String {
    match error.column() {
        0 => reason(error),
        column => format!("{} (column {column})", reason(error)),
    }
}

fn reason(error: &Error) -> String {
    let text = error.to_string();
    let text = match error.line() {
        0 => text.as_str(),
        _ => text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text),
    };
    match error.classify() {
        Category::Syntax | Category::Eof => syntax(text),
        Category::Data | Category::Io => data(text),
    }
}

/// What is wrong with text that is no JSON.
fn syntax(text: &str) -> String {
    let what = match text {
        // serde says the same of a list with too many values, and of a number in place of a name.
        "trailing characters" => return "has more than should be here".into(),
        "expected value" => "another value should be here",
        "EOF while parsing a list" => "it ends inside a list",
        "EOF while parsing an object" => "it ends inside an object",
        "EOF while parsing a string" => "it ends inside a string",
        "EOF while parsing a value" => "it ends where a value should be",
        "expected ident" => "a value should be here: true, false, null, a number, or text in double quotes",
        "expected `\"`" | "key must be a string" => "a name in double quotes should be here",
        "invalid value: expected key to be a number in quotes" => "a number in double quotes should be here",
        "invalid escape" | "unexpected end of hex escape" => "a string has an escape that JSON does not have",
        "invalid unicode code point" | "lone leading surrogate in hex escape" => "an escape stands for no character",
        "invalid number" => "a number is not written as in JSON",
        "number out of range" => "a number is too large",
        "trailing comma" => "a comma stands before the end of a list or an object",
        "recursion limit exceeded" => "lists and objects are nested too deep",
        text if text.starts_with("control character") => {
            "a line break, a tab or the like inside a string must be escaped"
        }
        // Signs that are missing: "expected `,` or `]`".
        text => return format!("is not JSON: {} should be here", quoted(text.trim_start_matches("expected "))),
    };
    format!("is not JSON: {what}")
}

/// What is wrong with JSON of another form than it should have.
fn data(text: &str) -> String {
    let after = |start: &str| text.strip_prefix(start);
    if let Some(rest) = after("invalid type: ").or_else(|| after("invalid value: ")) {
        // What is there may be a text of any content; what should be there is ours.
        let (got, should) = rest.rsplit_once(", expected ").unwrap_or((rest, "another value"));
        return format!("must be {}, not {}", wanted(should), given(got));
    }
    if let Some(rest) = after("invalid length ") {
        let (length, should) = rest.split_once(", expected ").unwrap_or((rest, "another one"));
        return match should {
            should if should.starts_with("fewer elements") => format!("has {length} values, which is too many"),
            should => format!("must be {}, not one of {length}", wanted(should)),
        };
    }
    if let Some((name, known)) = after("unknown variant `").and_then(named) {
        return format!("must be {}, not '{}'", quoted(known), shortened(name));
    }
    if let Some((name, known)) = after("unknown field `").and_then(named) {
        return format!("there is no '{}' (there are: {})", shortened(name), names(known));
    }
    if let Some(name) = after("missing field `") {
        return format!("'{}' is missing", shortened(name.trim_end_matches('`')));
    }
    if let Some(name) = after("duplicate field `") {
        return format!("'{}' is there twice", shortened(name.trim_end_matches('`')));
    }
    if text.starts_with("data did not match any variant") {
        return "has none of the forms that it may have".into();
    }
    text.to_owned()
}

/// A name that is not known, and those that are.
fn named(rest: &str) -> Option<(&str, &str)> {
    rest.rsplit_once("`, expected ").or_else(|| rest.strip_suffix("`, there are no fields").map(|name| (name, "none")))
}

/// Names that serde gives as "one of `a`, `b`".
fn names(text: &str) -> String {
    text.trim_start_matches("one of ").replace("` or `", "`, `").replace('`', "")
}

/// Names or signs in quotes, as the other messages have them.
fn quoted(text: &str) -> String {
    text.replace('`', "'")
}

/// What should be there.
fn wanted(text: &str) -> String {
    let plain = match text {
        "string" | "a borrowed string" | "a string key" => "a string",
        "a boolean" => "true or false",
        "u64" | "u128" | "usize" => "a whole number of 0 or more",
        "u8" | "u16" | "u32" => return format!("a whole number from 0 to {}", max(text)),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "map" | "a map" => "an object",
        "a sequence" => "a list",
        "map with a single key" => "an object with one field",
        "string or map" => "a string or an object",
        "unit" => "null",
        "option" => "a value or null",
        "any valid JSON value" => "a value",
        "variant identifier" | "field identifier" | "identifier" => "a name",
        _ => return wanted_type(text),
    };
    plain.to_owned()
}

fn max(unsigned: &str) -> u32 {
    match unsigned {
        "u8" => u8::MAX.into(),
        "u16" => u16::MAX.into(),
        _ => u32::MAX,
    }
}

/// What should be there, where serde names a type of Rust.
fn wanted_type(text: &str) -> String {
    let starts = |start: &str| text.starts_with(start);
    // "a tuple of size 2", "tuple struct Merge with 2 elements"
    let count = || text.trim_end_matches(" elements").rsplit(' ').next().filter(|count| count.parse::<usize>().is_ok());
    if starts("a tuple of size ") || starts("an array of length ") || starts("tuple ") {
        return count().map_or("a list".into(), |count| format!("a list of {count} values"));
    }
    if starts("enum ") || starts("newtype ") {
        return "a string or an object".into();
    }
    if starts("unit ") {
        return "a name".into();
    }
    if starts("struct ") || starts("internally tagged enum ") || starts("adjacently tagged enum ") {
        return "an object".into();
    }
    quoted(text)
}

/// What is there.
fn given(text: &str) -> String {
    match text {
        "map" | "struct variant" => "an object".into(),
        "sequence" | "tuple variant" => "a list".into(),
        "unit value" => "null".into(),
        "byte array" => "bytes".into(),
        "Option value" | "newtype struct" | "newtype variant" | "enum" | "unit variant" => "another value".into(),
        text => match text.split_once(' ') {
            Some(("string", value)) => shortened(value),
            Some(("boolean" | "integer" | "character", value)) => shortened(value.trim_matches('`')),
            Some(("floating", value)) => shortened(value.trim_start_matches("point ").trim_matches('`')),
            _ => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Options {
        #[serde(default, rename = "topK")]
        _top_k: u32,
        #[serde(default, rename = "pooling")]
        _pooling: Option<Pooling>,
        #[serde(rename = "name")]
        _name: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Pooling {
        Cls,
        Mean,
        None,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(#[allow(dead_code)] String),
        Spans(#[allow(dead_code)] Vec<(usize, usize)>),
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type")]
    enum Tagged {
        Lower,
        Replace {
            #[serde(rename = "content")]
            _content: String,
        },
    }

    #[derive(Debug, Deserialize)]
    struct Pair(#[allow(dead_code)] u8, #[allow(dead_code)] f64);

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    /// No word of Rust or of serde, and no place that is none.
    fn assert_plain(reason: &str) {
        let words = [
            "invalid",
            "expected",
            "struct",
            "enum",
            "variant",
            "tuple",
            "sequence",
            " map",
            "untagged",
            "usize",
            "u32",
            "u8",
            "f64",
            "field",
            "EOF",
            "ident",
            "trailing",
            "column 0",
            "line 0",
            "unit",
            "Option",
            "`",
            "boolean",
            "floating",
            "integer",
            "recursion",
        ];
        for word in words {
            assert!(!reason.contains(word), "'{word}' in: {reason}");
        }
    }

    /// The same is said of a text, with the place, and of a value, which has none.
    fn form<T: DeserializeOwned + Debug>(json: &str, want: &str) {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json_reason(&serde_json::from_value::<T>(value).unwrap_err()), want, "{json}");
        let error = serde_json::from_str::<T>(json).unwrap_err();
        for said in [json_reason(&error), json_line_reason(&error)] {
            // serde knows no place of what it has read as a whole first.
            assert!(said == want || said.starts_with(&format!("{want} (")), "{json}: {said}");
            assert_plain(&said);
        }
    }

    #[test]
    fn values_of_another_kind() {
        form::<String>("{}", "must be a string, not an object");
        form::<String>("[1]", "must be a string, not a list");
        form::<String>("null", "must be a string, not null");
        form::<String>("1.5", "must be a string, not 1.5");
        form::<String>("true", "must be a string, not true");
        form::<bool>("\"yes\"", "must be true or false, not \"yes\"");
        form::<u32>("-1", "must be a whole number from 0 to 4294967295, not -1");
        form::<u8>("256", "must be a whole number from 0 to 255, not 256");
        form::<usize>("1.5", "must be a whole number of 0 or more, not 1.5");
        form::<i64>("\"a\"", "must be a whole number, not \"a\"");
        form::<f64>("\"a b\"", "must be a number, not \"a b\"");
        form::<Vec<u8>>("{}", "must be a list, not an object");
        form::<std::collections::BTreeMap<String, u8>>("[]", "must be an object, not a list");
        form::<(u8, u8)>("[1]", "must be a list of 2 values, not one of 1");
        form::<[u8; 2]>("3", "must be a list of 2 values, not 3");
        form::<Pair>("[1]", "must be a list of 2 values, not one of 1");
        form::<Pair>("\"x\"", "must be a list, not \"x\"");
        form::<()>("7", "must be null, not 7");
        form::<Options>("7", "must be an object, not 7");
        form::<Tagged>("7", "must be an object, not 7");
        let long = format!("\"{}\"", "é".repeat(1000));
        let said = json_reason(&serde_json::from_str::<u8>(&long).unwrap_err());
        assert!(said.contains("é…") && said.chars().count() < 200, "{said}");
    }

    #[test]
    fn names() {
        form::<Options>(r#"{"name": "a", "topk": 1}"#, "there is no 'topk' (there are: topK, pooling, name)");
        form::<Options>(r#"{"topK": 1}"#, "'name' is missing");
        form::<Empty>(r#"{"a": 1}"#, "there is no 'a' (there are: none)");
        form::<Options>(r#"{"name": "a", "pooling": "max"}"#, "must be one of 'cls', 'mean', 'none', not 'max'");
        form::<Tagged>(r#"{"type": "Upper"}"#, "must be 'Lower' or 'Replace', not 'Upper'");
        form::<Tagged>(r#"{"type": "Replace"}"#, "'content' is missing");
        form::<Tagged>("{}", "'type' is missing");
        form::<Either>("7", "has none of the forms that it may have");
        let twice = serde_json::from_str::<Options>(r#"{"name": "a", "name": "b"}"#).unwrap_err();
        assert_eq!(json_reason(&twice), "'name' is there twice (line 1, column 20)");
        // A name of any content is shown, cut where it is long.
        let odd = serde_json::from_str::<Options>(r#"{"a`, expected `b": 1}"#).unwrap_err();
        assert!(json_reason(&odd).starts_with("there is no 'a`, expected `b' (there are: topK"), "{odd}");
    }

    #[test]
    fn lists_that_are_too_long() {
        let long = serde_json::from_str::<(u8, u8)>("[1, 2, 3]").unwrap_err();
        assert_eq!(json_reason(&long), "has more than should be here (line 1, column 8)");
        let long = serde_json::from_value::<(u8, u8)>(serde_json::json!([1, 2, 3])).unwrap_err();
        assert_eq!(json_reason(&long), "has 3 values, which is too many");
    }

    #[test]
    fn text_that_is_no_json() {
        for (json, want) in [
            ("", "it ends where a value should be"),
            ("[1", "it ends inside a list"),
            ("{", "it ends inside an object"),
            ("\"a", "it ends inside a string"),
            ("nothing", "a value should be here"),
            ("{ not json", "a name in double quotes should be here"),
            ("{\"a\" 1}", "':' should be here"),
            ("[1 2]", "',' or ']' should be here"),
            ("{\"a\": 1 \"b\": 2}", "',' or '}' should be here"),
            ("[1,]", "a comma stands before the end"),
            ("hello", "another value should be here"),
            ("01", "a number is not written as in JSON"),
            ("1e999", "a number is too large"),
            ("\"\\x\"", "a string has an escape that JSON does not have"),
            ("\"\\ud83d\"", "a string has an escape"),
            ("\"a\nb\"", "a line break, a tab or the like inside a string must be escaped"),
        ] {
            let said = json_reason(&serde_json::from_str::<Value>(json).unwrap_err());
            assert!(said.starts_with(&format!("is not JSON: {want}")), "{json}: {said}");
            assert_plain(&said);
        }
        let deep = serde_json::from_str::<Value>(&"[".repeat(1000)).unwrap_err();
        assert!(json_reason(&deep).starts_with("is not JSON: lists and objects are nested too deep"), "{deep}");
        let more = serde_json::from_str::<Value>("{} {}").unwrap_err();
        assert_eq!(json_reason(&more), "has more than should be here (line 1, column 4)");
    }

    /// At the end of a line serde counts the column 0.
    #[test]
    fn a_place_that_is_none_is_left_out() {
        let error = serde_json::from_str::<Value>("{\"a\":\n").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 0));
        assert_eq!(json_reason(&error), "is not JSON: it ends where a value should be (line 2)");
        assert_eq!(json_line_reason(&error), "is not JSON: it ends where a value should be");
        let empty = serde_json::from_str::<Value>("").unwrap_err();
        assert_plain(&json_reason(&empty));
        assert_plain(&json_line_reason(&empty));
    }
}
