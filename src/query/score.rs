//! Scores that are made of scores. What they are made of in the end is another's business: of
//! documents it is what `leaf` says, of a part of a text how much of a question is in it.
//!
//! What must hold: a score is a number, and never infinite: what is beyond the largest is the
//! largest. Signs are told apart before a row is read, so that no score of a document is below zero
//! but for what can only be found out there: an inner product, or a time before 1970.

use crate::error::{Error, Result};
use crate::eval::Halt;
use crate::model::{AttrType, Curve, Given, Scalar, Schema, Score};

#[derive(Debug)]
pub(super) enum Tree<L> {
    Leaf(L),
    Constant(f64),
    Sum(Vec<Tree<L>>),
    Max(Vec<Tree<L>>),
    Product(f64, Box<Tree<L>>),
    Saturate(Box<Tree<L>>, Shape),
    Decay(Box<Tree<L>>, Shape),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    midpoint: f64,
    exponent: f64,
}

/// What is right above a part of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Above {
    /// A `Max` with a constant, or a `Saturate`: what is below zero does no harm there.
    Floor,
    /// Of what is missing, nothing is left.
    Decay,
    Other,
}

impl<L> Tree<L> {
    pub(super) fn bind(
        score: &Score,
        schema: &Schema,
        leaf: &mut dyn FnMut(&Score, Above) -> Result<L>,
    ) -> Result<Self> {
        // It is worked on by functions that call themselves.
        score.check()?;
        Self::below(score, Above::Other, schema, leaf)
    }

    fn below(
        score: &Score,
        above: Above,
        schema: &Schema,
        leaf: &mut dyn FnMut(&Score, Above) -> Result<L>,
    ) -> Result<Self> {
        Ok(match score {
            Score::Constant(_) => {
                return Err(Error::invalid("a constant stands only in a Sum or a Max"));
            }
            Score::Sum(parts) => Self::Sum(Self::parts("Sum", parts, Above::Other, schema, leaf)?),
            Score::Max(parts) => {
                let floor = parts.iter().any(|part| matches!(part, Score::Constant(_)));
                let above = if floor { Above::Floor } else { Above::Other };
                Self::Max(Self::parts("Max", parts, above, schema, leaf)?)
            }
            Score::Product(weight, part) => {
                if !(weight.is_finite() && *weight >= 0.0) {
                    let message = format!("the weight of a Product must be non-negative: {weight}");
                    return Err(Error::invalid(message));
                }
                Self::Product(*weight, Box::new(Self::below(part, Above::Other, schema, leaf)?))
            }
            Score::Saturate(part, curve) => {
                let shape = Shape::bind("Saturate", curve, part, schema)?;
                Self::Saturate(Box::new(Self::below(part, Above::Floor, schema, leaf)?), shape)
            }
            Score::Decay(part, curve) => {
                let shape = Shape::bind("Decay", curve, part, schema)?;
                Self::Decay(Box::new(Self::below(part, Above::Decay, schema, leaf)?), shape)
            }
            Score::Text { .. }
            | Score::Sparse { .. }
            | Score::Filter(_)
            | Score::Attribute(_)
            | Score::Dist { .. } => Self::Leaf(leaf(score, above)?),
        })
    }

    fn parts(
        name: &str,
        parts: &[Score],
        above: Above,
        schema: &Schema,
        leaf: &mut dyn FnMut(&Score, Above) -> Result<L>,
    ) -> Result<Vec<Self>> {
        if parts.is_empty() {
            return Err(Error::invalid(format!("a {name} has at least one part")));
        }
        let mut part = |part: &Score| match part {
            Score::Constant(number) if number.is_finite() && *number >= 0.0 => {
                Ok(Self::Constant(*number))
            }
            Score::Constant(number) => {
                Err(Error::invalid(format!("a constant must be non-negative: {number}")))
            }
            other => Self::below(other, above, schema, leaf),
        };
        parts.iter().map(&mut part).collect()
    }

    pub(super) fn leaves(&self) -> Vec<&L> {
        match self {
            Self::Leaf(leaf) => vec![leaf],
            Self::Constant(_) => Vec::new(),
            Self::Sum(parts) | Self::Max(parts) => parts.iter().flat_map(Self::leaves).collect(),
            Self::Product(_, part) | Self::Saturate(part, _) | Self::Decay(part, _) => {
                part.leaves()
            }
        }
    }

