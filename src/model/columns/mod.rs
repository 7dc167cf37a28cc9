//! Rows as columns: an immutable block of rows, one Arrow array for the ids and one for each
//! attribute.
//!
//! What must hold: all arrays are equally long, each is of the type that `types` gives to its
//! attribute, no id is missing, and what `check` asks of values holds. That is checked when a block
//! is made of rows (a breach is our bug) and when it is made of arrays that were read (a breach is
//! `Corrupt`); so whoever has a block reads it without a doubt.
//!
//! A column that is not there and a column of nulls say the same: no row has a value. Whether ids
//! repeat is the business of who gathers the rows.

#[cfg(test)]
pub(crate) mod any;
mod build;
mod check;
mod ids;
mod read;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float32Array, UInt32Array, new_null_array};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::DataType;
use arrow_select::concat::concat;
use arrow_select::interleave::interleave;
use arrow_select::take::{TakeOptions, take};

pub use self::build::{column, ids_column};
pub use self::ids::Ids;
pub use self::read::value;
pub use self::types::{data_type, exists, id_data_type, id_type_of};
use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, DocId, Element, IdType, Row, Value};

#[derive(Clone, Debug)]
pub struct Columns {
    id_type: IdType,
    ids: ArrayRef,
    columns: BTreeMap<AttrNo, (AttrType, ArrayRef)>,
    rows: usize,
}

impl Columns {
    /// Arrays that were read, or `Corrupt`.
    pub fn new(
        id_type: IdType,
        ids: ArrayRef,
        columns: BTreeMap<AttrNo, (AttrType, ArrayRef)>,
    ) -> Result<Self> {
        let rows = ids.len();
        if *ids.data_type() != id_data_type(id_type) {
            let found = ids.data_type();
            return Err(Error::corrupt(format!("ids of type {id_type:?} are stored as {found}")));
        }
        if ids.null_count() > 0 {
            return Err(Error::corrupt("a row without an id"));
        }
        for (AttrNo(number), (kind, array)) in &columns {
            if !exists(*kind) || *array.data_type() != data_type(*kind) {
                let found = array.data_type();
                return Err(Error::corrupt(format!(
                    "attribute {number} of type {kind:?} is stored as {found}"
                )));
            }
            if array.len() != rows {
                let values = array.len();
                return Err(Error::corrupt(format!(
                    "attribute {number} has {values} values in {rows} rows"
                )));
            }
            check::lawful(*kind, &**array)
                .map_err(|why| Error::corrupt(format!("attribute {number}: {why}")))?;
        }
        Ok(Self { id_type, ids, columns, rows })
    }

    /// One block of all these rows: where a row has no value and another has, there is a null.
    pub fn of_rows(
        id_type: IdType,
        kind_of: impl Fn(AttrNo) -> Option<AttrType>,
        rows: &[Row],
    ) -> Result<Self> {
        Self::of(id_type, &kind_of, &rows.iter().collect::<Vec<_>>())
    }

