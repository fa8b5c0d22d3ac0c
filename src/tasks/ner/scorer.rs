//! Runs the passes of all texts of a call. Several passes share a batch, and equal passes run only once, in this call or an
//! earlier one.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use crate::error::Result;
use crate::heads::{HeadKind, HeadSpec};
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Output, OutputName, PassKey};
use crate::tasks::labels::softmax;
use crate::tasks::limits;

/// A span of words that is an entity, or nearly one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoredSpan {
    /// The words.
    pub words: Range<usize>,
    /// A logit for each label.
    pub logits: Vec<f32>,
    /// The best label of an entity.
    pub label: usize,
    /// Whether "no entity" is not better.
    pub is_entity: bool,
    /// Number of its pass in the call. Spans of equal logits are taken in the order of their passes.
    pub pass: usize,
}

/// Takes the passes of a call, and gives the scored spans of each text.
pub(super) struct Scorer<'a> {
    luke: &'a Luke,
    queue: Queue,
}

impl<'a> Scorer<'a> {
    /// A scorer without passes, for a model and its head `ner`. It also gives spans that are no entities, if their best label has
    /// at least the probability `runners_up`.
    pub fn new(luke: &'a Luke, head: &HeadSpec, runners_up: Option<f64>) -> Self {
        // In a folder whose labels do not say it, "no entity" is the first.
        let rule = Rule { no_entity: head.no_entity().unwrap_or(0), temperature: head.temperature(), runners_up };
        Self { luke, queue: Queue { rule, ..Queue::default() } }
    }

    /// Begins the next text, and ends the one before it. The passes that are pushed after this belong to it. Call it before the
    /// first pass too.
    pub fn start_text(&mut self) {
        self.end_text();
        self.queue.texts.push_back(Text::default());
    }

    /// Says that the last text has no more passes.
    pub fn end_text(&mut self) {
        if let Some(last) = self.queue.texts.back_mut() {
            last.is_whole = true;
        }
    }

    /// Adds a pass. `spans` are the word ranges of its entities, in order. Runs the waiting passes if they fill a
    /// batch.
    ///
    /// # Errors
    /// Those of [`Luke::forward_head`]; `input` for more near misses than [`limits::MAX_RUNNERS_UP`].
    ///
    /// # Panics
    /// Here or in [`run`](Self::run), if no text has begun.
    pub async fn push(&mut self, inputs: ModelInputs, spans: Vec<Range<usize>>) -> Result<()> {
        let key = PassKey::of(HeadKind::Ner, &inputs);
        if !self.queue.known.contains_key(&key) {
            if let Some(logits) = self.luke.pass_cache().get(&key) {
                self.queue.add_known(key, &logits, inputs.entity_ids.len());
            } else if self.queue.rows + inputs.rows() > self.luke.batch_rows() {
                self.run().await?;
            }
        }
        self.queue.push(key, inputs, spans)
    }

    /// Runs the passes that still wait.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn run(&mut self) -> Result<()> {
        let batch = self.queue.take_batch();
        let outputs = self.luke.forward_head(&batch, Some(HeadKind::Ner)).await?;
        let logits = outputs.iter().map(|outputs| Output::find(outputs, OutputName::Logits));
        let logits = logits.collect::<Result<Vec<_>>>()?;
        for ((key, _), logits) in self.queue.waiting.iter().zip(&logits) {
            self.luke.pass_cache().put(*key, &logits.values);
        }
        self.queue.finish_batch(&logits)
    }

    /// The spans of the next text in the order of the texts, if all its passes have run.
    pub fn next_done(&mut self) -> Option<Vec<ScoredSpan>> {
        self.queue.next_done()
    }
}

/// Passes that wait, and the results of those that have run.
#[derive(Default)]
struct Queue {
    rule: Rule,
    inputs: Vec<ModelInputs>,
    /// Words and entities of `inputs`.
    rows: usize,
    /// The key of each of `inputs`, and where it occurs.
    waiting: Vec<(PassKey, Vec<Occurrence>)>,
    known: HashMap<PassKey, Known>,
    /// Texts whose spans were not taken yet, in their order.
    texts: VecDeque<Text>,
    /// Number of texts that were taken.
    taken: usize,
    /// Number of passes that were pushed.
    passes: usize,
}

/// Which spans of a pass count.
#[derive(Clone, Copy)]
struct Rule {
    /// The label that means "no entity".
    no_entity: usize,
    /// That of the head.
    temperature: f64,
    runners_up: Option<f64>,
}

impl Default for Rule {
    fn default() -> Self {
        Self { no_entity: 0, temperature: 1.0, runners_up: None }
    }
}

/// What is known of a text.
#[derive(Default)]
struct Text {
    /// In the order in which the passes ended.
    found: Vec<ScoredSpan>,
    /// How many of `found` are no entities.
    near: usize,
    /// How many of its passes have not run yet.
    waiting: usize,
    /// Whether all its passes were pushed.
    is_whole: bool,
}

