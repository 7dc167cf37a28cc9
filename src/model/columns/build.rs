//! From values to a column. A value that its column cannot hold is our bug: what was asked for was
//! checked when it came in.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray, Float16Array,
    Float32Array, Float64Array, Int64Array, ListArray, MapArray, StringArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use half::f16;

use super::check::lawful;
use super::types::{self, UTC, UUID_BYTES};
use crate::error::{Error, Result};
use crate::model::{AttrType, DocId, Element, IdType, Scalar, Value};

/// The values of one attribute, a row each. `None` is a missing one.
pub fn column<'a>(
    kind: AttrType,
    values: impl IntoIterator<Item = Option<&'a Value>>,
) -> Result<ArrayRef> {
    if !types::exists(kind) {
        return Err(Error::internal(format!("no attribute is of type {kind:?}")));
    }
    let values: Vec<Option<&Value>> = values.into_iter().collect();
    let column = match kind {
        AttrType::Scalar(scalar) => scalars(kind, scalar, &values)?,
        AttrType::Array(scalar) => arrays(kind, scalar, &values)?,
        AttrType::Vector { dims, element } => vectors(kind, dims, element, &values)?,
        AttrType::Sparse => sparse(kind, &values)?,
        AttrType::Vectors { dims } => many_vectors(kind, dims, &values)?,
    };
    lawful(kind, &*column).map_err(Error::internal)?;
    Ok(column)
}

/// The ids of rows.
pub fn ids_column<'a>(
    id_type: IdType,
    ids: impl IntoIterator<Item = &'a DocId>,
) -> Result<ArrayRef> {
    let ids: Vec<&DocId> = ids.into_iter().collect();
    match id_type {
        IdType::Uint => {
            let numbers = ids_as(id_type, &ids, |id| match id {
                DocId::Uint(number) => Some(*number),
                _ => None,
            })?;
            Ok(Arc::new(UInt64Array::from_iter_values(numbers.into_iter().flatten())))
        }
        IdType::Uuid => uuids(&ids_as(id_type, &ids, |id| match id {
            DocId::Uuid(uuid) => Some(*uuid),
            _ => None,
        })?),
        IdType::String => strings(&ids_as(id_type, &ids, |id| match id {
            DocId::String(text) => Some(&**text),
            _ => None,
        })?),
        IdType::Int => {
            let numbers = ids_as(id_type, &ids, |id| match id {
                DocId::Int(number) => Some(*number),
                _ => None,
            })?;
            Ok(Arc::new(Int64Array::from_iter_values(numbers.into_iter().flatten())))
        }
    }
}

/// All of them there, all of one type.
fn ids_as<'a, T>(
    id_type: IdType,
    ids: &[&'a DocId],
    as_type: impl Fn(&'a DocId) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let refuse = |id: &DocId| Error::internal(format!("{id:?} is no id of type {id_type:?}"));
    ids.iter().map(|id| as_type(id).map(Some).ok_or_else(|| refuse(id))).collect()
}

/// What is within the values of one variant; a value of another is refused.
macro_rules! held {
    ($kind:expr, $values:expr, $variant:ident($it:ident) => $inner:expr) => {
        values_as($kind, $values, |value| match value {
            Value::$variant($it) => Some($inner),
            _ => None,
        })?
    };
}

fn values_as<'a, T>(
    kind: AttrType,
    values: &[Option<&'a Value>],
    as_type: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let held = |value: &Option<&'a Value>| match value {
        None => Ok(None),
        Some(value) => as_type(value).map(Some).ok_or_else(|| misfit(kind)),
    };
    values.iter().map(held).collect()
}

fn scalars(kind: AttrType, scalar: Scalar, values: &[Option<&Value>]) -> Result<ArrayRef> {
    let column: ArrayRef = match scalar {
        Scalar::String => strings(&held!(kind, values, String(it) => &**it))?,
        Scalar::Int => Arc::new(Int64Array::from(held!(kind, values, Int(it) => *it))),
        Scalar::Uint => Arc::new(UInt64Array::from(held!(kind, values, Uint(it) => *it))),
        Scalar::Float => Arc::new(Float64Array::from(held!(kind, values, Float(it) => *it))),
        Scalar::Bool => Arc::new(BooleanArray::from(held!(kind, values, Bool(it) => *it))),
        Scalar::Uuid => uuids(&held!(kind, values, Uuid(it) => *it))?,
        Scalar::DateTime => {
            let times = held!(kind, values, DateTime(it) => *it);
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone(UTC))
        }
        Scalar::Bytes => {
            let values = held!(kind, values, Bytes(it) => &**it);
            let (offsets, bytes) = joined(&values)?;
            Arc::new(BinaryArray::try_new(offsets, bytes, nulls(&values)).map_err(ours)?)
        }
    };
    Ok(column)
}

