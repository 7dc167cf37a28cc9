//! What a name is besides its documents: what a change makes of it, and why it refuses one, in which no
//! document has a say.

use std::collections::{BTreeMap, BTreeSet};

use elacsym::model::{Create, FILTERABLE_BYTES_MAX, Pinning, ReadOnly};

use super::{Refusal, ids};
use crate::world::words::{
    COUNT, Change, Datum, Doc, If, Kind, METRIC, Read, Searched, TEXT, VECTOR, Without,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ground {
    pub(crate) there: bool,
    /// A document was put: no vector comes any more.
    pub(crate) settled: bool,
    pub(crate) kinds: BTreeMap<&'static str, Kind>,
    pub(crate) searched: Searched,
    pub(crate) read_only: bool,
    pub(crate) pinning: Pinning,
}

impl Ground {
    /// What it is after a change, or why there is none: which no document has a say in.
    pub(crate) fn after(&self, change: &Change) -> Result<Self, Refusal> {
        if self.there && change.create == Create::New {
            return Err(Refusal::Wrong("it is there".to_owned()));
        }
        if !self.there && !creates(change) {
            return Err(Refusal::Absent);
        }
        let mut after = Self { there: true, ..self.clone() };
        if change.read_only.is_some() || change.pinning.is_some() {
            let read_only = change.read_only.map(|said| said == ReadOnly::Yes);
            after.read_only = read_only.unwrap_or(self.read_only);
            after.pinning = change.pinning.unwrap_or(self.pinning);
            return Ok(after);
        }
        if self.read_only {
            return Err(Refusal::Wrong("it is read-only".to_owned()));
        }
        let near = self.is_measured() || change.declare.iter().any(|(_, kind)| is_dense(*kind));
        if let Some(metric) = change.metric.filter(|metric| near && *metric != METRIC) {
            return Err(Refusal::Wrong(format!("vectors are not measured by {metric:?}")));
        }
        for (name, kind) in &change.declare {
            after.admit(name, *kind);
            after.settle(name, *kind)?;
        }
        if let Some(searched) = change.searched {
            after.settle(TEXT, Kind::Text)?;
            after.searched = searched;
        }
        for name in &change.drop {
            after.kinds.remove(name);
        }
        let mut seen = BTreeSet::new();
        if let Some(id) = ids(change).find(|id| !seen.insert(*id)) {
            return Err(Refusal::Wrong(format!("id {id} is there twice")));
        }
        let found = change.patch_found.iter().map(|(_, doc)| doc);
        let patches = change.patches.iter().map(|(_, doc)| doc).chain(found);
        let mut patched = patches.clone().flatten();
        if let Some((name, _)) = patched.find(|(_, datum)| is_dense(kind_of(datum))) {
            return Err(Refusal::Wrong(format!("a patch touches '{name}'")));
        }
        let docs = change.puts.iter().map(|(_, doc)| doc).chain(patches);
        for (name, datum) in docs.flatten() {
            // Whichever vector says by what it is measured says it for all.
            if *name == VECTOR && (change.metric.is_some() || after.is_measured()) {
                after.admit(name, kind_of(datum));
            }
            after.settle(name, kind_of(datum))?;
            after.check_size(name, datum)?;
        }
        if change.without == Without::LeftOut
            && let Some(name) = change.puts.iter().find_map(|(_, doc)| after.lacked(doc))
        {
            return Err(Refusal::Wrong(format!("'{name}' is left out")));
        }
        after.settled |= !change.puts.is_empty();
        let patch_find = change.patch_found.as_ref().map(|(find, _)| *find);
        for find in change.delete_found.into_iter().chain(patch_find) {
            after.check_find(find)?;
        }
        // A condition is read even where its part is empty, unless the change speaks of no document.
        if !seen.is_empty() {
            for condition in [change.put_if, change.patch_if, change.delete_if] {
                after.check(condition)?;
            }
        }
        Ok(after)
    }

    /// Whether that can be asked of it.
    pub(crate) fn answers(&self, read: &Read) -> Result<(), Refusal> {
        match read {
            _ if !self.there => Err(Refusal::Absent),
            Read::All | Read::One(_) => Ok(()),
            Read::CountBelow(bound) => self.check(If::CountIs(*bound)),
            Read::Says(_) if self.searched == Searched::Yes => Ok(()),
            Read::Says(word) => {
                Err(Refusal::Wrong(format!("'{word}' where '{TEXT}' is not searched")))
            }
            Read::Nearest { vector, .. } => {
                let known = self.kinds.get(VECTOR);
                let fits = known == Some(&Kind::Vector(vector.len() as u32));
                let wrong = || Refusal::Wrong(format!("{vector:?} where '{VECTOR}' is {known:?}"));
                fits.then_some(()).ok_or_else(wrong)
            }
        }
    }

    /// A vector that a document is without.
    fn lacked(&self, doc: &Doc) -> Option<&'static str> {
        let mut dense = self.kinds.iter().filter(|(_, kind)| is_dense(**kind));
        dense.find(|(name, _)| !doc.contains_key(**name)).map(|(name, _)| *name)
    }

    /// Whether it has been said by what vectors are measured.
    fn is_measured(&self) -> bool {
        self.kinds.values().any(|kind| is_dense(*kind))
    }

    /// A dense vector comes before the first document, or never.
    fn admit(&mut self, name: &'static str, kind: Kind) {
        if !is_dense(kind) || !self.settled {
            self.kinds.entry(name).or_insert(kind);
        }
    }

    /// The first that says what an attribute is, says it for all. Of vectors none says it by its value
    /// alone, and whatever else does not comes with a declaration.
    fn settle(&mut self, name: &'static str, kind: Kind) -> Result<(), Refusal> {
        let known = match kind.attr_type().is_plain() {
            true => Some(*self.kinds.entry(name).or_insert(kind)),
            false => self.kinds.get(name).copied(),
        };
        match known {
            Some(known) if known == kind => Ok(()),
            known => Err(Refusal::Wrong(format!("'{name}' is {known:?}, not {kind:?}"))),
        }
    }

    fn check(&self, condition: If) -> Result<(), Refusal> {
        match (condition, self.kinds.get(COUNT)) {
            (If::Always | If::Absent, _)
            | (If::CountGrows, Some(_))
            | (If::CountIs(_), Some(Kind::Int)) => Ok(()),
            (_, known) => {
                Err(Refusal::Wrong(format!("{condition:?} where '{COUNT}' is {known:?}")))
            }
        }
    }

    /// Nobody in a run says that an attribute is not to be filtered by.
    fn check_size(&self, name: &str, datum: &Datum) -> Result<(), Refusal> {
        match datum {
            Datum::Text(text) if text.len() > FILTERABLE_BYTES_MAX => {
                Err(Refusal::Wrong(format!("'{name}' has {} bytes", text.len())))
            }
            Datum::Text(_) | Datum::Int(_) | Datum::Vector(_) | Datum::Other(_) => Ok(()),
        }
    }
}

/// Whether it is measured how far two of them are apart.
fn is_dense(kind: Kind) -> bool {
    kind.attr_type().is_vector()
}

/// Whether a change makes a name that is not there.
pub(crate) fn creates(change: &Change) -> bool {
    match change.create {
        Create::ByDocument => !change.puts.is_empty(),
        Create::Always | Create::New => true,
        Create::Never => false,
    }
}

pub(crate) fn kind_of(datum: &Datum) -> Kind {
    match datum {
        Datum::Int(_) => Kind::Int,
        Datum::Text(_) => Kind::Text,
        Datum::Vector(numbers) => Kind::Vector(numbers.len() as u32),
        Datum::Other(sample) => Kind::Other(sample.of),
    }
}
