//! What a manifest says of its heads, and its self-test.

use std::ops::RangeInclusive;

use super::{bad, shortened};
use crate::config::{LukeConfig, MAX_LABEL_BYTES, MAX_LABELS};
use crate::error::Result;
use crate::folder::limits::{MAX_HEAD_TOKENS, MAX_SELF_TEST_SPANS, MAX_SELF_TEST_TEXT, MAX_SELF_TEST_VALUES};
use crate::folder::manifest::{Manifest, SelfTest};
use crate::heads::{ClozeTokens, HeadKind, HeadSpec};

/// The smallest `contextTokens`: two special tokens and two others.
const MIN_CONTEXT_TOKENS: usize = 4;

/// Where a `temperature` may lie.
const TEMPERATURES: RangeInclusive<f64> = 0.01..=100.0;

/// Checks the heads and the self-test.
pub(super) fn check(manifest: &Manifest, config: &LukeConfig) -> Result<()> {
    manifest.heads.iter().try_for_each(|(task, head)| one(task, head, config))?;
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
    use serde_json::json;

    use super::super::testing::refused;
    use super::*;

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
