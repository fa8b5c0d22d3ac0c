//! A conditional random field over the words of a sentence, without weights of transitions: a tag says whether a word is outside of all
//! spans, or the beginning, inside, end, or only word of a span of a label (BIOES), and only sequences that make whole spans are possible.
//! So the probability of a span is known exactly, among all ways to cut the sentence into spans.
//!
//! Lafferty, McCallum and Pereira, Conditional Random Fields, 2001. Sums run over logarithms, because the probability of a long sentence
//! is below the smallest number.

use std::ops::Range;

/// Tags of a label; before all labels is the tag of words outside of spans.
const BEGIN: usize = 0;
const INSIDE: usize = 1;
const END: usize = 2;
const SINGLE: usize = 3;

const NEVER: f64 = f64::NEG_INFINITY;

/// A span of words of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabeledSpan {
    /// The words; at least one.
    pub words: Range<usize>,
    /// Number of its label.
    pub label: usize,
}

/// How many tags there are for so many labels.
pub const fn tags(labels: usize) -> usize {
    1 + 4 * labels
}

/// The tag of a word in a span: `at` is its place in the span of `length` words.
fn tag(label: usize, at: usize, length: usize) -> usize {
    let part = match (at, length - 1 - at) {
        (0, 0) => SINGLE,
        (0, _) => BEGIN,
        (_, 0) => END,
        _ => INSIDE,
    };
    1 + 4 * label + part
}

/// The loss of a sentence, and its gradient: the negative logarithm of the probability of its spans, which do not overlap.
///
/// # Shapes
/// - logits, gradient: `[words, tags]`; there is at least one word
pub fn loss(logits: &[f32], spans: &[LabeledSpan], tags: usize, gradient: &mut [f32]) -> f64 {
    let lattice = Lattice::new(logits, tags);
    let mut gold = vec![0; lattice.words()];
    for span in spans {
        let length = span.words.len();
        gold[span.words.clone()].iter_mut().enumerate().for_each(|(at, gold)| *gold = tag(span.label, at, length));
    }
    let mut score = 0.0;
    for (word, gold) in gold.into_iter().enumerate() {
        let slopes = &mut gradient[word * tags..][..tags];
        for (tag, slope) in slopes.iter_mut().enumerate() {
            *slope = lattice.marginal(word, tag) as f32;
        }
        slopes[gold] -= 1.0;
        score += lattice.logit(word, gold);
    }
    lattice.total - score
}

/// All ways to cut a sentence into spans.
pub struct Lattice<'a> {
    logits: &'a [f32],
    tags: usize,
    /// `[words, tags]`: the logarithm of the weight of all ways up to a word that has this tag, the word included.
    forward: Vec<f64>,
    /// `[words, tags]`: that of all ways behind it.
    backward: Vec<f64>,
    /// `[words + 1]`: that of all ways up to a word in which no span reaches across its start.
    before: Vec<f64>,
    /// `[words + 1]`: that of all ways from a word on in which no span reaches across its start.
    after: Vec<f64>,
    /// That of all ways.
    total: f64,
}

impl<'a> Lattice<'a> {
    /// Takes the logits `[words, tags]` of a sentence, of at least one word.
    pub fn new(logits: &'a [f32], tags: usize) -> Self {
        let (states, bounds) = (vec![NEVER; logits.len()], vec![0.0; logits.len() / tags + 1]);
        let (forward, backward, before, after) = (states.clone(), states, bounds.clone(), bounds);
        let mut lattice = Self { logits, tags, forward, backward, before, after, total: 0.0 };
        lattice.run_forward();
        lattice.run_backward();
        lattice.total = lattice.before[lattice.words()];
        lattice
    }

    /// How many words the sentence has.
    pub fn words(&self) -> usize {
        self.logits.len() / self.tags
    }

    fn logit(&self, word: usize, tag: usize) -> f64 {
        f64::from(self.logits[word * self.tags + tag])
    }

    fn run_forward(&mut self) {
        for word in 0..self.words() {
            let free = self.before[word];
            for tag in 0..self.tags {
                // What is behind a span's beginning or inside goes on with the same label; all else begins anew.
                let before = match (tag != 0).then(|| (tag - 1) % 4) {
                    Some(INSIDE | END) if word == 0 => NEVER,
                    Some(part @ (INSIDE | END)) => {
                        let begin = (word - 1) * self.tags + tag - part;
                        log_sum([self.forward[begin], self.forward[begin + INSIDE]])
                    }
                    _ => free,
                };
                self.forward[word * self.tags + tag] = before + self.logit(word, tag);
            }
            let own = &self.forward[word * self.tags..][..self.tags];
            self.before[word + 1] = log_sum(free_tags(self.tags, [END, SINGLE]).map(|tag| own[tag]));
        }
    }

