//! The logits of a document by a head that was taught, and its random field, a window of words at a time: neither memory nor the time
//! without a pause grows with a sentence.

use std::ops::Range;

use super::reader::{Document, Reader};
use super::words_alone::WordReader;
use crate::error::Result;
use crate::learn::crf::{LabeledSpan, Lattice};
use crate::learn::windows::{done, window};
use crate::luke::Turns;
use crate::taught::TaughtHead;

/// How many products of a weight and a feature take the time of a byte that is tokenized.
const PRODUCTS: usize = 1 << 11;

/// Goes through the sentences of a document.
pub struct Tagging<'a> {
    head: &'a TaughtHead,
    sentences: &'a [Range<usize>],
    words: WordReader<'a>,
    turns: Turns<'a>,
    /// `[words, tags]`, divided by the head's temperature: those of the words of `known`.
    logits: Vec<f32>,
    known: Range<usize>,
    /// The sum of the features of the words that were read `[layers * hidden]`, and how many these are.
    sum: Vec<f64>,
    read: usize,
}

/// Words that a random field takes at once.
pub struct TagWindow<'l> {
    /// All ways to cut them into spans.
    pub lattice: Lattice<'l>,
    /// The likeliest of these.
    pub best: Vec<LabeledSpan>,
    /// The number of the first of them in the document.
    pub first: usize,
    /// How many of them are done; the others come again in the next window. No span of `best` reaches across.
    pub done: usize,
}

impl<'a> Tagging<'a> {
    /// Begins with the first sentence.
    pub fn new(reader: &'a Reader<'a>, head: &'a TaughtHead, document: &'a Document) -> Self {
        Self {
            head,
            sentences: &document.sentences,
            words: WordReader::new(reader, document, &document.sentences, &head.about.layers),
            turns: reader.turns(),
            logits: Vec::new(),
            known: 0..0,
            sum: vec![0.0; head.about.columns()],
            read: 0,
        }
    }

    /// The next window; `None` behind the last sentence.
    ///
    /// # Errors
    /// Those of the forward passes, and what the source fails with at a pause.
    pub async fn next(&mut self) -> Result<Option<TagWindow<'_>>> {
        let tags = self.head.linear.bias.len();
        let start = self.known.start;
        while self.sentences.first().is_some_and(|sentence| sentence.end <= start || sentence.is_empty()) {
            self.sentences = &self.sentences[1..];
        }
        let Some(sentence) = self.sentences.first() else { return Ok(None) };
        let start = start.max(sentence.start);
        let end = sentence.end.min(start + window(tags));
        self.read_to(end).await?;
        self.forget(start);
        self.turns.after((end - start) * tags).await?;
        let lattice = Lattice::new(&self.logits[..(end - start) * tags], tags);
        let best = lattice.best();
        let done = if end == sentence.end { end - start } else { done(&best, end - start) };
        // The words that are not done are read, and stay.
        self.known.start = start + done;
        Ok(Some(TagWindow { lattice, best, first: start, done }))
    }

    /// The mean of the features of all words that were read `[layers * hidden]`; zeros if there are none.
    pub fn mean_features(&self) -> impl Iterator<Item = f32> {
        let count = self.read.max(1) as f64;
        self.sum.iter().map(move |sum| (sum / count) as f32)
    }

    /// Drops the logits of the words before `start`.
    fn forget(&mut self, start: usize) {
        let tags = self.head.linear.bias.len();
        let words = self.logits.len() / tags;
        self.logits.drain(..(words - (self.known.end - start)) * tags);
        self.known.start = start;
    }

    /// Makes the logits of all words before `end` known. A word that cannot be read has the bias alone.
    async fn read_to(&mut self, end: usize) -> Result<()> {
        while self.known.end < end {
            let Some(read) = self.words.next().await? else {
                self.fill(end);
                break;
            };
            let columns = self.sum.len();
            for (word, features) in read.words.iter().zip(read.features.chunks_exact(columns)) {
                self.fill(*word);
                let temperature = self.head.about.temperature as f32;
                self.logits.extend(self.head.linear.logits(features).map(|logit| logit / temperature));
                self.known.end = word + 1;
                self.sum.iter_mut().zip(features).for_each(|(sum, value)| *sum += f64::from(*value));
                self.read += 1;
                self.turns.after(self.head.linear.weights.len() / PRODUCTS).await?;
            }
        }
        Ok(())
    }

    fn fill(&mut self, end: usize) {
        let temperature = self.head.about.temperature as f32;
        for _ in self.known.end..end {
            self.logits.extend(self.head.linear.bias.iter().map(|bias| bias / temperature));
        }
        self.known.end = self.known.end.max(end);
    }
}
