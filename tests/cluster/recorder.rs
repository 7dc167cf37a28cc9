//! Notes what happens, while it happens, from many tasks at once: one history for each name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use crate::chance::Chance;
use crate::history::{
    Act, At, Draft, Echo, Frost, History, Level, Moment, Read, Scope, Seen, Told,
};
use crate::row::Row;

#[derive(Debug, Default)]
pub(crate) struct Recorder {
    moments: AtomicU64,
    names: Mutex<BTreeMap<String, Noted>>,
    odd: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Noted {
    history: History,
    /// The ids of each thing.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// Most rows are read again and again, and kept once.
    rows: BTreeSet<Arc<Row>>,
    /// The highest slot that a writer was told.
    slot: u64,
}

/// What was read, before it is known when that ended.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) call: Moment,
    pub(crate) level: Level,
    pub(crate) floor: Option<u64>,
    pub(crate) scope: Scope,
}

/// What a read came to.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) seq: u64,
    pub(crate) count: u64,
    pub(crate) rows: Vec<Row>,
}

impl Recorder {
    pub(crate) fn now(&self) -> Moment {
        Moment(self.moments.fetch_add(1, SeqCst))
    }

    /// The number of the act among those of its name.
    pub(crate) fn begin(&self, name: &str, draft: Draft) -> usize {
        self.with(name, |noted| {
            let ids = noted.ids.entry(draft.thing.clone()).or_default();
            ids.extend(draft.rows.iter().map(|row| row.id.clone()));
            let (call, back) = (self.now(), Moment::NEVER);
            noted.history.acts.push(Act { draft, call, back, told: Told::Doubt });
            noted.history.acts.len() - 1
        })
    }

    pub(crate) fn end(&self, name: &str, act: usize, told: &Told) {
        if *told == Told::Doubt {
            return;
        }
        self.with(name, |noted| {
            if let Told::Done { at: Some(At::Slot(slot)), .. } = told {
                noted.slot = noted.slot.max(*slot);
            }
            let act = &mut noted.history.acts[act];
            (act.back, act.told) = (self.now(), told.clone());
        });
    }

    pub(crate) fn echo(&self, name: &str, of: usize, rows: u64, slot: Option<u64>) {
        let back = self.now();
        self.with(name, |noted| noted.history.echoes.push(Echo { of, back, rows, slot }));
    }

    /// `None`: there was no such name.
    pub(crate) fn read(&self, name: &str, look: Look, rows: Option<Rows>) {
        let back = self.now();
        let Look { call, level, floor, scope } = look;
        self.with(name, |noted| {
            let seen = rows.map(|rows| noted.seen(rows));
            noted.history.reads.push(Read { call, back, level, floor, scope, seen });
        });
    }

    pub(crate) fn frost(&self, name: &str, from: Moment, until: Moment) {
        self.with(name, |noted| noted.history.frosts.push(Frost { from, until }));
    }

    /// An answer that nobody should get; one is enough to fail.
    pub(crate) fn odd(&self, what: String) {
        self.odd.lock().unwrap().push(what);
    }

    pub(crate) fn first_odd(&self) -> Option<String> {
        self.odd.lock().unwrap().first().cloned()
    }

    /// Some things that were written to.
    pub(crate) fn some_things(&self, name: &str, many: u64, chance: &mut Chance) -> Vec<String> {
        self.with(name, |noted| {
            let acts = &noted.history.acts;
            let mut some: Vec<String> = Vec::new();
            for _ in 0..many {
                some.extend((!acts.is_empty()).then(|| chance.pick(acts).draft.thing.clone()));
            }
            some.sort();
            some.dedup();
            some
        })
    }

    /// The ids of things; of one that nobody wrote to yet, the one that it would have.
    pub(crate) fn ids(&self, name: &str, things: &[String]) -> Vec<String> {
        self.with(name, |noted| {
            let mut ids = BTreeSet::new();
            for thing in things {
                ids.insert(format!("{thing}/0"));
                ids.extend(noted.ids.get(thing).into_iter().flatten().cloned());
            }
            ids.into_iter().collect()
        })
    }

    /// The highest slot of which a writer to that name was told.
    pub(crate) fn slot(&self, name: &str) -> u64 {
        self.with(name, |noted| noted.slot)
    }

    pub(crate) fn history(&self, name: &str) -> History {
        let mut history = self.with(name, |noted| noted.history.clone());
        history.name = name.to_owned();
        history
    }

    pub(crate) fn forget(&self, name: &str) {
        self.names.lock().unwrap().remove(name);
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Noted) -> T) -> T {
        let mut names = self.names.lock().unwrap();
        act(names.entry(name.to_owned()).or_default())
    }
}

impl Noted {
    fn seen(&mut self, rows: Rows) -> Seen {
        let Rows { seq, count, rows } = rows;
        let rows = rows.into_iter().map(|row| {
            let known = self.rows.get(&row).cloned();
            known.unwrap_or_else(|| {
                let row = Arc::new(row);
                self.rows.insert(row.clone());
                row
            })
        });
        Seen { seq, count, rows: rows.collect() }
    }
}
