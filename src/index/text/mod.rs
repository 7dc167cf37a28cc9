//! Text that can be searched: how it becomes tokens.

mod analyzer;
mod fragments;

pub use analyzer::{Analyzer, Token};
pub use fragments::{paragraphs, sentences};

/// How many positions stay empty between two elements of an array whose texts are cut into words,
/// so that no sequence of words crosses from one into the next. Tokens that are given as they are
/// stand side by side.
pub const ELEMENT_GAP: u32 = 100;
