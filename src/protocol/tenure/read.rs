//! Strong reads of the owner, and answers without effect: both rest on a proof that began after
//! the question arrived.

use super::{Standing, Tenure};
use crate::model::Seq;
use crate::protocol::rounds::Proof;
use crate::protocol::{
    Answer, Busy, Lane, Life, Outbox, Payload, Place, Reply, Request, Rule, Seen,
};

/// How many are under way at once. One is begun in a millisecond, and a store answers within fifty;
/// where one takes longer, those who wait share.
const PROBES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Probe {
    no: u32,
    of: Of,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Of {
    /// `doubtful`: an own create was under way in that slot at some time since the probe was sent.
    /// It may have landed, been replayed and folded by a successor, and been collected: then
    /// its 404 proves nothing, and the head, read after it, decides.
    Slot {
        seq: Seq,
        doubtful: bool,
    },
    Head,
}

impl Probe {
    /// An own create is under way from now on.
    pub(super) fn doubt(&mut self) {
        if let Of::Slot { doubtful, .. } = &mut self.of {
            *doubtful = true;
        }
    }
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
    /// A strong read, of a state that holds slot `min_seq` at least. It waits for [`Self::probe`].
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
        self.ask(place, ticket, Ask::Read { min_seq });
        Ok(())
    }

    pub(super) fn ask(&mut self, place: &Place, ticket: u64, ask: Ask) {
        self.waiting.arrive(ticket, ask);
        if let Some(probe) = self.probes.last()
            && !place.rules.keep(Rule::ProbeFollowsArrival)
        {
            self.waiting.begin(Proof::Probe(probe.no));
        }
    }

    /// Sends a probe for all who wait, where nothing under way will serve them. The driver paces
    /// probes.
    pub fn probe(&mut self, place: &Place, out: &mut Outbox<P>) {
        let probes_max = place.rules.probes().map_or(PROBES_MAX, usize::from);
        let committed = self.cursor.seq;
        let wanted = self.standing == Standing::Owner
            && self.waiting.unserved(|ask| ask.is_ready(committed));
        if !wanted || self.probes.len() >= probes_max {
            return;
        }
        let taken = |no: &u32| self.probes.iter().any(|probe| probe.no == *no);
        let Some(no) = (0..).find(|no| !taken(no)) else { return };
        self.waiting.begin(Proof::Probe(no));
        let (inc, seq) = (self.cursor.inc, self.cursor.seq);
        self.probes.push(Probe { no, of: Of::Slot { seq, doubtful: self.pending.is_some() } });
        let name = place.name.clone();
        out.send(Lane::Probe(no), Request::ReadSlot { name, inc, seq });
    }

    pub(super) fn probed(&mut self, place: &Place, no: u32, reply: Reply<P>, out: &mut Outbox<P>) {
        let Some(at) = self.probes.iter().position(|probe| probe.no == no) else {
            unreachable!("probe {no} was not sent, and is answered with {reply:?}")
        };
        match (&self.probes[at].of, reply) {
            (Of::Slot { doubtful: true, .. }, Reply::Slot(None))
                if place.rules.keep(Rule::DoubtfulProbeReadsHead) =>
            {
                crate::reach!("a probe beside an own slot asks the head");
                self.probes[at].of = Of::Head;
                out.send(Lane::Probe(no), Request::ReadHead { name: place.name.clone() });
            }
            (Of::Slot { .. }, Reply::Slot(None)) => self.probe_proves(place, at, out),
            (Of::Slot { .. }, Reply::Slot(Some(slot))) => {
                self.probes.remove(at);
                self.waiting.fail(Proof::Probe(no));
                if slot.epoch != self.epoch {
                    crate::reach!("a probe finds that its owner is fenced");
                    self.standing = Standing::Fenced;
                } else if self.pending.is_some() && slot.seq == self.cursor.seq {
                    // Mine, and its answer is on its way: ask again when it is here.
                    return;
                }
            }
            (Of::Head, Reply::Head(seen)) => {
                let mine = |seen: &Seen<P>| {
                    seen.head.inc == self.cursor.inc
                        && seen.head.epoch == self.epoch
                        && seen.head.life == Life::Active
                };
                if seen.is_some_and(|seen| mine(&seen)) {
                    self.probe_proves(place, at, out);
                } else {
                    crate::reach!("a probe beside an own slot finds the head another's");
                    self.probes.remove(at);
                    self.standing = Standing::Fenced;
                }
            }
            (of, reply) => unreachable!("a probe {of:?} answered with {reply:?}"),
        }
        self.probe(place, out);
    }

    /// Who relies on a probe that was sent before this one came before this one was sent, too.
    fn probe_proves(&mut self, place: &Place, at: usize, out: &mut Outbox<P>) {
        let backwards = place.rules.keep(Rule::ProbeProvesBackwards);
        let sent = if backwards { &self.probes[..=at] } else { &self.probes[..] };
        let proven: Vec<u32> = sent.iter().map(|probe| probe.no).collect();
        self.probes.remove(at);
        for no in proven {
            self.proven(Proof::Probe(no), out);
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
