//! `--options`: the options of a task for all lines. A fault in them is one of the command line, and ends the run before the first
//! line is read.

use luke_web::{LukeError, Result};
use serde_json::{Map, Value};

use crate::unique;

/// What the command line calls them.
const ARGUMENT: &str = "--options";

/// Options that only fit a text, so a try with another text says nothing of them.
const OF_A_TEXT: [&str; 2] = ["sentences", "titles"];

/// The object of the argument.
///
/// # Errors
/// `input` for text that is no JSON object, or that has a name twice.
pub fn parse(text: &str) -> Result<Map<String, Value>> {
    unique::object(text).map_err(wrong)
}

/// Tries the options with a call on an input that the task can take.
///
/// # Errors
/// `input` for an option that the task does not have or whose value it cannot take. What else goes wrong is the affair of the
/// lines.
pub fn try_out(options: &Map<String, Value>, call: impl FnOnce(Value) -> Result<Value>) -> Result<()> {
    if options.is_empty() {
        return Ok(());
    }
    let mut tried = options.clone();
    tried.retain(|name, _| !OF_A_TEXT.contains(&name.as_str()));
    match call(tried.into()) {
        Err(error) if is_of(&error, options) => Err(named(error)),
        _ => Ok(()),
    }
}

/// Whether an error is about one of these options: its argument is `options.topK`, `topK`, or all of them.
fn is_of(error: &LukeError, options: &Map<String, Value>) -> bool {
    match error {
        LukeError::Input { argument, .. } => {
            let name = argument.split(['.', '[']).next().unwrap_or_default();
            name == "options" || options.contains_key(name)
        }
        // `forward` takes a head by its name.
        LukeError::TaskUnavailable { .. } => options.contains_key("head"),
        _ => false,
    }
}

/// The error of a call, as one of the command line.
pub fn named(error: LukeError) -> LukeError {
    match error {
        LukeError::Input { argument, reason } => {
            let option = argument.strip_prefix("options").unwrap_or(&argument).trim_start_matches('.');
            wrong(if option.is_empty() { reason } else { format!("{option}: {reason}") })
        }
        LukeError::TaskUnavailable { .. } => wrong(format!("head: {error}")),
        other => other,
    }
}

fn wrong(reason: String) -> LukeError {
    LukeError::Input { argument: ARGUMENT.into(), reason }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(argument: &str) -> Result<Value> {
        Err(LukeError::Input { argument: argument.into(), reason: "is wrong".into() })
    }

    #[test]
    fn only_what_the_options_say_ends_the_run() {
        let options = parse(r#"{"topK": 1, "sentences": [[0, 1]]}"#).unwrap();
        for (argument, said) in [
            ("topK", "--options: topK: is wrong"),
            ("options.topK", "--options: topK: is wrong"),
            ("options.sentences[0]", "--options: sentences[0]: is wrong"),
            ("options", "--options: is wrong"),
        ] {
            assert_eq!(try_out(&options, |_| input(argument)).unwrap_err().to_string(), said);
        }
        for argument in ["text", "input.text", "inputs[0].topK", "span"] {
            assert_eq!(try_out(&options, |_| input(argument)), Ok(()), "{argument}");
        }
        assert_eq!(try_out(&options, |_| Err(LukeError::DeviceLost("gone".into()))), Ok(()));
        try_out(&options, |tried| {
            assert_eq!(tried, json!({ "topK": 1 }));
            Ok(Value::Null)
        })
        .unwrap();
        assert_eq!(try_out(&Map::new(), |_| panic!("there is nothing to try")), Ok(()));
    }
}
