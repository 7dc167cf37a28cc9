//! Many seeds, on all cores, until one breaks or none is left. One in fifty runs twice, and must come to
//! the same: what did not could not be replayed.
//!
//! A seed in which no time passes any more never ends. Nobody can stop its thread, so another tells of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
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
/// A seed takes some hundredths of a second.
const LONG: Duration = Duration::from_secs(20);

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
        for core in 0..env::cores() {
            // The explorer silences threads that have no name.
            let thread = thread::Builder::new().name(format!("sim {core}"));
            thread.spawn_scoped(scope, || search.go_on()).expect("a thread starts");
        }
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
            self.refuse_what_never_ends();
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

    /// Of others: the whole process has to end, for its thread does not.
    fn refuse_what_never_ends(&self) {
        let now = self.clock.now();
        let endless =
            self.under_way().iter().find(|(_, since)| now - **since > LONG).map(|it| *it.0);
        if let Some(seed) = endless {
            say(&format!(
                "seed {seed} has not come to its end in {} s: scripts/sim 1 --seed {seed}",
                LONG.as_secs()
            ));
            std::process::abort();
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
