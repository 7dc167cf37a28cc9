//! A filter, or a condition of a write, as it was asked: attributes have names, operands no type.

use super::Given;
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Test {
        attribute: Box<str>,
        op: Op,
        operand: Operand,
    },
    /// Whether a text is like something. It holds for no null.
    Like {
        attribute: Box<str>,
        pattern: Pattern,
    },
}

/// Null is a missing value. `NotEq` and `NotIn` hold for it; `Lt` and `Lte` do too, for null sorts
/// lowest; `Gt` and `Gte` do not. A null operand: `Eq` asks whether the value is missing, `NotEq`
/// whether it is there; the four comparisons with it hold for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Eq,
    NotEq,
    In,
    NotIn,
    Lt,
    Lte,
    Gt,
    Gte,
    /// Of arrays: whether one element is so. None of them holds for a null or an empty array.
    Contains,
    ContainsAny,
    AnyLt,
    AnyLte,
    AnyGt,
    AnyGte,
}

/// What a text is like. Of an array of texts, one has to be; but tokens are looked for in all of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// The whole of it: `*`, `?`, `[a-z]`, `{a,b}`.
    Glob { operand: Operand, case: Case },
    /// Somewhere in it.
    Regex { operand: Operand, of: Searched },
    /// Somewhere in it, with a few letters changed.
    Fuzzy { operand: Operand, edits: Vec<Edits>, case: Case },
    /// As the full text search of the attribute has them.
    Tokens { operand: Operand, which: Which, last: LastToken },
}

/// Of which attributes a regular expression is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    /// What has `regex` in its schema.
    Declared,
    /// What is filtered by, too: a contract that has no word for the other.
    Filtered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Matters,
    Ignored,
}

/// A question of so many characters may be missed by so many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edits {
    pub min_chars: usize,
    pub distance: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    Any,
    /// All of them, one behind the other.
    Sequence,
}

/// What the last token of a question stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastToken {
    Itself,
    /// All tokens that begin with it.
    Prefix,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Literal(Given),
    /// The same, but a moment may also be called by its milliseconds, as buckets are.
    Key(Given),
    /// In the condition of a write: what the incoming document has there.
    New(Box<str>),
    /// A list of which some are what the incoming document has: each is one of the two above.
    Items(Vec<Operand>),
}

impl Pattern {
    /// As the contract calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Glob { case: Case::Matters, .. } => "Glob",
            Self::Glob { case: Case::Ignored, .. } => "IGlob",
            Self::Regex { .. } => "Regex",
            Self::Fuzzy { .. } => "Fuzzy",
            Self::Tokens { which: Which::All, .. } => "ContainsAllTokens",
            Self::Tokens { which: Which::Any, .. } => "ContainsAnyToken",
            Self::Tokens { which: Which::Sequence, .. } => "ContainsTokenSequence",
        }
    }
}

pub const FILTER_DEPTH_MAX: usize = 32;
pub const FILTER_NODES_MAX: usize = 4096;

impl Filter {
    /// Whether it is small enough to be worked on: by functions that call themselves, for one.
    pub fn check(&self) -> Result<()> {
        self.check_below(1, &mut 0)
    }

    /// The same of a part of something larger, in which there were so many nodes already.
    pub(super) fn check_below(&self, depth: usize, nodes: &mut usize) -> Result<()> {
        *nodes += 1;
        if depth > FILTER_DEPTH_MAX {
            return Err(Error::invalid(format!(
                "a filter is at most {FILTER_DEPTH_MAX} operators deep"
            )));
        }
        if *nodes > FILTER_NODES_MAX {
            return Err(Error::invalid(format!(
                "a filter has at most {FILTER_NODES_MAX} operators"
            )));
        }
        match self {
            Self::And(filters) | Self::Or(filters) => {
                filters.iter().try_for_each(|filter| filter.check_below(depth + 1, nodes))
            }
            Self::Not(filter) => filter.check_below(depth + 1, nodes),
            Self::Test { .. } | Self::Like { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Filter {
        let operand = Operand::Literal(Given::Int(1));
        Filter::Test { attribute: "a".into(), op: Op::Eq, operand }
    }

    fn nested(times: usize) -> Filter {
        (0..times).fold(test(), |inner, _| Filter::Not(Box::new(inner)))
    }

    #[test]
    fn a_filter_may_be_so_deep_and_no_deeper() {
        assert!(nested(FILTER_DEPTH_MAX - 1).check().is_ok());
        let told = nested(FILTER_DEPTH_MAX).check().unwrap_err().to_string();
        assert!(told.contains("32"), "{told}");
        assert!(Filter::Or(vec![test(), nested(FILTER_DEPTH_MAX - 1)]).check().is_err());
    }

    #[test]
    fn a_filter_may_be_so_large_and_no_larger() {
        assert!(Filter::And(vec![test(); FILTER_NODES_MAX - 1]).check().is_ok());
        let told = Filter::And(vec![test(); FILTER_NODES_MAX]).check().unwrap_err().to_string();
        assert!(told.contains("4096"), "{told}");
        let half = Filter::And(vec![test(); FILTER_NODES_MAX / 2]);
        assert!(Filter::Or(vec![half.clone(), half]).check().is_err());
    }
}
