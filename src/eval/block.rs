//! A bound filter, asked of a block of columns: one bit a row.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ListArray};
use arrow_buffer::BooleanBuffer;

use super::bind::{Bound, Test, Typed};
use super::cells::{Cells, spans};
use super::comparison::{Asks, Comparison};
use super::field::Field;
use super::halt::Halt;
use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, Scalar, Value};

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
    select_among(bound, block, &BooleanBuffer::new_set(block.rows()), &Halt::default())
}

/// The same among these rows, and for as long as somebody waits for it. What costs more than to look
/// at a number is asked only of rows that are not settled before.
pub fn select_among(
    bound: &Bound,
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
) -> Result<BooleanBuffer> {
    assert_eq!(rows.len(), block.rows(), "one bit a row");
    match rows.has_true() {
        true => hits(bound, block, rows, halt),
        false => Ok(rows.clone()),
    }
}

/// They are among the rows that are asked: what differs of the two are those that it does not hold for.
fn hits(
    bound: &Bound,
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
) -> Result<BooleanBuffer> {
    halt.check()?;
    match bound {
        Bound::And(parts) => {
            let mut left = rows.clone();
            for part in parts {
                if !left.has_true() {
                    break;
                }
                left = hits(part, block, &left, halt)?;
            }
            Ok(left)
        }
        Bound::Or(parts) => {
            let mut left = rows.clone();
            for part in parts {
                if !left.has_true() {
                    break;
                }
                left = &left ^ &hits(part, block, &left, halt)?;
            }
            Ok(rows ^ &left)
        }
        Bound::Not(part) => Ok(rows ^ &hits(part, block, rows, halt)?),
        Bound::Test(test) => Ok(rows & &pass(test, block)?),
        Bound::Like(like) => like.select(block.column(like.field), rows, halt),
    }
}

fn pass(test: &Test, block: &Block<'_>) -> Result<BooleanBuffer> {
    let column = block.column(test.field);
    let null_passes = test.asks.hold_for_null();
    let hits = match (&test.operand, column) {
        (Typed::Null, column) => return Ok(pass_null(test.asks, column, block.rows())),
        (Typed::New(_) | Typed::Items(_), _) => {
            return Err(Error::internal("a block has no incoming documents"));
        }
        (_, None) if null_passes => return Ok(BooleanBuffer::new_set(block.rows())),
        (_, None) => return Ok(BooleanBuffer::new_unset(block.rows())),
        (Typed::Value(operand) | Typed::Set(operand), Some(column)) => {
            compare(test, column, operand)?
        }
        (Typed::BytesSet(set), Some(column)) => among(test, column, set)?,
    };
    Ok(match column.and_then(|column| column.nulls()) {
        Some(nulls) if null_passes => &hits | &!nulls.inner(),
        Some(nulls) => &hits & nulls.inner(),
        None => hits,
    })
}

/// Only whether a value is equal can be asked of null.
fn pass_null(asks: Asks, column: Option<&dyn Array>, rows: usize) -> BooleanBuffer {
    let there = match column.map(|column| column.nulls()) {
        None => BooleanBuffer::new_unset(rows),
        Some(None) => BooleanBuffer::new_set(rows),
        Some(Some(nulls)) => nulls.inner().clone(),
    };
    match asks {
        Asks::Value(Comparison::Eq) => !&there,
        Asks::Value(Comparison::NotEq) => there,
        _ => BooleanBuffer::new_unset(rows),
    }
}

/// As if every row had a value.
fn compare(test: &Test, column: &dyn Array, operand: &Value) -> Result<BooleanBuffer> {
    match test.kind {
        AttrType::Scalar(kind) => {
            let cells = Cells::of(kind, column)?;
            match test.asks {
                Asks::Value(op) => cells.compare(op, operand),
                Asks::In => cells.within(operand),
                Asks::NotIn => Ok(!&cells.within(operand)?),
                Asks::Element(_) => Err(odd_column(test.kind, column)),
            }
        }
        AttrType::Array(kind) => {
            let Some(lists) = column.as_list_opt::<i32>() else {
                return Err(odd_column(test.kind, column));
            };
            let whole =
                || Cells::of(kind, lists.values().as_ref())?.lists(lists.value_offsets(), operand);
            let within = |cells: Cells<'_>| cells.within(operand);
            match test.asks {
                Asks::Value(Comparison::Eq) => whole(),
                Asks::Value(Comparison::NotEq) => Ok(!&whole()?),
                Asks::In => any_element(kind, lists, within),
                Asks::NotIn => Ok(!&any_element(kind, lists, within)?),
                Asks::Element(op) => any_element(kind, lists, |cells| cells.compare(op, operand)),
                Asks::Value(_) => Err(odd_column(test.kind, column)),
            }
        }
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => {
            Err(Error::internal("vectors are compared in conditions, and those are for rows"))
        }
    }
}

/// As if every row had a value, too.
fn among(test: &Test, column: &dyn Array, set: &[Box<[u8]>]) -> Result<BooleanBuffer> {
    let hits = Cells::of(Scalar::Bytes, column)?.within_bytes(set)?;
    match test.asks {
        Asks::In => Ok(hits),
        Asks::NotIn => Ok(!&hits),
        Asks::Value(_) | Asks::Element(_) => Err(odd_column(test.kind, column)),
    }
}

