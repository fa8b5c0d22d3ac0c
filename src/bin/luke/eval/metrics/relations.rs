//! TACRED's official scorer: micro precision, recall and F1 of relations. The label `no_relation` is no relation.

use serde_json::Value;

use super::{Counts, f1, percent};

/// The label of a pair without a relation.
pub const NO_RELATION: &str = "no_relation";

/// The figures in percent, over pairs of a gold and a predicted label. As in the official scorer, precision is 100 if
/// no relation is predicted.
pub fn relations<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let mut counts = Counts::default();
    for (gold, predicted) in pairs {
        counts.gold += usize::from(gold != NO_RELATION);
        counts.predicted += usize::from(predicted != NO_RELATION);
        counts.correct += usize::from(gold == predicted && gold != NO_RELATION);
    }
    let precision = if counts.predicted == 0 { 100.0 } else { percent(counts.correct, counts.predicted) };
    let recall = percent(counts.correct, counts.gold);
    serde_json::json!({ "precision": precision, "recall": recall, "f1": f1(precision, recall) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_figures, cases};
    use super::*;

    #[test]
    fn figures_are_those_of_the_official_scorer() {
        for (i, case) in cases("tacred").iter().enumerate() {
            let labels = |side: &str| serde_json::from_value::<Vec<String>>(case[side].clone()).unwrap();
            let (gold, predicted) = (labels("gold"), labels("predicted"));
            let pairs = gold.iter().map(String::as_str).zip(predicted.iter().map(String::as_str));
            assert_figures(&relations(pairs), &case["figures"], &format!("case {i}"));
        }
    }
}
