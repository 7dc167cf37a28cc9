//! What is left when all is quiet: collectors that are let run find all that may go, and delete it.
//!
//! Promises of safety are kept by whoever does nothing. This is asked at the end of every walk: no
//! reader is young, nothing is on its way, and each life is swept until nothing changes.

use std::collections::{BTreeSet, VecDeque};

use elacsym::env::BootTime;
use elacsym::model::{FileKind, FileName, Incarnation};
use elacsym::protocol::{Collector, Head, Inside, Life, MarkerKind, Outbox, Pin, Watch};

use super::garbage::NOW;
use super::model::{Fixed, Model, NAMES, home, index};
use super::next::Violation;
use super::scope::Scope;
use super::store::{Store, writes};
use super::world::World;

impl Scope {
    pub(super) fn leaves_nothing(&self, world: &World) -> Result<(), Violation> {
        let mut store = Store::clone(&world.store);
        loop {
            let before = store.clone();
            for which in 0..NAMES {
                for inc in lives(&store, which) {
                    self.sweep_all(&mut store, which, inc);
                }
            }
            if store == before {
                break;
            }
        }
        (0..NAMES).try_for_each(|which| clean(&store, which))
    }

    /// A sweep from the look at the head to its last request.
    fn sweep_all(&self, store: &mut Store, which: usize, inc: Incarnation) {
        let Some(head) = store.heads[which].clone() else { return };
        let watch = Watch::of(&head, inc, BootTime::default());
        let place = self.place(3, 0, which as u8);
        let mut collector = Collector::<Model>::watching(place, watch);
        let inside = Inside { mine: None, abandoned: true };
        let mut dice = Fixed { who: 3, life: head.version.0 as u8, name: which as u8 };
        let mut out = Outbox::default();
        collector.look(&mut out);
        let mut waiting: VecDeque<_> = out.requests.drain(..).collect();
        while let Some((lane, request)) = waiting.pop_front() {
            let reply = if writes(&request) { store.write(&request) } else { store.read(&request) };
            collector.hear(lane, reply, NOW, &inside, &mut dice, &mut out);
            waiting.extend(out.requests.drain(..));
        }
    }
}

/// Every life that a head, a marker or an object tells of.
fn lives(store: &Store, which: usize) -> BTreeSet<Incarnation> {
    let slots = store.slots.iter().map(|slot| slot.inc);
    let files = store.files.iter().map(|file| file.inc);
    let gone = store.markers.iter().filter(|marker| marker.kind == MarkerKind::Gone);
    let mut lives: BTreeSet<Incarnation> =
        slots.chain(files).chain(gone.map(|marker| marker.inc)).collect();
    if let Some(head) = &store.heads[which] {
        lives.insert(head.inc);
        lives.extend(head.dead.iter().map(|life| life.inc));
    }
    lives.retain(|inc| home(*inc) == which);
    lives
}

fn clean(store: &Store, which: usize) -> Result<(), Violation> {
    let Some(head) = &store.heads[which] else { return Ok(()) };
    let alive = |inc: Incarnation| head.inc == inc && head.life == Life::Active;
    let needed = |seq, inc| alive(inc) && seq >= head.floor;
    let batches = store.slots.iter().filter(|slot| slot.body().is_some());
    for slot in batches.filter(|slot| home(slot.inc) == which) {
        if !needed(slot.seq, slot.inc) {
            return Err(format!("LEAK: slot {} of life {:x} stays", slot.seq, slot.inc.0));
        }
    }
    for file in store.files.iter().filter(|file| index(&file.home) == which) {
        let wanted = alive(file.inc) && may_be_wanted(head, file);
        if !wanted && !mentioned(store, file) {
            return Err(format!("LEAK: {:?} {:x} stays", file.kind, file.ulid));
        }
    }
    if head.retired.iter().any(|_| head.pins.is_empty()) {
        return Err("LEAK: a head goes on naming what is retired".into());
    }
    let pins = head.pins.iter().chain(head.dead.iter().flat_map(|life| &life.pins));
    if let Some(pin) = pins.into_iter().find(|pin| !is_read(store, pin)) {
        return Err(format!("LEAK: the pin of {} stays", pin.name));
    }
    for marker in store.markers.iter().filter(|marker| marker.kind == MarkerKind::Gone) {
        let over = index(&marker.name) == which && store.is_dead(which, marker.inc);
        let keeps = head.dead.iter().any(|life| life.inc == marker.inc);
        if over && !keeps {
            return Err(format!("LEAK: the _gone marker of life {:x} stays", marker.inc.0));
        }
    }
    Ok(())
}

/// Only the owner of the present epoch can tell.
fn may_be_wanted(head: &Head<Model>, file: &FileName) -> bool {
    match file.kind {
        FileKind::Chunk => file.epoch >= head.floor_epoch,
        _ => file.epoch >= head.epoch,
    }
}

fn mentioned(store: &Store, file: &FileName) -> bool {
    store.heads.iter().flatten().any(|head| head.mentions().any(|named| named == file))
}

/// Whether the branch behind a pin lives, or keeps files for branches of its own.
fn is_read(store: &Store, pin: &Pin) -> bool {
    let Some(head) = &store.heads[index(&pin.name)] else { return false };
    let lives = head.inc == pin.inc && head.life == Life::Active;
    let keeps = head.dead.iter().any(|life| life.inc == pin.inc && !life.files.is_empty());
    (lives && head.parent.is_some()) || keeps
}