/// Only the elements of these rows are looked at, should the block be a slice of a larger one.
fn any_element(
    kind: Scalar,
    lists: &ListArray,
    hits: impl FnOnce(Cells<'_>) -> Result<BooleanBuffer>,
) -> Result<BooleanBuffer> {
    let offsets = lists.value_offsets();
    let first = offsets[0] as usize;
    let last = offsets[offsets.len() - 1] as usize;
    let elements = lists.values().slice(first, last - first);
    let hits = hits(Cells::of(kind, &*elements)?)?;
    if crate::slip!("an array is asked for all of its elements") {
        return Ok(spans(offsets, |mut span| span.all(|at| hits.value(at - first))));
    }
    Ok(spans(offsets, |mut span| span.any(|at| hits.value(at - first))))
}

fn odd_column(kind: AttrType, column: &dyn Array) -> Error {
    Error::internal(format!("a filter on {kind:?} met a column of {}", column.data_type()))
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int64Array, UInt64Array};
    use proptest::prelude::*;

    use super::super::halt::is_halted;
    use super::super::samples::{
        Columns, any_filter, any_id_type, any_rows, like, number, schema, test,
    };
    use super::super::{Purpose, holds};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Case, Filter, Given, IdType, Op, Operand, Pattern};

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
        let numbers = ["i", "is", "s", "ss"].map(number);
        let block =
            numbers.iter().fold(Block::new(&ids), |block, number| block.with(*number, &ids));
        let text = || Operand::Literal(Given::Text("a".into()));
        let glob = |name| like(name, Pattern::Glob { operand: text(), case: Case::Matters });
        for filter in [
            test("i", Op::In, Given::Int(0)),
            test("is", Op::In, Given::Int(0)),
            test("is", Op::AnyLt, Given::Int(0)),
            glob("s"),
            glob("ss"),
        ] {
            let told = select(&bind(&filter), &block).unwrap_err();
            assert_eq!(told.kind(), ErrorKind::Internal, "{told}");
        }
    }

    /// Of a column of another type each look is an error, so that no look is none.
    #[test]
    fn what_is_costly_is_not_asked_of_rows_that_are_settled() {
        let ids = UInt64Array::from(vec![0, 1]);
        let block = Block::new(&ids).with(number("s"), &ids).with(number("u"), &ids);
        let operand = || Operand::Literal(Given::Text("*".into()));
        let costly = || like("s", Pattern::Glob { operand: operand(), case: Case::Matters });
        let below = |with| test("u", Op::Lt, Given::Int(with));
        let not = |filter| Filter::Not(Box::new(filter));
        let (none, all) = (|| below(0), || below(2));
        for (filter, expected) in [
            (Filter::And(vec![costly(), none()]), Some([false, false])),
            (Filter::And(vec![not(costly()), all(), none()]), Some([false, false])),
            (Filter::And(vec![Filter::Or(vec![costly(), none()]), none()]), Some([false, false])),
            (Filter::Or(vec![costly(), all()]), Some([true, true])),
            (Filter::Or(vec![costly(), below(1), not(below(1))]), Some([true, true])),
            (not(Filter::Or(vec![costly(), all()])), Some([false, false])),
            (Filter::And(vec![costly(), below(1)]), None),
            (Filter::Or(vec![below(1), costly()]), None),
        ] {
            let found = select(&bind(&filter), &block);
            let found = found.ok().map(|hits| hits.iter().collect::<Vec<bool>>());
            assert_eq!(found, expected.map(Vec::from), "{filter:?}");
        }
        let asked = BooleanBuffer::new_unset(2);
        let found = select_among(&bind(&costly()), &block, &asked, &Halt::default()).unwrap();
        assert!(!found.has_true());
    }

    #[test]
    fn a_filter_that_is_halted_ends() {
        let ids = UInt64Array::from(vec![0, 1]);
        let (block, rows, halt) = (Block::new(&ids), BooleanBuffer::new_set(2), Halt::default());
        let bound = bind(&Filter::And(vec![test("id", Op::Lt, Given::Int(1))]));
        assert!(select_among(&bound, &block, &rows, &halt).unwrap().has_true());
        halt.raise();
        let told = select_among(&bound, &block, &rows, &halt).unwrap_err();
        assert!(is_halted(&told), "{told}");
    }

    proptest! {
        #[test]
        fn a_block_gives_the_answers_of_its_rows(
            (id, rows, filter) in any_id_type()
                .prop_flat_map(|id| (Just(id), any_rows(id), any_filter(id))),
            from in 0..70_usize,
            asked in prop::collection::vec(any::<bool>(), 70),
        ) {
            let from = from.min(rows.len());
            let bound = Bound::bind(&filter, &schema(id), Purpose::Query).unwrap();
            let columns = Columns::of(&rows, id).onwards(from);
            let hits = select(&bound, &columns.block()).unwrap();
            let expected: Vec<bool> =
                rows[from..].iter().map(|row| holds(&bound, row, None)).collect();
            prop_assert_eq!(hits.iter().collect::<Vec<bool>>(), &expected[..]);

            // Among some of them, those of the hits that are among these.
            let asked = BooleanBuffer::from(&asked[..]).slice(from, expected.len());
            let halt = Halt::default();
            let hits = select_among(&bound, &columns.block(), &asked, &halt).unwrap();
            let expected: Vec<bool> =
                expected.iter().zip(&asked).map(|(hit, asked)| *hit && asked).collect();
            prop_assert_eq!(hits.iter().collect::<Vec<bool>>(), expected);
        }
    }
}