    /// One block for each shape, which is a set of attributes: so nothing is stored of what a row
    /// has not, which matters for vectors. The order of rows is kept within a block.
    pub fn by_shape(
        id_type: IdType,
        kind_of: impl Fn(AttrNo) -> Option<AttrType>,
        rows: &[Row],
    ) -> Result<Vec<Self>> {
        let mut shapes: BTreeMap<Vec<AttrNo>, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let shape = row.values.iter().map(|(number, _)| *number).collect();
            shapes.entry(shape).or_default().push(row);
        }
        shapes.values().map(|rows| Self::of(id_type, &kind_of, rows)).collect()
    }

    fn of(
        id_type: IdType,
        kind_of: &impl Fn(AttrNo) -> Option<AttrType>,
        rows: &[&Row],
    ) -> Result<Self> {
        let ids = ids_column(id_type, rows.iter().map(|row| &row.id))?;
        let mut columns = BTreeMap::new();
        for (number, _) in rows.iter().flat_map(|row| &row.values) {
            if columns.contains_key(number) {
                continue;
            }
            let unknown = || Error::internal(format!("no attribute has the number {}", number.0));
            let kind = kind_of(*number).ok_or_else(unknown)?;
            let array = column(kind, rows.iter().map(|row| value_of(row, *number)))?;
            columns.insert(*number, (kind, array));
        }
        Ok(Self { id_type, ids, columns, rows: rows.len() })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn id_type(&self) -> IdType {
        self.id_type
    }

    pub fn ids(&self) -> &ArrayRef {
        &self.ids
    }

    pub fn columns(&self) -> &BTreeMap<AttrNo, (AttrType, ArrayRef)> {
        &self.columns
    }

    pub fn id(&self, row: usize) -> DocId {
        self.typed_ids().get(row)
    }

    /// What is known of their type need not be found out for each.
    pub fn typed_ids(&self) -> Ids<'_> {
        Ids::of(&*self.ids, self.id_type)
    }

    pub fn value(&self, row: usize, number: AttrNo) -> Option<Value> {
        let (kind, array) = self.columns.get(&number)?;
        value(&**array, *kind, row)
    }

    pub fn row(&self, row: usize) -> Row {
        let present = |(number, (kind, array)): (&AttrNo, &(AttrType, ArrayRef))| {
            value(&**array, *kind, row).map(|value| (*number, value))
        };
        Row { id: self.id(row), values: self.columns.iter().filter_map(present).collect() }
    }

    /// The same rows, with these attributes alone.
    pub fn keep(mut self, stays: impl Fn(AttrNo) -> bool) -> Self {
        self.columns.retain(|number, _| stays(*number));
        self
    }

    /// These rows, in this order. A row that is not there is our bug.
    pub fn take(&self, rows: &[u32]) -> Result<Self> {
        let wanted = UInt32Array::from(rows.to_vec());
        let taken = |array: &ArrayRef| {
            let options = TakeOptions { check_bounds: true };
            take(&**array, &wanted, Some(options)).map_err(build::ours)
        };
        let mut columns = BTreeMap::new();
        for (number, (kind, array)) in &self.columns {
            columns.insert(*number, (*kind, taken(array)?));
        }
        Ok(Self { id_type: self.id_type, ids: taken(&self.ids)?, columns, rows: rows.len() })
    }

    /// What the arrays take in memory, as far as they are these rows.
    pub fn bytes(&self) -> usize {
        let arrays = std::iter::once(&self.ids).chain(self.columns.values().map(|(_, it)| it));
        arrays.map(|array| array.to_data().get_slice_memory_size().unwrap_or(0)).sum()
    }

    /// These rows, each said by its block and its place there, with exactly these attributes.
    pub fn interleave(
        blocks: &[&Self],
        kinds: &BTreeMap<AttrNo, AttrType>,
        rows: &[(usize, usize)],
    ) -> Result<Self> {
        let [first, ..] = blocks else {
            return Err(Error::internal("no blocks to take rows from"));
        };
        let ids: Vec<&dyn Array> = blocks.iter().map(|block| &*block.ids).collect();
        let ids = interleave(&ids, rows).map_err(build::ours)?;
        let mut columns = BTreeMap::new();
        for (number, kind) in kinds {
            // One null will do for every row of the blocks that have no such column.
            let null = new_null_array(&data_type(*kind), 1);
            let known = blocks.iter().map(|block| block.columns.get(number));
            let arrays: Vec<Option<&ArrayRef>> =
                known.map(|column| column.map(|(_, array)| array)).collect();
            let wanted: Vec<(usize, usize)> = rows
                .iter()
                .map(|(block, row)| (*block, if arrays[*block].is_some() { *row } else { 0 }))
                .collect();
            let arrays: Vec<&dyn Array> =
                arrays.into_iter().map(|array| &**array.unwrap_or(&null)).collect();
            let array = match kind {
                AttrType::Vector { dims, element: Element::F32 } => {
                    vectors(&arrays, &wanted, *dims as usize)?
                }
                _ => interleave(&arrays, &wanted).map_err(build::ours)?,
            };
            columns.insert(*number, (*kind, array));
        }
        Ok(Self { id_type: first.id_type, ids, columns, rows: rows.len() })
    }

    /// The rows of all blocks, one block after the other. They are of one namespace: their ids are
    /// of one type, and a number is one attribute.
    pub fn concat(blocks: &[Self]) -> Result<Self> {
        let [first, ..] = blocks else {
            return Err(Error::internal("no blocks to put together"));
        };
        if blocks.iter().any(|block| block.id_type != first.id_type) {
            return Err(Error::internal("blocks whose ids are of different types"));
        }
        let mut kinds: BTreeMap<AttrNo, AttrType> = BTreeMap::new();
        for (number, (kind, _)) in blocks.iter().flat_map(|block| &block.columns) {
            let known = *kinds.entry(*number).or_insert(*kind);
            if known != *kind {
                let number = number.0;
                let message = format!("attribute {number} is of type {known:?} and {kind:?}");
                return Err(Error::internal(message));
            }
        }
        let ids: Vec<ArrayRef> = blocks.iter().map(|block| block.ids.clone()).collect();
        let mut columns = BTreeMap::new();
        for (number, kind) in kinds {
            let part = |block: &Self| match block.columns.get(&number) {
                Some((_, array)) => Ok(array.clone()),
                None => column(kind, std::iter::repeat_n(None, block.rows)),
            };
            let parts = blocks.iter().map(part).collect::<Result<Vec<ArrayRef>>>()?;
            columns.insert(number, (kind, joined(&parts)?));
        }
        let rows = blocks.iter().map(|block| block.rows).sum();
        Ok(Self { id_type: first.id_type, ids: joined(&ids)?, columns, rows })
    }
}

