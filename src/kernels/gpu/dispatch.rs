//! How work is cut into dispatches that WebGPU accepts.

use std::ops::Range;

/// Workgroups along one axis of a dispatch that every WebGPU device accepts (`maxComputeWorkgroupsPerDimension`).
pub const MAX_WORKGROUPS: usize = 65_535;

/// A call of a shader.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Workgroups along x and y, each at most [`MAX_WORKGROUPS`].
    pub workgroups: [usize; 2],
    /// The shader's `params`, as 32-bit numbers.
    pub params: Vec<usize>,
    /// How much work it is, about.
    pub flop: f64,
}

/// FLOP of a dispatch that does little with each of its numbers, and takes its time to read and write them.
#[cfg(feature = "webgpu")]
pub fn flop_of_numbers(numbers: usize) -> f64 {
    10.0 * numbers as f64
}

/// Cuts a range into runs of at most `max_len` items, one for each dispatch. An empty range has no runs.
///
/// # Panics
/// If `max_len` is 0.
pub fn runs(range: Range<usize>, max_len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(max_len).map(move |start| start..(start + max_len).min(end))
}

/// Workgroups along x and y for a shader that goes on with item `i + workgroups` after item `i`.
pub fn strided(items: usize) -> [usize; 2] {
    [items.min(MAX_WORKGROUPS), 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_a_range_once() {
        let cut = |range, max_len| runs(range, max_len).collect::<Vec<_>>();
        assert_eq!(cut(3..10, 4), [3..7, 7..10]);
        assert_eq!(cut(0..8, 4), [0..4, 4..8]);
        assert_eq!(cut(5..6, MAX_WORKGROUPS), vec![5..6]);
        assert!(cut(5..5, 4).is_empty());
    }

    #[test]
    fn loops_stay_within_the_limit() {
        assert_eq!([strided(7), strided(65_535), strided(65_536)], [[7, 1], [65_535, 1], [65_535, 1]]);
    }
}
