//! The walk: past every marker, one after another, and no faster than costs little.
//!
//! A marker leads to a life of a name. One that should not be there is mended away; a life with
//! something to collect is watched. It finds what nobody heard of: what a crash left, and all that
//! was watched before this process began.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::tally::Tally;
use super::watches::{Find, When};
use super::{Owners, contained, look};
use crate::error::{Context, Result};
use crate::model::{Marker, MarkerKind};
use crate::namespace::garbage::{Ended, Look, Sight, Sweeper, Vigil};
use crate::storage::{Cursor, Folder, Key, PAGE_KEYS_MAX};

/// 26 million in a month: that is ten dollars of GETs on S3, whatever the number of names, and a
/// few thousandths of what a bucket bears.
const REQUESTS_PER_SECOND: u32 = 10;
/// A node has other things to do when it starts.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// From the beginning of one walk to that of the next, if it takes no longer.
const EVERY: Duration = Duration::from_secs(3600);
/// Before a page is asked for again.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Walk {
    sweeper: Sweeper,
    finds: mpsc::Sender<Find>,
    owners: Arc<dyn Owners>,
    tally: Arc<Tally>,
}

impl Walk {
    pub(super) fn new(
        sweeper: Sweeper,
        finds: mpsc::Sender<Find>,
        owners: Arc<dyn Owners>,
        tally: Arc<Tally>,
    ) -> Self {
        Self { sweeper, finds, owners, tally }
    }

    pub(super) async fn go(mut self) {
        let clock = self.sweeper.clock;
        clock.sleep(FIRST_AFTER).await;
        loop {
            let begun = clock.now();
            // Dead lives first: they are fewer, and lead to more.
            let passed = usize::from(crate::mutant!("the walk passes by the dead"));
            for kind in [MarkerKind::Gone, MarkerKind::Live].into_iter().skip(passed) {
                self.pass(kind).await;
            }
            self.tally.walked();
            clock.sleep((begun + EVERY).saturating_sub(clock.now())).await;
        }
    }

    /// Past all markers of a kind, a page at a time.
    async fn pass(&mut self, kind: MarkerKind) {
        let (folder, mut from) = (Folder::Markers(kind), Cursor::start());
        loop {
            let page = match self.sweeper.store.list(&folder, &from, PAGE_KEYS_MAX).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "the walk for garbage waits");
                    self.sweeper.clock.sleep(PAUSE).await;
                    continue;
                }
            };
            self.spend(1).await;
            for entry in page.entries {
                if let Key::Marker(marker) = entry.key {
                    self.meet(marker).await;
                }
            }
            match page.next {
                Some(next) => from = next,
                None => return,
            }
        }
    }

    async fn meet(&mut self, marker: Marker) {
        let requests = match self.judge(marker).await {
            Ok(requests) => requests,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the walk for garbage passes a name over");
                1
            }
        };
        self.spend(requests).await;
    }

    async fn judge(&mut self, marker: Marker) -> Result<u64> {
        let Look { sight, requests } = look(&mut self.sweeper, &marker.name, marker.inc).await?;
        match (marker.kind, sight) {
            (MarkerKind::Live, Sight::Never | Sight::Over(_)) => {
                return Ok(requests + self.mend(marker).await?);
            }
            (MarkerKind::Live, Sight::Garbage(watch)) | (MarkerKind::Gone, Sight::Over(watch)) => {
                let find = Find { name: marker.name, vigil: Vigil::of(watch), when: When::Ripe };
                // The yard is gone only when all of this is.
                let _ = self.finds.send(find).await;
            }
            // A deletion began, and nobody knows how far it came: if its `end` is in the log, whoever
            // claims the name finds it and ends what was begun. If not, the marker waits for another
            // one: it could not be taken away for good, for whoever deletes the name sets the same.
            (MarkerKind::Gone, Sight::Clean | Sight::Garbage(_)) => {
                let ended = self.read(&marker).await?;
                if ended.it_has {
                    crate::reach!("a walk comes by a deletion that nobody finished");
                    self.owners.tend(&marker.name).await;
                }
                return Ok(requests + ended.requests);
            }
            (MarkerKind::Live, Sight::Clean) | (MarkerKind::Gone, Sight::Never) => {}
        }
        Ok(requests)
    }

    async fn read(&mut self, marker: &Marker) -> Result<Ended> {
        let (name, inc) = (marker.name.clone(), marker.inc);
        let sweeper = self.sweeper.another();
        let read = contained(async move { sweeper.has_ended(&name, inc).await }).await;
        read.context(format!("reading the log of namespace '{}'", marker.name))
    }

    async fn mend(&mut self, marker: Marker) -> Result<u64> {
        let name = marker.name.clone();
        let mut sweeper = self.sweeper.another();
        let mended = contained(async move { sweeper.mend(marker).await }).await;
        mended.context(format!("mending a marker of namespace '{name}'"))
    }

    /// As long as so many requests may take.
    async fn spend(&self, requests: u64) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        let pause = (Duration::from_secs(1) / REQUESTS_PER_SECOND).saturating_mul(requests);
        self.sweeper.clock.sleep(pause).await;
    }
}
