//! What collectors and the walk do.

use std::sync::Arc;

use elacsym::env::BootTime;
use elacsym::protocol::{
    Collector, GRACE, Heard, Inside, Lane, Listing, Mender, Outbox, Reply, Request, Watch,
};

use super::model::{Fixed, Model, home, index};
use super::next::Violation;
use super::scope::Scope;
use super::step::{How, Item};
use super::store::writes;
use super::world::{Mending, Sent, Sweeping, World};

/// By a collector's clock: half an hour after its watch began.
pub(super) const NOW: Heard =
    Heard { sent: BootTime(GRACE), received: BootTime(GRACE), date: None };

impl Scope {
    /// A collector whose watch is as ripe as the readers allow looks at one item. Its reads come
    /// first and together: what they say stays true. Its one write is the step.
    pub(super) fn collect(
        &self,
        world: &mut World,
        which: u8,
        item: Item,
        late: bool,
    ) -> Result<bool, Violation> {
        let Some(seen) = world.watched(usize::from(which), self.rules) else { return Ok(false) };
        let head = world.store.heads[usize::from(which)].clone().ok_or("no head")?;
        let mut listing = Listing::default();
        let inc = match item {
            Item::Slot(at) => {
                let slot = &world.store.slots[usize::from(at)];
                listing.slots.push(slot.seq);
                slot.inc
            }
            Item::File(at) => {
                let file = &world.store.files[usize::from(at)];
                listing.files.push(file.clone());
                file.inc
            }
            Item::Mentions(life) => {
                listing.files.extend(world.store.files.iter().cloned());
                match usize::from(life).checked_sub(1) {
                    None => head.inc,
                    Some(dead) => head.dead[dead].inc,
                }
            }
            Item::Marker(at) => {
                let inc = world.store.slots[usize::from(at)].inc;
                listing = world.store.listing(inc);
                inc
            }
            Item::Abandon => head.inc,
        };
        let watch = Watch::of(&seen, inc, BootTime::default());
        let mut collector = Collector::<Model>::watching(self.place(3, 0, which), watch);
        let inside = Inside { mine: None, abandoned: item == Item::Abandon };
        let mut dice = Fixed { who: 3, life: 0, name: which };
        let mut out = Outbox::default();
        collector.look(&mut out);
        let listing = Arc::new(listing);
        while let Some((lane, request)) = out.requests.pop() {
            // A marker too many, at any time, changes nothing; nor does a file that is gone already.
            let nothing = match &request {
                Request::PutMarker { .. } => true,
                Request::DropFile { file } => !world.store.files.contains(file),
                _ => false,
            };
            if writes(&request) && !nothing {
                let for_it = match request {
                    Request::DropSlot { .. } => matches!(item, Item::Slot(_)),
                    Request::DropFile { .. } => matches!(item, Item::File(_) | Item::Slot(_)),
                    Request::DropMarker { .. } => matches!(item, Item::Marker(_)),
                    _ => matches!(item, Item::Mentions(_) | Item::Abandon),
                };
                if !for_it {
                    return Ok(false);
                }
                if late {
                    world.left.delays -= 1;
                    world.fly(request);
                    return Ok(true);
                }
                self.send(world, &request, How::Told)?;
                return Ok(true);
            }
            let reply = match request {
                Request::List { .. } => Reply::Listing(listing.clone()),
                request => self.send(world, &request, How::Told)?.ok_or("a read has no reply")?,
            };
            collector.hear(lane, reply, NOW, &inside, &mut dice, &mut out);
        }
        Ok(false)
    }

    /// The walk comes upon a marker.
    pub(super) fn mend(&self, world: &mut World, at: usize) {
        world.left.menders -= 1;
        let marker = world.store.markers[at].clone();
        let which = index(&marker.name) as u8;
        let mut out = Outbox::default();
        let mender = Mender::<Model>::start(self.place(3, 0, which), marker, &mut out);
        let sent = Sent::all(out.requests).collect();
        world.mender.change(|known| *known = Some(Mending { mender, sent }));
    }

