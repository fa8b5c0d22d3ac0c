//! Heads that were taught on a model: what they know, and the form of their file. `tasks/teach` makes them.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod file;

use serde::{Deserialize, Serialize};

use crate::config::LukeConfig;
use crate::error::{LukeError, Result, shortened};
use crate::learn::{Choice, Linear};

/// What a head was taught to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaughtTask {
    /// Spans of words.
    Ner,
    /// Labels of a mention.
    Typing,
    /// The label of a pair of mentions.
    Relation,
}

impl TaughtTask {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ner => "ner",
            Self::Typing => "typing",
            Self::Relation => "relation",
        }
    }

    /// How many words or mentions have their states in a row of features.
    const fn parts(self) -> usize {
        match self {
            Self::Ner | Self::Typing => 1,
            Self::Relation => 2,
        }
    }
}

/// What a head says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct About {
    /// What it does.
    pub task: TaughtTask,
    /// Its name, as its teacher gave it.
    pub name: String,
    /// Names of its labels, in the order of its weights.
    pub labels: Vec<String>,
    /// The name of the model that it was taught on.
    pub model: String,
    /// The SHA-256 of that model's manifest as it was before heads were added to its folder, in hexadecimal digits.
    pub manifest_hash: String,
    /// The layers of the encoder whose states of words it reads, the lowest first; 0 is the embeddings.
    pub layers: Vec<usize>,
    /// The layers whose states it reads of a mention as an entity, the lowest first; none for `ner`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entity_layers: Vec<usize>,
    /// How many numbers a state has.
    pub hidden: usize,
    /// Logits are divided by it before they become scores.
    pub temperature: f64,
    /// From how many examples it learned.
    pub examples: usize,
    /// Whether a mention may have any number of its labels, or has exactly one; absent where the task is not `typing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi: Option<bool>,
}

impl About {
    /// What it chooses.
    pub fn choice(&self) -> Choice {
        match self.task {
            TaughtTask::Ner => Choice::Spans,
            TaughtTask::Typing if self.multi == Some(true) => Choice::Any,
            TaughtTask::Typing | TaughtTask::Relation => Choice::One,
        }
    }

    /// How many features a row has: of each word or mention the states of words after each of `layers`, then its states as an entity after
    /// each of `entity_layers`.
    pub fn columns(&self) -> usize {
        let layers = self.layers.len().saturating_add(self.entity_layers.len());
        layers.saturating_mul(self.hidden).saturating_mul(self.task.parts())
    }
}

/// A head that was taught.
#[derive(Clone, Debug, PartialEq)]
pub struct TaughtHead {
    /// What it says of itself.
    pub about: About,
    /// `[classes, columns]` as [`About::choice`] and [`About::columns`] say; for `ner`, classes are the tags of `learn::crf`.
    pub linear: Linear,
}

/// The most labels of a head.
pub const MAX_LABELS: usize = 200;

/// The most bytes of the name of a head or of a label.
pub const MAX_NAME_BYTES: usize = 200;

impl TaughtHead {
    /// Checks that it does what a call asks; `call` is the name of the call.
    ///
    /// # Errors
    /// `input`, with both tasks.
    pub fn check_task(&self, call: &str, task: TaughtTask) -> Result<()> {
        if self.about.task == task {
            return Ok(());
        }
        let reason = format!(
            "'{}' is a head for {}, and this call is {call}",
            shortened(&self.about.name),
            self.about.task.name()
        );
        Err(LukeError::input("head", reason))
    }

    /// Checks that it was taught on the model of this name, and that it reads states that the model has. `base_hash` is that of
    /// [`CheckedFolder::base_hash`](crate::folder::CheckedFolder::base_hash), with which all heads name the model.
    ///
    /// # Errors
    /// `input`, with the names of both models, or with what the head reads.
    pub fn check_model(&self, name: &str, base_hash: &str, config: &LukeConfig) -> Result<()> {
        if self.about.manifest_hash == base_hash {
            let last = self.about.layers.iter().chain(&self.about.entity_layers).max().copied().unwrap_or(0);
            if self.about.hidden == config.hidden_size && last <= config.num_hidden_layers {
                return Ok(());
            }
            let (layers, hidden) = (config.num_hidden_layers, config.hidden_size);
            let reads = format!("reads {} numbers after layer {last}", self.about.hidden);
            return Err(LukeError::input("head", format!("{reads}, and the model has {hidden} and {layers} layers")));
        }
        let (head, of) = (shortened(&self.about.name), shortened(&self.about.model));
        let reason = if of == shortened(name) {
            format!("'{head}' was taught on another version of {of}: teach it again, or load that version")
        } else {
            format!("'{head}' was taught on the model {of}, and this is {}", shortened(name))
        };
        Err(LukeError::input("head", reason))
    }
}
