//! A value that was given becomes one of the type of its attribute, or is refused; and back.
//!
//! Nothing is converted silently, but for what JSON itself does not tell apart: an integer is a
//! float too, and a moment, a uuid, bytes are text. A null is no value, and no array holds one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};

use super::{AttrType, Given, Scalar, Value, datetime, uuid, vector};
use crate::error::{Error, Result};

/// What was expected, and what was given instead: the end of a sentence that says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    expected: AttrType,
    got: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expects {}, but got {}", self.expected, self.got)
    }
}

impl Value {
    /// `None` is what a null becomes.
    pub fn coerce(kind: AttrType, given: &Given) -> Result<Option<Self>, Misfit> {
        let value = match (kind, given) {
            (_, Given::Null) => return Ok(None),
            (AttrType::Scalar(scalar), _) => one(scalar, given).ok_or_else(|| format!("'{given}'")),
            (AttrType::Array(scalar), Given::List(items)) => several(scalar, items),
            (AttrType::Array(_), _) => Err(format!("'{given}'")),
            (AttrType::Vector { dims, element }, _) => {
                vector::dense(dims, element, given).map(Self::Vector)
            }
            (AttrType::Sparse, _) => vector::sparse(given).map(Self::Sparse),
            (AttrType::Vectors { dims }, _) => vector::several(dims, given).map(Self::Vectors),
        };
        value.map(Some).map_err(|got| Misfit { expected: kind, got })
    }

    /// The same, for what a request writes: the error names the attribute.
    pub fn of_attribute(name: &str, kind: AttrType, given: &Given) -> Result<Option<Self>> {
        Self::coerce(kind, given)
            .map_err(|misfit| Error::invalid(format!("attribute '{name}' {misfit}")))
    }

    /// What would be read as this value again under the same type.
    pub fn to_given(&self, kind: AttrType) -> Given {
        match self {
            Self::String(text) => given_text(text),
            Self::Int(number) => Given::Int(*number),
            Self::Uint(number) => given_uint(number),
            Self::Float(number) => Given::Float(*number),
            Self::Bool(value) => Given::Bool(*value),
            Self::Uuid(uuid) => given_uuid(uuid),
            Self::DateTime(micros) => given_datetime(micros),
            Self::Bytes(bytes) => Given::Text(STANDARD.encode(bytes).into()),
            Self::Strings(texts) => given_list(texts, |text| given_text(text)),
            Self::Ints(numbers) => given_list(numbers, |number| Given::Int(*number)),
            Self::Uints(numbers) => given_list(numbers, given_uint),
            Self::Floats(numbers) => given_list(numbers, |number| Given::Float(*number)),
            Self::Bools(values) => given_list(values, |value| Given::Bool(*value)),
            Self::Uuids(uuids) => given_list(uuids, given_uuid),
            Self::DateTimes(moments) => given_list(moments, given_datetime),
            Self::Vector(numbers) => given_list(numbers, given_weight),
            Self::Sparse(entries) => {
                let entry = |(key, weight): &(Box<str>, f32)| (key.clone(), given_weight(weight));
                Given::Map(entries.iter().map(entry).collect())
            }
            Self::Vectors(numbers) => {
                let dims = match kind {
                    AttrType::Vectors { dims } => dims as usize,
                    _ => numbers.len(),
                };
                let vectors = numbers.chunks(dims.max(1));
                Given::List(vectors.map(|vector| given_list(vector, given_weight)).collect())
            }
        }
    }
}

fn one(scalar: Scalar, given: &Given) -> Option<Value> {
    let value = match scalar {
        Scalar::String => Value::String(text(given)?.into()),
        Scalar::Int => Value::Int(int(given)?),
        Scalar::Uint => Value::Uint(uint(given)?),
        Scalar::Float => Value::Float(float(given)?),
        Scalar::Bool => Value::Bool(truth(given)?),
        Scalar::Uuid => Value::Uuid(uuid::parse(text(given)?)?),
        Scalar::DateTime => Value::DateTime(datetime::parse(text(given)?)?),
        Scalar::Bytes => Value::Bytes(STANDARD_PAD_INDIFFERENT.decode(text(given)?).ok()?.into()),
    };
    Some(value)
}

