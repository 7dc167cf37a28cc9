//! From a column back to values. That the column is of the type which its caller names was checked
//! when it was made or read: another one is our bug, and panics.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{Array, ListArray};

use crate::model::{AttrType, Element, Scalar, Value};

/// The value of an attribute in a row, if there is one.
pub fn value(column: &dyn Array, kind: AttrType, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    Some(match kind {
        AttrType::Scalar(scalar) => scalar_at(column, scalar, row),
        AttrType::Array(scalar) => array_at(column.as_list::<i32>(), scalar, row),
        AttrType::Vector { dims, element } => {
            Value::Vector(vector_at(column, dims as usize, element, row))
        }
        AttrType::Sparse => sparse_at(column, row),
        AttrType::Vectors { dims } => {
            let list = column.as_list::<i32>();
            let (dims, within) = (dims as usize, range(list.value_offsets(), row));
            let floats = list.values().as_fixed_size_list().values().as_primitive::<Float32Type>();
            Value::Vectors(floats.values()[within.start * dims..within.end * dims].into())
        }
    })
}

fn scalar_at(column: &dyn Array, scalar: Scalar, row: usize) -> Value {
    match scalar {
        Scalar::String => Value::String(column.as_string::<i32>().value(row).into()),
        Scalar::Int => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        Scalar::Uint => Value::Uint(column.as_primitive::<UInt64Type>().value(row)),
        Scalar::Float => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        Scalar::Bool => Value::Bool(column.as_boolean().value(row)),
        Scalar::Uuid => Value::Uuid(uuid(column.as_fixed_size_binary().value(row))),
        Scalar::DateTime => {
            Value::DateTime(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        Scalar::Bytes => Value::Bytes(column.as_binary::<i32>().value(row).into()),
    }
}

fn array_at(list: &ListArray, scalar: Scalar, row: usize) -> Value {
    let within = range(list.value_offsets(), row);
    let items = list.values();
    match scalar {
        Scalar::String => {
            let items = items.as_string::<i32>();
            Value::Strings(within.map(|item| items.value(item).into()).collect())
        }
        Scalar::Int => Value::Ints(items.as_primitive::<Int64Type>().values()[within].into()),
        Scalar::Uint => Value::Uints(items.as_primitive::<UInt64Type>().values()[within].into()),
        Scalar::Float => Value::Floats(items.as_primitive::<Float64Type>().values()[within].into()),
        Scalar::Bool => {
            let items = items.as_boolean();
            Value::Bools(within.map(|item| items.value(item)).collect())
        }
        Scalar::Uuid => {
            let items = items.as_fixed_size_binary();
            Value::Uuids(within.map(|item| uuid(items.value(item))).collect())
        }
        Scalar::DateTime => {
            let items = items.as_primitive::<TimestampMicrosecondType>();
            Value::DateTimes(items.values()[within].into())
        }
        Scalar::Bytes => unreachable!("no attribute is an array of bytes"),
    }
}

fn vector_at(column: &dyn Array, dims: usize, element: Element, row: usize) -> Box<[f32]> {
    let within = row * dims..(row + 1) * dims;
    match element {
        Element::F32 => {
            let floats = column.as_fixed_size_list().values().as_primitive::<Float32Type>();
            floats.values()[within].into()
        }
        Element::F16 => {
            let halves = column.as_fixed_size_list().values().as_primitive::<Float16Type>();
            halves.values()[within].iter().map(|half| half.to_f32()).collect()
        }
        Element::I8 => {
            let bytes = column.as_fixed_size_binary().value(row);
            bytes.iter().map(|byte| f32::from(*byte as i8)).collect()
        }
    }
}

fn sparse_at(column: &dyn Array, row: usize) -> Value {
    let map = column.as_map();
    let keys = map.keys().as_string::<i32>();
    let weights = map.values().as_primitive::<Float16Type>();
    let entry = |at| (Box::<str>::from(keys.value(at)), weights.value(at).to_f32());
    Value::Sparse(range(map.value_offsets(), row).map(entry).collect())
}

/// Offsets are never negative: Arrow has checked them.
fn range(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

pub(super) fn uuid(bytes: &[u8]) -> u128 {
    let mut big_endian = [0; 16];
    big_endian.copy_from_slice(bytes);
    u128::from_be_bytes(big_endian)
}
