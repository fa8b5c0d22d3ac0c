//! An approximation of how the loss of a linear layer curves: a share of the second moments of its features, and the cost of weights. The
//! search for the minimum divides gradients by it. Features go together, so without it the search would take hundreds of steps.

use super::products::{add, dot, mixed_dot};
use crate::error::Result;
use crate::memory;

/// How much the loss of a row curves with each logit. A softmax and a sigmoid curve by a quarter at most, where nothing is known, and by less
/// and less while they are learned.
const SHARE: f32 = 0.1;

/// Rows that are looked at, evenly among all: the moments need no more.
const MAX_ROWS: usize = 4096;

/// The largest matrix that is decomposed, which takes a second in a page.
const MAX_SIZE: usize = 1536;

/// Rows that are added up at once: the sums are read and written once for all of them.
const BLOCK: usize = 8;

/// The rows of features that a layer learns from: brings the numbers of one.
pub(super) type Rows<'a> = dyn Fn(usize, &mut [f32]) + 'a;

/// `M = share * rowsᵀ rows + l2 * identity`, ready to divide by.
pub(super) enum Curvature {
    /// The factor of `M`, where there are few columns.
    Columns(Cholesky),
    /// The factor of `share * rows rowsᵀ + l2 * identity`, where there are fewer rows than columns (Woodbury's identity).
    Rows {
        factor: Cholesky,
        /// The numbers of the rows.
        rows: Vec<usize>,
        share: f32,
        l2: f32,
    },
}

impl Curvature {
    /// Of `count` rows with `columns` numbers each, whose mean is 0 and whose standard deviation is 1.
    ///
    /// # Errors
    /// `out-of-memory`.
    pub fn new(count: usize, columns: usize, l2: f32, row: &Rows<'_>) -> Result<Self> {
        let by_columns = columns <= MAX_SIZE.min(count);
        let max = if by_columns { MAX_ROWS } else { MAX_SIZE };
        let rows: Vec<usize> = (0..count).step_by(count.div_ceil(max).max(1)).collect();
        let share = SHARE * count as f32 / rows.len().max(1) as f32;
        if by_columns {
            let mut sums = Triangle::zeros(columns)?;
            let mut block = memory::zeros(BLOCK * columns, "for the training")?;
            for rows in rows.chunks(BLOCK) {
                block.fill(0.0);
                rows.iter().zip(block.chunks_exact_mut(columns)).for_each(|(number, to)| row(*number, to));
                sums.add_products(&block);
            }
            return Ok(Self::Columns(Cholesky::new(sums, share, l2)));
        }
        // What the rows that are left out may add.
        let l2 = if rows.len() < count { l2 + SHARE * count as f32 } else { l2 };
        let mut values: Vec<f32> = memory::zeros(rows.len().saturating_mul(columns), "for the training")?;
        rows.iter().zip(values.chunks_exact_mut(columns)).for_each(|(number, to)| row(*number, to));
        let mut products = Triangle::zeros(rows.len())?;
        for (number, left) in values.chunks_exact(columns).enumerate() {
            let to = products.row_mut(number).iter_mut();
            to.zip(values.chunks_exact(columns)).for_each(|(to, right)| *to = dot(left, right));
        }
        Ok(Self::Rows { factor: Cholesky::new(products, share, l2), rows, share, l2 })
    }

    /// Divides the gradient of each class by the curvature.
    ///
    /// # Shapes
    /// - gradient: `[classes, columns]`
    pub fn divide(&self, gradient: &mut [f64], columns: usize, row: &Rows<'_>) {
        match self {
            Self::Columns(factor) => gradient.chunks_exact_mut(columns).for_each(|values| factor.solve(values)),
            Self::Rows { factor, rows, share, l2 } => {
                let classes = gradient.len() / columns;
                let (mut numbers, mut products) = (vec![0.0; columns], vec![0.0; classes * rows.len()]);
                for (place, number) in rows.iter().enumerate() {
                    row(*number, &mut numbers);
                    let to = products[place..].iter_mut().step_by(rows.len());
                    to.zip(gradient.chunks_exact(columns)).for_each(|(to, values)| *to = mixed_dot(&numbers, values));
                }
                products.chunks_exact_mut(rows.len()).for_each(|values| factor.solve(values));
                for (place, number) in rows.iter().enumerate() {
                    row(*number, &mut numbers);
                    let parts = products[place..].iter().step_by(rows.len());
                    for (values, part) in gradient.chunks_exact_mut(columns).zip(parts) {
                        add(values, -f64::from(*share) * part, &numbers);
                    }
                }
                gradient.iter_mut().for_each(|value| *value /= f64::from(*l2));
            }
        }
    }

