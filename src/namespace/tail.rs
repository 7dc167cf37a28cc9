//! The tail: what lies in the log and is not folded yet, as blocks of rows in the order of slots.
//!
//! What must hold: the newest version of an id is the one of the highest slot. Blocks never change;
//! a tail that is shared with a view grows aside, and a copy of it costs a pointer for each slot.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use super::base::{Base, Times};
pub use super::newest::Latest;
use super::newest::{ENTRY_BYTES, Layer, Newest};
use crate::error::{Error, Result};
use crate::log::effects::Effects;
use crate::memory::{Memory, Share};
use crate::model::columns::Columns;
use crate::model::{DocId, Row, Schema, Seq};

#[derive(Clone, Debug)]
pub struct Tail {
    schema: Arc<Schema>,
    times: Times,
    slots: Vec<Arc<Landed>>,
    blocks: Vec<Arc<Columns>>,
    newest: Newest,
    next: Seq,
    bytes: u64,
}

/// One slot that was taken in, and the memory that it holds.
#[derive(Debug)]
pub struct Landed {
    seq: Seq,
    parts: Vec<Effects>,
    share: Share,
}

impl Landed {
    pub fn new(seq: Seq, parts: Vec<Effects>, memory: &Memory) -> Arc<Self> {
        let share = memory.take(parts.iter().map(bytes_of).sum());
        Arc::new(Self { seq, parts, share })
    }

    pub fn seq(&self) -> Seq {
        self.seq
    }
}

/// What effects take in memory, with what a tail knows of their ids.
fn bytes_of(effects: &Effects) -> u64 {
    let rows: usize = effects.upserts.iter().map(Columns::rows).sum();
    let ids = (rows + effects.deletes.len()) as u64 * ENTRY_BYTES;
    // What an id is lies in its block, and once more in the map.
    let texts = effects.upserts.iter().map(|block| block.clone().keep(|_| false).bytes() as u64);
    ids + texts.sum::<u64>() + effects.upserts.iter().map(|block| block.bytes() as u64).sum::<u64>()
}

impl Tail {
    /// Nothing yet, behind what a head has folded.
    pub fn behind(base: &Base, floor: Seq) -> Self {
        Self {
            schema: Arc::new(base.schema.clone()),
            times: base.times,
            slots: Vec::new(),
            blocks: Vec::new(),
            newest: Newest::default(),
            next: floor,
            bytes: 0,
        }
    }

    /// What of it remains behind a base that holds the slots below `floor`.
    pub fn beyond(&self, base: &Base, floor: Seq) -> Result<Self> {
        let mut beyond = Self::behind(base, floor);
        let lost = usize::from(crate::mutant!("the slot at the floor is lost from the tail"));
        for slot in self.slots.iter().filter(|slot| slot.seq >= floor).skip(lost) {
            beyond.apply(slot)?;
        }
        beyond.reach(self.next);
        Ok(beyond)
    }

    /// Takes in the next slot. One without effects has none to take in.
    pub fn apply(&mut self, slot: &Arc<Landed>) -> Result<()> {
        let seq = slot.seq;
        if seq < self.next {
            return Err(Error::internal(format!("slot {seq} again: {} comes next", self.next)));
        }
        self.next = seq.next();
        let mut layer = Layer::default();
        for effects in &slot.parts {
            if !effects.schema.is_empty() {
                let schema = Arc::make_mut(&mut self.schema);
                effects.schema.iter().for_each(|edit| schema.apply(edit));
            }
            let rows = !effects.upserts.is_empty() || !effects.deletes.is_empty();
            self.times.pass(effects.at, rows);
            for columns in &effects.upserts {
                let block = self.blocks.len() as u32;
                for row in 0..columns.rows() {
                    layer.insert(columns.id(row), Latest::At { block, row: row as u32 });
                }
                self.blocks.push(Arc::new(columns.clone()));
            }
            layer.extend(effects.deletes.iter().map(|id| (id.clone(), Latest::Gone)));
        }
        self.newest.add(layer);
        self.bytes += slot.share.bytes();
        self.slots.push(slot.clone());
        Ok(())
    }

    /// There are fences, and nothing else, up to there.
    pub fn reach(&mut self, next: Seq) {
        self.next = self.next.max(next);
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

    /// What its rows and ids take in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many slots with effects are in it.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    pub fn blocks(&self) -> &[Arc<Columns>] {
        &self.blocks
    }

    /// What it says of an id; nothing, if it does not know it.
    pub fn latest(&self, id: &DocId) -> Option<Latest> {
        self.newest.get(id)
    }

    /// Every id that it knows, once.
    pub fn ids(&self) -> impl Iterator<Item = (&DocId, Latest)> {
        self.newest.iter()
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
