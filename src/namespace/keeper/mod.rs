//! The keeper of a name: the one task of this node that claims it, writes to it, reads it and folds it.
//!
//! It drives the machines of the protocol core, and adds what they do not know: rows. Whoever asks it
//! waits for an answer and may go away; what was begun goes on all the same. An error that it cannot
//! go on from, damaged bytes or our bug, is told to all who wait, and ends it: the next question
//! begins with a claim.
//!
//! A name that nobody asks for is closed after a while, and the keeper ends. What it leaves, a few
//! bytes, is all that is kept of an idle name.

mod answers;
mod closing;
mod desk;
mod draft;
mod folds;
mod gate;
mod looks;
mod pace;
mod pressure;
mod rows;
#[cfg(test)]
mod tests;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::tally::Tally;
use super::view::Glimpse;
use crate::env::{Clock, Dice};
use crate::error::{Error, Result};
use crate::memory::{Memory, Share};
use crate::model::{
    Consistency, Holder, Incarnation, Namespace, Schema, Seq, Write, WriteFault, Written,
};
use crate::protocol::{Mine, Remembered};
use crate::storage::Store;

use desk::Desk;
pub(crate) use draft::CHUNK_BYTES;
pub use gate::Entered;
pub(crate) use gate::Gate;
pub(crate) use pace::{CROWD_WRITES, LONGER_MAX};
pub use pressure::Backlog;
pub(crate) use pressure::{QUEUED_MAX, TAIL_BYTES_MAX, TAIL_SLOTS_MAX};

/// Questions that a keeper has not seen yet. More wait at its door.
const ASKED_MAX: usize = 1024;
/// Folds at once, on a node of any size: each takes a core, and as much memory again as its tail.
pub const FOLDS_MAX: usize = 2;

/// What all keepers of a node share.
#[derive(Clone, Debug)]
pub struct Grounds {
    pub store: Store,
    pub clock: Clock,
    pub dice: Dice,
    pub me: Holder,
    pub folds: FoldAt,
    pub backlog: Backlog,
    /// Of a batch, a part that goes up by itself.
    pub chunk_bytes: usize,
    /// Nobody asked for so long: the name is closed.
    pub idle: Duration,
    pub memory: Memory,
    pub tally: Arc<Tally>,
    folding: Arc<Semaphore>,
    /// Who is told of lives that have something to collect.
    notices: Option<mpsc::Sender<(Namespace, Incarnation)>>,
}

/// A tail that is so long is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldAt {
    pub slots: u64,
    pub bytes: u64,
}

/// A keeper at work. It ends by itself when its name is idle.
#[derive(Debug)]
pub struct Keeper {
    asks: mpsc::Sender<Ask>,
    gate: Gate,
    task: Mutex<Option<JoinHandle<Left>>>,
}

/// What is left of a name that was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    pub remembered: Option<Remembered>,
}

/// A question, and who waits for its answer.
#[derive(Debug)]
pub enum Ask {
    Write {
        write: Box<Write>,
        /// The hash of its idempotency key.
        key: Option<u128>,
        /// The hash of the request.
        fingerprint: u128,
        /// The memory that it takes until it is answered.
        share: Share,
        /// None: it did not come by the gate.
        entered: Option<Entered>,
        reply: Reply<Written>,
    },
    /// A view. None: there is no such name.
    Look {
        newest: Consistency,
        min_seq: Option<Seq>,
        reply: Reply<Option<Glimpse>>,
    },
    /// The schema that a view would have. None: there is no such name.
    Schema {
        reply: Reply<Option<Arc<Schema>>>,
    },
    /// Whether there is such a name, of which the rows are read for whoever asks next.
    Warm {
        reply: Reply<Option<()>>,
    },
    Delete {
        reply: Reply<Deleted>,
    },
    /// To claim the name and go on from where its last owner died. Nobody waits for it.
    Tend,
    /// What the collector of this name must leave alone. None: it is not owned here.
    Mine {
        reply: Reply<Option<Mine>>,
    },
    /// Settle, let the name go, and end.
    Leave,
    /// End as if nobody had asked for long: others want the room.
    Yield,
}

