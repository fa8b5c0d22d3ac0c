//! The mean inputs of linear layers, which keep quantized weights unbiased. Rounding a weight changes the result of a
//! layer by `error * x`, where `x` is its input. Most of the effect on the logits comes from the mean of `x`, and a
//! change of the bias cancels that part (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and
//! Bias Correction", section 4.2). The means are taken on a fixed text.

use std::collections::BTreeMap;
use std::path::Path;

use luke_web::backend::DeviceKind;
use luke_web::directory;
use luke_web::{InputSum, Result};

/// The mean input of each linear layer, `[in_features]`, by the name of the layer.
pub type Means = BTreeMap<String, Vec<f32>>;

/// Sentences with many kinds of words, short enough for any model.
const SENTENCES: [&str; 6] = [
    "The 2004 Summer Olympics were held in Athens, Greece, from 13 to 29 August.",
    "Ana Ivanovic, who was born in Belgrade, beat Serena Williams 6-4, 6-3 and told Reuters: \"I didn't expect it!\"",
    "Shares of General Electric Co. fell 3.2% to $41.50 in New York on Monday, after Goldman Sachs cut its forecast.",
    "What did the U.N. Security Council, which met on Friday, say about the war? Nothing (or so we are told).",
    "Results: AC Milan 2 Juventus 1; Real Madrid 0 Barcelona 3; Los Angeles Lakers 101 Boston Celtics 99",
    "The novel by Gabriel Garcia Marquez, translated from Spanish, sold over one million copies in Mexico and Colombia.",
];

/// Runs the model in a folder on the sentences. Each sentence is cut into mentions of one, two and three words in turn.
///
/// # Errors
/// Those of [`directory::load`] and [`Luke::sum_inputs`](luke_web::Luke::sum_inputs).
pub fn mean_inputs(folder: &Path) -> Result<Means> {
    let luke = pollster::block_on(directory::load(folder, DeviceKind::Cpu, false))?;
    let mut sums: BTreeMap<String, (usize, Vec<f32>)> = BTreeMap::new();
    for text in SENTENCES {
        let (mut spans, mut start) = (Vec::new(), 0);
        // The sentences are ASCII, so byte offsets are UTF-16 offsets.
        let ends: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]).collect();
        let mut words = ends.iter();
        for count in [1, 2, 3].into_iter().cycle() {
            let Some(end) = words.nth(count - 1) else { break };
            spans.push([start, *end]);
            start = end + 1;
        }
        for InputSum { layer, rows, sum } in pollster::block_on(luke.sum_inputs(text, &spans))? {
            let (all_rows, all) = sums.entry(layer).or_insert_with(|| (0, vec![0.0; sum.len()]));
            *all_rows += rows;
            all.iter_mut().zip(sum).for_each(|(all, value)| *all += value);
        }
    }
    let mean = |(rows, sum): (usize, Vec<f32>)| sum.iter().map(|value| value / rows as f32).collect();
    Ok(sums.into_iter().map(|(name, sum)| (name, mean(sum))).collect())
}
