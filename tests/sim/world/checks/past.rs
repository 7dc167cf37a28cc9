//! The past of a name, as its log has it: its lives, and what it was at every slot.
//!
//! What must hold of a log: a slot never changes once it is there; the slots of a life follow one
//! another without a gap and end with its end; over all lives numbers only grow, and epochs never
//! fall. A batch that was folded may be collected, and then a delayed fence may lie where it lay: it
//! says nothing to anybody, and neither here.
//!
//! States are not kept: of each document there are its versions, and a search by slot.

use std::collections::BTreeMap;
use std::sync::Arc;

use elacsym::model::{Namespace, ReadOnly};

use super::super::model::{Ground, State, kind_of};
use super::super::words::{Broken, Doc, Edit, Entry, History, Landed, Moment, Wish};
use super::{broken, shown};

pub(super) struct Past<'a> {
    pub(super) name: &'a Namespace,
    /// In the order of their numbers, which is the one in which they landed.
    slots: Vec<Slot<'a>>,
    pub(super) lives: Vec<Life>,
    eras: Vec<Era>,
    versions: BTreeMap<u64, Vec<Version>>,
    now: State,
}

#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) landed: &'a Landed,
    /// By its place among the lives of the name.
    pub(super) life: usize,
}

pub(super) struct Life {
    inc: u128,
    /// When its first batch landed: until then nobody sees the name.
    pub(super) born: Option<Moment>,
    /// By which slot it ended, and when.
    pub(super) ended: Option<(u64, Moment)>,
}

/// What the name is besides its documents, from some slot on.
pub(super) struct Era {
    next: u64,
    from: Moment,
    pub(super) ground: Ground,
}

/// A document as it is in every state whose first missing slot is `next`, or a later one.
struct Version {
    next: u64,
    doc: Option<Arc<Doc>>,
}

impl<'a> Past<'a> {
    /// Of every name that somebody asked for, or that has a log.
    pub(super) fn all(history: &'a History) -> Result<BTreeMap<&'a Namespace, Self>, Broken> {
        let mut pasts = BTreeMap::new();
        for act in history.acts.iter().filter(|act| act.wish != Wish::List) {
            pasts.entry(&act.name).or_insert_with(|| Self::of_nothing(&act.name));
        }
        for landed in &history.log {
            let past = pasts.entry(&landed.name);
            past.or_insert_with(|| Self::of_nothing(&landed.name)).meet(landed)?;
        }
        Ok(pasts)
    }

    fn of_nothing(name: &'a Namespace) -> Self {
        let never = Era { next: 0, from: Moment(0), ground: Ground::default() };
        Self {
            name,
            slots: Vec::new(),
            lives: Vec::new(),
            eras: vec![never],
            versions: BTreeMap::new(),
            now: State::default(),
        }
    }

    pub(super) fn slots(&self) -> &[Slot<'a>] {
        &self.slots
    }

    pub(super) fn slot(&self, seq: u64) -> Option<Slot<'a>> {
        let found = self.slots.binary_search_by_key(&seq, |slot| slot.landed.seq);
        found.ok().map(|at| self.slots[at])
    }

    /// A document in the state whose first missing slot is `next`.
    pub(super) fn doc(&self, id: u64, next: u64) -> Option<&Arc<Doc>> {
        let versions = self.versions.get(&id)?;
        let until = versions.partition_point(|version| version.next <= next);
        versions[..until].last()?.doc.as_ref()
    }

    /// All documents of that state, by id.
    pub(super) fn alive(&self, next: u64) -> impl Iterator<Item = (u64, &Arc<Doc>)> {
        self.versions.keys().filter_map(move |id| Some((*id, self.doc(*id, next)?)))
    }

    pub(super) fn ground(&self, next: u64) -> &Ground {
        // The first era begins before all slots.
        let until = self.eras.partition_point(|era| era.next <= next).max(1);
        &self.eras[until - 1].ground
    }

    /// Eras of which a part lies between two moments.
    pub(super) fn eras(&self, call: Moment, back: Moment) -> impl Iterator<Item = &Era> {
        let overlaps = move |at: usize| {
            let over = self.eras.get(at + 1).map_or(Moment::NEVER, |after| after.from);
            self.eras[at].from < back && over > call
        };
        let eras = self.eras.iter().enumerate();
        eras.filter(move |(at, _)| overlaps(*at)).map(|(_, era)| era)
    }

