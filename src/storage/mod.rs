//! The waist.

pub mod local;
