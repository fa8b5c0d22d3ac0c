//! Words that are read without entities, for heads that were taught: the features of a word are the states of its first and its last
//! token after some layers, averaged.

use std::iter::Peekable;
use std::ops::Range;

use super::reader::{Document, Reader, WordWindow};
use crate::error::Result;

/// Reads the words of sentences, several in a forward pass, so that a long text is never in memory as all its features.
pub struct WordReader<'a> {
    reader: &'a Reader<'a>,
    layers: &'a [usize],
    windows: Peekable<Box<dyn Iterator<Item = WordWindow> + 'a>>,
}

/// Words that were read.
pub struct ReadWords {
    /// Their numbers in the document, in order.
    pub words: Vec<usize>,
    /// `[words, layers * hidden]`
    pub features: Vec<f32>,
}

impl<'a> WordReader<'a> {
    /// A reader of these sentences of a document.
    pub fn new(
        reader: &'a Reader<'a>,
        document: &'a Document,
        sentences: &'a [Range<usize>],
        layers: &'a [usize],
    ) -> Self {
        let of_sentence = |sentence: &Range<usize>| reader.word_windows(document, sentence.clone());
        let windows: Box<dyn Iterator<Item = WordWindow> + 'a> = Box::new(sentences.iter().flat_map(of_sentence));
        Self { reader, layers, windows: windows.peekable() }
    }

    /// The next words, which come in the order of the document; `None` behind the last ones. Words that have no tokens, or that are longer
    /// than the model reads, are left out.
    ///
    /// # Errors
    /// Those of [`Luke::layer_states`](crate::Luke::layer_states).
    pub async fn next(&mut self) -> Result<Option<ReadWords>> {
        let luke = self.reader.luke;
        let (mut rows, mut batch, mut words) = (0, Vec::new(), Vec::new());
        while let Some(WordWindow { inputs, words: own }) =
            self.windows.next_if(|next| batch.is_empty() || rows + next.inputs.rows() <= luke.batch_rows())
        {
            rows += inputs.rows();
            let ends = own.iter().flat_map(|(_, tokens)| [tokens.start, tokens.end - 1]);
            batch.push((inputs, ends.collect()));
            words.extend(own.into_iter().map(|(word, _)| word));
        }
        if batch.is_empty() {
            return Ok(None);
        }
        let columns = self.layers.len() * luke.config.hidden_size;
        let mut features = Vec::with_capacity(words.len() * columns);
        for states in luke.layer_states(&batch, self.layers).await? {
            for ends in states.chunks_exact(2 * columns) {
                let (first, last) = ends.split_at(columns);
                features.extend(first.iter().zip(last).map(|(first, last)| (first + last) / 2.0));
            }
        }
        Ok(Some(ReadWords { words, features }))
    }
}