    fn run_backward(&mut self) {
        for word in (0..self.words()).rev() {
            let free = self.after[word + 1];
            for tag in 0..self.tags {
                let behind = match (tag != 0).then(|| (tag - 1) % 4) {
                    Some(BEGIN | INSIDE) if word + 1 == self.words() => NEVER,
                    Some(part @ (BEGIN | INSIDE)) => {
                        let begin = tag - part;
                        let next = |part| {
                            self.logit(word + 1, begin + part) + self.backward[(word + 1) * self.tags + begin + part]
                        };
                        log_sum([next(INSIDE), next(END)])
                    }
                    _ => free,
                };
                self.backward[word * self.tags + tag] = behind;
            }
            let way = |tag: usize| self.logit(word, tag) + self.backward[word * self.tags + tag];
            self.after[word] = log_sum(free_tags(self.tags, [BEGIN, SINGLE]).map(way));
        }
    }

    fn marginal(&self, word: usize, tag: usize) -> f64 {
        let place = word * self.tags + tag;
        libm::exp(self.forward[place] + self.backward[place] - self.total)
    }

    /// How unsure the tag of a word is: the entropy of its tags, in natural units; 0 where one of them is certain.
    pub fn entropy(&self, word: usize) -> f64 {
        let part = |probability: f64| if probability > 0.0 { -probability * libm::log(probability) } else { 0.0 };
        (0..self.tags).map(|tag| part(self.marginal(word, tag))).sum()
    }

    /// The probability that these words are a span of this label.
    pub fn probability(&self, span: &LabeledSpan) -> f64 {
        let length = span.words.len();
        let own: f64 =
            span.words.clone().enumerate().map(|(at, word)| self.logit(word, tag(span.label, at, length))).sum();
        libm::exp(self.before[span.words.start] + own + self.after[span.words.end] - self.total)
    }

    /// The likeliest way (Viterbi): its spans in order. Of equal ways, that with the lower tags is taken.
    pub fn best(&self) -> Vec<LabeledSpan> {
        let (words, tags) = (self.words(), self.tags);
        // The best way up to each word and tag, and the tag before it.
        let (mut best, mut from) = (vec![NEVER; words * tags], vec![0; words * tags]);
        let free = |best: &[f64], word: usize| match word.checked_sub(1) {
            None => (0, 0.0),
            Some(last) => highest(free_tags(tags, [END, SINGLE]).map(|tag| (tag, best[last * tags + tag]))),
        };
        for word in 0..words {
            let outside = free(&best, word);
            for tag in 0..tags {
                let (last, score) = match (tag != 0).then(|| (tag - 1) % 4) {
                    Some(INSIDE | END) if word == 0 => (0, NEVER),
                    Some(part @ (INSIDE | END)) => {
                        let begin = tag - part;
                        highest([begin, begin + INSIDE].map(|last| (last, best[(word - 1) * tags + last])))
                    }
                    _ => outside,
                };
                best[word * tags + tag] = score + self.logit(word, tag);
                from[word * tags + tag] = last;
            }
        }
        let (mut tag, _) = free(&best, words);
        let (mut spans, mut end) = (Vec::new(), words);
        for word in (0..words).rev() {
            match (tag != 0).then(|| ((tag - 1) / 4, (tag - 1) % 4)) {
                Some((_, END)) => end = word + 1,
                Some((label, SINGLE)) => spans.push(LabeledSpan { words: word..word + 1, label }),
                Some((label, BEGIN)) => spans.push(LabeledSpan { words: word..end, label }),
                _ => {}
            }
            tag = from[word * tags + tag];
        }
        spans.reverse();
        spans
    }
}

/// The tag of words outside of spans, and of each label the tags of two parts.
fn free_tags(tags: usize, parts: [usize; 2]) -> impl Iterator<Item = usize> + Clone {
    std::iter::once(0).chain((1..tags).step_by(4).flat_map(move |first| parts.map(|part| first + part)))
}

/// The first of the highest scores.
fn highest(scores: impl IntoIterator<Item = (usize, f64)>) -> (usize, f64) {
    scores.into_iter().fold((0, NEVER), |best, next| if next.1 > best.1 { next } else { best })
}

