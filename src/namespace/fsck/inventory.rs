//! The inventory of a name: what a listing shows of each of its lives.
//!
//! It is taken before the log is read, so that whatever it shows was there by then: a chunk that no
//! slot names is not one that was named a moment later.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::error::Result;
use crate::model::{FileName, Incarnation, Namespace, Seq};
use crate::storage::{Cursor, Folder, ImmutableKey, Key, PAGE_KEYS_MAX, Reader};

#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) lives: BTreeMap<Incarnation, Stock>,
    bytes: u64,
}

/// What lies under one life, each with its size.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) slots: BTreeMap<Seq, u64>,
    pub(super) files: BTreeMap<FileName, u64>,
}

impl Inventory {
    pub(super) async fn of(store: &Reader, name: &Namespace) -> Result<Self> {
        let (folder, mut from) = (Folder::Name(name.clone()), Cursor::start());
        let mut all = Self::default();
        loop {
            let page = store.list(&folder, &from, PAGE_KEYS_MAX).await?;
            for entry in page.entries {
                all.bytes += entry.bytes;
                match entry.key {
                    Key::Immutable(ImmutableKey::Slot(slot)) => {
                        all.life(slot.inc).slots.insert(slot.seq, entry.bytes);
                    }
                    Key::Immutable(ImmutableKey::File(file)) => {
                        all.life(file.inc).files.insert(file, entry.bytes);
                    }
                    Key::Probe(_) | Key::Cell(_) | Key::Marker(_) => {}
                }
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok(all),
            }
        }
    }

    fn life(&mut self, inc: Incarnation) -> &mut Stock {
        self.lives.entry(inc).or_default()
    }

    /// How much there is.
    pub(super) fn count(&self, found: &mut Findings) {
        found.lives += self.lives.len() as u64;
        found.slots += self.lives.values().map(|life| life.slots.len() as u64).sum::<u64>();
        found.files += self.lives.values().map(|life| life.files.len() as u64).sum::<u64>();
        found.bytes += self.bytes;
    }
}
