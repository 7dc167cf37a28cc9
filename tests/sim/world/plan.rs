//! A plan: everything that a seed decides, drawn once.
//!
//! Each seed has most of its knobs at nothing or at an end, so that runs differ a lot, and what hides
//! behind one fault is found by a run that has not got it. A plan that is lowered, by fewer nodes,
//! operations or mishaps, leaves the rest of its run as it was, as far as that can be.

mod chance;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use elacsym::engine::Limits;
use elacsym::env::Dice;
use elacsym::model::Namespace;
use elacsym::namespace::keeper::{Backlog, FoldAt};

use super::report::Trial;
use super::store::{FaultKind, Rates};
use super::workload::{Deed, Habits};
pub(crate) use chance::Chance;

/// Some begin like others, and a hyphen sorts below whatever else a name may have.
const NAMES: [&str; 6] = ["ash", "ash-1", "ash.1", "birch", "Cedar", "a"];
const NODES: [usize; 6] = [1, 2, 2, 3, 3, 4];
const CLIENTS: (usize, usize) = (2, 8);
const OPERATIONS: (usize, usize) = (200, 220);
const MINUTES: (usize, usize) = (92, 104);
/// Of bursts, at most: so the last one begins when more than 90 minutes are over.
const SPAN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(110));
/// Of so many seeds, one has a name that is forsaken.
const FORSAKEN_SEEDS: usize = 12;
/// Of so many, one has batches that are cut into small parts.
const CUT_SEEDS: usize = 10;
/// Keys on the first pages of a listing, at least and at most.
const PAGES: [(usize, usize); 5] = [(3, 3), (3, 10), (10, 100), (100, 1000), (1000, 1000)];
const IDLE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    pub(crate) clients: usize,
    pub(crate) names: usize,
    /// Wishes of all clients together. What is sent again comes on top.
    pub(crate) operations: usize,
    /// Nobody wishes anything later, but who is late by then; and nothing is sent again.
    pub(crate) length: Duration,
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    /// Faults that are forced where fewer have happened when a part of the run is over.
    pub(crate) faults_owed: usize,
    /// Kinds of faults that never happen.
    pub(crate) masked: BTreeSet<FaultKind>,
    pub(crate) crashes: usize,
    pub(crate) pauses: usize,
    pub(crate) suspends: usize,
    /// Nodes that die over a chunk of a large batch.
    pub(crate) ambushes: usize,
    /// Names whose deletion nobody finishes who began it.
    pub(crate) forsaken: usize,
    /// The store begins a listing with pages of so many.
    pub(crate) page_keys_max: usize,
    pub(crate) aim: Aim,
    pub(crate) habits: Habits,
    /// When clients get busy, ascending, and for how long. Between these times nobody asks anything.
    pub(crate) bursts: Vec<Duration>,
    pub(crate) span: Duration,
    /// As it was drawn: no client wishes more, whatever is lowered since.
    pub(crate) turns: usize,
}

