//! Named entities in plain text, as people paste it: `[[PER Ada Lovelace]] was born in [[LOC London]].` A blank line follows each
//! document, whose lines are one text.

use std::path::Path;

use luke_web::tasks::ner::{NerInput, NerOptions, NerResult};
use luke_web::{Luke, Result};
use serde_json::Value;

use super::Benchmark;
use super::metrics::calibration::Calibration;
use super::metrics::chunks::{Chunk, ChunkScore};
use super::read::bad_line;
use crate::folder::text;

/// The documents of a file.
pub struct Marked {
    documents: Vec<Document>,
    options: NerOptions,
}

#[derive(Default)]
struct Document {
    /// The number of its first line, counted from 1.
    line: usize,
    text: String,
    /// Code points of `text`.
    length: usize,
    /// In code points.
    gold: Vec<Chunk>,
}

impl Marked {
    /// Reads a file. `path` is for errors only; `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not UTF-8, or a line has a mark without a label, an end or a text, or one inside another.
    pub fn read(path: &Path, bytes: &[u8], options: NerOptions) -> Result<Self> {
        let mut documents: Vec<Document> = Vec::new();
        let mut is_new = true;
        for (i, line) in text(path, bytes)?.lines().enumerate() {
            if line.trim().is_empty() {
                is_new = true;
                continue;
            }
            if std::mem::take(&mut is_new) {
                documents.push(Document { line: i + 1, ..Document::default() });
            }
            if let Some(document) = documents.last_mut() {
                document.add(line).map_err(|reason| bad_line(path, i, reason))?;
            }
        }
        Ok(Self { documents, options })
    }
}

impl Document {
    fn add(&mut self, line: &str) -> std::result::Result<(), &'static str> {
        if !self.text.is_empty() {
            self.push("\n");
        }
        let mut parts = line.split("[[");
        self.push_plain(parts.next().unwrap_or_default())?;
        for part in parts {
            let (mark, rest) = part.split_once("]]").ok_or("has a mark without ]]")?;
            let (label, name) = mark.split_once(' ').ok_or("has a mark without a label")?;
            if label.is_empty() || name.trim().is_empty() {
                return Err("has a mark without a label or a text");
            }
            let start = self.length;
            self.push(name);
            self.gold.push((start, self.length, label.to_owned()));
            self.push_plain(rest)?;
        }
        Ok(())
    }

    fn push_plain(&mut self, text: &str) -> std::result::Result<(), &'static str> {
        if text.contains("]]") {
            return Err("has ]] without a mark");
        }
        self.push(text);
        Ok(())
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.length += text.chars().count();
    }
}

/// An entity in code points, and its score.
type Scored = (Chunk, f64);

impl Benchmark for Marked {
    type Prediction = Vec<Scored>;

    fn ids(&self) -> Vec<String> {
        self.documents.iter().map(|document| format!("line {}", document.line)).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<Vec<Scored>> {
        let input = NerInput::Text(self.documents[example].text.clone());
        Ok(match pollster::block_on(luke.ner(&input, &self.options))? {
            NerResult::One(found) => found.entities.into_iter().map(|e| ((e.start, e.end, e.label), e.score)).collect(),
            NerResult::Many(_) => Vec::new(),
        })
    }

    fn score(&self, predictions: &[Option<Vec<Scored>>]) -> Value {
        let (mut score, mut calibration, mut right) = (ChunkScore::default(), Calibration::default(), 0usize);
        for (Document { gold, .. }, predicted) in self.documents.iter().zip(predictions) {
            let predicted = predicted.as_deref().unwrap_or_default();
            for (entity, score) in predicted {
                calibration.add(*score, gold.contains(entity));
            }
            let entities: Vec<Chunk> = predicted.iter().map(|(entity, _)| entity.clone()).collect();
            score.add(gold, &entities);
            right += usize::from(entities.len() == gold.len() && entities.iter().all(|entity| gold.contains(entity)));
        }
        let mut figures = score.figures();
        figures["documents"] = predictions.len().into();
        figures["withoutError"] = (100.0 * right as f64 / predictions.len().max(1) as f64).into();
        figures["calibrationError"] = (100.0 * calibration.error()).into();
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Marked> {
        Marked::read(Path::new("marked.txt"), text.as_bytes(), NerOptions::default())
    }

    #[test]
    fn marks_become_spans_of_code_points() {
        let all = read("🙂 [[PER Ada Lovelace]]\nis in [[LOC London]].\n\n \nNobody.\n").unwrap().documents;
        assert_eq!((all[0].text.as_str(), all[0].line), ("🙂 Ada Lovelace\nis in London.", 1));
        assert_eq!(all[0].gold, [(2, 14, "PER".into()), (21, 27, "LOC".into())]);
        assert_eq!((all[1].text.as_str(), all[1].line, all[1].gold.len()), ("Nobody.", 5, 0));
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_wrong_mark_is_named_with_its_line() {
        for line in ["a [[PER Ada", "[[PER]]", "[[ Ada]]", "[[PER  ]]", "a]] b", "[[PER a [[LOC b]]]]"] {
            let error = read(&format!("good\n{line}")).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(":2: "), "{line}: {error}");
        }
    }
}