/// The same rows in the same columns, whatever lies beneath their nulls.
impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.id_type == other.id_type
            && self.ids.to_data() == other.ids.to_data()
            && self.columns == other.columns
    }
}

fn value_of(row: &Row, number: AttrNo) -> Option<&Value> {
    let at = row.values.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    Some(&row.values[at].1)
}

/// As `interleave`, which moves a vector number by number, and this as a whole.
fn vectors(arrays: &[&dyn Array], wanted: &[(usize, usize)], dims: usize) -> Result<ArrayRef> {
    let lists: Vec<&FixedSizeListArray> =
        arrays.iter().map(|array| array.as_fixed_size_list()).collect();
    let numbers: Vec<&[f32]> =
        lists.iter().map(|list| &**list.values().as_primitive::<Float32Type>().values()).collect();
    let mut taken = Vec::with_capacity(wanted.len() * dims);
    let mut valid = NullBufferBuilder::new(wanted.len());
    for (list, row) in wanted {
        let from = lists[*list].value_offset_at(*row);
        taken.extend_from_slice(&numbers[*list][from..from + dims]);
        valid.append(lists[*list].is_valid(*row));
    }
    let values = Arc::new(Float32Array::from(taken));
    let DataType::FixedSizeList(item, size) = lists[0].data_type().clone() else {
        return Err(Error::internal("vectors that are no list of a fixed size"));
    };
    let array = FixedSizeListArray::try_new(item, size, values, valid.finish());
    array.map(|array| Arc::new(array) as ArrayRef).map_err(build::ours)
}

