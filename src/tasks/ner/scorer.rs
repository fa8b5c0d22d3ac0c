//! Runs the passes of all texts of a call: several at once, and the same one once.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::input::ModelInputs;
use crate::luke::{Luke, Output};

/// A span of words whose best label is an entity's.
#[derive(Clone, Debug)]
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
    waiting: Vec<Waiting>,
    /// Rows of those that wait.
    rows: usize,
    known: HashMap<Digested, Known>,
    /// By text.
    found: Vec<Vec<Candidate>>,
}

/// A pass and the places that want its results; its first one is where it came from.
struct Waiting {
    key: Digested,
    inputs: ModelInputs,
    places: Vec<Place>,
}

/// A text, and which of its words each span of a pass is.
struct Place {
    text: usize,
    spans: Vec<Range<usize>>,
}

enum Known {
    /// Index in `waiting`.
    Waits(usize),
    /// The spans that are entities, by their number in the pass.
    Done(Vec<(usize, Vec<f32>, usize)>),
}

/// A pass is known by its tokens and spans; a hash of them takes a hundredth of their memory.
type Digested = [u8; 32];

impl<'a> Scorer<'a> {
    /// For the `ner` head of a model.
    pub fn new(luke: &'a Luke) -> Self {
        Self { luke, waiting: Vec::new(), rows: 0, known: HashMap::new(), found: Vec::new() }
    }

    /// What is added from now on belongs to the next text.
    pub fn start_text(&mut self) {
        self.found.push(Vec::new());
    }

    /// Takes a pass; `spans` are the words of each of its entities.
    pub async fn add(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) -> Result<()> {
        let (key, place) = (digest(&inputs), Place { text: self.found.len() - 1, spans });
        match self.known.get(&key) {
            Some(Known::Done(entities)) => place.take(entities, &mut self.found),
            Some(Known::Waits(index)) => self.waiting[*index].places.push(place),
            None => {
                if self.rows + inputs.rows() > self.luke.batch_rows() {
                    self.run().await?;
                }
                self.rows += inputs.rows();
                self.known.insert(key, Known::Waits(self.waiting.len()));
                self.waiting.push(Waiting { key, inputs, places: vec![place] });
            }
        }
        Ok(())
    }

    /// Runs what still waits; gives the candidates of each text.
    pub async fn finish(mut self) -> Result<Vec<Vec<Candidate>>> {
        self.run().await?;
        Ok(self.found)
    }

    async fn run(&mut self) -> Result<()> {
        self.rows = 0;
        let (mut batch, mut wanted) = (Vec::new(), Vec::new());
        for Waiting { key, inputs, places } in self.waiting.drain(..) {
            batch.push(inputs);
            wanted.push((key, places));
        }
        let outputs = self.luke.forward_batch(&batch, Some("ner")).await?;
        for (outputs, (key, places)) in outputs.iter().zip(wanted) {
            let entities = outputs.first().map(entities).unwrap_or_default();
            places.iter().for_each(|place| place.take(&entities, &mut self.found));
            self.known.insert(key, Known::Done(entities));
        }
        Ok(())
    }
}

impl Place {
    fn take(&self, entities: &[(usize, Vec<f32>, usize)], found: &mut [Vec<Candidate>]) {
        let candidate = |(span, logits, label): &(usize, Vec<f32>, usize)| Candidate {
            words: self.spans[*span].clone(),
            logits: logits.clone(),
            label: *label,
        };
        found[self.text].extend(entities.iter().map(candidate));
    }
}

fn digest(inputs: &ModelInputs) -> Digested {
    let mut hash = Sha256::new();
    for values in [&inputs.input_ids, &inputs.entity_start_positions, &inputs.entity_end_positions] {
        hash.update((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hash.finalize().into()
}

/// The spans of a pass whose best label is not "no entity".
///
/// # Shapes
/// - logits: `[spans, labels]`
fn entities(logits: &Output) -> Vec<(usize, Vec<f32>, usize)> {
    let rows = logits.values.chunks_exact(logits.shape[1]).enumerate();
    // The first of equal logits, as Python's list.index.
    let best = |row: &[f32]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
    rows.map(|(span, row)| (span, row.to_vec(), best(row))).filter(|(.., label)| *label != 0).collect()
}
