//! Writing: one slot at a time, answered when it is settled.

use super::end::Ending;
use super::read::{Ask, Probe};
use super::{Standing, Tenure};
use crate::model::{FileName, Seq};
use crate::protocol::doubt::Loss;
use crate::protocol::rounds::Proof;
use crate::protocol::{
    Answer, Body, Busy, Cursor, Dice, Draw, Entry, Outbox, Payload, Place, Receipt, Rule, Slot,
    SlotFate, SlotPut,
};

/// The slot being created.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending<P: Payload> {
    pub(super) put: SlotPut<P>,
    pub(super) ticket: u64,
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

impl<P: Payload> Tenure<P> {
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

    /// The request that a chunk was sent for has failed: no slot will name it.
    pub fn discard(&mut self, file: &FileName) {
        self.uploads.discard(file);
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
        self.ask(place, ticket, Ask::NoEffect { needs });
        // Nobody paces these: where one is under way, the next follows when that ends.
        if self.probes.is_empty() {
            self.probe(place, out);
        }
        Ok(())
    }

    pub(super) fn append(
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
        self.probes.iter_mut().for_each(Probe::doubt);
    }

    pub(super) fn settle(&mut self, place: &Place, fate: SlotFate<P>, out: &mut Outbox<P>) {
        let Some(Pending { put, ticket }) = self.pending.take() else { return };
        let slot = put.slot;
        match fate {
            SlotFate::Taken { certain, .. } => {
                crate::reach!("an owner loses its slot to another");
                if matches!(slot.entry, Entry::End) {
                    crate::reach!("an end loses its slot to another");
                }
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
                self.probe(place, out);
            }
        }
    }
}
