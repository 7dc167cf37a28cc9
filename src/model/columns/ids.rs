//! The ids of a block, as they lie there: to be compared without a copy of each.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, FixedSizeBinaryArray, StringArray};

use super::read::uuid;
use crate::model::{DocId, IdType};

#[derive(Clone, Copy, Debug)]
pub enum Ids<'a> {
    Uint(&'a [u64]),
    Uuid(&'a FixedSizeBinaryArray),
    String(&'a StringArray),
    Int(&'a [i64]),
}

impl<'a> Ids<'a> {
    pub(super) fn of(array: &'a dyn Array, id_type: IdType) -> Self {
        match id_type {
            IdType::Uint => Self::Uint(array.as_primitive::<UInt64Type>().values()),
            IdType::Uuid => Self::Uuid(array.as_fixed_size_binary()),
            IdType::String => Self::String(array.as_string::<i32>()),
            IdType::Int => Self::Int(array.as_primitive::<Int64Type>().values()),
        }
    }

    pub fn len(self) -> usize {
        match self {
            Self::Uint(ids) => ids.len(),
            Self::Uuid(ids) => ids.len(),
            Self::String(ids) => ids.len(),
            Self::Int(ids) => ids.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn get(self, row: usize) -> DocId {
        match self {
            Self::Uint(ids) => DocId::Uint(ids[row]),
            Self::Uuid(ids) => DocId::Uuid(uuid(ids.value(row))),
            Self::String(ids) => DocId::String(ids.value(row).into()),
            Self::Int(ids) => DocId::Int(ids[row]),
        }
    }

    /// How the id of a row lies to another. None: that is of another type.
    fn compare(self, row: usize, id: &DocId) -> Option<Ordering> {
        match (self, id) {
            (Self::Uint(ids), DocId::Uint(id)) => Some(ids[row].cmp(id)),
            (Self::Uuid(ids), DocId::Uuid(id)) => Some(uuid(ids.value(row)).cmp(id)),
            (Self::String(ids), DocId::String(id)) => Some(ids.value(row).cmp(id)),
            (Self::Int(ids), DocId::Int(id)) => Some(ids[row].cmp(id)),
            _ => None,
        }
    }

    /// The row of an id, where rows are sorted by id.
    pub fn position(self, id: &DocId) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.compare(middle, id)? {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Whether an id lies between the first and the last, where rows are sorted by id.
    pub fn may_have(self, id: &DocId) -> bool {
        let Some(last) = self.len().checked_sub(1) else { return false };
        self.compare(0, id).is_some_and(Ordering::is_le)
            && self.compare(last, id).is_some_and(Ordering::is_ge)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::columns::ids_column;
    use crate::model::spelling::Spelt;

    fn ids(id_type: IdType, numbers: &[u64]) -> Vec<DocId> {
        let id = |number: &u64| match id_type {
            IdType::Uint => DocId::Uint(*number),
            IdType::Uuid => DocId::Uuid(u128::from(*number) << 61),
            IdType::String => DocId::String(format!("{number:b}").into()),
            IdType::Int => DocId::Int(*number as i64 - 30),
        };
        let mut ids: Vec<DocId> = numbers.iter().map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    proptest! {
        #[test]
        fn an_id_is_found_where_it_is_and_nowhere_else(
            here in prop::collection::vec(0..60_u64, 0..40),
            asked in prop::collection::vec(0..60_u64, 1..40),
        ) {
            for id_type in IdType::ALL.iter().copied() {
                let here = ids(id_type, &here);
                let array = ids_column(id_type, here.iter()).unwrap();
                let there = Ids::of(&*array, id_type);
                prop_assert!((0..there.len()).map(|row| there.get(row)).eq(here.iter().cloned()));
                for id in ids(id_type, &asked) {
                    prop_assert_eq!(there.position(&id), here.iter().position(|it| *it == id));
                    let between = here.first().is_some_and(|first| *first <= id)
                        && here.last().is_some_and(|last| *last >= id);
                    prop_assert_eq!(there.may_have(&id), between);
                }
            }
        }
    }

    #[test]
    fn an_id_of_another_type_is_nowhere() {
        let array = ids_column(IdType::Uint, [DocId::Uint(7)].iter()).unwrap();
        let there = Ids::of(&*array, IdType::Uint);
        assert_eq!(there.position(&DocId::Uuid(7)), None);
        assert_eq!(there.position(&DocId::Int(7)), None);
        assert!(!there.may_have(&DocId::String("7".into())) && there.may_have(&DocId::Uint(7)));
        let none = ids_column(IdType::Uint, [].iter()).unwrap();
        let none = Ids::of(&*none, IdType::Uint);
        assert!(none.is_empty() && !none.may_have(&DocId::Uint(7)));
    }
}
