//! Doubt: did my write take effect?
//!
//! Only a 200 says yes at once. A 409, a 412, a timeout, a reset and a 5xx all say nothing: the
//! request may have failed, may have worked with its answer lost, or may work later. Each is
//! settled by reading who is there. A 404 on that reading is never "failed": a copy may still be
//! on its way, so the same bytes go to the same place again, for as long as it takes.

use std::sync::Arc;

use super::{
    Dice, Draw, Edit, Head, Lane, Outbox, Payload, Place, Refusal, Reply, Request, Rule, Seen, Slot,
};

/// One slot, created once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SlotPut<P: Payload> {
    pub slot: Arc<Slot<P>>,
    loss: Loss,
    phase: SlotPhase<P>,
}

/// How much a loser has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// It lost, and goes on behind the winner.
    Simple,
    /// It lost, and somebody waits to hear whether that is certain.
    Judged,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum SlotPhase<P: Payload> {
    Sent { first: bool },
    ReadBack,
    Verdict { by: Arc<Slot<P>> },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SlotFate<P: Payload> {
    /// Committed. `first`: the first attempt was answered 200, so at some moment after it was
    /// sent this slot was free, and nobody had fenced the owner.
    Mine { first: bool },
    /// Another's. Not `certain`: the slot may have been folded and collected, and its number
    /// filled again by a delayed fence.
    Taken { by: Option<Arc<Slot<P>>>, certain: bool },
}

impl<P: Payload> SlotPut<P> {
    pub fn start(place: &Place, slot: Arc<Slot<P>>, loss: Loss, out: &mut Outbox<P>) -> Self {
        let put = Self { slot, loss, phase: SlotPhase::Sent { first: true } };
        put.send(place, out);
        put
    }

    fn send(&self, place: &Place, out: &mut Outbox<P>) {
        let (name, slot) = (place.name.clone(), self.slot.clone());
        out.send(Lane::Slot, Request::CreateSlot { name, slot });
    }

    pub fn hear(
        &mut self,
        place: &Place,
        reply: Reply<P>,
        out: &mut Outbox<P>,
    ) -> Option<SlotFate<P>> {
        match (&self.phase, reply) {
            (SlotPhase::Sent { first }, Reply::Done) => {
                return Some(SlotFate::Mine { first: *first });
            }
            (SlotPhase::Sent { .. }, Reply::Refused)
                if !place.rules.keep(Rule::RefusedIsReadBack) =>
            {
                return Some(SlotFate::Taken { by: None, certain: true });
            }
            (SlotPhase::Sent { .. }, _) => {
                self.phase = SlotPhase::ReadBack;
                let (name, inc, seq) = (place.name.clone(), self.slot.inc, self.slot.seq);
                out.send(Lane::Slot, Request::ReadSlot { name, inc, seq });
            }
            (SlotPhase::ReadBack, Reply::Slot(there)) => return self.judge(place, there, out),
            (SlotPhase::Verdict { by }, Reply::Head(seen)) => {
                let certain = seen.is_some_and(|seen| {
                    seen.head.inc == self.slot.inc && seen.head.floor <= self.slot.seq
                });
                if !certain {
                    crate::reach!("a slot that is another's may have been mine");
                }
                return Some(SlotFate::Taken { by: Some(by.clone()), certain });
            }
            (SlotPhase::ReadBack | SlotPhase::Verdict { .. }, other) => {
                unreachable!("a read is repeated until it is answered, not {other:?}")
            }
        }
        None
    }

    fn judge(
        &mut self,
        place: &Place,
        there: Option<Arc<Slot<P>>>,
        out: &mut Outbox<P>,
    ) -> Option<SlotFate<P>> {
        let rules = place.rules;
        match there {
            None if !rules.keep(Rule::NotFoundIsUnknown) => {
                Some(SlotFate::Taken { by: None, certain: true })
            }
            None => {
                crate::reach!("a slot in doubt is not there, and sent again");
                self.phase = SlotPhase::Sent { first: false };
                self.send(place, out);
                None
            }
            Some(there) if there.put == self.slot.put || !rules.keep(Rule::PutIdIsCompared) => {
                Some(SlotFate::Mine { first: false })
            }
            Some(by) if self.loss == Loss::Judged && rules.keep(Rule::LossReadsHead) => {
                out.send(Lane::Verdict, Request::ReadHead { name: place.name.clone() });
                self.phase = SlotPhase::Verdict { by };
                None
            }
            Some(by) => Some(SlotFate::Taken { by: Some(by), certain: true }),
        }
    }
}

/// One edit of the head, until it is done, refused, or lost for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeadSwap<P: Payload> {
    edit: Edit<P>,
    was: Option<Seen<P>>,
    head: Arc<Head<P>>,
    phase: SwapPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum SwapPhase {
    Sent,
    ReadBack,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SwapFate<P: Payload> {
    /// It took effect. The head may be a later one that covers it.
    Done(Seen<P>),
    /// It did not, and never will: the head moved on without it, and the edit does not apply to
    /// what it is now.
    Lost { now: Option<Seen<P>>, why: Refusal },
}

impl<P: Payload> HeadSwap<P> {
    /// An edit that does not apply to `was` is refused before anything is sent.
    pub fn start(
        place: &Place,
        was: Option<Seen<P>>,
        edit: Edit<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<Self, Refusal> {
        let head = Self::prepare(place, was.as_ref(), &edit, dice)?;
        let swap = Self { edit, was, head, phase: SwapPhase::Sent };
        swap.send(place, out);
        Ok(swap)
    }

    pub(super) fn edit(&self) -> &Edit<P> {
        &self.edit
    }

    /// The head that this swap would make.
    pub fn target(&self) -> &Head<P> {
        &self.head
    }

    fn prepare(
        place: &Place,
        was: Option<&Seen<P>>,
        edit: &Edit<P>,
        dice: &mut dyn Dice,
    ) -> Result<Arc<Head<P>>, Refusal> {
        let was = was.map(|seen| &*seen.head);
        let version = was.map_or(0, |head| head.version.next().0);
        let head = edit.apply(was, dice.put_id(Draw::Head(version)), place.rules)?;
        assert_eq!(head.check(), Ok(()), "{head:?}");
        Ok(Arc::new(head))
    }

    fn send(&self, place: &Place, out: &mut Outbox<P>) {
        let was = self.was.as_ref().map(|seen| seen.tag.clone());
        let (name, head) = (place.name.clone(), self.head.clone());
        out.send(Lane::Head, Request::SwapHead { name, was, head });
    }

    pub fn hear(
        &mut self,
        place: &Place,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<SwapFate<P>> {
        match (self.phase, reply) {
            (SwapPhase::Sent, Reply::Swapped(tag)) => {
                return Some(SwapFate::Done(Seen { head: self.head.clone(), tag }));
            }
            (SwapPhase::Sent, _) => {
                self.phase = SwapPhase::ReadBack;
                out.send(Lane::Head, Request::ReadHead { name: place.name.clone() });
            }
            (SwapPhase::ReadBack, Reply::Head(now)) => return self.judge(place, now, dice, out),
            (SwapPhase::ReadBack, other) => {
                unreachable!("a read is repeated until it is answered, not {other:?}")
            }
        }
        None
    }

    fn judge(
        &mut self,
        place: &Place,
        now: Option<Seen<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<SwapFate<P>> {
        if let Some(seen) = &now
            && seen.head.remembers(self.head.put, place.rules)
        {
            if seen.head.put != self.head.put {
                crate::reach!("a swap in doubt is found below another");
            }
            return Some(SwapFate::Done(seen.clone()));
        }
        let moved = now.as_ref().map(|seen| &seen.tag) != self.was.as_ref().map(|seen| &seen.tag);
        if moved {
            if !self.edit.repeats() {
                return Some(SwapFate::Lost { now, why: Refusal::Outdated });
            }
            match Self::prepare(place, now.as_ref(), &self.edit, dice) {
                Ok(head) => {
                    crate::reach!("a swap that lost is prepared again over the head that won");
                    (self.head, self.was) = (head, now);
                }
                Err(why) => return Some(SwapFate::Lost { now, why }),
            }
        }
        self.phase = SwapPhase::Sent;
        self.send(place, out);
        None
    }
}
