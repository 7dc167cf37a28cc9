//! What is known of a name as rows: its base, the tail behind it, and the segments before it.
//!
//! The machines know slots. Those of this owner are taken in as they are committed; those of others
//! are read here, with the chunks that they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::desk::{Desk, Done};
use crate::env::{blocking, discard};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::log::effects;
use crate::log::{Stored, chunk};
use crate::memory::Memory;
use crate::model::{FileName, Incarnation, Reads, Seq, Version, Warmth, Write};
use crate::namespace::base::{Base, SegmentEntry};
use crate::namespace::commit::{Asks, asks};
use crate::namespace::segments::{Segment, Unread, whole};
use crate::namespace::tail::{Landed, Tail};
use crate::protocol::{Slot, View};
use crate::segment::rows::Extent;
use crate::storage::{Reader, Tab};

/// The rows behind one head, as far as they are known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) inc: Incarnation,
    pub(super) version: Version,
    pub(super) base: Arc<Base>,
    pub(super) tail: Tail,
}

/// What slots of others led to.
pub(super) struct Grown(Known);

/// Segments in memory, by the names of their rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    here: BTreeMap<FileName, Arc<Segment>>,
    /// What a fold made, until the head names it.
    coming: Vec<Arc<Segment>>,
}

impl Known {
    fn of(view: &View<Stored>, before: Option<&Self>) -> Result<Self> {
        let head = &view.seen.head;
        let base = Arc::new(Base::decode(&head.base).context("the base of the head")?);
        // A fold leaves the slots after it as they were.
        let before = before.filter(|it| it.inc == head.inc && it.tail.next() >= head.floor);
        let tail = match before {
            Some(before) => before.tail.beyond(&base, head.floor),
            None => Tail::behind(&base, head.floor),
        };
        Ok(Self { inc: head.inc, version: head.version, base, tail })
    }

    /// Whether its head is not older than that of a view: then what it lacks, the view has.
    fn covers(&self, view: &View<Stored>) -> bool {
        let head = &view.seen.head;
        self.inc == head.inc && self.version >= head.version
    }

    /// An own slot, whose effects need not be read, if it is the next one. If it is not, something is
    /// being read anew, and the slot with it.
    pub(super) fn grow(&mut self, inc: Incarnation, slot: &Arc<Landed>) -> Result<()> {
        let next = (self.inc, self.tail.next()) == (inc, slot.seq());
        if next { self.tail.apply(slot) } else { Ok(()) }
    }
}

impl Shelf {
    /// The segments of a base, if all of them are here, so far.
    pub(super) fn of(&self, base: &Base, extent: Extent) -> Option<Vec<Arc<Segment>>> {
        base.segments.iter().map(|entry| self.get(entry, extent).cloned()).collect()
    }

    /// Which of them a query need not wait for.
    pub(super) fn warmth(&self, base: &Base) -> Warmth {
        let all = base.segments.iter();
        let here = all.filter(|entry| self.get(entry, Extent::Whole).is_some()).count();
        Warmth { at_hand: here as u64, read: (base.segments.len() - here) as u64 }
    }

    fn get(&self, entry: &SegmentEntry, extent: Extent) -> Option<&Arc<Segment>> {
        let segment = self.here.get(&entry.rows)?;
        (segment.entry() == entry && segment.extent() >= extent).then_some(segment)
    }

    pub(super) fn put(&mut self, segments: Vec<Arc<Segment>>) {
        self.here = segments.into_iter().map(|one| (one.entry().rows.clone(), one)).collect();
    }

    pub(super) fn expect(&mut self, segments: Vec<Arc<Segment>>) {
        self.coming = segments;
    }

    /// The head moved on: is it what was expected?
    fn arrive(&mut self, base: &Base) {
        let entries = self.coming.iter().map(|segment| segment.entry());
        if !self.coming.is_empty() && entries.eq(&base.segments) {
            let coming = std::mem::take(&mut self.coming);
            self.put(coming);
        }
    }

