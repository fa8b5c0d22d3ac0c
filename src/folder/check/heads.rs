//! What a manifest says of its heads, and its self-test.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::files::is_sha256;
use super::{bad, shortened};
use crate::config::{LukeConfig, MAX_LABEL_BYTES, MAX_LABELS};
use crate::error::Result;
use crate::folder::limits::{
    MAX_HEAD_TOKENS, MAX_NAME_BYTES, MAX_SELF_TEST_SPANS, MAX_SELF_TEST_TEXT, MAX_SELF_TEST_VALUES,
    MAX_TAUGHT_HEAD_BYTES, MAX_TAUGHT_HEADS,
};
use crate::folder::manifest::{Manifest, SelfTest};
use crate::heads::{ClozeTokens, HeadKind, HeadSpec};

/// The smallest `contextTokens`: two special tokens and two others.
const MIN_CONTEXT_TOKENS: usize = 4;

/// Where a `temperature` may lie.
const TEMPERATURES: RangeInclusive<f64> = 0.01..=100.0;

/// Checks the heads, those that were added, and the self-test.
pub(super) fn check(manifest: &Manifest, config: &LukeConfig) -> Result<()> {
    manifest.heads.iter().try_for_each(|(task, head)| one(task, head, config))?;
    added(manifest)?;
    match &manifest.self_test {
        Some(test) => self_test(test, manifest),
        None => Ok(()),
    }
}

fn one(task: &str, head: &HeadSpec, config: &LukeConfig) -> Result<()> {
    let bad = |reason: String| Err(bad(format!("head '{}': {reason}", shortened(task))));
    if head.labels.len() > MAX_LABELS || head.labels.iter().any(|label| label.len() > MAX_LABEL_BYTES) {
        return bad(format!("labels has more than {MAX_LABELS} labels, or one of more than {MAX_LABEL_BYTES} bytes"));
    }
    let out_of = |value: Option<usize>, min: usize| value.is_some_and(|value| value < min || value > MAX_HEAD_TOKENS);
    if out_of(head.max_span_tokens, 1) || out_of(head.context_tokens, MIN_CONTEXT_TOKENS) {
        return bad("maxSpanTokens or contextTokens is too small or too large".into());
    }
    if head.temperature.is_some_and(|temperature| !TEMPERATURES.contains(&temperature)) {
        return bad(format!("temperature is not from {} to {}", TEMPERATURES.start(), TEMPERATURES.end()));
    }
    match head.tokens {
        None if task == HeadKind::Cloze.key() => bad("has no tokens".into()),
        Some(ClozeTokens { highlight, placeholder, entity })
            if [highlight, placeholder, entity].iter().any(|row| *row as usize >= config.vocab_size) =>
        {
            bad(format!("tokens are not below vocab_size, {}", config.vocab_size))
        }
        _ => Ok(()),
    }
}

/// Checks what the manifest says of heads that were added. Their files are checked when they are read.
fn added(manifest: &Manifest) -> Result<()> {
    let heads = &manifest.taught_heads;
    let bad = |reason: String| Err(bad(format!("taughtHeads: {reason}")));
    if heads.len() > MAX_TAUGHT_HEADS {
        return bad(format!("there are {}, more than {MAX_TAUGHT_HEADS}", heads.len()));
    }
    let bytes = manifest.head_files().fold(0usize, |sum, file| sum.saturating_add(file.bytes));
    if bytes > MAX_TAUGHT_HEAD_BYTES {
        return bad(format!("their files have {bytes} bytes, more than {MAX_TAUGHT_HEAD_BYTES}"));
    }
    match &manifest.base {
        Some(base) if !is_sha256(base) => return bad("base is not 64 lower-case hexadecimal digits".into()),
        None if !heads.is_empty() => return bad("there is no base, the manifest for which they were taught".into()),
        _ => {}
    }
    let mut names = BTreeSet::new();
    for head in heads {
        if head.name.is_empty() || head.name.len() > MAX_NAME_BYTES {
            return bad(format!("name '{}' does not have 1 to {MAX_NAME_BYTES} bytes", shortened(&head.name)));
        }
        if !names.insert(&head.name) {
            return bad(format!("name '{}' is there twice", shortened(&head.name)));
        }
    }
    Ok(())
}

