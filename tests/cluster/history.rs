//! What happened to one namespace, as its clients saw it: what they asked, when, and what they were
//! told. Nothing is judged here: `check` does that, and needs nothing but this.
//!
//! The rows that one request writes together are a *thing*. There are three kinds: what one writer
//! alone writes to, again and again (parcels, and lives of a namespace); counters, which all
//! writers raise by conditional writes; and latches, which all writers take if nobody holds them
//! and free if somebody does.

use std::sync::Arc;

use crate::row::Row;

/// A moment of the process that asks. Of two, the lower came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// When a request ended that did not.
    pub(crate) const NEVER: Self = Self(u64::MAX);
}

#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) name: String,
    pub(crate) acts: Vec<Act>,
    pub(crate) echoes: Vec<Echo>,
    pub(crate) reads: Vec<Read>,
    pub(crate) frosts: Vec<Frost>,
}

/// What somebody is about to do.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// No two acts of a run have the same. Every row that it writes carries it.
    pub(crate) token: String,
    pub(crate) thing: String,
    pub(crate) what: What,
    /// All of the thing, once this is done. Nothing: it is gone then.
    pub(crate) rows: Vec<Row>,
}

/// One request to write, with all its repetitions.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) draft: Draft,
    pub(crate) call: Moment,
    pub(crate) back: Moment,
    pub(crate) told: Told,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Put,
    /// With the wish that the namespace be made if it is not there.
    PutMaking,
    /// Into a namespace that is there.
    PutInto,
    /// All but the bodies.
    Patch,
    /// The same, of rows that the act of this token wrote: all of them, for nobody else writes them.
    PatchIf {
        by: String,
    },
    /// The same, of rows that the act of this token wrote, or of later versions: none of them, for it wrote
    /// none, and this is the latest.
    PatchMissed {
        by: String,
    },
    Delete {
        ids: Vec<String>,
    },
    /// Of the one row that the act of this token wrote, found by that.
    PatchFound {
        by: String,
        beyond: Beyond,
    },
    /// Of all rows that the act of this token wrote, found by that: these.
    DeleteFound {
        by: String,
        ids: Vec<String>,
        beyond: Beyond,
    },
    /// The namespace is deleted.
    End,
    /// A counter is raised by one, if it is what it was; from -1 it is made.
    Step {
        from: i64,
    },
    /// A latch is taken, if nobody has it.
    Take,
    /// A latch is freed, if it is still the act of this token that has it.
    Free {
        of: String,
    },
}

/// What is to become of a request that finds more rows than one may change. None of these does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    Refused,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// 200: so many rows were changed.
    Done { rows: u64, at: Option<At> },
    /// Certainly not done, now or later.
    Refused { status: u16 },
    /// Nobody knows. Also what is still under way.
    Doubt,
}

/// Where in the log it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Slot(u64),
    /// Said to who asked again: whoever reads there sees it, and others may.
    By(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Certain,
    Possible,
    None,
}

/// Whether what an act did shows in a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Must,
    May,
    Cannot,
}

/// A request that was acknowledged, sent once more with its key.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    /// Which of the acts.
    pub(crate) of: usize,
    pub(crate) back: Moment,
    pub(crate) rows: u64,
    pub(crate) slot: Option<u64>,
}

/// For how long a namespace was read-only at the least: from when that was acknowledged until its end
/// was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frost {
    pub(crate) from: Moment,
    pub(crate) until: Moment,
}

#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) call: Moment,
    pub(crate) back: Moment,
    pub(crate) level: Level,
    /// The slot that it had to see, if it said so.
    pub(crate) floor: Option<u64>,
    pub(crate) scope: Scope,
    /// Nothing: there is no such namespace.
    pub(crate) seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Strong,
    Eventual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Things(Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The last slot that it saw.
    pub(crate) seq: u64,
    /// How many rows the server counted.
    pub(crate) count: u64,
    pub(crate) rows: Vec<Arc<Row>>,
}

impl Draft {
    /// The id of a thing that has one row, such as a counter or a latch.
    pub(crate) fn only_id(&self) -> String {
        format!("{}/0", self.thing)
    }
}

impl What {
    /// How many rows the request names, or must find.
    pub(crate) fn asked(&self, rows: &[Row]) -> u64 {
        match self {
            Self::Put | Self::PutMaking | Self::PutInto => rows.len() as u64,
            Self::Patch | Self::PatchIf { .. } | Self::PatchFound { .. } => rows.len() as u64,
            Self::PatchMissed { .. } => 0,
            Self::Delete { ids } | Self::DeleteFound { ids, .. } => ids.len() as u64,
            Self::End => 0,
            Self::Step { .. } | Self::Take | Self::Free { .. } => 1,
        }
    }

    pub(crate) fn is_conditional(&self) -> bool {
        matches!(self, Self::Step { .. } | Self::Take | Self::Free { .. })
    }
}

impl Act {
    pub(crate) fn token(&self) -> &str {
        &self.draft.token
    }

    pub(crate) fn effect(&self) -> Effect {
        match self.told {
            _ if matches!(self.draft.what, What::PatchMissed { .. }) => Effect::None,
            Told::Doubt => Effect::Possible,
            Told::Refused { .. } => Effect::None,
            Told::Done { rows: 0, .. } if self.draft.what.is_conditional() => Effect::None,
            Told::Done { .. } => Effect::Certain,
        }
    }

    /// The slot that it was told.
    pub(crate) fn slot(&self) -> Option<u64> {
        match self.told {
            Told::Done { at: Some(At::Slot(slot) | At::By(slot)), .. } => Some(slot),
            _ => None,
        }
    }

    /// The number of a slot decides, where both are known; else who ended before the other began.
    pub(crate) fn reach(&self, read: &Read) -> Reach {
        let Told::Done { at, .. } = self.told else {
            let possible = self.effect() == Effect::Possible && self.call < read.back;
            return if possible { Reach::May } else { Reach::Cannot };
        };
        if self.effect() == Effect::None || self.call > read.back {
            return Reach::Cannot;
        }
        match (at, read.seen.as_ref().map(|seen| seen.seq)) {
            (Some(At::Slot(slot)), Some(seq)) if slot > seq => return Reach::Cannot,
            (Some(At::Slot(slot) | At::By(slot)), Some(seq)) if slot <= seq => return Reach::Must,
            _ => {}
        }
        if self.precedes(read) { Reach::Must } else { Reach::May }
    }

    /// Whether the answer was here before a strong read was sent.
    pub(crate) fn precedes(&self, read: &Read) -> bool {
        read.level == Level::Strong && self.back < read.call
    }
}

impl Scope {
    pub(crate) fn holds(&self, thing: &str) -> bool {
        match self {
            Self::All => true,
            Self::Things(things) => things.iter().any(|one| one == thing),
        }
    }
}
