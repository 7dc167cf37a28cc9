//! How much a document of an answer takes: as it lies in memory, and as JSON. Both are estimates,
//! which are made before anything is printed.

use super::Encoding;
use crate::model::{AttrType, DocId, Hit, Value};

/// Braces, an id that is no text, a distance.
const ROW_TEXT_BYTES: usize = 64;
/// A float of 32 bits, and its comma. Few have more digits, and many have less.
const F32_TEXT_BYTES: usize = 12;
const NUMBER_TEXT_BYTES: usize = 20;
const UUID_TEXT_BYTES: usize = 39;
const DATETIME_TEXT_BYTES: usize = 33;

pub(in crate::api) fn held_bytes(hit: &Hit) -> usize {
    let value = |(name, _, value): &(Box<str>, AttrType, Value)| name.len() + heap_bytes(value);
    let values = size_of_val(&*hit.values) + hit.values.iter().map(value).sum::<usize>();
    size_of::<Hit>() + id_bytes(&hit.id) + values
}

pub(in crate::api) fn printed_bytes(hit: &Hit, encoding: Encoding) -> usize {
    // With its quotes, a colon and a comma.
    let value = |(name, _, value): &(Box<str>, AttrType, Value)| {
        name.len() + 4 + text_bytes(value, encoding)
    };
    ROW_TEXT_BYTES + id_bytes(&hit.id) + hit.values.iter().map(value).sum::<usize>()
}

fn id_bytes(id: &DocId) -> usize {
    match id {
        DocId::Uint(_) | DocId::Uuid(_) => 0,
        DocId::String(text) => text.len(),
    }
}

fn heap_bytes(value: &Value) -> usize {
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) => 0,
        Value::Uuid(_) | Value::DateTime(_) => 0,
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Strings(texts) => {
            size_of_val(&**texts) + texts.iter().map(|text| text.len()).sum::<usize>()
        }
        Value::Ints(numbers) | Value::DateTimes(numbers) => size_of_val(&**numbers),
        Value::Uints(numbers) => size_of_val(&**numbers),
        Value::Floats(numbers) => size_of_val(&**numbers),
        Value::Bools(values) => size_of_val(&**values),
        Value::Uuids(uuids) => size_of_val(&**uuids),
        Value::Vector(numbers) | Value::Vectors(numbers) => size_of_val(&**numbers),
        Value::Sparse(entries) => {
            size_of_val(&**entries) + entries.iter().map(|(key, _)| key.len()).sum::<usize>()
        }
    }
}

fn text_bytes(value: &Value, encoding: Encoding) -> usize {
    let base64 = |bytes: usize| bytes.div_ceil(3) * 4;
    let inner = match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) => NUMBER_TEXT_BYTES,
        Value::Uuid(_) => UUID_TEXT_BYTES,
        Value::DateTime(_) => DATETIME_TEXT_BYTES,
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => base64(bytes.len()),
        Value::Strings(texts) => texts.iter().map(|text| text.len() + 3).sum(),
        Value::Ints(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Uints(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Floats(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Bools(values) => 6 * values.len(),
        Value::Uuids(uuids) => UUID_TEXT_BYTES * uuids.len(),
        Value::DateTimes(moments) => DATETIME_TEXT_BYTES * moments.len(),
        Value::Vector(numbers) if encoding == Encoding::Base64 => base64(size_of_val(&**numbers)),
        Value::Vector(numbers) | Value::Vectors(numbers) => F32_TEXT_BYTES * numbers.len(),
        Value::Sparse(entries) => {
            entries.iter().map(|(key, _)| key.len() + 4 + F32_TEXT_BYTES).sum()
        }
    };
    // Its own quotes or brackets.
    inner + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Element, Scalar};

    fn hit(values: Vec<(AttrType, Value)>) -> Hit {
        let values = values.into_iter().map(|(kind, value)| ("name".into(), kind, value));
        Hit { id: DocId::Uint(1), dist: None, values: values.collect() }
    }

    #[test]
    fn a_vector_is_most_of_a_document_that_has_one() {
        let kind = AttrType::Vector { dims: 1000, element: Element::F32 };
        let vector: Vec<f32> = (0..1000).map(|at| at as f32 / 1000.0 - 0.5).collect();
        let hit = hit(vec![(kind, Value::Vector(vector.into()))]);
        let held = held_bytes(&hit);
        assert!((4000..4500).contains(&held), "{held}");
        for (encoding, bytes) in [(Encoding::Base64, 5336), (Encoding::Float, 12_000)] {
            let text = printed_bytes(&hit, encoding);
            assert!((bytes..bytes + 100).contains(&text), "{text}");
        }
    }

    #[test]
    fn nothing_that_can_be_long_weighs_nothing() {
        let long: Box<str> = "x".repeat(10_000).into();
        let scalar = AttrType::Scalar;
        for (kind, value) in [
            (scalar(Scalar::String), Value::String(long.clone())),
            (scalar(Scalar::Bytes), Value::Bytes(vec![0; 10_000].into())),
            (AttrType::Array(Scalar::String), Value::Strings([long.clone()].into())),
            (AttrType::Array(Scalar::Bool), Value::Bools(vec![true; 10_000].into())),
            (AttrType::Array(Scalar::Int), Value::Ints(vec![0; 2_000].into())),
            (AttrType::Sparse, Value::Sparse([(long.clone(), 0.5)].into())),
            (AttrType::Vectors { dims: 2 }, Value::Vectors(vec![0.0; 3_000].into())),
        ] {
            let hit = hit(vec![(kind, value)]);
            assert!(held_bytes(&hit) >= 10_000, "{kind}");
            assert!(printed_bytes(&hit, Encoding::Float) >= 10_000, "{kind}");
        }
        let named = Hit { id: DocId::String(long), dist: None, values: Vec::new() };
        assert!(held_bytes(&named) > 10_000 && printed_bytes(&named, Encoding::Float) > 10_000);
    }
}
