//! The order of values: the one that comparisons, sorting and the ranges of a filter go by.
//!
//! Text and bytes go by their bytes, uuids by their number, `false` comes before `true`, arrays go
//! by their first element that differs. Two values are equal in this order if and only if they are
//! equal: so zero is zero with either sign.

use std::cmp::Ordering;

use super::Value;

impl Value {
    /// Total, though it means something only for two values of one attribute. What is no number,
    /// and so no value either, lies beyond the infinities.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) | (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (Self::Uint(a), Self::Uint(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => float(*a, *b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Strings(a), Self::Strings(b)) => a.cmp(b),
            (Self::Ints(a), Self::Ints(b)) | (Self::DateTimes(a), Self::DateTimes(b)) => a.cmp(b),
            (Self::Uints(a), Self::Uints(b)) => a.cmp(b),
            (Self::Floats(a), Self::Floats(b)) => in_turn(a, b, |a, b| float(*a, *b)),
            (Self::Bools(a), Self::Bools(b)) => a.cmp(b),
            (Self::Uuids(a), Self::Uuids(b)) => a.cmp(b),
            (Self::Vector(a), Self::Vector(b)) | (Self::Vectors(a), Self::Vectors(b)) => {
                in_turn(a, b, |a, b| weight(*a, *b))
            }
            (Self::Sparse(a), Self::Sparse(b)) => in_turn(a, b, |(key_a, a), (key_b, b)| {
                key_a.cmp(key_b).then_with(|| weight(*a, *b))
            }),
            _ => variant(self).cmp(&variant(other)),
        }
    }
}

fn float(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
}

fn weight(a: f32, b: f32) -> Ordering {
    float(a.into(), b.into())
}

/// By the first two that differ; of two lists that begin alike, the shorter one first.
fn in_turn<T>(a: &[T], b: &[T], order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let mut orders = a.iter().zip(b).map(|(a, b)| order(a, b));
    orders.find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn variant(value: &Value) -> u8 {
    match value {
        Value::String(_) => 0,
        Value::Int(_) => 1,
        Value::Uint(_) => 2,
        Value::Float(_) => 3,
        Value::Bool(_) => 4,
        Value::Uuid(_) => 5,
        Value::DateTime(_) => 6,
        Value::Bytes(_) => 7,
        Value::Strings(_) => 8,
        Value::Ints(_) => 9,
        Value::Uints(_) => 10,
        Value::Floats(_) => 11,
        Value::Bools(_) => 12,
        Value::Uuids(_) => 13,
        Value::DateTimes(_) => 14,
        Value::Vector(_) => 15,
        Value::Sparse(_) => 16,
        Value::Vectors(_) => 17,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::any;

    use proptest::prelude::*;

    fn three_of_one_attribute() -> impl Strategy<Value = (Value, Value, Value)> {
        any::any_attr_type().prop_flat_map(|kind| {
            (any::any_value_of(kind), any::any_value_of(kind), any::any_value_of(kind))
        })
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_agrees_with_equality((a, b, c) in three_of_one_attribute()) {
            prop_assert_eq!(a.total_cmp(&b), b.total_cmp(&a).reverse());
            prop_assert_eq!(a.total_cmp(&b).is_eq(), a == b);
            prop_assert_eq!(a.total_cmp(&a), Ordering::Equal);
            let mut sorted = [a, b, c];
            sorted.sort_by(Value::total_cmp);
            prop_assert!(sorted[0].total_cmp(&sorted[2]).is_le());
        }
    }

    fn ascending(values: &[Value]) {
        for pair in values.windows(2) {
            assert_eq!(pair[0].total_cmp(&pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn each_type_has_the_order_that_a_reader_expects() {
        ascending(&["", "B", "a", "aa", "é"].map(|text| Value::String(text.into())));
        ascending(&[i64::MIN, -1, 0, i64::MAX].map(Value::Int));
        ascending(&[0, 1 << 63, u64::MAX].map(Value::Uint));
        ascending(&[-1e300, -0.5, 0.0, 1e-300, 2.0].map(Value::Float));
        ascending(&[false, true].map(Value::Bool));
        ascending(&[0, 1, 1 << 127].map(Value::Uuid));
        ascending(&[-1, 1].map(Value::DateTime));
        ascending(&[&[][..], &[0], &[0, 0], &[200]].map(|bytes: &[u8]| Value::Bytes(bytes.into())));
        ascending(&[&[][..], &[1], &[1, -5], &[2]].map(|ints: &[i64]| Value::Ints(ints.into())));
        ascending(
            &[&[][..], &[1.5], &[1.5, -5.0], &[2.0]]
                .map(|floats: &[f64]| Value::Floats(floats.into())),
        );
    }

    #[test]
    fn zero_is_zero_with_either_sign() {
        assert_eq!(Value::Float(-0.0).total_cmp(&Value::Float(0.0)), Ordering::Equal);
        let (minus, plus) = (Value::Floats([-0.0].into()), Value::Floats([0.0].into()));
        assert_eq!(minus.total_cmp(&plus), Ordering::Equal);
    }
}
