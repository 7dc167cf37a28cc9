//! The tail: what lies in the log and is not folded yet, as blocks of rows in the order of slots.
//!
//! What must hold: the newest version of an id is the one of the highest slot. Blocks never change;
//! a tail that is shared with a view grows aside, and a copy of it costs a pointer for each slot.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use super::base::{Base, Times};
use super::newest::{ENTRY_BYTES, Layer, Newest};
pub use super::newest::{Latest, Place};
use crate::error::{Error, Result};
use crate::log::effects::Effects;
use crate::memory::{Memory, Share};
use crate::model::columns::Columns;
use crate::model::{DocId, Row, Schema, SchemaEdit, Seq};

#[derive(Clone, Debug)]
pub struct Tail {
    schema: Arc<Schema>,
    times: Times,
    slots: Vec<Arc<Landed>>,
    /// Of all slots.
    blocks: Vec<Arc<Columns>>,
    /// Of each slot, where its blocks begin among all.
    firsts: Vec<usize>,
    newest: Newest,
    next: Seq,
    bytes: u64,
}

/// One slot that was taken in, and the memory that it holds.
#[derive(Debug)]
pub struct Landed {
    seq: Seq,
    parts: Vec<Part>,
    blocks: Vec<Arc<Columns>>,
    layer: Arc<Layer>,
    share: Share,
}

/// Of a part of a slot, what is no row.
#[derive(Debug)]
struct Part {
    at: u64,
    /// Whether it has rows, or deletes some.
    rows: bool,
    schema: Vec<SchemaEdit>,
}

impl Landed {
    /// It looks at every id: where there are many, not on a thread that waits for the network.
    pub fn new(seq: Seq, effects: Vec<Effects>, memory: &Memory) -> Arc<Self> {
        let share = memory.take(effects.iter().map(bytes_of).sum());
        let (mut parts, mut blocks, mut said) = (Vec::new(), Vec::new(), Vec::new());
        for Effects { at, schema, upserts, deletes } in effects {
            parts.push(Part { at, rows: !upserts.is_empty() || !deletes.is_empty(), schema });
            for columns in upserts {
                let block = blocks.len() as u32;
                let place = |row: usize| Place { seq, block, row: row as u32 };
                said.extend(
                    (0..columns.rows()).map(|row| (columns.id(row), Latest::At(place(row)))),
                );
                blocks.push(Arc::new(columns));
            }
            said.extend(deletes.into_iter().map(|id| (id, Latest::Gone(seq))));
        }
        let layer = Arc::new(Layer::of(seq, said.into_iter()));
        Arc::new(Self { seq, parts, blocks, layer, share })
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
            firsts: Vec::new(),
            newest: Newest::default(),
            next: floor,
            bytes: 0,
        }
    }

    /// What of it remains behind a base that holds the slots below `floor`. No row of it is looked at.
    pub fn beyond(&self, base: &Base, floor: Seq) -> Self {
        let lost = usize::from(crate::mutant!("the slot at the floor is lost from the tail"));
        let folded = self.slots.partition_point(|slot| slot.seq < floor) + lost;
        let slots = self.slots.get(folded..).unwrap_or_default();
        let first = self.firsts.get(folded).copied().unwrap_or(self.blocks.len());
        let since = slots.first().map_or(self.next, |slot| slot.seq);
        let mut beyond = Self {
            slots: slots.to_vec(),
            blocks: self.blocks.iter().skip(first).cloned().collect(),
            firsts: self.firsts.iter().skip(folded).map(|at| at - first).collect(),
            newest: self.newest.since(since),
            next: self.next.max(floor),
            bytes: slots.iter().map(|slot| slot.share.bytes()).sum(),
            ..Self::behind(base, floor)
        };
        slots.iter().for_each(|slot| beyond.learn(&slot.parts));
        beyond
    }

    /// Takes in the next slot. One without effects has none to take in.
    pub fn apply(&mut self, slot: &Arc<Landed>) -> Result<()> {
        let seq = slot.seq;
        if seq < self.next {
            return Err(Error::internal(format!("slot {seq} again: {} comes next", self.next)));
        }
        self.next = seq.next();
        self.learn(&slot.parts);
        self.firsts.push(self.blocks.len());
        self.blocks.extend(slot.blocks.iter().cloned());
        self.newest.add(&slot.layer);
        self.bytes += slot.share.bytes();
        self.slots.push(slot.clone());
        Ok(())
    }

    /// What is no row.
    fn learn(&mut self, parts: &[Part]) {
        for Part { at, rows, schema: edits } in parts {
            if !edits.is_empty() {
                let schema = Arc::make_mut(&mut self.schema);
                edits.iter().for_each(|edit| schema.apply(edit));
            }
            self.times.pass(*at, *rows, edits);
        }
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

    /// Every id that it knows, in no order, and some of them several times: with what each slot, more or
    /// less, says of them.
    pub fn ids(&self) -> impl Iterator<Item = (&DocId, Latest)> {
        self.newest.all()
    }

    /// Every id that it knows, in order, each once.
    pub fn sorted(&self) -> Vec<(&DocId, Latest)> {
        self.newest.sorted()
    }

    pub fn row(&self, place: Place) -> Row {
        self.blocks[self.block(place)].row(place.row as usize)
    }

    /// Which of all blocks that is. A slot that is not here is our bug.
    pub fn block(&self, place: Place) -> usize {
        let slot = self.slots.binary_search_by_key(&place.seq, |slot| slot.seq);
        slot.map_or(usize::MAX, |slot| self.firsts[slot] + place.block as usize)
    }

    /// Which rows of a block are the newest of their id.
    pub fn alive(&self, block: usize) -> BooleanBuffer {
        let columns = &self.blocks[block];
        let slot = self.firsts.partition_point(|first| *first <= block) - 1;
        let (seq, block) = (self.slots[slot].seq, (block - self.firsts[slot]) as u32);
        BooleanBuffer::collect_bool(columns.rows(), |row| {
            let here = Latest::At(Place { seq, block, row: row as u32 });
            self.latest(&columns.id(row)) == Some(here)
        })
    }
}