    /// Whether the name was not there at some moment between the two: the first slot that a state
    /// after that moment may have as its first missing one.
    pub(super) fn gone_between(&self, call: Moment, back: Moment) -> Option<u64> {
        self.eras(call, back).find(|era| !era.ground.there).map(|era| era.next)
    }

    fn meet(&mut self, landed: &'a Landed) -> Result<(), Broken> {
        if let Some(first) = self.slot(landed.seq) {
            return again(first.landed, landed);
        }
        self.follows(landed)?;
        self.slots.push(Slot { landed, life: self.lives.len() - 1 });
        match &landed.entry {
            Entry::Fence => Ok(()),
            Entry::Batch { rows, gone, edits } => self.batch(landed, rows, gone, edits),
            Entry::End => self.end(landed),
        }
    }

    fn follows(&mut self, landed: &Landed) -> Result<(), Broken> {
        let Landed { inc, seq, epoch, at, .. } = landed;
        let last = self.slots.last().map(|slot| slot.landed);
        let told = match last {
            None => {
                self.lives.push(Life { inc: *inc, born: None, ended: None });
                return Ok(());
            }
            Some(last) if last.at >= *at => "it is told before one that landed later",
            Some(last) if last.inc == *inc => match &last.entry {
                Entry::End => "its life had ended",
                _ if last.seq.checked_add(1) != Some(*seq) => "it does not follow",
                _ if *epoch < last.epoch => "its epoch fell",
                _ => return Ok(()),
            },
            Some(last) if self.lives.iter().any(|life| life.inc == *inc) || last.seq > *seq => {
                "another life had begun"
            }
            Some(last) if last.entry != Entry::End => "the life before it has no end",
            Some(last) if *epoch <= last.epoch => "an epoch of the life before comes again",
            Some(_) => {
                self.lives.push(Life { inc: *inc, born: None, ended: None });
                return Ok(());
            }
        };
        let before = last.map_or(String::new(), |last| format!(" after {}", spelt(last)));
        broken(format!("{}{before}: {told}", spelt(landed)))
    }

    fn batch(
        &mut self,
        landed: &Landed,
        rows: &BTreeMap<u64, Doc>,
        gone: &[u64],
        edits: &[Edit],
    ) -> Result<(), Broken> {
        let next = landed.seq.saturating_add(1);
        if let Some(life) = self.lives.last_mut() {
            life.born = life.born.or(Some(landed.at));
        }
        let mut ground = self.now.ground.clone();
        ground.there = true;
        // Whatever was put by somebody, the slot speaks of it, be it that it is gone again.
        ground.settled |= !rows.is_empty() || !gone.is_empty();
        for edit in edits {
            match edit {
                Edit::Added(name, kind) => match ground.kinds.insert(*name, *kind) {
                    Some(known) if known != *kind => {
                        let told = format!("'{name}' becomes {kind:?}, and was {known:?}");
                        return broken(format!("{}: {told}", spelt(landed)));
                    }
                    _ => {}
                },
                Edit::Dropped(name) if ground.kinds.remove(name).is_none() => {
                    let told = format!("'{name}' is dropped, and was not there");
                    return broken(format!("{}: {told}", spelt(landed)));
                }
                Edit::Dropped(name) => self.strip(next, name),
                Edit::Searched(searched) => ground.searched = *searched,
                Edit::Settings(read_only, pinning) => {
                    (ground.read_only, ground.pinning) = (*read_only == ReadOnly::Yes, *pinning);
                }
            }
        }
        for (id, doc) in rows {
            let odd = doc.iter().find(|(name, it)| ground.kinds.get(*name) != Some(&kind_of(it)));
            if odd.is_some() || gone.contains(id) {
                let told = "has what its schema has not, or is gone at the same time";
                let doc = shown(Some(doc));
                return broken(format!("{}: document {id} {told}: {doc}", spelt(landed)));
            }
            self.set(next, *id, Some(Arc::new(doc.clone())));
        }
        for id in gone {
            self.set(next, *id, None);
        }
        if ground != self.now.ground {
            self.eras.push(Era { next, from: landed.at, ground: ground.clone() });
            self.now.ground = ground;
        }
        Ok(())
    }

    fn end(&mut self, landed: &Landed) -> Result<(), Broken> {
        if !self.now.ground.there {
            return broken(format!("{}: it ends what was not there", spelt(landed)));
        }
        let next = landed.seq.saturating_add(1);
        let ids: Vec<u64> = self.now.docs.keys().copied().collect();
        ids.into_iter().for_each(|id| self.set(next, id, None));
        self.now = State::default();
        self.eras.push(Era { next, from: landed.at, ground: Ground::default() });
        if let Some(life) = self.lives.last_mut() {
            life.ended = Some((landed.seq, landed.at));
        }
        Ok(())
    }

