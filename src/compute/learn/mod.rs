//! Learning on the features of a model that does not change: linear layers with a convex loss, so that the same examples give the same
//! layer. Knows no model, no text and no task.

mod choice;
pub mod crf;
mod curvature;
mod descent;
mod linear;
mod products;
mod random;
pub mod windows;

pub use choice::{Choice, sigmoid};
pub use descent::Precision;
pub use linear::{Lesson, Linear, half, single, train};
pub use random::Random;
