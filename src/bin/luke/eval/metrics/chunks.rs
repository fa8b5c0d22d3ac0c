//! Exact entities by the rules of `conlleval` (the script of the CoNLL shared tasks). These rules read both IOB1 and
//! IOB2: a chunk starts at `B-`, and at `I-` if the word before it is outside or of another type.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::Counts;

/// The first word, the word after the last, and the label.
pub type Chunk = (usize, usize, String);

/// Whether a tag is `O`, `B-type` or `I-type`.
pub fn is_tag(tag: &str) -> bool {
    tag == "O" || split(tag).is_some_and(|(_, label)| !label.is_empty())
}

/// Whether the tag is `B-`, and its type. `None` for other tags, such as `O`.
fn split(tag: &str) -> Option<(bool, &str)> {
    let begins = tag.starts_with("B-");
    tag.strip_prefix("B-").or_else(|| tag.strip_prefix("I-")).map(|label| (begins, label))
}

/// The chunks of one sentence, in order. They count words from the start of the sentence.
pub fn chunks(tags: &[String]) -> Vec<Chunk> {
    let mut found: Vec<Chunk> = Vec::new();
    for (i, tag) in tags.iter().enumerate() {
        let Some((begins, label)) = split(tag) else { continue };
        match found.last_mut() {
            Some(last) if !begins && last.1 == i && last.2 == label => last.1 = i + 1,
            _ => found.push((i, i + 1, label.to_owned())),
        }
    }
    found
}

/// The tagging scheme of the sentences. `IOB2`: every chunk starts with `B-`. `IOB1`: `B-` starts only chunks that
/// directly follow a chunk of their type. `mixed`: neither. `None` if there are no chunks. The score does not depend on
/// the scheme.
pub fn scheme<'a>(sentences: impl Iterator<Item = &'a [String]>) -> Option<&'static str> {
    let (mut first_inside, mut needless_begin) = (false, false);
    for tags in sentences {
        let mut last: Option<Chunk> = None;
        for chunk in chunks(tags) {
            let follows = last.is_some_and(|last| last.1 == chunk.0 && last.2 == chunk.2);
            let begins = tags[chunk.0].starts_with("B-");
            first_inside |= !begins;
            needless_begin |= begins && !follows;
            last = Some(chunk);
        }
    }
    match (first_inside, needless_begin) {
        (true, true) => Some("mixed"),
        (true, false) => Some("IOB1"),
        (false, true) => Some("IOB2"),
        (false, false) => None,
    }
}

/// Counts of exact chunks, over all labels and for each label.
#[derive(Debug, Default)]
pub struct ChunkScore {
    all: Counts,
    labels: BTreeMap<String, Counts>,
}

impl ChunkScore {
    /// Adds the chunks of a sentence or a document.
    pub fn add(&mut self, gold: &[Chunk], predicted: &[Chunk]) {
        let known: HashSet<&Chunk> = gold.iter().collect();
        self.count(gold, |counts| &mut counts.gold);
        self.count(predicted, |counts| &mut counts.predicted);
        self.count(predicted.iter().filter(|chunk| known.contains(chunk)), |counts| &mut counts.correct);
    }

    fn count<'a>(&mut self, chunks: impl IntoIterator<Item = &'a Chunk>, field: impl Fn(&mut Counts) -> &mut usize) {
        for (_, _, label) in chunks {
            *field(&mut self.all) += 1;
            *field(self.labels.entry(label.clone()).or_default()) += 1;
        }
    }

    /// Precision, recall and F1 in percent, over all labels and for each label, and the counts over all labels.
    pub fn figures(&self) -> Value {
        let mut figures = self.all.figures();
        figures["gold"] = self.all.gold.into();
        figures["predicted"] = self.all.predicted.into();
        figures["correct"] = self.all.correct.into();
        figures["labels"] = self.labels.iter().map(|(label, counts)| (label.clone(), counts.figures())).collect();
        json!(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_figures, cases};
    use super::*;

    #[test]
    fn figures_are_those_of_conlleval_and_seqeval() {
        for (i, case) in cases("conll2003").iter().enumerate() {
            let tags = |side: &str| serde_json::from_value::<Vec<Vec<String>>>(case[side].clone()).unwrap();
            let (gold, predicted) = (tags("gold"), tags("predicted"));
            let mut score = ChunkScore::default();
            for (gold, predicted) in gold.iter().zip(&predicted) {
                score.add(&chunks(gold), &chunks(predicted));
            }
            assert_figures(&score.figures(), &case["figures"], &format!("case {i}"));
            let want = case["scheme"].as_str();
            assert_eq!(scheme(gold.iter().map(Vec::as_slice)), want, "case {i}");
        }
    }

    #[test]
    fn tags_are_o_b_or_i_with_a_type() {
        for (tag, good) in [("O", true), ("B-PER", true), ("I-a-b", true), ("B-", false), ("S-PER", false), ("", false)]
        {
            assert_eq!(is_tag(tag), good, "{tag}");
        }
    }
}
