//! Strong reads of the owner, and answers without effect: both rest on a proof that began after
//! the question arrived.

use super::{Standing, Tenure};
use crate::model::Seq;
use crate::protocol::rounds::Proof;
use crate::protocol::{
    Answer, Busy, Lane, Life, Outbox, Payload, Place, Reply, Request, Rule, Seen,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Probe {
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
pub(super) enum Ask {
    /// Of a state that holds slot `min_seq` at least.
    Read { min_seq: Option<Seq> },
    /// `needs`: the slots below it were seen, and must be committed.
    NoEffect { needs: Seq },
}

impl Ask {
    /// Whether what it saw is committed. What is not waits for the slot under way, not for a probe.
    fn is_ready(&self, committed: Seq) -> bool {
        match self {
            Self::Read { .. } => true,
            Self::NoEffect { needs } => *needs <= committed,
        }
    }
}

impl<P: Payload> Tenure<P> {
    /// A strong read, of a state that holds slot `min_seq` at least.
    pub fn read(
        &mut self,
        place: &Place,
        ticket: u64,
        min_seq: Option<Seq>,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        if self.standing != Standing::Owner || self.has_ended() {
            return Err(Busy);
        }
        if !place.rules.keep(Rule::OwnerProbes) {
            self.answer_read(ticket, min_seq, out);
            return Ok(());
        }
        self.ask(place, ticket, Ask::Read { min_seq }, out);
        Ok(())
    }

    pub(super) fn ask(&mut self, place: &Place, ticket: u64, ask: Ask, out: &mut Outbox<P>) {
        self.waiting.arrive(ticket, ask);
        if self.probe.is_some() && !place.rules.keep(Rule::ProbeFollowsArrival) {
            self.waiting.begin(Proof::Probe);
        }
        self.probe_on(place, out);
    }

    /// Sends the next probe, where somebody waits whom nothing under way will serve.
    pub(super) fn probe_on(&mut self, place: &Place, out: &mut Outbox<P>) {
        let committed = self.cursor.seq;
        if self.probe.is_some() || !self.waiting.unserved(|ask| ask.is_ready(committed)) {
            return;
        }
        self.waiting.begin(Proof::Probe);
        let (inc, seq) = (self.cursor.inc, self.cursor.seq);
        self.probe = Some(Probe::Slot { seq, doubtful: self.pending.is_some() });
        let name = place.name.clone();
        out.send(Lane::Probe, Request::ReadSlot { name, inc, seq });
    }

    pub(super) fn probed(&mut self, place: &Place, reply: Reply<P>, out: &mut Outbox<P>) {
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
                } else if self.pending.is_some() && slot.seq == self.cursor.seq {
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

    pub(super) fn proven(&mut self, by: Proof, out: &mut Outbox<P>) {
        let committed = self.cursor.seq;
        for waiter in self.waiting.prove(by, |ask| ask.is_ready(committed)) {
            match waiter.ask {
                Ask::Read { min_seq } => self.answer_read(waiter.ticket, min_seq, out),
                Ask::NoEffect { .. } => out.answer(Answer::NoEffect { ticket: waiter.ticket }),
            }
        }
    }

    fn answer_read(&self, ticket: u64, min_seq: Option<Seq>, out: &mut Outbox<P>) {
        let view = self.view();
        out.answer(match min_seq {
            _ if !view.exists() => Answer::Absent { ticket },
            Some(seq) if seq >= view.next => Answer::Beyond { ticket, end: view.next },
            Some(_) | None => Answer::Read { ticket, view },
        });
    }
}
