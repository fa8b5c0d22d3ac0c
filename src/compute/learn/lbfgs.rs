//! Finds the minimum of a smooth convex function: L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5) with
//! a line search that halves its step.

use std::collections::VecDeque;

use crate::error::Result;

/// How many of the last steps tell how the function curves.
const MEMORY: usize = 10;

/// A step must lower the value by at least this part of what the slope promises (Armijo's condition).
const DECREASE: f64 = 1e-4;

/// After so many halvings a step is shorter than the rounding of the numbers.
const MAX_HALVINGS: u32 = 40;

/// When the search ends.
#[derive(Clone, Copy, Debug)]
pub struct Precision {
    /// The largest component of the gradient that counts as zero.
    pub gradient: f64,
    /// After so many steps the search ends in any case.
    pub max_steps: usize,
}

/// A step and the change of the gradient that it made.
struct Change {
    step: Vec<f64>,
    gradient: Vec<f64>,
    /// One divided by their scalar product, which is positive.
    inverse_product: f64,
}

/// Walks from `start` to the minimum of `function`, or as far as the precision asks. `function` gets a point, writes the gradient there, and returns the value. The same
/// function gives the same bits on every machine.
///
/// # Errors
/// Those of `function`.
///
/// # Panics
/// If `function` writes a gradient of another length.
pub async fn minimize(
    start: Vec<f64>,
    precision: Precision,
    mut function: impl AsyncFnMut(&[f64], &mut [f64]) -> Result<f64>,
) -> Result<Vec<f64>> {
    let (mut point, mut gradient) = (start, Vec::new());
    gradient.resize(point.len(), 0.0);
    let mut value = function(&point, &mut gradient).await?;
    let (mut next, mut next_gradient) = (point.clone(), gradient.clone());
    let mut memory = VecDeque::with_capacity(MEMORY);
    let mut steps = 0;
    while steps < precision.max_steps && gradient.iter().any(|g| g.abs() > precision.gradient) {
        let direction = direction(&gradient, &memory);
        let slope = dot(&direction, &gradient);
        // Nothing is known of the curvature before the first step, so it is a short one.
        let mut length = if memory.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let mut halvings = 0;
        let next_value = loop {
            next.copy_from_slice(&point);
            add(&mut next, length, &direction);
            let found = function(&next, &mut next_gradient).await?;
            if found <= value + DECREASE * length * slope {
                break found;
            }
            halvings += 1;
            if halvings == MAX_HALVINGS {
                return Ok(point);
            }
            length *= 0.5;
        };
        remember(&mut memory, difference(&next, &point), difference(&next_gradient, &gradient));
        std::mem::swap(&mut point, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        value = next_value;
        steps += 1;
    }
    Ok(point)
}

/// Where to go: against the gradient, which is divided by what is known of the curvature (algorithm 7.4).
fn direction(gradient: &[f64], memory: &VecDeque<Change>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut parts = Vec::with_capacity(memory.len());
    for change in memory.iter().rev() {
        let part = change.inverse_product * dot(&change.step, &q);
        add(&mut q, -part, &change.gradient);
        parts.push(part);
    }
    if let Some(last) = memory.back() {
        let scale = 1.0 / (last.inverse_product * dot(&last.gradient, &last.gradient));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (change, part) in memory.iter().zip(parts.iter().rev()) {
        let other = change.inverse_product * dot(&change.gradient, &q);
        add(&mut q, part - other, &change.step);
    }
    q
}

/// Keeps a step, unless the function was flat along it.
fn remember(memory: &mut VecDeque<Change>, step: Vec<f64>, gradient: Vec<f64>) {
    let product = dot(&step, &gradient);
    if product <= 1e-14 * dot(&gradient, &gradient) {
        return;
    }
    if memory.len() == MEMORY {
        memory.pop_front();
    }
    memory.push_back(Change { step, gradient, inverse_product: 1.0 / product });
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, values: &[f64]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += factor * value);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use proptest::prelude::*;

    use super::*;

    const EXACT: Precision = Precision { gradient: 1e-9, max_steps: 500 };

    proptest! {
        /// A bowl whose axes differ by up to a thousand times, turned by mixing its coordinates.
        #[test]
        fn the_minimum_of_a_quadratic_function_is_found(
            axes in prop::collection::vec((1.0f64..1000.0, -5.0f64..5.0), 1..12),
            start in -10.0f64..10.0,
        ) {
            let n = axes.len();
            // y = x_i + x_(i + 1) / 2, so that the axes are not those of the coordinates.
            let mixed = |x: &[f64], i: usize| x[i] + x.get(i + 1).unwrap_or(&0.0) / 2.0 - axes[i].1;
            let value = |x: &[f64]| (0..n).map(|i| axes[i].0 * mixed(x, i).powi(2)).sum::<f64>();
            let found = block_on(minimize(vec![start; n], EXACT, async |x: &[f64], gradient: &mut [f64]| {
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
        let result = block_on(minimize(vec![1.0], EXACT, async |x: &[f64], gradient: &mut [f64]| {
            calls += 1;
            gradient[0] = 4.0 * x[0].powi(3);
            if calls == 2 { Err(crate::error::LukeError::Aborted) } else { Ok(x[0].powi(4)) }
        }));
        assert_eq!(result, Err(crate::error::LukeError::Aborted));
    }
}
