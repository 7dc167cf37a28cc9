//! What was promised of the store: held against each of its changes, when it happens.
//!
//! A change may be late, or come twice, from a sender that is long dead. So every rule here is one that
//! holds however late a request takes effect, and says why. The oracle of the explorer asks the same of a
//! smaller world.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use elacsym::log::slot::{self, Slot};
use elacsym::log::{Stored, chunk};
use elacsym::model::{FileKind, FileName, Incarnation, Marker, MarkerKind, Namespace, Seq};
use elacsym::namespace::head::{self, Head};
use elacsym::protocol::{Body, Entry as Lies, Life as Standing};
use elacsym::storage::{CellKey, ImmutableKey, Key, SlotKey};
use object_store::PutMode;

use super::life::Life;
use super::truth::{Etag, Objects, Put};
use super::{Verdict, heads};
use crate::world::words::{Entry, Landed, Order};

#[derive(Debug)]
pub(super) struct Audit {
    order: Order,
    /// Every slot that was ever created.
    pub(super) landed: Vec<Landed>,
    heads: BTreeMap<Namespace, Head>,
    /// Every life that a head ever had.
    lives: BTreeMap<(Namespace, Incarnation), Life>,
    /// Every file that was ever put.
    files: BTreeMap<FileName, Known>,
    markers: BTreeSet<Marker>,
    /// What was written into a life that was over by then.
    pub(super) leaked: BTreeSet<String>,
}

#[derive(Debug)]
struct Known {
    etag: Etag,
    here: bool,
}

