//! A bound filter, asked of a block of columns: one bit a row.

use std::collections::BTreeMap;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::BooleanBuffer;

use super::bind::{Bound, Field, Test, Typed, holds_for_null};
use super::cells::{Cells, spans};
use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, Op, Value};

/// Rows as columns, which are somebody else's.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    ids: &'a dyn Array,
    columns: BTreeMap<AttrNo, &'a dyn Array>,
}

impl<'a> Block<'a> {
    pub fn new(ids: &'a dyn Array) -> Self {
        Self { ids, columns: BTreeMap::new() }
    }

    /// An attribute without a column is missing in every row. So a block has to be given all those
    /// that it holds of [`Bound::attributes`] and of the keys of an order.
    pub fn with(mut self, number: AttrNo, column: &'a dyn Array) -> Self {
        assert_eq!(column.len(), self.rows(), "the column of attribute {}", number.0);
        self.columns.insert(number, column);
        self
    }

    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn column(&self, field: Field) -> Option<&'a dyn Array> {
        match field {
            Field::Id => Some(self.ids),
            Field::Attribute(number) => self.columns.get(&number).copied(),
        }
    }
}

/// The rows that a filter holds for. It is [`super::holds`] of each of them, but that it knows no
/// incoming document: a condition is for rows.
pub fn select(bound: &Bound, block: &Block<'_>) -> Result<BooleanBuffer> {
    match bound {
        Bound::And(parts) => {
            let mut hits = BooleanBuffer::new_set(block.rows());
            for part in parts {
                if !hits.has_true() {
                    break;
                }
                hits = &hits & &select(part, block)?;
            }
            Ok(hits)
        }
        Bound::Or(parts) => {
            let mut hits = BooleanBuffer::new_unset(block.rows());
            for part in parts {
                if !hits.has_false() {
                    break;
                }
                hits = &hits | &select(part, block)?;
            }
            Ok(hits)
        }
        Bound::Not(part) => Ok(!&select(part, block)?),
        Bound::Test(test) => pass(test, block),
    }
}

fn pass(test: &Test, block: &Block<'_>) -> Result<BooleanBuffer> {
    let column = block.column(test.field);
    match (&test.operand, column) {
        (Typed::Null, column) => Ok(pass_null(test.op, column, block.rows())),
        (Typed::Value(_) | Typed::Set(_), None) if holds_for_null(test.op) => {
            Ok(BooleanBuffer::new_set(block.rows()))
        }
        (Typed::Value(_) | Typed::Set(_), None) => Ok(BooleanBuffer::new_unset(block.rows())),
        (Typed::Value(operand) | Typed::Set(operand), Some(column)) => {
            let hits = compare(test, column, operand)?;
            Ok(match column.nulls() {
                Some(nulls) if holds_for_null(test.op) => &hits | &!nulls.inner(),
                Some(nulls) => &hits & nulls.inner(),
                None => hits,
            })
        }
        (Typed::New(_), _) => Err(Error::internal("a block has no incoming documents")),
    }
}

fn pass_null(op: Op, column: Option<&dyn Array>, rows: usize) -> BooleanBuffer {
    let there = match column.map(|column| column.nulls()) {
        None => BooleanBuffer::new_unset(rows),
        Some(None) => BooleanBuffer::new_set(rows),
        Some(Some(nulls)) => nulls.inner().clone(),
    };
    match op {
        Op::Eq => !&there,
        Op::NotEq => there,
        Op::In | Op::NotIn | Op::Lt | Op::Lte | Op::Gt | Op::Gte => BooleanBuffer::new_unset(rows),
    }
}

/// As if every row had a value.
fn compare(test: &Test, column: &dyn Array, operand: &Value) -> Result<BooleanBuffer> {
    match test.kind {
        AttrType::Scalar(kind) => {
            let cells = Cells::of(kind, column)?;
            match test.op {
                Op::In => cells.within(cells.all(), operand),
                Op::NotIn => Ok(!&cells.within(cells.all(), operand)?),
                op => cells.compare(op, operand),
            }
        }
        AttrType::Array(kind) => {
            let Some(lists) = column.as_list_opt::<i32>() else {
                return Err(odd_column(test.kind, column));
            };
            let cells = Cells::of(kind, lists.values().as_ref())?;
            let offsets = lists.value_offsets();
            match test.op {
                Op::In => intersects(cells, offsets, operand),
                Op::NotIn => Ok(!&intersects(cells, offsets, operand)?),
                Op::Eq => cells.lists(offsets, operand),
                Op::NotEq => Ok(!&cells.lists(offsets, operand)?),
                Op::Lt | Op::Lte | Op::Gt | Op::Gte => Err(odd_column(test.kind, column)),
            }
        }
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => {
            Err(Error::internal("vectors are compared in conditions, and those are for rows"))
        }
    }
}

