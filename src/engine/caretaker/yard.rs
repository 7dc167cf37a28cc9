//! The yard: what is watched, and who sweeps it when it is ripe. One timer for all of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use super::tally::Tally;
use super::watches::{Find, Watches, When};
use super::{MINE_TIME_MAX, Owners, WATCHES_MAX};
use crate::model::Namespace;
use crate::namespace::garbage::{Sweeper, Vigil};
use crate::protocol::Mine;

/// Sweeps at once. Each sends one request at a time, and may hold one slot in memory.
const SWEEPS_MAX: usize = 8;
/// Then it is another name's turn. What was deleted is deleted, and the rest waits in line again.
const SWEEP_TIME_MAX: Duration = Duration::from_secs(600);

pub(super) struct Yard {
    sweeper: Sweeper,
    owners: Arc<dyn Owners>,
    found: mpsc::Receiver<Find>,
    tally: Arc<Tally>,
    watches: Watches,
    sweeps: JoinSet<Option<Find>>,
}

impl Yard {
    pub(super) fn new(
        sweeper: Sweeper,
        owners: Arc<dyn Owners>,
        found: mpsc::Receiver<Find>,
        tally: Arc<Tally>,
    ) -> Self {
        let (watches, sweeps) = (Watches::of(WATCHES_MAX), JoinSet::new());
        Self { sweeper, owners, found, tally, watches, sweeps }
    }

    pub(super) async fn tend(mut self) {
        let clock = self.sweeper.clock;
        loop {
            self.begin();
            self.tally.watching(self.watches.len());
            let next = self.watches.due().filter(|_| self.sweeps.len() < SWEEPS_MAX);
            let pause = next.unwrap_or_default().0.saturating_sub(self.sweeper.time().0);
            tokio::select! {
                biased;
                Some(swept) = self.sweeps.join_next() => self.swept(swept),
                Some(find) = self.found.recv() => self.watches.put(find, self.sweeper.time()),
                () = clock.sleep(pause), if next.is_some() => {}
                // Nobody is left to find anything.
                else => return,
            }
        }
    }

    /// Sweeps what is ripe.
    fn begin(&mut self) {
        let now = self.sweeper.time();
        while self.sweeps.len() < SWEEPS_MAX
            && let Some((name, vigil)) = self.watches.pop(now)
        {
            let (sweeper, owners) = (self.sweeper.another(), self.owners.clone());
            self.sweeps.spawn(sweep(sweeper, owners, name, vigil, self.tally.clone()));
        }
    }

    fn swept(&mut self, swept: Result<Option<Find>, JoinError>) {
        match swept {
            Ok(Some(find)) => self.watches.put(find, self.sweeper.time()),
            Ok(None) => {}
            Err(panic) => {
                self.tally.failed();
                tracing::error!(error = panic.to_string(), "a sweep panicked");
            }
        }
    }
}

/// What is left to watch, if anything.
async fn sweep(
    mut sweeper: Sweeper,
    owners: Arc<dyn Owners>,
    name: Namespace,
    vigil: Vigil,
    tally: Arc<Tally>,
) -> Option<Find> {
    // Before the sweep, as it must be.
    let mine = mine(&owners, &name).await;
    let sweep = sweeper.sweep(&name, vigil.clone(), mine);
    let swept = tokio::time::timeout(SWEEP_TIME_MAX, sweep).await;
    match swept {
        Ok(Ok(swept)) => {
            tally.swept();
            swept.vigil.map(|vigil| Find { name, vigil, when: When::Ripe })
        }
        // It is forgotten, and the walk finds it again.
        Ok(Err(error)) => {
            tally.failed();
            tracing::warn!(name = name.as_str(), error = error.chain(), "a sweep failed");
            None
        }
        Err(_) => Some(Find { name, vigil, when: When::AtOnce }),
    }
}

async fn mine(owners: &Arc<dyn Owners>, name: &Namespace) -> Option<Mine> {
    tokio::time::timeout(MINE_TIME_MAX, owners.mine(name)).await.ok().flatten()
}
