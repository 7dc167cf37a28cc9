//! A branch: one name born from another, without copying a byte of its files.
//!
//! In this order: the destination's head, *branching*, which nobody else may claim; a pin in the
//! source's head, so that its files stay; the source's tail, read after the pin as a strong read
//! reads it; the destination's first slot, with the effects of that tail (composed by the driver:
//! a large one travels in chunks); the destination's head, *active*. The last swap commits the
//! branch. Whatever is left of an abandoned one is a head that reads as 404, and a pin that the
//! source's collector drops once that head is a tombstone. A brancher that fails makes it one itself.

use super::doubt::Loss;
use super::request::{Heard, MarkerKind};
use super::tenure::Busy;
use super::uploads::Uploads;
use super::{
    Answer, Body, Dice, Draw, Edit, Entry, HeadSwap, Lane, Life, Outbox, Parent, Payload, Place,
    RECENT_MAX, Reader, Refusal, Reply, Request, Rule, Seen, Slot, SlotFate, SlotPut, SwapFate,
    View,
};
use crate::env::BootTime;
use crate::model::{Epoch, FileName, Incarnation, Namespace};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Brancher<P: Payload> {
    /// The destination.
    place: Place,
    source: Place,
    /// The destination's head, once it is there.
    sprout: Option<Seen<P>>,
    view: Option<View<P>>,
    uploads: Uploads,
    marked: bool,
    phase: Phase<P>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase<P: Payload> {
    LookAtSource,
    LookAtTarget {
        parent: Parent,
    },
    Sprout(HeadSwap<P>),
    LookToPin,
    Pin(HeadSwap<P>),
    Read(Reader<P>),
    /// The driver makes one batch of the tail, and uploads its chunks.
    Compose,
    First(SlotPut<P>),
    Mark,
    Activate(HeadSwap<P>),
    /// It failed: the `_gone` marker goes up, when the other one is there.
    Forsake(BranchFate),
    /// And the head becomes a tombstone.
    Abandon(HeadSwap<P>, BranchFate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BranchFate {
    /// The destination exists.
    Done,
    /// The source does not exist.
    Absent,
    /// The destination exists already, or somebody else is making it.
    Taken,
    /// Somebody was quicker with the head, and the name is free: look again.
    Raced,
    /// Somebody held this branch for abandoned, or its driver gave it up.
    Abandoned,
    /// It may have lived, and is gone.
    Unknown,
    /// The source's log contradicts its head.
    Corrupt,
}

impl<P: Payload> Brancher<P> {
    pub fn start(place: Place, source: Namespace, out: &mut Outbox<P>) -> Self {
        let source = Place { name: source, ..place.clone() };
        out.send(Lane::Head, Request::ReadHead { name: source.name.clone() });
        let phase = Phase::LookAtSource;
        Self {
            place,
            source,
            sprout: None,
            view: None,
            uploads: Uploads::default(),
            marked: false,
            phase,
        }
    }

    pub fn hear(
        &mut self,
        lane: Lane,
        reply: Reply<P>,
        heard: Heard,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<BranchFate> {
        match lane {
            Lane::Marker => return self.hear_marker(&reply, dice, out),
            Lane::Chunk(ulid) => {
                self.uploads.hear(ulid, &reply, out);
                return None;
            }
            // Slots that were asked for ahead, and are not needed any more.
            Lane::Replay { .. } if !matches!(self.phase, Phase::Read(_)) => return None,
            _ => {}
        }
        match (std::mem::replace(&mut self.phase, Phase::Mark), reply) {
            (Phase::LookAtSource, Reply::Head(seen)) => self.found(seen, out),
            (Phase::LookAtTarget { parent }, Reply::Head(seen)) => {
                self.sprout(seen, parent, dice, out)
            }
            (Phase::Sprout(mut swap), reply) => match swap.hear(&self.place, reply, dice, out) {
                None => self.stay(Phase::Sprout(swap)),
                Some(SwapFate::Lost { now, .. }) => Some(match now {
                    Some(seen) if !matches!(seen.head.life, Life::Deleted { .. }) => {
                        BranchFate::Taken
                    }
                    _ => BranchFate::Raced,
                }),
                Some(SwapFate::Done(seen))
                    if seen.head.life != Life::Branching || seen.head.inc != swap.target().inc =>
                {
                    Some(BranchFate::Abandoned)
                }
                Some(SwapFate::Done(seen)) => {
                    self.sprout = Some(seen);
                    out.send(Lane::Head, Request::ReadHead { name: self.source.name.clone() });
                    self.stay(Phase::LookToPin)
                }
            },
            (Phase::LookToPin, Reply::Head(seen)) => self.pin(seen, dice, out),
            (Phase::Abandon(mut swap, fate), reply) => {
                match swap.hear(&self.place, reply, dice, out) {
                    None => self.stay(Phase::Abandon(swap, fate)),
                    // Lost: somebody held it for abandoned before me.
                    Some(SwapFate::Done(_) | SwapFate::Lost { .. }) => Some(fate),
                }
            }
            (Phase::Pin(mut swap), reply) => match swap.hear(&self.source, reply, dice, out) {
                None => self.stay(Phase::Pin(swap)),
                // It is there: more swaps have covered it than a head remembers.
                Some(SwapFate::Lost { now: Some(seen), why: Refusal::Done }) => {
                    self.pinned(seen, out)
                }
                Some(SwapFate::Lost { .. }) => self.forsake(BranchFate::Absent, out),
                Some(SwapFate::Done(seen)) => self.pinned(seen, out),
            },
            (Phase::Read(mut reader), reply) => {
                reader.hear(lane, reply, heard, out);
                self.heard(reader, out)
            }
            (Phase::First(mut put), reply) => match put.hear(&self.place, reply, out) {
                None => self.stay(Phase::First(put)),
                Some(SlotFate::Mine { .. }) => self.activate(dice, out),
                Some(SlotFate::Taken { .. }) => self.forsake(BranchFate::Abandoned, out),
            },
            (Phase::Activate(mut swap), reply) => match swap.hear(&self.place, reply, dice, out) {
                None => self.stay(Phase::Activate(swap)),
                Some(SwapFate::Done(_)) => Some(BranchFate::Done),
                Some(SwapFate::Lost { now, .. }) => Some(self.fate_by(&swap, now.as_ref())),
            },
            (phase, reply) => unreachable!("{reply:?} does not answer {phase:?}"),
        }
    }

    fn stay(&mut self, phase: Phase<P>) -> Option<BranchFate> {
        self.phase = phase;
        None
    }

    fn found(&mut self, seen: Option<Seen<P>>, out: &mut Outbox<P>) -> Option<BranchFate> {
        let Some(seen) = seen.filter(|seen| seen.head.life == Life::Active) else {
            return Some(BranchFate::Absent);
        };
        let parent = Parent { name: self.source.name.clone(), inc: seen.head.inc };
        out.send(Lane::Head, Request::ReadHead { name: self.place.name.clone() });
        self.stay(Phase::LookAtTarget { parent })
    }

    fn sprout(
        &mut self,
        seen: Option<Seen<P>>,
        parent: Parent,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<BranchFate> {
        let inc = Incarnation(dice.draw(Draw::Incarnation));
        let edit = Edit::Sprout { inc, holder: self.place.me.clone(), parent };
        match HeadSwap::start(&self.place, seen, edit, dice, out) {
            Err(_) => Some(BranchFate::Taken),
            Ok(swap) => {
                self.phase = Phase::Sprout(swap);
                self.put_marker(MarkerKind::Live, out);
                None
            }
        }
    }

    fn pin(
        &mut self,
        seen: Option<Seen<P>>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<BranchFate> {
        let Some((seen, life)) = seen.zip(self.life_of_source()) else {
            return self.forsake(BranchFate::Absent, out);
        };
        if self.view.is_none() && !self.place.rules.keep(Rule::PinComesFirst) {
            return self.read(seen, out);
        }
        let (name, inc) = (self.place.name.clone(), self.inc()?);
        let edit = Edit::Pin { life, name, inc };
        match HeadSwap::start(&self.source, Some(seen.clone()), edit, dice, out) {
            Ok(swap) => self.stay(Phase::Pin(swap)),
            // It is there, from before the tail had to be read again.
            Err(Refusal::Done) => self.pinned(seen, out),
            Err(_) => self.forsake(BranchFate::Absent, out),
        }
    }

    fn pinned(&mut self, seen: Seen<P>, out: &mut Outbox<P>) -> Option<BranchFate> {
        if self.view.is_some() { self.stay(Phase::Compose) } else { self.read(seen, out) }
    }

    fn read(&mut self, seen: Seen<P>, out: &mut Outbox<P>) -> Option<BranchFate> {
        let mut reader = Reader::holding(self.source.clone(), seen);
        reader.query(0, None);
        // This reader goes by no clock.
        reader.begin(BootTime::default(), out);
        self.stay(Phase::Read(reader))
    }

    /// The answer of the read is for this machine: it does not leave it.
    fn heard(&mut self, reader: Reader<P>, out: &mut Outbox<P>) -> Option<BranchFate> {
        match out.answers.pop() {
            None => self.stay(Phase::Read(reader)),
            Some(Answer::Read { view, .. }) => {
                if Some(view.seen.head.inc) != self.life_of_source() {
                    return self.forsake(BranchFate::Absent, out);
                }
                self.view = Some(view);
                if self.place.rules.keep(Rule::PinComesFirst) {
                    return self.stay(Phase::Compose);
                }
                out.send(Lane::Head, Request::ReadHead { name: self.source.name.clone() });
                self.stay(Phase::LookToPin)
            }
            Some(Answer::Corrupt { .. }) => self.forsake(BranchFate::Corrupt, out),
            Some(_) => self.forsake(BranchFate::Absent, out),
        }
    }

    /// What the first slot must hold, when it is time to make it: the batches of this view, as one
    /// batch of this life and epoch.
    pub fn to_compose(&self) -> Option<(&View<P>, Incarnation, Epoch)> {
        let (Phase::Compose, Some(sprout)) = (&self.phase, &self.sprout) else { return None };
        Some((self.view.as_ref()?, sprout.head.inc, sprout.head.epoch))
    }

    /// Sends a chunk of the first slot ahead.
    pub fn upload(&mut self, file: FileName, out: &mut Outbox<P>) {
        self.uploads.start(file, out);
    }

    /// Creates the first slot, where it is time to and its chunks are durable.
    pub fn compose(
        &mut self,
        body: Body<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let (Phase::Compose, Some(sprout)) = (&self.phase, &self.sprout) else { return Err(Busy) };
        let head = sprout.head.clone();
        if !self.uploads.claim(&body, head.epoch, self.place.rules) {
            return Err(Busy);
        }
        let put = dice.put_id(Draw::Slot(head.epoch.0, head.floor.0));
        let entry = Entry::Batch(body);
        let slot = Slot::new(head.inc, head.floor, head.epoch, put, head.floor_chain, entry);
        self.phase = Phase::First(SlotPut::start(&self.place, slot, Loss::Simple, out));
        Ok(())
    }

    /// A chunk that the view names is gone: the source was folded, and this took too long. The tail
    /// is read again.
    pub fn missing(&mut self, out: &mut Outbox<P>) {
        if let Phase::Compose = self.phase {
            self.view = None;
            self.phase = Phase::LookToPin;
            out.send(Lane::Head, Request::ReadHead { name: self.source.name.clone() });
        }
    }

    /// The driver does not compose the first slot, and never will.
    pub fn give_up(&mut self, out: &mut Outbox<P>) {
        if let Phase::Compose = self.phase {
            self.forsake(BranchFate::Abandoned, out);
        }
    }

    /// Of an activation that was lost. It did not happen, unless the head has moved on from it
    /// further than a head remembers.
    fn fate_by(&self, swap: &HeadSwap<P>, now: Option<&Seen<P>>) -> BranchFate {
        let Some(Seen { head, .. }) = now else { return BranchFate::Unknown };
        let mine = Some(head.inc) == self.inc();
        if head.version.0 - swap.target().version.0 < RECENT_MAX as u64 {
            BranchFate::Abandoned
        } else if mine && head.life == Life::Active {
            BranchFate::Done
        } else {
            BranchFate::Unknown
        }
    }

    fn activate(&mut self, dice: &mut dyn Dice, out: &mut Outbox<P>) -> Option<BranchFate> {
        if !self.marked && self.place.rules.keep(Rule::MarkerComesFirst) {
            return self.stay(Phase::Mark);
        }
        let (sprout, view) = (self.sprout.clone()?, self.view.as_ref()?);
        let (base, files) = (view.seen.head.base.clone(), view.seen.head.files.clone());
        let edit = Edit::Activate { inc: sprout.head.inc, base, files };
        match HeadSwap::start(&self.place, Some(sprout), edit, dice, out) {
            Ok(swap) => self.stay(Phase::Activate(swap)),
            Err(why) => unreachable!("a branching head refuses to become active: {why:?}"),
        }
    }

    /// It came to nothing: its name is free again, and what it left behind is in a listing.
    fn forsake(&mut self, fate: BranchFate, out: &mut Outbox<P>) -> Option<BranchFate> {
        if self.marked {
            self.put_marker(MarkerKind::Gone, out);
        }
        self.stay(Phase::Forsake(fate))
    }

    fn hear_marker(
        &mut self,
        reply: &Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<BranchFate> {
        let awaited = if self.marked { MarkerKind::Gone } else { MarkerKind::Live };
        if *reply != Reply::Done {
            self.put_marker(awaited, out);
            return None;
        }
        match (std::mem::replace(&mut self.phase, Phase::Mark), awaited) {
            (Phase::Forsake(fate), MarkerKind::Gone) => {
                let edit = Edit::Abandon { inc: self.inc()? };
                match HeadSwap::start(&self.place, self.sprout.clone(), edit, dice, out) {
                    Ok(swap) => self.stay(Phase::Abandon(swap, fate)),
                    Err(why) => unreachable!("a branching head refuses to be abandoned: {why:?}"),
                }
            }
            (Phase::Forsake(fate), MarkerKind::Live) => {
                self.marked = true;
                self.forsake(fate, out)
            }
            (Phase::Mark, _) => {
                self.marked = true;
                self.activate(dice, out)
            }
            (phase, _) => {
                self.marked = true;
                self.stay(phase)
            }
        }
    }

    fn put_marker(&self, kind: MarkerKind, out: &mut Outbox<P>) {
        let inc = match &self.phase {
            Phase::Sprout(swap) => Some(swap.target().inc),
            _ => self.inc(),
        };
        if let Some(inc) = inc {
            out.send(Lane::Marker, Request::PutMarker { marker: self.place.marker(kind, inc) });
        }
    }

    /// The life that the destination begins, once its head is there.
    pub fn inc(&self) -> Option<Incarnation> {
        self.sprout.as_ref().map(|seen| seen.head.inc)
    }

    fn life_of_source(&self) -> Option<Incarnation> {
        self.sprout.as_ref().and_then(|seen| seen.head.parent.as_ref()).map(|parent| parent.inc)
    }
}