/// Only the elements of these rows are looked at, should the block be a slice of a larger one.
fn intersects(cells: Cells<'_>, offsets: &[i32], set: &Value) -> Result<BooleanBuffer> {
    let first = offsets[0] as usize;
    let last = offsets[offsets.len() - 1] as usize;
    let hits = cells.within(first..last, set)?;
    Ok(spans(offsets, |span| span.into_iter().any(|at| hits.value(at - first))))
}

fn odd_column(kind: AttrType, column: &dyn Array) -> Error {
    Error::internal(format!("a filter on {kind:?} met a column of {}", column.data_type()))
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int64Array, UInt64Array};
    use proptest::prelude::*;

    use super::super::samples::{Columns, any_filter, any_id_type, any_rows, number, schema, test};
    use super::super::{Purpose, holds};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Filter, Given, IdType};

    fn bind(filter: &Filter) -> Bound {
        Bound::bind(filter, &schema(IdType::Uint), Purpose::Query).unwrap()
    }

    #[test]
    fn more_rows_than_a_word_has_bits_are_selected_one_by_one() {
        let ids = UInt64Array::from((0..200).collect::<Vec<u64>>());
        let block = Block::new(&ids);
        for (op, with, expected) in [
            (Op::Lt, 130, (0..130).collect::<Vec<usize>>()),
            (Op::Gte, 64, (64..200).collect()),
            (Op::Eq, 199, vec![199]),
            (Op::NotEq, 0, (1..200).collect()),
        ] {
            let hits = select(&bind(&test("id", op, Given::Int(with))), &block).unwrap();
            assert_eq!(hits.set_indices().collect::<Vec<usize>>(), expected, "{op:?} {with}");
        }
    }

    #[test]
    fn what_lies_under_a_null_is_not_looked_at() {
        let ids = UInt64Array::from(vec![0, 1]);
        let nulls = Some(vec![true, false].into());
        let column = Int64Array::new(vec![7_i64, 7].into(), nulls);
        let block = Block::new(&ids).with(number("i"), &column);
        let hits = select(&bind(&test("i", Op::Eq, Given::Int(7))), &block).unwrap();
        assert_eq!(hits.iter().collect::<Vec<bool>>(), [true, false]);
        let hits = select(&bind(&test("i", Op::NotEq, Given::Int(7))), &block).unwrap();
        assert_eq!(hits.iter().collect::<Vec<bool>>(), [false, true]);
    }

    #[test]
    fn a_column_of_another_type_is_our_bug() {
        let ids = UInt64Array::from(vec![0, 1]);
        let block = Block::new(&ids).with(number("i"), &ids).with(number("is"), &ids);
        for name in ["i", "is"] {
            let bound = bind(&test(name, Op::In, Given::Int(0)));
            assert_eq!(select(&bound, &block).unwrap_err().kind(), ErrorKind::Internal);
        }
    }

    proptest! {
        #[test]
        fn a_block_gives_the_answers_of_its_rows(
            (id, rows, filter) in any_id_type()
                .prop_flat_map(|id| (Just(id), any_rows(id), any_filter(id))),
            from in 0..70_usize,
        ) {
            let from = from.min(rows.len());
            let bound = Bound::bind(&filter, &schema(id), Purpose::Query).unwrap();
            let columns = Columns::of(&rows, id).onwards(from);
            let hits = select(&bound, &columns.block()).unwrap();
            let expected: Vec<bool> =
                rows[from..].iter().map(|row| holds(&bound, row, None)).collect();
            prop_assert_eq!(hits.iter().collect::<Vec<bool>>(), expected);
        }
    }
}
