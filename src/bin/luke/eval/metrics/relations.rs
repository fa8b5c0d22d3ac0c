//! TACRED's official scorer: micro precision, recall and F1 of relations, `no_relation` being none.

use serde_json::Value;

use super::{Counts, f1, percent};

/// The label that is no relation.
pub const NO_RELATION: &str = "no_relation";

/// The figures over pairs of gold and predicted label. The scorer gives a precision of 100 where nothing is predicted.
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
