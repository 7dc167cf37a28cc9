//! A world: the store, the machines that use it, what is still in the air, what clients know.
//!
//! It is cloned at every step, so its parts are shared until they change, and each carries its
//! own hash.

use std::hash::{BuildHasher, Hash};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use elacsym::env::BootTime;
use elacsym::model::{FileName, Incarnation, Seq};
use elacsym::protocol::{
    Brancher, Collector, Entry, FoldWork, HEAD_AGE_MAX, Head, Lane, Mender, MergeWork, Owner,
    Reader, Reply, Request, Rule, Rules, Seen, State, Strictness,
};

use super::model::{Model, NAMES, Ops, index};
use super::oracle::{Asked, Birth, Ledger};
use super::scope::{Left, Scope};
use super::store::Store;
use super::writers::END;

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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writer {
    pub(super) owner: Owner<Model>,
    pub(super) who: u8,
    /// Which process this is: a crash makes another.
    pub(super) process: u8,
    /// How often it began anew.
    pub(super) life: u8,
    /// Which life of its name it owns, by a broken rule that lets incarnations repeat.
    pub(super) births: u8,
    pub(super) sent: Vec<Sent>,
    /// What is prepared, and not published yet.
    pub(super) folding: Vec<(Work, FileName)>,
    /// The tickets that are not answered yet, as bits.
    pub(super) open: u64,
    /// A read and a skip under way, and what was seen when it was decided (`writers::question`).
    pub(super) asked: [Option<(Question, Ops)>; 2],
    pub(super) chunk: Option<FileName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    Fold(FoldWork<Model>),
    Merge(MergeWork<Model>),
}

/// A request on its way. A read that was answered by the store may take its time to arrive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) lane: Lane,
    pub(super) request: Request<Model>,
    pub(super) got: Option<Reply<Model>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Remote {
    pub(super) reader: Reader<Model>,
    pub(super) sent: Vec<Sent>,
    pub(super) get: Option<HeadGet>,
    /// The reader's clock, in quarters of an hour since the head at hand was asked for.
    pub(super) quarter: u8,
    /// Whether the head at hand is younger than a quarter of an hour, in truth.
    pub(super) young: bool,
    pub(super) asked: [Option<Question>; 2],
}

/// A strong read under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) asked: Asked,
    pub(super) min_seq: Option<Seq>,
    /// The last slot that was acknowledged before it.
    pub(super) last: Option<Seq>,
}

/// A GET of a head: its sending, its effect and its receipt are three moments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HeadGet {
    pub(super) sent: u8,
    pub(super) young: bool,
    pub(super) got: Option<(Option<Seen<Model>>, u8)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Branching {
    pub(super) brancher: Brancher<Model>,
    pub(super) sent: Vec<Sent>,
    pub(super) asked: Asked,
    pub(super) from: u8,
    /// Which of the branches of this history it is.
    pub(super) life: u8,
}

/// The walk at one marker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mending {
    pub(super) mender: Mender<Model>,
    pub(super) sent: Vec<Sent>,
}

/// An owner's collector, request by request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sweeping {
    pub(super) collector: Collector<Model>,
    pub(super) sent: Vec<Sent>,
    pub(super) owner: u8,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) store: Part<Store>,
    pub(super) writers: [Part<Writer>; 2],
    pub(super) remotes: [Part<Remote>; NAMES],
    pub(super) branch: Part<Option<Branching>>,
    pub(super) sweeper: Part<Option<Sweeping>>,
    pub(super) mender: Part<Option<Mending>>,
    /// Copies of requests that may still take effect.
    pub(super) flying: Part<Vec<Request<Model>>>,
    pub(super) ledgers: [Part<Ledger>; NAMES],
    pub(super) left: Left,
}

impl Writer {
    fn new(scope: &Scope, who: u8) -> Self {
        Self {
            owner: Owner::closed(scope.place(who, 0, scope.names[usize::from(who)])),
            who,
            process: 0,
            life: 0,
            births: 0,
            sent: vec![],
            folding: vec![],
            open: 0,
            asked: [None; 2],
            chunk: None,
        }
    }
}

impl Sent {
    pub(super) fn all(requests: Vec<(Lane, Request<Model>)>) -> impl Iterator<Item = Self> {
        requests.into_iter().map(|(lane, request)| Self { lane, request, got: None })
    }
}

impl Remote {
    fn new(scope: &Scope, name: u8) -> Self {
        let strict = if scope.may.strict { Strictness::AlwaysHead } else { Strictness::ByAge };
        Self {
            reader: Reader::new(scope.place(4, 0, name), strict),
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
            remotes: std::array::from_fn(|name| remote(name as u8)),
            branch: Part::new(None),
            sweeper: Part::new(None),
            mender: Part::new(None),
            flying: Part::new(vec![]),
            ledgers: std::array::from_fn(|_| Part::new(Ledger::default())),
            left: scope.left,
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        hash_of(&(
            self.store.hash,
            [self.writers[0].hash, self.writers[1].hash],
            self.remotes.each_ref().map(|part| part.hash),
            self.branch.hash,
            self.sweeper.hash,
            self.mender.hash,
            self.flying.hash,
            self.ledgers.each_ref().map(|part| part.hash),
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
        let got = get.and_then(|get| get.got.clone()).and_then(|(seen, _)| seen);
        let got = got.map(|seen| seen.head);
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

    /// Whether the deletion of a life is committed, or may still be.
    fn may_end(&self, inc: Incarnation) -> bool {
        let ends = |request: &Request<Model>| match request {
            Request::CreateSlot { slot, .. } => slot.inc == inc && slot.entry == Entry::End,
            _ => false,
        };
        let asked =
            |writer: &Part<Writer>| writer.owner.inc() == Some(inc) && writer.open & 1 << END != 0;
        self.store.slots.iter().any(|slot| slot.inc == inc && slot.entry == Entry::End)
            || self.flying.iter().any(ends)
            || self.writers.iter().any(asked)
    }

    /// Deletions that were asked for, and cannot happen any more, excuse nothing.
    pub(super) fn settle_ends(&mut self) {
        for which in 0..self.ledgers.len() {
            let over = |life: &Birth| !self.may_end(life.0);
            if self.ledgers[which].ending.iter().any(over) {
                let ending = self.ledgers[which].ending.clone();
                let left = ending.into_iter().filter(|life| self.may_end(life.0)).collect();
                self.ledgers[which].change(|ledger| ledger.ending = left);
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

/// A moment on a reader's clock.
pub(super) fn quarters(count: u8) -> BootTime {
    BootTime(HEAD_AGE_MAX * u32::from(count))
}

pub(super) fn count_quarters(time: Duration) -> u8 {
    (time.as_secs() / HEAD_AGE_MAX.as_secs()) as u8
}
