//! What a client knows: what it saw, what it was told, and what others say that they were told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use elacsym::model::{Namespace, ReadOnly};

use crate::world::model::kind_of;
use crate::world::words::{
    Act, COUNT, Change, Datum, Doc, FICKLE, If, Kind, Read, Said, Sight, Touched, VECTOR, Wish,
};

/// In which words a node says that a name takes no writes: there are no others by which a client could
/// tell it from what is wrong with its request.
const READ_ONLY: &str = "is read-only";

/// The last slot of each name that anybody was told of. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearsay(Arc<Mutex<BTreeMap<Namespace, u64>>>);

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    names: BTreeMap<Namespace, Known>,
    hearsay: Hearsay,
}

/// What is known of one name. It may be long out of date.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    ids: BTreeMap<u64, Last>,
    kinds: BTreeMap<&'static str, Kind>,
    /// It takes no writes.
    frozen: bool,
    /// The last slot that this client was told of.
    pub(super) told: Option<u64>,
    /// The last one that anybody was told of.
    pub(super) heard: Option<u64>,
}

/// How a document was when it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Gone,
    /// There, and without a count.
    Bare,
    Count(i64),
}

impl Hearsay {
    fn tell(&self, name: &Namespace, seq: u64) {
        let mut all = self.all();
        let last = all.entry(name.clone()).or_default();
        *last = seq.max(*last);
    }

    fn ask(&self, name: &Namespace) -> Option<u64> {
        self.all().get(name).copied()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Namespace, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    pub(crate) fn nothing(hearsay: Hearsay) -> Self {
        Self { names: BTreeMap::new(), hearsay }
    }

    pub(super) fn of(&self, name: &Namespace) -> Known {
        let known = self.names.get(name).cloned().unwrap_or_default();
        Known { heard: self.hearsay.ask(name), ..known }
    }

    /// Takes in what came back.
    pub(crate) fn learn(&mut self, act: &Act) {
        let known = self.names.entry(act.name.clone()).or_default();
        let seq = match &act.said {
            Said::Changed { seq, .. } => Some(*seq),
            Said::Saw(sight) => Some(sight.seq),
            _ => None,
        };
        if let Some(seq) = seq {
            known.told = known.told.max(Some(seq));
            self.hearsay.tell(&act.name, seq);
        }
        match (&act.wish, &act.said) {
            (Wish::Change { change, .. }, said) => known.changed(change, said),
            (Wish::Set(change), said) => known.set(change, said),
            (Wish::Read { read, .. }, Said::Saw(sight)) => known.saw(read, sight),
            (_, Said::Absent | Said::Ended) | (Wish::End, Said::Unknown(_)) => known.lose(),
            _ => {}
        }
    }
}

impl Known {
    pub(super) fn last(&self, id: u64) -> Option<Last> {
        self.ids.get(&id).copied()
    }