    /// Keeps the ids alone, which the owner needs for its next fold.
    pub(super) fn strip(&mut self, memory: &Memory) {
        for segment in self.here.values_mut().filter(|it| it.extent() > Extent::Ids) {
            *segment = Arc::new(segment.bare(memory));
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Desk {
    /// What a view of the machines is as rows, or a later state. None: its slots are being read.
    pub(super) fn rows_of(&mut self, view: &View<Stored>) -> Result<Option<Known>> {
        if !self.known.as_ref().is_some_and(|known| known.covers(view)) {
            let before = self.known.take();
            let known = Known::of(view, before.as_ref())?;
            // To free what was folded takes as long as to look at all of it.
            discard(before);
            self.shelf.arrive(&known.base);
            self.known = Some(known);
        }
        let Some(known) = &mut self.known else { return Ok(None) };
        let from = known.tail.next();
        let slots: Vec<_> = view.batches.iter().filter(|slot| slot.seq >= from).cloned().collect();
        if slots.is_empty() || crate::mutant!("a name is opened without its tail") {
            known.tail.reach(view.next);
            return Ok(Some(known.clone()));
        }
        if !self.looks.growing && self.doubted.is_none() {
            self.looks.growing = true;
            let (known, next) = (known.clone(), view.next);
            let (store, tab) = self.grounds.store.reader().apart();
            let grower = Grower {
                store,
                memory: self.grounds.memory.clone(),
                owed: self.owner.tenure().is_some(),
            };
            let inc = known.inc;
            self.work.spawn(async move {
                let grown = grower.grow(known, slots, next).await;
                Done::Grown(inc, reads_on(&tab), grown)
            });
        }
        Ok(None)
    }

    pub(super) fn grown(&mut self, inc: Incarnation, grown: Result<Grown, Unread>) -> Result<()> {
        self.looks.growing = false;
        if !self.is_known(inc) {
            return Ok(());
        }
        match grown {
            Ok(Grown(grown)) => {
                // It may have been overtaken, by a fold or a claim: then it is of no use.
                let behind = |known: &Known| {
                    (known.inc, known.version) == (grown.inc, grown.version)
                        && known.tail.next() <= grown.tail.next()
                };
                if self.known.as_ref().is_some_and(behind) {
                    self.known = Some(grown);
                }
                Ok(())
            }
            Err(unread) => self.unread(unread, |_| true),
        }
    }

    /// Whether that life is still what is known here. What a task says of another is of no use, not
    /// even what it failed of.
    fn is_known(&self, inc: Incarnation) -> bool {
        self.known.as_ref().is_some_and(|known| known.inc == inc)
    }

    /// The segments of a base, as far as they are wanted. None: they are being read.
    pub(super) fn segments_of(
        &mut self,
        inc: Incarnation,
        base: &Arc<Base>,
        extent: Extent,
    ) -> Option<Vec<Arc<Segment>>> {
        let here = self.shelf.of(base, extent);
        // As long as nobody knows whose it is, what is missing is not asked for again and again.
        if here.is_none() && !self.looks.loading && self.doubted.is_none() {
            self.looks.loading = true;
            let (store, tab) = self.grounds.store.reader().apart();
            let memory = self.grounds.memory.clone();
            let (base, shelf) = (base.clone(), self.shelf.clone());
            self.work.spawn(async move {
                let loaded = load(&store, &base, extent, shelf, &memory).await;
                Done::Loaded(inc, reads_on(&tab), loaded)
            });
        }
        here
    }

    pub(super) fn loaded(
        &mut self,
        inc: Incarnation,
        loaded: Result<Vec<Arc<Segment>>, Unread>,
    ) -> Result<()> {
        self.looks.loading = false;
        if !self.is_known(inc) {
            crate::reach!("rows come when their life, or its owner here, is over");
            return Ok(());
        }
        match loaded {
            Ok(segments) => {
                self.shelf.put(segments);
                Ok(())
            }
            // Whoever asks no segment is not stopped by one.
            Err(unread) => self.unread(unread, |write| asks(write) > Asks::Nothing),
        }
    }

    /// Whether the owner's head names that file, or a slot behind it does.
    pub(super) fn names(&mut self, file: &FileName) -> bool {
        let Some((_, tenure)) = self.owner.tenure() else { return false };
        let view = tenure.view();
        let bodies = view.batches.iter().filter_map(|slot| slot.body());
        let chunks = bodies.flat_map(|body| &body.chunks);
        view.seen.head.files.iter().chain(chunks).any(|named| named == file)
    }

    /// Of the writes that wait, those that `need` it are told.
    fn unread(&mut self, unread: Unread, need: impl Fn(&Write) -> bool) -> Result<()> {
        match unread {
            Unread::Failed(error)
                if !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Internal) =>
            {
                self.tell(&error, need);
                Ok(())
            }
            Unread::Failed(error) => Err(error),
            Unread::Missing(file) => self.missing(&file),
        }
    }
}

/// Reads the slots of others.
struct Grower {
    store: Reader,
    memory: Memory,
    /// An owner must know its tail, be there room or not: only then can it be folded.
    owed: bool,
}

impl Grower {
    async fn grow(
        &self,
        mut known: Known,
        slots: Vec<Arc<Slot<Stored>>>,
        next: Seq,
    ) -> Result<Grown, Unread> {
        for slot in slots {
            let landed = self.land(&slot).await?;
            known.tail.apply(&landed).map_err(Unread::Failed)?;
        }
        known.tail.reach(next);
        Ok(Grown(known))
    }

    /// What a slot does, part by part: those of its chunks come first.
    async fn land(&self, slot: &Arc<Slot<Stored>>) -> Result<Arc<Landed>, Unread> {
        let Some(body) = slot.body() else {
            return Ok(Landed::new(slot.seq, Vec::new(), &self.memory));
        };
        let mut parts = Vec::new();
        let lost = usize::from(crate::mutant!("the first chunk of a batch is not read"));
        for name in body.chunks.iter().skip(lost) {
            let bytes = whole(&self.store, name).await?;
            parts.push(chunk::decode(name, &bytes).map_err(Unread::Failed)?);
        }
        parts.extend(body.batch.parts.iter().cloned());
        let unpacked = parts.iter().map(effects::unpacked_bytes).sum();
        let share = if self.owed {
            self.memory.take(unpacked)
        } else {
            self.memory.ask(unpacked).map_err(Unread::Failed)?
        };
        let at = format!("slot {} of {}", slot.seq, slot.inc);
        let (seq, memory) = (slot.seq, self.memory.clone());
        let decode = move || {
            let parts = parts.iter().map(effects::decode).collect::<Result<Vec<_>>>()?;
            drop(share);
            Ok(Landed::new(seq, parts, &memory))
        };
        blocking(decode).await.context(at).map_err(Unread::Failed)
    }
}

async fn load(
    store: &Reader,
    base: &Base,
    extent: Extent,
    shelf: Shelf,
    memory: &Memory,
) -> Result<Vec<Arc<Segment>>, Unread> {
    let known = |rows: &FileName| shelf.here.get(rows);
    let mut segments = Vec::new();
    for entry in &base.segments {
        let known = known(&entry.rows);
        if let Some(same) = known.filter(|it| it.entry() == entry && it.extent() >= extent) {
            segments.push(same.clone());
            continue;
        }
        let read = Segment::read(store, entry, extent, known.map(|it| &**it), memory).await?;
        segments.push(Arc::new(read));
    }
    Ok(segments)
}

fn reads_on(tab: &Tab) -> Reads {
    Reads { objects: tab.requests(), bytes: tab.bytes_in() }
}

pub(super) fn lost(file: &FileName) -> Error {
    Error::corrupt(format!("{file:?}, which the head or a slot names, is not there"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DocId;

    /// What is known was once dropped while an own slot was on its way, and begun again from the
    /// floor. The slot was taken in when it was settled, the ones before it never were, and the next
    /// fold would have cut them from the log.
    #[test]
    fn an_own_slot_is_taken_in_only_if_it_is_the_next_of_its_life() {
        let (memory, base) = (Memory::of(1 << 20), Arc::new(Base::default()));
        let (one, other) = (Incarnation(1), Incarnation(2));
        let tail = Tail::behind(&base, Seq(3));
        let mut known = Known { inc: one, version: Version(1), base, tail };
        let slot = |seq: u64| {
            let effects =
                effects::Effects { deletes: vec![DocId::Uint(seq)], ..Default::default() };
            Landed::new(Seq(seq), vec![effects], &memory)
        };
        known.grow(one, &slot(5)).unwrap();
        assert_eq!(known.tail.next(), Seq(3), "slots 3 and 4 would be missing for ever");
        known.grow(other, &slot(3)).unwrap();
        assert_eq!(known.tail.next(), Seq(3), "a slot of another life");
        known.grow(one, &slot(3)).unwrap();
        known.grow(one, &slot(4)).unwrap();
        assert_eq!((known.tail.next(), known.tail.slots()), (Seq(5), 2));
        known.grow(one, &slot(4)).unwrap();
        assert_eq!(
            (known.tail.next(), known.tail.slots()),
            (Seq(5), 2),
            "read before it was settled"
        );
    }
}