/// The logarithm of the sum of numbers that are given by their logarithms.
fn log_sum(logs: impl IntoIterator<Item = f64, IntoIter: Clone>) -> f64 {
    let logs = logs.into_iter();
    let max = logs.clone().fold(NEVER, f64::max);
    if max == NEVER {
        return NEVER;
    }
    max + libm::log(logs.map(|log| libm::exp(log - max)).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All ways to cut the words from `word` on into spans.
    fn ways(word: usize, words: usize, labels: usize) -> Vec<Vec<LabeledSpan>> {
        if word == words {
            return vec![Vec::new()];
        }
        let mut all = ways(word + 1, words, labels);
        for end in word + 1..=words {
            for rest in ways(end, words, labels) {
                for label in 0..labels {
                    all.push([&[LabeledSpan { words: word..end, label }], rest.as_slice()].concat());
                }
            }
        }
        all
    }

    fn score(logits: &[f32], tags: usize, spans: &[LabeledSpan]) -> f64 {
        let mut of_words = vec![0; logits.len() / tags];
        for span in spans {
            span.words
                .clone()
                .for_each(|word| of_words[word] = tag(span.label, word - span.words.start, span.words.len()));
        }
        of_words.iter().enumerate().map(|(word, tag)| f64::from(logits[word * tags + tag])).sum()
    }

    proptest! {
        /// Sums, probabilities, the likeliest way and the gradient are those of the list of all ways.
        #[test]
        fn it_agrees_with_the_list_of_all_ways(words in 1usize..6, labels in 1usize..3, seed in prop::collection::vec(-4.0f32..4.0, 45)) {
            let tags = tags(labels);
            let logits: Vec<f32> = seed.into_iter().cycle().take(words * tags).collect();
            let lattice = Lattice::new(&logits, tags);
            let all = ways(0, words, labels);
            let weights: Vec<f64> = all.iter().map(|spans| score(&logits, tags, spans).exp()).collect();
            let total: f64 = weights.iter().sum();
            prop_assert!((lattice.total - total.ln()).abs() < 1e-9);
            let best = all.iter().zip(&weights).max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            prop_assert!((score(&logits, tags, &lattice.best()).exp() - best.1).abs() <= 1e-9 * best.1);
            for start in 0..words {
                for end in start + 1..=words {
                    for label in 0..labels {
                        let span = LabeledSpan { words: start..end, label };
                        let with: f64 = all.iter().zip(&weights).filter(|(spans, _)| spans.contains(&span)).map(|(_, weight)| weight).sum();
                        prop_assert!((lattice.probability(&span) - with / total).abs() < 1e-9);
                    }
                }
            }
            for word in 0..words {
                let tag_of = |spans: &[LabeledSpan]| {
                    let span = spans.iter().find(|span| span.words.contains(&word));
                    span.map_or(0, |span| tag(span.label, word - span.words.start, span.words.len()))
                };
                let mut of_tags = vec![0.0; tags];
                all.iter().zip(&weights).for_each(|(spans, weight)| of_tags[tag_of(spans)] += weight / total);
                let entropy: f64 = of_tags.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
                prop_assert!((lattice.entropy(word) - entropy).abs() < 1e-9);
            }
            let gold = &all[all.len() / 2];
            let mut gradient = vec![0.0; logits.len()];
            let value = loss(&logits, gold, tags, &mut gradient);
            prop_assert!((value - (total.ln() - score(&logits, tags, gold))).abs() < 1e-9);
            for (i, slope) in gradient.iter().enumerate() {
                let moved = |by: f32| {
                    let mut logits = logits.clone();
                    logits[i] += by;
                    loss(&logits, gold, tags, &mut vec![0.0; logits.len()])
                };
                let measured = (moved(0.01) - moved(-0.01)) / 0.02;
                prop_assert!((f64::from(*slope) - measured).abs() < 1e-3, "{slope} and {measured}");
            }
        }
    }

    #[test]
    fn a_long_sentence_keeps_its_probabilities() {
        let (words, tags) = (20_000, tags(1));
        let logits: Vec<f32> = (0..words).flat_map(|word| [0.0, (word % 7) as f32 - 3.0, -1.0, 1.0, 0.5]).collect();
        let lattice = Lattice::new(&logits, tags);
        let all: f64 = (0..tags).map(|tag| lattice.marginal(words / 2, tag)).sum();
        assert!((all - 1.0).abs() < 1e-6, "{all}");
        let best = lattice.best();
        assert!(best.windows(2).all(|pair| pair[0].words.end <= pair[1].words.start) && !best.is_empty());
    }
}
