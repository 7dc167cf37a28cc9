//! Text that can be searched: how it becomes tokens.

mod analyzer;
mod fragments;

pub use analyzer::{Analyzer, Reading, Token};
pub use fragments::{paragraphs, sentences};