/// Where a pass occurs: a text, and the words of each of the pass's entities in it.
struct Occurrence {
    text: usize,
    pass: usize,
    spans: Vec<Range<usize>>,
}

enum Known {
    /// Index in `inputs`.
    Waiting(usize),
    Done(Vec<Near>),
}

/// A span that is an entity, or nearly one.
#[derive(Clone)]
struct Near {
    /// Its number in the pass.
    span: usize,
    logits: Vec<f32>,
    label: usize,
    is_entity: bool,
}

impl Queue {
    fn push(&mut self, key: PassKey, inputs: ModelInputs, spans: Vec<Range<usize>>) -> Result<()> {
        let text = self.taken + self.texts.len().saturating_sub(1);
        let occurrence = Occurrence { text, pass: self.passes, spans };
        self.passes += 1;
        match self.known.get(&key) {
            Some(Known::Done(near)) => return add(&mut self.texts, self.taken, &occurrence, near),
            Some(Known::Waiting(index)) => self.waiting[*index].1.push(occurrence),
            None => {
                self.known.insert(key, Known::Waiting(self.inputs.len()));
                self.rows += inputs.rows();
                self.inputs.push(inputs);
                self.waiting.push((key, vec![occurrence]));
            }
        }
        if let Some(text) = self.texts.back_mut() {
            text.waiting += 1;
        }
        Ok(())
    }

    /// Adds what a pass of so many spans gave in an earlier call.
    fn add_known(&mut self, key: PassKey, logits: &[f32], spans: usize) {
        let near = near(logits, logits.len() / spans.max(1), self.rule);
        self.known.insert(key, Known::Done(near));
    }

    /// Takes the passes that are to run now.
    fn take_batch(&mut self) -> Vec<ModelInputs> {
        self.rows = 0;
        std::mem::take(&mut self.inputs)
    }

    /// Adds the logits `[spans, labels]` of each of the passes taken.
    fn finish_batch(&mut self, logits: &[&Output]) -> Result<()> {
        for (logits, (key, occurrences)) in logits.iter().zip(self.waiting.drain(..)) {
            let near = near(&logits.values, logits.shape[1], self.rule);
            for occurrence in &occurrences {
                self.texts[occurrence.text - self.taken].waiting -= 1;
                add(&mut self.texts, self.taken, occurrence, &near)?;
            }
            self.known.insert(key, Known::Done(near));
        }
        Ok(())
    }

    /// The spans of a text in the order of their passes. A pass that has run before ends earlier than those that wait, and
    /// how many wait depends on the device: the order in which they ended must not decide between equal logits.
    fn next_done(&mut self) -> Option<Vec<ScoredSpan>> {
        let mut text = self.texts.pop_front_if(|text| text.is_whole && text.waiting == 0)?;
        self.taken += 1;
        text.found.sort_by_key(|span| span.pass);
        Some(text.found)
    }
}

/// Adds the spans of a pass at one place where it occurs. `taken` texts are before `texts`.
fn add(texts: &mut VecDeque<Text>, taken: usize, occurrence: &Occurrence, near: &[Near]) -> Result<()> {
    let text = &mut texts[occurrence.text - taken];
    text.near += near.iter().filter(|near| !near.is_entity).count();
    limits::check_runners_up(text.near)?;
    let scored = |near: &Near| ScoredSpan {
        words: occurrence.spans[near.span].clone(),
        logits: near.logits.clone(),
        label: near.label,
        is_entity: near.is_entity,
        pass: occurrence.pass,
    };
    text.found.extend(near.iter().map(scored));
    Ok(())
}

