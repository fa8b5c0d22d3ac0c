//! How far scores are from the share of right predictions: the expected calibration error of Guo et al. 2017, section 2, with ten bins.

/// Predictions by their scores.
#[derive(Default)]
pub struct Calibration {
    bins: [Bin; 10],
}

#[derive(Clone, Copy, Default)]
struct Bin {
    /// Sum of the scores, and numbers of predictions.
    scores: f64,
    right: usize,
    all: usize,
}

impl Calibration {
    /// Adds a prediction with a score from 0 to 1.
    pub fn add(&mut self, score: f64, is_right: bool) {
        let last = self.bins.len() - 1;
        let bin = &mut self.bins[((score * 10.0) as usize).min(last)];
        bin.scores += score;
        bin.right += usize::from(is_right);
        bin.all += 1;
    }

    /// The error from 0 to 1; 0 without predictions.
    pub fn error(&self) -> f64 {
        let all: usize = self.bins.iter().map(|bin| bin.all).sum();
        // The mean over all predictions of the distance of their bin.
        self.bins.iter().map(|bin| (bin.scores - bin.right as f64).abs()).sum::<f64>() / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_scores_and_shares() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.error(), 0.0);
        for (score, is_right) in [(0.75, true), (0.75, true), (0.75, true), (0.75, false)] {
            calibration.add(score, is_right);
        }
        assert_eq!(calibration.error(), 0.0);
        (0..4).for_each(|_| calibration.add(1.0, false));
        assert_eq!(calibration.error(), 0.5);
    }
}
