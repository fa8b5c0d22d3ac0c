//! Learning on the features of a model that does not change: linear layers with a convex loss, so that the same examples give the same
//! layer. Knows no model, no text and no task.

pub mod crf;
mod lbfgs;
mod linear;
mod random;

pub use lbfgs::Precision;
pub use linear::{Lesson, Linear, half, train};
pub use random::Random;
