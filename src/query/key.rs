//! The values of scalars as keys: ordered, and equal where they are the same value. Documents are
//! grouped by them, and told apart.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef};

use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, IdType, Scalar, Schema, Value};
use crate::namespace::view::Living;

/// What is missing comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'a> {
    Bool(bool),
    /// Times too.
    Int(i64),
    Uint(u64),
    Float(Float),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Big-endian: the order of the bytes is that of the uuids.
    Uuid([u8; 16]),
    Missing,
}

/// A number that is one, and for zero the one without a sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Float(f64);

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// An attribute of scalars, or the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    Id(Scalar),
    Attribute(AttrNo, Scalar),
}

impl Keyed {
    /// `purpose` ends the sentence that says what only scalars are for.
    pub(super) fn bind(schema: &Schema, name: &str, purpose: &str) -> Result<Self> {
        if name == "id" {
            // Without a type of ids there is no document.
            return Ok(Self::Id(schema.id.map_or(Scalar::Uint, IdType::scalar)));
        }
        let attribute = schema.attribute(name)?;
        let AttrType::Scalar(kind) = attribute.kind else {
            let kind = attribute.kind;
            return Err(Error::invalid(format!(
                "attribute '{name}' is of type {kind}: {purpose} takes scalar attributes"
            )));
        };
        Ok(Self::Attribute(attribute.number, kind))
    }

    pub(super) fn kind(self) -> Scalar {
        match self {
            Self::Id(kind) | Self::Attribute(_, kind) => kind,
        }
    }

    /// None: no row of the block has a value.
    pub(super) fn column(self, living: &Living) -> Option<&ArrayRef> {
        match self {
            Self::Id(_) => Some(living.rows.ids()),
            Self::Attribute(number, _) => {
                living.rows.columns().get(&number).map(|(_, column)| column)
            }
        }
    }
}

impl<'a> Key<'a> {
    /// Of a row of a column of such scalars, or of an element of a list of them.
    pub(super) fn at(column: Option<&'a ArrayRef>, kind: Scalar, row: usize) -> Self {
        let Some(column) = column.filter(|column| column.is_valid(row)) else {
            return Self::Missing;
        };
        match kind {
            Scalar::String => Self::Text(column.as_string::<i32>().value(row)),
            Scalar::Bytes => Self::Bytes(column.as_binary::<i32>().value(row)),
            Scalar::Bool => Self::Bool(column.as_boolean().value(row)),
            Scalar::Int => Self::Int(column.as_primitive::<Int64Type>().value(row)),
            Scalar::DateTime => {
                Self::Int(column.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            Scalar::Uint => Self::Uint(column.as_primitive::<UInt64Type>().value(row)),
            Scalar::Float => {
                Self::Float(Float(0.0 + column.as_primitive::<Float64Type>().value(row)))
            }
            Scalar::Uuid => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(column.as_fixed_size_binary().value(row));
                Self::Uuid(bytes)
            }
        }
    }

    pub(super) fn value(self, kind: Scalar) -> Option<(Scalar, Value)> {
        let value = match self {
            Self::Missing => return None,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(micros) if kind == Scalar::DateTime => Value::DateTime(micros),
            Self::Int(number) => Value::Int(number),
            Self::Uint(number) => Value::Uint(number),
            Self::Float(Float(number)) => Value::Float(number),
            Self::Text(text) => Value::String(text.into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into()),
            Self::Uuid(bytes) => Value::Uuid(u128::from_be_bytes(bytes)),
        };
        Some((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::Float64Array;

    use super::*;

    #[test]
    fn what_is_missing_comes_last_and_both_zeros_are_one() {
        let numbers = vec![Some(-0.0), None, Some(-1.5), Some(0.0), Some(7.0)];
        let column: ArrayRef = Arc::new(Float64Array::from(numbers));
        let key = |row| Key::at(Some(&column), Scalar::Float, row);
        assert_eq!(key(0), key(3));
        let mut keys: Vec<Key<'_>> = (0..5).map(key).collect();
        keys.sort();
        assert_eq!(keys, [key(2), key(0), key(0), key(4), Key::Missing]);
        assert_eq!(Key::at(None, Scalar::Float, 3), Key::Missing);
        assert_eq!(key(0).value(Scalar::Float), Some((Scalar::Float, Value::Float(0.0))));
        assert_eq!(key(1).value(Scalar::Float), None);
    }
}