    fn strip(&mut self, next: u64, name: &str) {
        let held = self.now.docs.iter().filter(|(_, doc)| doc.contains_key(name));
        let held: Vec<(u64, Arc<Doc>)> = held.map(|(id, doc)| (*id, doc.clone())).collect();
        for (id, mut doc) in held {
            Arc::make_mut(&mut doc).remove(name);
            self.set(next, id, Some(doc));
        }
    }

    fn set(&mut self, next: u64, id: u64, doc: Option<Arc<Doc>>) {
        let known = match &doc {
            Some(doc) => self.now.docs.insert(id, doc.clone()).is_some(),
            None => self.now.docs.remove(&id).is_some(),
        };
        if !known && doc.is_none() {
            return;
        }
        let versions = self.versions.entry(id).or_default();
        // Within one slot the last word counts.
        versions.pop_if(|version| version.next == next);
        versions.push(Version { next, doc });
    }
}

/// A slot that landed where one had been before.
fn again(first: &Landed, landed: &Landed) -> Result<(), Broken> {
    let told = if first.inc != landed.inc {
        "another life has that number"
    } else if !matches!(first.entry, Entry::Batch { .. }) {
        "a fence or an end was deleted"
    } else if landed.entry != Entry::Fence && landed.entry != first.entry {
        "it changed"
    } else {
        return Ok(());
    };
    broken(format!("{} after {}: {told}", spelt(landed), spelt(first)))
}

