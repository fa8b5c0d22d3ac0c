//! The file of a head: `luke-head`, a line break, the version and the length of the JSON (each a little-endian `u32`), the JSON of
//! [`About`](super::About), the weights and the bias as little-endian f16, and the SHA-256 of all of this.

use half::f16;
use sha2::{Digest, Sha256};

use super::{About, MAX_LABELS, MAX_NAME_BYTES, TaughtHead, TaughtTask};
use crate::error::{LukeError, Result, json_reason};
use crate::learn::{Linear, half};

const MAGIC: &[u8] = b"luke-head\n";
const VERSION: u32 = 1;

/// Bytes of the SHA-256 at the end.
const HASH: usize = 32;

/// The most layers that a head reads, and numbers of a state.
const MAX_LAYERS: usize = 64;
const MAX_HIDDEN: usize = 1 << 16;

impl TaughtHead {
    /// Its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(&self.about).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((json.len() as u32).to_le_bytes());
        bytes.extend(json);
        for value in self.linear.weights.iter().chain(&self.linear.bias) {
            bytes.extend(f16::from_f32(*value).to_le_bytes());
        }
        bytes.extend(Sha256::digest(&bytes));
        bytes
    }

    /// Reads a file, which is called `name` in errors.
    ///
    /// # Errors
    /// - `format` if it is not such a file, or of another version, or if its parts do not fit each other
    /// - `integrity` if it has other bytes than were written
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: &str| LukeError::format(name, reason);
        let body = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| bad("is not a head that was taught: its first line is not luke-head"))?;
        let (version, _) = body.split_first_chunk().ok_or_else(|| bad("is cut short"))?;
        match u32::from_le_bytes(*version) {
            VERSION => {}
            other => {
                return Err(bad(&format!("is a head of version {other}, and this program reads version {VERSION}")));
            }
        }
        let (content, hash) = bytes.split_last_chunk::<HASH>().ok_or_else(|| bad("is cut short"))?;
        if Sha256::digest(content).as_slice() != hash {
            return Err(LukeError::integrity(name, "has other bytes than were written, by its SHA-256"));
        }
        let rest = content.get(MAGIC.len().saturating_add(4)..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| bad("is cut short"))?;
        let (json, weights) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(|| bad("is cut short"))?;
        let about: About = serde_json::from_slice(json).map_err(|error| bad(&json_reason(&error)))?;
        let (columns, classes) = check(&about).map_err(|reason| bad(&reason))?;
        let count = columns.saturating_add(1).saturating_mul(classes);
        if weights.len() != count.saturating_mul(2) {
            return Err(bad(&format!(
                "has {} bytes of weights, and {} are needed",
                weights.len(),
                count.saturating_mul(2)
            )));
        }
        let (pairs, _) = weights.as_chunks();
        let mut values: Vec<f32> = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(bad("has a weight that is not finite"));
        }
        let bias = values.split_off(columns.saturating_mul(classes));
        Ok(Self { about, linear: Linear { weights: values, bias } })
    }

    /// The head with its numbers as the file has them, so that a head gives the same results before and after it was stored.
    pub fn rounded(mut self) -> Self {
        let round = |value: &mut f32| *value = half(*value).to_f32();
        self.linear.weights.iter_mut().chain(&mut self.linear.bias).for_each(round);
        self
    }
}

