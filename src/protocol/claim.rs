//! A claim: the four ways to become the owner of a name.
//!
//! (a) *No head, or a tombstone*: create or swap it with a fresh incarnation; its first slot is the
//!     first batch. (b) *Released*: swap, replay to the tail; the slot there is the first batch.
//! (c) *Remembered*: read the head and the slots below `next`, and go on. (d) *Otherwise*: swap,
//!     replay, fence the first free slot, and look at the head again.
//!
//! What (b) replays is read beside the swap: a swap that is done proves that the head had not moved,
//! so that what lay behind its floor still lay there.
//!
//! The head only says whom to ask. Safety is in the slots: whoever wrote before finds its next
//! slot taken by a fence, or by what the new owner wrote.

use std::sync::Arc;

use super::doubt::Loss;
use super::{
    Dice, Draw, Edit, Entry, Head, HeadSwap, Lane, Life, MarkerKind, Met, Outbox, Ownership,
    Payload, Place, Receipts, Remembered, Replay, Reply, Request, Rule, Seen, Slot, SlotFate,
    SlotPut, Step, SwapFate, Tenure,
};
use crate::model::{Epoch, Incarnation, Seq};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim<P: Payload> {
    intent: Intent,
    remembered: Option<Remembered>,
    phase: Phase<P>,
    /// Whether the marker of this incarnation is known to be there.
    marked: bool,
    keys: Keys<P>,
    /// Whether the head was read again after a log that did not fit it. Once is enough.
    reloaded: bool,
    /// The era of the next replay.
    era: u32,
    /// How many heads were taken: the keys of an earlier one are not this one's.
    heads: u32,
}

/// What the name is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// To write: a name that does not exist begins to.
    Write,
    /// To fold, collect or delete what is there.
    Tend,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase<P: Payload> {
    Look,
    Swap {
        swap: HeadSwap<P>,
        way: Way,
        ahead: Option<Replay<P>>,
    },
    Replay {
        held: Held<P>,
    },
    Fence {
        held: Held<P>,
        put: SlotPut<P>,
    },
    Validate {
        held: Held<P>,
    },
    /// The log did not fit the head: the head is read again.
    Reload {
        held: Held<P>,
    },
    /// The marker is awaited.
    Mark {
        held: Held<P>,
    },
    /// The log has ended: the head is told.
    Entomb {
        swap: HeadSwap<P>,
    },
}

