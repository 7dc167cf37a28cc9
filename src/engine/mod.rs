//! The engine: all that a server does, behind one face. It opens names and closes them, brings each
//! question to the keeper of its name, answers queries over the view that the keeper gives, and says
//! no where there is no room.
//!
//! What must hold: memory is reserved for a write before it waits for anything; at most so many
//! names are open and so many queries compute, whatever is asked; and every task has an owner that
//! awaits it at shutdown. It knows nothing of HTTP, and decides nothing about what is committed:
//! that is for the keepers and the machines below them.

mod accounts;
mod caretaker;
mod figures;
mod fingerprint;
mod names;
mod places;
mod readiness;
mod reads;
mod recollections;
mod room;
mod roster;
mod surplus;
#[cfg(test)]
mod tests;
mod turns;
mod usage;
mod warmth;
mod weight;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::env::{self, Clock, Dice};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::Memory;
use crate::model::{Holder, NamePatterns, Namespace, NodeId};
use crate::namespace::garbage::Sweeper;
use crate::namespace::keeper::{Backlog, CHUNK_BYTES, FOLDS_MAX, FoldAt, Grounds};
use crate::namespace::tally::Tally;
use crate::storage::{Reader, Store};
use caretaker::Caretaker;
use names::{Names, Open};
use readiness::Readiness;
use turns::Turns;

pub use crate::namespace::keeper::Entered;
pub use reads::Held;

pub(crate) use accounts::KEPT_MAX;
pub(crate) use places::{AGGREGATING_PLACES, EXACT_PLACES, PLACES};
pub(crate) use room::ASKING_MAX;
pub(crate) use turns::{CROWD_MAX, CROWD_TIME_MAX, LINE_TIME_MAX, PLACES_WAIT_MAX};

/// Names that are open at once. Each is a task with some kilobytes of its own, and what it has in
/// memory of its rows counts against the limit of memory: so many cost a few hundred megabytes at
/// the worst, and a name that was sent away is back within two requests to the store.
pub(crate) const OPEN_MAX: usize = 10_000;
/// A name that nobody asked for so long is closed: a few bytes are kept of it, and nothing else.
const IDLE: Duration = Duration::from_secs(30);

/// Everything that the engine does is asked of this.
pub struct Engine {
    store: Reader,
    node: NodeId,
    memory: Memory,
    tally: Arc<Tally>,
    names: Arc<Names>,
    turns: Turns,
    readiness: Readiness,
    caretaker: Caretaker,
}

/// How much an engine may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: u64,
    pub folds: FoldAt,
    pub backlog: Backlog,
    /// A batch is cut into parts of so many.
    pub chunk_bytes: usize,
    /// Each computes, and has what it folds in memory once more.
    pub folds_at_once: usize,
    pub open_names: usize,
    /// Of the queries of each name, at once.
    pub places: usize,
    pub idle: Duration,
}

impl Limits {
    /// What an operator decides. The rest is as it is best for everybody.
    pub fn of(memory_bytes: u64, folds: FoldAt) -> Self {
        Self {
            memory_bytes,
            folds,
            backlog: Backlog::default(),
            chunk_bytes: CHUNK_BYTES,
            folds_at_once: FOLDS_MAX,
            open_names: OPEN_MAX,
            places: PLACES,
            idle: IDLE,
        }
    }
}

impl Engine {
    /// Over a store that was proven good; within a runtime, for its tasks. `node` is this node, in what is written from now on.
    pub fn new(store: Store, clock: Clock, mut dice: Dice, node: NodeId, limits: Limits) -> Self {
        let memory = Memory::of(limits.memory_bytes);
        let reader = store.reader();
        let me = Holder { node: node.as_str().into(), process: dice.draw() };
        let sweeper = Sweeper::new(store.clone(), clock, dice.fork("caretaker"), me.clone());
        let (notices, noticed) = mpsc::channel(caretaker::NOTICES_MAX);
        let mut grounds = Grounds::new(store, clock, dice, me, memory.clone());
        grounds = grounds.noticed_by(notices).folding_at_once(limits.folds_at_once);
        grounds.folds = limits.folds;
        grounds.backlog = limits.backlog;
        grounds.chunk_bytes = limits.chunk_bytes;
        grounds.idle = limits.idle;
        let tally = grounds.tally.clone();
        let names = Names::new(grounds, limits.open_names, limits.places);
        let caretaker = Caretaker::start(sweeper, noticed, Arc::new(Open(names.clone())));
        Self {
            store: reader.clone(),
            node: node.clone(),
            memory,
            tally,
            names,
            caretaker,
            turns: Turns::on(env::cores()),
            readiness: Readiness::new(reader, node, clock),
        }
    }

    /// For whoever has something to reserve before it comes here, such as the body of a request.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// At most so many names that are `among` those and begin with `prefix`, in their order, and the
    /// cursor of the next page, if there is one.
    pub async fn list(
        &self,
        prefix: &str,
        among: &NamePatterns,
        cursor: Option<String>,
        names_max: usize,
    ) -> Result<(Vec<Namespace>, Option<String>)> {
        roster::page(&self.store, prefix, among, cursor.as_deref(), names_max).await
    }

    /// Whether this node should be sent requests.
    pub async fn ready(&self) -> Result<()> {
        if self.names.is_shut() {
            return Err(shutting_down());
        }
        self.readiness.ask().await
    }

    /// The same, by a store that is asked after the question came.
    pub async fn ready_anew(&self) -> Result<()> {
        if self.names.is_shut() {
            return Err(shutting_down());
        }
        self.readiness.ask_anew().await
    }

    /// Takes no more requests, settles what was begun, and lets go of all names, as far as there is
    /// time: what is not let go is claimed by whoever opens it next, as if this process had died.
    pub async fn shut_down(&self, within: Duration) {
        self.turns.end();
        self.caretaker.stop().await;
        match self.names.shut(within).await {
            0 => tracing::info!("all namespaces are closed"),
            left => tracing::warn!(
                left,
                "namespaces were not closed in time: whoever opens one next claims it"
            ),
        }
    }
}

fn absent(name: &Namespace) -> Error {
    Error::new(ErrorKind::NotFound, format!("namespace '{name}' was not found"))
}

fn shutting_down() -> Error {
    Error::unavailable("this node is shutting down: ask another, or the same one in a moment")
}
