//! What a machine says to the store and to whoever asked, and what it hears back.

use std::sync::Arc;

use super::{Head, Payload, Receipts, Slot, View};
use crate::env::BootTime;
use crate::model::{FileName, Incarnation, Namespace, PutId, Seq, StoreDate};
pub use crate::model::{Marker, MarkerKind};

/// One request to the store: a single attempt, whose reply says what was seen and no more.
///
/// A driver repeats reads, lists and deletes until they are answered. A create and a swap it
/// sends once: what became of them is for [`super::SlotPut`] and [`super::HeadSwap`] to settle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request<P: Payload> {
    ReadHead {
        name: Namespace,
    },
    /// Create if absent where `was` is none, else compare-and-swap.
    SwapHead {
        name: Namespace,
        was: Option<P::Tag>,
        head: Arc<Head<P>>,
    },
    ReadSlot {
        name: Namespace,
        inc: Incarnation,
        seq: Seq,
    },
    /// Create if absent.
    CreateSlot {
        name: Namespace,
        slot: Arc<Slot<P>>,
    },
    ReadKeys {
        file: FileName,
    },
    /// Upload an object with a unique name; the driver has its content.
    PutFile {
        file: FileName,
    },
    PutMarker {
        marker: Marker,
    },
    DropMarker {
        marker: Marker,
    },
    /// The slots and files of one life, as far as a collector may delete them.
    List {
        name: Namespace,
        inc: Incarnation,
    },
    DropSlot {
        name: Namespace,
        inc: Incarnation,
        seq: Seq,
    },
    DropFile {
        file: FileName,
    },
}

/// What lies under one incarnation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listing {
    pub slots: Vec<Seq>,
    pub files: Vec<FileName>,
}

/// The reply to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply<P: Payload> {
    /// 200 to a put, a swap (with the new tag) or a delete.
    Done,
    Swapped(P::Tag),
    /// 409 or 412: somebody else was there, or so the store says.
    Refused,
    /// Anything else: timeout, reset, 5xx.
    Doubt,
    Head(Option<Seen<P>>),
    Slot(Option<Arc<Slot<P>>>),
    Keys(Option<Arc<Receipts<P>>>),
    Listing(Arc<Listing>),
}

/// A head as it was read, with what a swap of it must present.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seen<P: Payload> {
    pub head: Arc<Head<P>>,
    pub tag: P::Tag,
}

/// Which of a machine's requests a reply belongs to. There is at most one under way in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The slot being created, and its read-back.
    Slot,
    /// The head being swapped, and its read-back.
    Head,
    /// The head read that follows a lost slot.
    Verdict,
    /// The slot that a strong read asks for, and the head after it. An owner sends the next one while
    /// others are on their way: each has a number of its own.
    Probe(u32),
    /// A slot being replayed. A replay that begins anew while replies are on their way begins
    /// another era: what was seen before it must not be taken for what is so now.
    Replay {
        era: u32,
        seq: Seq,
    },
    /// The table of keys that the head names, by how many heads were taken before this one.
    Keys {
        head: u32,
    },
    Marker,
    /// A chunk going up, by the random part of its name.
    Chunk(u128),
    Sweep,
}

/// What a machine tells whoever asked, by the ticket that they gave.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer<P: Payload> {
    Committed {
        ticket: u64,
        seq: Seq,
    },
    /// Certainly not committed, now and for ever.
    NotCommitted {
        ticket: u64,
    },
    /// It may be committed; only the log will tell.
    Unknown {
        ticket: u64,
    },
    /// The state was seen to be as it was, and it was the latest.
    NoEffect {
        ticket: u64,
    },
    /// The result that is stored under the request's key.
    Stored {
        ticket: u64,
        outcome: P::Outcome,
    },
    /// Everything acknowledged before the question is in here.
    Read {
        ticket: u64,
        view: View<P>,
    },
    /// There is nothing by that name.
    Absent {
        ticket: u64,
    },
    /// `min_seq` lies beyond the end of the log.
    Beyond {
        ticket: u64,
        end: Seq,
    },
    /// The machine cannot say; somebody else can, or the same one later.
    AskAgain {
        ticket: u64,
    },
    /// The namespace is gone, and its deletion is committed.
    Ended {
        ticket: u64,
    },
    /// A log that contradicts itself, or a file that should be there and is not.
    Corrupt {
        ticket: u64,
    },
}

impl<P: Payload> Answer<P> {
    /// Whose question it answers.
    pub fn ticket(&self) -> u64 {
        match self {
            Self::Committed { ticket, .. }
            | Self::NotCommitted { ticket }
            | Self::Unknown { ticket }
            | Self::NoEffect { ticket }
            | Self::Stored { ticket, .. }
            | Self::Read { ticket, .. }
            | Self::Absent { ticket }
            | Self::Beyond { ticket, .. }
            | Self::AskAgain { ticket }
            | Self::Ended { ticket }
            | Self::Corrupt { ticket } => *ticket,
        }
    }
}

/// Commands in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Outbox<P: Payload> {
    pub requests: Vec<(Lane, Request<P>)>,
    pub answers: Vec<Answer<P>>,
}

impl<P: Payload> Default for Outbox<P> {
    fn default() -> Self {
        Self { requests: Vec::new(), answers: Vec::new() }
    }
}

impl<P: Payload> Outbox<P> {
    pub fn send(&mut self, lane: Lane, request: Request<P>) {
        self.requests.push((lane, request));
    }

    pub fn answer(&mut self, answer: Answer<P>) {
        self.answers.push(answer);
    }

    /// Nobody wants that file any more: if it was not sent yet, it never is.
    pub fn take_back(&mut self, unwanted: &FileName) {
        self.requests.retain(
            |(_, request)| !matches!(request, Request::PutFile { file } if file == unwanted),
        );
    }
}

/// Chance, handed in. The operating system's in production: a put id that repeats is a lost write.
pub trait Dice {
    fn draw(&mut self, what: Draw) -> u128;

    fn put_id(&mut self, what: Draw) -> PutId {
        PutId(self.draw(what))
    }
}

/// What a random number is for. Production does not care; a search over all histories gives equal
/// numbers to equal intents, so that equal states meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Draw {
    Incarnation,
    /// The put id of a slot: by epoch and number.
    Slot(u64, u64),
    /// The put id of a head: by the version that it becomes.
    Head(u64),
}

/// When a request was sent and its reply received, on the clock that counts suspends; and what
/// time the store says it was there, if it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    pub sent: BootTime,
    pub received: BootTime,
    pub date: Option<StoreDate>,
}
