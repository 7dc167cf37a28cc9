//! A bound filter, asked of a block of columns: one bit a row.
//!
//! What makes tokens of texts is asked in slices of the block, and all of it of one slice before it is
//! asked of the next: so the tokens of a value are made once, and no more of them kept than a slice has.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use super::bind::{Bound, Test, Typed};
use super::cells::{Cells, spans};
use super::comparison::{Asks, Comparison};
use super::cost::Cost;
use super::field::Field;
use super::halt::{BLOCK_BYTES, BLOCK_ROWS, Halt};
use super::pattern::Desk;
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
        true => settle(bound, block, rows, halt, &mut Desk::default()),
        false => Ok(rows.clone()),
    }
}

/// What is not about tokens is settled for the whole block first. The desk comes new, and goes old.
fn settle(
    bound: &Bound,
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
    desk: &mut Desk,
) -> Result<BooleanBuffer> {
    if bound.cost() < Cost::Tokens {
        return hits(bound, block, rows, halt, desk);
    }
    match bound {
        Bound::And(parts) => {
            let (others, tokens) = apart(parts);
            let left = all(others, block, rows, halt, desk)?;
            in_slices(tokens, block, &left, desk, |slice, left, desk| {
                all(tokens, slice, left, halt, desk)
            })
        }
        Bound::Or(parts) => {
            let (others, tokens) = apart(parts);
            let found = any(others, block, rows, halt, desk)?;
            let more = in_slices(tokens, block, &(rows ^ &found), desk, |slice, left, desk| {
                any(tokens, slice, left, halt, desk)
            })?;
            Ok(&found | &more)
        }
        Bound::Not(_) | Bound::Test(_) | Bound::Like(_) => {
            in_slices(slice::from_ref(bound), block, rows, desk, |slice, rows, desk| {
                hits(bound, slice, rows, halt, desk)
            })
        }
    }
}

/// Those about tokens, which stand last, and those before them.
fn apart(parts: &[Bound]) -> (&[Bound], &[Bound]) {
    parts.split_at(parts.partition_point(|part| part.cost() < Cost::Tokens))
}

