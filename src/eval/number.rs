//! Numbers of three kinds, compared as numbers: an integer near 2^63 is not the float beside it.

use std::cmp::Ordering;

use super::comparison::Comparison;
use crate::model::Value;

/// An integer, or a float that is a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// What is left of a comparison with a column when its operand has become one of the column's own
/// type. `Always` and `Never` are about values that are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked<T> {
    Compare(Comparison, T),
    Always,
    Never,
}

impl Number {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Uint(number) => Some(Self::Uint(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            _ => None,
        }
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self.integer(), other.integer()) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            (Err(a), Err(b)) => a.partial_cmp(&b),
            (Err(a), Ok(b)) => Some(beside(a, b)),
            (Ok(a), Err(b)) => Some(beside(b, a).reverse()),
        }
    }

    /// `x op self` for integers x. Between two integers there is none, so a comparison with what
    /// lies there is one with its neighbour.
    pub(super) fn of_integers<T: TryFrom<i128>>(self, op: Comparison) -> Asked<T> {
        use Comparison::{Eq, Gt, Gte, Lt, Lte, NotEq};
        let (op, with) = match self.integer() {
            Ok(integer) => (op, integer),
            // A float beyond all integers becomes the last of i128, which is beyond them too.
            Err(float) if float.is_infinite() || float.fract() == 0.0 => (op, float as i128),
            Err(float) => match op {
                Lt | Lte => (Lte, float.floor() as i128),
                Gt | Gte => (Gte, float.ceil() as i128),
                NotEq => return Asked::Always,
                Eq => return Asked::Never,
            },
        };
        let above = with > 0;
        match (T::try_from(with), op) {
            (Ok(with), op) => Asked::Compare(op, with),
            (Err(_), NotEq) => Asked::Always,
            (Err(_), Lt | Lte) if above => Asked::Always,
            (Err(_), Gt | Gte) if !above => Asked::Always,
            (Err(_), _) => Asked::Never,
        }
    }

    /// `x op self` for floats x. An integer that is no float lies between two of them, one of
    /// which is the nearest.
    pub(super) fn of_floats(self, op: Comparison) -> Asked<f64> {
        use Comparison::{Eq, Gt, Gte, Lt, Lte, NotEq};
        let integer = match self.integer() {
            Ok(integer) => integer,
            Err(float) => return Asked::Compare(op, float),
        };
        let near = integer as f64;
        match (beside(near, integer), op) {
            (Ordering::Equal, op) => Asked::Compare(op, near),
            (_, NotEq) => Asked::Always,
            (_, Eq) => Asked::Never,
            (Ordering::Greater, Lt | Lte) => Asked::Compare(Lt, near),
            (Ordering::Greater, Gt | Gte) => Asked::Compare(Gte, near),
            (Ordering::Less, Lt | Lte) => Asked::Compare(Lte, near),
            (Ordering::Less, Gt | Gte) => Asked::Compare(Gt, near),
        }
    }

    /// The same number as an integer of this type, if it is one.
    pub(super) fn exactly<T: TryFrom<i128>>(self) -> Option<T> {
        match self.of_integers(Comparison::Eq) {
            Asked::Compare(_, same) => Some(same),
            Asked::Always | Asked::Never => None,
        }
    }

    pub(super) fn exactly_float(self) -> Option<f64> {
        match self.of_floats(Comparison::Eq) {
            Asked::Compare(_, same) => Some(same),
            Asked::Always | Asked::Never => None,
        }
    }

    /// Every integer that we have fits; a float is told apart.
    fn integer(self) -> Result<i128, f64> {
        match self {
            Self::Int(number) => Ok(number.into()),
            Self::Uint(number) => Ok(number.into()),
            Self::Float(number) => Err(number),
        }
    }
}

/// How a float stands to an integer of at most 65 bits.
fn beside(float: f64, integer: i128) -> Ordering {
    let floor = float.floor();
    match (floor as i128).cmp(&integer) {
        Ordering::Equal if float > floor => Ordering::Greater,
        order => order,
    }
}

