//! The cells of a column of scalars, or of the elements of a column of arrays, as slices: where
//! the loops are.
//!
//! Nulls are none of its business. Where a row has no value its cell holds anything, and whoever
//! asks puts the nulls right.

use std::cmp::Ordering;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ByteArrayType, Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{Array, GenericByteArray};
use arrow_buffer::{BooleanBuffer, Buffer};

use super::comparison::Comparison;
use super::number::{Asked, Number, float_order};
use crate::error::{Error, Result};
use crate::model::{Scalar, Value};

#[derive(Clone, Copy, Debug)]
pub(super) enum Cells<'a> {
    /// Strings and bytes.
    Text(Text<'a>),
    /// Times too.
    Int(&'a [i64]),
    Uint(&'a [u64]),
    Float(&'a [f64]),
    Bool(&'a BooleanBuffer),
    /// Big-endian, so that the order of the bytes is that of the numbers.
    Uuid(&'a [[u8; 16]]),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    offsets: &'a [i32],
    bytes: &'a [u8],
}

impl<'a> Text<'a> {
    fn of<T: ByteArrayType<Offset = i32>>(array: &'a GenericByteArray<T>) -> Self {
        Self { offsets: array.value_offsets(), bytes: array.value_data() }
    }

    fn get(self, at: usize) -> &'a [u8] {
        &self.bytes[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }
}

impl<'a> Cells<'a> {
    pub(super) fn of(kind: Scalar, array: &'a dyn Array) -> Result<Self> {
        let cells = match kind {
            Scalar::String => array.as_string_opt::<i32>().map(|array| Self::Text(Text::of(array))),
            Scalar::Bytes => array.as_binary_opt::<i32>().map(|array| Self::Text(Text::of(array))),
            Scalar::Int => {
                array.as_primitive_opt::<Int64Type>().map(|array| Self::Int(&array.values()[..]))
            }
            Scalar::DateTime => array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .map(|array| Self::Int(&array.values()[..])),
            Scalar::Uint => {
                array.as_primitive_opt::<UInt64Type>().map(|array| Self::Uint(&array.values()[..]))
            }
            Scalar::Float => array
                .as_primitive_opt::<Float64Type>()
                .map(|array| Self::Float(&array.values()[..])),
            Scalar::Bool => array.as_boolean_opt().map(|array| Self::Bool(array.values())),
            Scalar::Uuid => array
                .as_fixed_size_binary_opt()
                .filter(|array| array.value_size() == 16)
                .map(|array| Self::Uuid(&array.value_data().as_chunks::<16>().0[..array.len()])),
        };
        let odd = || Error::internal(format!("a column of {kind:?} is {}", array.data_type()));
        cells.ok_or_else(odd)
    }

    fn len(self) -> usize {
        match self {
            Self::Text(text) => text.offsets.len() - 1,
            Self::Int(cells) => cells.len(),
            Self::Uint(cells) => cells.len(),
            Self::Float(cells) => cells.len(),
            Self::Bool(cells) => cells.len(),
            Self::Uuid(cells) => cells.len(),
        }
    }

    /// Each cell against one operand, of which a number may be of another kind.
    pub(super) fn compare(self, op: Comparison, with: &Value) -> Result<BooleanBuffer> {
        Ok(match (self, with, Number::of(with)) {
            (Self::Int(cells), _, Some(number)) => asked(cells, number.of_integers(op)),
            (Self::Uint(cells), _, Some(number)) => asked(cells, number.of_integers(op)),
            (Self::Float(cells), _, Some(number)) => asked(cells, number.of_floats(op)),
            (Self::Int(cells), Value::DateTime(with), _) => asked(cells, Asked::Compare(op, *with)),
            (Self::Text(text), Value::String(with), _) => compare_text(text, op, with.as_bytes()),
            (Self::Text(text), Value::Bytes(with), _) => compare_text(text, op, with),
            (Self::Bool(cells), Value::Bool(with), _) => {
                if *with == (op == Comparison::Eq) {
                    cells.clone()
                } else {
                    !cells
                }
            }
            (Self::Uuid(cells), Value::Uuid(with), _) => {
                compare_each(cells, op, *with, |cell| u128::from_be_bytes(*cell))
            }
            _ => return Err(odd_operand(with)),
        })
    }

    /// Which cells are in a sorted set.
    pub(super) fn within(self, set: &Value) -> Result<BooleanBuffer> {
        let len = self.len();
        Ok(match (self, set) {
            (Self::Int(cells), Value::Ints(set) | Value::DateTimes(set)) => {
                packed(cells, |cell| set.binary_search(cell).is_ok())
            }
            (Self::Uint(cells), Value::Uints(set)) => {
                packed(cells, |cell| set.binary_search(cell).is_ok())
            }
            (Self::Float(cells), Value::Floats(set)) => {
                packed(cells, |cell| set.binary_search_by(|one| float_order(*one, *cell)).is_ok())
            }
            (Self::Uuid(cells), Value::Uuids(set)) => {
                packed(cells, |cell| set.binary_search(&u128::from_be_bytes(*cell)).is_ok())
            }
            (Self::Bool(cells), Value::Bools(set)) => {
                BooleanBuffer::collect_bool(len, |at| set.contains(&cells.value(at)))
            }
            (Self::Text(text), Value::Strings(set)) => BooleanBuffer::collect_bool(len, |at| {
                let cell = text.get(at);
                set.binary_search_by(|one| one.as_bytes().cmp(cell)).is_ok()
            }),
            _ => return Err(odd_operand(set)),
        })
    }

    /// The same of bytes, of which there are no arrays.
    pub(super) fn within_bytes(self, set: &[Box<[u8]>]) -> Result<BooleanBuffer> {
        let Self::Text(text) = self else {
            return Err(Error::internal("a set of bytes met a column of something else"));
        };
        Ok(BooleanBuffer::collect_bool(self.len(), |at| {
            let cell = text.get(at);
            set.binary_search_by(|one| (**one).cmp(cell)).is_ok()
        }))
    }

    /// Which lists are this one; a row's list lies between its offset and the next.
    pub(super) fn lists(self, offsets: &[i32], list: &Value) -> Result<BooleanBuffer> {
        Ok(match (self, list) {
            (Self::Int(cells), Value::Ints(list) | Value::DateTimes(list)) => {
                spans(offsets, |span| cells[span] == **list)
            }
            (Self::Uint(cells), Value::Uints(list)) => spans(offsets, |span| cells[span] == **list),
            (Self::Float(cells), Value::Floats(list)) => {
                spans(offsets, |span| cells[span] == **list)
            }
            (Self::Uuid(cells), Value::Uuids(list)) => spans(offsets, |span| {
                cells[span].iter().map(|cell| u128::from_be_bytes(*cell)).eq(list.iter().copied())
            }),
            (Self::Bool(cells), Value::Bools(list)) => {
                spans(offsets, |span| span.map(|at| cells.value(at)).eq(list.iter().copied()))
            }
            (Self::Text(text), Value::Strings(list)) => spans(offsets, |span| {
                span.len() == list.len()
                    && span.map(|at| text.get(at)).eq(list.iter().map(|one| one.as_bytes()))
            }),
            _ => return Err(odd_operand(list)),
        })
    }

    /// One cell against one of another column of the same kind.
    pub(super) fn order(self, at: usize, other: Cells<'_>, theirs: usize) -> Ordering {
        match (self, other) {
            (Self::Text(a), Cells::Text(b)) => a.get(at).cmp(b.get(theirs)),
            (Self::Int(a), Cells::Int(b)) => a[at].cmp(&b[theirs]),
            (Self::Uint(a), Cells::Uint(b)) => a[at].cmp(&b[theirs]),
            (Self::Float(a), Cells::Float(b)) => float_order(a[at], b[theirs]),
            (Self::Bool(a), Cells::Bool(b)) => a.value(at).cmp(&b.value(theirs)),
            (Self::Uuid(a), Cells::Uuid(b)) => a[at].cmp(&b[theirs]),
            _ => unreachable!("a key has one type in all blocks"),
        }
    }
}

/// For each row, whether `hit` is true of the span of its elements.
pub(super) fn spans(offsets: &[i32], hit: impl Fn(Range<usize>) -> bool) -> BooleanBuffer {
    let rows = offsets.len() - 1;
    BooleanBuffer::collect_bool(rows, |row| hit(offsets[row] as usize..offsets[row + 1] as usize))
}

fn asked<T: PartialOrd + Copy>(cells: &[T], asked: Asked<T>) -> BooleanBuffer {
    match asked {
        Asked::Always => BooleanBuffer::new_set(cells.len()),
        Asked::Never => BooleanBuffer::new_unset(cells.len()),
        Asked::Compare(op, with) => compare_each(cells, op, with, |cell| *cell),
    }
}

/// The operator is chosen once, so that each loop has none in it.
fn compare_each<C, T: PartialOrd + Copy>(
    cells: &[C],
    op: Comparison,
    with: T,
    read: impl Fn(&C) -> T,
) -> BooleanBuffer {
    match op {
        Comparison::Eq => packed(cells, |cell| read(cell) == with),
        Comparison::NotEq => packed(cells, |cell| read(cell) != with),
        Comparison::Lt => packed(cells, |cell| read(cell) < with),
        Comparison::Lte => packed(cells, |cell| read(cell) <= with),
        Comparison::Gt => packed(cells, |cell| read(cell) > with),
        Comparison::Gte => packed(cells, |cell| read(cell) >= with),
    }
}

fn compare_text(text: Text<'_>, op: Comparison, with: &[u8]) -> BooleanBuffer {
    let rows = text.offsets.len() - 1;
    match op {
        Comparison::Eq => BooleanBuffer::collect_bool(rows, |row| text.get(row) == with),
        Comparison::NotEq => BooleanBuffer::collect_bool(rows, |row| text.get(row) != with),
        Comparison::Lt => BooleanBuffer::collect_bool(rows, |row| text.get(row) < with),
        Comparison::Lte => BooleanBuffer::collect_bool(rows, |row| text.get(row) <= with),
        Comparison::Gt => BooleanBuffer::collect_bool(rows, |row| text.get(row) > with),
        Comparison::Gte => BooleanBuffer::collect_bool(rows, |row| text.get(row) >= with),
    }
}

/// One bit a cell, by whole words: a loop over 64 cells of known number becomes vector code.
fn packed<C>(cells: &[C], hit: impl Fn(&C) -> bool) -> BooleanBuffer {
    let (whole, rest) = cells.as_chunks::<64>();
    let mut words = Vec::with_capacity(whole.len() + 1);
    words.extend(whole.iter().map(|cells| word(cells, &hit)));
    words.push(word(rest, &hit));
    BooleanBuffer::new(Buffer::from_vec(words), 0, cells.len())
}

#[inline(always)]
fn word<C>(cells: &[C], hit: &impl Fn(&C) -> bool) -> u64 {
    let mut word = 0;
    for (bit, cell) in cells.iter().enumerate() {
        word |= u64::from(hit(cell)) << bit;
    }
    word
}

fn odd_operand(operand: &Value) -> Error {
    Error::internal(format!("a filter was bound to another type than the column's: {operand:?}"))
}
