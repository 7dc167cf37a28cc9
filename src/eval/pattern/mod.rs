//! Patterns that texts are held against: globs and regular expressions, texts with a few letters
//! changed, tokens. A pattern is made ready once and then asked of many texts.
//!
//! It knows the text of one value, or the texts of one array, and nothing of columns: a row is a number
//! under which something of its value may be kept.

mod expression;
mod fuzzy;
mod glob;
mod phrase;
mod tokens;

use super::cost::Cost;
use super::field::Field;
use crate::model::{Case, Edits, LastToken, Which};

use expression::Expression;
pub(crate) use expression::{NEST_MAX, PATTERN_BYTES_MAX, READY_BYTES_MAX};
use fuzzy::Fuzzy;
pub(super) use fuzzy::check_edits;
pub(crate) use fuzzy::{DISTANCE_MAX, EDITS_MAX, QUESTION_CHARS_MAX};
pub(crate) use glob::{BRACES_DEPTH_MAX, GLOB_BYTES_MAX};
use phrase::{Phrase, Seen};
pub(super) use tokens::Reader;
use tokens::Tokens;

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

/// What the matchers of one attribute have to remember while they read, kept from text to text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    errors: Vec<usize>,
    seen: Seen,
    tokens: Tokens,
}

/// One of each attribute. Of one schema: how the texts of an attribute are read is said there.
#[derive(Debug, Default)]
pub(super) struct Desk(Vec<(Field, Scratch)>);

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
        row: usize,
        mut texts: impl Iterator<Item = &'t str>,
        scratch: &mut Scratch,
    ) -> bool {
        match self {
            Self::Expression(expression) => texts.any(|text| expression.finds(text)),
            Self::Fuzzy(fuzzy) => texts.any(|text| fuzzy.finds(text, &mut scratch.errors)),
            Self::Phrase(phrase) => {
                phrase.finds(row, texts, &mut scratch.seen, &mut scratch.tokens)
            }
            Self::Nothing => false,
        }
    }
}

impl Desk {
    pub(super) fn of(&mut self, field: Field) -> &mut Scratch {
        let at = match self.0.iter().position(|(known, _)| *known == field) {
            Some(at) => at,
            None => {
                self.0.push((field, Scratch::default()));
                self.0.len() - 1
            }
        };
        &mut self.0[at].1
    }

    /// Rows are others from here on.
    pub(super) fn forget(&mut self) {
        self.0.iter_mut().for_each(|(_, scratch)| scratch.tokens.forget());
    }

    /// How many values were made tokens.
    #[cfg(test)]
    pub(super) fn reads(&self) -> usize {
        self.0.iter().map(|(_, scratch)| scratch.tokens.reads()).sum()
    }
}