fn spelt(landed: &Landed) -> String {
    let Landed { name, inc, seq, epoch, entry, .. } = landed;
    let kind = match entry {
        Entry::Batch { rows, gone, edits } => {
            format!("batch of {} rows, {} gone, {edits:?}", rows.len(), gone.len())
        }
        Entry::Fence => "fence".into(),
        Entry::End => "end".into(),
    };
    format!("slot {seq} of {name} (life {inc:x}, epoch {epoch}, {kind})")
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{COUNT, FICKLE, Kind};
    use super::super::sketch::{Sketch, doc, fickle, opening, rows};
    use super::*;

    fn past(sketch: &Sketch) -> Result<Past<'_>, Broken> {
        let mut pasts = Past::all(&sketch.history)?;
        Ok(pasts.pop_first().unwrap().1)
    }

    fn told(sketch: &Sketch) -> String {
        past(sketch).err().unwrap().0
    }

    #[test]
    fn a_document_is_known_at_every_slot() {
        let mut sketch = Sketch::default();
        sketch.land(1, 4, 1, opening(&[(7, doc(1, 0)), (8, doc(1, 1))], &[]));
        sketch.land(1, 5, 2, Entry::Fence);
        sketch.land(1, 6, 2, rows(&[(7, doc(2, 5))], &[8]));
        sketch.land(1, 7, 2, Entry::End);
        sketch.land(2, 9, 3, opening(&[(8, doc(3, 2))], &[]));
        let past = past(&sketch).unwrap();
        let at = |id, next| past.doc(id, next).map(|doc| (**doc).clone());
        for (next, seven, eight) in [
            (0, None, None),
            (4, None, None),
            (5, Some(doc(1, 0)), Some(doc(1, 1))),
            (6, Some(doc(1, 0)), Some(doc(1, 1))),
            (7, Some(doc(2, 5)), None),
            (8, None, None),
            (9, None, None),
            (10, None, Some(doc(3, 2))),
            (99, None, Some(doc(3, 2))),
        ] {
            assert_eq!((at(7, next), at(8, next)), (seven, eight), "{next}");
            assert_eq!(past.ground(next).there, past.alive(next).count() > 0, "{next}");
        }
        assert_eq!(past.slot(9).unwrap().life, 1);
        assert!(past.slot(8).is_none());
        assert_eq!((past.slots().len(), past.lives[0].ended.unwrap().0), (5, 7));
    }

    #[test]
    fn what_is_dropped_goes_from_the_documents_that_were_there() {
        let mut sketch = Sketch::default();
        let [a, _] = FICKLE;
        let added = [Edit::Added(a, Kind::Int)];
        sketch.land(1, 1, 1, opening(&[(7, fickle(1, 5)), (8, doc(1, 0))], &added));
        let mut again = rows(&[(8, fickle(2, 6))], &[]);
        if let Entry::Batch { edits, .. } = &mut again {
            edits.push(Edit::Dropped(a));
            edits.extend(added);
        }
        sketch.land(1, 2, 1, again);
        let past = past(&sketch).unwrap();
        assert_eq!(**past.doc(7, 2).unwrap(), fickle(1, 5));
        assert_eq!(**past.doc(7, 3).unwrap(), doc(1, 0));
        assert_eq!(**past.doc(8, 3).unwrap(), fickle(2, 6));
        assert_eq!(past.ground(3).kinds.get(COUNT), Some(&Kind::Int));
    }

    #[test]
    fn a_name_is_gone_before_its_first_batch_and_behind_its_end() {
        let mut sketch = Sketch::default();
        let fenced = sketch.land(1, 1, 1, Entry::Fence);
        let born = sketch.land(1, 2, 1, opening(&[(7, doc(1, 0))], &[]));
        let early = sketch.moment();
        let late = sketch.moment();
        let ended = sketch.land(1, 3, 1, Entry::End);
        let past = past(&sketch).unwrap();
        assert_eq!(past.gone_between(fenced, born), Some(0));
        assert_eq!(past.gone_between(early, late), None);
        assert_eq!(past.gone_between(early, ended), None);
        assert_eq!(past.gone_between(late, Moment::NEVER), Some(4));
        assert_eq!(past.eras(fenced, Moment::NEVER).count(), 3);
        assert_eq!(past.eras(early, late).count(), 1);
    }

    #[test]
    fn a_delayed_fence_or_twin_in_a_collected_slot_says_nothing() {
        let mut sketch = Sketch::default();
        let first = opening(&[(7, doc(1, 0))], &[]);
        sketch.land(1, 1, 1, first.clone());
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        sketch.land(1, 1, 1, first);
        sketch.land(1, 2, 3, Entry::Fence);
        assert_eq!(**past(&sketch).unwrap().doc(7, 9).unwrap(), doc(2, 0));
    }

    #[test]
    fn a_log_that_no_store_should_have_is_told() {
        let first = || opening(&[(7, doc(1, 0))], &[]);
        let next = || rows(&[(7, doc(2, 0))], &[]);
        let odd = |edit| Entry::Batch { rows: BTreeMap::new(), gone: vec![], edits: vec![edit] };
        type Slots = Vec<(u128, u64, u64, Entry)>;
        let cases: [(Slots, &str); 15] = [
            (vec![(1, 1, 2, first()), (1, 1, 2, next())], "it changed"),
            (vec![(1, 1, 2, Entry::Fence), (1, 1, 2, first())], "was deleted"),
            (vec![(1, 1, 2, first()), (1, 3, 2, next())], "does not follow"),
            (vec![(1, 2, 2, first()), (1, 1, 2, next())], "does not follow"),
            (vec![(1, 1, 2, first()), (1, 2, 1, next())], "epoch fell"),
            (vec![(1, 1, 2, first()), (1, 2, 2, Entry::End), (1, 3, 2, next())], "had ended"),
            (vec![(1, 1, 2, first()), (2, 2, 3, first())], "has no end"),
            (vec![(1, 1, 2, first()), (2, 1, 3, first())], "has that number"),
            (vec![(1, 1, 2, Entry::End)], "was not there"),
            (vec![(1, 1, 2, first()), (1, 2, 2, Entry::End), (2, 3, 2, first())], "comes again"),
            (
                vec![
                    (1, 3, 2, first()),
                    (1, 4, 2, Entry::End),
                    (2, 5, 3, first()),
                    (1, 6, 3, Entry::Fence),
                ],
                "another life had begun",
            ),
            (vec![(1, 1, 2, rows(&[(7, doc(1, 0))], &[]))], "its schema has not"),
            (vec![(1, 1, 2, first()), (1, 2, 2, rows(&[(7, doc(2, 0))], &[7]))], "is gone at"),
            (
                vec![(1, 1, 2, first()), (1, 2, 2, odd(Edit::Added(COUNT, Kind::Text)))],
                "becomes Text",
            ),
            (
                vec![(1, 1, 2, first()), (1, 2, 2, odd(Edit::Dropped(FICKLE[0])))],
                "and was not there",
            ),
        ];
        for (slots, expected) in cases {
            let mut sketch = Sketch::default();
            for (inc, seq, epoch, entry) in slots {
                sketch.land(inc, seq, epoch, entry);
            }
            let told = told(&sketch);
            assert!(told.contains(expected), "{told}");
        }
    }
}
