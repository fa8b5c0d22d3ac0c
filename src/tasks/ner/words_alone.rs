//! Words that are read without entities, for heads that were taught: the features of a word are the states of its first and its last
//! token after some layers, averaged.

use std::ops::Range;

use super::reader::{Document, Reader, WordWindow};
use crate::error::Result;

/// Reads the words of sentences, several in a forward pass, and calls `visit` with each word's number in the document and its features
/// `[layers * hidden]`. Words that have no tokens, or that are longer than the model reads, are left out.
///
/// # Errors
/// Those of [`Luke::layer_states`](crate::Luke::layer_states).
pub async fn read_words(
    reader: &Reader<'_>,
    document: &Document,
    sentences: &[Range<usize>],
    layers: &[usize],
    mut visit: impl FnMut(usize, &[f32]),
) -> Result<()> {
    let luke = reader.luke;
    let mut windows = sentences.iter().flat_map(|sentence| reader.word_windows(document, sentence.clone())).peekable();
    while windows.peek().is_some() {
        let (mut rows, mut batch, mut words) = (0, Vec::new(), Vec::new());
        while let Some(window) =
            windows.next_if(|next| batch.is_empty() || rows + next.inputs.rows() <= luke.batch_rows())
        {
            let WordWindow { inputs, words: own } = window;
            rows += inputs.rows();
            let ends = own.iter().flat_map(|(_, tokens)| [tokens.start, tokens.end - 1]);
            batch.push((inputs, ends.collect()));
            words.push(own);
        }
        let states = luke.layer_states(&batch, layers).await?;
        let columns = layers.len() * luke.config.hidden_size;
        for (words, mut states) in words.iter().zip(states) {
            for ((word, _), ends) in words.iter().zip(states.chunks_exact_mut(2 * columns)) {
                let (first, last) = ends.split_at_mut(columns);
                first.iter_mut().zip(&*last).for_each(|(first, last)| *first = (*first + last) / 2.0);
                visit(*word, first);
            }
        }
    }
    Ok(())
}