    pub(super) fn kind(&self, attribute: &str) -> Option<Kind> {
        self.kinds.get(attribute).copied()
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Whether nothing was ever seen there, or it is gone.
    pub(super) fn is_new(&self) -> bool {
        self.ids.is_empty() && self.kinds.is_empty()
    }

    /// All that was there is gone.
    fn lose(&mut self) {
        self.ids.clear();
        self.kinds.clear();
        self.frozen = false;
    }

    fn saw(&mut self, read: &Read, sight: &Sight) {
        match read {
            Read::All => self.ids.clear(),
            Read::One(id) => self.ids.extend([(*id, Last::Gone)]),
            Read::CountBelow(_) | Read::Says(_) | Read::Nearest { .. } => {}
        }
        for (id, doc) in &sight.rows {
            self.ids.insert(*id, Last::of(doc).unwrap_or(Last::Bare));
            self.learn_kinds(doc);
        }
    }

    fn learn_kinds(&mut self, doc: &Doc) {
        for attribute in FICKLE.into_iter().chain([VECTOR]) {
            let kind = doc.get(attribute).map(kind_of);
            self.kinds.extend(kind.map(|kind| (attribute, kind)));
        }
    }

    fn changed(&mut self, change: &Change, said: &Said) {
        match said {
            Said::Changed { touched: Some(touched), stored: false, .. } if change.finds() => {
                self.found(change, touched);
            }
            Said::Changed { puts, patches, deletes, stored: false, .. } => {
                self.applied(change, [*puts, *patches, *deletes]);
            }
            Said::Absent => self.lose(),
            Said::Refused(why) if why.contains(READ_ONLY) => self.frozen = true,
            // It may be that an attribute is of another kind than was thought.
            Said::Refused(_) => self.kinds.clear(),
            Said::NotCommitted(_) => {}
            // Whether, and when.
            _ => self.forget(change),
        }
    }

    /// Whoever froze a name has it in mind, be it that nobody knows whether it came about.
    fn set(&mut self, change: &Change, said: &Said) {
        match (change.read_only, said) {
            (_, Said::Absent) => self.lose(),
            (Some(read_only), Said::Set | Said::Unknown(_)) => {
                self.frozen = read_only == ReadOnly::Yes;
            }
            (None, Said::Set) => self.kinds.extend(change.declare.iter().copied()),
            (None, Said::Refused(why)) if why.contains(READ_ONLY) => self.frozen = true,
            (None, Said::Refused(_)) => self.kinds.clear(),
            _ => {}
        }
    }

    fn forget(&mut self, change: &Change) {
        if change.finds() {
            self.ids.clear();
        }
        let rows = change.puts.iter().chain(&change.patches).map(|(id, _)| id);
        for id in rows.chain(&change.deletes) {
            self.ids.remove(id);
        }
        for attribute in &change.drop {
            self.kinds.remove(attribute);
        }
    }

    /// Of documents that a change finds, it is known which they were.
    fn found(&mut self, change: &Change, touched: &Touched) {
        self.frozen = false;
        let patch = change.patch_found.as_ref().and_then(|(_, doc)| Last::of(doc));
        for id in &touched.patches {
            self.ids.remove(id);
            self.ids.extend(patch.map(|last| (*id, last)));
        }
        self.ids.extend(touched.deletes.iter().map(|id| (*id, Last::Gone)));
        for (id, _) in change.puts.iter().chain(&change.patches) {
            self.ids.remove(id);
        }
        for attribute in &change.drop {
            self.kinds.remove(attribute);
        }
    }

    /// As far as the numbers tell which documents were touched, they are known.
    fn applied(&mut self, change: &Change, [puts, patches, deletes]: [u64; 3]) {
        self.forget(change);
        self.frozen = false;
        let stays = |(attribute, _): &&(&'static str, Kind)| !change.drop.contains(attribute);
        self.kinds.extend(change.declare.iter().filter(stays).copied());
        let all = |touched: u64, part: usize| touched == part as u64;
        for (id, doc) in change.puts.iter().filter(|_| all(puts, change.puts.len())) {
            self.ids.insert(*id, Last::of(doc).unwrap_or(Last::Bare));
            self.learn_kinds(doc);
        }
        for (id, doc) in change.patches.iter().filter(|_| all(patches, change.patches.len())) {
            self.ids.extend(Last::of(doc).map(|last| (*id, last)));
            self.learn_kinds(doc);
        }
        if all(deletes, change.deletes.len()) || change.delete_if == If::Always {
            self.ids.extend(change.deletes.iter().map(|id| (*id, Last::Gone)));
        }
    }
}

impl Last {
    /// None: it says nothing of a count.
    fn of(doc: &Doc) -> Option<Self> {
        match doc.get(COUNT) {
            Some(Datum::Int(count)) => Some(Self::Count(*count)),
            Some(Datum::Text(_) | Datum::Vector(_) | Datum::Other(_)) | None => None,
        }
    }
}