/// What is answered of the block in slices, one after the other. No slice is asked of which no row is meant.
fn in_slices(
    parts: &[Bound],
    block: &Block<'_>,
    rows: &BooleanBuffer,
    desk: &mut Desk,
    mut answer: impl FnMut(&Block<'_>, &BooleanBuffer, &mut Desk) -> Result<BooleanBuffer>,
) -> Result<BooleanBuffer> {
    let numbers: BTreeSet<AttrNo> = parts.iter().flat_map(Bound::attributes).collect();
    let columns: Vec<(AttrNo, &dyn Array)> = numbers
        .into_iter()
        .filter_map(|number| Some((number, *block.columns.get(&number)?)))
        .collect();
    let mut hits = BooleanBufferBuilder::new(rows.len());
    let mut from = 0;
    while from < rows.len() {
        let len = slice_rows(&columns, rows, from);
        let meant = rows.slice(from, len);
        if meant.has_true() {
            let ids = block.ids.slice(from, len);
            let columns: Vec<(AttrNo, ArrayRef)> =
                columns.iter().map(|&(number, column)| (number, column.slice(from, len))).collect();
            let slice = columns
                .iter()
                .fold(Block::new(&*ids), |slice, (number, column)| slice.with(*number, &**column));
            desk.forget();
            hits.append_buffer(&answer(&slice, &meant, desk)?);
        } else {
            hits.append_n(len, false);
        }
        from += len;
    }
    Ok(hits.finish())
}

/// How many rows from this one on are a slice. Where those that are meant are long, they are few.
fn slice_rows(columns: &[(AttrNo, &dyn Array)], rows: &BooleanBuffer, from: usize) -> usize {
    let most = BLOCK_ROWS.min(rows.len() - from);
    let mut bytes = 0;
    for row in rows.slice(from, most).set_indices() {
        let of_row = columns.iter().map(|&(_, column)| text_bytes(column, from + row));
        bytes += of_row.sum::<usize>();
        if bytes > BLOCK_BYTES {
            return row.max(1);
        }
    }
    most
}

/// What the tokens of a value come to, more or less: an element without a letter is one too.
fn text_bytes(column: &dyn Array, row: usize) -> usize {
    let span = |offsets: &[i32], from: usize, to: usize| (offsets[to] - offsets[from]) as usize;
    if let Some(texts) = column.as_string_opt::<i32>() {
        return span(texts.value_offsets(), row, row + 1);
    }
    let Some(lists) = column.as_list_opt::<i32>() else { return 0 };
    let Some(texts) = lists.values().as_string_opt::<i32>() else { return 0 };
    let offsets = lists.value_offsets();
    let (first, end) = (offsets[row] as usize, offsets[row + 1] as usize);
    (end - first) * size_of::<u64>() + span(texts.value_offsets(), first, end)
}

/// They are among the rows that are asked: what differs of the two are those that it does not hold for.
fn hits(
    bound: &Bound,
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
    desk: &mut Desk,
) -> Result<BooleanBuffer> {
    halt.check()?;
    match bound {
        Bound::And(parts) => all(parts, block, rows, halt, desk),
        Bound::Or(parts) => any(parts, block, rows, halt, desk),
        Bound::Not(part) => Ok(rows ^ &hits(part, block, rows, halt, desk)?),
        Bound::Test(test) => Ok(rows & &pass(test, block)?),
        Bound::Like(like) => like.select(block.column(like.field), rows, halt, desk),
    }
}

fn all(
    parts: &[Bound],
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
    desk: &mut Desk,
) -> Result<BooleanBuffer> {
    let mut left = rows.clone();
    for part in parts {
        if !left.has_true() {
            break;
        }
        left = hits(part, block, &left, halt, desk)?;
    }
    Ok(left)
}

fn any(
    parts: &[Bound],
    block: &Block<'_>,
    rows: &BooleanBuffer,
    halt: &Halt,
    desk: &mut Desk,
) -> Result<BooleanBuffer> {
    let mut left = rows.clone();
    for part in parts {
        if !left.has_true() {
            break;
        }
        left = &left ^ &hits(part, block, &left, halt, desk)?;
    }
    Ok(rows ^ &left)
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
    use arrow_array::{Int64Array, StringArray, UInt64Array};
    use proptest::prelude::*;

    use super::super::halt::is_halted;
    use super::super::samples::{
        Columns, any_filter, any_id_type, any_rows, like, number, schema, test,
    };
    use super::super::{Purpose, holds};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Case, Filter, Given, IdType, LastToken, Op, Operand, Pattern, Which};

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

    fn words(text: String, which: Which) -> Filter {
        let operand = Operand::Literal(Given::Text(text.into()));
        like("s", Pattern::Tokens { operand, which, last: LastToken::Itself })
    }

    /// Each part made tokens of every text for itself: a thousand of them took seconds over texts of which
    /// one takes milliseconds.
    #[test]
    fn a_text_is_made_tokens_once_however_many_parts_ask() {
        let rows: usize = 3 * BLOCK_ROWS + 7;
        let texts: StringArray =
            (0..rows).map(|row| Some(format!("w{row} walrus x{row}"))).collect();
        let ids = UInt64Array::from((0..rows as u64).collect::<Vec<u64>>());
        let block = Block::new(&ids).with(number("s"), &texts);
        let every = BooleanBuffer::new_set(rows);
        let below = |with: i64| test("id", Op::Lt, Given::Int(with));
        let several = |which: Which| -> Vec<Filter> {
            (0..50).map(|at| words(format!("w{at} walrus"), which)).collect()
        };
        let not = |filter| Filter::Not(Box::new(filter));
        let phrases = || Filter::Or(several(Which::Sequence));
        let apart = (0..50).map(|at| {
            let phrase = words(format!("walrus x{at}"), Which::Sequence);
            Filter::And(vec![not(below(at)), phrase])
        });
        for (filter, found, reads) in [
            (phrases(), 50, rows),
            (not(phrases()), rows - 50, rows),
            (Filter::Or(several(Which::All)), 50, rows),
            (Filter::And(several(Which::Any)), rows, rows),
            (Filter::Or(apart.collect()), 50, rows),
            // Nor of a row that is settled before.
            (Filter::And(vec![phrases(), below(20)]), 20, 20),
            (Filter::Or(vec![phrases(), not(below(20))]), rows, 20),
        ] {
            let (bound, mut desk) = (bind(&filter), Desk::default());
            let hits = settle(&bound, &block, &every, &Halt::default(), &mut desk).unwrap();
            assert_eq!((hits.count_set_bits(), desk.reads()), (found, reads), "{filter:?}");
        }
    }

    #[test]
    fn a_slice_has_so_many_rows_or_bytes_and_no_more() {
        let long = "x".repeat(BLOCK_BYTES / 4);
        let texts = |lengths: &[usize]| -> StringArray {
            lengths.iter().map(|length| Some(&long[..*length])).collect()
        };
        let slices = |texts: &StringArray, rows: &BooleanBuffer| {
            let columns: [(AttrNo, &dyn Array); 1] = [(number("s"), texts)];
            let mut slices: Vec<usize> = Vec::new();
            while slices.iter().sum::<usize>() < rows.len() {
                slices.push(slice_rows(&columns, rows, slices.iter().sum()));
            }
            slices
        };
        let short = texts(&[1; 2 * BLOCK_ROWS + 3]);
        let every = |texts: &StringArray| BooleanBuffer::new_set(texts.len());
        assert_eq!(slices(&short, &every(&short)), [BLOCK_ROWS, BLOCK_ROWS, 3]);
        let longer = texts(&[long.len(); 10]);
        assert_eq!(slices(&longer, &every(&longer)), [4, 4, 2]);
        let mixed = texts(&[1, long.len(), long.len(), long.len(), long.len(), 1]);
        assert_eq!(slices(&mixed, &every(&mixed)), [4, 2]);
        // What is not meant is not read.
        let some = BooleanBuffer::collect_bool(10, |row| row % 2 == 1);
        assert_eq!(slices(&longer, &some), [9, 1]);
        let longest = StringArray::from(vec![long.repeat(5); 2]);
        assert_eq!(slices(&longest, &every(&longest)), [1, 1]);
    }

    proptest! {
        #[test]
        fn a_block_gives_the_answers_of_its_rows(
            (id, rows, filter) in any_id_type()
                .prop_flat_map(|id| (Just(id), any_rows(id), any_filter(id))),
            from in 0..70_usize,
            asked in prop::collection::vec(proptest::bool::ANY, 70),
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
