//! A world: the store, the machines that use it, what is still in the air, what clients know.
//!
//! It is cloned at every step, so its parts are shared until they change, and each carries its
//! own hash.

use std::hash::{BuildHasher, Hash};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use elacsym::env::BootTime;
use elacsym::model::FileName;
use elacsym::protocol::{
    Brancher, Entry, FoldWork, HEAD_AGE_MAX, Head, Lane, Owner, Place, Reader, Request, Rule, Rules,
    Seen, State, Strictness,
};

use super::model::{Model, Ops, holder, index, name};
use super::oracle::{Asked, Ledger};
use super::store::Store;

/// A part of a world: shared until it changes.
#[derive(Clone, Debug)]
pub(super) struct Part<T> {
    value: Arc<T>,
    hash: u64,
}

const SEED: foldhash::quality::FixedState = foldhash::quality::FixedState::with_seed(0x45_4c_41_43);

pub(super) fn hash_of(value: &impl Hash) -> u64 {
    SEED.hash_one(value)
}

impl<T: Clone + Hash> Part<T> {
    pub(super) fn new(value: T) -> Self {
        let hash = hash_of(&value);
        Self { value: Arc::new(value), hash }
    }

    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let value = Arc::make_mut(&mut self.value);
        let result = change(value);
        self.hash = hash_of(value);
        result
    }
}

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How much may happen in a history: the size of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) ops: u8,
    pub(super) claims: u8,
    /// Requests that take effect later than their sender is told.
    pub(super) delays: u8,
    /// Strong reads of nodes that own nothing, by name.
    pub(super) reads: [u8; 2],
    pub(super) owner_reads: u8,
    pub(super) retries: u8,
    pub(super) skips: u8,
    pub(super) ends: u8,
    pub(super) branches: u8,
    pub(super) merges: u8,
    pub(super) menders: u8,
}

