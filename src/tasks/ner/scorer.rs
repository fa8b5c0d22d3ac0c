//! Runs the passes of all texts of a call. Several passes share a batch, and equal passes run only once.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::heads::HeadKind;
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Output, OutputName};

/// A span of words whose best label is an entity's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoredSpan {
    /// The words.
    pub words: Range<usize>,
    /// A logit for each label.
    pub logits: Vec<f32>,
    /// The best label.
    pub label: usize,
    /// Number of its pass in the call. Spans of equal logits are taken in the order of their passes.
    pub pass: usize,
}

/// Takes the passes of a call, and gives the scored spans of each text.
pub(super) struct Scorer<'a> {
    luke: &'a Luke,
    queue: Queue,
}

impl<'a> Scorer<'a> {
    /// A scorer without passes, for the head `ner` of a model.
    pub fn new(luke: &'a Luke) -> Self {
        // In a folder whose labels do not say it, it is the first.
        let no_entity = luke.head(HeadKind::Ner).ok().and_then(|(_, head)| head.no_entity().ok()).unwrap_or(0);
        Self { luke, queue: Queue { no_entity, ..Queue::default() } }
    }

    /// Begins the next text. The passes that are pushed after this belong to it. Call it before the first pass too.
    pub fn start_text(&mut self) {
        self.queue.found.push(Vec::new());
    }

    /// Adds a pass. `spans` are the word ranges of its entities, in order. Runs the waiting passes if they fill a
    /// batch.
    ///
    /// # Errors
    /// Those of [`Luke::forward_head`].
    pub async fn push(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) -> Result<()> {
        if self.queue.rows + inputs.rows() > self.luke.batch_rows() {
            self.run().await?;
        }
        self.queue.push(inputs, spans);
        Ok(())
    }

    /// Runs the passes that still wait, and returns the spans of each text whose best label is an entity's.
    ///
    /// # Errors
    /// Those of [`Luke::forward_head`].
    pub async fn finish(mut self) -> Result<Vec<Vec<ScoredSpan>>> {
        self.run().await?;
        Ok(self.queue.into_found())
    }

    async fn run(&mut self) -> Result<()> {
        let batch = self.queue.take_batch();
        let outputs = self.luke.forward_head(&batch, Some(HeadKind::Ner)).await?;
        let logits = outputs.iter().map(|outputs| Output::find(outputs, OutputName::Logits));
        self.queue.finish_batch(&logits.collect::<Result<Vec<_>>>()?);
        Ok(())
    }
}

/// Passes that wait, and the results of those that have run.
#[derive(Default)]
struct Queue {
    /// The label that means "no entity".
    no_entity: usize,
    inputs: Vec<ModelInputs>,
    /// Words and entities of `inputs`.
    rows: usize,
    /// The key of each of `inputs`, and where it occurs.
    waiting: Vec<(Key, Vec<Occurrence>)>,
    known: HashMap<Key, Known>,
    /// By text, in the order in which the passes ended.
    found: Vec<Vec<ScoredSpan>>,
    /// Number of passes that were pushed.
    passes: usize,
}

/// The SHA-256 of the tokens and spans of a pass. The passes themselves are not the keys, because they would stay in
/// memory until the call ends: two kilobytes or more for each sentence. A weaker hash is not safe: a text could be made
/// so that two different passes have the same hash.
type Key = [u8; 32];

/// Where a pass occurs: a text, and the words of each of the pass's entities in it.
struct Occurrence {
    text: usize,
    pass: usize,
    spans: Vec<Range<usize>>,
}

enum Known {
    /// Index in `inputs`.
    Waiting(usize),
    Done(Vec<Found>),
}

/// A span that is an entity.
struct Found {
    /// Its number in the pass.
    span: usize,
    logits: Vec<f32>,
    label: usize,
}

impl Queue {
    fn push(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) {
        let text = self.found.len().saturating_sub(1);
        let (key, occurrence) = (key_of(&inputs), Occurrence { text, pass: self.passes, spans });
        self.passes += 1;
        match self.known.get(&key) {
            Some(Known::Done(entities)) => occurrence.add(entities, &mut self.found),
            Some(Known::Waiting(index)) => self.waiting[*index].1.push(occurrence),
            None => {
                self.known.insert(key, Known::Waiting(self.inputs.len()));
                self.rows += inputs.rows();
                self.inputs.push(inputs);
                self.waiting.push((key, vec![occurrence]));
            }
        }
    }

