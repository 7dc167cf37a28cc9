//! The tail: what lies in the log and is not folded yet, as blocks of rows in the order of slots.
//!
//! What must hold: the newest version of an id is the one of the highest slot. Blocks never change;
//! a tail that is shared with a view grows aside.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use super::base::{Base, Times};
use crate::error::{Error, Result};
use crate::log::effects::Effects;
use crate::model::columns::Columns;
use crate::model::{DocId, Row, Schema, Seq};

#[derive(Clone, Debug)]
pub struct Tail {
    schema: Arc<Schema>,
    times: Times,
    blocks: Vec<Arc<Columns>>,
    latest: Arc<HashMap<DocId, Latest, BuildHasherDefault<seahash::SeaHasher>>>,
    next: Seq,
}

/// Where the newest version of an id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latest {
    At { block: u32, row: u32 },
    Gone,
}

impl Tail {
    /// Nothing yet, behind what a head has folded.
    pub fn behind(base: &Base, floor: Seq) -> Self {
        Self {
            schema: Arc::new(base.schema.clone()),
            times: base.times,
            blocks: Vec::new(),
            latest: Arc::default(),
            next: floor,
        }
    }

    /// Takes in the effects of the next slot. A slot without any has none to take in.
    pub fn apply(&mut self, seq: Seq, effects: &Effects) -> Result<()> {
        if seq < self.next {
            return Err(Error::internal(format!("slot {seq} again: {} comes next", self.next)));
        }
        self.next = seq.next();
        if !effects.schema.is_empty() {
            let schema = Arc::make_mut(&mut self.schema);
            effects.schema.iter().for_each(|edit| schema.apply(edit));
        }
        let rows = !effects.upserts.is_empty() || !effects.deletes.is_empty();
        self.times.pass(effects.at, rows);
        if !rows {
            return Ok(());
        }
        let latest = Arc::make_mut(&mut self.latest);
        for columns in &effects.upserts {
            let block = self.blocks.len() as u32;
            for row in 0..columns.rows() {
                latest.insert(columns.id(row), Latest::At { block, row: row as u32 });
            }
            self.blocks.push(Arc::new(columns.clone()));
        }
        for id in &effects.deletes {
            latest.insert(id.clone(), Latest::Gone);
        }
        Ok(())
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub fn times(&self) -> Times {
        self.times
    }

    /// The first slot that is not in it.
    pub fn next(&self) -> Seq {
        self.next
    }

    pub fn blocks(&self) -> &[Arc<Columns>] {
        &self.blocks
    }

    /// What it says of an id; nothing, if it does not know it.
    pub fn latest(&self, id: &DocId) -> Option<Latest> {
        self.latest.get(id).copied()
    }

    /// Every id that it knows.
    pub fn ids(&self) -> impl Iterator<Item = (&DocId, Latest)> {
        self.latest.iter().map(|(id, latest)| (id, *latest))
    }

    pub fn row(&self, block: u32, row: u32) -> Row {
        self.blocks[block as usize].row(row as usize)
    }

    /// Which rows of a block are the newest of their id.
    pub fn alive(&self, block: usize) -> BooleanBuffer {
        let columns = &self.blocks[block];
        BooleanBuffer::collect_bool(columns.rows(), |row| {
            let here = Latest::At { block: block as u32, row: row as u32 };
            self.latest(&columns.id(row)) == Some(here)
        })
    }
}
