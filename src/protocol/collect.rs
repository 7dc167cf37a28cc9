//! Garbage: what nothing can need any more, and how one may be sure without a clock.
//!
//! A collector watches one life of a name. What its *watch* saw as garbage, and what the collector
//! has itself watched for the grace period, may go: no reader still believes an older head by then.
//! No two machines' clocks are compared, and a restart begins the wait again.
//!
//! What never goes: fences, `end`, the head; a file that a head names or a pin protects.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::request::{Heard, Listing, MarkerKind};
use super::{
    DeadLife, Dice, Edit, Entry, Head, HeadSwap, Lane, Life, Outbox, Parent, Payload, Pin, Place,
    Reply, Request, Rule, Rules, Seen, Slot,
};
use crate::env::BootTime;
use crate::model::{Epoch, FileKind, FileName, Incarnation, Seq, Version};

/// How long garbage is watched before it goes: twice [`super::HEAD_AGE_MAX`].
pub const GRACE: Duration = Duration::from_secs(30 * 60);

/// What a collector saw, and since when. All that is kept of an idle name: 96 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch {
    pub inc: Incarnation,
    pub since: BootTime,
    version: Version,
    epoch: Epoch,
    floor: Seq,
    floor_epoch: Epoch,
    /// The life is over: all of its slots are below the floor, as it were.
    dead: bool,
}

impl Watch {
    pub fn of<P: Payload>(head: &Head<P>, inc: Incarnation, since: BootTime) -> Self {
        Self {
            inc,
            since,
            version: head.version,
            epoch: head.epoch,
            floor: head.floor,
            floor_epoch: head.floor_epoch,
            dead: is_dead(head, inc),
        }
    }

    /// Whether it began after this head was the newest.
    #[cfg(feature = "mutants")]
    pub fn is_after<P: Payload>(&self, head: &Head<P>) -> bool {
        self.version > head.version
    }

    fn ripe(&self, now: BootTime, rules: Rules) -> bool {
        now.0.saturating_sub(self.since.0) >= GRACE || !rules.keep(Rule::GarbageWaits)
    }

    fn below(&self, seq: Seq, rules: Rules) -> bool {
        let floor =
            if rules.keep(Rule::SlotsWaitForFloor) { self.floor } else { self.floor.next() };
        self.dead || seq < floor
    }

    /// Whether a slot goes: a batch that is folded, or whose life is over.
    fn slot_goes<P: Payload>(&self, slot: &Slot<P>, rules: Rules) -> bool {
        let kind = match slot.entry {
            Entry::Batch(_) => true,
            Entry::Fence | Entry::End => !rules.keep(Rule::FencesStay),
        };
        kind && self.below(slot.seq, rules)
    }

    /// What becomes of a file of this life, by the head as it is now.
    fn sort<P: Payload>(
        &self,
        head: &Head<P>,
        file: &FileName,
        mine: Option<&Mine>,
        ripe: bool,
        rules: Rules,
    ) -> Lot {
        let goes = |when: bool| if when { Lot::Goes } else { Lot::Stays };
        if let Some(retired) = head.retired.iter().find(|retired| retired.file == *file) {
            let pinned = head.pins.iter().any(|pin| pin.version < retired.version);
            let pinned = pinned && rules.keep(Rule::PinsProtect);
            return goes(ripe && retired.version <= self.version && !pinned);
        }
        if head.mentions().any(|named| named == file) {
            return Lot::Stays;
        }
        let over = |epoch: Epoch| file.epoch < epoch || !rules.keep(Rule::OrphansAreOld);
        match file.kind {
            FileKind::Chunk if !rules.keep(Rule::ChunksFollowSlots) => {
                goes(ripe && over(self.epoch))
            }
            FileKind::Chunk if self.dead => goes(ripe),
            FileKind::Chunk if over(self.floor_epoch) => {
                crate::reach!("a sweep comes by a chunk of an epoch that is over");
                goes(ripe)
            }
            _ if self.dead => Lot::Goes,
            _ if file.kind != FileKind::Chunk && over(self.epoch) => {
                crate::reach!("a sweep comes by a file that no owner published in time");
                goes(ripe)
            }
            _ if ripe && mine.is_some_and(|mine| mine.disowns(file, rules)) => Lot::Suspect,
            _ => Lot::Stays,
        }
    }
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lot {
    Stays,
    Goes,
    /// It goes, if a sweep of half an hour ago said the same.
    Suspect,
}

/// What an owner knows, and nobody else can: which files and chunks of its epoch are no garbage,
/// though no head names them. It works on them, or slots of its tail name them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mine {
    pub epoch: Epoch,
    pub in_flight: BTreeSet<FileName>,
}

