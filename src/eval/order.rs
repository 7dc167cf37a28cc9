//! The order of an answer by attributes: nulls lowest, so first ascending and last descending; what
//! is equal in all keys goes by id, ascending.

use std::cmp::Ordering;

use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::bind::{Field, Found, find};
use super::block::Block;
use super::cells::Cells;
use super::halt::Halt;
use crate::error::{Error, Result};
use crate::kernels::Least;
use crate::model::{AttrNo, AttrType, Direction, Scalar, Schema};

pub const ORDER_KEYS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    keys: Vec<(Field, Scalar, Direction)>,
    id: Scalar,
}

impl Order {
    pub fn bind(by: &[(Box<str>, Direction)], schema: &Schema) -> Result<Self> {
        if by.len() > ORDER_KEYS_MAX {
            let message = format!("an order has at most {ORDER_KEYS_MAX} keys, not {}", by.len());
            return Err(Error::invalid(message));
        }
        // Without a type of ids there is no document, and any order is one of nothing.
        let id = find(schema, "id")?.and_then(|found| scalar(&found)).unwrap_or(Scalar::Uint);
        let mut keys = Vec::with_capacity(by.len());
        for (name, direction) in by {
            let Some(found) = find(schema, name)? else { continue };
            let Some(kind) = scalar(&found) else {
                let kind = found.kind;
                let message = format!("cannot order by attribute `{name}`, which is a {kind}");
                return Err(Error::invalid(message));
            };
            keys.push((found.field, kind, *direction));
        }
        Ok(Self { keys, id })
    }

    /// Whose columns it has to see.
    pub fn attributes(&self) -> impl Iterator<Item = AttrNo> {
        self.keys.iter().filter_map(|(field, ..)| match field {
            Field::Id => None,
            Field::Attribute(number) => Some(*number),
        })
    }

    /// What a block has to say in the matter.
    pub fn keys<'a>(&self, block: &Block<'a>) -> Result<Keys<'a>> {
        let key = |(field, kind, direction): &(Field, Scalar, Direction)| -> Result<Key<'a>> {
            let column = block.column(*field);
            let cells = column.map(|column| Cells::of(*kind, column)).transpose()?;
            let nulls = column.and_then(|column| column.nulls());
            Ok(Key { cells, nulls, direction: *direction })
        };
        let ids = Key {
            cells: block.column(Field::Id).map(|ids| Cells::of(self.id, ids)).transpose()?,
            nulls: None,
            direction: match crate::slip!("ties go by id, descending") {
                true => Direction::Descending,
                false => Direction::Ascending,
            },
        };
        let mut keys = self.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        keys.push(ids);
        Ok(Keys(keys))
    }

    /// The first of the rows that `hits` names in each block.
    pub fn first(
        &self,
        blocks: &[(Block<'_>, BooleanBuffer)],
        limit: usize,
        halt: &Halt,
    ) -> Result<Vec<Place>> {
        let keys =
            blocks.iter().map(|(block, _)| self.keys(block)).collect::<Result<Vec<Keys<'_>>>>()?;
        let mut first = Least::new(limit);
        for (number, ((block, hits), keys)) in blocks.iter().zip(&keys).enumerate() {
            assert_eq!(hits.len(), block.rows(), "one bit a row");
            halt.each(hits, |row| {
                first.offer(Entry { keys, place: Place { block: number, row } })
            })?;
        }
        let mut places = halt.gather(first.into_descending().map(|entry| entry.place))?;
        places.reverse();
        Ok(places)
    }
}

/// A row among blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub block: usize,
    pub row: usize,
}

/// The keys of one block, the id last.
#[derive(Clone, Debug)]
pub struct Keys<'a>(Vec<Key<'a>>);

#[derive(Clone, Debug)]
struct Key<'a> {
    /// Nothing, if the attribute is missing in every row.
    cells: Option<Cells<'a>>,
    nulls: Option<&'a NullBuffer>,
    direction: Direction,
}

impl Keys<'_> {
    /// A row of this block and one of another, by the keys of the same order.
    pub fn compare(&self, row: usize, other: &Keys<'_>, theirs: usize) -> Ordering {
        for (a, b) in self.0.iter().zip(&other.0) {
            let order = match (a.at(row), b.at(theirs)) {
                (Some(a), Some(b)) => a.order(row, b, theirs),
                (a, b) if crate::slip!("null is highest in an order") => {
                    b.is_some().cmp(&a.is_some())
                }
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            let order = match a.direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl<'a> Key<'a> {
    /// The cells, if the row has a value in them.
    fn at(&self, row: usize) -> Option<Cells<'a>> {
        self.cells.filter(|_| self.nulls.is_none_or(|nulls| nulls.is_valid(row)))
    }
}

/// A row on its way through the heap.
struct Entry<'k> {
    keys: &'k Keys<'k>,
    place: Place,
}

impl Ord for Entry<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.keys.compare(self.place.row, other.keys, other.place.row);
        // Live rows have different ids; should they not, the answer is still the same each time.
        order.then_with(|| self.place.cmp(&other.place))
    }
}

impl PartialOrd for Entry<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry<'_> {}

