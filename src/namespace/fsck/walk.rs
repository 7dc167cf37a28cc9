//! The walk over a bucket: every name that a key tells of, each with all of its markers.
//!
//! Keys of objects lie in another order than markers, and the two do not fit into memory. So names
//! are gathered until there are so many, and then all markers are passed by once, of which those are
//! kept that are of a name between the first and the last.

use std::collections::BTreeMap;

use super::findings::{Findings, What};
use super::markers::KINDS;
use crate::error::Result;
use crate::model::{Marker, Namespace};
use crate::storage::{CellKey, Cursor, Folder, ImmutableKey, Key, PAGE_KEYS_MAX, Reader};

/// Some ten megabytes, if names are not long.
pub(super) const NAMES_MAX: usize = 65_536;

pub(super) struct Walk {
    store: Reader,
    names_max: usize,
    /// Where the names go on. None: they are over.
    from: Option<Cursor>,
    /// The place of the last name that was given out.
    last: Option<String>,
    /// How many objects of somebody else lie in each folder of ours.
    strangers: BTreeMap<String, u64>,
}

/// Names with their markers, in the order of their heads' keys.
pub(super) type Window = Vec<(Namespace, Vec<Marker>)>;

/// By place. What is gathered may be a name of which there are markers alone.
type Gathered = BTreeMap<String, (Namespace, Vec<Marker>)>;

impl Walk {
    pub(super) fn new(store: Reader, names_max: usize) -> Self {
        let (from, strangers) = (Some(Cursor::start()), BTreeMap::new());
        Self { store, names_max, from, last: None, strangers }
    }

    /// The next names. None: there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Window>> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let after = self.last.take();
        let mut gathered = Gathered::new();
        self.from = self.gather(from, after.as_deref(), &mut gathered).await?;
        let until = gathered.keys().next_back().filter(|_| self.from.is_some()).cloned();
        for kind in KINDS {
            let folder = Folder::Markers(kind);
            let mut from = Some(Cursor::start());
            while let Some(here) = from.take() {
                let page = self.store.list(&folder, &here, PAGE_KEYS_MAX).await?;
                if after.is_none() {
                    self.pass(&folder, page.strangers);
                }
                from = page.next;
                for entry in page.entries {
                    let Key::Marker(marker) = entry.key else { continue };
                    let place = place(&marker.name);
                    let above = after.as_ref().is_none_or(|after| place > *after);
                    if above && until.as_ref().is_none_or(|until| place <= *until) {
                        let new = || (marker.name.clone(), Vec::new());
                        gathered.entry(place).or_insert_with(new).1.push(marker);
                    }
                }
            }
        }
        self.last = until;
        Ok(Some(gathered.into_values().collect()))
    }

    /// Whole pages of names, until there are enough. `after`: that one was given out.
    async fn gather(
        &mut self,
        mut from: Cursor,
        after: Option<&str>,
        gathered: &mut Gathered,
    ) -> Result<Option<Cursor>> {
        let mut recent: Option<Namespace> = None;
        loop {
            let page = self.store.list(&Folder::Names, &from, PAGE_KEYS_MAX).await?;
            self.pass(&Folder::Names, page.strangers);
            for entry in &page.entries {
                let Some(name) = home(&entry.key) else { continue };
                if recent.as_ref() == Some(name) {
                    continue;
                }
                recent = Some(name.clone());
                let place = place(name);
                if after != Some(&*place) {
                    gathered.entry(place).or_insert_with(|| (name.clone(), Vec::new()));
                }
            }
            match page.next {
                Some(next) if gathered.len() < self.names_max => from = next,
                next => return Ok(next),
            }
        }
    }

    fn pass(&mut self, folder: &Folder, strangers: usize) {
        if strangers > 0 {
            *self.strangers.entry(folder.to_string()).or_default() += strangers as u64;
        }
    }

    /// Keys that are none, wherever there should be one: also in the folders in which no name is.
    pub(super) async fn tell(mut self, found: &mut Findings) -> Result<()> {
        for folder in [Folder::Nodes, Folder::Probes] {
            let mut from = Some(Cursor::start());
            while let Some(here) = from.take() {
                let page = self.store.list(&folder, &here, PAGE_KEYS_MAX).await?;
                self.pass(&folder, page.strangers);
                from = page.next;
            }
        }
        for (folder, count) in self.strangers {
            let said = format!("{count} objects have no key of ours, and are left alone");
            found.say(What::Stranger, folder, said);
        }
        Ok(())
    }
}

/// Where a name lies among all names: its head's key, be there a head or not.
fn place(name: &Namespace) -> String {
    CellKey::Head(name.clone()).to_string()
}

/// The name that an object is of.
fn home(key: &Key) -> Option<&Namespace> {
    match key {
        Key::Cell(CellKey::Head(name)) => Some(name),
        Key::Immutable(ImmutableKey::Slot(slot)) => Some(&slot.home),
        Key::Immutable(ImmutableKey::File(file)) => Some(&file.home),
        Key::Cell(CellKey::Node(_) | CellKey::Secret) | Key::Probe(_) | Key::Marker(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::config::Location;
    use crate::env::{Clock, Dice};
    use crate::model::{Epoch, FileKind, FileName, Incarnation, MarkerKind};
    use crate::storage::{self, Store};

    fn named(number: u32) -> Namespace {
        Namespace::new(&format!("name-{number}")).unwrap()
    }

    /// Objects of some names, and markers of some, with a page and more of them.
    async fn bucket() -> Store {
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let store = storage::open(&Location::Memory, [], clock, dice).await.unwrap();
        for number in 0..700 {
            let (name, inc) = (named(number), Incarnation(u128::from(number)));
            for ulid in 0..3 {
                let (epoch, kind) = (Epoch(1), FileKind::Rows);
                let file = FileName { home: name.clone(), inc, epoch, ulid, kind };
                if number % 3 != 0 {
                    store.put(&file, Bytes::new()).await.unwrap();
                }
            }
            for kind in KINDS {
                if number % 5 != 0 {
                    store.mark(&Marker { kind, name: name.clone(), inc }).await.unwrap();
                }
            }
        }
        store
    }

    #[tokio::test]
    async fn every_name_is_met_once_with_all_of_its_markers_however_many_are_gathered() {
        let store = bucket().await;
        for (names_max, windows) in [(1, 2), (100, 2), (NAMES_MAX, 1)] {
            let mut walk = Walk::new(store.reader(), names_max);
            let (mut met, mut count) = (BTreeMap::new(), 0);
            while let Some(window) = walk.next().await.unwrap() {
                count += 1;
                for (name, markers) in window {
                    assert!(markers.iter().all(|marker| marker.name == name));
                    let kinds: Vec<MarkerKind> = markers.iter().map(|it| it.kind).collect();
                    assert_eq!(met.insert(name, kinds), None, "{names_max}");
                }
            }
            assert!(count >= windows, "{count} windows of {names_max}");
            for number in 0..700 {
                let (object, marker) = (number % 3 != 0, number % 5 != 0);
                let expected = (object || marker).then(|| match marker {
                    true => KINDS.to_vec(),
                    false => vec![],
                });
                assert_eq!(met.remove(&named(number)), expected, "{number}");
            }
            assert!(met.is_empty());
            let mut found = Findings::default();
            walk.tell(&mut found).await.unwrap();
            assert!(found.is_silent());
        }
    }
}