/// The spans of a pass whose best label is not "no entity", and those whose best other label has at least the probability
/// `runners_up`.
fn near(logits: &[f32], labels: usize, rule: Rule) -> Vec<Near> {
    let Rule { no_entity, temperature, runners_up } = rule;
    let rows = logits.chunks_exact(labels.max(1)).enumerate();
    // The first of equal logits, as Python's list.index.
    let best = |row: &[f32], except: Option<usize>| {
        (0..row.len()).filter(|label| Some(*label) != except).rev().max_by(|a, b| row[*a].total_cmp(&row[*b]))
    };
    let near = rows.filter_map(|(span, row)| {
        let is_entity = best(row, None)? != no_entity;
        let label = best(row, Some(no_entity))?;
        let counts = is_entity || runners_up.is_some_and(|p| softmax(row, temperature)[label] >= p);
        counts.then(|| Near { span, logits: row.to_vec(), label, is_entity })
    });
    near.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(first_token: u32, end: u32) -> ModelInputs {
        ModelInputs {
            input_ids: vec![0, first_token, 8, 2],
            entity_ids: vec![1, 1],
            entity_start_positions: vec![1, 2],
            entity_end_positions: vec![end, 2],
            ..Default::default()
        }
    }

    fn spans(word: usize) -> Vec<Range<usize>> {
        vec![word..word + 1, word + 1..word + 2]
    }

    fn logits(values: [f32; 6]) -> Output {
        Output { name: OutputName::Logits, shape: vec![2, 3], values: values.to_vec() }
    }

    fn push(queue: &mut Queue, inputs: ModelInputs, word: usize) {
        queue.push(PassKey::of(HeadKind::Ner, &inputs), inputs, spans(word)).unwrap();
    }

    fn start_text(queue: &mut Queue) {
        queue.texts.iter_mut().for_each(|text| text.is_whole = true);
        queue.texts.push_back(Text::default());
    }

    #[test]
    fn the_same_pass_runs_once_and_counts_in_every_place() {
        let found = |words, best: usize, pass: usize| {
            let logits = if best == 1 { vec![0.0, 2.0, 1.0] } else { vec![0.0, 1.0, 2.0] };
            ScoredSpan { words, logits, label: best, is_entity: true, pass }
        };
        let mut queue = Queue::default();
        start_text(&mut queue);
        push(&mut queue, pass(7, 1), 0);
        push(&mut queue, pass(7, 2), 10);
        push(&mut queue, pass(7, 1), 20);
        start_text(&mut queue);
        push(&mut queue, pass(7, 1), 5);
        assert_eq!((queue.rows, queue.take_batch()), (12, vec![pass(7, 1), pass(7, 2)]));
        assert_eq!(queue.next_done(), None, "no pass has run");
        queue
            .finish_batch(&[&logits([0.0, 2.0, 1.0, 3.0, 1.0, 1.0]), &logits([1.0, 1.0, 1.0, 0.0, 1.0, 2.0])])
            .unwrap();
        // Of equal logits the first label, and the first label is no entity.
        assert_eq!(queue.next_done().unwrap(), [found(0..1, 1, 0), found(11..12, 2, 1), found(20..21, 1, 2)]);
        assert_eq!(queue.next_done(), None, "passes of the second text may still come");
        push(&mut queue, pass(9, 1), 40);
        push(&mut queue, pass(7, 2), 30);
        assert_eq!(queue.take_batch(), [pass(9, 1)], "what has run is not run again");
        start_text(&mut queue);
        assert_eq!(queue.next_done(), None, "a pass of the second text waits");
        queue.finish_batch(&[&logits([0.0, 2.0, 1.0, 5.0, 5.0, 5.0])]).unwrap();
        // The pass at word 30 ended before that at word 40.
        assert_eq!(queue.next_done().unwrap(), [found(5..6, 1, 3), found(40..41, 1, 4), found(31..32, 2, 5)]);
    }

    #[test]
    fn what_an_earlier_call_gave_is_taken_from_it() {
        let mut queue = Queue::default();
        let key = PassKey::of(HeadKind::Ner, &pass(7, 1));
        queue.add_known(key, &[0.0, 2.0, 1.0, 3.0, 1.0, 1.0], 2);
        start_text(&mut queue);
        push(&mut queue, pass(7, 1), 4);
        start_text(&mut queue);
        assert_eq!(queue.take_batch(), []);
        let found = ScoredSpan { words: 4..5, logits: vec![0.0, 2.0, 1.0], label: 1, is_entity: true, pass: 0 };
        assert_eq!(queue.next_done().unwrap(), [found]);
    }

    #[test]
    fn near_misses_are_bounded_and_reach_the_probability() {
        // Probabilities of the best label: 0.5 (an entity), 0.2119, 0.0.
        let values = [0.0, 0.0, -1e9, 1.0, -1e9, -0.3132617, 9.0, -1e9, -1e9];
        let kept = |p: Option<f64>| -> Vec<_> {
            near(&values, 3, Rule { runners_up: p, ..Rule::default() })
                .into_iter()
                .map(|near| (near.span, near.label, near.is_entity))
                .collect()
        };
        assert_eq!(kept(None), []);
        assert_eq!(kept(Some(0.5)), [(0, 1, false)], "of equal logits the first label");
        assert_eq!(kept(Some(0.2)), [(0, 1, false), (1, 2, false)]);
        assert_eq!(kept(Some(0.0)), [(0, 1, false), (1, 2, false), (2, 1, false)]);
        assert_eq!(kept(Some(1.1)), []);

        let mut queue = Queue { rule: Rule { runners_up: Some(0.0), ..Rule::default() }, ..Queue::default() };
        start_text(&mut queue);
        let many = vec![0.0; 3 * limits::MAX_RUNNERS_UP];
        let inputs = pass(7, 1);
        let key = PassKey::of(HeadKind::Ner, &inputs);
        queue.add_known(key, &many, limits::MAX_RUNNERS_UP);
        let spans = |count: usize| (0..count).map(|word| word..word + 1).collect::<Vec<_>>();
        queue.push(key, inputs.clone(), spans(limits::MAX_RUNNERS_UP)).unwrap();
        let error = queue.push(key, inputs, spans(limits::MAX_RUNNERS_UP)).unwrap_err();
        assert_eq!(error.code(), "input");
        assert!(error.to_string().contains("runnersUp"), "{error}");
    }
}
