//! Documents as JSON. Of a number that is stored as f32 the shortest text is printed that is read
//! as the same f32: `0.7`, and not `0.699999988079071`. What is missing is absent, not null.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::model::{AttrType, DocId, Hit, Made, Value, datetime, uuid};

/// How vectors are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::api) enum Encoding {
    #[default]
    Float,
    /// Of little-endian f32, whatever they are stored as.
    Base64,
}

pub(in crate::api) struct Id<'a>(pub(in crate::api) &'a DocId);

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            DocId::Uint(number) => json.serialize_u64(*number),
            DocId::Uuid(_) => json.collect_str(self.0),
            DocId::String(text) => json.serialize_str(text),
            DocId::Int(number) => json.serialize_i64(*number),
        }
    }
}

/// A value under the type of its attribute.
pub(in crate::api) struct Shown<'a> {
    pub(in crate::api) value: &'a Value,
    pub(in crate::api) kind: AttrType,
    pub(in crate::api) encoding: Encoding,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) => json.serialize_str(text),
            Value::Int(number) => json.serialize_i64(*number),
            Value::Uint(number) => json.serialize_u64(*number),
            Value::Float(number) => json.serialize_f64(*number),
            Value::Bool(value) => json.serialize_bool(*value),
            Value::Uuid(uuid) => json.serialize_str(&uuid::print(*uuid)),
            Value::DateTime(micros) => json.serialize_str(&datetime::print(*micros)),
            Value::Bytes(bytes) => json.serialize_str(&STANDARD.encode(bytes)),
            Value::Strings(texts) => json.collect_seq(texts.iter()),
            Value::Ints(numbers) => json.collect_seq(numbers.iter()),
            Value::Uints(numbers) => json.collect_seq(numbers.iter()),
            Value::Floats(numbers) => json.collect_seq(numbers.iter()),
            Value::Bools(values) => json.collect_seq(values.iter()),
            Value::Uuids(uuids) => json.collect_seq(uuids.iter().map(|uuid| uuid::print(*uuid))),
            Value::DateTimes(moments) => {
                json.collect_seq(moments.iter().map(|micros| datetime::print(*micros)))
            }
            Value::Vector(numbers) if self.encoding == Encoding::Base64 => {
                json.serialize_str(&base64(numbers))
            }
            Value::Vector(numbers) => json.collect_seq(numbers.iter()),
            Value::Sparse(entries) => {
                let mut map = json.serialize_map(Some(entries.len()))?;
                for (key, weight) in entries {
                    map.serialize_entry(key, weight)?;
                }
                map.end()
            }
            Value::Vectors(numbers) => json.collect_seq(numbers.chunks(self.dims())),
        }
    }
}

impl Shown<'_> {
    /// Of each of several vectors.
    fn dims(&self) -> usize {
        match self.kind {
            AttrType::Vectors { dims } => (dims as usize).max(1),
            _ => 1,
        }
    }
}

/// A distance, or what is made of one: the `-0.0` that arithmetic leaves is a zero to all others.
pub(in crate::api) fn unsigned_zero(number: f32) -> f32 {
    // In a sum of two zeros the positive one wins.
    number + 0.0
}