/// How far clients agree about who owns what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// The chance that a change is sent to any node, and not to the one that the ring names.
    pub(crate) astray: f64,
    /// The same of a read.
    pub(crate) roaming: f64,
    /// The chance that a client hears, before it asks, that a node is gone or back, which need not be
    /// true.
    pub(crate) rumours: f64,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let root = Chance::of(Dice::from_seed(seed)).fork("plan");
        let mut size = root.fork("size");
        let nodes = size.one_of(&NODES);
        let names = size.between(1, NAMES.len());
        let clients = size.between(CLIENTS.0, CLIENTS.1);
        let operations = size.between(OPERATIONS.0, OPERATIONS.1);
        let length = Duration::from_secs(60 * size.between(MINUTES.0, MINUTES.1) as u64);
        let turns = operations.div_ceil(clients);
        let habits = Habits::drawn(&root.fork("habits"), turns);
        let (bursts, span) = bursts(&mut root.fork("bursts"), length, turns);
        let mut pages = root.fork("pages");
        let (fewest_keys, most_keys) = pages.one_of(&PAGES);
        let large = habits.large_at.is_some();
        let often = |kind: &str, most: usize| {
            let mut chance = root.fork(kind);
            let most = chance.one_of(&[0, 0, most.div_ceil(4), most]);
            chance.between(most.div_ceil(2), most)
        };
        Self {
            seed,
            nodes,
            clients,
            names,
            operations,
            length,
            limits: limits(&root, &habits),
            rates: Rates::drawn(root.fork("rates").dice()),
            faults_owed: Trial::LEAST.faults as usize,
            masked: BTreeSet::new(),
            crashes: often("crashes", 12),
            pauses: often("pauses", 8),
            suspends: often("suspends", 4),
            ambushes: if large { root.fork("ambushes").below(3) } else { 0 },
            forsaken: usize::from(root.fork("forsaken").below(FORSAKEN_SEEDS) == 0),
            page_keys_max: pages.between(fewest_keys, most_keys),
            aim: Aim::drawn(&mut root.fork("aim")),
            habits,
            bursts,
            span,
            turns,
        }
    }

    /// The dice of a part of the run.
    pub(crate) fn chance(&self, part: &str) -> Chance {
        Chance::of(Dice::from_seed(self.seed)).fork(part)
    }

    pub(crate) fn namespaces(&self) -> Vec<Namespace> {
        let names = NAMES.iter().take(self.names);
        names.map(|name| Namespace::new(name).expect("a name that may be")).collect()
    }

    /// The longest time in which clients wish nothing: from when, until when.
    pub(crate) fn silence(&self) -> (Duration, Duration) {
        let between = self.bursts.windows(2).map(|pair| (pair[0] + self.span, pair[1]));
        between.max_by_key(|(from, until)| until.saturating_sub(*from)).unwrap_or_default()
    }

    /// How often that client wishes something.
    pub(crate) fn wishes_of(&self, client: usize) -> usize {
        let (each, left) = (self.operations / self.clients, self.operations % self.clients);
        self.turns.min(each + usize::from(client < left))
    }

    /// When a client has that wish, unless it is late by then: each burst has its share of them.
    pub(crate) fn due(&self, client: usize, wish: usize) -> Duration {
        let (bursts, turns) = (self.bursts.len(), self.turns.max(1));
        let burst = (wish * bursts / turns).min(bursts - 1);
        let first = (burst * turns).div_ceil(bursts);
        let next = ((burst + 1) * turns).div_ceil(bursts);
        let mut chance = self.chance(&format!("client {client}")).fork(&format!("due {wish}"));
        let place = wish.saturating_sub(first) as f64 + chance.fraction();
        self.bursts[burst] + self.span.mul_f64((place / (next - first) as f64).min(1.0))
    }
}

impl Aim {
    fn drawn(chance: &mut Chance) -> Self {
        Self {
            astray: chance.one_of(&[0.0, 0.0, 0.05, 0.5]),
            roaming: chance.one_of(&[0.0, 0.2, 1.0]),
            rumours: chance.one_of(&[0.0, 0.0, 0.03, 0.3]),
        }
    }
}

/// From a few crowds with long silences between them to somebody at almost any time.
fn bursts(chance: &mut Chance, length: Duration, turns: usize) -> (Vec<Duration>, Duration) {
    let (fewest, most) = chance.one_of(&[(2, 4), (5, 12), (25, 25)]);
    let count = chance.between(fewest, most).min(turns);
    let span = chance.span(SPAN.0, SPAN.1);
    let last = length - span;
    let inner = (2..count).map(|_| last.mul_f64(chance.fraction()));
    let mut starts: Vec<Duration> = inner.chain([Duration::ZERO, last]).collect();
    starts.sort_unstable();
    (starts, span)
}

/// Memory is never so small that what a name holds could not be read by itself, after some hundreds
/// of writes of which no segment was merged.
fn limits(root: &Chance, habits: &Habits) -> Limits {
    const MIB: u64 = 1 << 20;
    let chance = &mut root.fork("limits");
    let (fewest, most) = chance.one_of(&[(2, 4), (2, 16), (16, 64), (64, 128)]);
    let slots = chance.between(fewest, most) as u64;
    let bytes = chance.one_of(&[300, 2_000, 16 << 10, 64 * MIB, 64 * MIB]);
    let memory_bytes = match habits.text_bytes_max {
        _ if habits.large_at.is_some() => 1024 * MIB,
        // A change by filter asks for room before anybody knows what it finds.
        _ if habits.wishes_for(Deed::Find) => chance.one_of(&[32 * MIB, 64 * MIB, 1024 * MIB]),
        0..=64 => chance.one_of(&[MIB, 4 * MIB, 1024 * MIB]),
        65..=512 => chance.one_of(&[4 * MIB, 16 * MIB, 1024 * MIB]),
        _ => chance.one_of(&[16 * MIB, 64 * MIB, 1024 * MIB]),
    };
    let ample = Limits::of(memory_bytes, FoldAt { slots, bytes });
    Limits {
        folds_at_once: chance.one_of(&[1, 2]),
        open_names: chance.one_of(&[1, 2, 3, 10_000, 10_000, 10_000]),
        idle: chance.span(IDLE.0, IDLE.1),
        backlog: backlog(&mut root.fork("backlog"), &ample),
        chunk_bytes: chunk_bytes(&mut root.fork("chunks"), habits).unwrap_or(ample.chunk_bytes),
        ..ample
    }
}

