//! One thing that happens in a world. Every request is a step of its own.

use std::fmt;

/// Whose request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Writer(u8),
    Brancher,
    Sweeper,
    Mender,
}

/// Two coins: did it happen, and what was its sender told?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It happened, and the answer arrived.
    Told,
    /// It happened, and the answer was lost.
    Lost,
    /// It did not happen, and nobody knows.
    Vain,
    /// It did not happen, and the store says that somebody was quicker: 409.
    Conflict,
    /// It was read, and the answer takes its time.
    Slow,
    /// Nobody knows, and it may happen later.
    Late,
    /// It happened, the answer arrived, and a copy of it may happen again.
    Twice,
}

impl How {
    pub(super) const ALL: [Self; 7] =
        [Self::Told, Self::Lost, Self::Vain, Self::Conflict, Self::Slow, Self::Late, Self::Twice];
}

/// What a collector deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Slot(u8),
    File(u8),
    /// Nothing: it looks after pins, and after what the head need not name any more. Of the present
    /// life, or of a dead one.
    Mentions(u8),
    /// The `_gone` marker of the life that this `end` is of: it leads to nothing any more.
    Marker(u8),
    /// It holds a branching head for abandoned.
    Abandon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Deliver {
        who: Who,
        at: u8,
        how: How,
    },
    Open(u8),
    /// To tend what is there, not to write.
    Tend(u8),
    Commit(u8),
    Upload(u8),
    CommitChunk(u8),
    Retry {
        writer: u8,
        op: u8,
    },
    Skip(u8),
    KeyedSkip(u8),
    OwnerRead(u8),
    Fold(u8),
    Publish {
        writer: u8,
        fold: u8,
        release: bool,
    },
    Merge(u8),
    Release(u8),
    Close(u8),
    Forget(u8),
    End(u8),
    Crash(u8),
    /// The process dies, and its request `at` is still on its way.
    CrashFlying {
        writer: u8,
        at: u8,
    },
    Land(u8),
    Ask(u8),
    Fetch {
        reader: u8,
        at: u8,
    },
    Receive(u8),
    /// A slot that was read arrives.
    Arrive {
        reader: u8,
        at: u8,
    },
    Expire(u8),
    Collect {
        name: u8,
        slot: Item,
        late: bool,
    },
    Mend(u8),
    /// An owner begins to watch for its own garbage.
    Watch(u8),
    /// It has watched for half an hour.
    HalfHour,
    Sweep,
    /// Of this name, into the one after it.
    Branch(u8),
    CrashBrancher,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Told => "done, and told so",
            Self::Lost => "done, but the answer is lost",
            Self::Vain => "fails without a word",
            Self::Conflict => "409, without effect",
            Self::Slow => "read, and the answer takes its time",
            Self::Late => "times out, and may still happen",
            Self::Twice => "done, told so, and a copy is still on its way",
        })
    }
}