fn self_test(test: &SelfTest, manifest: &Manifest) -> Result<()> {
    let bad = |reason: String| Err(bad(format!("selfTest: {reason}")));
    if test.head != "model" && !manifest.heads.contains_key(&test.head) {
        return bad(format!("there is no head '{}'", shortened(&test.head)));
    }
    if test.text.len() > MAX_SELF_TEST_TEXT || test.spans.len() > MAX_SELF_TEST_SPANS {
        return bad(format!("has more than {MAX_SELF_TEST_TEXT} bytes of text or {MAX_SELF_TEST_SPANS} spans"));
    }
    if test.expected.is_empty() || test.expected.len() > MAX_SELF_TEST_VALUES {
        return bad(format!("expected has {} values, not 1 to {MAX_SELF_TEST_VALUES}", test.expected.len()));
    }
    if !test.expected.iter().all(|value| value.is_finite()) {
        return bad("expected has a number that is not finite".into());
    }
    // A tolerance as large as the values themselves would pass any model.
    let largest = test.expected.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    if !(test.tolerance > 0.0 && test.tolerance <= largest) {
        return bad(format!("tolerance is {:e}, not above 0 and at most {largest:e}", test.tolerance));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{manifest, refused};
    use super::*;
    use crate::folder::CheckedFolder;

    #[test]
    fn heads_are_known_and_their_settings_in_bounds() {
        refused("'poetry' is not known", &|m| m["heads"]["poetry"] = json!({}));
        refused("has 1 labels", &|m| m["heads"]["ner"]["labels"] = json!(["O"]));
        refused("labels", &|m| m["heads"]["ner"]["labels"] = json!(vec!["x"; MAX_LABELS + 1]));
        refused("labels", &|m| m["heads"]["ner"]["labels"] = json!(["O", "x".repeat(MAX_LABEL_BYTES + 1)]));
        for (name, value) in [("maxSpanTokens", 0), ("contextTokens", 3), ("maxSpanTokens", MAX_HEAD_TOKENS + 1)] {
            refused(name, &|m| m["heads"]["ner"][name] = json!(value));
        }
        refused("has no tokens", &|m| m["heads"]["cloze"] = json!({}));
        let tokens = json!({ "highlight": 1, "placeholder": 2, "entity": 1000 });
        refused("vocab_size", &|m| m["heads"]["cloze"] = json!({ "tokens": tokens }));
    }

    #[test]
    fn added_heads_have_names_of_their_own_and_a_base() {
        let sha256 = "0".repeat(64);
        let file = json!({ "path": "heads/0.bin", "bytes": 9, "sha256": sha256 });
        let head = |name: &str| json!({ "name": name, "task": "ner", "file": file });
        let with = |m: &mut Value, heads: Value, base: Value| (m["taughtHeads"], m["base"]) = (heads, base);
        let (mut good, base) = (manifest(), "ab".repeat(32));
        with(&mut good, json!(["recipes", "../x", "a/b"].map(head)), json!(base));
        let folder = CheckedFolder::parse(&good.to_string()).unwrap();
        assert_eq!((folder.base_hash(), folder.manifest().all_files().count()), (base.as_str(), 7));
        good["taughtHeads"] = json!([]);
        assert!(CheckedFolder::parse(&good.to_string()).is_ok(), "all heads were taken out again");

        for (base, part) in [
            (json!(""), "base is not 64"),
            (json!("0".repeat(63)), "base is not 64"),
            (json!("A".repeat(64)), "base is not 64"),
            (json!(null), "no base"),
            (json!(7), "must be a string"),
        ] {
            refused(part, &|m| with(m, json!([head("recipes")]), base.clone()));
        }
        let many: Vec<Value> = (0..=MAX_TAUGHT_HEADS).map(|i| head(&i.to_string())).collect();
        for (heads, part) in [
            (json!([head("")]), "name ''"),
            (json!([head(&"x".repeat(MAX_NAME_BYTES + 1))]), "does not have 1 to 256 bytes"),
            (json!([head("recipes"), head("b"), head("recipes")]), "'recipes' is there twice"),
            (json!(many), "there are 1001, more than 1000"),
            (json!([{ "name": "recipes", "task": "ner" }]), "'file' is missing"),
            (json!(["recipes"]), "must be"),
            (json!({ "recipes": file }), "must be a list"),
            (json!(null), "must be a list, not null"),
        ] {
            refused(part, &|m| with(m, heads.clone(), json!(sha256)));
        }
        for (field, value, part) in [
            ("path", json!("heads/../../x"), "not inside the folder"),
            ("path", json!("tokenizer.json"), "named twice"),
            ("sha256", json!(null), "has no sha256"),
            ("bytes", json!(0), "0 bytes"),
            ("bytes", json!(MAX_TAUGHT_HEAD_BYTES + 1), "their files have"),
            ("bytes", json!(MAX_TAUGHT_HEAD_BYTES / 2 + 1), "their files have"),
        ] {
            let mut changed = file.clone();
            changed[field] = value;
            let heads = json!(["a", "b"].map(|name| json!({ "name": name, "task": "ner", "file": changed })));
            refused(part, &|m| with(m, heads.clone(), json!(sha256)));
        }
    }

    /// Earlier, a self-test without expected values passed on any model.
    #[test]
    fn a_self_test_tests_something() {
        refused("expected has 0", &|m| m["selfTest"]["expected"] = json!([]));
        refused("expected has 65537", &|m| m["selfTest"]["expected"] = json!(vec![0; MAX_SELF_TEST_VALUES + 1]));
        // A number that is finite in JSON and not in f32.
        refused("not finite", &|m| m["selfTest"]["expected"] = json!([1e39]));
        for tolerance in [json!(0), json!(-1), json!(1e39), json!(1e10), json!(null)] {
            refused(if tolerance.is_null() { "must be a number, not null" } else { "tolerance" }, &|m| {
                m["selfTest"]["tolerance"] = tolerance.clone();
            });
        }
        refused("no head 'qa'", &|m| m["selfTest"]["head"] = json!("qa"));
        refused("selfTest", &|m| m["selfTest"]["text"] = json!("x".repeat(MAX_SELF_TEST_TEXT + 1)));
        refused("selfTest", &|m| m["selfTest"]["spans"] = json!(vec![[0, 1]; MAX_SELF_TEST_SPANS + 1]));
    }
}