    /// What the gradient of a bias is divided by; `count` as in [`new`](Self::new).
    pub fn of_bias(count: usize) -> f64 {
        f64::from(SHARE) * count.max(1) as f64
    }
}

/// The lower half of a symmetric matrix, row after row up to the diagonal.
struct Triangle {
    size: usize,
    values: Vec<f32>,
}

impl Triangle {
    fn zeros(size: usize) -> Result<Self> {
        Ok(Self { size, values: memory::zeros(start(size), "for the training")? })
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[start(row)..start(row + 1)]
    }

    /// Adds the products of each two columns.
    ///
    /// # Shapes
    /// - block: `[BLOCK, size]`
    fn add_products(&mut self, block: &[f32]) {
        let rows: [&[f32]; BLOCK] = std::array::from_fn(|i| &block[i * self.size..(i + 1) * self.size]);
        for column in 0..self.size {
            let own: [f32; BLOCK] = rows.map(|row| row[column]);
            let rows: [&[f32]; BLOCK] = rows.map(|row| &row[..=column]);
            for (other, to) in self.row_mut(column).iter_mut().enumerate() {
                *to += own.iter().zip(&rows).map(|(own, row)| own * row[other]).sum::<f32>();
            }
        }
    }
}

/// `L` of a matrix `L Lᵀ`.
pub(super) struct Cholesky(Triangle);

impl Cholesky {
    /// Of `share * matrix + l2 * identity`.
    fn new(mut matrix: Triangle, share: f32, l2: f32) -> Self {
        matrix.values.iter_mut().for_each(|value| *value *= share);
        for row in 0..matrix.size {
            let (above, here) = matrix.values.split_at_mut(start(row));
            for column in 0..row {
                let other = &above[start(column)..start(column + 1)];
                let known = dot(&here[..column], &other[..column]);
                here[column] = (here[column] - known) / other[column];
            }
            // Rounding must not make it smaller than what was added to it.
            let rest = here[row] - dot(&here[..row], &here[..row]);
            here[row] = (rest.max(0.0) + l2).sqrt();
        }
        Self(matrix)
    }

    /// Divides a vector by the matrix.
    fn solve(&self, values: &mut [f64]) {
        let row_of = |row: usize| &self.0.values[start(row)..start(row + 1)];
        for row in 0..self.0.size {
            let lower = row_of(row);
            let known = mixed_dot(&lower[..row], &values[..row]);
            values[row] = (values[row] - known) / f64::from(lower[row]);
        }
        for row in (0..self.0.size).rev() {
            let lower = row_of(row);
            let value = values[row] / f64::from(lower[row]);
            values[row] = value;
            add(&mut values[..row], -value, &lower[..row]);
        }
    }
}

/// Where a row of a triangle begins.
const fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Random;

    /// `M` times a vector, of all rows.
    fn multiplied(values: &[f64], count: usize, l2: f64, row: &Rows<'_>) -> Vec<f64> {
        let mut product: Vec<f64> = values.iter().map(|value| l2 * value).collect();
        let mut numbers = vec![0.0; values.len()];
        for number in 0..count {
            row(number, &mut numbers);
            let part = f64::from(SHARE) * mixed_dot(&numbers, values);
            add(&mut product, part, &numbers);
        }
        product
    }

    /// More rows than columns, and more columns than rows: each by its own way.
    #[test]
    fn what_was_multiplied_is_divided_again() {
        for (count, columns) in [(60, 7), (9, 40), (40, 40), (1, 3)] {
            let mut random = Random::new(7);
            let numbers: Vec<f32> = (0..count * columns).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect();
            let row = |number: usize, to: &mut [f32]| to.copy_from_slice(&numbers[number * columns..][..columns]);
            let curvature = Curvature::new(count, columns, 2.0, &row).unwrap();
            let classes: Vec<f64> = (0..2 * columns).map(|i| f64::from(i as u32 % 5) - 2.0).collect();
            let mut divided: Vec<f64> =
                classes.chunks(columns).flat_map(|values| multiplied(values, count, 2.0, &row)).collect();
            curvature.divide(&mut divided, columns, &row);
            for (got, want) in divided.iter().zip(&classes) {
                assert!((got - want).abs() < 1e-4, "{count} rows, {columns} columns: {got}, not {want}");
            }
        }
    }
}
