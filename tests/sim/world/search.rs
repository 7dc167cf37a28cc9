//! Many seeds, on all cores, until one breaks or none is left. One in fifty runs twice, and must come to
//! the same: what did not could not be replayed.
//!
//! A seed in which no time passes any more never ends, and nobody can stop its thread. So one thread more
//! watches them all, tells of it, and ends the process.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use elacsym::env::{self, Clock};

use super::panics;
use super::plan::Plan;
use super::report::{Sum, say};
use super::run::{Ear, Outcome, run};
use super::words::Broken;

const TWICE: u64 = 50;
/// After so many seeds there is a line.
const TOLD: u64 = 500;
/// A seed takes some hundredths of a second, by a clock on a wall.
const LONG: Duration = Duration::from_secs(60);
/// Between two looks at what is under way.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Found {
    pub(super) sum: Sum,
    pub(super) took: Duration,
    /// Of those that broke, the lowest.
    pub(super) broken: Option<(u64, Outcome)>,
}

struct Search {
    clock: Clock,
    next: AtomicU64,
    end: u64,
    over: AtomicBool,
    found: Mutex<(Sum, Option<(u64, Outcome)>)>,
    /// Seeds, and since when.
    under_way: Mutex<BTreeMap<u64, Duration>>,
}

pub(super) fn search(seeds: Range<u64>) -> Found {
    let search = Search {
        clock: Clock::start(),
        next: AtomicU64::new(seeds.start),
        end: seeds.end,
        over: AtomicBool::new(false),
        found: Mutex::default(),
        under_way: Mutex::default(),
    };
    thread::scope(|scope| {
        let search = &search;
        // Nothing is ever sent: it is closed when the last of them is gone, in whatever way.
        let (at_work, done) = sync_channel::<Infallible>(0);
        for core in 0..env::cores() {
            let at_work = at_work.clone();
            // The explorer silences threads that have no name.
            let thread = thread::Builder::new().name(format!("sim {core}"));
            let work = move || {
                let _at_work = at_work;
                search.go_on();
            };
            thread.spawn_scoped(scope, work).expect("a thread starts");
        }
        drop(at_work);
        let watch = thread::Builder::new().name("sim watch".to_owned());
        watch.spawn_scoped(scope, move || search.watch(&done)).expect("a thread starts");
    });
    let took = search.clock.now();
    let (sum, broken) = search.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    Found { sum, took, broken }
}

impl Search {
    fn go_on(&self) {
        while !self.over.load(Relaxed) {
            let seed = self.next.fetch_add(1, Relaxed);
            if seed >= self.end {
                return;
            }
            self.under_way().insert(seed, self.clock.now());
            let ran = catch_unwind(AssertUnwindSafe(|| self.one(seed)));
            self.under_way().remove(&seed);
            if let Err(panic) = ran {
                say(&format!("seed {seed}: the simulator panicked: {:?}", panics::heard()));
                self.over.store(true, Relaxed);
                resume_unwind(panic);
            }
        }
    }

    /// Until all who work are done. Who works at what never ends cannot be stopped: the process has to be.
    fn watch(&self, done: &Receiver<Infallible>) {
        while done.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(seed) = overdue(&self.under_way(), self.clock.now()) {
                say(&format!(
                    "seed {seed} has not come to its end in {} s: scripts/sim 1 --seed {seed} replays it",
                    LONG.as_secs()
                ));
                std::process::abort();
            }
        }
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<u64, Duration>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self, seed: u64) {
        let mut outcome = run(&Plan::of(seed), Ear::Shut);
        let twice = seed.is_multiple_of(TWICE);
        if twice {
            let (first, again) = (outcome.hash(), run(&Plan::of(seed), Ear::Shut).hash());
            if first != again && outcome.broken.is_none() {
                let told = format!("not the same twice: {first:016x}, and then {again:016x}");
                outcome.broken = Some(Broken(told));
            }
        }
        let mut found = self.found();
        let (sum, broken) = &mut *found;
        sum.add(&outcome.figures);
        if twice {
            sum.repeated();
        }
        if sum.runs().is_multiple_of(TOLD) {
            say(&sum.progress(self.clock.now()));
        }
        if outcome.broken.is_some() && broken.as_ref().is_none_or(|(lower, _)| seed < *lower) {
            *broken = Some((seed, outcome));
            self.over.store(true, Relaxed);
        }
    }

    fn found(&self) -> MutexGuard<'_, (Sum, Option<(u64, Outcome)>)> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of seeds and since when they are under way: one that is so for too long.
fn overdue(under_way: &BTreeMap<u64, Duration>, now: Duration) -> Option<u64> {
    let mut overdue = under_way.iter().filter(|(_, since)| now.saturating_sub(**since) > LONG);
    overdue.next().map(|(seed, _)| *seed)
}

#[test]
fn a_seed_that_does_not_end_is_told_of_and_no_other() {
    let at = Duration::from_secs;
    // The last seed of all, at which one thread alone is left.
    let last = BTreeMap::from([(9, at(5))]);
    assert_eq!(overdue(&last, at(5) + LONG), None);
    assert_eq!(overdue(&last, at(6) + LONG), Some(9));
    // One that began since somebody looked at the clock.
    let several = BTreeMap::from([(7, at(100)), (8, at(5)), (9, at(6))]);
    assert_eq!(overdue(&several, at(6) + LONG), Some(8));
    assert_eq!(overdue(&several, at(20)), None);
    assert_eq!(overdue(&BTreeMap::new(), at(100_000)), None);
}
