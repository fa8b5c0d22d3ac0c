//! Texts that the model has read for examples. They are kept while examples are added, because reading them takes most of the time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use half::f16;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::inputs::ModelInputs;
use crate::learn::half;
use crate::luke::Luke;
use crate::memory;
use crate::tasks::ner::{Document, Reader, WordReader};
use crate::tasks::taught_labels::{Layers, features};

/// How many bytes of features are kept between calls.
pub const KEPT_BYTES: usize = 64 << 20;

/// A text that was read, or the mentions of one.
pub struct ReadText {
    /// A hash of what was read.
    pub key: Key,
    /// Its sentences, as ranges of words, without empty ones. No span of the example reaches across their bounds. Of mentions there are none.
    pub sentences: Vec<Range<usize>>,
    /// `[words, columns]`, or one row of the mentions.
    pub features: Vec<f16>,
}

/// What was read: a hash of the text, of its places, and of the layers.
pub type Key = [u8; 32];

/// Texts that were read.
#[derive(Default)]
pub struct ReadTexts {
    kept: HashMap<Key, Arc<ReadText>>,
    bytes: usize,
}

impl ReadTexts {
    /// The features of the words of a text, which is read sentence by sentence.
    ///
    /// # Errors
    /// `out-of-memory`, and those of [`Luke::layer_states`].
    pub async fn read(
        &mut self,
        reader: &Reader<'_>,
        text: &str,
        document: &Document,
        sentences: Vec<Range<usize>>,
        layers: &[usize],
    ) -> Result<Arc<ReadText>> {
        let key = key(text, [0].into_iter().chain(sentences.iter().map(|sentence| sentence.end)), [layers, &[]]);
        if let Some(read) = self.kept.get(&key) {
            return Ok(read.clone());
        }
        let columns = layers.len() * reader.hidden();
        let mut features = memory::zeros(document.words.len() * columns, "for the features of an example")?;
        let mut words = WordReader::new(reader, document, &sentences, layers);
        while let Some(read) = words.next().await? {
            for (word, values) in read.words.iter().zip(read.features.chunks_exact(columns)) {
                let own = &mut features[word * columns..][..columns];
                own.iter_mut().zip(values).for_each(|(to, value)| *to = half(*value));
            }
        }
        drop(words);
        let read = Arc::new(ReadText { key, sentences, features });
        self.put(key, &read);
        Ok(read)
    }

    /// What was read of the mentions of a text.
    pub fn mentions(&self, key: &Key) -> Option<Arc<ReadText>> {
        self.kept.get(key).cloned()
    }

    /// Reads the mentions of texts by their inputs, and keeps them by their keys.
    ///
    /// # Errors
    /// Those of [`Luke::layer_states`].
    pub async fn read_mentions(
        &mut self,
        luke: &Luke,
        keys: &[Key],
        inputs: &[ModelInputs],
        layers: Layers<'_>,
    ) -> Result<Vec<Arc<ReadText>>> {
        let rows = features(luke, inputs, layers).await?;
        let kept = |(key, row): (&Key, Vec<f32>)| {
            let features = row.into_iter().map(half).collect();
            let read = Arc::new(ReadText { key: *key, sentences: Vec::new(), features });
            self.put(*key, &read);
            read
        };
        Ok(keys.iter().zip(rows).map(kept).collect())
    }

    /// Keeps a text, and forgets all others where there would be too much.
    fn put(&mut self, key: Key, read: &Arc<ReadText>) {
        let bytes = size_of_val(read.features.as_slice());
        if self.bytes + bytes > KEPT_BYTES {
            self.kept.clear();
            self.bytes = 0;
        }
        if bytes <= KEPT_BYTES && self.kept.insert(key, read.clone()).is_none() {
            self.bytes += bytes;
        }
    }
}

/// The key of the mentions of a text, which lie at these bytes.
pub fn key_of_mentions(text: &str, mentions: &[Range<usize>], layers: Layers<'_>) -> Key {
    key(
        text,
        [1].into_iter().chain(mentions.iter().flat_map(|span| [span.start, span.end])),
        [layers.words, layers.entities],
    )
}

fn key(text: &str, places: impl Iterator<Item = usize>, layers: [&[usize]; 2]) -> Key {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
    for numbers in [&places.collect::<Vec<_>>(), layers[0], layers[1]] {
        for number in [numbers.len()].iter().chain(numbers) {
            hash.update((*number as u64).to_le_bytes());
        }
    }
    hash.finalize().into()
}
