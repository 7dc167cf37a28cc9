//! The check of a bucket: whether everything that is there is what it should be, and whether
//! everything is there that should be.
//!
//! It reads, and nothing else: it is handed what cannot write. So it may run offline, over a copy, or
//! beside nodes at work. Decoders, and the chain of slots, are all that it shares with the code whose
//! work it checks. Of each name it sees the head, the files that this names, the log behind them, and
//! whatever else lies there. What follows from that, it tells apart:
//!
//! - *errors*: bytes that are lost or wrong, and states that no node leads to,
//! - *leaks*: what nothing needs, be it that it only waits to be collected,
//! - *notes*: what does no harm.
//!
//! A bucket of any size takes bounded memory: names are looked at a few at a time, the rows of one at
//! a time, and of findings so many are kept.
//!
//! What it does not tell: that a log which was not let go has lost its last slots, for only its owner
//! knew of them.

mod files;
mod findings;
mod inventory;
mod leaks;
mod logs;
mod markers;
mod name;
mod objects;
mod schemas;
mod segments;
#[cfg(test)]
mod tests;
mod walk;

use futures::StreamExt;
use futures::stream::FuturesOrdered;

use crate::env::Clock;
use crate::error::Result;
use crate::model::Namespace;
use crate::storage::Reader;

pub use findings::{FINDINGS_MAX, Finding, Findings, List, More, What};
use name::Examiner;
use walk::{NAMES_MAX, Walk};

/// Names that are looked at together. Most of what one takes is waiting for the store.
const NAMES_AT_ONCE: usize = 8;

/// Looks at all that there is. An error means that the store does not answer, and says nothing of it.
pub async fn check(store: &Reader, clock: Clock) -> Result<Findings> {
    check_all(store, clock, |_| {}).await
}

/// The same. `tell` hears after each name what was found so far.
pub async fn check_all(
    store: &Reader,
    clock: Clock,
    mut tell: impl FnMut(&Findings),
) -> Result<Findings> {
    let (mut all, examiner) = (Findings::default(), Examiner::new(store.clone(), clock));
    let mut walk = Walk::new(store.clone(), NAMES_MAX);
    while let Some(window) = walk.next().await? {
        let mut under_way = FuturesOrdered::new();
        for (name, markers) in window {
            under_way.push_back(examiner.clone().examine(name, Some(markers)));
            if under_way.len() >= NAMES_AT_ONCE
                && let Some(found) = under_way.next().await
            {
                all.add(found?);
                tell(&all);
            }
        }
        while let Some(found) = under_way.next().await {
            all.add(found?);
            tell(&all);
        }
    }
    walk.tell(&mut all).await?;
    Ok(all)
}

/// Looks at one name alone: its objects, its markers, and the files of others that it names.
pub async fn check_name(store: &Reader, clock: Clock, name: &Namespace) -> Result<Findings> {
    Examiner::new(store.clone(), clock).examine(name.clone(), None).await
}
