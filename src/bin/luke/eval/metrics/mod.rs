//! The official metrics, one file for each. Figures are in percent. The tests compare them with
//! `tests/fixtures/eval.json`. `tests/oracle/eval_oracle.py` wrote that file with seqeval, scikit-learn and the
//! functions of the official scripts.

pub mod answers;
pub mod calibration;
pub mod chunks;
pub mod relations;
pub mod types;

use serde_json::{Value, json};

/// Counts for precision and recall.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Predictions that are right.
    pub correct: usize,
    /// All predictions.
    pub predicted: usize,
    /// All gold items.
    pub gold: usize,
}

impl Counts {
    /// Precision, recall and F1 in percent. A figure that would divide by 0 is 0.
    fn figures(self) -> Value {
        let (precision, recall) = (percent(self.correct, self.predicted), percent(self.correct, self.gold));
        json!({ "precision": precision, "recall": recall, "f1": f1(precision, recall) })
    }
}

/// The percentage `100 * part / whole`, computed in the order of the scripts; 0 if `whole` is 0.
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// The harmonic mean of precision and recall; 0 if both are 0.
fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

#[cfg(test)]
pub mod tests {
    use serde_json::Value;

    /// The cases of one metric.
    pub fn cases(metric: &str) -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/eval.json");
        let mut all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let Value::Array(cases) = all[metric].take() else { panic!("{metric}: no cases") };
        assert!(cases.len() >= 5, "{metric}: only {} cases", cases.len());
        cases
    }

    /// Checks every figure of `want`, nested ones too, within 1e-9: sums in another order may round differently.
    pub fn assert_figures(got: &Value, want: &Value, at: &str) {
        for (name, want) in want.as_object().unwrap() {
            let at = format!("{at}.{name}");
            match want.as_f64() {
                None => assert_figures(&got[name], want, &at),
                Some(want) => {
                    let got = got[name].as_f64().unwrap_or_else(|| panic!("{at}: missing in {got}"));
                    assert!((got - want).abs() <= 1e-9, "{at}: got {got}, want {want}");
                }
            }
        }
    }
}
