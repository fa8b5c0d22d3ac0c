//! Open Entity (Choi et al. 2018) as LUKE's authors use it, in one of two forms: a list of `{sent, start, end, labels}`
//! with the nine general types (the ERNIE release), or the JSON Lines of the dataset itself. Of its types, only these
//! nine are kept.

use std::path::Path;

use luke_web::tasks::LabelOptions;
use luke_web::tasks::typing::TypingInput;
use luke_web::{Luke, Result};
use serde::Deserialize;
use serde_json::Value;

use super::Benchmark;
use super::metrics::types::types;
use super::read::{Id, bad, json, json_lines};
use crate::folder::text;

const GENERAL_TYPES: [&str; 9] =
    ["entity", "event", "group", "location", "object", "organization", "person", "place", "time"];

/// Bracket tokens of the Penn Treebank and their brackets, as in the authors' code.
const BRACKETS: [(&str, &str); 6] =
    [("-LRB-", "("), ("-LCB-", "("), ("-LSB-", "("), ("-RRB-", ")"), ("-RCB-", ")"), ("-RSB-", ")")];

/// The mentions of a file.
pub struct OpenEntity {
    examples: Vec<Example>,
    options: LabelOptions,
}

struct Example {
    id: String,
    input: TypingInput,
    gold: Vec<String>,
}

/// One mention of the ERNIE release. `start` and `end` count code points.
#[derive(Deserialize)]
struct Item {
    sent: String,
    start: usize,
    end: usize,
    labels: Vec<String>,
}

/// One line of Open Entity's own files.
#[derive(Deserialize)]
struct CrowdLine {
    annot_id: Option<Id>,
    left_context_token: Vec<String>,
    mention_span: String,
    right_context_token: Vec<String>,
    y_str: Vec<String>,
}

impl OpenEntity {
    /// Reads a file of either form. `path` is for errors only; `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not JSON of either form, or if a mention is empty or not inside its sentence. The
    /// message names the record.
    pub fn read(path: &Path, bytes: &[u8], options: LabelOptions) -> Result<Self> {
        let mut examples = Vec::new();
        if text(path, bytes)?.trim_start().starts_with('[') {
            for (i, item) in json::<Vec<Item>>(path, bytes)?.into_iter().enumerate() {
                let chars: Vec<char> = item.sent.chars().collect();
                if item.start >= item.end || item.end > chars.len() {
                    let reason = format!("[{}, {}] is no range of {} characters", item.start, item.end, chars.len());
                    return Err(bad(path, &format!("[{i}].start"), &reason));
                }
                let part = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
                let parts = [part(0..item.start), part(item.start..item.end), part(item.end..chars.len())];
                examples.push(Example { id: i.to_string(), input: marked(parts), gold: item.labels });
            }
        } else {
            for (i, line) in json_lines::<CrowdLine>(path, bytes)?.into_iter().enumerate() {
                let space = |tokens: &[String]| if tokens.is_empty() { "" } else { " " };
                let (left, right) = (line.left_context_token, line.right_context_token);
                let before = left.join(" ") + space(&left);
                let after = space(&right).to_owned() + &right.join(" ");
                let mut gold = line.y_str;
                gold.retain(|label| GENERAL_TYPES.contains(&label.as_str()));
                let id = line.annot_id.map_or_else(|| i.to_string(), Id::into_text);
                examples.push(Example { id, input: marked([before, line.mention_span, after]), gold });
            }
        }
        Ok(Self { examples, options })
    }
}

/// Makes the input from the text before the mention, the mention, and the text after it.
fn marked(parts: [String; 3]) -> TypingInput {
    let [before, mention, after] =
        parts.map(|part| BRACKETS.iter().fold(part, |text, (token, bracket)| text.replace(token, bracket)));
    let start = before.chars().count();
    let span = [start, start + mention.chars().count()];
    TypingInput { text: before + &mention + &after, span }
}

impl Benchmark for OpenEntity {
    /// The types with a positive logit.
    type Prediction = Vec<String>;

    fn ids(&self) -> Vec<String> {
        self.examples.iter().map(|example| example.id.clone()).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<Vec<String>> {
        let labels = pollster::block_on(luke.typing(&self.examples[example].input, &self.options))?;
        Ok(labels.into_iter().filter(|label| label.logit > 0.0).map(|label| label.label).collect())
    }

    fn score(&self, predictions: &[Option<Vec<String>>]) -> Value {
        let pairs = self.examples.iter().zip(predictions);
        types(pairs.map(|(example, found)| (example.gold.as_slice(), found.as_deref().unwrap_or_default())))
    }
}