fn scalar(found: &Found) -> Option<Scalar> {
    match found.kind {
        AttrType::Scalar(kind) => Some(kind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cell::Cell;
    use super::super::halt::is_halted;
    use super::super::samples::{Columns, KINDS, any_id_type, any_rows, number, schema};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{DocId, IdType, Row, Value};

    fn by(keys: &[(&str, Direction)]) -> Vec<(Box<str>, Direction)> {
        keys.iter().map(|(name, direction)| (Box::<str>::from(*name), *direction)).collect()
    }

    /// The order once more, over rows, one key after the other.
    fn restated(keys: &[(Field, Direction)], a: &Row, b: &Row) -> Ordering {
        for (field, direction) in keys {
            let atom = |row| Cell::of(row, *field).and_then(|cell| cell.get(0));
            let order = match (atom(a), atom(b)) {
                (Some(a), Some(b)) => a.compare(b).unwrap(),
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            let descending = *direction == Direction::Descending;
            let order = if descending { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        a.id.cmp(&b.id)
    }

    fn any_keys() -> impl Strategy<Value = Vec<(Box<str>, Direction)>> {
        let scalars = KINDS.iter().filter(|(_, kind)| matches!(kind, AttrType::Scalar(_)));
        let mut names: Vec<&'static str> = scalars.map(|(name, _)| *name).collect();
        names.push("id");
        let direction = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
        let key = (prop::sample::select(names).prop_map(Box::<str>::from), direction);
        prop::collection::vec(key, 0..4)
    }

    #[test]
    fn nulls_come_first_ascending_and_last_descending_and_ties_go_by_id() {
        let row = |id, value: Option<i64>| Row {
            id: DocId::Uint(id),
            values: value.map(|value| (number("i"), Value::Int(value))).into_iter().collect(),
        };
        let rows = [row(4, Some(7)), row(3, None), row(2, Some(-1)), row(1, Some(7)), row(0, None)];
        let columns = Columns::of(&rows, IdType::Uint);
        let blocks = [(columns.block(), BooleanBuffer::new_set(rows.len()))];
        for (direction, expected) in
            [(Direction::Ascending, [0, 3, 2, 1, 4]), (Direction::Descending, [1, 4, 2, 0, 3])]
        {
            let order = Order::bind(&by(&[("i", direction)]), &schema(IdType::Uint)).unwrap();
            let first = |limit| order.first(&blocks, limit, &Halt::default()).unwrap();
            let places = first(5);
            let ids = places.iter().map(|place| match rows[place.row].id {
                DocId::Uint(id) => id,
                _ => panic!("ids are numbers here"),
            });
            assert_eq!(ids.collect::<Vec<u64>>(), expected);
            assert_eq!(first(2), places[..2]);
        }
    }

    #[test]
    fn an_order_that_is_halted_ends() {
        let rows = [Row { id: DocId::Uint(1), values: Vec::new() }];
        let columns = Columns::of(&rows, IdType::Uint);
        let blocks = [(columns.block(), BooleanBuffer::new_set(1))];
        let order = Order::bind(&[], &schema(IdType::Uint)).unwrap();
        let halt = Halt::default();
        halt.raise();
        assert!(is_halted(&order.first(&blocks, 1, &halt).unwrap_err()));
    }

    #[test]
    fn what_has_no_order_is_refused() {
        let schema = schema(IdType::Uint);
        for (name, told) in [
            ("ss", "attribute `ss`, which is a []string"),
            ("v", "attribute `v`, which is a [2]f32"),
            ("gone", "attribute not found: `gone`"),
        ] {
            let error = Order::bind(&by(&[(name, Direction::Ascending)]), &schema).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(told), "{error}");
        }
        let nine = by(&[("i", Direction::Ascending); 9]);
        assert!(Order::bind(&nine, &schema).is_err());
        assert!(Order::bind(&nine[..8], &schema).is_ok());
    }

    #[test]
    fn an_order_says_which_columns_it_needs() {
        let keys = by(&[("i", Direction::Ascending), ("id", Direction::Descending)]);
        let order = Order::bind(&keys, &schema(IdType::Uuid)).unwrap();
        assert_eq!(order.attributes().collect::<Vec<AttrNo>>(), [number("i")]);
    }

    proptest! {
        #[test]
        fn the_first_of_blocks_are_the_first_of_their_rows_sorted(
            (id, rows) in any_id_type().prop_flat_map(|id| (Just(id), any_rows(id))),
            keys in any_keys(),
            hits in prop::collection::vec(any::<bool>(), 70),
            split in 0..70_usize,
            limit in 1..80_usize,
        ) {
            let split = split.min(rows.len());
            let halves = [&rows[..split], &rows[split..]];
            let columns = halves.map(|rows| Columns::of(rows, id));
            let hits = [&hits[..split], &hits[split..rows.len()]];
            let blocks: Vec<(Block<'_>, BooleanBuffer)> = columns
                .iter()
                .zip(hits)
                .map(|(columns, hits)| (columns.block(), BooleanBuffer::from(hits)))
                .collect();
            let order = Order::bind(&keys, &schema(id)).unwrap();
            let places = order.first(&blocks, limit, &Halt::default()).unwrap();
            let found: Vec<&Row> = places.iter().map(|p| &halves[p.block][p.row]).collect();

            let hit = hits.concat();
            let mut expected: Vec<&Row> =
                rows.iter().zip(hit).filter(|(_, hit)| *hit).map(|(row, _)| row).collect();
            let field = |name: &str| find(&schema(id), name).unwrap().unwrap().field;
            let keys: Vec<(Field, Direction)> =
                keys.iter().map(|(name, direction)| (field(name), *direction)).collect();
            expected.sort_by(|a, b| restated(&keys, a, b));
            expected.truncate(limit);
            prop_assert_eq!(found, expected);
        }
    }
}
