//! A value of an attribute, of one of the types that attributes have; and rows of them.

use super::{AttrNo, AttrType, Attribute, DocId, Element};
use crate::error::{Error, Result};

/// The weights of words, or whatever the keys of a sparse vector are.
pub type Weights = Box<[(Box<str>, f32)]>;

/// A value that is there. What is missing, or null, has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    String(Box<str>),
    Int(i64),
    Uint(u64),
    Float(f64),
    Bool(bool),
    Uuid(u128),
    /// Microseconds since 1970, UTC.
    DateTime(i64),
    Bytes(Box<[u8]>),
    Strings(Box<[Box<str>]>),
    Ints(Box<[i64]>),
    Uints(Box<[u64]>),
    Floats(Box<[f64]>),
    Bools(Box<[bool]>),
    Uuids(Box<[u128]>),
    DateTimes(Box<[i64]>),
    /// Whatever its elements are on the store: each is a number that they can hold.
    Vector(Box<[f32]>),
    /// Sorted by key, no key twice; each weight is one that f16 can hold.
    Sparse(Weights),
    /// One vector after the other.
    Vectors(Box<[f32]>),
}

/// A document: its id, and its values by the numbers of their attributes, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: DocId,
    pub values: Vec<(AttrNo, Value)>,
}

pub const VALUE_BYTES_MAX: usize = 8 << 20;
pub const FILTERABLE_BYTES_MAX: usize = 4 << 10;
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
pub const SPARSE_ENTRIES_MAX: usize = 1024;

impl Value {
    /// What this counts for in bills and in limits, under the type of its attribute.
    pub fn logical_bytes(&self, kind: AttrType) -> usize {
        let dim_bytes = match kind {
            AttrType::Vector { element, .. } => element.bytes(),
            _ => Element::F32.bytes(),
        };
        match self {
            Self::String(text) => text.len(),
            Self::Int(_) | Self::Uint(_) | Self::Float(_) | Self::DateTime(_) => 8,
            Self::Bool(_) => 1,
            Self::Uuid(_) => 16,
            Self::Bytes(bytes) => bytes.len(),
            Self::Strings(texts) => texts.iter().map(|text| text.len()).sum(),
            Self::Ints(numbers) | Self::DateTimes(numbers) => 8 * numbers.len(),
            Self::Uints(numbers) => 8 * numbers.len(),
            Self::Floats(numbers) => 8 * numbers.len(),
            Self::Bools(bools) => bools.len(),
            Self::Uuids(uuids) => 16 * uuids.len(),
            Self::Vector(numbers) | Self::Vectors(numbers) => dim_bytes * numbers.len(),
            Self::Sparse(entries) => entries.iter().map(|(key, _)| key.len() + 2).sum(),
        }
    }