    /// Takes the passes that are to run now.
    fn take_batch(&mut self) -> Vec<ModelInputs> {
        self.rows = 0;
        std::mem::take(&mut self.inputs)
    }

    /// Adds the logits `[spans, labels]` of each of the passes taken.
    fn finish_batch(&mut self, logits: &[&Output]) {
        for (logits, (key, occurrences)) in logits.iter().zip(self.waiting.drain(..)) {
            let entities = entities(logits, self.no_entity);
            occurrences.iter().for_each(|occurrence| occurrence.add(&entities, &mut self.found));
            self.known.insert(key, Known::Done(entities));
        }
    }

    /// The spans of each text in the order of their passes. A pass that has run before ends earlier than those that wait, and
    /// how many wait depends on the device: the order in which they ended must not decide between equal logits.
    fn into_found(mut self) -> Vec<Vec<ScoredSpan>> {
        self.found.iter_mut().for_each(|spans| spans.sort_by_key(|span| span.pass));
        self.found
    }
}

impl Occurrence {
    fn add(&self, entities: &[Found], found: &mut [Vec<ScoredSpan>]) {
        let scored = |Found { span, logits, label }: &Found| ScoredSpan {
            words: self.spans[*span].clone(),
            logits: logits.clone(),
            label: *label,
            pass: self.pass,
        };
        found[self.text].extend(entities.iter().map(scored));
    }
}

fn key_of(inputs: &ModelInputs) -> Key {
    let mut hash = Sha256::new();
    for values in [&inputs.input_ids, &inputs.entity_start_positions, &inputs.entity_end_positions] {
        hash.update((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hash.finalize().into()
}

/// The spans of a pass whose best label is not "no entity".
fn entities(logits: &Output, no_entity: usize) -> Vec<Found> {
    let rows = logits.values.chunks_exact(logits.shape[1]).enumerate();
    // The first of equal logits, as Python's list.index.
    let best = |row: &[f32]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
    let found = rows.map(|(span, row)| Found { span, logits: row.to_vec(), label: best(row) });
    found.filter(|found| found.label != no_entity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pass_runs_once_and_counts_in_every_place() {
        let pass = |first_token: u32, end: u32| ModelInputs {
            input_ids: vec![0, first_token, 8, 2],
            entity_ids: vec![1, 1],
            entity_start_positions: vec![1, 2],
            entity_end_positions: vec![end, 2],
            ..Default::default()
        };
        let spans = |word: usize| vec![word..word + 1, word + 1..word + 2];
        let found = |words, best: usize, pass: usize| {
            let logits = if best == 1 { vec![0.0, 2.0, 1.0] } else { vec![0.0, 1.0, 2.0] };
            ScoredSpan { words, logits, label: best, pass }
        };
        let logits = |values: [f32; 6]| Output { name: OutputName::Logits, shape: vec![2, 3], values: values.to_vec() };

        let mut queue = Queue::default();
        queue.found.push(Vec::new());
        queue.push(pass(7, 1), spans(0));
        queue.push(pass(7, 2), spans(10));
        queue.push(pass(7, 1), spans(20));
        queue.found.push(Vec::new());
        queue.push(pass(7, 1), spans(5));
        assert_eq!((queue.rows, queue.take_batch()), (12, vec![pass(7, 1), pass(7, 2)]));
        queue.finish_batch(&[&logits([0.0, 2.0, 1.0, 3.0, 1.0, 1.0]), &logits([1.0, 1.0, 1.0, 0.0, 1.0, 2.0])]);
        queue.push(pass(9, 1), spans(40));
        queue.push(pass(7, 2), spans(30));
        assert_eq!(queue.take_batch(), [pass(9, 1)], "what has run is not run again");
        queue.finish_batch(&[&logits([0.0, 2.0, 1.0, 5.0, 5.0, 5.0])]);
        // Of equal logits the first label, and the first label is no entity. The pass at word 30 ended before that at word 40.
        let texts = queue.into_found();
        assert_eq!(texts[0], [found(0..1, 1, 0), found(11..12, 2, 1), found(20..21, 1, 2)]);
        assert_eq!(texts[1], [found(5..6, 1, 3), found(40..41, 1, 4), found(31..32, 2, 5)]);
    }
}
