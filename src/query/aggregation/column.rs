//! The column that an aggregation is over: which values each row has, whether it has one, several,
//! or what stands for one that is missing.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, StringArray};
use arrow_buffer::NullBuffer;

use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, Scalar, Value};

/// An attribute that is aggregated.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) number: AttrNo,
    pub(super) scalar: Scalar,
    pub(super) kind: AttrType,
    /// What a row has that has no value: one of the scalar's.
    pub(super) missing: Option<Value>,
}

/// A row of a block, in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) bucket: u32,
    pub(super) row: u32,
}

/// A column of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a> {
    spans: Spans<'a>,
    pub(super) cells: Cells<'a>,
}

/// Where the cells of a row lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans<'a> {
    nulls: Option<&'a NullBuffer>,
    lie: Lie<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Lie<'a> {
    /// No row has any.
    Nowhere,
    /// Each row has one.
    Beside,
    /// Those of a row lie between its offset and the next.
    Between(&'a [i32]),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Cells<'a> {
    /// Moments too.
    Int(&'a [i64]),
    Uint(&'a [u64]),
    Float(&'a [f64]),
    Bool(Option<&'a BooleanArray>),
    Words(Words<'a>),
}

/// What has a length of its own, or is too long to be a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words<'a> {
    None,
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    /// Big-endian: the order of the bytes is that of the uuids.
    Uuid(&'a FixedSizeBinaryArray),
}

impl<'a> Elements<'a> {
    /// A block without the column has none of its values.
    pub(super) fn of(column: &Column, array: Option<&'a ArrayRef>) -> Result<Self> {
        let Some(array) = array else {
            let spans = Spans { nulls: None, lie: Lie::Nowhere };
            return Ok(Self { spans, cells: Cells::none(column.scalar) });
        };
        let odd = || {
            let (kind, found) = (column.kind, array.data_type());
            Error::internal(format!("an aggregation of {kind} met a column of {found}"))
        };
        let (lie, cells) = match column.kind {
            AttrType::Array(_) => {
                let lists = array.as_list_opt::<i32>().ok_or_else(odd)?;
                (Lie::Between(lists.value_offsets()), lists.values())
            }
            _ => (Lie::Beside, array),
        };
        let cells = Cells::of(column.scalar, cells).ok_or_else(odd)?;
        Ok(Self { spans: Spans { nulls: array.nulls(), lie }, cells })
    }

    pub(super) fn spans(&self) -> Spans<'a> {
        self.spans
    }
}

impl Spans<'_> {
    /// Those of a row; of none, nothing.
    fn of(self, row: u32) -> Range<usize> {
        let row = row as usize;
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return 0..0;
        }
        match self.lie {
            Lie::Nowhere => 0..0,
            Lie::Beside => row..row + 1,
            // Offsets are never negative: Arrow has checked them.
            Lie::Between(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
        }
    }

    /// How many cells each of these rows has, or one where there is something for what is missing.
    pub(super) fn count(
        self,
        missing: Option<&Value>,
        places: &[Placed],
        mut see: impl FnMut(Placed, u64),
    ) {
        for place in places {
            let length = self.of(place.row).len() as u64;
            see(*place, if length == 0 { missing.is_some().into() } else { length });
        }
    }
}

/// The cells of some rows, of one type.
pub(super) struct Run<'a, T, F: Fn(usize) -> T> {
    pub(super) spans: Spans<'a>,
    pub(super) cell: F,
    /// What a row has that has none.
    pub(super) missing: Option<T>,
    pub(super) places: &'a [Placed],
}

impl<T: Copy, F: Fn(usize) -> T> Run<'_, T, F> {
    pub(super) fn each(&self, mut see: impl FnMut(usize, T)) {
        for place in self.places {
            let span = self.spans.of(place.row);
            if span.is_empty()
                && let Some(cell) = self.missing
            {
                see(place.bucket as usize, cell);
            }
            span.for_each(|at| see(place.bucket as usize, (self.cell)(at)));
        }
    }

    /// Those of one row.
    pub(super) fn of_row(&self, row: u32, mut see: impl FnMut(T) -> Result<()>) -> Result<()> {
        let mut span = self.spans.of(row);
        match self.missing {
            Some(cell) if span.is_empty() => see(cell),
            _ => span.try_for_each(|at| see((self.cell)(at))),
        }
    }
}

impl<'a> Cells<'a> {
    fn of(scalar: Scalar, array: &'a ArrayRef) -> Option<Self> {
        Some(match scalar {
            Scalar::Int => Self::Int(array.as_primitive_opt::<Int64Type>()?.values()),
            Scalar::DateTime => {
                Self::Int(array.as_primitive_opt::<TimestampMicrosecondType>()?.values())
            }
            Scalar::Uint => Self::Uint(array.as_primitive_opt::<UInt64Type>()?.values()),
            Scalar::Float => Self::Float(array.as_primitive_opt::<Float64Type>()?.values()),
            Scalar::Bool => Self::Bool(Some(array.as_boolean_opt()?)),
            Scalar::String => Self::Words(Words::Text(array.as_string_opt::<i32>()?)),
            Scalar::Bytes => Self::Words(Words::Bytes(array.as_binary_opt::<i32>()?)),
            Scalar::Uuid => Self::Words(Words::Uuid(array.as_fixed_size_binary_opt()?)),
        })
    }

    fn none(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Int | Scalar::DateTime => Self::Int(&[]),
            Scalar::Uint => Self::Uint(&[]),
            Scalar::Float => Self::Float(&[]),
            Scalar::Bool => Self::Bool(None),
            Scalar::String | Scalar::Bytes | Scalar::Uuid => Self::Words(Words::None),
        }
    }
}

impl<'a> Words<'a> {
    pub(super) fn get(self, at: usize) -> &'a [u8] {
        match self {
            Self::None => &[],
            Self::Text(array) => array.value(at).as_bytes(),
            Self::Bytes(array) => array.value(at),
            Self::Uuid(array) => array.value(at),
        }
    }
}

/// A value as the cells of its kind are.
pub(super) fn int(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Int(number) | Value::DateTime(number) => Some(*number),
        _ => None,
    }
}

pub(super) fn uint(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Uint(number) => Some(*number),
        _ => None,
    }
}

pub(super) fn float(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

pub(super) fn truth(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

/// Of a text, of bytes, of a uuid.
pub(super) fn word(value: Option<&Value>) -> Option<Box<[u8]>> {
    match value? {
        Value::String(text) => Some(text.as_bytes().into()),
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Uuid(uuid) => Some(uuid.to_be_bytes().into()),
        _ => None,
    }
}