/// What can happen at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct May {
    pub(super) crash: bool,
    pub(super) release: bool,
    pub(super) close: bool,
    pub(super) forget: bool,
    pub(super) keys: bool,
    /// Folds write files, and slots may name chunks.
    pub(super) files: bool,
    pub(super) chunks: bool,
    pub(super) collect: bool,
    /// One operation in each life of the name.
    pub(super) one_op_a_life: bool,
    /// Markers are requests like others. Else they are answered as soon as they are sent: nothing
    /// but a listing depends on them.
    pub(super) markers: bool,
    /// Nothing is left out that a wider argument shows to change nothing (`next::reduced`).
    pub(super) everything: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) title: &'static str,
    pub(super) left: Left,
    pub(super) may: May,
    pub(super) rules: Rules,
    /// The name that each of the two writers works on.
    pub(super) names: [u8; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writer {
    pub(super) owner: Owner<Model>,
    pub(super) who: u8,
    /// Which process this is: a crash makes another.
    pub(super) process: u8,
    /// How often it began anew.
    pub(super) life: u8,
    pub(super) sent: Vec<(Lane, Request<Model>)>,
    pub(super) folding: Option<(FoldWork<Model>, FileName)>,
    /// A read or skip under way, and what was seen when it was decided.
    pub(super) asked: Option<(Asked, Ops)>,
    pub(super) chunk: Option<FileName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Remote {
    pub(super) reader: Reader<Model>,
    pub(super) sent: Vec<(Lane, Request<Model>)>,
    pub(super) get: Option<HeadGet>,
    /// The reader's clock, in quarters of an hour since the head at hand was asked for.
    pub(super) quarter: u8,
    /// Whether the head at hand is younger than a quarter of an hour, in truth.
    pub(super) young: bool,
    pub(super) asked: [Option<Asked>; 2],
}

/// A GET of a head: its sending, its effect and its receipt are three moments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HeadGet {
    pub(super) sent: u8,
    pub(super) young: bool,
    pub(super) got: Option<Option<Seen<Model>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Branching {
    pub(super) brancher: Brancher<Model>,
    pub(super) sent: Vec<(Lane, Request<Model>)>,
    pub(super) asked: Asked,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) store: Part<Store>,
    pub(super) writers: [Part<Writer>; 2],
    pub(super) remotes: [Part<Remote>; 2],
    pub(super) branch: Part<Option<Branching>>,
    /// Copies of requests that may still take effect.
    pub(super) flying: Part<Vec<Request<Model>>>,
    pub(super) ledgers: [Part<Ledger>; 2],
    pub(super) left: Left,
}

impl Writer {
    fn new(scope: &Scope, who: u8) -> Self {
        Self {
            owner: Owner::closed(scope.place(who, 0, scope.names[usize::from(who)])),
            who,
            process: 0,
            life: 0,
            sent: vec![],
            folding: None,
            asked: None,
            chunk: None,
        }
    }
}

impl Remote {
    fn new(scope: &Scope, name: u8) -> Self {
        Self {
            reader: Reader::new(scope.place(4, 0, name), Strictness::ByAge),
            sent: vec![],
            get: None,
            quarter: 0,
            young: false,
            asked: [None; 2],
        }
    }
}

impl World {
    pub(super) fn new(scope: &Scope) -> Self {
        let writer = |who| Part::new(Writer::new(scope, who));
        let remote = |name| Part::new(Remote::new(scope, name));
        Self {
            store: Part::new(Store::default()),
            writers: [writer(0), writer(1)],
            remotes: [remote(0), remote(1)],
            branch: Part::new(None),
            flying: Part::new(vec![]),
            ledgers: [Part::new(Ledger::default()), Part::new(Ledger::default())],
            left: scope.left,
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        hash_of(&(
            self.store.hash,
            [self.writers[0].hash, self.writers[1].hash],
            [self.remotes[0].hash, self.remotes[1].hash],
            self.branch.hash,
            self.flying.hash,
            [self.ledgers[0].hash, self.ledgers[1].hash],
            self.left,
        ))
    }

    /// What a collector that has watched long enough may go by: the newest head that no reader can
    /// be younger than. Grace is twice the age up to which a head is believed, so a watch on a
    /// version is ripe only when no young reader is below it.
    pub(super) fn watched(&self, which: usize, rules: Rules) -> Option<Arc<Head<Model>>> {
        let now = self.store.heads[which].clone()?;
        if !rules.keep(Rule::GarbageWaits) {
            return Some(now);
        }
        let held = self.remotes[which].reader.head();
        let held = held.filter(|_| self.remotes[which].young).map(|(seen, _)| seen.head.clone());
        let get = self.remotes[which].get.as_ref().filter(|get| get.young);
        let got = get.and_then(|get| get.got.clone()).flatten().map(|seen| seen.head);
        held.into_iter().chain(got).chain([now]).min_by_key(|head| head.version)
    }

    /// Forgets what can make no difference any more, so that worlds that differ in nothing else
    /// are one: a reader that will not be asked again, a writer that will not claim again.
    pub(super) fn forget(&mut self, scope: &Scope) {
        for (name, remote) in (0..).zip(&mut self.remotes) {
            let over = self.left.reads[usize::from(name)] == 0 && remote.asked == [None; 2];
            if over && (remote.young || remote.reader.head().is_some() || remote.get.is_some()) {
                *remote = Part::new(Remote::new(scope, name));
            }
        }
        for (who, writer) in (0..).zip(&mut self.writers) {
            let closed = matches!(writer.owner.state, State::Closed { remembered: None });
            if self.left.claims == 0 && closed && writer.life != u8::MAX {
                *writer = Part::new(Writer { life: u8::MAX, ..Writer::new(scope, who) });
            }
        }
    }

    /// Forgets copies that can have no effect any more.
    pub(super) fn ground(&mut self, rules: Rules) {
        let store = &self.store;
        let dead = |request: &Request<Model>| match request {
            Request::SwapHead { name, was, .. } => {
                store.heads[index(name)].as_ref().map(|head| head.put) != *was
            }
            Request::CreateSlot { slot, .. } => {
                let stays = |there: &Arc<_>| there_stays(there, rules);
                store.slot(slot.inc, slot.seq).is_some_and(stays)
            }
            _ => false,
        };
        if self.flying.iter().any(dead) {
            self.flying.change(|flying| flying.retain(|request| !dead(request)));
        }
    }

    pub(super) fn fly(&mut self, request: Request<Model>) {
        self.flying.change(|flying| {
            flying.push(request);
            flying.sort_by_cached_key(hash_of);
        });
    }
}

/// A slot that nobody ever deletes.
pub(super) fn there_stays(slot: &elacsym::protocol::Slot<Model>, rules: Rules) -> bool {
    !matches!(slot.entry, Entry::Batch(_)) && rules.keep(Rule::FencesStay)
}

impl Scope {
    pub(super) fn place(&self, who: u8, process: u8, which: u8) -> Place {
        let rules = self.rules.one_at_a_time();
        Place { name: name(which), me: holder(who, process), rules }
    }
}

/// A moment on a reader's clock.
pub(super) fn quarters(count: u8) -> BootTime {
    BootTime(HEAD_AGE_MAX * u32::from(count))
}

pub(super) fn count_quarters(time: Duration) -> u8 {
    (time.as_secs() / HEAD_AGE_MAX.as_secs()) as u8
}
