//! A score: a number for each document, made of others. The higher, the better.

use super::filter::LastToken;
use super::{FILTER_DEPTH_MAX, FILTER_NODES_MAX, Filter, Given};
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// How well a text answers a question (BM25).
    Text {
        attribute: Box<str>,
        query: TextQuery,
    },
    /// The inner product with what is asked for.
    Sparse {
        attribute: Box<str>,
        weights: Given,
    },
    /// One if it holds, nothing otherwise.
    Filter(Filter),
    Constant(f64),
    /// The value of a number.
    Attribute(Box<str>),
    /// How far a number or a time is from another.
    Dist {
        attribute: Box<str>,
        origin: Given,
    },
    Sum(Vec<Score>),
    Max(Vec<Score>),
    Product(f64, Box<Score>),
    /// `x^p / (x^p + m^p)`.
    Saturate(Box<Score>, Curve),
    /// `m^p / (x^p + m^p)`.
    Decay(Box<Score>, Curve),
}

#[derive(Clone, Debug, PartialEq)]
pub struct TextQuery {
    /// A text, or the tokens themselves where they are given as they are.
    pub text: Given,
    pub last: LastToken,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Where it comes to a half: a number, or a time such as `6h` over the distance of times.
    pub midpoint: Given,
    pub exponent: f64,
}

pub const TEXT_QUERY_CHARS_MAX: usize = 8192;

impl Score {
    /// Whether it is small enough to be worked on, and says nothing that no document could answer.
    pub fn check(&self) -> Result<()> {
        self.check_below(1, &mut 0)
    }

    fn check_below(&self, depth: usize, nodes: &mut usize) -> Result<()> {
        *nodes += 1;
        if depth > FILTER_DEPTH_MAX || *nodes > FILTER_NODES_MAX {
            return Err(Error::invalid(format!(
                "a score is at most {FILTER_DEPTH_MAX} operators deep, and has at most {FILTER_NODES_MAX}"
            )));
        }
        match self {
            Self::Filter(filter) => filter.check_below(1, nodes),
            Self::Sum(parts) | Self::Max(parts) => {
                parts.iter().try_for_each(|part| part.check_below(depth + 1, nodes))
            }
            Self::Product(_, part) | Self::Saturate(part, _) | Self::Decay(part, _) => {
                part.check_below(depth + 1, nodes)
            }
            Self::Text { .. }
            | Self::Sparse { .. }
            | Self::Constant(_)
            | Self::Attribute(_)
            | Self::Dist { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_filters_of_a_score_are_counted_together() {
        let filters = |count: usize| {
            let half = Filter::Or(vec![Filter::And(Vec::new()); FILTER_NODES_MAX / 2]);
            Score::Sum(vec![Score::Filter(half); count])
        };
        assert!(filters(1).check().is_ok());
        let told = filters(2).check().unwrap_err().to_string();
        assert!(told.contains("4096"), "{told}");
    }
}
