//! A tenure: what an owner does between its claim and the moment it steps down.
//!
//! At most one slot is being created and at most one head swapped. Nothing is answered before it
//! is certain: a commit when its slot is settled; a read, or an answer without effect, when a
//! proof that began after the question arrived has shown that nobody had fenced this owner.

use std::sync::Arc;

use super::doubt::Loss;
use super::request::MarkerKind;
use super::rounds::{Proof, Rounds};
use super::uploads::Uploads;
use super::{
    Answer, Body, Cursor, Dice, Draw, Edit, Entry, HeadSwap, Lane, Life, Outbox, Payload, Place,
    Publish, Receipt, Receipts, Refusal, Reply, Request, Rule, Seen, Slot, SlotFate, SlotPut,
    SwapFate, Then, View,
};
use crate::model::{Chain, Epoch, FileName, Incarnation, Seq};

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
    probe: Option<Probe>,
    waiting: Rounds<Ask>,
    ending: Option<Ending>,
    standing: Standing,
}

/// The slot being created.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending<P: Payload> {
    put: SlotPut<P>,
    ticket: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Swapping<P: Payload> {
    swap: HeadSwap<P>,
    then: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum After {
    GoOn,
    LetGo,
    Leave,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Probe {
    /// `doubtful`: an own create was under way in that slot at some time since the probe was sent.
    /// It may have landed, been replayed and folded by a successor, and been collected: then
    /// its 404 proves nothing, and the head, read after it, decides.
    Slot {
        seq: Seq,
        doubtful: bool,
    },
    Head,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Read,
    /// `needs`: the slots below it were seen, and must be committed.
    NoEffect {
        needs: Seq,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ending {
    /// The `_gone` marker goes up.
    Gone {
        ticket: u64,
    },
    Slot,
    /// The `_names` marker goes.
    Live {
        ticket: u64,
    },
    Entomb,
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

/// What a fold starts from: everything committed so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FoldWork<P: Payload> {
    pub seen: Seen<P>,
    pub batches: Vec<Arc<Slot<P>>>,
    pub receipts: Receipts<P>,
    to: Cursor,
}

/// What the store of keys says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall<P: Payload> {
    Fresh,
    Stored(P::Outcome),
    /// It is in the batch under way: attach to it.
    Pending,
    /// The key was used for another request.
    Another,
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
            probe: None,
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

    /// What is committed, as far as this owner knows.
    pub fn view(&self) -> View<P> {
        View { seen: self.seen.clone(), batches: self.batches.clone(), next: self.cursor.seq }
    }

    /// The batch being created, which the next one may be evaluated over.
    pub fn pending(&self) -> Option<&Arc<Slot<P>>> {
        self.pending.as_ref().map(|pending| &pending.put.slot)
    }

    /// Whether nothing is under way.
    pub fn settled(&self) -> bool {
        let writes = self.pending.is_some() || self.swapping.is_some() || self.ending.is_some();
        let reads = self.probe.is_some() || !self.waiting.is_empty();
        !writes && !reads && self.uploads.idle()
    }

    /// Whether the name's `end` is committed: nothing is read or written here any more.
    fn has_ended(&self) -> bool {
        matches!(self.ending, Some(Ending::Live { .. } | Ending::Entomb))
    }

    pub fn may_commit(&self) -> bool {
        self.pending.is_none() && self.ending.is_none() && self.standing == Standing::Owner
    }

    // -- writing ---------------------------------------------------------------------------

    pub fn recall(&self, key: u128, fingerprint: u128) -> Recall<P> {
        let verdict = |receipt: &Receipt<P>, same: Recall<P>| {
            if receipt.fingerprint == fingerprint { same } else { Recall::Another }
        };
        if let Some(receipt) = self.receipts.get(key) {
            return verdict(receipt, Recall::Stored(receipt.outcome.clone()));
        }
        let pending = self.pending().and_then(|slot| slot.body());
        match pending.and_then(|body| body.receipts.iter().find(|receipt| receipt.key == key)) {
            Some(receipt) => verdict(receipt, Recall::Pending),
            None => Recall::Fresh,
        }
    }

    /// Sends a part of a large batch ahead.
    pub fn upload(&mut self, file: FileName, out: &mut Outbox<P>) {
        self.uploads.start(file, out);
    }

    /// Creates the next slot with these effects. `ticket` is answered when it is settled.
    pub fn commit(
        &mut self,
        place: &Place,
        ticket: u64,
        body: Body<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        if !self.may_commit() || !self.uploads.claim(&body, self.epoch, place.rules) {
            return Err(Busy);
        }
        self.append(place, ticket, Entry::Batch(body), dice, out);
        if !place.rules.keep(Rule::AnswerFollowsPut) {
            out.answer(Answer::Committed { ticket, seq: self.cursor.seq });
        }
        Ok(())
    }

    /// A request that changes nothing: a lost condition, a refusal, no row matched. With a key it
    /// travels like any other write: a retry must find it in a slot.
    pub fn no_effect(
        &mut self,
        place: &Place,
        ticket: u64,
        receipt: Option<Receipt<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        if let Some(receipt) = receipt
            && place.rules.keep(Rule::KeyedAnswersLieInSlots)
        {
            let body = Body { batch: P::Batch::default(), receipts: vec![receipt], chunks: vec![] };
            return self.commit(place, ticket, body, dice, out);
        }
        if self.standing != Standing::Owner || self.has_ended() {
            return Err(Busy);
        }
        if !place.rules.keep(Rule::SkipsWait) {
            out.answer(Answer::NoEffect { ticket });
            return Ok(());
        }
        let saw_pending = u64::from(self.pending.is_some());
        let needs = Seq(self.cursor.seq.0 + saw_pending);
        self.ask(place, ticket, Ask::NoEffect { needs }, out);
        Ok(())
    }

    fn append(
        &mut self,
        place: &Place,
        ticket: u64,
        entry: Entry<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) {
        let Cursor { inc, seq, chain, .. } = self.cursor;
        let put = dice.put_id(Draw::Slot(self.epoch.0, seq.0));
        let slot = Slot::new(inc, seq, self.epoch, put, chain, entry);
        let put = SlotPut::start(place, slot, Loss::Judged, out);
        self.pending = Some(Pending { put, ticket });
        self.waiting.begin(Proof::Put);
        if let Some(Probe::Slot { doubtful, .. }) = &mut self.probe {
            *doubtful = true;
        }
    }

    fn settle(&mut self, place: &Place, fate: SlotFate<P>, out: &mut Outbox<P>) {
        let Some(Pending { put, ticket }) = self.pending.take() else { return };
        let slot = put.slot;
        match fate {
            SlotFate::Taken { certain, .. } => {
                out.answer(if certain {
                    Answer::NotCommitted { ticket }
                } else {
                    Answer::Unknown { ticket }
                });
                self.standing = Standing::Fenced;
            }
            SlotFate::Mine { first } => {
                let met = self.cursor.meet(&slot, place.rules);
                debug_assert!(met.is_ok(), "an own slot follows from the one before");
                self.receipts.learn(&slot);
                if matches!(slot.entry, Entry::End) {
                    self.ending = Some(Ending::Live { ticket });
                    self.send_marker(place, out);
                    // The name may live again by now: only its head can tell.
                    for waiter in self.waiting.drain() {
                        out.answer(Answer::AskAgain { ticket: waiter.ticket });
                    }
                    return;
                }
                self.batches.push(slot.clone());
                if place.rules.keep(Rule::AnswerFollowsPut) {
                    out.answer(Answer::Committed { ticket, seq: slot.seq });
                }
                if first {
                    self.proven(Proof::Put, out);
                } else {
                    self.waiting.fail(Proof::Put);
                }
                self.probe_on(place, out);
            }
        }
    }

    // -- reading ---------------------------------------------------------------------------

    /// A strong read.
    pub fn read(&mut self, place: &Place, ticket: u64, out: &mut Outbox<P>) -> Result<(), Busy> {
        if self.standing != Standing::Owner || self.has_ended() {
            return Err(Busy);
        }
        if !place.rules.keep(Rule::OwnerProbes) {
            self.answer_read(ticket, out);
            return Ok(());
        }
        self.ask(place, ticket, Ask::Read, out);
        Ok(())
    }

    fn ask(&mut self, place: &Place, ticket: u64, ask: Ask, out: &mut Outbox<P>) {
        self.waiting.arrive(ticket, ask);
        if self.probe.is_some() && !place.rules.keep(Rule::ProbeFollowsArrival) {
            self.waiting.begin(Proof::Probe);
        }
        self.probe_on(place, out);
    }

    /// Sends the next probe, where somebody waits whom nothing under way will serve.
    fn probe_on(&mut self, place: &Place, out: &mut Outbox<P>) {
        if self.probe.is_some() || !self.waiting.unserved() {
            return;
        }
        self.waiting.begin(Proof::Probe);
        let (inc, seq) = (self.cursor.inc, self.cursor.seq);
        self.probe = Some(Probe::Slot { seq, doubtful: self.pending.is_some() });
        let name = place.name.clone();
        out.send(Lane::Probe, Request::ReadSlot { name, inc, seq });
    }

    fn probed(&mut self, place: &Place, reply: Reply<P>, out: &mut Outbox<P>) {
        match (self.probe.take(), reply) {
            (Some(Probe::Slot { doubtful, .. }), Reply::Slot(None)) => {
                if doubtful && place.rules.keep(Rule::DoubtfulProbeReadsHead) {
                    self.probe = Some(Probe::Head);
                    out.send(Lane::Probe, Request::ReadHead { name: place.name.clone() });
                } else {
                    self.proven(Proof::Probe, out);
                }
            }
            (Some(Probe::Slot { .. }), Reply::Slot(Some(slot))) => {
                self.waiting.fail(Proof::Probe);
                if slot.epoch != self.epoch {
                    self.standing = Standing::Fenced;
                } else if self.pending.is_some() {
                    // Mine, and its answer is on its way: ask again when it is here.
                    return;
                }
            }
            (Some(Probe::Head), Reply::Head(seen)) => {
                let mine = |seen: &Seen<P>| {
                    seen.head.inc == self.cursor.inc
                        && seen.head.epoch == self.epoch
                        && seen.head.life == Life::Active
                };
                if seen.is_some_and(|seen| mine(&seen)) {
                    self.proven(Proof::Probe, out);
                } else {
                    self.standing = Standing::Fenced;
                }
            }
            (probe, reply) => unreachable!("a probe {probe:?} answered with {reply:?}"),
        }
        if self.standing == Standing::Owner {
            self.probe_on(place, out);
        }
    }

    fn proven(&mut self, by: Proof, out: &mut Outbox<P>) {
        let committed = self.cursor.seq;
        let ready = |ask: &Ask| match ask {
            Ask::Read => true,
            Ask::NoEffect { needs } => *needs <= committed,
        };
        for waiter in self.waiting.prove(by, ready) {
            match waiter.ask {
                Ask::Read => self.answer_read(waiter.ticket, out),
                Ask::NoEffect { .. } => out.answer(Answer::NoEffect { ticket: waiter.ticket }),
            }
        }
    }

    fn answer_read(&self, ticket: u64, out: &mut Outbox<P>) {
        let view = self.view();
        out.answer(match view.exists() {
            true => Answer::Read { ticket, view },
            false => Answer::Absent { ticket },
        });
    }

    // -- folding, letting go -----------------------------------------------------------------

    /// What is there to fold. None where a publish is under way: one at a time.
    pub fn fold(&self) -> Option<FoldWork<P>> {
        let idle = self.swapping.is_none() && self.standing == Standing::Owner;
        (idle && self.ending.is_none() && self.cursor.seq > self.seen.head.floor).then(|| {
            FoldWork {
                seen: self.seen.clone(),
                batches: self.batches.clone(),
                receipts: self.receipts.clone(),
                to: self.cursor.clone(),
            }
        })
    }

    /// Publishes a fold: `add` holds the batches of `work`, and `base` is the state at its end.
    pub fn publish(
        &mut self,
        place: &Place,
        work: &FoldWork<P>,
        files: Files<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let off_by = u64::from(!place.rules.keep(Rule::FloorIsFolded));
        let floor = Seq(work.to.seq.0 + off_by);
        let born = !work.batches.is_empty();
        let (epoch, chain) = (work.to.epoch, work.to.chain);
        let was = work.seen.head.floor;
        self.swap(place, was, floor, epoch, chain, born, files, then, dice, out)
    }

    /// Publishes a merge, or a release alone: the floor stays where it is.
    pub fn replace(
        &mut self,
        place: &Place,
        files: Files<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let head = self.seen.head.clone();
        let (epoch, chain) = (head.floor_epoch, head.floor_chain);
        self.swap(place, head.floor, head.floor, epoch, chain, false, files, then, dice, out)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one edit, in their order")]
    fn swap(
        &mut self,
        place: &Place,
        floor_was: Seq,
        floor: Seq,
        floor_epoch: Epoch,
        floor_chain: Chain,
        born: bool,
        files: Files<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let lets_go = then == Leave::Release;
        let in_doubt = self.pending.is_some() && place.rules.keep(Rule::ReleaseIsSettled);
        let busy = self.swapping.is_some() || self.ending.is_some();
        if busy || self.standing != Standing::Owner || (lets_go && in_doubt) {
            return Err(Busy);
        }
        let publish = Publish {
            inc: self.cursor.inc,
            epoch: self.epoch,
            floor_was,
            floor,
            floor_epoch,
            floor_chain,
            born,
            base: files.base,
            add: files.add,
            drop: files.drop,
            keys: files.keys,
            then: if lets_go { Then::Release { tail: self.cursor.seq } } else { Then::Stay },
        };
        let after = if lets_go { After::LetGo } else { After::GoOn };
        self.start_swap(place, Edit::Publish(publish), after, dice, out)?;
        if lets_go && place.rules.keep(Rule::ReleaseEndsWriting) {
            self.standing = Standing::LettingGo;
        }
        Ok(())
    }

    fn start_swap(
        &mut self,
        place: &Place,
        edit: Edit<P>,
        then: After,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        // An edit that was prepared over another floor or other files is prepared again.
        let swap = HeadSwap::start(place, Some(self.seen.clone()), edit, dice, out);
        self.swapping = Some(Swapping { swap: swap.map_err(|_| Busy)?, then });
        Ok(())
    }

    fn swapped(&mut self, place: &Place, fate: SwapFate<P>, then: After) -> Option<Exit> {
        match fate {
            SwapFate::Done(seen) => {
                let mine = seen.head.inc == self.cursor.inc && seen.head.epoch == self.epoch;
                let floor = seen.head.floor;
                if mine && floor <= self.cursor.seq {
                    self.batches.retain(|slot| slot.seq >= floor);
                    self.seen = seen;
                }
                match then {
                    After::GoOn if mine => None,
                    After::GoOn => {
                        self.standing = Standing::Fenced;
                        None
                    }
                    After::LetGo if place.rules.keep(Rule::ReleaseEndsWriting) => {
                        Some(Exit::Released)
                    }
                    After::LetGo => None,
                    After::Leave => Some(Exit::Ended),
                }
            }
            SwapFate::Lost { .. } if then == After::Leave => Some(Exit::Ended),
            // Still the owner: what was to be published is prepared again, over this head.
            SwapFate::Lost { now: Some(seen), why: Refusal::Outdated } => {
                self.batches.retain(|slot| slot.seq >= seen.head.floor);
                self.seen = seen;
                self.standing = Standing::Owner;
                None
            }
            SwapFate::Lost { .. } => {
                self.standing = Standing::Fenced;
                None
            }
        }
    }

    // -- the end -----------------------------------------------------------------------------

    /// Deletes the namespace: `_gone` marker, slot, `_names` marker, answer, tombstone.
    pub fn end(
        &mut self,
        place: &Place,
        ticket: u64,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        if !self.may_commit() || self.swapping.is_some() {
            return Err(Busy);
        }
        self.ending = Some(Ending::Gone { ticket });
        self.send_marker(place, out);
        if !place.rules.keep(Rule::GoneMarkerComesFirst) {
            self.append_end(place, ticket, dice, out);
        }
        Ok(())
    }

    fn append_end(&mut self, place: &Place, ticket: u64, dice: &mut dyn Dice, out: &mut Outbox<P>) {
        self.ending = Some(Ending::Slot);
        self.append(place, ticket, Entry::End, dice, out);
    }

    fn send_marker(&self, place: &Place, out: &mut Outbox<P>) {
        let marker = |kind| place.marker(kind, self.cursor.inc);
        let request = match self.ending {
            Some(Ending::Gone { .. }) => Request::PutMarker { marker: marker(MarkerKind::Gone) },
            Some(Ending::Live { .. }) => Request::DropMarker { marker: marker(MarkerKind::Live) },
            Some(Ending::Slot | Ending::Entomb) | None => return,
        };
        out.send(Lane::Marker, request);
    }

    fn marked(&mut self, place: &Place, reply: Reply<P>, dice: &mut dyn Dice, out: &mut Outbox<P>) {
        match (self.ending, reply) {
            (Some(Ending::Gone { ticket }), Reply::Done) => {
                self.append_end(place, ticket, dice, out);
            }
            (Some(Ending::Live { ticket }), Reply::Done) => {
                out.answer(Answer::Ended { ticket });
                self.ending = Some(Ending::Entomb);
                let edit = Edit::Entomb { inc: self.cursor.inc, next: self.cursor.seq };
                let started = self.start_swap(place, edit, After::Leave, dice, out);
                debug_assert!(started.is_ok(), "the head of a life that was owned can be entombed");
            }
            // Doubt: an empty object with a name of its own is put or dropped as often as it takes.
            _ => self.send_marker(place, out),
        }
    }

    // -- replies -----------------------------------------------------------------------------

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
            Lane::Probe => self.probed(place, reply, out),
            Lane::Marker => self.marked(place, reply, dice, out),
            Lane::Chunk(ulid) => self.uploads.hear(ulid, &reply, out),
            Lane::Replay { .. } | Lane::Keys | Lane::Sweep => {}
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

/// What the head names after a publish.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Files<P: Payload> {
    pub base: P::Base,
    pub add: Vec<FileName>,
    pub drop: Vec<FileName>,
    pub keys: Option<FileName>,
}

/// What follows a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leave {
    Stay,
    Release,
}
