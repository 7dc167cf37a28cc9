//! The rows of a view that match a filter, block by block. Only what is alive is among them.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::eval::{Block, Bound, Halt, Place, select_among};
use crate::model::AttrNo;
use crate::namespace::view::Living;

pub(super) struct Matches<'a> {
    pub(super) parts: Vec<Part<'a>>,
}

/// A block of the view, and which of its rows are meant.
pub(super) struct Part<'a> {
    pub(super) living: &'a Living,
    pub(super) block: Block<'a>,
    pub(super) rows: BooleanBuffer,
}

impl<'a> Matches<'a> {
    pub(super) fn of(living: &'a [Living], filter: Option<&Bound>, halt: &Halt) -> Result<Self> {
        let part = |living: &'a Living| -> Result<Part<'a>> {
            let block = living.block();
            let rows = match filter {
                None => living.alive.clone(),
                Some(filter) if crate::mutant!("a filter finds what is superseded") => {
                    select_among(filter, &block, &BooleanBuffer::new_set(block.rows()), halt)?
                }
                Some(filter) => select_among(filter, &block, &living.alive, halt)?,
            };
            Ok(Part { living, block, rows })
        };
        Ok(Self { parts: living.iter().map(part).collect::<Result<_>>()? })
    }

    /// The same blocks with only these of their rows.
    pub(super) fn only(&self, places: impl Iterator<Item = Place>) -> Self {
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); self.parts.len()];
        for place in places {
            rows[place.block].push(place.row);
        }
        let part = |(part, rows): (&Part<'a>, &mut Vec<usize>)| {
            rows.sort_unstable();
            let mut next = rows.iter().copied().peekable();
            let hit = |row: usize| next.next_if_eq(&row).is_some();
            let rows = BooleanBuffer::collect_bool(part.rows.len(), hit);
            Part { living: part.living, block: part.block.clone(), rows }
        };
        Self { parts: self.parts.iter().zip(&mut rows).map(part).collect() }
    }

    pub(super) fn count(&self) -> usize {
        self.parts.iter().map(|part| part.rows.count_set_bits()).sum()
    }

    pub(super) fn blocks(&self) -> Vec<(Block<'a>, BooleanBuffer)> {
        self.parts.iter().map(|part| (part.block.clone(), part.rows.clone())).collect()
    }
}

impl<'a> Part<'a> {
    pub(super) fn column(&self, number: AttrNo) -> Option<&'a ArrayRef> {
        self.living.rows.columns().get(&number).map(|(_, column)| column)
    }

    /// Those of the rows that have a value in this column.
    pub(super) fn with_value(&self, column: &dyn Array) -> BooleanBuffer {
        match column.nulls() {
            None => self.rows.clone(),
            Some(nulls) => &self.rows & nulls.inner(),
        }
    }
}
