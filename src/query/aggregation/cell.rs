//! Numbers of three kinds in the one loop that each aggregation has: as they are added, as floats,
//! and as bits that are in their order.

use crate::model::{Scalar, Value};
use crate::query::exact::Exact;

/// An integer, a float that is a number, or a moment as its microseconds.
pub(super) trait Cell: Copy {
    /// In the order of the numbers, and equal where they are.
    fn rank(self) -> u64;
    /// The nearest one.
    fn float(self) -> f64;
    fn add_to(self, sum: &mut Exact);
    fn add_square_to(self, squares: &mut Exact);
}

impl Cell for i64 {
    fn rank(self) -> u64 {
        rank_of_int(self)
    }

    fn float(self) -> f64 {
        self as f64
    }

    fn add_to(self, sum: &mut Exact) {
        sum.add_int(self);
    }

    fn add_square_to(self, squares: &mut Exact) {
        squares.add_square_of_int(self);
    }
}

impl Cell for u64 {
    fn rank(self) -> u64 {
        self
    }

    fn float(self) -> f64 {
        self as f64
    }

    fn add_to(self, sum: &mut Exact) {
        sum.add_uint(self);
    }

    fn add_square_to(self, squares: &mut Exact) {
        squares.add_square_of_uint(self);
    }
}

impl Cell for f64 {
    fn rank(self) -> u64 {
        // In a sum of two zeros the positive one wins.
        let bits = (self + 0.0).to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }

    fn float(self) -> f64 {
        self + 0.0
    }

    fn add_to(self, sum: &mut Exact) {
        sum.add_float(self);
    }

    fn add_square_to(self, squares: &mut Exact) {
        squares.add_square_of_float(self);
    }
}

const SIGN: u64 = 1 << 63;

pub(super) fn rank_of_int(number: i64) -> u64 {
    number.cast_unsigned() ^ SIGN
}

pub(super) fn int_of_rank(rank: u64) -> i64 {
    (rank ^ SIGN).cast_signed()
}

/// The value of this kind that has the rank. None: no number has, or the kind is none of numbers.
pub(super) fn of_rank(kind: Scalar, rank: u64) -> Option<Value> {
    match kind {
        Scalar::Int => Some(Value::Int(int_of_rank(rank))),
        Scalar::DateTime => Some(Value::DateTime(int_of_rank(rank))),
        Scalar::Uint => Some(Value::Uint(rank)),
        Scalar::Float => {
            let bits = if rank & SIGN == 0 { !rank } else { rank ^ SIGN };
            Some(Value::Float(f64::from_bits(bits))).filter(|_| f64::from_bits(bits).is_finite())
        }
        Scalar::Bool => (rank < 2).then_some(Value::Bool(rank == 1)),
        Scalar::String | Scalar::Uuid | Scalar::Bytes => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_the_numbers(
            ints in any::<(i64, i64)>(),
            bits in any::<(u64, u64)>(),
        ) {
            prop_assert_eq!(ints.0.rank().cmp(&ints.1.rank()), ints.0.cmp(&ints.1));
            prop_assert_eq!(of_rank(Scalar::Int, ints.0.rank()), Some(Value::Int(ints.0)));
            let floats = (f64::from_bits(bits.0), f64::from_bits(bits.1));
            prop_assume!(floats.0.is_finite() && floats.1.is_finite());
            prop_assert_eq!(Some(floats.0.rank().cmp(&floats.1.rank())), floats.0.partial_cmp(&floats.1));
            prop_assert_eq!(of_rank(Scalar::Float, floats.0.rank()), Some(Value::Float(floats.0)));
        }
    }

    #[test]
    fn both_zeros_are_one() {
        assert_eq!((-0.0_f64).rank(), 0.0_f64.rank());
        assert!((-0.0_f64).float().is_sign_positive());
        assert_eq!(of_rank(Scalar::Float, u64::MAX), None);
        assert_eq!(of_rank(Scalar::Bool, 2), None);
    }
}
