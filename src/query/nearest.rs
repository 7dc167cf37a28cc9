//! The nearest vectors, by looking at each.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type};
use arrow_array::{Array, ArrayRef};

use super::{Matches, Winner};
use crate::error::{Error, Result};
use crate::eval::Place;
use crate::kernels::{Least, Near, Target, widen_f16, widen_i8};
use crate::model::{AttrType, DocId, Element, Given, Schema, Value};

/// Where a row is; ties go by its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    id: DocId,
    block: usize,
    row: usize,
}

pub(super) fn nearest(
    matches: &Matches<'_>,
    schema: &Schema,
    name: &str,
    vector: &Given,
    limit: usize,
) -> Result<Vec<Winner>> {
    let Some(attribute) = schema.attributes.get(name) else {
        return Err(Error::invalid(format!("attribute not found: '{name}' is not in the schema")));
    };
    let (AttrType::Vector { dims, element }, Some(metric)) =
        (attribute.kind, attribute.options.metric)
    else {
        let kind = attribute.kind;
        return Err(Error::invalid(format!(
            "attribute '{name}' is of type {kind}: only a dense vector has neighbours"
        )));
    };
    // What is searched for is not stored: it is not rounded to what is.
    let wide = AttrType::Vector { dims, element: Element::F32 };
    let Some(Value::Vector(vector)) = Value::of_attribute(name, wide, vector)? else {
        return Err(Error::invalid(format!("the vector that '{name}' is ranked by is null")));
    };
    let target = Target::new(metric, &vector);
    let mut least = Least::new(limit);
    for (block, (living, rows)) in matches.living.iter().zip(&matches.rows).enumerate() {
        let Some((_, column)) = living.rows.columns().get(&attribute.number) else { continue };
        let mut scratch = vec![0.0; dims as usize];
        for row in rows.set_indices().filter(|row| column.is_valid(*row)) {
            let distance = target.distance(numbers(column, element, row, &mut scratch));
            if least.last().is_none_or(|last: &Near<Found>| distance <= last.distance) {
                least.offer(Near { distance, id: Found { id: living.rows.id(row), block, row } });
            }
        }
    }
    let winner = |near: Near<Found>| {
        let Found { block, row, .. } = near.id;
        Winner { place: Place { block, row }, dist: Some(near.distance) }
    };
    Ok(least.into_sorted().into_iter().map(winner).collect())
}

/// The numbers of one vector, as they lie or widened.
fn numbers<'a>(
    column: &'a ArrayRef,
    element: Element,
    row: usize,
    scratch: &'a mut [f32],
) -> &'a [f32] {
    let dims = scratch.len();
    match element {
        Element::F32 => {
            let list = column.as_fixed_size_list();
            let from = list.value_offset_at(row);
            &list.values().as_primitive::<Float32Type>().values()[from..from + dims]
        }
        Element::F16 => {
            let list = column.as_fixed_size_list();
            let from = list.value_offset_at(row);
            let values = list.values().as_primitive::<Float16Type>().values();
            widen_f16(&values[from..from + dims], scratch);
            scratch
        }
        Element::I8 => {
            widen_i8(column.as_fixed_size_binary().value(row), scratch);
            scratch
        }
    }
}
