//! Functions of single numbers, written without branches or calls so that the compiler can vectorize loops over them.

/// Adding this (1.5 * 2^23) to a small number rounds it to an integer, which is then in the lowest bits of the sum.
pub(super) const ROUND: f32 = 12_582_912.0;

/// `e^x` with a relative error below 2e-7; 0 below -87, where it would not be a normal f32 (Cephes' polynomial).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let within = x.clamp(-87.0, 88.0);
    let shifted = within * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 is subtracted in two parts, so that the remainder is exact.
    let r = within - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let two_to_n = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    let y = (p * r * r + r + 1.0) * two_to_n;
    if x < -87.0 { 0.0 } else { y }
}

/// `x Φ(x)`; the error function is Abramowitz and Stegun's formula 7.1.26, |error| < 1.5e-7, as in the shaders of `linear`.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    let erf = (1.0 - poly * exp(-z * z)).copysign(x);
    0.5 * x * (1.0 + erf)
}

/// The sum of `of(value)`, in eight partial sums.
pub(super) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    fold(values, 0.0, |sum, value| sum + of(value)).iter().sum()
}

/// The largest number; minus infinity where there is none.
pub(super) fn max(values: &[f32]) -> f32 {
    let lanes = fold(values, f32::NEG_INFINITY, |max, value| if value > max { value } else { max });
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// The smallest number; infinity where there is none.
pub(super) fn min(values: &[f32]) -> f32 {
    let lanes = fold(values, f32::INFINITY, |min, value| if value < min { value } else { min });
    lanes.into_iter().fold(f32::INFINITY, f32::min)
}

/// Folds the numbers into eight lanes: lane `i` takes every eighth number from the `i`th on.
#[inline(always)]
fn fold(values: &[f32], start: f32, with: impl Fn(f32, f32) -> f32) -> [f32; 8] {
    let mut all = [start; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        all.iter_mut().zip(eight).for_each(|(all, value)| *all = with(*all, *value));
    }
    all.iter_mut().zip(rest).for_each(|(all, value)| *all = with(*all, *value));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_ulps() {
        let mut worst: f64 = 0.0;
        for i in -870_000..880_000 {
            let x = i as f32 * 1e-4;
            let want = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / want - 1.0).abs());
        }
        assert!(worst < 2e-7, "{worst:e}");
        assert_eq!((exp(0.0), exp(f32::MIN), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan(), "NaN stays NaN");
    }

    #[test]
    fn folds_include_every_number() {
        let values: Vec<f32> = (0..19).map(|i| i as f32 - 30.0).collect();
        assert_eq!((sum(&values, |v| v), max(&values), min(&values)), (-399.0, -12.0, -30.0));
        assert_eq!((sum(&[], |v| v), max(&[-3.0]), min(&[3.0])), (0.0, -3.0, 3.0));
    }
}
