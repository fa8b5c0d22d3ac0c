//! CoNLL-2003 (Tjong Kim Sang and De Meulder 2003). Each line has a word in the first column and its tag in the last. A
//! blank line follows each sentence; a line `-DOCSTART-` precedes each document.

use std::path::Path;

use luke_web::tasks::ner::{NerInput, NerOptions, NerResult, Words};
use luke_web::{Luke, Result};
use serde_json::Value;

use super::Benchmark;
use super::columns::{Columns, lines};
use super::metrics::chunks::{Chunk, ChunkScore, chunks, is_tag, scheme};
use super::read::bad_line;
use crate::folder::{file_error, text};

/// The documents of a file. In a file without `-DOCSTART-` lines, each sentence is a document, so that no sentence gets
/// the text of another one as its context.
pub struct Conll {
    documents: Vec<Document>,
    scheme: Option<&'static str>,
    options: NerOptions,
}

#[derive(Default)]
struct Document {
    /// The line of its first word, counted from 1.
    line: usize,
    words: Vec<String>,
    tags: Vec<String>,
    /// Word ranges `[start, end)`.
    sentences: Vec<[usize; 2]>,
}

impl Conll {
    /// Reads a file of two columns or more. Lines that start with `#` before a sentence, and are no word with a tag, are
    /// comments. `path` is for errors only; `options` go to the model.
    ///
    /// # Errors
    /// `format` if the file is not UTF-8 or has no entity, or if a line has another number of columns than the first one, or a
    /// tag that is not `O`, `B-TYPE` or `I-TYPE`. The message names the line.
    pub fn read(path: &Path, bytes: &[u8], options: NerOptions) -> Result<Self> {
        let text = text(path, bytes)?;
        let marked = lines(text).any(is_document_start);
        let separated = Columns::of(lines(text).filter(|line| !line.starts_with('#') && !is_document_start(line)));
        let (mut documents, mut document, mut columns) = (Vec::new(), Document::default(), None::<usize>);
        for (i, line) in lines(text).enumerate() {
            let fields = separated.fields(line);
            let (Some(word), Some(tag)) = (fields.first(), fields.last()) else {
                document.end_sentence();
                if !marked {
                    documents.push(std::mem::take(&mut document));
                }
                continue;
            };
            if is_document_start(line) {
                document.end_sentence();
                documents.push(std::mem::take(&mut document));
                continue;
            }
            let fits = fields.len() > 1 && columns.is_none_or(|columns| columns == fields.len());
            if line.starts_with('#') && document.is_between_sentences() && !(fits && is_tag(tag)) {
                continue;
            }
            let first = *columns.get_or_insert(fields.len());
            if !fits {
                let reason = format!("has {} columns, the first word's line has {first}; at least 2", fields.len());
                return Err(bad_line(path, i, &reason));
            }
            if !is_tag(tag) {
                return Err(bad_line(path, i, &format!("tag '{tag}' is neither O, B-type nor I-type")));
            }
            if document.words.is_empty() {
                document.line = i + 1;
            }
            document.words.push((*word).to_owned());
            document.tags.push((*tag).to_owned());
        }
        document.end_sentence();
        documents.push(document);
        documents.retain(|document| !document.words.is_empty());
        let scheme = scheme(documents.iter().flat_map(Document::tags_of_sentences));
        if scheme.is_none() && !documents.is_empty() {
            let words: usize = documents.iter().map(|document| document.words.len()).sum();
            return Err(file_error(path, &format!("has no entity: the tag of each of its {words} words is O")));
        }
        Ok(Self { documents, scheme, options })
    }
}

impl Document {
    fn end_sentence(&mut self) {
        let start = self.sentences.last().map_or(0, |sentence| sentence[1]);
        if start < self.words.len() {
            self.sentences.push([start, self.words.len()]);
        }
    }

    fn is_between_sentences(&self) -> bool {
        self.words.len() == self.sentences.last().map_or(0, |sentence| sentence[1])
    }

    fn tags_of_sentences(&self) -> impl Iterator<Item = &[String]> {
        self.sentences.iter().map(|[start, end]| &self.tags[*start..*end])
    }

    /// The gold entities. No entity crosses the end of a sentence.
    fn gold(&self) -> Vec<Chunk> {
        let mut gold = Vec::new();
        for [start, end] in &self.sentences {
            let found = chunks(&self.tags[*start..*end]);
            gold.extend(found.into_iter().map(|(first, last, label)| (first + start, last + start, label)));
        }
        gold
    }
}

impl Benchmark for Conll {
    /// The entities, as word ranges in the document with their labels.
    type Prediction = Vec<Chunk>;

    fn ids(&self) -> Vec<String> {
        self.documents.iter().map(|document| format!("line {}", document.line)).collect()
    }

    fn predict(&self, luke: &Luke, example: usize) -> Result<Vec<Chunk>> {
        let Document { words, sentences, .. } = &self.documents[example];
        let input = NerInput::Words(Words { words: words.clone(), sentences: Some(sentences.clone()) });
        Ok(match pollster::block_on(luke.ner(&input, &self.options))? {
            NerResult::One(found) => found.entities.into_iter().map(|e| (e.start, e.end, e.label)).collect(),
            NerResult::Many(_) => Vec::new(),
        })
    }

    fn score(&self, predictions: &[Option<Vec<Chunk>>]) -> Value {
        let mut score = ChunkScore::default();
        for (document, predicted) in self.documents.iter().zip(predictions) {
            score.add(&document.gold(), predicted.as_deref().unwrap_or_default());
        }
        let run = &self.documents[..predictions.len()];
        let mut figures = score.figures();
        figures["sentences"] = run.iter().map(|document| document.sentences.len()).sum::<usize>().into();
        figures["tags"] = self.scheme.into();
        figures
    }
}

fn is_document_start(line: &str) -> bool {
    line.starts_with("-DOCSTART")
}
