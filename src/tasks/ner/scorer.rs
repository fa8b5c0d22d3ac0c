//! Runs the passes of all texts of a call: several at once, and the same one once.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Output};

/// A span of words whose best label is an entity's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The words.
    pub words: Range<usize>,
    /// A logit a label.
    pub logits: Vec<f32>,
    /// The best label.
    pub label: usize,
}

/// Passes on their way to the candidates of their texts.
pub(super) struct Scorer<'a> {
    luke: &'a Luke,
    queue: Queue,
}

impl<'a> Scorer<'a> {
    /// For the `ner` head of a model.
    pub fn new(luke: &'a Luke) -> Self {
        Self { luke, queue: Queue::default() }
    }

    /// What is added from now on belongs to the next text.
    pub fn start_text(&mut self) {
        self.queue.found.push(Vec::new());
    }

    /// Takes a pass; `spans` are the words of each of its entities.
    pub async fn add(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) -> Result<()> {
        if self.queue.rows + inputs.rows() > self.luke.batch_rows() {
            self.run().await?;
        }
        self.queue.add(inputs, spans);
        Ok(())
    }

    /// Runs what still waits; gives the candidates of each text.
    pub async fn finish(mut self) -> Result<Vec<Vec<Candidate>>> {
        self.run().await?;
        Ok(self.queue.found)
    }

    async fn run(&mut self) -> Result<()> {
        let batch = self.queue.take();
        let outputs = self.luke.forward_batch(&batch, Some("ner")).await?;
        self.queue.give(&outputs.into_iter().flatten().collect::<Vec<_>>());
        Ok(())
    }
}

/// Passes that wait, and what the others gave.
#[derive(Default)]
struct Queue {
    inputs: Vec<ModelInputs>,
    /// Words and entities of `inputs`.
    rows: usize,
    /// Of each of `inputs`.
    wanted: Vec<(Key, Vec<Place>)>,
    known: HashMap<Key, Known>,
    /// By text.
    found: Vec<Vec<Candidate>>,
}

/// A pass is known by its tokens and spans; a hash of them takes a hundredth of their memory.
type Key = [u8; 32];

/// A text, and which of its words each span of a pass is.
struct Place {
    text: usize,
    spans: Vec<Range<usize>>,
}

enum Known {
    /// Index in `inputs`.
    Waits(usize),
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
    fn add(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) {
        let (key, place) = (key_of(&inputs), Place { text: self.found.len() - 1, spans });
        match self.known.get(&key) {
            Some(Known::Done(entities)) => place.take(entities, &mut self.found),
            Some(Known::Waits(index)) => self.wanted[*index].1.push(place),
            None => {
                self.known.insert(key, Known::Waits(self.inputs.len()));
                self.rows += inputs.rows();
                self.inputs.push(inputs);
                self.wanted.push((key, vec![place]));
            }
        }
    }

    /// What is to be run now.
    fn take(&mut self) -> Vec<ModelInputs> {
        self.rows = 0;
        std::mem::take(&mut self.inputs)
    }

    /// The logits `[spans, labels]` of each of the inputs taken.
    fn give(&mut self, logits: &[Output]) {
        for (logits, (key, places)) in logits.iter().zip(self.wanted.drain(..)) {
            let entities = entities(logits);
            places.iter().for_each(|place| place.take(&entities, &mut self.found));
            self.known.insert(key, Known::Done(entities));
        }
    }
}

impl Place {
    fn take(&self, entities: &[Found], found: &mut [Vec<Candidate>]) {
        let candidate = |Found { span, logits, label }: &Found| Candidate {
            words: self.spans[*span].clone(),
            logits: logits.clone(),
            label: *label,
        };
        found[self.text].extend(entities.iter().map(candidate));
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
fn entities(logits: &Output) -> Vec<Found> {
    let rows = logits.values.chunks_exact(logits.shape[1]).enumerate();
    // The first of equal logits, as Python's list.index.
    let best = |row: &[f32]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
    let found = rows.map(|(span, row)| Found { span, logits: row.to_vec(), label: best(row) });
    found.filter(|found| found.label != 0).collect()
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
        let found = |words, best: usize| {
            let logits = if best == 1 { vec![0.0, 2.0, 1.0] } else { vec![0.0, 1.0, 2.0] };
            Candidate { words, logits, label: best }
        };
        let logits = |values: [f32; 6]| Output { name: "logits", shape: vec![2, 3], values: values.to_vec() };

        let mut queue = Queue::default();
        queue.found.push(Vec::new());
        queue.add(pass(7, 1), spans(0));
        queue.add(pass(7, 2), spans(10));
        queue.add(pass(7, 1), spans(20));
        queue.found.push(Vec::new());
        queue.add(pass(7, 1), spans(5));
        assert_eq!((queue.rows, queue.take()), (12, vec![pass(7, 1), pass(7, 2)]));
        queue.give(&[logits([0.0, 2.0, 1.0, 3.0, 1.0, 1.0]), logits([1.0, 1.0, 1.0, 0.0, 1.0, 2.0])]);
        queue.add(pass(7, 2), spans(30));
        queue.add(pass(9, 1), spans(40));
        assert_eq!(queue.take(), [pass(9, 1)], "what has run is not run again");
        queue.give(&[logits([0.0, 0.0, -1.0, 5.0, 5.0, 5.0])]);
        // Of equal logits the first, and the first label is no entity.
        assert_eq!(queue.found[0], [found(0..1, 1), found(20..21, 1), found(11..12, 2)]);
        assert_eq!(queue.found[1], [found(5..6, 1), found(31..32, 2)]);
    }
}
