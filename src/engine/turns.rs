//! Whose turn it is to be answered: so many queries of one name are under way, and so many of all
//! names compute. Who has to wait too long is sent away, so that a crowd costs memory for a moment
//! and no longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::room::Room;
use super::shutting_down;
use crate::error::{Error, ErrorKind, Result};

/// Queries that compute at once, for each core. They are short; more would only share the same cores,
/// and hold their memory longer.
const QUERIES_PER_CORE: usize = 4;
/// As long as the contract has it.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(800);

pub(super) struct Turns {
    at_once: Arc<Semaphore>,
    of_all: usize,
    refused: AtomicU64,
}

impl Turns {
    pub(super) fn on(cores: usize) -> Self {
        let of_all = QUERIES_PER_CORE * cores.max(1);
        Self { at_once: Arc::new(Semaphore::new(of_all)), of_all, refused: AtomicU64::new(0) }
    }

    /// A place among the queries of one name.
    pub(super) async fn in_room(&self, room: &Room) -> Result<OwnedSemaphorePermit> {
        let turn = room.queries.clone().acquire_owned();
        match tokio::time::timeout(WAIT_MAX, turn).await {
            Ok(turn) => turn.map_err(|_| shutting_down()),
            Err(_) => {
                self.refused.fetch_add(1, Relaxed);
                let message = "Too many concurrent queries to a single namespace";
                Err(Error::new(ErrorKind::Throttled, message))
            }
        }
    }

    /// To compute. Whoever waits here has a deadline of its own.
    pub(super) async fn to_compute(&self) -> Result<OwnedSemaphorePermit> {
        self.at_once.clone().acquire_owned().await.map_err(|_| shutting_down())
    }

    /// Nobody begins any more.
    pub(super) fn end(&self) {
        self.at_once.close();
    }

    pub(super) fn computing(&self) -> usize {
        self.of_all.saturating_sub(self.at_once.available_permits())
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }
}