fn arrays(kind: AttrType, scalar: Scalar, values: &[Option<&Value>]) -> Result<ArrayRef> {
    match scalar {
        Scalar::String => list(&held!(kind, values, Strings(it) => &**it), |items| {
            let items: Vec<Option<&str>> = items.into_iter().map(|item| Some(&**item)).collect();
            strings(&items)
        }),
        Scalar::Int => list(&held!(kind, values, Ints(it) => &**it), |items| {
            Ok(Arc::new(Int64Array::from_iter_values(items.into_iter().copied())))
        }),
        Scalar::Uint => list(&held!(kind, values, Uints(it) => &**it), |items| {
            Ok(Arc::new(UInt64Array::from_iter_values(items.into_iter().copied())))
        }),
        Scalar::Float => list(&held!(kind, values, Floats(it) => &**it), |items| {
            Ok(Arc::new(Float64Array::from_iter_values(items.into_iter().copied())))
        }),
        Scalar::Bool => list(&held!(kind, values, Bools(it) => &**it), |items| {
            let items: Vec<bool> = items.into_iter().copied().collect();
            Ok(Arc::new(BooleanArray::from(items)))
        }),
        Scalar::Uuid => list(&held!(kind, values, Uuids(it) => &**it), |items| {
            let items: Vec<Option<u128>> = items.into_iter().map(|item| Some(*item)).collect();
            uuids(&items)
        }),
        Scalar::DateTime => list(&held!(kind, values, DateTimes(it) => &**it), |items| {
            let items = TimestampMicrosecondArray::from_iter_values(items.into_iter().copied());
            Ok(Arc::new(items.with_timezone(UTC)))
        }),
        Scalar::Bytes => Err(misfit(kind)),
    }
}

