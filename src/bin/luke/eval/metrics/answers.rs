//! Exact match and F1 of answers: the official scripts of SQuAD 1.1, SQuAD 2.0 and ReCoRD (which has SQuAD 1.1's).

use std::collections::HashMap;
use std::sync::LazyLock;

use luke_web::input::is_python_space;
use regex::Regex;
use serde_json::{Value, json};

use super::percent;

/// Whose rule for F1 where nothing is left of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Such an answer has no words in common with any, not even with itself. ReCoRD's too.
    Squad1,
    /// It is the same as another such answer.
    Squad2,
}

/// Lower case, without ASCII punctuation, articles and needless white space.
pub fn normalize(text: &str) -> String {
    // Python's `\b(a|an|the)\b`: its word characters are letters, numbers and the underscore, but no marks.
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]+").ok());
    let plain: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let without = WORD.as_ref().map(|word| {
        word.replace_all(&plain, |found: &regex::Captures| match &found[0] {
            "a" | "an" | "the" => " ".to_owned(),
            other => other.to_owned(),
        })
    });
    let words: Vec<&str> = without.as_deref().unwrap_or(&plain).split(is_python_space).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn exact(gold: &str, predicted: &str) -> f64 {
    f64::from(u8::from(normalize(gold) == normalize(predicted)))
}

fn f1(rules: Rules, gold: &str, predicted: &str) -> f64 {
    let (gold, predicted) = (normalize(gold), normalize(predicted));
    let (gold, predicted): (Vec<_>, Vec<_>) =
        (gold.split_whitespace().collect(), predicted.split_whitespace().collect());
    if rules == Rules::Squad2 && (gold.is_empty() || predicted.is_empty()) {
        return f64::from(u8::from(gold == predicted));
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    gold.iter().for_each(|word| *left.entry(word).or_default() += 1);
    let same =
        predicted.iter().filter(|word| left.get_mut(**word).filter(|left| **left > 0).map(|left| *left -= 1).is_some());
    let same = same.count() as f64;
    if same == 0.0 { 0.0 } else { super::f1(same / predicted.len() as f64, same / gold.len() as f64) }
}

/// The mean over questions.
#[derive(Debug, Default)]
pub struct Mean {
    exact: usize,
    f1: f64,
    questions: usize,
}

impl Mean {
    /// Adds a question: what the best of its gold answers gives. No prediction counts as wrong.
    pub fn add(&mut self, rules: Rules, gold: &[String], predicted: Option<&str>) {
        self.questions += 1;
        let Some(predicted) = predicted else { return };
        let best = |score: &dyn Fn(&str) -> f64| gold.iter().map(|gold| score(gold)).fold(0.0, f64::max);
        self.exact += usize::from(best(&|gold| exact(gold, predicted)) == 1.0);
        self.f1 += best(&|gold| f1(rules, gold, predicted));
    }

    /// Exact match and F1 in percent, and the number of questions.
    pub fn figures(&self) -> Value {
        let f1 = if self.questions == 0 { 0.0 } else { 100.0 * self.f1 / self.questions as f64 };
        json!({ "exactMatch": percent(self.exact, self.questions), "f1": f1, "questions": self.questions })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_figures, cases};
    use super::*;

    #[test]
    fn answers_are_normalised_as_in_python() {
        for case in cases("normalize") {
            let (text, want) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
            assert_eq!(normalize(text), want, "{text:?}");
        }
    }

    fn check(metric: &str, rules: Rules) {
        for (i, case) in cases(metric).iter().enumerate() {
            let mut mean = Mean::default();
            for question in case["questions"].as_array().unwrap() {
                let gold: Vec<String> = serde_json::from_value(question["gold"].clone()).unwrap();
                mean.add(rules, &gold, question["predicted"].as_str());
            }
            assert_figures(&mean.figures(), &case["figures"], &format!("{metric} case {i}"));
        }
    }

    #[test]
    fn figures_are_those_of_the_squad_1_script() {
        check("squad1", Rules::Squad1);
    }

    #[test]
    fn figures_are_those_of_the_squad_2_script() {
        check("squad2", Rules::Squad2);
    }

    #[test]
    fn figures_are_those_of_the_record_script() {
        check("record", Rules::Squad1);
    }
}
