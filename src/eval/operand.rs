//! The operand of a filter, from what was given to what an attribute is compared with.
//!
//! It is laxer than what may be stored: any number may be compared with any number. A list is made
//! of numbers of the attribute's own type all the same, for what is not among them equals none.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;

use super::cell::Atom;
use super::number::Number;
use crate::model::{Given, Scalar, Value, datetime, uuid};

/// What was given is of another type.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch;

/// How a moment may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moments {
    Texts,
    /// Or by its milliseconds, as buckets are called.
    Millis,
}

/// One scalar. A number stays what it was given as.
pub(super) fn scalar(kind: Scalar, given: &Given, moments: Moments) -> Result<Value, Mismatch> {
    let value = match (kind, given) {
        (Scalar::String, Given::Text(text)) => Some(Value::String(text.clone())),
        (Scalar::Int | Scalar::Uint | Scalar::Float, given) => number(given),
        (Scalar::Bool, Given::Bool(bool)) => Some(Value::Bool(*bool)),
        (Scalar::Uuid, Given::Text(text)) => uuid::parse(text).map(Value::Uuid),
        (Scalar::DateTime, Given::Text(text)) => datetime::parse(text).map(Value::DateTime),
        (Scalar::DateTime, given) if moments == Moments::Millis => {
            datetime::of_millis(given).map(Value::DateTime)
        }
        (Scalar::Bytes, Given::Text(text)) => {
            // Padded or not, as where it is stored.
            let bytes = STANDARD_PAD_INDIFFERENT.decode(text.as_bytes()).ok();
            bytes.map(|bytes| Value::Bytes(bytes.into()))
        }
        _ => None,
    };
    value.ok_or(Mismatch)
}

/// A whole list, in its order. Nothing, if an element is a number beyond the type of the
/// attribute: then no value equals it.
pub(super) fn list(
    kind: Scalar,
    given: &[Given],
    moments: Moments,
) -> Result<Option<Value>, Mismatch> {
    let scalars = scalars(kind, given, moments)?;
    let exact: Option<Vec<Value>> = scalars.into_iter().map(|value| exactly(kind, value)).collect();
    Ok(exact.map(|scalars| array(kind, scalars)))
}

/// The elements of a list that some value may equal: sorted, none twice.
pub(super) fn set(kind: Scalar, given: &[Given], moments: Moments) -> Result<Value, Mismatch> {
    let scalars = scalars(kind, given, moments)?;
    let mut exact: Vec<Value> =
        scalars.into_iter().filter_map(|value| exactly(kind, value)).collect();
    exact.sort_by(order);
    exact.dedup_by(|a, b| order(a, b).is_eq());
    Ok(array(kind, exact))
}

/// The same of bytes.
pub(super) fn bytes_set(given: &[Given]) -> Result<Box<[Box<[u8]>]>, Mismatch> {
    let bytes = |given: &Given| match scalar(Scalar::Bytes, given, Moments::Texts)? {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Mismatch),
    };
    let mut set: Vec<Box<[u8]>> = given.iter().map(bytes).collect::<Result<_, Mismatch>>()?;
    set.sort_unstable();
    set.dedup();
    Ok(set.into())
}

fn number(given: &Given) -> Option<Value> {
    match given {
        Given::Int(number) => Some(Value::Int(*number)),
        Given::Uint(number) => Some(Value::Uint(*number)),
        Given::Float(number) if !number.is_nan() => Some(Value::Float(*number)),
        _ => None,
    }
}

fn scalars(kind: Scalar, given: &[Given], moments: Moments) -> Result<Vec<Value>, Mismatch> {
    given.iter().map(|given| scalar(kind, given, moments)).collect()
}

/// The same value in the type of the attribute, if there is one.
fn exactly(kind: Scalar, value: Value) -> Option<Value> {
    match (kind, Number::of(&value)) {
        (Scalar::Int, Some(number)) => number.exactly().map(Value::Int),
        (Scalar::Uint, Some(number)) => number.exactly().map(Value::Uint),
        (Scalar::Float, Some(number)) => number.exactly_float().map(Value::Float),
        _ => Some(value),
    }
}

fn order(a: &Value, b: &Value) -> Ordering {
    let order = Atom::of(a).zip(Atom::of(b)).and_then(|(a, b)| a.compare(b));
    order.unwrap_or(Ordering::Equal)
}