fn several(scalar: Scalar, items: &[Given]) -> Result<Value, String> {
    let value = match scalar {
        Scalar::String => Value::Strings(each(items, |item| text(item).map(Box::<str>::from))?),
        Scalar::Int => Value::Ints(each(items, int)?),
        Scalar::Uint => Value::Uints(each(items, uint)?),
        Scalar::Float => Value::Floats(each(items, float)?),
        Scalar::Bool => Value::Bools(each(items, truth)?),
        Scalar::Uuid => Value::Uuids(each(items, |item| uuid::parse(text(item)?))?),
        Scalar::DateTime => Value::DateTimes(each(items, |item| datetime::parse(text(item)?))?),
        Scalar::Bytes => return Err("an array, and there are no arrays of bytes".to_owned()),
    };
    Ok(value)
}

fn each<T>(items: &[Given], read: impl Fn(&Given) -> Option<T>) -> Result<Box<[T]>, String> {
    let read =
        |(at, item): (usize, &Given)| read(item).ok_or_else(|| format!("'{item}' at index {at}"));
    items.iter().enumerate().map(read).collect()
}

fn text(given: &Given) -> Option<&str> {
    match given {
        Given::Text(text) => Some(text),
        _ => None,
    }
}

fn int(given: &Given) -> Option<i64> {
    match given {
        Given::Int(number) => Some(*number),
        Given::Uint(number) => i64::try_from(*number).ok(),
        Given::Float(number) if is_minus_zero(*number) => Some(0),
        _ => None,
    }
}

fn uint(given: &Given) -> Option<u64> {
    match given {
        Given::Int(number) => u64::try_from(*number).ok(),
        Given::Uint(number) => Some(*number),
        Given::Float(number) if is_minus_zero(*number) => Some(0),
        _ => None,
    }
}

/// What JSON spells `-0` is an integer, which comes as a float so as not to lose its sign.
fn is_minus_zero(number: f64) -> bool {
    number == 0.0 && number.is_sign_negative()
}

fn float(given: &Given) -> Option<f64> {
    given.number().filter(|number| number.is_finite())
}

fn truth(given: &Given) -> Option<bool> {
    match given {
        Given::Bool(value) => Some(*value),
        _ => None,
    }
}

fn given_text(text: &str) -> Given {
    Given::Text(text.into())
}

fn given_uint(number: &u64) -> Given {
    i64::try_from(*number).map_or(Given::Uint(*number), Given::Int)
}

fn given_uuid(uuid: &u128) -> Given {
    Given::Text(uuid::print(*uuid).into())
}

fn given_datetime(micros: &i64) -> Given {
    Given::Text(datetime::print(*micros).into())
}

fn given_weight(weight: &f32) -> Given {
    Given::Float((*weight).into())
}

