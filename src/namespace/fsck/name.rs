//! One name, looked at until what was seen holds together.
//!
//! Nodes may be at work on it meanwhile. A look that finds nothing to say is good, whatever moved. One
//! that finds something is good if the head did not move while it lasted: what a head names stays as
//! long as that is so. Else the name is looked at anew, some times, and is busy then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::findings::{Finding, Findings, What};
use super::inventory::{Inventory, Stock};
use super::leaks::Rest;
use super::logs::{End, Log};
use super::markers::{Lives, Standing};
use super::{files, leaks, logs, markers};
use crate::env::Clock;
use crate::error::Result;
use crate::model::{FileName, Incarnation, Marker, MarkerKind, Namespace};
use crate::namespace::base::Base;
use crate::namespace::head::{self, Head};
use crate::protocol::Life;
use crate::storage::{CellKey, Reader};

/// A head moves with a claim, a fold or a deletion, which are seconds apart.
const LOOKS_MAX: usize = 6;
/// After a look that a head moved under.
const PAUSE: Duration = Duration::from_millis(100);

/// Whoever looks at names. Clones look together.
#[derive(Clone, Debug)]
pub(super) struct Examiner {
    store: Reader,
    clock: Clock,
    /// The rows of one name at a time are in memory.
    room: Arc<Semaphore>,
}

impl Examiner {
    pub(super) fn new(store: Reader, clock: Clock) -> Self {
        Self { store, clock, room: Arc::new(Semaphore::new(1)) }
    }

    /// `known` are its markers as somebody has listed them before. None: nobody has.
    pub(super) async fn examine(
        self,
        name: Namespace,
        mut known: Option<Vec<Marker>>,
    ) -> Result<Findings> {
        let mut doubted: Vec<Finding> = Vec::new();
        for _ in 0..LOOKS_MAX {
            let head = self.head(&name).await?;
            let markers = match known.take() {
                Some(known) => known,
                None => markers::of(&self.store, &name).await?,
            };
            let found = self.look(&name, head.as_ref(), &markers).await?;
            if found.is_silent() {
                return Ok(found);
            }
            if self.head(&name).await? != head {
                self.clock.sleep(PAUSE).await;
                continue;
            }
            let of_markers = found.of_markers();
            if of_markers == doubted {
                return Ok(found);
            }
            doubted = of_markers;
        }
        let mut busy = Findings { names: 1, ..Findings::default() };
        let said = format!("it changed under each of {LOOKS_MAX} looks: ask again");
        busy.say(What::Busy, CellKey::Head(name), said);
        Ok(busy)
    }

    /// The head as it is now. No two are equal in their bytes: each has a put id of its own.
    async fn head(&self, name: &Namespace) -> Result<Option<Bytes>> {
        let cell = self.store.load(&CellKey::Head(name.clone())).await?;
        Ok(cell.map(|cell| cell.body))
    }

    async fn look(
        &self,
        name: &Namespace,
        bytes: Option<&Bytes>,
        markers: &[Marker],
    ) -> Result<Findings> {
        let mut found = Findings::default();
        let all = Inventory::of(&self.store, name).await?;
        all.count(&mut found);
        let at = CellKey::Head(name.clone()).to_string();
        let Some(bytes) = bytes else {
            if all.lives.is_empty() {
                Lives::default().judge(name, markers, &mut found);
            } else {
                found.names = 1;
                let (slots, files) = (found.slots, found.files);
                let said = format!("there are {slots} slots and {files} files, and no head");
                found.say(What::Headless, at, said);
            }
            return Ok(found);
        };
        found.names = 1;
        let head = match head::decode(name, bytes) {
            Ok(head) => head,
            Err(error) => {
                found.unread(at, &error);
                return Ok(found);
            }
        };
        let lives = self.lives(name, &at, &head, &all, markers, &mut found).await?;
        lives.judge(name, markers, &mut found);
        Ok(found)
    }

    /// Every life of a name, the one that it is in first.
    async fn lives(
        &self,
        name: &Namespace,
        at: &str,
        head: &Head,
        all: &Inventory,
        markers: &[Marker],
        found: &mut Findings,
    ) -> Result<Lives> {
        let mut lives = Lives::default();
        lives.kept.extend(head.dead.iter().map(|life| life.inc));
        if !matches!(head.life, Life::Deleted { .. }) {
            let none = Stock::default();
            let stock = all.lives.get(&head.inc).unwrap_or(&none);
            let log = self.present(name, at, head, stock, found).await?;
            let rest = leaks::of_present(&self.store, name, head, stock, &log, found).await?;
            let standing = standing(head, &log);
            lives.present = Some((head.inc, standing));
            if standing == Standing::Ended && (rest == Rest::Some || log.batches > 0) {
                lives.left.insert(head.inc);
            }
        }
        let kept: BTreeSet<&FileName> = head.mentions().collect();
        let marked = |inc: Incarnation| {
            markers.iter().any(|marker| marker.kind == MarkerKind::Gone && marker.inc == inc)
        };
        for (inc, stock) in &all.lives {
            if lives.present.is_some_and(|(present, _)| present == *inc) {
                continue;
            }
            let what = if marked(*inc) { What::Waits } else { What::Stays };
            let life = (*inc, stock);
            let rest = leaks::of_past(&self.store, name, life, &kept, what, found).await?;
            if rest == Rest::Some {
                lives.left.insert(*inc);
            }
        }
        Ok(lives)
    }

    /// What the head names, and the log behind it.
    async fn present(
        &self,
        name: &Namespace,
        at: &str,
        head: &Head,
        stock: &Stock,
        found: &mut Findings,
    ) -> Result<Log> {
        let mut schema = None;
        // A branch that is being made has no base yet: what its first slot fits is its source's.
        if head.life == Life::Active {
            match Base::decode(&head.base) {
                Ok(base) => {
                    files::read(&self.store, &self.room, at, head, &base, found).await?;
                    schema = Some(base.schema);
                }
                Err(error) => found.say(What::of(&error), at, format!("base: {}", error.chain())),
            }
        }
        logs::read(&self.store, name, head, stock, schema, found).await
    }
}

fn standing(head: &Head, log: &Log) -> Standing {
    match log.end {
        End::Met => Standing::Ended,
        End::Unknown => Standing::Unknown,
        End::Open if head.life == Life::Active && (head.born || log.batches > 0) => Standing::Alive,
        End::Open => Standing::Unborn,
    }
}