fn joined(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let arrays: Vec<&dyn Array> = arrays.iter().map(|array| &**array).collect();
    concat(&arrays).map_err(build::ours)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Float64Array, Int32Array, StringArray, UInt64Array};
    use proptest::prelude::*;

    use super::any::*;
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Element, Scalar};

    fn block(kinds: &[AttrType], id_type: IdType, rows: &[Row]) -> Columns {
        Columns::of_rows(id_type, |number| kinds.get(number.0 as usize).copied(), rows).unwrap()
    }

    fn refused(kind: AttrType, array: ArrayRef) -> String {
        let ids = Arc::new(UInt64Array::from(vec![1, 2]));
        let columns = BTreeMap::from([(AttrNo(7), (kind, array))]);
        let error = Columns::new(IdType::Uint, ids, columns).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.chain()
    }

    /// As equal, and a zero keeps its sign.
    fn same(left: &[Row], right: &[Row]) -> Result<(), TestCaseError> {
        prop_assert_eq!(left, right);
        prop_assert_eq!(format!("{left:?}"), format!("{right:?}"));
        Ok(())
    }

    #[test]
    fn a_value_of_another_type_is_our_bug() {
        let internal = |kind: AttrType, value: Value| {
            let error = column(kind, [Some(&value)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{kind:?} {value:?}");
        };
        let vector = |element| AttrType::Vector { dims: 2, element };
        let floats = |floats: &[f32]| Value::Vector(floats.into());
        internal(AttrType::Scalar(Scalar::Int), Value::Uint(1));
        internal(AttrType::Scalar(Scalar::Float), Value::Float(f64::NAN));
        internal(AttrType::Array(Scalar::String), Value::String("a".into()));
        internal(AttrType::Array(Scalar::Bytes), Value::Bytes([1].into()));
        internal(AttrType::Array(Scalar::Float), Value::Floats([f64::INFINITY].into()));
        internal(vector(Element::F32), floats(&[1.0]));
        internal(vector(Element::F32), floats(&[1.0, f32::NAN]));
        internal(vector(Element::F16), floats(&[1.0, 1.0 + f32::EPSILON]));
        internal(vector(Element::F16), floats(&[1.0, 65_536.0]));
        internal(vector(Element::I8), floats(&[1.0, 128.0]));
        internal(vector(Element::I8), floats(&[1.0, 0.5]));
        internal(AttrType::Vectors { dims: 2 }, Value::Vectors([1.0, 2.0, 3.0].into()));
        internal(AttrType::Vector { dims: 0, element: Element::F32 }, floats(&[]));
        let (a, b) = (("a".into(), 1.0), ("b".into(), 2.0));
        internal(AttrType::Sparse, Value::Sparse([b, a].into()));
    }

    #[test]
    fn the_bytes_of_uuids_sort_as_the_uuids_do() {
        let uuids = [0, 1, 255, 256, 1 << 64, u128::MAX].map(DocId::Uuid);
        let ids = ids_column(IdType::Uuid, &uuids).unwrap();
        let bytes = arrow_array::cast::AsArray::as_fixed_size_binary(&ids);
        assert!((1..uuids.len()).all(|at| bytes.value(at - 1) < bytes.value(at)));
    }

    #[test]
    fn arrays_that_hold_something_else_are_refused() {
        let int = AttrType::Scalar(Scalar::Int);
        let why = refused(int, Arc::new(Int32Array::from(vec![1, 2])));
        assert_eq!(why, "attribute 7 of type Scalar(Int) is stored as Int32");
        refused(int, Arc::new(StringArray::from(vec!["a", "b"])));
        refused(AttrType::Array(Scalar::Bytes), Arc::new(Int32Array::from(vec![1, 2])));
        let float = AttrType::Scalar(Scalar::Float);
        let why = refused(float, Arc::new(Float64Array::from(vec![1.0])));
        assert_eq!(why, "attribute 7 has 1 values in 2 rows");
        let why = refused(float, Arc::new(Float64Array::from(vec![1.0, f64::NAN])));
        assert_eq!(why, "attribute 7: a number that is not finite");
        for ids in [vec![None], vec![Some(1), None]] {
            let ids = Arc::new(UInt64Array::from(ids));
            assert!(Columns::new(IdType::Uint, ids.clone(), BTreeMap::new()).is_err());
            assert!(Columns::new(IdType::String, ids, BTreeMap::new()).is_err());
        }
    }

    #[test]
    fn a_shape_is_a_set_of_attributes() {
        let row = |id: u64, numbers: &[u32]| {
            let values = numbers.iter().map(|number| (AttrNo(*number), Value::Int(id as i64)));
            Row { id: DocId::Uint(id), values: values.collect() }
        };
        let rows = [row(1, &[0, 2]), row(2, &[]), row(3, &[0, 2]), row(4, &[2])];
        let int = |_| Some(AttrType::Scalar(Scalar::Int));
        let blocks = Columns::by_shape(IdType::Uint, int, &rows).unwrap();
        let held = |block: &Columns| (0..block.rows()).map(|at| block.row(at)).collect::<Vec<_>>();
        let held: Vec<Vec<Row>> = blocks.iter().map(held).collect();
        let [first, second, third, fourth] = rows;
        assert_eq!(held, [vec![second], vec![first, third], vec![fourth]]);
    }

    #[test]
    fn what_is_not_there_cannot_be_taken() {
        let ids = Arc::new(UInt64Array::from(vec![1, 2]));
        let two = Columns::new(IdType::Uint, ids, BTreeMap::new()).unwrap();
        assert_eq!(two.take(&[1, 1]).unwrap().row(0).id, DocId::Uint(2));
        assert_eq!(two.take(&[2]).unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(Columns::concat(&[]).unwrap_err().kind(), ErrorKind::Internal);
    }

    proptest! {
        #[test]
        fn rows_read_back((kinds, id_type, rows) in any_table(8)) {
            let block = block(&kinds, id_type, &rows);
            for (kind, array) in block.columns().values() {
                prop_assert_eq!(array.data_type(), &data_type(*kind));
            }
            let read: Vec<Row> = (0..block.rows()).map(|at| block.row(at)).collect();
            same(&read, &rows)?;
            let reopened = Columns::new(id_type, block.ids().clone(), block.columns().clone());
            prop_assert_eq!(reopened.unwrap(), block);
        }

        /// So that nothing is said twice, or in another order, when a block is cut and joined.
        #[test]
        fn a_block_is_cut_and_joined_as_its_rows_are(
            (kinds, id_type, rows) in any_table(8),
            cut in any::<prop::sample::Index>(),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let (left, right) = rows.split_at(cut.index(rows.len() + 1));
            let halves = [block(&kinds, id_type, left), block(&kinds, id_type, right)];
            let joined = Columns::concat(&halves).unwrap();
            let read: Vec<Row> = (0..joined.rows()).map(|at| joined.row(at)).collect();
            same(&read, &rows)?;
            let order: Vec<u32> = match rows.len() {
                0 => vec![],
                count => order.iter().map(|at| at.index(count) as u32).collect(),
            };
            let taken = joined.take(&order).unwrap();
            let read: Vec<Row> = (0..taken.rows()).map(|at| taken.row(at)).collect();
            let wanted: Vec<Row> = order.iter().map(|at| rows[*at as usize].clone()).collect();
            same(&read, &wanted)?;
            let halves = halves.iter().collect::<Vec<_>>();
            let known = kinds.iter().enumerate();
            let known = known.map(|(number, kind)| (AttrNo(number as u32), *kind)).collect();
            let place = |at: &u32| {
                let (at, left) = (*at as usize, left.len());
                if at < left { (0, at) } else { (1, at - left) }
            };
            let places: Vec<_> = order.iter().map(place).collect();
            let picked = Columns::interleave(&halves, &known, &places).unwrap();
            let read: Vec<Row> = (0..picked.rows()).map(|at| picked.row(at)).collect();
            same(&read, &wanted)?;
            // And what was taken is as lawful as what was built.
            Columns::new(id_type, taken.ids().clone(), taken.columns().clone()).unwrap();
        }
    }
}