pub type Reply<T> = oneshot::Sender<Result<T>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Now,
    /// There was nothing by that name.
    Absent,
}

impl Ask {
    fn refuse(self, error: Error) {
        match self {
            Self::Write { reply, .. } => drop(reply.send(Err(error))),
            Self::Look { reply, .. } => drop(reply.send(Err(error))),
            Self::Schema { reply } => drop(reply.send(Err(error))),
            Self::Warm { reply } => drop(reply.send(Err(error))),
            Self::Delete { reply } => drop(reply.send(Err(error))),
            Self::Mine { reply } => drop(reply.send(Err(error))),
            Self::Tend | Self::Leave | Self::Yield => {}
        }
    }
}

impl Grounds {
    pub fn new(store: Store, clock: Clock, dice: Dice, me: Holder, memory: Memory) -> Self {
        Self {
            store,
            clock,
            dice,
            me,
            folds: FoldAt { slots: 128, bytes: 64 << 20 },
            backlog: Backlog::default(),
            chunk_bytes: CHUNK_BYTES,
            idle: Duration::from_secs(30),
            memory,
            tally: Arc::default(),
            folding: Arc::new(Semaphore::new(FOLDS_MAX)),
            notices: None,
        }
    }

    /// Where to send the name of a life that has something to collect, by a fold or by its end. What
    /// finds no room there is found by whoever walks over all names.
    pub fn noticed_by(self, notices: mpsc::Sender<(Namespace, Incarnation)>) -> Self {
        Self { notices: Some(notices), ..self }
    }

    /// All names of a node have so many turns to fold together.
    pub fn folding_at_once(self, folds: usize) -> Self {
        Self { folding: Arc::new(Semaphore::new(folds)), ..self }
    }

    fn notice(&self, name: &Namespace, inc: Incarnation) {
        if let Some(notices) = &self.notices {
            let _ = notices.try_send((name.clone(), inc));
        }
    }

    fn folding(&self) -> Arc<Semaphore> {
        self.folding.clone()
    }
}

impl Keeper {
    pub fn start(name: Namespace, grounds: Grounds, remembered: Option<Remembered>) -> Self {
        let (asks, inbox) = mpsc::channel(ASKED_MAX);
        let gate = Gate::of(grounds.clock);
        let task = tokio::spawn(Desk::new(name, grounds, remembered, gate.clone()).run(inbox));
        Self { asks, gate, task: Mutex::new(Some(task)) }
    }

    /// Where a write may come in before anything is made of its body.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// An ask that comes back: the keeper is ending. Wait until it has `ended`, and start another.
    pub async fn ask(&self, ask: Ask) -> Result<(), Ask> {
        self.asks.send(ask).await.map_err(|unsent| unsent.0)
    }

    /// Waits until the task is over. What it left is told to the first who waits.
    pub async fn ended(&self) -> Option<Left> {
        let mut task = self.task.lock().await;
        let left = match task.as_mut()?.await {
            Ok(left) => left,
            Err(panic) => {
                tracing::error!(error = panic.to_string(), "a keeper panicked");
                Left::default()
            }
        };
        *task = None;
        Some(left)
    }
}

/// Certainly not there, now and for ever.
fn not_committed() -> Error {
    let message = "this namespace changed hands, or was deleted: send the write again";
    Error::unavailable(message).with_source(WriteFault::NotCommitted)
}

fn unknown() -> Error {
    let message =
        "nobody knows whether this write was committed: read, or send it again with its key";
    Error::unavailable(message).with_source(WriteFault::OutcomeUnknown)
}

/// Errors are not copied: each who waits is told the story anew.
fn retold(error: &Error) -> Error {
    Error::new(error.kind(), error.chain())
}
