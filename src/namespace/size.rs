//! How much lies in a namespace, as a bill would have it: of each living document the bytes of its
//! id and the raw bytes of its values. A number counts 8, a text its bytes, a vector its elements as
//! they are stored, a weight of a sparse vector 2 beside its key. What is superseded or deleted counts
//! nothing, and neither does what was written under an attribute that was dropped since.
//!
//! It is counted over columns, and comes to what `Row::logical_bytes` comes to, row by row. Where few
//! rows of a column are not counted, those are visited and not all the others.

use std::collections::BTreeSet;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::BooleanBuffer;

use crate::model::{AttrNo, AttrType, IdType, Scalar, Schema};
use crate::namespace::view::Living;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub rows: u64,
    pub bytes: u64,
}

/// What segments have, and what none has yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub folded: Size,
    pub tail: Size,
}

impl Sizes {
    pub fn bytes(&self) -> u64 {
        self.folded.bytes + self.tail.bytes
    }
}

const UUID_BYTES: usize = 16;
const NUMBER_BYTES: usize = 8;
const WEIGHT_BYTES: usize = 2;
const ELEMENT_BYTES: usize = 4;

/// It may visit every row: it is not waited for by the network.
pub(super) fn of(living: &[Living], schema: &Schema) -> Size {
    let known: BTreeSet<AttrNo> =
        schema.attributes.values().map(|attribute| attribute.number).collect();
    living.iter().fold(Size::default(), |size, block| Size {
        rows: size.rows + block.alive.count_set_bits() as u64,
        bytes: size.bytes + of_block(block, &known) as u64,
    })
}

fn of_block(block: &Living, known: &BTreeSet<AttrNo>) -> usize {
    let Living { rows, alive } = block;
    let ids = match rows.id_type() {
        IdType::Uint | IdType::Int => NUMBER_BYTES * alive.count_set_bits(),
        IdType::Uuid => UUID_BYTES * alive.count_set_bits(),
        IdType::String => {
            let ids = rows.ids().as_string::<i32>();
            lengths(alive, ids.value_offsets())
        }
    };
    let columns = rows.columns().iter().filter(|(number, _)| known.contains(*number));
    ids + columns.map(|(_, (kind, column))| of_column(&**column, *kind, alive)).sum::<usize>()
}

fn of_column(column: &dyn Array, kind: AttrType, alive: &BooleanBuffer) -> usize {
    let there = match column.nulls() {
        Some(nulls) => alive & nulls.inner(),
        None => alive.clone(),
    };
    let count = there.count_set_bits();
    match kind {
        AttrType::Scalar(Scalar::String) => {
            let texts = column.as_string::<i32>();
            lengths(&there, texts.value_offsets())
        }
        AttrType::Scalar(Scalar::Bytes) => {
            let bytes = column.as_binary::<i32>();
            lengths(&there, bytes.value_offsets())
        }
        AttrType::Scalar(scalar) => count * bytes_of(scalar),
        AttrType::Array(Scalar::String) => {
            let lists = column.as_list::<i32>();
            let (lists, texts) = (lists.value_offsets(), lists.values().as_string::<i32>());
            between(&there, lists, texts.value_offsets())
        }
        AttrType::Array(scalar) => {
            let lists = column.as_list::<i32>();
            bytes_of(scalar) * lengths(&there, lists.value_offsets())
        }
        AttrType::Vector { dims, element } => count * dims as usize * element.bytes(),
        AttrType::Sparse => {
            let maps = column.as_map();
            let entries = lengths(&there, maps.value_offsets());
            let keys = maps.keys().as_string::<i32>();
            WEIGHT_BYTES * entries + between(&there, maps.value_offsets(), keys.value_offsets())
        }
        AttrType::Vectors { dims } => {
            let lists = column.as_list::<i32>();
            let vectors = lengths(&there, lists.value_offsets());
            ELEMENT_BYTES * dims as usize * vectors
        }
    }
}

/// Of a value that is as long as every other of its type.
fn bytes_of(scalar: Scalar) -> usize {
    match scalar {
        Scalar::Int | Scalar::Uint | Scalar::Float | Scalar::DateTime => NUMBER_BYTES,
        Scalar::Bool => 1,
        Scalar::Uuid => UUID_BYTES,
        Scalar::String | Scalar::Bytes => 0,
    }
}

/// Of what lies one behind the other: each row has what is from its offset to the next.
fn lengths(rows: &BooleanBuffer, offsets: &[i32]) -> usize {
    total(rows, |row, end| (offsets[end] - offsets[row]) as usize)
}

/// The bytes of all texts of these rows. A row has the texts from its outer offset to the next, and
/// these lie one behind the other.
fn between(rows: &BooleanBuffer, outer: &[i32], inner: &[i32]) -> usize {
    total(rows, |row, end| (inner[outer[end] as usize] - inner[outer[row] as usize]) as usize)
}

/// `of` says what all rows from one to another have.
fn total(rows: &BooleanBuffer, of: impl Fn(usize, usize) -> usize) -> usize {
    let sum = |rows: &BooleanBuffer| rows.set_indices().map(|row| of(row, row + 1)).sum::<usize>();
    let others = rows.len() - rows.count_set_bits();
    if 2 * others < rows.len() { of(0, rows.len()) - sum(&!rows) } else { sum(rows) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::columns::Columns;
    use crate::model::columns::any::any_table;
    use crate::model::{Attribute, Options, Row};

    proptest! {
        #[test]
        fn columns_come_to_what_their_rows_come_to(
            (kinds, id_type, rows) in any_table(8),
            alive in prop::collection::vec(any::<bool>(), 8),
            dropped in prop::option::of(0..5_u32),
        ) {
            let kind_of = |number: AttrNo| kinds.get(number.0 as usize).copied();
            let known = |number: AttrNo| kind_of(number).filter(|_| Some(number.0) != dropped);
            let mut schema = Schema::default();
            for number in (0..kinds.len() as u32).map(AttrNo) {
                if let Some(kind) = known(number) {
                    let attribute = Attribute { number, kind, options: Options::none() };
                    schema.attributes.insert(number.0.to_string().into(), attribute);
                }
            }
            let alive = &alive[..rows.len()];
            let living: Vec<&Row> =
                rows.iter().zip(alive).filter(|(_, alive)| **alive).map(|(row, _)| row).collect();
            let bytes: usize = living.iter().map(|row| row.logical_bytes(known)).sum();
            let expected = Size { rows: living.len() as u64, bytes: bytes as u64 };

            let columns = Columns::of_rows(id_type, kind_of, &rows).unwrap();
            let alive = BooleanBuffer::from(alive);
            let block = Living { rows: Arc::new(columns), alive };
            prop_assert_eq!(of(&[block], &schema), expected);
        }
    }
}
