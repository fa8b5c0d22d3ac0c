//! SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018). If a question of the file has `is_impossible`, the file is scored
//! by the rules of 2.0. The model predicts "no answer" only with the option `nullThreshold`.

use std::path::Path;

use luke_web::tasks::qa::{QaInput, QaOptions};
use luke_web::{Luke, Result};
use serde::Deserialize;
use serde_json::Value;

use super::Benchmark;
use super::metrics::answers::{squad1, squad2};
use super::read::{Id, Text, bad, json};

/// The questions of a file.
pub struct Squad {
    questions: Vec<Question>,
    version2: bool,
    options: QaOptions,
}

struct Question {
    id: String,
    input: QaInput,
    gold: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Qa>,
}

#[derive(Deserialize)]
struct Qa {
    id: Id,
    question: String,
    answers: Vec<Text>,
    is_impossible: Option<bool>,
}

impl Squad {
    /// Reads a file. `path` is for errors only; `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not JSON of this form, or if a question has neither an answer nor `is_impossible`. The
    /// message names the record.
    pub fn read(path: &Path, bytes: &[u8], options: QaOptions) -> Result<Self> {
        let file: File = json(path, bytes)?;
        let (mut questions, mut version2) = (Vec::new(), false);
        for (a, article) in file.data.into_iter().enumerate() {
            for (p, paragraph) in article.paragraphs.into_iter().enumerate() {
                for (q, qa) in paragraph.qas.into_iter().enumerate() {
                    version2 |= qa.is_impossible.is_some();
                    if qa.answers.is_empty() && qa.is_impossible.is_none() {
                        let record = format!("data[{a}].paragraphs[{p}].qas[{q}].answers");
                        return Err(bad(path, &record, "is empty, and is_impossible is not given"));
                    }
                    let input = QaInput { question: qa.question, context: paragraph.context.clone() };
                    let gold = qa.answers.into_iter().map(|answer| answer.text).collect();
                    questions.push(Question { id: qa.id.into_text(), input, gold });
                }
            }
        }
        Ok(Self { questions, version2, options })
    }
}

impl Benchmark for Squad {
    /// The answer; empty for "no answer".
    type Prediction = String;

    fn ids(&self) -> Vec<String> {
        self.questions.iter().map(|question| question.id.clone()).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<String> {
        let answer = pollster::block_on(luke.qa(&self.questions[example].input, &self.options))?;
        Ok(if answer.answerable { answer.answer } else { String::new() })
    }

    fn score(&self, predictions: &[Option<String>]) -> Value {
        let gold = self.questions.iter().map(|question| question.gold.as_slice());
        let answered = gold.zip(predictions.iter().map(Option::as_deref));
        if self.version2 { squad2(answered) } else { squad1(answered) }
    }
}