/// The columns and the classes of a head that says this of itself; or what is wrong with it.
fn check(about: &About) -> std::result::Result<(usize, usize), String> {
    let names = about.labels.iter().chain([&about.name, &about.model, &about.manifest_hash]);
    if names.clone().any(|name| name.len() > MAX_NAME_BYTES) {
        return Err(format!("has a name of more than {MAX_NAME_BYTES} bytes"));
    }
    if about.labels.is_empty() || about.labels.len() > MAX_LABELS {
        return Err(format!("has {} labels, not between 1 and {MAX_LABELS}", about.labels.len()));
    }
    for (name, layers) in [("layers", &about.layers), ("entityLayers", &about.entity_layers)] {
        if layers.len() > MAX_LAYERS || !layers.is_sorted_by(|a, b| a < b) {
            return Err(format!("has too many {name}, or not the lowest first"));
        }
    }
    if about.layers.is_empty() && about.entity_layers.is_empty() {
        return Err("has no layers".into());
    }
    let task = about.task.name();
    if about.task == TaughtTask::Ner && !about.entity_layers.is_empty() {
        return Err(format!("has entityLayers, and {task} has no entities"));
    }
    if about.multi.is_some() != (about.task == TaughtTask::Typing) {
        let wrong = if about.multi.is_some() { "does not take" } else { "needs" };
        return Err(format!("is a head for {task}, which {wrong} multi"));
    }
    if !(1..=MAX_HIDDEN).contains(&about.hidden) {
        return Err(format!("has states of {} numbers, not between 1 and {MAX_HIDDEN}", about.hidden));
    }
    if !(about.temperature.is_finite() && about.temperature > 0.0) {
        return Err(format!("has the temperature {}, which is not above 0", about.temperature));
    }
    Ok((about.columns(), about.choice().classes(about.labels.len())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::config::LukeConfig;

    /// The JSON of a head, what it has more than all have, its columns, and its classes.
    fn head_of(more: Value, columns: usize, classes: usize) -> TaughtHead {
        let mut about = json!({
            "task": "ner", "name": "recipes", "labels": ["FOOD", "TOOL"], "model": "luke-mini-en", "manifestHash": "ab".repeat(32),
            "layers": [3, 4], "hidden": 3, "temperature": 1.5, "examples": 20,
        });
        about.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let weights = (0..columns * classes).map(|i| i as f32 / 7.0 - 3.0).collect();
        TaughtHead {
            about: serde_json::from_value(about).unwrap(),
            linear: Linear { weights, bias: vec![0.25; classes] },
        }
        .rounded()
    }

    fn head() -> TaughtHead {
        head_of(json!({}), 6, 9)
    }

    /// One of each task.
    fn heads() -> [TaughtHead; 4] {
        [
            head(),
            head_of(json!({ "task": "typing", "multi": true, "entityLayers": [6] }), 9, 2),
            head_of(json!({ "task": "typing", "multi": false, "layers": [], "entityLayers": [4, 6] }), 6, 2),
            head_of(json!({ "task": "relation", "entityLayers": [6] }), 18, 2),
        ]
    }

    #[test]
    fn a_file_gives_the_same_head() {
        for head in heads() {
            assert_eq!(TaughtHead::from_bytes("a.head", &head.to_bytes()), Ok(head));
        }
    }

    /// What was written before there were other tasks than `ner` has the same bytes.
    #[test]
    fn a_head_for_ner_says_nothing_of_other_tasks() {
        let json = serde_json::to_string(&head().about).unwrap();
        assert!(!json.contains("multi") && !json.contains("entityLayers"), "{json}");
    }

    #[test]
    fn a_head_of_another_task_is_refused() {
        let [ner, typing, ..] = heads();
        assert_eq!(ner.check_task("rank", TaughtTask::Ner), Ok(()));
        let said = typing.check_task("ner", TaughtTask::Ner).unwrap_err().to_string();
        assert!(said.contains("'recipes' is a head for typing, and this call is ner"), "{said}");
    }

    proptest! {
        /// A file with another byte, more bytes, or fewer is refused by its name, whatever the byte is.
        #[test]
        fn a_file_that_was_changed_is_refused(
            of in 0usize..4,
            at in any::<prop::sample::Index>(),
            byte in 1u8..=255,
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = heads()[of].to_bytes();
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= byte;
            let cut = &bytes[..cut.index(bytes.len())];
            for other in [&changed, cut, &[bytes.as_slice(), &[byte]].concat()] {
                let error = TaughtHead::from_bytes("a.head", other).unwrap_err();
                prop_assert!(["format", "integrity"].contains(&error.code()) && error.to_string().starts_with("a.head: "), "{error}");
            }
        }
    }

    /// Files that somebody wrote on purpose, with a right hash.
    #[test]
    fn parts_that_do_not_fit_are_refused() {
        type Change = fn(&mut About);
        let changes: [(Change, &str); 14] = [
            (|a| a.labels.push("MORE".into()), "bytes of weights"),
            (|a| a.labels.clear(), "0 labels"),
            (|a| a.labels = vec!["A".into(); 201], "201 labels"),
            (|a| a.name = "x".repeat(201), "a name of more than"),
            (|a| a.layers = vec![4, 3], "not the lowest first"),
            (|a| a.layers.clear(), "no layers"),
            (|a| a.entity_layers = vec![6], "has no entities"),
            (|a| a.multi = Some(true), "does not take multi"),
            (|a| a.task = TaughtTask::Typing, "needs multi"),
            (|a| a.task = TaughtTask::Relation, "bytes of weights"),
            (|a| a.hidden = 0, "states of 0"),
            (|a| a.hidden = usize::MAX / 2, "states of"),
            (|a| a.temperature = 0.0, "not above 0"),
            (|a| a.temperature = -1.0, "not above 0"),
        ];
        for (change, part) in changes {
            let mut head = head();
            change(&mut head.about);
            let error = TaughtHead::from_bytes("a.head", &head.to_bytes()).unwrap_err();
            assert!(error.code() == "format" && error.to_string().contains(part), "{error}");
        }
        let mut head = head();
        head.linear.bias[0] = f32::NAN;
        assert!(TaughtHead::from_bytes("a.head", &head.to_bytes()).unwrap_err().to_string().contains("not finite"));
    }

    #[test]
    fn another_model_is_refused_by_its_name() {
        let (mut head, hash) = (head(), "ab".repeat(32));
        let config = json!({
            "model_type": "luke", "vocab_size": 40, "entity_vocab_size": 8, "hidden_size": 3, "entity_emb_size": 4,
            "num_hidden_layers": 4, "num_attention_heads": 1, "intermediate_size": 16, "hidden_act": "gelu",
            "max_position_embeddings": 20, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1,
        });
        let config = LukeConfig::from_value(&config).unwrap();
        assert_eq!(head.check_model("luke-mini-en", &hash, &config), Ok(()));
        let said = |head: &TaughtHead, name, hash: &str| head.check_model(name, hash, &config).unwrap_err().to_string();
        assert!(said(&head, "luke-mini-en", "cd").contains("another version of luke-mini-en"));
        assert!(said(&head, "luke-base", "cd").contains("the model luke-mini-en, and this is luke-base"));
        head.about.layers = vec![3, 5];
        assert!(said(&head, "luke-mini-en", &hash).contains("after layer 5, and the model has 3 and 4 layers"));
    }
}
