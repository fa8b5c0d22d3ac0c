//! The labels of a head and their numbers.

use std::collections::HashMap;

use super::types::TeachInput;
use crate::error::{LukeError, Result, shortened};
use crate::taught::{MAX_LABELS, MAX_NAME_BYTES};

/// The labels of a head and their numbers.
pub struct Labels {
    /// In the order of their numbers.
    pub names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Labels {
    /// Those of the input, or of its examples.
    ///
    /// # Errors
    /// `input` for no labels, too many, an empty or long name, or one that is there twice.
    pub fn of(input: &TeachInput) -> Result<Self> {
        let mut labels = Self { names: Vec::new(), numbers: HashMap::new() };
        for label in input.labels.iter().flatten() {
            if !labels.add(label) {
                return Err(LukeError::input("labels", format!("has '{}' twice", shortened(label))));
            }
        }
        if input.labels.is_none() {
            input.examples.labels().for_each(|label| {
                labels.add(label);
            });
        }
        let bad = |reason: String| Err(LukeError::input("labels", reason));
        match labels.names.len() {
            0 => return bad("must be one at least: no example has a label".into()),
            count if count > MAX_LABELS => return bad(format!("are {count}, and a head has {MAX_LABELS} at most")),
            _ => {}
        }
        match labels.names.iter().find(|name| name.is_empty() || name.len() > MAX_NAME_BYTES) {
            Some(name) => {
                bad(format!("has '{}', which is empty or longer than {MAX_NAME_BYTES} bytes", shortened(name)))
            }
            None => Ok(labels),
        }
    }

    /// Adds a label, unless it is there.
    fn add(&mut self, label: &str) -> bool {
        let is_new = !self.numbers.contains_key(label);
        if is_new {
            self.numbers.insert(label.to_owned(), self.names.len());
            self.names.push(label.to_owned());
        }
        is_new
    }

    /// The number of a label.
    ///
    /// # Errors
    /// `input` for a label that is none of these.
    pub fn number(&self, label: &str) -> Result<usize> {
        let unknown =
            || LukeError::input("label", format!("'{}' is none of {}", shortened(label), self.names.join(", ")));
        self.numbers.get(label).copied().ok_or_else(unknown)
    }
}
