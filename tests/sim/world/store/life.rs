//! One life of a name, as its slots have it: those that are there, and those that were.
//!
//! In the log, from the floor on, slots are created in order, each once and for ever. Below the floor,
//! and when the life is over, batches are collected; and there what is on its way for long may still
//! land. It is a copy of the create that was there, for an owner sends one batch to a slot, and its
//! successor passes that slot only when it is filled; or a fence of a claim that came to nothing, for it
//! finds the floor beyond its fence. Neither is read by anybody who acts on it.

use std::collections::BTreeMap;

use elacsym::log::slot::Slot;
use elacsym::model::{Chain, Epoch, FileName, Seq};
use elacsym::namespace::head::Head;
use elacsym::protocol::Entry as Lies;

use super::Verdict;
use super::schema::Schema;
use super::truth::Etag;

#[derive(Debug)]
pub(super) struct Life {
    pub(super) schema: Schema,
    /// The head that it began with: its first slot, and what was before it.
    from: Seq,
    chain: Chain,
    epoch: Epoch,
    /// All that were ever created.
    slots: Vec<Place>,
    /// Chunks, and in which slot they are named.
    chunks: BTreeMap<FileName, Seq>,
    born: bool,
}

/// A slot, by what was created there first.
#[derive(Debug)]
struct Place {
    kind: Kind,
    etag: Etag,
    chain: Chain,
    /// The highest up to here.
    epoch: Epoch,
    /// Where it is told of.
    landed: usize,
    holds: Option<Holds>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Batch,
    Fence,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// What came first, or a copy of it.
    First,
    /// A fence, where a batch was collected.
    LateFence,
}

impl Life {
    pub(super) fn begun(head: &Head) -> Self {
        Self {
            schema: Schema::default(),
            from: head.floor,
            chain: head.floor_chain,
            epoch: head.floor_epoch,
            slots: Vec::new(),
            chunks: BTreeMap::new(),
            born: false,
        }
    }

    /// The first slot that was never created.
    pub(super) fn next(&self) -> Seq {
        Seq(self.from.0 + self.slots.len() as u64)
    }

    /// The highest that was ever seen in its log.
    pub(super) fn epoch(&self) -> Epoch {
        self.slots.last().map_or(self.epoch, |last| last.epoch)
    }

    /// The chain and the highest epoch of all before a slot, if all of them were created.
    pub(super) fn before(&self, seq: Seq) -> Option<(Chain, Epoch)> {
        if seq == self.from {
            return Some((self.chain, self.epoch));
        }
        let last = self.place(Seq(seq.0.checked_sub(1)?))?;
        Some((last.chain, last.epoch))
    }

    /// Whether a batch was ever committed.
    pub(super) fn is_born(&self) -> bool {
        self.born
    }

    pub(super) fn has_ended(&self) -> bool {
        self.slots.last().is_some_and(|last| last.kind == Kind::End)
    }

    /// A slot that was never created before. Whoever creates it has walked its log up to the slot before
    /// it, from a head, and so follows from that. Not over a late fence: whoever walks over one is of a
    /// claim that has been fenced since, in a slot between that one and here, which does not go away;
    /// it meets that fence, which is of a higher epoch, or a slot that does not follow, and goes no
    /// further.
    pub(super) fn extend(&mut self, slot: &Slot, etag: Etag, landed: usize) -> Verdict {
        let next = self.next();
        if slot.seq != next {
            return Err(format!("slot {} comes before slot {next}", slot.seq));
        }
        if self.has_ended() {
            return Err("a slot behind the end of its life".into());
        }
        let (chain, epoch) = self.before(next).unwrap_or((self.chain, self.epoch));
        if slot.prev != chain {
            return Err(format!("it follows from {:?}, and before it is {chain:?}", slot.prev));
        }
        let kind = match &slot.entry {
            Lies::Batch(body) => {
                self.born = true;
                self.chunks.extend(body.chunks.iter().map(|chunk| (chunk.clone(), slot.seq)));
                Kind::Batch
            }
            Lies::Fence => Kind::Fence,
            Lies::End => Kind::End,
        };
        let (chain, epoch, holds) = (slot.chain, epoch.max(slot.epoch), Some(Holds::First));
        self.slots.push(Place { kind, etag, chain, epoch, landed, holds });
        Ok(())
    }

    /// A slot that was created before, and deleted: where its first content is told of. `floor`: of the
    /// head as it is; none: this life is over.
    pub(super) fn gain(
        &mut self,
        slot: &Slot,
        etag: Etag,
        floor: Option<Seq>,
    ) -> Result<usize, String> {
        let Some(place) = self.place_mut(slot.seq) else {
            return Err("it was there before its life began".into());
        };
        if floor.is_some_and(|floor| slot.seq >= floor) {
            return Err("a slot of the log is created again".into());
        }
        place.holds = match &slot.entry {
            _ if place.etag == etag => Some(Holds::First),
            Lies::Fence => Some(Holds::LateFence),
            Lies::Batch(_) | Lies::End => {
                return Err(format!("it was a {:?}, and comes again as another", place.kind));
            }
        };
        Ok(place.landed)
    }

    /// A slot that was there is deleted. A batch, when the floor is beyond it, which never falls, or when
    /// the life is over, which is for ever: so however late. A fence and an `end` never, for whoever
    /// wrote before finds its slot taken by it. But a late fence may go: a delete that was sent to the
    /// batch there may be later still, and nothing rests on that fence.
    pub(super) fn lose(&mut self, seq: Seq, floor: Option<Seq>) -> Verdict {
        let Some(place) = self.place_mut(seq) else {
            return Err("it was there before its life began".into());
        };
        match (place.holds.take(), place.kind) {
            (Some(Holds::First), Kind::Fence | Kind::End) => {
                Err(format!("a {:?} is deleted", place.kind))
            }
            (Some(Holds::First), Kind::Batch) if floor.is_some_and(|floor| seq >= floor) => {
                Err("a batch is deleted that is not folded".into())
            }
            (Some(Holds::First | Holds::LateFence) | None, _) => Ok(()),
        }
    }

    /// Which slot of the log names that chunk.
    pub(super) fn needs(&self, chunk: &FileName, floor: Seq) -> Option<Seq> {
        let seq = self.chunks.get(chunk).copied().filter(|seq| *seq >= floor)?;
        self.place(seq).is_some_and(|place| place.holds == Some(Holds::First)).then_some(seq)
    }

    fn index(&self, seq: Seq) -> Option<usize> {
        usize::try_from(seq.0.checked_sub(self.from.0)?).ok()
    }

    fn place(&self, seq: Seq) -> Option<&Place> {
        self.slots.get(self.index(seq)?)
    }

    fn place_mut(&mut self, seq: Seq) -> Option<&mut Place> {
        let index = self.index(seq)?;
        self.slots.get_mut(index)
    }
}
