//! Arithmetic on slices: it knows numbers, and neither rows nor attributes.

mod distance;
mod least;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use distance::{Near, Target, widen_f16, widen_i8};
pub use least::Least;
