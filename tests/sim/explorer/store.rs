//! The store of the model: it does what it is told, at once. Lying about it is the world's part.

use std::sync::Arc;

use elacsym::model::{FileName, Incarnation, Seq};
use elacsym::protocol::{
    Head, Life, Listing, Marker, MarkerKind, Receipts, Reply, Request, Seen, Slot,
};

use super::model::{Model, NAMES, index};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) heads: [Option<Arc<Head<Model>>>; NAMES],
    /// By incarnation and number.
    pub(super) slots: Vec<Arc<Slot<Model>>>,
    pub(super) files: Vec<FileName>,
    pub(super) tables: Vec<(FileName, Arc<Receipts<Model>>)>,
    pub(super) markers: Vec<Marker>,
    /// How often each name began to live.
    pub(super) births: [u8; NAMES],
    /// What was written into a life that was over: nothing promises to find it.
    pub(super) leaked: Vec<(Incarnation, u128)>,
}

impl Store {
    pub(super) fn slot(&self, inc: Incarnation, seq: Seq) -> Option<&Arc<Slot<Model>>> {
        let at = self.slots.binary_search_by_key(&(inc, seq), |slot| (slot.inc, slot.seq)).ok()?;
        Some(&self.slots[at])
    }

    pub(super) fn seen(&self, name: usize) -> Option<Seen<Model>> {
        self.heads[name].clone().map(|head| Seen { tag: head.put, head })
    }

    pub(super) fn has(&self, kind: MarkerKind, name: usize, inc: Incarnation) -> bool {
        let is =
            |m: &Marker| m.kind == kind && index(&m.name) == name && (m.inc == inc || m.inc.0 == 0);
        self.markers.iter().any(is)
    }

    pub(super) fn listing(&self, inc: Incarnation) -> Listing {
        let slots = self.slots.iter().filter(|slot| slot.inc == inc).map(|slot| slot.seq).collect();
        let files = self.files.iter().filter(|file| file.inc == inc).cloned().collect();
        Listing { slots, files }
    }

    /// Says what is so.
    pub(super) fn read(&self, request: &Request<Model>) -> Reply<Model> {
        match request {
            Request::ReadHead { name } => Reply::Head(self.seen(index(name))),
            Request::ReadSlot { inc, seq, .. } => Reply::Slot(self.slot(*inc, *seq).cloned()),
            Request::ReadKeys { file } => {
                let known = self.tables.iter().find(|(name, _)| name == file);
                Reply::Keys(known.map(|(_, table)| table.clone()))
            }
            Request::List { inc, .. } => Reply::Listing(Arc::new(self.listing(*inc))),
            other => unreachable!("{other:?} is no read"),
        }
    }

    /// Does what is asked.
    pub(super) fn write(&mut self, request: &Request<Model>) -> Reply<Model> {
        match request {
            Request::SwapHead { name, was, head } => {
                let now = self.heads[index(name)].as_ref().map(|head| head.put);
                if now != *was {
                    return Reply::Refused;
                }
                let lives = |head: &Arc<Head<Model>>| !matches!(head.life, Life::Deleted { .. });
                let born = lives(head) && !self.heads[index(name)].as_ref().is_some_and(lives);
                self.births[index(name)] += u8::from(born);
                self.heads[index(name)] = Some(head.clone());
                return Reply::Swapped(head.put);
            }
            Request::CreateSlot { slot, name } => {
                self.leak(index(name), slot.inc, slot.seq.0.into());
                let key = (slot.inc, slot.seq);
                match self.slots.binary_search_by_key(&key, |slot| (slot.inc, slot.seq)) {
                    Ok(_) => return Reply::Refused,
                    Err(at) => self.slots.insert(at, slot.clone()),
                }
            }
            Request::PutFile { file } => {
                self.leak(index(&file.home), file.inc, file.ulid);
                put(&mut self.files, file.clone());
            }
            Request::PutMarker { marker } => put(&mut self.markers, marker.clone()),
            Request::DropMarker { marker } => self.drop_marker(marker),
            Request::DropSlot { inc, seq, .. } => {
                self.slots.retain(|slot| (slot.inc, slot.seq) != (*inc, *seq));
            }
            Request::DropFile { file } => {
                self.files.retain(|known| known != file);
                self.tables.retain(|(name, _)| name != file);
            }
            other => unreachable!("{other:?} is no write"),
        }
        Reply::Done
    }

    /// Whether a life is over, by the head.
    pub(super) fn is_dead(&self, name: usize, inc: Incarnation) -> bool {
        let over =
            |head: &Arc<Head<Model>>| head.inc != inc || matches!(head.life, Life::Deleted { .. });
        self.heads[name].as_ref().is_none_or(over)
    }

    fn leak(&mut self, name: usize, inc: Incarnation, what: u128) {
        if self.is_dead(name, inc) {
            put(&mut self.leaked, (inc, what));
        }
    }

    fn drop_marker(&mut self, marker: &Marker) {
        self.markers.retain(|known| known != marker);
    }
}

/// Whether a request can change the store.
pub(super) fn writes(request: &Request<Model>) -> bool {
    !matches!(
        request,
        Request::ReadHead { .. }
            | Request::ReadSlot { .. }
            | Request::ReadKeys { .. }
            | Request::List { .. }
    )
}

fn put<T: Ord>(set: &mut Vec<T>, item: T) {
    if let Err(at) = set.binary_search(&item) {
        set.insert(at, item);
    }
}
