//! Patterns that texts are held against: globs and regular expressions, texts with a few letters
//! changed, tokens. A pattern is made ready once and then asked of many texts.
//!
//! It knows the text of one value, or the texts of one array, and nothing of rows and columns.

mod expression;
mod fuzzy;
mod glob;
mod phrase;

use super::cost::Cost;
use crate::model::{Case, Edits, LastToken, Which};

use expression::Expression;
pub(crate) use expression::{NEST_MAX, PATTERN_BYTES_MAX, READY_BYTES_MAX};
use fuzzy::Fuzzy;
pub(super) use fuzzy::check_edits;
pub(crate) use fuzzy::{DISTANCE_MAX, EDITS_MAX, QUESTION_CHARS_MAX};
pub(crate) use glob::{BRACES_DEPTH_MAX, GLOB_BYTES_MAX};
pub(super) use phrase::Reader;
use phrase::{Phrase, Seen};

/// A pattern but for its question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Manner {
    Glob(Case),
    Regex,
    Fuzzy(Vec<Edits>, Case),
    Tokens { reader: Reader, which: Which, last: LastToken },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Matcher {
    /// Of a glob too.
    Expression(Expression),
    Fuzzy(Fuzzy),
    Phrase(Phrase),
    /// Of a question that nothing answers.
    Nothing,
}

/// What a matcher has to remember while it reads, kept from text to text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    errors: Vec<usize>,
    seen: Seen,
}

impl Manner {
    /// Whether the question is a list of tokens, and not a text.
    pub(super) fn takes_tokens(&self) -> bool {
        matches!(self, Self::Tokens { reader, .. } if reader.takes_tokens())
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Glob(_) | Self::Regex => Cost::Expression,
            Self::Fuzzy(..) => Cost::Letters,
            Self::Tokens { .. } => Cost::Tokens,
        }
    }

    /// The pattern with its question: one text, or tokens. If it is none, or an expression that
    /// takes too much, why.
    pub(super) fn ready(
        &self,
        question: &[&str],
        ready_bytes_max: usize,
    ) -> Result<Matcher, String> {
        let text = question.first().copied().unwrap_or_default();
        Ok(match self {
            Self::Glob(case) => {
                Matcher::Expression(glob::expression(text, *case, ready_bytes_max)?)
            }
            Self::Regex => Matcher::Expression(Expression::regex(text, ready_bytes_max)?),
            Self::Fuzzy(edits, case) => {
                Fuzzy::of(text, edits, *case)?.map_or(Matcher::Nothing, Matcher::Fuzzy)
            }
            Self::Tokens { reader, which, last } => {
                let phrase = Phrase::of(reader, question, *which, *last)?;
                phrase.map_or(Matcher::Nothing, Matcher::Phrase)
            }
        })
    }
}

impl Matcher {
    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Expression(_) => Cost::Expression,
            Self::Fuzzy(_) => Cost::Letters,
            Self::Phrase(_) => Cost::Tokens,
            Self::Nothing => Cost::Nothing,
        }
    }

    /// Whether one of the texts is like it; tokens are looked for in all of them together.
    pub(super) fn finds<'t>(
        &self,
        mut texts: impl Iterator<Item = &'t str>,
        scratch: &mut Scratch,
    ) -> bool {
        match self {
            Self::Expression(expression) => texts.any(|text| expression.finds(text)),
            Self::Fuzzy(fuzzy) => texts.any(|text| fuzzy.finds(text, &mut scratch.errors)),
            Self::Phrase(phrase) => phrase.finds(texts, &mut scratch.seen),
            Self::Nothing => false,
        }
    }
}