    /// The scores of so many rows, if that is what a leaf has of each. Whoever waits is asked for at
    /// each part: to go over all rows of a block takes a moment.
    pub(super) fn scores(
        &self,
        rows: usize,
        halt: &Halt,
        leaf: &dyn Fn(&L) -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        halt.check()?;
        let changed = |part: &Self, change: &dyn Fn(f64) -> f64| -> Result<Vec<f64>> {
            let mut scores = part.scores(rows, halt, leaf)?;
            scores.iter_mut().for_each(|score| *score = change(*score));
            Ok(scores)
        };
        let joined = |parts: &[Self], from: f64, join: fn(f64, f64) -> f64| -> Result<Vec<f64>> {
            let mut all = vec![from; rows];
            for part in parts {
                if let Self::Constant(number) = part {
                    halt.check()?;
                    all.iter_mut().for_each(|score| *score = join(*score, *number));
                    continue;
                }
                for (score, other) in all.iter_mut().zip(part.scores(rows, halt, leaf)?) {
                    *score = join(*score, other);
                }
            }
            Ok(all)
        };
        match self {
            Self::Leaf(one) => leaf(one),
            Self::Constant(number) => Ok(vec![*number; rows]),
            Self::Sum(parts) if crate::slip!("a Sum is its largest part") => {
                joined(parts, f64::MIN, f64::max)
            }
            Self::Sum(parts) => joined(parts, 0.0, |a, b| finite(a + b)),
            Self::Max(parts) => joined(parts, f64::MIN, f64::max),
            Self::Product(_, part) if crate::slip!("a Product has no weight") => {
                part.scores(rows, halt, leaf)
            }
            Self::Product(weight, part) => changed(part, &|score| finite(weight * score)),
            Self::Saturate(part, shape) => changed(part, &|score| shape.saturated(score)),
            Self::Decay(part, shape) if crate::slip!("a Decay grows") => {
                changed(part, &|score| shape.saturated(score))
            }
            Self::Decay(part, shape) => changed(part, &|score| shape.decayed(score)),
        }
    }
}

impl Shape {
    fn bind(name: &str, curve: &Curve, part: &Score, schema: &Schema) -> Result<Self> {
        let Curve { midpoint: given, exponent } = curve;
        if !(exponent.is_finite() && *exponent > 0.0) {
            let message = format!("the exponent of a {name} must be above 0: {exponent}");
            return Err(Error::invalid(message));
        }
        let midpoint = match given {
            Given::Text(_) if !is_between_times(part, schema) => {
                return Err(Error::invalid(format!(
                    "the midpoint of a {name} is a time such as '6h' only over the Dist of a datetime"
                )));
            }
            Given::Text(text) => duration_ms(text),
            other => other.number(),
        };
        match midpoint.filter(|midpoint| midpoint.is_finite() && *midpoint > 0.0) {
            Some(midpoint) if crate::slip!("a curve has no exponent") => {
                Ok(Self { midpoint, exponent: 1.0 })
            }
            Some(midpoint) => Ok(Self { midpoint, exponent: *exponent }),
            None => Err(Error::invalid(format!(
                "the midpoint of a {name} must be a number above 0, or a time such as '6h' \
                 (s, m, h, d or w), but got '{given}'"
            ))),
        }
    }

    /// `x^p / (x^p + m^p)`, said so that nothing on the way is infinite over infinite.
    fn saturated(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { 1.0 / (1.0 + (self.midpoint / x).powf(self.exponent)) }
    }

    /// `m^p / (x^p + m^p)`, in the same way.
    fn decayed(&self, x: f64) -> f64 {
        1.0 / (1.0 + (x.max(0.0) / self.midpoint).powf(self.exponent))
    }
}

fn is_between_times(part: &Score, schema: &Schema) -> bool {
    let Score::Dist { attribute, .. } = part else { return false };
    let kind = schema.attributes.get(attribute).map(|attribute| attribute.kind);
    kind == Some(AttrType::Scalar(Scalar::DateTime))
}

/// `6h`, `1.5d`: a number and one letter.
fn duration_ms(text: &str) -> Option<f64> {
    let unit = text.chars().next_back()?;
    let count = text.strip_suffix(unit)?;
    let unit_ms = match unit {
        's' => 1000.0,
        'm' => 60_000.0,
        'h' => 3_600_000.0,
        'd' => 86_400_000.0,
        'w' => 604_800_000.0,
        _ => return None,
    };
    let is_plain = count.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let count: f64 = if is_plain { count.parse().ok()? } else { return None };
    Some(count * unit_ms)
}

pub(super) fn finite(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_comes_to_a_half_at_its_midpoint_and_has_a_value_everywhere() {
        let shape = Shape { midpoint: 4.0, exponent: 2.0 };
        assert_eq!((shape.saturated(4.0), shape.decayed(4.0)), (0.5, 0.5));
        assert_eq!((shape.saturated(2.0), shape.decayed(2.0)), (0.2, 0.8));
        assert_eq!((shape.saturated(-1.0), shape.decayed(-1.0)), (0.0, 1.0));
        assert_eq!((shape.saturated(0.0), shape.decayed(0.0)), (0.0, 1.0));
        assert_eq!(shape.decayed(f64::INFINITY), 0.0);
        for midpoint in [f64::MIN_POSITIVE, 1.0, f64::MAX] {
            for exponent in [1e-3, 1.0, 1e3] {
                let shape = Shape { midpoint, exponent };
                for x in [f64::MIN_POSITIVE, 0.5, 1.0, 3.0, f64::MAX] {
                    for share in [shape.saturated(x), shape.decayed(x)] {
                        assert!((0.0..=1.0).contains(&share), "{x} {shape:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_duration_is_a_number_and_one_letter() {
        for (text, ms) in [("6h", 21_600_000.0), ("1.5s", 1500.0), ("2w", 1_209_600_000.0)] {
            assert_eq!(duration_ms(text), Some(ms));
        }
        for odd in ["", "h", "6", "6y", "-6h", "1e3s", "infs", " 6h", "6 h", "6ms", ".h"] {
            assert_eq!(duration_ms(odd), None, "{odd:?}");
        }
    }
}
