//! Metrics of Open Entity: loose micro figures (those of the LUKE paper, from `examples/legacy/entity_typing` of the
//! authors) and loose macro figures (`eval_metric.py` of Choi et al. 2018).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Counts, f1};

/// The figures in percent, over pairs of gold and predicted types. Macro precision is the mean over the mentions with a
/// predicted type; macro recall is the mean over the mentions with a gold type. Micro counts the types of all mentions together. A type
/// that a mention has twice counts once. `{ micro, macro }`, each `{ precision, recall, f1 }`; of no types a figure is 0.
pub fn types<'a>(pairs: impl Iterator<Item = (&'a [String], &'a [String])>) -> Value {
    let mut micro = Counts::default();
    let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
    for (gold, predicted) in pairs {
        let (gold, predicted): (BTreeSet<_>, BTreeSet<_>) = (gold.iter().collect(), predicted.iter().collect());
        let correct = gold.intersection(&predicted).count();
        micro.correct += correct;
        micro.predicted += predicted.len();
        micro.gold += gold.len();
        let share = |of: &BTreeSet<_>| (!of.is_empty()).then(|| correct as f64 / of.len() as f64);
        precisions.extend(share(&predicted));
        recalls.extend(share(&gold));
    }
    // The sum of no numbers is -0.0.
    let mean = |shares: &[f64]| 100.0 * shares.iter().fold(0.0, |sum, share| sum + share) / shares.len().max(1) as f64;
    let (precision, recall) = (mean(&precisions), mean(&recalls));
    json!({
        "micro": micro.figures(),
        "macro": { "precision": precision, "recall": recall, "f1": f1(precision, recall) },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_figures, cases};
    use super::*;

    #[test]
    fn figures_of_nothing_are_zero() {
        let (none, some) = (Vec::new(), vec!["person".to_owned()]);
        for pairs in [vec![], vec![(&none, &none)], vec![(&some, &none)], vec![(&none, &some)]] {
            let figures = types(pairs.into_iter().map(|(gold, predicted)| (gold.as_slice(), predicted.as_slice())));
            assert!(!figures.to_string().contains("-0"), "{figures}");
        }
    }

    #[test]
    fn figures_are_those_of_the_authors() {
        for (i, case) in cases("openEntity").iter().enumerate() {
            let labels = |side: &str| serde_json::from_value::<Vec<Vec<String>>>(case[side].clone()).unwrap();
            let (gold, predicted) = (labels("gold"), labels("predicted"));
            let pairs = gold.iter().map(Vec::as_slice).zip(predicted.iter().map(Vec::as_slice));
            assert_figures(&types(pairs), &case["figures"], &format!("case {i}"));
        }
    }
}