fn given_list<T>(items: &[T], given: impl Fn(&T) -> Given) -> Given {
    Given::List(items.iter().map(given).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Element, any};

    use proptest::prelude::*;

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    fn typed(kind: &str) -> AttrType {
        kind.parse().unwrap()
    }

    fn any_typed_value() -> impl Strategy<Value = (AttrType, Value)> {
        any::any_attr_type().prop_flat_map(|kind| (Just(kind), any::any_value_of(kind)))
    }

    proptest! {
        #[test]
        fn a_value_that_was_given_back_is_read_again((kind, value) in any_typed_value()) {
            prop_assert_eq!(Value::coerce(kind, &value.to_given(kind)), Ok(Some(value)));
        }
    }

    #[test]
    fn each_type_reads_its_own() {
        for (kind, given, value) in [
            ("string", text("é"), Value::String("é".into())),
            ("int", Given::Int(-1), Value::Int(-1)),
            ("int", Given::Uint(7), Value::Int(7)),
            ("uint", Given::Int(7), Value::Uint(7)),
            ("uint", Given::Uint(u64::MAX), Value::Uint(u64::MAX)),
            ("float", Given::Float(0.5), Value::Float(0.5)),
            ("float", Given::Int(2), Value::Float(2.0)),
            ("int", Given::Float(-0.0), Value::Int(0)),
            ("uint", Given::Float(-0.0), Value::Uint(0)),
            ("[]int", Given::List(vec![Given::Float(-0.0)]), Value::Ints([0].into())),
            ("bool", Given::Bool(false), Value::Bool(false)),
            ("uuid", text("00000000-0000-0000-0000-00000000000A"), Value::Uuid(10)),
            ("datetime", text("1970-01-01T00:00:01Z"), Value::DateTime(1_000_000)),
            ("bytes", text("AQID"), Value::Bytes([1, 2, 3].into())),
            ("[]int", Given::List(vec![Given::Int(2), Given::Int(1)]), Value::Ints([2, 1].into())),
            ("[]string", Given::List(Vec::new()), Value::Strings(Vec::new().into())),
            ("[]float", Given::List(vec![Given::Int(2)]), Value::Floats([2.0].into())),
            ("[2]f32", text("zczMPc3MTD4="), Value::Vector([0.1, 0.2].into())),
        ] {
            let kind = typed(kind);
            assert_eq!(Value::coerce(kind, &given), Ok(Some(value)), "{kind} of {given}");
        }
    }

    #[test]
    fn a_float_keeps_the_sign_of_its_zero() {
        let Ok(Some(Value::Float(zero))) = Value::coerce(typed("float"), &Given::Float(-0.0))
        else {
            panic!("it is a float")
        };
        assert!(zero == 0.0 && zero.is_sign_negative());
    }

    #[test]
    fn a_null_is_no_value_of_any_type() {
        for kind in ["string", "[]int", "[2]f32", "{}f16", "[][2]f32"] {
            assert_eq!(Value::coerce(typed(kind), &Given::Null), Ok(None));
        }
    }

    #[test]
    fn nothing_is_converted_silently() {
        for (kind, given) in [
            ("string", Given::Int(1)),
            ("int", Given::Float(2.0)),
            ("int", Given::Float(0.0)),
            ("int", text("2")),
            ("int", Given::Bool(true)),
            ("int", Given::Uint(1 << 63)),
            ("uint", Given::Int(-1)),
            ("float", text("0.5")),
            ("float", Given::Float(f64::NAN)),
            ("float", Given::Float(f64::INFINITY)),
            ("bool", Given::Int(1)),
            ("uuid", text("0f8fad5bd9cb469fa16570867728950e")),
            ("datetime", Given::Int(0)),
            ("datetime", text("yesterday")),
            ("bytes", text("no base64!")),
            ("string", Given::List(vec![text("a")])),
            ("[]string", text("a")),
            ("[2]f32", Given::Int(1)),
            ("{}f16", Given::List(Vec::new())),
            ("[][2]f32", text("zczMPc3MTD4=")),
        ] {
            let told = Value::coerce(typed(kind), &given).unwrap_err().to_string();
            assert!(told.starts_with(&format!("expects {kind}, but got '{given}'")), "{told}");
        }
    }

    #[test]
    fn arrays_hold_neither_null_nor_arrays() {
        let inner = Given::List(vec![Given::Int(1)]);
        for (odd, shown) in [(Given::Null, "'null'"), (inner, "'[1]'"), (text("x"), "'x'")] {
            let given = Given::List(vec![Given::Int(1), odd]);
            let told = Value::coerce(typed("[]int"), &given).unwrap_err().to_string();
            assert_eq!(told, format!("expects []int, but got {shown} at index 1"));
        }
    }

    #[test]
    fn an_error_names_the_attribute_and_what_was_given() {
        let told = Value::of_attribute("age", typed("int"), &text("old")).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Invalid);
        assert_eq!(told.to_string(), "attribute 'age' expects int, but got 'old'");
        let vector = AttrType::Vector { dims: 3, element: Element::F32 };
        let two = Given::List(vec![Given::Int(1); 2]);
        let told = Value::of_attribute("v", vector, &two).unwrap_err();
        assert_eq!(told.to_string(), "attribute 'v' expects [3]f32, but got 2 numbers");
    }
}