impl Mine {
    fn disowns(&self, file: &FileName, rules: Rules) -> bool {
        let known = file.epoch == self.epoch || !rules.keep(Rule::OwnersKnowTheirEpoch);
        let working = self.in_flight.contains(file) && rules.keep(Rule::InFlightStays);
        known && !working
    }
}

fn is_dead<P: Payload>(head: &Head<P>, inc: Incarnation) -> bool {
    head.inc != inc || matches!(head.life, Life::Deleted { .. })
}

/// Collects one life of one name: watches it, and sweeps when the watch is ripe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collector<P: Payload> {
    pub place: Place,
    inc: Incarnation,
    watch: Option<Watch>,
    /// What the last sweep found unnamed in the owner's own epoch.
    suspects: BTreeSet<FileName>,
    /// Whether the head that a sweep begins with is on its way.
    looking: bool,
    sweep: Option<Sweep<P>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sweep<P: Payload> {
    watch: Watch,
    ripe: bool,
    seen: Seen<P>,
    tasks: VecDeque<Task>,
    suspects: BTreeSet<FileName>,
    /// Retired files that are gone, or another's: the head need not name them any more.
    forget: Vec<FileName>,
    doing: Doing<P>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Task {
    /// Is the branch behind this pin still there?
    Pin(Pin),
    List,
    /// A life that is not the head's may be one that has yet to begin: whatever of it was listed is
    /// garbage only if a head that is read after the listing is still another's.
    Judge(Listing),
    Slot(Seq),
    DropSlot(Seq),
    DropFile(FileName),
    Forget,
    /// A life that is over leads to its garbage by a marker.
    Mark,
    Abandon,
    /// It led to all of it.
    Unmark,
    /// This life names nothing of its parent's any more.
    Orphan(Parent),
    Unpin(Parent),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Doing<P: Payload> {
    Look,
    Ask(Task),
    Swap { swap: Box<HeadSwap<P>>, place: Place },
}

/// What a driver adds to what a collector reads.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// Of the owner itself.
    pub mine: Option<Mine>,
    /// A branching head is no longer being worked on: its owner's heartbeat is gone.
    pub abandoned: bool,
}

impl<P: Payload> Collector<P> {
    pub fn new(place: Place, inc: Incarnation) -> Self {
        let suspects = BTreeSet::new();
        Self { place, inc, watch: None, suspects, looking: false, sweep: None }
    }

    /// A collector that has watched since `watch.since`.
    pub fn watching(place: Place, watch: Watch) -> Self {
        Self { inc: watch.inc, watch: Some(watch), ..Self::new(place, watch.inc) }
    }

    pub fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    pub fn busy(&self) -> bool {
        self.looking || self.sweep.is_some()
    }

    /// Moves the origin of this collector's clock: half an hour passes in one step of a search.
    #[cfg(feature = "mutants")]
    pub fn shift(&mut self, by: Duration) {
        if let Some(watch) = &mut self.watch {
            watch.since = BootTime(watch.since.0.saturating_sub(by));
        }
    }

    /// Reads the head, and sweeps what has become ripe.
    pub fn look(&mut self, out: &mut Outbox<P>) {
        if !self.busy() {
            self.looking = true;
            out.send(Lane::Sweep, Request::ReadHead { name: self.place.name.clone() });
        }
    }

    pub fn hear(
        &mut self,
        lane: Lane,
        reply: Reply<P>,
        heard: Heard,
        inside: &Inside,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) {
        let Some(mut sweep) = self.sweep.take() else {
            self.looking = false;
            if let (Lane::Sweep, Reply::Head(Some(seen))) = (lane, reply) {
                self.start(seen, heard, inside, dice, out);
            }
            return;
        };
        let finished = sweep.hear(&self.place, reply, inside, dice, out);
        if !finished || sweep.next(&self.place, dice, out) {
            self.sweep = Some(sweep);
            return;
        }
        self.suspects = sweep.suspects;
        if sweep.ripe {
            // What became garbage since the watch began is watched from now on.
            self.watch = None;
        }
    }

    fn start(
        &mut self,
        seen: Seen<P>,
        heard: Heard,
        inside: &Inside,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) {
        let now = Watch::of(&seen.head, self.inc, heard.received);
        // A life that ended since the watch began is another condition, watched from now on.
        let watch = *match &mut self.watch {
            Some(watch) if watch.dead == now.dead => watch,
            other => other.insert(now),
        };
        let ripe = watch.ripe(heard.received, self.place.rules);
        let mut tasks = VecDeque::new();
        if seen.head.life == Life::Branching && seen.head.inc == self.inc {
            if inside.abandoned {
                tasks.extend([Task::Mark, Task::Abandon]);
            }
        } else {
            let dead = seen.head.dead.iter().flat_map(|life| &life.pins);
            tasks.extend(seen.head.pins.iter().chain(dead).cloned().map(Task::Pin));
            tasks.extend([Task::List, Task::Forget]);
            let parent = seen.head.idle_parent(self.inc, self.place.rules);
            tasks.extend(parent.map(Task::Orphan));
        }
        let (forget, suspects) = (vec![], std::mem::take(&mut self.suspects));
        let mut sweep = Sweep { watch, ripe, seen, tasks, suspects, forget, doing: Doing::Look };
        if sweep.next(&self.place, dice, out) {
            self.sweep = Some(sweep);
        }
    }
}

impl<P: Payload> Head<P> {
    /// The parent of this life, if the life names nothing of another's any more: neither of its
    /// parent nor of what its parent was branched from, which it holds through its parent's pin.
    fn idle_parent(&self, inc: Incarnation, rules: Rules) -> Option<Parent> {
        let kept = rules.keep(Rule::ParentIsKept);
        if self.inc == inc && self.life == Life::Active {
            let parent = self.parent.clone()?;
            let retired = self.retired.iter().map(|retired| &retired.file);
            let mut named = self.files.iter().chain(&self.keys).chain(retired);
            let foreign = kept && named.any(|file| file.inc != inc);
            return (!foreign).then_some(parent);
        }
        let life = self.dead.iter().find(|life| life.inc == inc)?;
        let parent = life.parent.clone()?;
        let foreign = kept && life.files.iter().any(|file| file.inc != inc);
        (!foreign).then_some(parent)
    }

    /// Whether a pin for life `inc` of this name, held at `parent`, still protects something.
    fn needs_pin(&self, inc: Incarnation, parent: &Place, rules: Rules) -> bool {
        let of = |known: &Option<Parent>| known.as_ref().is_some_and(|p| p.name == parent.name);
        let present = match self.life {
            Life::Active => self.inc == inc,
            Life::Branching => self.inc == inc && rules.keep(Rule::AbandonComesFirst),
            Life::Deleted { .. } => false,
        };
        // A tombstone is read by nobody. It needs the pin for what it keeps for its own branches.
        let past = |life: &DeadLife| {
            life.inc == inc && of(&life.parent) && life.files.iter().any(|file| file.inc != inc)
        };
        (present && of(&self.parent)) || self.dead.iter().any(past)
    }
}

impl<P: Payload> Sweep<P> {
    fn swap(
        &mut self,
        place: &Place,
        edit: Edit<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> bool {
        match HeadSwap::start(place, Some(self.seen.clone()), edit, dice, out) {
            Ok(swap) => {
                self.doing = Doing::Swap { swap: Box::new(swap), place: place.clone() };
                true
            }
            Err(_) => false,
        }
    }

    /// Begins the next task. False: there is none.
    fn next(&mut self, place: &Place, dice: &mut dyn Dice, out: &mut Outbox<P>) -> bool {
        while let Some(task) = self.tasks.pop_front() {
            let (name, inc) = (place.name.clone(), self.watch.inc);
            let request = match &task {
                Task::Pin(pin) => Request::ReadHead { name: pin.name.clone() },
                Task::List => Request::List { name, inc },
                Task::Judge(_) => Request::ReadHead { name },
                Task::Slot(seq) => Request::ReadSlot { name, inc, seq: *seq },
                Task::DropSlot(seq) => Request::DropSlot { name, inc, seq: *seq },
                Task::DropFile(file) => Request::DropFile { file: file.clone() },
                Task::Unpin(parent) => Request::ReadHead { name: parent.name.clone() },
                Task::Mark => Request::PutMarker { marker: place.marker(MarkerKind::Gone, inc) },
                Task::Unmark => Request::DropMarker { marker: place.marker(MarkerKind::Gone, inc) },
                Task::Abandon => {
                    if self.swap(place, Edit::Abandon { inc }, dice, out) {
                        return true;
                    }
                    continue;
                }
                Task::Forget => {
                    let files = std::mem::take(&mut self.forget);
                    if !files.is_empty() && self.swap(place, Edit::Forget { files }, dice, out) {
                        return true;
                    }
                    continue;
                }
                Task::Orphan(parent) => {
                    self.tasks.push_back(Task::Unpin(parent.clone()));
                    if self.swap(place, Edit::Orphan { inc }, dice, out) {
                        return true;
                    }
                    continue;
                }
            };
            out.send(Lane::Sweep, request);
            self.doing = Doing::Ask(task);
            return true;
        }
        false
    }

    /// Whether the task at hand is finished.
    fn hear(
        &mut self,
        place: &Place,
        reply: Reply<P>,
        inside: &Inside,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> bool {
        match (std::mem::replace(&mut self.doing, Doing::Look), reply) {
            (Doing::Swap { mut swap, place: at }, reply) => {
                match swap.hear(&at, reply, dice, out) {
                    None => {
                        self.doing = Doing::Swap { swap, place: at };
                        return false;
                    }
                    Some(super::SwapFate::Done(seen)) if at.name == place.name => self.seen = seen,
                    // Lost: the next sweep tries again on the head that won.
                    Some(_) => {}
                }
            }
            (Doing::Ask(Task::Pin(pin)), Reply::Head(there)) => {
                let rules = place.rules;
                let needed = there.is_some_and(|there| there.head.needs_pin(pin.inc, place, rules));
                if !needed || !rules.keep(Rule::PinsEndWithBranches) {
                    let edit = Edit::Unpin { name: pin.name, inc: pin.inc };
                    return !self.swap(place, edit, dice, out);
                }
            }
            (Doing::Ask(Task::List), Reply::Listing(listing)) => {
                if self.watch.dead {
                    self.tasks.push_front(Task::Judge(listing.as_ref().clone()));
                } else {
                    self.sort(place, &listing, inside.mine.as_ref());
                }
            }
            (Doing::Ask(Task::Judge(listing)), Reply::Head(Some(seen))) => {
                self.seen = seen;
                self.sort(place, &listing, None);
            }
            (Doing::Ask(Task::Slot(seq)), Reply::Slot(Some(slot))) => {
                if self.watch.slot_goes(&slot, place.rules) {
                    self.tasks.push_front(Task::DropSlot(seq));
                    for chunk in super::chunks(&[slot]) {
                        self.tasks.push_front(Task::DropFile(chunk.clone()));
                    }
                }
            }
            (Doing::Ask(Task::Unpin(parent)), Reply::Head(Some(there))) => {
                let at = Place { name: parent.name, ..place.clone() };
                let edit = Edit::Unpin { name: place.name.clone(), inc: self.watch.inc };
                if let Ok(swap) = HeadSwap::start(&at, Some(there), edit, dice, out) {
                    self.doing = Doing::Swap { swap: Box::new(swap), place: at };
                    return false;
                }
            }
            // An empty object with a name of its own is put as often as it takes.
            (Doing::Ask(Task::Mark), reply) if reply != Reply::Done => {
                self.tasks.push_front(Task::Mark);
            }
            // Deletes are repeated by the driver until they are answered.
            (Doing::Ask(_), _) | (Doing::Look, _) => {}
        }
        true
    }

    /// What of a listing goes. Of a life that goes on, by the head that was read before it: what was
    /// published since is a suspect at most, and the next sweep's head names it.
    fn sort(&mut self, place: &Place, listing: &Listing, mine: Option<&Mine>) {
        let (rules, head, inc) = (place.rules, self.seen.head.clone(), self.watch.inc);
        // A life that ended since this sweep began is another condition.
        if is_dead(&head, inc) != self.watch.dead {
            return;
        }
        let mut tasks: Vec<Task> = Vec::new();
        if self.ripe {
            let slots = listing.slots.iter().filter(|seq| self.watch.below(**seq, rules));
            tasks.extend(slots.map(|seq| Task::Slot(*seq)));
        }
        let known = self.suspects.clone();
        let lot = |file: &FileName| match self.watch.sort(&head, file, mine, self.ripe, rules) {
            Lot::Suspect if known.contains(file) || !rules.keep(Rule::SuspectsWait) => Lot::Goes,
            lot => lot,
        };
        let own = |file: &FileName| file.home == place.name && file.inc == inc;
        let (mut suspects, mut left) = (BTreeSet::new(), head.dead.iter().any(|l| l.inc == inc));
        for file in listing.files.iter().filter(|file| own(file)) {
            match lot(file) {
                Lot::Goes => tasks.push(Task::DropFile(file.clone())),
                Lot::Stays => left = true,
                Lot::Suspect => drop(suspects.insert(file.clone())),
            }
        }
        if head.inc == inc {
            for retired in head.retired.iter().filter(|one| lot(&one.file) == Lot::Goes) {
                self.forget.push(retired.file.clone());
                if !own(&retired.file) && !rules.keep(Rule::ForeignFilesStay) {
                    tasks.push(Task::DropFile(retired.file.clone()));
                }
            }
        }
        if self.ripe {
            self.suspects = suspects;
        }
        for task in tasks.into_iter().rev() {
            self.tasks.push_front(task);
        }
        let swept = self.ripe && !left || !rules.keep(Rule::GoneMarkerGoesLast);
        if self.watch.dead && swept {
            crate::reach!("a life that is over is cleared away");
            self.tasks.push_back(Task::Unmark);
        }
    }
}
