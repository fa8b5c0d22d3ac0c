//! Products of rows of numbers. Sums are added in a fixed order: they have the same bits with and without vector instructions.

/// The scalar product, in eight sums.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f32>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f32>()
}

/// The scalar product in double precision, in four sums.
pub(super) fn mixed_dot(a: &[f32], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += f64::from(*a) * b);
    }
    sums.iter().sum::<f64>() + rest_a.iter().zip(rest_b).map(|(a, b)| f64::from(*a) * b).sum::<f64>()
}

/// Adds `factor * values`.
pub(super) fn add(to: &mut [f64], factor: f64, values: &[f32]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += factor * f64::from(*value));
}
