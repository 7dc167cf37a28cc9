//! Whether the log of a life has ended although its head does not say so: a deletion that was begun, and
//! that nobody has finished.
//!
//! It is read and not claimed: a deletion that came to nothing leaves its marker for as long as the name
//! lives, and a claim writes a fence, which stays for ever. An `end` that is still on its way is found
//! by whoever comes by next.

use super::Sweeper;
use super::errand::Errand;
use crate::error::{Error, Result};
use crate::model::{Incarnation, Namespace, Seq};
use crate::protocol::{Entry, Reply, Request};
use crate::storage::{Cursor, Drawer, Folder, ImmutableKey, Key, PAGE_KEYS_MAX, SlotKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub it_has: bool,
    pub requests: u64,
}

impl Sweeper {
    /// Three requests, as a rule: nothing ever follows an `end`, so the newest slot tells.
    pub async fn has_ended(&self, name: &Namespace, inc: Incarnation) -> Result<Ended> {
        let mut errand = Errand::of(self);
        let Some(floor) = errand.floor(name, inc).await? else {
            return Ok(Ended { it_has: false, requests: errand.requests });
        };
        let (newest, pages) = self.newest(name, inc, floor).await?;
        let it_has = match newest {
            Some(seq) => errand.is_end(name, inc, seq).await?,
            None => false,
        };
        Ok(Ended { it_has, requests: errand.requests + pages })
    }

    /// The newest slot from the floor on, by a listing, and how many pages that took: what lies below was
    /// folded, and a fence that came too late may lie there, too.
    async fn newest(
        &self,
        name: &Namespace,
        inc: Incarnation,
        floor: Seq,
    ) -> Result<(Option<Seq>, u64)> {
        let folder = Folder::Drawer(name.clone(), inc, Drawer::Slots);
        let mut from = match floor.0.checked_sub(1) {
            Some(below) => {
                let slot = SlotKey { home: name.clone(), inc, seq: Seq(below) };
                Cursor::after(&Key::Immutable(ImmutableKey::Slot(slot)))?
            }
            None => Cursor::start(),
        };
        let (mut newest, mut pages) = (None, 0);
        loop {
            let page = self.store.list(&folder, &from, PAGE_KEYS_MAX).await?;
            pages += 1;
            for entry in page.entries {
                if let Key::Immutable(ImmutableKey::Slot(slot)) = entry.key {
                    newest = Some(slot.seq);
                }
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok((newest, pages)),
            }
        }
    }
}

impl Errand {
    /// Where the log of that life begins, as far as it is not folded. None: the name is in another life.
    async fn floor(&mut self, name: &Namespace, inc: Incarnation) -> Result<Option<Seq>> {
        match self.ask(Request::ReadHead { name: name.clone() }).await?.0 {
            Reply::Head(seen) => {
                let head = seen.map(|seen| seen.head).filter(|head| head.inc == inc);
                Ok(head.map(|head| head.floor))
            }
            reply => Err(Error::internal(format!("a head was asked for, not {reply:?}"))),
        }
    }

    async fn is_end(&mut self, name: &Namespace, inc: Incarnation, seq: Seq) -> Result<bool> {
        match self.ask(Request::ReadSlot { name: name.clone(), inc, seq }).await?.0 {
            Reply::Slot(slot) => Ok(slot.is_some_and(|slot| matches!(slot.entry, Entry::End))),
            reply => Err(Error::internal(format!("a slot was asked for, not {reply:?}"))),
        }
    }
}
