//! Finds the minimum of a smooth convex function by accelerated gradient descent (Nesterov, Introductory Lectures on Convex
//! Optimization, 2004, section 2.2) that begins anew where the value rises (O'Donoghue and Candès, Adaptive Restart for Accelerated
//! Gradient Schemes, 2015). A quasi-Newton method takes fewer steps to the minimum, but where it is after the first tens of them depends
//! on the last bits of the function. Here features that differ in their last bits, as between two browsers, give nearly the same point.

use crate::error::Result;

/// When the search ends.
#[derive(Clone, Copy, Debug)]
pub struct Precision {
    /// The largest component of the gradient that counts as zero.
    pub gradient: f64,
    /// After so many steps the search ends in any case.
    pub max_steps: usize,
}

/// A point, and what the function says of it.
struct Place {
    point: Vec<f64>,
    gradient: Vec<f64>,
    value: f64,
}

/// Walks from `start` to the minimum of `function`, or as far as the precision asks. `function` gets a point, writes the gradient there, and
/// returns the value. `divide` divides a gradient by an approximation of the curvature, if possible from above: steps that turn out too
/// long are taken back and halved. The same function gives the same bits on every machine.
///
/// # Errors
/// Those of `function`.
///
/// # Panics
/// If `function` writes a gradient of another length.
pub async fn minimize(
    start: Vec<f64>,
    precision: Precision,
    divide: impl Fn(&mut [f64]),
    mut function: impl AsyncFnMut(&[f64], &mut [f64]) -> Result<f64>,
) -> Result<Vec<f64>> {
    let mut here = Place { gradient: vec![0.0; start.len()], point: start, value: 0.0 };
    here.value = function(&here.point, &mut here.gradient).await?;
    let mut next = Place { point: here.point.clone(), gradient: here.gradient.clone(), value: here.value };
    // Where the last step led before the momentum carried it on.
    let mut landed = here.point.clone();
    let (mut rate, mut steps_of_run) = (1.0, 0.0);
    let mut direction = Vec::new();
    for _ in 0..precision.max_steps {
        if here.gradient.iter().all(|slope| slope.abs() <= precision.gradient) {
            break;
        }
        direction.clone_from(&here.gradient);
        divide(&mut direction);
        let momentum = steps_of_run / (steps_of_run + 3.0);
        go(&here.point, &direction, rate, momentum, &mut landed, &mut next.point);
        next.value = function(&next.point, &mut next.gradient).await?;
        if next.value <= here.value {
            std::mem::swap(&mut here, &mut next);
            steps_of_run += 1.0;
        } else {
            if steps_of_run == 0.0 {
                rate *= 0.5;
            }
            landed.clone_from(&here.point);
            steps_of_run = 0.0;
        }
    }
    Ok(here.point)
}

/// A step against `direction`, which `landed` becomes, and from there on with `momentum` times the way between the two last landings.
fn go(point: &[f64], direction: &[f64], rate: f64, momentum: f64, landed: &mut [f64], next: &mut [f64]) {
    for (((landed, next), x), d) in landed.iter_mut().zip(next).zip(point).zip(direction) {
        let now = x - rate * d;
        *next = now + momentum * (now - *landed);
        *landed = now;
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use proptest::prelude::*;

    use super::*;

    const EXACT: Precision = Precision { gradient: 1e-9, max_steps: 20_000 };

    proptest! {
        /// A bowl whose axes differ by up to a thousand times, turned by mixing its coordinates. The first steps are much too long.
        #[test]
        fn the_minimum_of_a_quadratic_function_is_found(
            axes in prop::collection::vec((1.0f64..1000.0, -5.0f64..5.0), 1..12),
            start in -10.0f64..10.0,
        ) {
            let n = axes.len();
            // y = x_i + x_(i + 1) / 2, so that the axes are not those of the coordinates.
            let mixed = |x: &[f64], i: usize| x[i] + x.get(i + 1).unwrap_or(&0.0) / 2.0 - axes[i].1;
            let value = |x: &[f64]| (0..n).map(|i| axes[i].0 * mixed(x, i).powi(2)).sum::<f64>();
            let found = block_on(minimize(vec![start; n], EXACT, |_| (), async |x: &[f64], gradient: &mut [f64]| {
                gradient.fill(0.0);
                for i in 0..n {
                    let slope = 2.0 * axes[i].0 * mixed(x, i);
                    gradient[i] += slope;
                    if i + 1 < n {
                        gradient[i + 1] += slope / 2.0;
                    }
                }
                Ok(value(x))
            }));
            let found = value(&found.unwrap());
            prop_assert!(found < 1e-9, "{found}");
        }
    }

    #[test]
    fn an_error_of_the_function_ends_the_search() {
        let mut calls = 0;
        let result = block_on(minimize(
            vec![1.0],
            EXACT,
            |_| (),
            async |x: &[f64], gradient: &mut [f64]| {
                calls += 1;
                gradient[0] = 4.0 * x[0].powi(3);
                if calls == 2 { Err(crate::error::LukeError::Aborted) } else { Ok(x[0].powi(4)) }
            },
        ));
        assert_eq!(result, Err(crate::error::LukeError::Aborted));
    }
}