fn base64(numbers: &[f32]) -> String {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// What a document counts for in a bill: its id, its distance, its values, what was made of it.
pub(in crate::api) fn returned_bytes(hit: &Hit) -> u64 {
    let dist = if hit.dist.is_some() { 4 } else { 0 };
    let values = hit.values.iter().map(|(_, kind, value)| value.logical_bytes(*kind));
    let made = hit.made.iter().map(|(_, made)| match made {
        Made::Number(_) => 4,
        Made::Truth(_) => 1,
        Made::Fragments(fragments) => fragments.iter().map(|part| part.text.len()).sum(),
    });
    (hit.id.logical_bytes() + dist + values.sum::<usize>() + made.sum::<usize>()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Element, Fragment, Scalar};

    const UUID: u128 = 0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e;

    fn shown(value: Value, kind: AttrType, encoding: Encoding) -> String {
        serde_json::to_string(&Shown { value: &value, kind, encoding }).unwrap()
    }

    #[test]
    fn each_value_is_printed_as_its_type_is_read() {
        let scalar = AttrType::Scalar;
        let array = AttrType::Array;
        for (value, kind, text) in [
            (Value::String("é\"".into()), scalar(Scalar::String), r#""é\"""#),
            (Value::Int(-7), scalar(Scalar::Int), "-7"),
            (Value::Uint(u64::MAX), scalar(Scalar::Uint), "18446744073709551615"),
            (Value::Float(0.1), scalar(Scalar::Float), "0.1"),
            (Value::Bool(true), scalar(Scalar::Bool), "true"),
            (Value::Uuid(UUID), scalar(Scalar::Uuid), "\"0f8fad5b-d9cb-469f-a165-70867728950e\""),
            (Value::DateTime(0), scalar(Scalar::DateTime), "\"1970-01-01T00:00:00.000000000Z\""),
            (Value::Bytes([1, 2].into()), scalar(Scalar::Bytes), "\"AQI=\""),
            (
                Value::Strings([Box::<str>::from("a"), "b".into()].into()),
                array(Scalar::String),
                r#"["a","b"]"#,
            ),
            (Value::Ints([].into()), array(Scalar::Int), "[]"),
            (Value::Bools([true].into()), array(Scalar::Bool), "[true]"),
            (
                Value::Sparse([(Box::<str>::from("a"), 0.5)].into()),
                AttrType::Sparse,
                r#"{"a":0.5}"#,
            ),
            (
                Value::Vectors([1.0, 2.0, 3.0, 4.0].into()),
                AttrType::Vectors { dims: 2 },
                "[[1.0,2.0],[3.0,4.0]]",
            ),
        ] {
            assert_eq!(shown(value, kind, Encoding::Float), text);
        }
    }

    #[test]
    fn a_vector_is_printed_so_that_it_is_read_as_the_same_one() {
        let kind = AttrType::Vector { dims: 2, element: Element::F32 };
        let vector = Value::Vector([0.1, 0.2].into());
        assert_eq!(shown(vector.clone(), kind, Encoding::Float), "[0.1,0.2]");
        assert_eq!(shown(vector, kind, Encoding::Base64), "\"zczMPc3MTD4=\"");
        assert_eq!(shown(Value::Vector([0.7, 2.0].into()), kind, Encoding::Float), "[0.7,2.0]");
    }

    #[test]
    fn a_zero_has_no_sign() {
        let printed = |number| serde_json::to_string(&unsigned_zero(number)).unwrap();
        assert_eq!([-0.0, 0.0, -0.5].map(printed), ["0.0", "0.0", "-0.5"]);
    }

    #[test]
    fn an_id_is_printed_as_its_kind_is_read() {
        for (id, text) in [
            (DocId::Uint(u64::MAX), "18446744073709551615"),
            (DocId::Uuid(UUID), "\"0f8fad5b-d9cb-469f-a165-70867728950e\""),
            (DocId::String("7".into()), "\"7\""),
            (DocId::Int(i64::MIN), "-9223372036854775808"),
        ] {
            assert_eq!(serde_json::to_string(&Id(&id)).unwrap(), text);
        }
    }

    /// The two figures that the official tests of the contract pin.
    #[test]
    fn a_document_counts_for_what_it_holds() {
        let vector = AttrType::Vector { dims: 2, element: Element::F32 };
        let (id, dist) = (DocId::Uint(1), Some(0.5));
        let mut hit = Hit { id, dist, values: Vec::new(), made: Vec::new() };
        assert_eq!(2 * returned_bytes(&hit), 24);
        hit.values.push(("vector".into(), vector, Value::Vector([0.5, 0.5].into())));
        assert_eq!(5 * returned_bytes(&hit) + "world".len() as u64, 105);
        let fragments = vec![Fragment { text: "world".into(), places: None }];
        hit.made = vec![
            ("a".into(), Made::Number(0.5)),
            ("b".into(), Made::Truth(true)),
            ("c".into(), Made::Fragments(fragments)),
        ];
        assert_eq!(returned_bytes(&hit), 8 + 4 + 8 + 4 + 1 + 5);
    }
}