    /// Whether an attribute may hold so much: in one value, and where it can be filtered by, in
    /// each element.
    pub fn check_size(&self, name: &str, attribute: &Attribute) -> Result<()> {
        let bytes = self.logical_bytes(attribute.kind);
        if bytes > VALUE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "attribute '{name}' takes values of at most {VALUE_BYTES_MAX} bytes, \
                 but got one of {bytes}"
            )));
        }
        let bytes = self.longest_element_bytes();
        if attribute.options.filterable && bytes > FILTERABLE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "attribute '{name}' is filterable and takes at most {FILTERABLE_BYTES_MAX} bytes, \
                 but got {bytes}; one with `filterable: false`, or `indexed: false` in /v1, takes longer ones"
            )));
        }
        Ok(())
    }

    /// Of what has a length of its own; numbers are short.
    fn longest_element_bytes(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Strings(texts) => texts.iter().map(|text| text.len()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl Row {
    pub fn value(&self, number: AttrNo) -> Option<&Value> {
        let at = self.values.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.values[at].1)
    }

    /// An attribute without a type was dropped, and counts for nothing.
    pub fn logical_bytes(&self, kind_of: impl Fn(AttrNo) -> Option<AttrType>) -> usize {
        let values = self.values.iter().filter_map(|(number, value)| {
            let kind = kind_of(*number)?;
            Some(value.logical_bytes(kind))
        });
        self.id.logical_bytes() + values.sum::<usize>()
    }

    /// What it counts for, if one document may hold so much.
    pub fn check_size(&self, kind_of: impl Fn(AttrNo) -> Option<AttrType>) -> Result<usize> {
        let bytes = self.logical_bytes(kind_of);
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(Error::invalid(format!(
                "the document of id '{}' has {bytes} bytes, \
                 at most {DOCUMENT_BYTES_MAX} are allowed",
                self.id
            )));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Options, Scalar};

    const STRING: AttrType = AttrType::Scalar(Scalar::String);

    fn attribute(kind: AttrType, filterable: bool) -> Attribute {
        let options = Options { filterable, ..Options::none() };
        Attribute { number: AttrNo(0), kind, options }
    }

    fn text(bytes: usize) -> Value {
        Value::String("x".repeat(bytes).into())
    }

    #[test]
    fn bytes_are_counted_by_the_type_of_the_attribute() {
        let vector = |element| AttrType::Vector { dims: 3, element };
        let numbers = || Value::Vector([1.0, 2.0, 3.0].into());
        assert_eq!(numbers().logical_bytes(vector(Element::F32)), 12);
        assert_eq!(numbers().logical_bytes(vector(Element::F16)), 6);
        assert_eq!(numbers().logical_bytes(vector(Element::I8)), 3);
        let vectors = Value::Vectors([1.0; 6].into());
        assert_eq!(vectors.logical_bytes(AttrType::Vectors { dims: 3 }), 24);
        let sparse = Value::Sparse([("ab".into(), 1.0), ("c".into(), 2.0)].into());
        assert_eq!(sparse.logical_bytes(AttrType::Sparse), 7);
        assert_eq!(Value::String("é".into()).logical_bytes(STRING), 2);
        let strings = Value::Strings(["ab".into(), "c".into()].into());
        assert_eq!(strings.logical_bytes(AttrType::Array(Scalar::String)), 3);
        let floats = Value::Floats([0.5, 0.25].into());
        assert_eq!(floats.logical_bytes(AttrType::Array(Scalar::Float)), 16);
    }

    #[test]
    fn a_row_is_its_id_and_what_of_it_is_not_dropped() {
        let values = vec![(AttrNo(1), Value::Int(7)), (AttrNo(4), text(3))];
        let row = Row { id: DocId::String("abcd".into()), values };
        let all =
            |number| Some(if number == AttrNo(1) { AttrType::Scalar(Scalar::Int) } else { STRING });
        assert_eq!(row.logical_bytes(all), 4 + 8 + 3);
        assert_eq!(row.logical_bytes(|number| all(number).filter(|kind| *kind == STRING)), 4 + 3);
        assert_eq!(row.value(AttrNo(4)), Some(&text(3)));
        assert_eq!(row.value(AttrNo(2)), None);
    }

    #[test]
    fn a_filterable_value_is_short_and_any_value_has_a_limit() {
        let fits = |value: &Value, kind, filterable| {
            value.check_size("a", &attribute(kind, filterable)).map_err(|error| error.to_string())
        };
        assert!(fits(&text(FILTERABLE_BYTES_MAX), STRING, true).is_ok());
        let told = fits(&text(FILTERABLE_BYTES_MAX + 1), STRING, true).unwrap_err();
        assert!(told.contains("'a'") && told.contains("4097"), "{told}");
        assert!(fits(&text(VALUE_BYTES_MAX), STRING, false).is_ok());
        assert!(fits(&text(VALUE_BYTES_MAX + 1), STRING, false).is_err());
        let bytes = Value::Bytes(vec![0; FILTERABLE_BYTES_MAX + 1].into());
        assert!(fits(&bytes, AttrType::Scalar(Scalar::Bytes), true).is_err());
    }

    #[test]
    fn an_array_is_short_in_each_of_its_elements() {
        let array = AttrType::Array(Scalar::String);
        let element: Box<str> = "x".repeat(FILTERABLE_BYTES_MAX).into();
        let many = Value::Strings(vec![element; 3].into());
        assert!(many.check_size("a", &attribute(array, true)).is_ok());
        let long: Box<str> = "x".repeat(FILTERABLE_BYTES_MAX + 1).into();
        let one = Value::Strings(["".into(), long].into());
        assert!(one.check_size("a", &attribute(array, true)).is_err());
    }

    #[test]
    fn a_document_has_a_limit() {
        let eighth = DOCUMENT_BYTES_MAX / 8;
        let values = |count: u32| -> Vec<_> {
            (0..count).map(|number| (AttrNo(number), text(eighth))).collect()
        };
        let row = |count| Row { id: DocId::Uint(7), values: values(count) };
        assert!(row(7).check_size(|_| Some(STRING)).is_ok());
        let told = row(8).check_size(|_| Some(STRING)).unwrap_err().to_string();
        assert!(told.contains("'7'"), "{told}");
        // To the byte, with its id.
        let filled = |bytes: usize| {
            let mut row = row(7);
            let rest = bytes - row.logical_bytes(|_| Some(STRING));
            row.values.push((AttrNo(7), text(rest)));
            assert_eq!(row.logical_bytes(|_| Some(STRING)), bytes);
            row
        };
        assert!(filled(DOCUMENT_BYTES_MAX).check_size(|_| Some(STRING)).is_ok());
        assert!(filled(DOCUMENT_BYTES_MAX + 1).check_size(|_| Some(STRING)).is_err());
    }
}