/// Floats as they are ordered in an answer: minus zero is zero.
pub(super) fn float_order(a: f64, b: f64) -> Ordering {
    (a + 0.0).total_cmp(&(b + 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_53: i64 = 1 << 53;

    /// Every number of interest, ascending; those of one line are equal.
    fn ascending() -> Vec<Vec<Number>> {
        use Number::{Float, Int, Uint};
        vec![
            vec![Float(f64::NEG_INFINITY)],
            vec![Float(-1e300)],
            vec![Float((-(2.0_f64.powi(63))).next_down())],
            vec![Int(i64::MIN), Float(-(2.0_f64.powi(63)))],
            vec![Int(i64::MIN + 1)],
            vec![Int(-TWO_53 - 1)],
            vec![Int(-TWO_53), Float(-(2.0_f64.powi(53)))],
            vec![Float(-2.5)],
            vec![Int(-2), Float(-2.0)],
            vec![Float(-f64::MIN_POSITIVE)],
            vec![Int(0), Uint(0), Float(0.0), Float(-0.0)],
            vec![Float(f64::MIN_POSITIVE)],
            vec![Int(2), Uint(2), Float(2.0)],
            vec![Float(2.5)],
            vec![Int(3), Uint(3), Float(3.0)],
            vec![Int(TWO_53 - 1), Uint((1 << 53) - 1), Float(2.0_f64.powi(53) - 1.0)],
            vec![Int(TWO_53), Uint(1 << 53), Float(2.0_f64.powi(53))],
            vec![Int(TWO_53 + 1), Uint((1 << 53) + 1)],
            vec![Int(TWO_53 + 2), Uint((1 << 53) + 2), Float(2.0_f64.powi(53) + 2.0)],
            vec![Int(TWO_53 + 3), Uint((1 << 53) + 3)],
            vec![Int(i64::MAX), Uint(i64::MAX as u64)],
            vec![Uint(1 << 63), Float(2.0_f64.powi(63))],
            vec![Float(2.0_f64.powi(64).next_down())],
            vec![Uint(u64::MAX)],
            vec![Float(2.0_f64.powi(64))],
            vec![Float(1e300)],
            vec![Float(f64::INFINITY)],
        ]
    }

    fn each_pair(mut check: impl FnMut(Number, Number, Ordering)) {
        let ascending = ascending();
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                for a in left {
                    for b in right {
                        check(*a, *b, i.cmp(&j));
                    }
                }
            }
        }
    }

    fn says_of<T: PartialOrd>(asked: Asked<T>, value: T) -> bool {
        match asked {
            Asked::Always => true,
            Asked::Never => false,
            Asked::Compare(op, with) => op.holds(value.partial_cmp(&with).unwrap()),
        }
    }

    #[test]
    fn numbers_of_all_kinds_stand_in_one_exact_order() {
        each_pair(|a, b, order| assert_eq!(a.compare(b), Some(order), "{a:?} {b:?}"));
    }

    #[test]
    fn a_comparison_in_the_type_of_the_column_says_the_same() {
        use Comparison::{Eq, Gt, Gte, Lt, Lte, NotEq};
        for op in [Eq, NotEq, Lt, Lte, Gt, Gte] {
            each_pair(|a, b, order| {
                let said = match a {
                    Number::Int(a) => says_of(b.of_integers::<i64>(op), a),
                    Number::Uint(a) => says_of(b.of_integers::<u64>(op), a),
                    Number::Float(a) => says_of(b.of_floats(op), a),
                };
                assert_eq!(said, op.holds(order), "{a:?} {op:?} {b:?}");
            });
        }
    }

    #[test]
    fn a_number_becomes_one_of_another_kind_exactly_or_not_at_all() {
        assert_eq!(Number::Float(-0.0).exactly::<u64>(), Some(0));
        assert_eq!(Number::Float(2.5).exactly::<i64>(), None);
        assert_eq!(Number::Int(-1).exactly::<u64>(), None);
        assert_eq!(Number::Uint(u64::MAX).exactly::<i64>(), None);
        assert_eq!(Number::Float(2.0_f64.powi(64)).exactly::<u64>(), None);
        assert_eq!(Number::Float(f64::INFINITY).exactly::<i64>(), None);
        assert_eq!(Number::Int(TWO_53).exactly_float(), Some(2.0_f64.powi(53)));
        assert_eq!(Number::Int(TWO_53 + 1).exactly_float(), None);
        assert_eq!(Number::Uint(u64::MAX).exactly_float(), None);
    }
}