/// One list for each row, and what is in them one after the other.
fn list<'a, T>(
    rows: &[Option<&'a [T]>],
    column: impl FnOnce(Vec<&'a T>) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let offsets = offsets(rows.iter().map(|row| row.map_or(0, <[T]>::len)))?;
    let items = column(rows.iter().copied().flatten().flatten().collect())?;
    list_of(offsets, items, nulls(rows))
}

fn list_of(
    offsets: OffsetBuffer<i32>,
    items: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let item = types::item(items.data_type().clone());
    Ok(Arc::new(ListArray::try_new(item, offsets, items, nulls).map_err(ours)?))
}

fn vectors(
    kind: AttrType,
    dims: u32,
    element: Element,
    values: &[Option<&Value>],
) -> Result<ArrayRef> {
    let rows = held!(kind, values, Vector(it) => &**it);
    let nulls = nulls(&rows);
    match element {
        Element::F32 => {
            let floats = floats(kind, dims, &rows)?;
            vectors_of(dims, Arc::new(Float32Array::from(floats)), nulls)
        }
        Element::F16 => {
            let halves = elements(kind, dims, &rows, exact_half)?;
            vectors_of(dims, Arc::new(Float16Array::from(halves)), nulls)
        }
        Element::I8 => {
            let bytes = Buffer::from_vec(elements(kind, dims, &rows, exact_byte)?);
            let column = FixedSizeBinaryArray::try_new(dims as i32, bytes, nulls);
            Ok(Arc::new(column.map_err(ours)?))
        }
    }
}

fn vectors_of(dims: u32, elements: ArrayRef, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let item = types::item(elements.data_type().clone());
    let column = FixedSizeListArray::try_new(item, dims as i32, elements, nulls);
    Ok(Arc::new(column.map_err(ours)?))
}

/// Those of f32 are held as they are.
fn floats(kind: AttrType, dims: u32, rows: &[Option<&[f32]>]) -> Result<Vec<f32>> {
    let dims = dims as usize;
    let mut all = Vec::with_capacity(rows.len() * dims);
    for row in rows {
        match row {
            None => all.resize(all.len() + dims, 0.0),
            Some(row) if row.len() == dims => all.extend_from_slice(row),
            Some(_) => return Err(misfit(kind)),
        }
    }
    Ok(all)
}

/// The elements of all rows, each as the store holds it.
fn elements<T: Copy + Default>(
    kind: AttrType,
    dims: u32,
    rows: &[Option<&[f32]>],
    held: impl Fn(f32) -> Option<T>,
) -> Result<Vec<T>> {
    let dims = dims as usize;
    let mut all = Vec::with_capacity(rows.len() * dims);
    for row in rows {
        match row {
            None => all.resize(all.len() + dims, T::default()),
            Some(row) if row.len() == dims => {
                for element in *row {
                    all.push(held(*element).ok_or_else(|| misfit(kind))?);
                }
            }
            Some(_) => return Err(misfit(kind)),
        }
    }
    Ok(all)
}

fn exact_half(number: f32) -> Option<f16> {
    let half = f16::from_f32(number);
    (half.to_f32() == number).then_some(half)
}

fn exact_byte(number: f32) -> Option<u8> {
    let byte = number as i8;
    (f32::from(byte) == number).then_some(byte as u8)
}

fn many_vectors(kind: AttrType, dims: u32, values: &[Option<&Value>]) -> Result<ArrayRef> {
    let rows = held!(kind, values, Vectors(it) => &**it);
    let size = dims as usize;
    if rows.iter().flatten().any(|row| !row.len().is_multiple_of(size)) {
        return Err(misfit(kind));
    }
    let offsets = offsets(rows.iter().map(|row| row.map_or(0, |row| row.len() / size)))?;
    let mut floats = Vec::new();
    rows.iter().flatten().for_each(|row| floats.extend_from_slice(row));
    let items = vectors_of(dims, Arc::new(Float32Array::from(floats)), None)?;
    list_of(offsets, items, nulls(&rows))
}

fn sparse(kind: AttrType, values: &[Option<&Value>]) -> Result<ArrayRef> {
    let rows = held!(kind, values, Sparse(it) => &**it);
    let offsets = offsets(rows.iter().map(|row| row.map_or(0, |row| row.len())))?;
    let mut keys = Vec::new();
    let mut weights = Vec::new();
    for (key, weight) in rows.iter().copied().flatten().flatten() {
        keys.push(Some(&**key));
        weights.push(exact_half(*weight).ok_or_else(|| misfit(kind))?);
    }
    let keys = strings(&keys)?;
    let weights: ArrayRef = Arc::new(Float16Array::from(weights));
    let entries = StructArray::try_new(types::entry(), vec![keys, weights], None).map_err(ours)?;
    let column = MapArray::try_new(types::entries(), offsets, entries, nulls(&rows), false);
    Ok(Arc::new(column.map_err(ours)?))
}

fn strings(values: &[Option<&str>]) -> Result<ArrayRef> {
    let bytes: Vec<Option<&[u8]>> = values.iter().map(|value| value.map(str::as_bytes)).collect();
    let (offsets, bytes) = joined(&bytes)?;
    Ok(Arc::new(StringArray::try_new(offsets, bytes, nulls(values)).map_err(ours)?))
}

fn uuids(values: &[Option<u128>]) -> Result<ArrayRef> {
    let big_endian = |value: &Option<u128>| value.unwrap_or(0).to_be_bytes();
    let bytes = Buffer::from_vec(values.iter().flat_map(big_endian).collect::<Vec<u8>>());
    let column = FixedSizeBinaryArray::try_new(UUID_BYTES, bytes, nulls(values));
    Ok(Arc::new(column.map_err(ours)?))
}

fn joined(values: &[Option<&[u8]>]) -> Result<(OffsetBuffer<i32>, Buffer)> {
    let offsets = offsets(values.iter().map(|value| value.map_or(0, <[u8]>::len)))?;
    let mut bytes = Vec::with_capacity(offsets.last() as usize);
    values.iter().flatten().for_each(|value| bytes.extend_from_slice(value));
    Ok((offsets, Buffer::from_vec(bytes)))
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Result<OffsetBuffer<i32>> {
    OffsetBuffer::try_from_lengths(lengths).map_err(ours)
}

fn nulls<T>(values: &[Option<T>]) -> Option<NullBuffer> {
    let missing = values.iter().any(Option::is_none);
    missing.then(|| values.iter().map(Option::is_some).collect())
}

fn misfit(kind: AttrType) -> Error {
    Error::internal(format!("a value that a column of type {kind:?} does not hold"))
}

/// What Arrow refuses of what we made ourselves.
pub(super) fn ours(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a column that cannot be made").with_source(error)
}