/// In some runs so little that whoever writes while others do is sent away.
fn backlog(chance: &mut Chance, ample: &Limits) -> Backlog {
    let Backlog { slots_max, queued_max } = ample.backlog;
    let spare = chance.one_of(&[None, None, None, None, Some(0), Some(4)]);
    // A tail that could not grow to where it is folded would never be.
    let slots_max = spare.map_or(slots_max, |spare| ample.folds.slots + spare);
    Backlog { slots_max, queued_max: chance.one_of(&[1, 3, queued_max, queued_max, queued_max]) }
}

/// In some runs so few that all but the smallest batches are cut. None: as many as are usual. Of a batch
/// that is too large for a slot there would be thousands of parts.
fn chunk_bytes(chance: &mut Chance, habits: &Habits) -> Option<usize> {
    let cut = chance.below(CUT_SEEDS) == 0 && habits.large_at.is_none();
    cut.then(|| chance.one_of(&[300, 2_000]))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, nodes, names, clients, operations, crashes, pauses, suspends, .. } = self;
        let Self { ambushes, forsaken, page_keys_max, faults_owed, .. } = self;
        let Limits { memory_bytes, folds, folds_at_once, open_names, idle, .. } = self.limits;
        let Limits { backlog: Backlog { slots_max, queued_max }, chunk_bytes, .. } = self.limits;
        let Aim { astray, roaming, rumours } = self.aim;
        let masked: Vec<String> = self.masked.iter().map(ToString::to_string).collect();
        writeln!(
            f,
            "seed {seed}: {nodes} nodes, {names} names, {clients} clients, {operations} operations \
             in {} minutes, in {} bursts of {:?}",
            self.length.as_secs() / 60,
            self.bursts.len(),
            self.span
        )?;
        writeln!(
            f,
            "  limits: memory {} KiB, {folds_at_once} folds at once, at {} slots or {} bytes, \
             {open_names} names open, idle after {idle:?}; at most {slots_max} slots and {queued_max} \
             writes wait, batches are cut by {chunk_bytes} bytes",
            memory_bytes >> 10,
            folds.slots,
            folds.bytes
        )?;
        writeln!(f, "  wishes: {}", self.habits)?;
        writeln!(
            f,
            "  nodes: {crashes} crashes, {pauses} pauses, {suspends} suspends, {ambushes} ambushes, \
             {forsaken} names forsaken; of changes {astray} go astray, of reads {roaming}, and \
             {rumours} of all follow a rumour"
        )?;
        write!(
            f,
            "  store: {:?}, {page_keys_max} keys on a page, {faults_owed} faults at least, and never \
             [{}]",
            self.rates,
            masked.join(", ")
        )
    }
}

#[test]
fn a_seed_plans_enough_and_always_the_same() {
    for seed in 0..300 {
        let plan = Plan::of(seed);
        let wishes: usize = (0..plan.clients).map(|client| plan.wishes_of(client)).sum();
        assert_eq!(wishes, plan.operations, "{plan}");
        for client in 0..plan.clients {
            let mut due = (0..plan.wishes_of(client)).map(|wish| plan.due(client, wish));
            assert!(due.all(|due| due <= plan.length), "{plan}");
        }
        let last = plan.due(0, plan.wishes_of(0) - 1);
        assert!(last >= Duration::from_secs(90 * 60), "{plan}");
        assert_eq!(plan.to_string(), Plan::of(seed).to_string());
        assert!((3..=1000).contains(&plan.page_keys_max), "{plan}");
        assert!(plan.limits.backlog.slots_max >= plan.limits.folds.slots, "{plan}");
    }
    let of = |wanted: fn(&Plan) -> bool| (0..300).map(Plan::of).filter(wanted).count();
    assert!(of(|plan| plan.page_keys_max <= 10) > 50 && of(|plan| plan.forsaken > 0) > 5);
    assert!(of(|plan| plan.limits.backlog.slots_max < 200) > 50);
    assert!(of(|plan| plan.limits.backlog.queued_max < 10) > 50);
    assert!(of(|plan| plan.limits.chunk_bytes < 10_000) > 10);
}

#[test]
fn what_is_lowered_leaves_the_rest_as_it_was() {
    for seed in 0..100 {
        let plan = Plan::of(seed);
        let lower = Plan { operations: plan.operations / 2, ..plan.clone() };
        for client in 0..plan.clients {
            assert!(lower.wishes_of(client) <= plan.wishes_of(client));
            assert_eq!(lower.due(client, 3), plan.due(client, 3));
        }
        let fewer = Plan { clients: 1, ..plan.clone() };
        assert_eq!(fewer.wishes_of(0), plan.wishes_of(0));
    }
}
