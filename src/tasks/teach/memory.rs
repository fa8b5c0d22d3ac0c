//! Texts that the model has read for examples. They are kept while examples are added, because reading them takes most of the time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use half::f16;
use sha2::{Digest, Sha256};

use super::examples::CheckedExample;
use crate::error::Result;
use crate::learn::half;
use crate::memory;
use crate::tasks::ner::{Reader, read_words};

/// How many bytes of features are kept between calls.
pub const KEPT_BYTES: usize = 64 << 20;

/// A text that was read.
pub struct ReadText {
    /// Its sentences, as ranges of words, without empty ones. No span of the example reaches across their bounds.
    pub sentences: Vec<Range<usize>>,
    /// `[words, layers * hidden]`
    pub features: Vec<f16>,
}

/// Texts that were read, by their text and their sentences.
#[derive(Default)]
pub struct ReadTexts {
    kept: HashMap<[u8; 32], Arc<ReadText>>,
    bytes: usize,
}

impl ReadTexts {
    /// The features of the words of an example. Sentences are those that `ner` finds, but a span that reaches across the bound of two
    /// sentences makes one of them.
    ///
    /// # Errors
    /// `out-of-memory`, and those of [`Luke::layer_states`](crate::Luke::layer_states).
    pub async fn read(
        &mut self,
        reader: &Reader<'_>,
        example: &CheckedExample<'_>,
        layers: &[usize],
    ) -> Result<Arc<ReadText>> {
        let sentences = joined(&example.document.sentences, example);
        let key = key(example.text, &sentences, layers);
        if let Some(read) = self.kept.get(&key) {
            return Ok(read.clone());
        }
        let words = example.document.words.len();
        let columns = layers.len() * reader.hidden();
        let mut features = memory::zeros(words * columns, "for the features of an example")?;
        read_words(reader, &example.document, &sentences, layers, |word, values| {
            let own = &mut features[word * columns..][..columns];
            own.iter_mut().zip(values).for_each(|(to, value)| *to = half(*value));
        })
        .await?;
        let read = Arc::new(ReadText { sentences, features });
        self.put(key, &read);
        Ok(read)
    }

    /// Keeps a text, and forgets all others where there would be too much.
    fn put(&mut self, key: [u8; 32], read: &Arc<ReadText>) {
        let bytes = size_of_val(read.features.as_slice());
        if self.bytes + bytes > KEPT_BYTES {
            self.kept.clear();
            self.bytes = 0;
        }
        if bytes <= KEPT_BYTES {
            self.bytes += bytes;
            self.kept.insert(key, read.clone());
        }
    }
}

fn key(text: &str, sentences: &[Range<usize>], layers: &[usize]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
    for number in sentences.iter().map(|sentence| sentence.end).chain(layers.iter().copied()) {
        hash.update((number as u64).to_le_bytes());
    }
    hash.finalize().into()
}

/// The sentences of a document, joined where a span reaches across their bound, without empty ones.
fn joined(sentences: &[Range<usize>], example: &CheckedExample<'_>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(sentences.len());
    let mut spans = example.spans.iter().peekable();
    for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
        while spans.next_if(|span| span.words.end <= sentence.start).is_some() {}
        match (joined.last_mut(), spans.peek()) {
            (Some(last), Some(span)) if span.words.start < sentence.start => last.end = sentence.end,
            _ => joined.push(sentence.clone()),
        }
    }
    joined
}
