//! Which texts to mark next: those of which a head for `ner` is least sure, and that are not like those already taken.
//!
//! How unsure a head is of a text is the sum over its words of the entropy of their tags (the total token entropy of Settles and Craven, An
//! Analysis of Active Learning Strategies for Sequence Labeling Tasks, 2008). Texts are taken one by one (maximal marginal relevance,
//! Carbonell and Goldstein 1998): the score of a text is its entropy, less the part by which it is like the most similar text that was
//! taken. How similar two texts are is the cosine of the means of their words' features, as they differ from the mean of all texts.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

use serde::{Deserialize, Serialize};

use super::limits;
use super::ner::{NerOptions, Reader, Tagging, settings};
use crate::error::Result;
use crate::luke::{Luke, Turns};
use crate::taught::{TaughtHead, TaughtTask};

/// Options of [`Luke::rank`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RankOptions {
    /// How many texts are given, from 1 to 1,000. Default: all, but 1,000 at most.
    pub top_k: Option<usize>,
}

/// A text and what it would teach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Its place among the texts.
    pub index: usize,
    /// How unsure the head is of it, less what the texts before it in the ranking say too; in natural units of entropy, 0 or more.
    pub score: f64,
}

/// A text that was read.
struct ReadText {
    entropy: f64,
    /// The mean of its words' features.
    features: Vec<f32>,
    /// The largest similarity to a text that was taken, from 0 to 1; `None` once it is taken.
    similar: Option<f64>,
}

/// See [`Luke::rank`].
///
/// # Errors
/// As [`Luke::rank`].
pub(super) async fn run(
    luke: &Luke,
    head: &TaughtHead,
    texts: &[String],
    options: &RankOptions,
) -> Result<Vec<Ranked>> {
    head.check_task("rank", TaughtTask::Ner)?;
    luke.check_head(head)?;
    limits::check_count("texts", texts.len(), limits::MAX_RANKED)?;
    if let Some(count) = options.top_k {
        limits::check("topK", count, &limits::TOP_K)?;
    }
    let (settings, ner) = (settings(luke, &head.about.labels), NerOptions::default());
    let reader = Reader::of_words(luke, &settings, &ner)?;
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        let document = reader.text(text).await?;
        let (mut tagging, mut entropy) = (Tagging::new(&reader, head, &document), 0.0);
        while let Some(window) = tagging.next().await? {
            entropy += (0..window.done).map(|word| window.lattice.entropy(word)).sum::<f64>();
        }
        read.push(ReadText { entropy, features: tagging.mean_features().collect(), similar: Some(0.0) });
    }
    let count = options.top_k.unwrap_or(*limits::TOP_K.end()).min(read.len());
    order(read, count, &mut luke.turns()).await
}

/// Takes so many texts, the most useful first.
async fn order(mut texts: Vec<ReadText>, count: usize, turns: &mut Turns<'_>) -> Result<Vec<Ranked>> {
    center(&mut texts);
    let mut ranked = Vec::with_capacity(count);
    for _ in 0..count {
        let score = |(index, text): (usize, &ReadText)| Some((index, text.entropy * (1.0 - text.similar?)));
        let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
        let Some((index, score)) = texts.iter().enumerate().filter_map(score).reduce(better) else { break };
        ranked.push(Ranked { index, score });
        let Some(taken) = texts.get_mut(index) else { break };
        taken.similar = None;
        let taken = std::mem::take(&mut taken.features);
        for text in &mut texts {
            if let Some(similar) = &mut text.similar {
                let cosine: f32 = text.features.iter().zip(&taken).map(|(a, b)| a * b).sum();
                *similar = similar.max(f64::from(cosine).clamp(0.0, 1.0));
                turns.after(taken.len() / 16).await?;
            }
        }
    }
    Ok(ranked)
}

/// Makes features differences from their mean, of length 1, so that a scalar product is a cosine.
fn center(texts: &mut [ReadText]) {
    let count = texts.len().max(1) as f32;
    let mut mean = vec![0.0f32; texts.first().map_or(0, |text| text.features.len())];
    for text in &*texts {
        mean.iter_mut().zip(&text.features).for_each(|(mean, value)| *mean += value / count);
    }
    for text in texts {
        text.features.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        let length = text.features.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            text.features.iter_mut().for_each(|value| *value /= length);
        }
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use proptest::prelude::*;

    use super::*;

    fn ranked(texts: &[(f64, [f32; 2])], count: usize) -> Vec<usize> {
        let read = |(entropy, features): &(f64, [f32; 2])| ReadText {
            entropy: *entropy,
            features: features.to_vec(),
            similar: Some(0.0),
        };
        let texts = texts.iter().map(read).collect();
        block_on(order(texts, count, &mut Turns::free())).unwrap().iter().map(|text| text.index).collect()
    }

    #[test]
    fn the_least_sure_comes_first_and_what_is_like_it_comes_late() {
        // Two of one kind, and one of another of which the head is surer.
        let texts = [(1.0, [0.0, 1.0]), (3.0, [1.0, 0.0]), (2.9, [1.0, 0.1]), (0.0, [-2.0, -1.1])];
        assert_eq!(ranked(&texts, 4), [1, 0, 2, 3]);
        assert_eq!(ranked(&texts, 2), [1, 0]);
        // Of equal ones the first.
        assert_eq!(ranked(&[(0.0, [0.0, 0.0]); 3], 3), [0, 1, 2]);
        assert_eq!(ranked(&[], 3), [0; 0]);
    }

    proptest! {
        /// Every text comes once, scores never rise, and none is negative.
        #[test]
        fn every_text_once(texts in prop::collection::vec((0.0f64..9.0, [-1.0f32..1.0, -1.0f32..1.0]), 0..30)) {
            let read = texts.iter().map(|(entropy, features)| ReadText { entropy: *entropy, features: features.to_vec(), similar: Some(0.0) });
            let ranked = block_on(order(read.collect(), texts.len(), &mut Turns::free())).unwrap();
            prop_assert!(ranked.array_windows().all(|[a, b]| a.score >= b.score) && ranked.iter().all(|text| text.score >= 0.0));
            let mut places: Vec<_> = ranked.iter().map(|text| text.index).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..texts.len()).collect::<Vec<_>>());
        }
    }
}
