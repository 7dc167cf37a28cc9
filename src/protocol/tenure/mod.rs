//! A tenure: what an owner does between its claim and the moment it steps down.
//!
//! At most one slot is being created and at most one head swapped. Nothing is answered before it
//! is certain: a commit when its slot is settled; a read, or an answer without effect, when a
//! proof that began after the question arrived has shown that nobody had fenced this owner.

mod end;
mod publish;
mod read;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::rounds::Rounds;
use super::uploads::Uploads;
use super::{
    Answer, Cursor, Dice, Edit, Lane, Mine, Outbox, Payload, Place, Receipts, Reply, Seen, Slot,
    View,
};
use crate::model::{Epoch, FileName, Incarnation, Seq};
pub use publish::{Files, FoldWork, Leave, MergeWork};
pub use write::Recall;
use {
    end::Ending,
    publish::Swapping,
    read::{Ask, Probe},
    write::Pending,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenure<P: Payload> {
    seen: Seen<P>,
    epoch: Epoch,
    cursor: Cursor,
    /// The batches from the head's floor to the cursor.
    batches: Vec<Arc<Slot<P>>>,
    receipts: Receipts<P>,
    uploads: Uploads,
    pending: Option<Pending<P>>,
    swapping: Option<Swapping<P>>,
    /// In the order in which they were sent.
    probes: Vec<Probe>,
    waiting: Rounds<Ask>,
    ending: Option<Ending>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    Owner,
    /// A release is under way or done: nothing may be written any more.
    LettingGo,
    /// Somebody else owns the name. What is in doubt is still settled.
    Fenced,
}

/// Why a tenure is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    SteppedDown,
    Released,
    Ended,
}

/// A wish that cannot be granted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl<P: Payload> Tenure<P> {
    pub(super) fn begin(
        seen: Seen<P>,
        epoch: Epoch,
        cursor: Cursor,
        batches: Vec<Arc<Slot<P>>>,
        receipts: Receipts<P>,
    ) -> Self {
        Self {
            seen,
            epoch,
            cursor,
            batches,
            receipts,
            uploads: Uploads::default(),
            pending: None,
            swapping: None,
            probes: Vec::new(),
            waiting: Rounds::default(),
            ending: None,
            standing: Standing::Owner,
        }
    }

    pub fn inc(&self) -> Incarnation {
        self.cursor.inc
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub fn next(&self) -> Seq {
        self.cursor.seq
    }

    pub fn seen(&self) -> &Seen<P> {
        &self.seen
    }

    /// What is committed, as far as this owner knows. Behind an `end` there is no state: the last one
    /// is that of the slot before it.
    pub fn view(&self) -> View<P> {
        let next = Seq(self.cursor.seq.0 - u64::from(self.has_ended()));
        View { seen: self.seen.clone(), batches: self.batches.clone(), next }
    }

    /// The batch being created, which the next one may be evaluated over.
    pub fn pending(&self) -> Option<&Arc<Slot<P>>> {
        self.pending.as_ref().map(|pending| &pending.put.slot)
    }

    /// Whether nothing is under way.
    pub fn settled(&self) -> bool {
        let writes = self.pending.is_some() || self.swapping.is_some() || self.ending.is_some();
        let reads = !self.probes.is_empty() || !self.waiting.is_empty();
        !writes && !reads && self.uploads.idle()
    }

    /// Whether the name's `end` is committed: nothing is read or written here any more.
    fn has_ended(&self) -> bool {
        matches!(self.ending, Some(Ending::Live { .. } | Ending::Entomb))
    }

    pub fn may_commit(&self) -> bool {
        self.pending.is_none() && self.ending.is_none() && self.standing == Standing::Owner
    }

    /// What the collector of this name must leave alone: besides what the driver is `working` on,
    /// the chunks that slots name or will, and what a publish under way is to name.
    pub fn mine(&self, working: impl IntoIterator<Item = FileName>) -> Mine {
        let slots = self.batches.iter().chain(self.pending());
        let chunks = slots.filter_map(|slot| slot.body()).flat_map(|body| &body.chunks);
        let mut in_flight: BTreeSet<FileName> = working.into_iter().collect();
        in_flight.extend(chunks.chain(self.uploads.files()).cloned());
        if let Some(Edit::Publish(publish)) = self.swapping.as_ref().map(|one| one.swap.edit()) {
            in_flight.extend(publish.add.iter().chain(&publish.keys).cloned());
        }
        Mine { epoch: self.epoch, in_flight }
    }
    /// The reply to a request of this tenure. Says why, when it is over.
    pub(super) fn hear(
        &mut self,
        place: &Place,
        lane: Lane,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<Exit> {
        let mut exit = None;
        match lane {
            Lane::Slot | Lane::Verdict => {
                let put = &mut self.pending.as_mut()?.put;
                if let Some(fate) = put.hear(place, reply, out) {
                    self.settle(place, fate, out);
                }
            }
            Lane::Head => {
                let Swapping { swap, then } = self.swapping.as_mut()?;
                let then = *then;
                if let Some(fate) = swap.hear(place, reply, dice, out) {
                    self.swapping = None;
                    exit = self.swapped(place, fate, then);
                }
            }
            Lane::Probe(no) => self.probed(place, no, reply, out),
            Lane::Marker => self.marked(place, reply, dice, out),
            Lane::Chunk(ulid) => self.uploads.hear(ulid, &reply, out),
            Lane::Replay { .. } | Lane::Keys { .. } | Lane::Sweep => {}
        }
        // A deletion that is committed goes on to its answer, whoever owns the name by now.
        let fenced = self.standing == Standing::Fenced && self.pending.is_none();
        if fenced && !self.has_ended() {
            exit = exit.or(Some(Exit::SteppedDown));
            if let Some(Ending::Gone { ticket }) = self.ending.take() {
                out.answer(Answer::NotCommitted { ticket });
            }
        }
        if self.standing != Standing::Owner || exit.is_some() {
            for waiter in self.waiting.drain() {
                out.answer(Answer::AskAgain { ticket: waiter.ticket });
            }
        }
        exit
    }
}
