//! Exact match and F1 of answers, as the official scripts of SQuAD 1.1, SQuAD 2.0 and ReCoRD compute them. ReCoRD has
//! the rules of SQuAD 1.1.

use std::collections::HashMap;
use std::sync::LazyLock;

use luke_web::text::is_python_space;
use regex::Regex;
use serde_json::{Value, json};

use super::percent;

/// The text in lower case, without ASCII punctuation and English articles, and with one space between words.
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

/// The gold answers of a question, and the predicted answer (`None` if there is no prediction).
pub type Answered<'a> = (&'a [String], Option<&'a str>);

/// The figures of SQuAD 1.1 and ReCoRD, in percent. A question counts with the best score among its gold answers. A
/// question without a prediction counts 0. `{ exactMatch, f1, questions }`; the figures of no questions are 0.
pub fn squad1<'a>(questions: impl Iterator<Item = Answered<'a>>) -> Value {
    let mut all = Mean::default();
    for (gold, predicted) in questions {
        all.add(gold.iter().map(String::as_str), predicted, f1);
    }
    all.figures()
}

/// The figures of SQuAD 2.0, in percent: over all questions, over those with an answer, and over those without. The
/// empty answer means "no answer"; a question without a prediction counts as "no answer". The fields are those of [`squad1`], which
/// `hasAnswer` and `noAnswer` have too.
pub fn squad2<'a>(questions: impl Iterator<Item = Answered<'a>>) -> Value {
    let (mut all, mut has_answer, mut no_answer) = (Mean::default(), Mean::default(), Mean::default());
    for (gold, predicted) in questions {
        let predicted = predicted.unwrap_or_default();
        let group = if gold.is_empty() { &mut no_answer } else { &mut has_answer };
        let mut gold: Vec<&str> = gold.iter().map(String::as_str).filter(|text| !normalize(text).is_empty()).collect();
        if gold.is_empty() {
            gold.push("");
        }
        for mean in [&mut all, group] {
            mean.add(gold.iter().copied(), Some(predicted), f1_with_none);
        }
    }
    let mut figures = all.figures();
    figures["hasAnswer"] = has_answer.figures();
    figures["noAnswer"] = no_answer.figures();
    figures
}

/// Sums over questions, for their mean.
#[derive(Debug, Default)]
struct Mean {
    exact: usize,
    f1: f64,
    questions: usize,
}

impl Mean {
    fn add<'a>(
        &mut self,
        gold: impl Iterator<Item = &'a str>,
        predicted: Option<&str>,
        f1: fn(&[&str], &[&str]) -> f64,
    ) {
        self.questions += 1;
        let Some(predicted) = predicted.map(normalize) else { return };
        let (mut exact, mut best) = (false, 0.0_f64);
        for gold in gold.map(normalize) {
            exact |= gold == predicted;
            best = best.max(f1(&words(&gold), &words(&predicted)));
        }
        self.exact += usize::from(exact);
        self.f1 += best;
    }

    fn figures(&self) -> Value {
        let f1 = if self.questions == 0 { 0.0 } else { 100.0 * self.f1 / self.questions as f64 };
        json!({ "exactMatch": percent(self.exact, self.questions), "f1": f1, "questions": self.questions })
    }
}

/// The words of a normalised text.
fn words(normalized: &str) -> Vec<&str> {
    normalized.split(' ').filter(|word| !word.is_empty()).collect()
}

/// F1 as in SQuAD 1.1, 0 to 1. An answer that is empty after `normalize` gets 0, even against another such answer.
fn f1(gold: &[&str], predicted: &[&str]) -> f64 {
    let mut left: HashMap<&str, usize> = HashMap::new();
    gold.iter().for_each(|word| *left.entry(word).or_default() += 1);
    let mut same = 0.0;
    for word in predicted {
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            same += 1.0;
        }
    }
    if same == 0.0 { 0.0 } else { super::f1(same / predicted.len() as f64, same / gold.len() as f64) }
}

/// F1 as in SQuAD 2.0, 0 to 1. An answer that is empty after `normalize` gets 1 against another such answer, else 0.
fn f1_with_none(gold: &[&str], predicted: &[&str]) -> f64 {
    if gold.is_empty() || predicted.is_empty() { f64::from(u8::from(gold == predicted)) } else { f1(gold, predicted) }
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

    fn check(metric: &str, figures: impl Fn(&mut dyn Iterator<Item = Answered<'_>>) -> Value) {
        for (i, case) in cases(metric).iter().enumerate() {
            let gold = |question: &Value| serde_json::from_value::<Vec<String>>(question["gold"].clone()).unwrap();
            let questions = case["questions"].as_array().unwrap();
            let golds: Vec<_> = questions.iter().map(gold).collect();
            let mut answered =
                golds.iter().map(Vec::as_slice).zip(questions.iter().map(|question| question["predicted"].as_str()));
            assert_figures(&figures(&mut answered), &case["figures"], &format!("{metric} case {i}"));
        }
    }

    #[test]
    fn figures_are_those_of_the_squad_1_script() {
        check("squad1", |questions| squad1(questions));
    }

    #[test]
    fn figures_are_those_of_the_squad_2_script() {
        check("squad2", |questions| squad2(questions));
    }

    #[test]
    fn figures_are_those_of_the_record_script() {
        check("record", |questions| squad1(questions));
    }
}
