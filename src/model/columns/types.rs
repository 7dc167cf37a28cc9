//! Which Arrow type holds an attribute: one mapping, for slots and for Parquet alike.
//!
//! | attribute | Arrow | a value in it |
//! |---|---|---|
//! | `string` | `Utf8` | as it is |
//! | `int` | `Int64` | as it is |
//! | `uint` | `UInt64` | as it is |
//! | `float` | `Float64` | finite |
//! | `bool` | `Boolean` | as it is |
//! | `uuid` | `FixedSizeBinary(16)` | big-endian: the order of bytes is that of ids |
//! | `datetime` | `Timestamp(Microsecond, "UTC")` | microseconds since 1970 |
//! | `bytes` | `Binary` | as it is |
//! | `[]T` | `List<T>` | items are never null |
//! | `[N]f32` | `FixedSizeList<Float32, N>` | finite; of a missing value, N zeros |
//! | `[N]f16` | `FixedSizeList<Float16, N>` | the same |
//! | `[N]i8` | `FixedSizeBinary(N)` | two's complement: Parquet would store `Int8` in four bytes |
//! | `{}f16` | `Map<Utf8, Float16>` | keys ascend by their bytes, no key twice; weights finite |
//! | `[][N]f32` | `List<FixedSizeList<Float32, N>>` | vectors are never null, and finite |
//!
//! | id | Arrow |
//! |---|---|
//! | `uint` | `UInt64` |
//! | `uuid` | `FixedSizeBinary(16)`, big-endian |
//! | `string` | `Utf8` |
//! | `int` | `Int64` |
//!
//! A missing value is null; an id never is. What is within a list is named `item`; the entries of a
//! map are `entries`, of `key` and `value`. A map does not claim that its keys are sorted, for
//! Parquet has no such claim and would lose it.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};

use crate::model::{AttrType, DIMS_MAX, DocId, Element, IdType, Scalar};

pub(super) const UTC: &str = "UTC";
pub(super) const UUID_BYTES: i32 = 16;

/// Whether an attribute can be of that type.
pub fn exists(kind: AttrType) -> bool {
    match kind {
        AttrType::Array(Scalar::Bytes) => false,
        AttrType::Scalar(_) | AttrType::Array(_) | AttrType::Sparse => true,
        AttrType::Vector { dims, .. } | AttrType::Vectors { dims } => {
            (1..=DIMS_MAX).contains(&dims)
        }
    }
}

/// The type of the column of an attribute, if such an attribute exists.
pub fn data_type(kind: AttrType) -> DataType {
    match kind {
        AttrType::Scalar(scalar) => scalar_type(scalar),
        AttrType::Array(scalar) => DataType::List(item(scalar_type(scalar))),
        AttrType::Vector { dims, element: Element::F32 } => vector_type(DataType::Float32, dims),
        AttrType::Vector { dims, element: Element::F16 } => vector_type(DataType::Float16, dims),
        AttrType::Vector { dims, element: Element::I8 } => DataType::FixedSizeBinary(dims as i32),
        AttrType::Sparse => DataType::Map(entries(), false),
        AttrType::Vectors { dims } => DataType::List(item(vector_type(DataType::Float32, dims))),
    }
}

/// The type of the column of ids.
pub fn id_data_type(id_type: IdType) -> DataType {
    match id_type {
        IdType::Uint => DataType::UInt64,
        IdType::Uuid => DataType::FixedSizeBinary(UUID_BYTES),
        IdType::String => DataType::Utf8,
        IdType::Int => DataType::Int64,
    }
}

pub fn id_type_of(id: &DocId) -> IdType {
    match id {
        DocId::Uint(_) => IdType::Uint,
        DocId::Uuid(_) => IdType::Uuid,
        DocId::String(_) => IdType::String,
        DocId::Int(_) => IdType::Int,
    }
}

fn scalar_type(scalar: Scalar) -> DataType {
    match scalar {
        Scalar::String => DataType::Utf8,
        Scalar::Int => DataType::Int64,
        Scalar::Uint => DataType::UInt64,
        Scalar::Float => DataType::Float64,
        Scalar::Bool => DataType::Boolean,
        Scalar::Uuid => DataType::FixedSizeBinary(UUID_BYTES),
        Scalar::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Scalar::Bytes => DataType::Binary,
    }
}

fn vector_type(element: DataType, dims: u32) -> DataType {
    DataType::FixedSizeList(item(element), dims as i32)
}

pub(super) fn item(of: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(of, false))
}

pub(super) fn entry() -> Fields {
    let key = Field::new("key", DataType::Utf8, false);
    Fields::from(vec![key, Field::new("value", DataType::Float16, false)])
}

pub(super) fn entries() -> FieldRef {
    Arc::new(Field::new("entries", DataType::Struct(entry()), false))
}