    pub(super) fn mender_hears(&self, world: &mut World, at: usize, reply: Reply<Model>) {
        world.mender.change(|known| {
            let Some(Mending { mender, sent }) = known else { return };
            let mut dice = Fixed { who: 3, life: 1, name: index(&mender.place.name) as u8 };
            let mut out = Outbox::default();
            sent.remove(at);
            let over = mender.hear(reply, &mut dice, &mut out);
            sent.extend(Sent::all(out.requests));
            if over {
                *known = None;
            }
        });
    }

    /// An owner begins to watch: its first look finds nothing that it may delete yet.
    pub(super) fn watch(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let writer = &world.writers[usize::from(w)];
        let Some(inc) = writer.owner.inc() else { return Ok(false) };
        let new = || Collector::new(writer.owner.place.clone(), inc);
        let mut collector =
            world.sweeper.as_ref().map_or_else(new, |known| known.collector.clone());
        world.left.sweeps -= 1;
        let inside = world.inside(w);
        let mut dice = Fixed { who: w, life: 0, name: home(inc) as u8 };
        let mut out = Outbox::default();
        collector.look(&mut out);
        while let Some((lane, request)) = out.requests.pop() {
            if writes(&request) {
                return Ok(false);
            }
            let reply = world.store.read(&request);
            collector.hear(lane, reply, NOW, &inside, &mut dice, &mut out);
        }
        let sweeping = Sweeping { collector, sent: vec![], owner: w };
        world.sweeper.change(|sweeper| *sweeper = Some(sweeping));
        Ok(true)
    }

    /// Half an hour passes for a collector, if no reader holds a head for young that is older than
    /// what the collector has watched since.
    pub(super) fn half_hour(&self, world: &mut World) -> bool {
        let Some(sweeper) = &*world.sweeper else { return false };
        let which = index(&sweeper.collector.place.name);
        let young = world.watched(which, self.rules);
        let Some(watch) = sweeper.collector.watch() else { return false };
        if watch.since == BootTime::default() || young.is_none_or(|head| watch.is_after(&head)) {
            return false;
        }
        world.sweeper.change(|sweeper| {
            if let Some(sweeper) = sweeper {
                sweeper.collector.shift(GRACE);
            }
        });
        true
    }

    pub(super) fn sweeper_hears(
        &self,
        world: &mut World,
        at: usize,
        lane: Lane,
        reply: Reply<Model>,
    ) {
        let owner = world.sweeper.as_ref().map_or(0, |sweeper| sweeper.owner);
        let inside = world.inside(owner);
        world.sweeper.change(|sweeper| {
            let Some(sweeper) = sweeper else { return };
            let mut out = Outbox::default();
            let name = index(&sweeper.collector.place.name) as u8;
            let mut dice = Fixed { who: 3, life: 2, name };
            sweeper.sent.remove(at);
            sweeper.collector.hear(lane, reply, NOW, &inside, &mut dice, &mut out);
            sweeper.sent.extend(Sent::all(out.requests));
        });
    }
}

impl Sweeping {
    pub(super) fn busy(&self) -> bool {
        self.collector.busy()
    }
}

impl World {
    /// What an owner tells its collector.
    fn inside(&self, w: u8) -> Inside {
        let writer = &self.writers[usize::from(w)];
        let working = writer.folding.iter().map(|(_, file)| file.clone());
        Inside { mine: writer.tenure().map(|tenure| tenure.mine(working)), abandoned: false }
    }

    pub(super) fn sweep(&mut self) {
        self.sweeper.change(|sweeper| {
            let Some(sweeper) = sweeper else { return };
            let mut out = Outbox::default();
            sweeper.collector.look(&mut out);
            sweeper.sent.extend(Sent::all(out.requests));
        });
    }
}