impl Audit {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            landed: Vec::new(),
            heads: BTreeMap::new(),
            lives: BTreeMap::new(),
            files: BTreeMap::new(),
            markers: BTreeSet::new(),
            leaked: BTreeSet::new(),
        }
    }

    /// A put that takes effect. `objects` are as before it.
    pub(super) fn put(&mut self, put: &Put, objects: &Objects) -> Verdict {
        let text = put.path.as_ref();
        match parsed(text)? {
            Key::Probe(_) => Ok(()),
            Key::Cell(CellKey::Head(name)) => self.head(name, put),
            Key::Cell(CellKey::Node(_) | CellKey::Secret) => swapped(put),
            // To set it twice is to set it once, and it is empty.
            Key::Marker(marker) => {
                self.markers.insert(marker);
                Ok(())
            }
            Key::Immutable(ImmutableKey::Slot(key)) => {
                self.leak(text, &key.home, key.inc);
                self.slot(&key, put, objects)
            }
            Key::Immutable(ImmutableKey::File(file)) => {
                self.leak(text, &file.home, file.inc);
                self.file(file, put)
            }
        }
    }

    /// A delete of what was there.
    pub(super) fn delete(&mut self, text: &str) -> Verdict {
        self.leaked.remove(text);
        match parsed(text)? {
            Key::Probe(_) | Key::Cell(CellKey::Node(_)) => Ok(()),
            // `Doomed`, which is what can be deleted, has no head in it.
            Key::Cell(CellKey::Head(_) | CellKey::Secret) => Err("it is never deleted".into()),
            Key::Marker(marker) => self.marker_is_gone(marker),
            Key::Immutable(ImmutableKey::Slot(key)) => {
                let floor = self.floor(&key.home, key.inc);
                match self.lives.get_mut(&(key.home, key.inc)) {
                    Some(life) => life.lose(key.seq, floor),
                    None => Err("a slot of a life that never began".into()),
                }
            }
            Key::Immutable(ImmutableKey::File(file)) => self.file_is_gone(&file),
        }
    }

    /// A head is made from the one that it replaces, and says of the log what is there. It names files
    /// that are there: a publish is sent when all uploads were answered 200, and what it is to name is
    /// work under way to its owner's collector, and of an epoch that is not over to all others.
    fn head(&mut self, name: Namespace, put: &Put) -> Verdict {
        let Self { heads, lives, files, .. } = self;
        swapped(put)?;
        let now = head::decode(&name, &put.body).map_err(|error| error.chain())?;
        let was = heads.insert(name.clone(), now.clone());
        if let Some(was) = &was {
            heads::follows(was, &now)?;
        }
        let begins = was.as_ref().is_none_or(|was| was.inc != now.inc);
        let at = (name, now.inc);
        if begins && !matches!(now.life, Standing::Deleted { .. }) {
            // Incarnations are drawn from 128 bits, each anew.
            if lives.insert(at.clone(), Life::begun(&now)).is_some() {
                return Err("a life comes again".into());
            }
        }
        if let Some(life) = lives.get(&at) {
            let lets_go = was.as_ref().is_some_and(|was| was.owner != now.owner);
            heads::fits(&now, life)?;
            if lets_go {
                heads::releases(&now, life)?;
            }
        }
        // Both lists are in one order: what a head goes on naming was there when it began to.
        let mut known = was.iter().flat_map(|was| was.files.iter().chain(&was.keys));
        for file in now.files.iter().chain(&now.keys) {
            let here = || files.get(file).is_some_and(|known| known.here);
            if !known.any(|it| it == file) && !here() {
                return Err(format!("it names a file that is not there: {file:?}"));
            }
        }
        Ok(())
    }

    /// Creating slot n is the commit: it is created if absent, and in no other way.
    fn slot(&mut self, key: &SlotKey, put: &Put, objects: &Objects) -> Verdict {
        if put.mode != PutMode::Create {
            return Err(format!("a slot is put by {:?}", put.mode));
        }
        let slot = slot::decode(key.inc, key.seq, &put.body).map_err(|error| error.chain())?;
        let (at, floor) = (self.order.next(), self.floor(&key.home, key.inc));
        let Some(life) = self.lives.get_mut(&(key.home.clone(), key.inc)) else {
            // An owner writes when its swap of the head is done, and so landed.
            return Err("a slot of a life that never began".into());
        };
        let entry = if key.seq < life.next() {
            life.gain(&slot, put.etag, floor).map(|first| self.again(&slot, first))
        } else {
            let extended = life.extend(&slot, put.etag, self.landed.len());
            extended.and_then(|()| self.commit(&slot, &key.home, objects))
        };
        // It landed, whatever is wrong with it.
        let (inc, seq, epoch) = (key.inc.0, key.seq.0, slot.epoch.0);
        let told = entry.as_ref().map_or_else(|_| nothing(), Entry::clone);
        self.landed.push(Landed { name: key.home.clone(), inc, seq, epoch, at, entry: told });
        entry.map(drop)
    }

    /// What is in a slot that was collected: a late fence, or what was there first.
    fn again(&self, slot: &Slot, first: usize) -> Entry {
        match slot.entry {
            Lies::Fence => Entry::Fence,
            Lies::Batch(_) | Lies::End => {
                self.landed.get(first).map_or_else(nothing, |landed| landed.entry.clone())
            }
        }
    }

    /// What a slot does that was created for the first time.
    fn commit(
        &mut self,
        slot: &Slot,
        home: &Namespace,
        objects: &Objects,
    ) -> Result<Entry, String> {
        self.is_prepared(slot, home)?;
        let Some(life) = self.lives.get_mut(&(home.clone(), slot.inc)) else {
            return Ok(nothing());
        };
        match &slot.entry {
            Lies::Fence => Ok(Entry::Fence),
            Lies::End => Ok(Entry::End),
            // Of an owner that was fenced before: it counts for nothing.
            Lies::Batch(_) if slot.epoch < life.epoch() => Ok(nothing()),
            Lies::Batch(body) => life.schema.read(&parts(body, objects)?),
        }
    }

    /// What must be there before a slot is created for the first time.
    fn is_prepared(&self, slot: &Slot, home: &Namespace) -> Verdict {
        let marked =
            |kind| self.markers.contains(&Marker { kind, name: home.clone(), inc: slot.inc });
        // The claim of that epoch is a swap, which was done before its owner wrote.
        if self.heads.get(home).is_none_or(|head| head.epoch < slot.epoch) {
            return Err(format!("epoch {} was never claimed", slot.epoch));
        }
        match &slot.entry {
            Lies::Fence => Ok(()),
            // The marker of a deletion is awaited before `end` is sent, and is taken away only when the
            // head is of another life, or a tombstone, which it becomes after that.
            Lies::End if !marked(MarkerKind::Gone) => {
                Err("no marker leads to what the life will leave".into())
            }
            Lies::End => Ok(()),
            // A claim is done when the marker is there, and it goes after `end`. A walk takes markers
            // only of lives that no swap on its way can begin.
            Lies::Batch(_) if !marked(MarkerKind::Live) => {
                Err("a batch of a life that no list of names shows".into())
            }
            // Each was answered 200 before, and is the owner's work under way until the slot is folded.
            Lies::Batch(body) => {
                let here = |chunk: &FileName| self.files.get(chunk).is_some_and(|known| known.here);
                match body.chunks.iter().find(|chunk| !here(chunk)) {
                    Some(lost) => Err(format!("it names a chunk that is not there: {lost:?}")),
                    None => Ok(()),
                }
            }
        }
    }

    /// A name is drawn from 128 bits for one content. Whoever is in doubt puts the same bytes again.
    fn file(&mut self, file: FileName, put: &Put) -> Verdict {
        let etag = put.etag;
        if !self.lives.contains_key(&(file.home.clone(), file.inc)) {
            return Err("a file of a life that never began".into());
        }
        let head = self.heads.get(&file.home).filter(|head| head.inc == file.inc);
        if head.is_some_and(|head| head.epoch < file.epoch) {
            return Err(format!("epoch {} was never claimed", file.epoch));
        }
        let known = self.files.entry(file).or_insert(Known { etag, here: true });
        known.here = true;
        match known.etag == etag {
            true => Ok(()),
            false => Err("it was put before, with other bytes".into()),
        }
    }

    /// What is deleted is never named again: a file that was retired, for what a publish adds is new;
    /// one of an epoch that is over, for a publish needs the head's; one of the owner's own that it does
    /// not work on. A chunk goes when its slot is below the floor, or when no slot of its epoch can
    /// come any more. So this holds of a delete whenever it lands.
    fn file_is_gone(&mut self, file: &FileName) -> Verdict {
        if let Some(known) = self.files.get_mut(file) {
            known.here = false;
        }
        let Some(head) = self.heads.get(&file.home) else { return Ok(()) };
        if head.files.contains(file) || head.keys.as_ref() == Some(file) {
            return Err(format!("the head, of version {}, names it", head.version.0));
        }
        if head.dead.iter().any(|life| life.files.contains(file)) {
            return Err("the head keeps it for branches of a life that is over".into());
        }
        if file.kind == FileKind::Chunk
            && let Some(floor) = self.floor(&file.home, file.inc)
            && let Some(life) = self.lives.get(&(file.home.clone(), file.inc))
            && let Some(seq) = life.needs(file, floor)
        {
            return Err(format!("slot {seq} names it, and the floor is {floor}"));
        }
        Ok(())
    }

    /// The marker of a life is dropped by its owner after `end`, and by a walk when no swap can begin
    /// that life any more. Neither is ever undone: however late it lands, it hides no name.
    fn marker_is_gone(&mut self, marker: Marker) -> Verdict {
        self.markers.remove(&marker);
        let Marker { kind, name, inc } = marker;
        let shows = |head: &Head| {
            let life = self.lives.get(&(name.clone(), inc));
            let born = head.born || life.is_some_and(Life::is_born);
            born && !life.is_some_and(Life::has_ended)
        };
        let head = self.heads.get(&name).filter(|head| head.inc == inc);
        match head.filter(|head| head.life == Standing::Active) {
            Some(head) if kind == MarkerKind::Live && shows(head) => {
                Err("no list of names shows that life any more, and it goes on".into())
            }
            _ => Ok(()),
        }
    }

    /// The floor of a life. None: it is over, and all of its slots are below it, as it were.
    fn floor(&self, name: &Namespace, inc: Incarnation) -> Option<Seq> {
        let head = self.heads.get(name).filter(|head| head.inc == inc)?;
        match head.life {
            Standing::Active | Standing::Branching => Some(head.floor),
            Standing::Deleted { .. } => None,
        }
    }

    fn leak(&mut self, text: &str, name: &Namespace, inc: Incarnation) {
        match self.floor(name, inc) {
            Some(_) => drop(self.leaked.remove(text)),
            None => drop(self.leaked.insert(text.to_owned())),
        }
    }
}

fn parsed(text: &str) -> Result<Key, String> {
    Key::parse(text).map_err(|error| error.chain())
}

fn swapped(put: &Put) -> Verdict {
    match put.mode {
        PutMode::Overwrite => Err("a cell is put, and not swapped".into()),
        PutMode::Create | PutMode::Update(_) => Ok(()),
    }
}

fn nothing() -> Entry {
    Entry::Batch { rows: BTreeMap::new(), gone: Vec::new(), edits: Vec::new() }
}

/// Those of its chunks, in the order in which the slot names them, and then its own.
fn parts(body: &Body<Stored>, objects: &Objects) -> Result<Vec<Bytes>, String> {
    let mut parts = Vec::new();
    for name in &body.chunks {
        let key = Key::Immutable(ImmutableKey::File(name.clone())).spell();
        let key = key.map_err(|error| error.chain())?;
        let object = objects.get(&key).ok_or_else(|| format!("{key} is not there"))?;
        let part = chunk::decode(name, &object.body);
        parts.push(part.map_err(|error| format!("{key}: {}", error.chain()))?);
    }
    parts.extend(body.batch.parts.iter().cloned());
    Ok(parts)
}
