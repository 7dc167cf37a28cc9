//! Histories in small, for the tests of the checker.

use std::sync::Arc;

use super::{Promise, check};
use crate::history::{Act, At, Draft, History, Level, Moment, Read, Scope, Seen, Told, What};
use crate::row::Row;

/// The promises that a history breaks, each once.
pub(super) fn broken(history: &History) -> Vec<Promise> {
    let mut broken: Vec<Promise> = check(history).iter().map(|it| it.promise).collect();
    broken.sort();
    broken.dedup();
    broken
}

/// Those that these break, of one thing.
pub(super) fn broken_by(acts: &[&Act], reads: Vec<Read>) -> Vec<Promise> {
    let acts = acts.iter().map(|act| (*act).clone()).collect();
    broken(&History { acts, reads, ..History::default() })
}

pub(super) fn act(thing: &str, token: &str, what: What, rows: Vec<Row>) -> Act {
    let draft = Draft { token: token.to_owned(), thing: thing.to_owned(), what, rows };
    Act { draft, call: Moment(0), back: Moment::NEVER, told: Told::Doubt }
}

pub(super) fn put(thing: &str, token: &str, parts: usize) -> Act {
    let row = |part| Row::new(&format!("{thing}/{part}"), 1, token, "body");
    act(thing, token, What::Put, (0..parts).map(row).collect())
}

pub(super) fn delete(of: &Act, token: &str) -> Act {
    let ids = of.draft.rows.iter().map(|row| row.id.clone()).collect();
    act(&of.draft.thing, token, What::Delete { ids }, Vec::new())
}

pub(super) fn step(token: &str, from: i64) -> Act {
    act("c", token, What::Step { from }, vec![Row::new("c/0", from + 1, token, "-")])
}

pub(super) fn take(token: &str) -> Act {
    act("l", token, What::Take, vec![Row::new("l/0", 0, token, "-")])
}

pub(super) fn free(token: &str, of: &str) -> Act {
    act("l", token, What::Free { of: of.to_owned() }, Vec::new())
}

impl Act {
    pub(super) fn at(self, call: u64, back: u64) -> Self {
        Self { call: Moment(call), back: Moment(back), ..self }
    }

    pub(super) fn done(self, rows: u64, slot: u64) -> Self {
        Self { told: Told::Done { rows, at: Some(At::Slot(slot)) }, ..self }
    }

    /// Without a word of where.
    pub(super) fn told(self, rows: u64) -> Self {
        Self { told: Told::Done { rows, at: None }, ..self }
    }

    pub(super) fn refused(self) -> Self {
        Self { told: Told::Refused { status: 503 }, ..self }
    }

    /// It began and nobody knows.
    pub(super) fn doubt(self, call: u64) -> Self {
        Self { call: Moment(call), back: Moment::NEVER, told: Told::Doubt, ..self }
    }
}

/// A strong read of everything, that saw what these wrote.
pub(super) fn read(call: u64, back: u64, seq: u64, shows: &[&Act]) -> Read {
    let rows = shows.iter().flat_map(|act| &act.draft.rows);
    let rows: Vec<Arc<Row>> = rows.map(|row| Arc::new(row.clone())).collect();
    Read {
        call: Moment(call),
        back: Moment(back),
        level: Level::Strong,
        floor: None,
        scope: Scope::All,
        seen: Some(Seen { seq, count: rows.len() as u64, rows }),
    }
}

/// A strong read that was told that there is no such name.
pub(super) fn absent(call: u64, back: u64) -> Read {
    Read { seen: None, ..read(call, back, 0, &[]) }
}