/// An array of scalars of one kind. There is none of bytes, and nobody asks for it.
pub(super) fn array(kind: Scalar, scalars: Vec<Value>) -> Value {
    macro_rules! each {
        ($one:ident) => {
            scalars
                .into_iter()
                .filter_map(|value| match value {
                    Value::$one(value) => Some(value),
                    _ => None,
                })
                .collect()
        };
    }
    match kind {
        Scalar::String | Scalar::Bytes => Value::Strings(each!(String)),
        Scalar::Int => Value::Ints(each!(Int)),
        Scalar::Uint => Value::Uints(each!(Uint)),
        Scalar::Float => Value::Floats(each!(Float)),
        Scalar::Bool => Value::Bools(each!(Bool)),
        Scalar::Uuid => Value::Uuids(each!(Uuid)),
        Scalar::DateTime => Value::DateTimes(each!(DateTime)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    #[test]
    fn an_operand_has_the_type_of_its_attribute_or_is_refused() {
        let uuid = "00112233-4455-6677-8899-AABBccddEEFF";
        for (kind, given, value) in [
            (Scalar::String, text("a"), Value::String("a".into())),
            (Scalar::Int, Given::Float(2.5), Value::Float(2.5)),
            (Scalar::Uint, Given::Int(-1), Value::Int(-1)),
            (Scalar::Float, Given::Uint(u64::MAX), Value::Uint(u64::MAX)),
            (Scalar::Bool, Given::Bool(true), Value::Bool(true)),
            (Scalar::Uuid, text(uuid), Value::Uuid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)),
            (Scalar::Bytes, text("AQI="), Value::Bytes([1, 2].into())),
            (Scalar::Bytes, text("AQI"), Value::Bytes([1, 2].into())),
        ] {
            assert_eq!(scalar(kind, &given, Moments::Texts), Ok(value));
        }
        for (kind, given) in [
            (Scalar::String, Given::Int(1)),
            (Scalar::String, Given::Null),
            (Scalar::Int, text("1")),
            (Scalar::Int, Given::Bool(true)),
            (Scalar::Float, Given::Float(f64::NAN)),
            (Scalar::Bool, Given::Int(1)),
            (Scalar::Uuid, text(&uuid[1..])),
            (Scalar::Uuid, text(&uuid.replace('-', "0"))),
            (Scalar::Uuid, text(&uuid.replace('A', "g"))),
            (Scalar::DateTime, text("yesterday")),
            (Scalar::DateTime, Given::Int(0)),
            (Scalar::Bytes, text("no base64!")),
            (Scalar::Bytes, Given::List(vec![])),
        ] {
            assert_eq!(scalar(kind, &given, Moments::Texts), Err(Mismatch), "{kind:?} {given:?}");
        }
    }

    #[test]
    fn a_moment_is_a_text_or_where_that_is_so_its_milliseconds() {
        let of = |given: &Given| scalar(Scalar::DateTime, given, Moments::Millis);
        for (given, micros) in [
            (text("1970-01-01T00:00:01Z"), 1_000_000),
            (Given::Int(-1), -1000),
            (Given::Float(1000.0), 1_000_000),
            (Given::Float(-0.0), 0),
            (Given::Int(datetime::MICROS_MIN / 1000), datetime::MICROS_MIN),
        ] {
            assert_eq!(of(&given), Ok(Value::DateTime(micros)), "{given}");
        }
        for odd in [
            Given::Int(datetime::MICROS_MIN / 1000 - 1),
            Given::Int(datetime::MICROS_MAX / 1000 + 1),
            Given::Int(i64::MAX),
            Given::Uint(u64::MAX),
            Given::Float(0.5),
            Given::Float(1e300),
            Given::Float(f64::NAN),
            Given::Bool(true),
            Given::Null,
            text("0"),
        ] {
            assert_eq!(of(&odd), Err(Mismatch), "{odd}");
        }
        assert_eq!(scalar(Scalar::Int, &Given::Int(1), Moments::Millis), Ok(Value::Int(1)));
    }

    #[test]
    fn a_set_is_sorted_and_holds_only_what_can_be_found() {
        let numbers = [3.0, 2.5, -1.0, 3.0, 1e300].map(Given::Float);
        assert_eq!(set(Scalar::Int, &numbers, Moments::Texts), Ok(Value::Ints([-1, 3].into())));
        assert_eq!(set(Scalar::Uint, &numbers, Moments::Texts), Ok(Value::Uints([3].into())));
        let floats = Value::Floats([-1.0, 2.5, 3.0, 1e300].into());
        assert_eq!(set(Scalar::Float, &numbers, Moments::Texts), Ok(floats));
        let texts = ["b", "a", "b", ""].map(text);
        let strings = Value::Strings(["", "a", "b"].map(Box::<str>::from).into());
        assert_eq!(set(Scalar::String, &texts, Moments::Texts), Ok(strings));
        assert_eq!(set(Scalar::String, &numbers, Moments::Texts), Err(Mismatch));
    }

    #[test]
    fn a_list_keeps_its_order_unless_nothing_can_equal_it() {
        let given = [Given::Float(2.0), Given::Int(-1), Given::Float(2.0)];
        assert_eq!(
            list(Scalar::Int, &given, Moments::Texts),
            Ok(Some(Value::Ints([2, -1, 2].into())))
        );
        assert_eq!(list(Scalar::Uint, &given, Moments::Texts), Ok(None));
        assert_eq!(list(Scalar::Bool, &given, Moments::Texts), Err(Mismatch));
    }
}
