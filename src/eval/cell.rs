//! What a field of one row holds, borrowed: an id like any value, a scalar like a list of one.

use std::cmp::Ordering;

use super::field::Field;
use super::number::Number;
use crate::model::{DocId, Row, Value};

#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Id(&'a DocId),
    Value(&'a Value),
    /// What no field holds, but what one may be held against.
    BytesSet(&'a [Box<[u8]>]),
}

/// A scalar, or an element of a list. Strings are ordered by their bytes, so bytes they are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Atom<'a> {
    Text(&'a [u8]),
    Number(Number),
    Bool(bool),
    Uuid(u128),
    DateTime(i64),
}

impl<'a> Cell<'a> {
    /// Nothing, if the value is missing. An id never is.
    pub(super) fn of(row: &'a Row, field: Field) -> Option<Self> {
        match field {
            Field::Id => Some(Self::Id(&row.id)),
            Field::Attribute(number) => {
                let at = row.values.binary_search_by_key(&number, |(number, _)| *number).ok()?;
                Some(Self::Value(&row.values[at].1))
            }
        }
    }

    /// How many atoms it is made of. Vectors have none: they are equal or not as they are.
    pub(super) fn len(self) -> usize {
        let value = match self {
            Self::Id(_) => return 1,
            Self::BytesSet(set) => return set.len(),
            Self::Value(value) => value,
        };
        match value {
            Value::Strings(list) => list.len(),
            Value::Ints(list) => list.len(),
            Value::Uints(list) => list.len(),
            Value::Floats(list) => list.len(),
            Value::Bools(list) => list.len(),
            Value::Uuids(list) => list.len(),
            Value::DateTimes(list) => list.len(),
            Value::Vector(_) | Value::Sparse(_) | Value::Vectors(_) => 0,
            _ => 1,
        }
    }

    pub(super) fn get(self, at: usize) -> Option<Atom<'a>> {
        let value = match self {
            Self::Id(id) => return (at == 0).then(|| Atom::of_id(id)),
            Self::BytesSet(set) => return set.get(at).map(|bytes| Atom::Text(bytes)),
            Self::Value(value) => value,
        };
        match value {
            Value::Strings(list) => list.get(at).map(|text| Atom::Text(text.as_bytes())),
            Value::Ints(list) => list.get(at).map(|number| Atom::Number(Number::Int(*number))),
            Value::Uints(list) => list.get(at).map(|number| Atom::Number(Number::Uint(*number))),
            Value::Floats(list) => list.get(at).map(|number| Atom::Number(Number::Float(*number))),
            Value::Bools(list) => list.get(at).map(|bool| Atom::Bool(*bool)),
            Value::Uuids(list) => list.get(at).map(|uuid| Atom::Uuid(*uuid)),
            Value::DateTimes(list) => list.get(at).map(|time| Atom::DateTime(*time)),
            scalar => Atom::of(scalar).filter(|_| at == 0),
        }
    }

    pub(super) fn atoms(self) -> impl Iterator<Item = Atom<'a>> {
        (0..self.len()).filter_map(move |at| self.get(at))
    }

    /// The texts among them: all, where a pattern is bound to the field.
    pub(super) fn texts(self) -> impl Iterator<Item = &'a str> {
        let text = move |at: usize| match self {
            Self::Id(DocId::String(text)) | Self::Value(Value::String(text)) => Some(&**text),
            Self::Value(Value::Strings(list)) => list.get(at).map(|text| &**text),
            Self::Id(_) | Self::Value(_) | Self::BytesSet(_) => None,
        };
        (0..self.len()).filter_map(text)
    }

    pub(super) fn same(self, other: Cell<'_>) -> bool {
        match (self, other) {
            (Self::Value(Value::Vector(a)), Cell::Value(Value::Vector(b)))
            | (Self::Value(Value::Vectors(a)), Cell::Value(Value::Vectors(b))) => a == b,
            (Self::Value(Value::Sparse(a)), Cell::Value(Value::Sparse(b))) => a == b,
            _ => {
                self.len() == other.len() && self.atoms().zip(other.atoms()).all(|(a, b)| a.same(b))
            }
        }
    }

    /// Whether the atom is one of these, which are sorted.
    pub(super) fn finds(self, atom: Atom<'_>) -> bool {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.get(middle).and_then(|held| held.compare(atom)) {
                Some(Ordering::Less) => from = middle + 1,
                Some(Ordering::Greater) => to = middle,
                Some(Ordering::Equal) => return true,
                None => return false,
            }
        }
        false
    }
}

impl<'a> Atom<'a> {
    /// Nothing, if it is a list or a vector.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.as_bytes())),
            Value::Bytes(bytes) => Some(Self::Text(bytes)),
            Value::Bool(bool) => Some(Self::Bool(*bool)),
            Value::Uuid(uuid) => Some(Self::Uuid(*uuid)),
            Value::DateTime(time) => Some(Self::DateTime(*time)),
            number => Number::of(number).map(Self::Number),
        }
    }

    fn of_id(id: &'a DocId) -> Self {
        match id {
            DocId::Uint(number) => Self::Number(Number::Uint(*number)),
            DocId::Uuid(uuid) => Self::Uuid(*uuid),
            DocId::String(text) => Self::Text(text.as_bytes()),
            DocId::Int(number) => Self::Number(Number::Int(*number)),
        }
    }

    /// Nothing between two of different kinds: a bound filter never asks.
    pub(super) fn compare(self, other: Atom<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Atom::Text(b)) => Some(a.cmp(b)),
            (Self::Number(a), Atom::Number(b)) => a.compare(b),
            (Self::Bool(a), Atom::Bool(b)) => Some(a.cmp(&b)),
            (Self::Uuid(a), Atom::Uuid(b)) => Some(a.cmp(&b)),
            (Self::DateTime(a), Atom::DateTime(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }

    pub(super) fn same(self, other: Atom<'_>) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}
