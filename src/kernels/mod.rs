//! Arithmetic on slices: it knows numbers, and neither rows nor attributes.

mod distance;
mod least;

pub use distance::{Near, Target, widen_f16, widen_i8};
pub use least::Least;