/// A head that is mine, and how far its log is replayed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held<P: Payload> {
    seen: Seen<P>,
    epoch: Epoch,
    way: Way,
    replay: Replay<P>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Created,
    /// (b): the log is known to reach up to here.
    Known {
        tail: Seq,
    },
    /// (c), likewise.
    Remembered {
        tail: Seq,
    },
    Fenced,
    /// A broken rule's way: the head names me, so the log ends at the first 404.
    Guessed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Keys<P: Payload> {
    Loading,
    /// The head names a table that is not there.
    Missing,
    Here(Receipts<P>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimFate<P: Payload> {
    Owned(Box<Tenure<P>>),
    Refused(Refused),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// Somebody was quicker: look again.
    Raced,
    /// The name has another owner by now.
    Superseded,
    /// There is nothing by that name, and nothing was to be created.
    Absent,
    /// It is being branched into: it does not exist yet.
    Branching,
    /// The log contradicts its head.
    Corrupt,
}

impl<P: Payload> Claim<P> {
    pub fn start(
        place: &Place,
        intent: Intent,
        remembered: Option<Remembered>,
        out: &mut Outbox<P>,
    ) -> Self {
        out.send(Lane::Head, Request::ReadHead { name: place.name.clone() });
        let keys = Keys::Here(Receipts::default());
        Self {
            intent,
            remembered,
            phase: Phase::Look,
            marked: false,
            keys,
            reloaded: false,
            era: 0,
            heads: 0,
        }
    }

    pub(super) fn hear(
        &mut self,
        place: &Place,
        lane: Lane,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        match (lane, reply) {
            (Lane::Marker, Reply::Done) => {
                self.marked = true;
                match std::mem::replace(&mut self.phase, Phase::Look) {
                    Phase::Mark { held } => return self.own(place, held, out),
                    phase => self.phase = phase,
                }
            }
            // An empty object with a name of its own is put as often as it takes.
            (Lane::Marker, _) => {
                if let Some(inc) = self.inc() {
                    self.put_marker(place, inc, out);
                }
            }
            (Lane::Keys { head }, Reply::Keys(table)) if head == self.heads => {
                return self.learn(place, table, out);
            }
            (Lane::Keys { .. }, _) => {}
            (Lane::Replay { era, seq }, Reply::Slot(slot)) => match &mut self.phase {
                Phase::Replay { held } => {
                    held.replay.hear(era, seq, slot, place.rules);
                    return self.walk(place, dice, out);
                }
                Phase::Swap { ahead: Some(replay), .. } => {
                    replay.hear(era, seq, slot, place.rules);
                }
                _ => {}
            },
            (Lane::Slot | Lane::Head, reply) => return self.heard(place, reply, dice, out),
            (lane, reply) => unreachable!("{lane:?} is not a claim's, nor {reply:?} its reply"),
        }
        None
    }

    fn heard(
        &mut self,
        place: &Place,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        match (std::mem::replace(&mut self.phase, Phase::Look), reply) {
            (Phase::Look, Reply::Head(seen)) => self.choose(place, seen, dice, out),
            (Phase::Swap { mut swap, way, ahead }, reply) => {
                match swap.hear(place, reply, dice, out) {
                    None => self.phase = Phase::Swap { swap, way, ahead },
                    Some(SwapFate::Lost { .. }) => {
                        crate::reach!("a claim loses its swap of the head");
                        return refuse(Refused::Raced);
                    }
                    Some(SwapFate::Done(seen)) => {
                        return self.taken(place, seen, way, ahead, dice, out);
                    }
                }
                None
            }
            (Phase::Fence { mut held, mut put }, reply) => {
                match put.hear(place, reply, out) {
                    None => self.phase = Phase::Fence { held, put },
                    Some(SlotFate::Mine { .. }) => {
                        held.replay.meet(put.slot, place.rules);
                        if !place.rules.keep(Rule::FenceIsValidated) {
                            return self.finish(place, held, out);
                        }
                        out.send(Lane::Head, Request::ReadHead { name: place.name.clone() });
                        self.phase = Phase::Validate { held };
                    }
                    Some(SlotFate::Taken { by, .. }) => {
                        crate::reach!("a claim loses its fence to another");
                        let step = by.map(|slot| held.replay.meet(slot, place.rules));
                        self.phase = Phase::Replay { held };
                        return match step {
                            Some(step) => self.walk_from(place, step, dice, out),
                            None => self.walk(place, dice, out),
                        };
                    }
                }
                None
            }
            (Phase::Validate { mut held }, Reply::Head(seen)) => {
                let fence = Seq(held.replay.cursor.seq.0 - 1);
                match seen.filter(|seen| held.still(seen) && seen.head.floor <= fence) {
                    None => {
                        crate::reach!("the head moves on while a claim sets its fence");
                        refuse(Refused::Superseded)
                    }
                    Some(seen) => {
                        held.seen = seen;
                        self.finish(place, held, out)
                    }
                }
            }
            (Phase::Reload { held }, Reply::Head(seen)) => {
                match seen.filter(|seen| held.still(seen)) {
                    None => refuse(Refused::Superseded),
                    Some(seen) => self.taken(place, seen, held.way, None, dice, out),
                }
            }
            (Phase::Entomb { mut swap }, reply) => {
                match swap.hear(place, reply, dice, out) {
                    None => self.phase = Phase::Entomb { swap },
                    Some(SwapFate::Done(seen)) => {
                        return self.choose(place, Some(seen), dice, out);
                    }
                    Some(SwapFate::Lost { now, .. }) => {
                        return self.choose(place, now, dice, out);
                    }
                }
                None
            }
            (phase, reply) => unreachable!("{reply:?} does not answer {phase:?}"),
        }
    }

    /// Which way is open, by the head as it is.
    fn choose(
        &mut self,
        place: &Place,
        seen: Option<Seen<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        let Some(seen) = seen else { return self.create(place, None, dice, out) };
        let head = seen.head.clone();
        if let Some(remembered) = self.remembered.take() {
            if !remembered.fits(&head, place) {
                crate::reach!("what is remembered of a name does not fit its head");
                return refuse(Refused::Superseded);
            }
            self.marked = remembered.marked;
            let way = Way::Remembered { tail: remembered.next };
            return self.taken(place, seen, way, None, dice, out);
        }
        match (head.life, &head.owner) {
            (Life::Deleted { .. }, _) => return self.create(place, Some(seen), dice, out),
            (Life::Branching, _) if place.rules.keep(Rule::BranchingIsNotClaimed) => {
                return refuse(Refused::Branching);
            }
            (_, Ownership::Held(holder))
                if *holder == place.me && !place.rules.keep(Rule::NothingIsGuessed) =>
            {
                return self.taken(place, seen, Way::Guessed, None, dice, out);
            }
            (_, Ownership::Released { tail }) => {
                self.take(place, seen, Way::Known { tail: *tail }, dice, out);
            }
            (_, Ownership::Held(_)) => self.take(place, seen, Way::Fenced, dice, out),
        }
        None
    }

    /// (a): the head and, beside it, the marker.
    fn create(
        &mut self,
        place: &Place,
        was: Option<Seen<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        if self.intent == Intent::Tend {
            return refuse(Refused::Absent);
        }
        let inc = match &was {
            Some(dead) if !place.rules.keep(Rule::RebirthIsNewIncarnation) => dead.head.inc,
            _ => Incarnation(dice.draw(Draw::Incarnation)),
        };
        let edit = Edit::Create { inc, holder: place.me.clone() };
        match HeadSwap::start(place, was, edit, dice, out) {
            Err(_) => refuse(Refused::Raced),
            Ok(swap) => {
                let marker = place.marker(MarkerKind::Live, inc);
                out.send(Lane::Marker, Request::PutMarker { marker });
                self.phase = Phase::Swap { swap, way: Way::Created, ahead: None };
                None
            }
        }
    }

    /// (b) and (d): the next epoch is mine.
    fn take(
        &mut self,
        place: &Place,
        seen: Seen<P>,
        way: Way,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) {
        let head = seen.head.clone();
        let edit = Edit::Take { inc: head.inc, holder: place.me.clone() };
        let swap = match HeadSwap::start(place, Some(seen), edit, dice, out) {
            Ok(swap) => swap,
            Err(why) => unreachable!("a claimable head refuses a claim: {why:?}"),
        };
        let ahead = way.end().map(|tail| {
            self.read_keys(&head, out);
            let mut replay = Replay::at(&head, self.era, place.rules);
            replay.expect(tail);
            replay.ask(place, Some(tail), out);
            replay
        });
        self.phase = Phase::Swap { swap, way, ahead };
    }

    fn read_keys(&mut self, head: &Head<P>, out: &mut Outbox<P>) {
        self.heads += 1;
        self.keys = match &head.keys {
            None => Keys::Here(Receipts::default()),
            Some(file) => {
                let lane = Lane::Keys { head: self.heads };
                out.send(lane, Request::ReadKeys { file: file.clone() });
                Keys::Loading
            }
        };
    }

    /// The head is mine: what lies behind its floor? `ahead`: what was read of it beside the swap.
    fn taken(
        &mut self,
        place: &Place,
        seen: Seen<P>,
        way: Way,
        ahead: Option<Replay<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        let head = &seen.head;
        let trusts = matches!(way, Way::Remembered { .. });
        let holds = head.owner == Ownership::Held(place.me.clone())
            || trusts && !place.rules.keep(Rule::MemoryFitsHead);
        if !holds || head.life != Life::Active {
            // The claim took effect, and somebody covered it before its answer was here.
            return refuse(Refused::Superseded);
        }
        let epoch = head.epoch;
        let replay = ahead.unwrap_or_else(|| {
            self.read_keys(head, out);
            let mut replay = Replay::at(head, self.era, place.rules);
            if let Some(tail) = way.end() {
                replay.expect(tail);
            }
            replay
        });
        if way == Way::Created {
            return self.finish(place, Held { seen, epoch, way, replay }, out);
        }
        self.phase = Phase::Replay { held: Held { seen, epoch, way, replay } };
        self.walk(place, dice, out)
    }

    fn walk(
        &mut self,
        place: &Place,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        let Phase::Replay { held } = &mut self.phase else { return None };
        let step = held.replay.step(place.rules);
        self.walk_from(place, step, dice, out)
    }

    fn walk_from(
        &mut self,
        place: &Place,
        mut step: Step<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        loop {
            let Phase::Replay { mut held } = std::mem::replace(&mut self.phase, Phase::Look) else {
                unreachable!("a step of a replay outside one")
            };
            match step {
                Step::Met(_, slot)
                    if slot.epoch > held.epoch && place.rules.keep(Rule::ClaimYields) =>
                {
                    crate::reach!("a claim meets a slot of a later one");
                    return refuse(Refused::Superseded);
                }
                Step::Met(Met::End, _) => {
                    crate::reach!("a claim meets the end of the name");
                    let (inc, next) = (held.replay.cursor.inc, held.replay.cursor.seq);
                    let edit = Edit::Entomb { inc, next };
                    self.era = held.replay.next_era();
                    match HeadSwap::start(place, Some(held.seen), edit, dice, out) {
                        Ok(swap) => self.phase = Phase::Entomb { swap },
                        Err(_) => return refuse(Refused::Superseded),
                    }
                    return None;
                }
                Step::Met(..) => {}
                Step::Missing => match held.way {
                    Way::Known { .. } | Way::Remembered { .. }
                        if place.rules.keep(Rule::KnownTailIsWhole) =>
                    {
                        return refuse(Refused::Superseded);
                    }
                    Way::Known { .. } | Way::Remembered { .. } | Way::Created | Way::Guessed => {
                        return self.finish(place, held, out);
                    }
                    Way::Fenced if !place.rules.keep(Rule::ClaimFences) => {
                        return self.finish(place, held, out);
                    }
                    Way::Fenced => {
                        self.fence(place, held, dice, out);
                        return None;
                    }
                },
                Step::Broken => return self.reload(place, held, out),
                Step::Wait => {
                    if held.way.end().is_some_and(|end| held.replay.cursor.seq >= end) {
                        return self.finish(place, held, out);
                    }
                    held.replay.ask(place, held.way.end(), out);
                    self.phase = Phase::Replay { held };
                    return None;
                }
            }
            step = held.replay.step(place.rules);
            self.phase = Phase::Replay { held };
        }
    }

    fn fence(&mut self, place: &Place, held: Held<P>, dice: &mut dyn Dice, out: &mut Outbox<P>) {
        let cursor = &held.replay.cursor;
        let put = dice.put_id(Draw::Slot(held.epoch.0, cursor.seq.0));
        let (inc, seq, chain) = (cursor.inc, cursor.seq, cursor.chain);
        let slot = Slot::new(inc, seq, held.epoch, put, chain, Entry::Fence);
        let put = SlotPut::start(place, slot, Loss::Simple, out);
        self.phase = Phase::Fence { held, put };
    }

    fn reload(
        &mut self,
        place: &Place,
        held: Held<P>,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        if std::mem::replace(&mut self.reloaded, true) {
            return refuse(Refused::Corrupt);
        }
        self.era = held.replay.next_era();
        out.send(Lane::Head, Request::ReadHead { name: place.name.clone() });
        self.phase = Phase::Reload { held };
        None
    }

    /// The keys that the head names.
    fn learn(
        &mut self,
        place: &Place,
        table: Option<Arc<Receipts<P>>>,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        self.keys = table.map_or(Keys::Missing, |table| Keys::Here(Receipts::clone(&table)));
        match std::mem::replace(&mut self.phase, Phase::Look) {
            Phase::Mark { held } => self.own(place, held, out),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// The log is replayed; a name without a batch yet must have its marker before the first.
    fn finish(
        &mut self,
        place: &Place,
        held: Held<P>,
        out: &mut Outbox<P>,
    ) -> Option<ClaimFate<P>> {
        let born = held.seen.head.born || !held.replay.batches.is_empty();
        self.marked |= born || !place.rules.keep(Rule::MarkerComesFirst);
        if !self.marked && held.way != Way::Created {
            self.put_marker(place, held.replay.cursor.inc, out);
        }
        self.own(place, held, out)
    }

    /// Owner, as soon as marker and keys are here.
    fn own(&mut self, place: &Place, held: Held<P>, out: &mut Outbox<P>) -> Option<ClaimFate<P>> {
        let mut receipts = match &self.keys {
            Keys::Missing => return self.reload(place, held, out),
            Keys::Here(receipts) if self.marked => receipts.clone(),
            Keys::Here(_) | Keys::Loading => {
                self.phase = Phase::Mark { held };
                return None;
            }
        };
        held.replay.batches.iter().for_each(|slot| receipts.learn(slot));
        let Held { seen, epoch, mut replay, .. } = held;
        replay.trim(seen.head.floor);
        let tenure = Tenure::begin(seen, epoch, replay.cursor, replay.batches, receipts);
        Some(ClaimFate::Owned(Box::new(tenure)))
    }

    /// The incarnation that this claim is about, once it is known.
    fn inc(&self) -> Option<Incarnation> {
        match &self.phase {
            Phase::Swap { swap, .. } => Some(swap.target().inc),
            Phase::Replay { held }
            | Phase::Fence { held, .. }
            | Phase::Validate { held }
            | Phase::Reload { held }
            | Phase::Mark { held } => Some(held.seen.head.inc),
            Phase::Look | Phase::Entomb { .. } => None,
        }
    }

    fn put_marker(&self, place: &Place, inc: Incarnation, out: &mut Outbox<P>) {
        let marker = place.marker(MarkerKind::Live, inc);
        out.send(Lane::Marker, Request::PutMarker { marker });
    }
}

impl<P: Payload> Held<P> {
    /// Whether a head read later is still mine.
    fn still(&self, seen: &Seen<P>) -> bool {
        let head = &seen.head;
        head.inc == self.seen.head.inc && head.epoch == self.epoch && head.life == Life::Active
    }
}

impl Way {
    fn end(self) -> Option<Seq> {
        match self {
            Self::Known { tail } | Self::Remembered { tail } => Some(tail),
            Self::Created | Self::Fenced | Self::Guessed => None,
        }
    }
}

fn refuse<P: Payload>(why: Refused) -> Option<ClaimFate<P>> {
    Some(ClaimFate::Refused(why))
}
