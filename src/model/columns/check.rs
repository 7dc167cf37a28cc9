//! What must hold of a column beyond its Arrow type: checked after it was built and after it was
//! read.
//!
//! A number that is none, or not finite, would sort and score as nothing else does; keys of a
//! sparse vector that do not ascend would be found by some and not by others. Elements of lists
//! and vectors are looked at in one sweep, those of missing values too: nobody writes others there.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};

use crate::model::{AttrType, Element, Scalar};

pub(super) fn lawful(kind: AttrType, column: &dyn Array) -> Result<(), &'static str> {
    let finite = match kind {
        AttrType::Scalar(Scalar::Float) => {
            let numbers = column.as_primitive::<Float64Type>();
            numbers.iter().flatten().all(f64::is_finite)
        }
        AttrType::Array(Scalar::Float) => {
            let numbers = column.as_list::<i32>().values().as_primitive::<Float64Type>();
            numbers.values().iter().all(|number| number.is_finite())
        }
        AttrType::Vector { element: Element::F32, .. } => floats_finite(column),
        AttrType::Vector { element: Element::F16, .. } => {
            let halves = column.as_fixed_size_list().values().as_primitive::<Float16Type>();
            halves.values().iter().all(|half| half.is_finite())
        }
        AttrType::Vectors { .. } => floats_finite(&**column.as_list::<i32>().values()),
        AttrType::Sparse => {
            let weights = column.as_map().values().as_primitive::<Float16Type>();
            weights.values().iter().all(|weight| weight.is_finite())
        }
        AttrType::Scalar(_)
        | AttrType::Array(_)
        | AttrType::Vector { element: Element::I8, .. } => true,
    };
    if !finite {
        return Err("a number that is not finite");
    }
    if kind == AttrType::Sparse && !keys_ascend(column) {
        return Err("a sparse vector whose keys do not ascend");
    }
    Ok(())
}

fn floats_finite(vectors: &dyn Array) -> bool {
    let floats = vectors.as_fixed_size_list().values().as_primitive::<Float32Type>();
    floats.values().iter().all(|float| float.is_finite())
}

fn keys_ascend(column: &dyn Array) -> bool {
    let map = column.as_map();
    let keys = map.keys().as_string::<i32>();
    map.value_offsets().windows(2).all(|row| {
        let (start, end) = (row[0] as usize, row[1] as usize);
        (start + 1..end).all(|at| keys.value(at - 1) < keys.value(at))
    })
}
