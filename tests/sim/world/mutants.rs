//! Faults that could have been built into the code above the protocol core, by name: each is found, one
//! at a time, by what clients see, by `fsck`, or by what never comes about once all is well. (Those of the
//! core are in `tests/sim/explorer/mutants.rs`.) What is not found here would not be found anywhere.
//!
//! What the store sees, or what panics, is not enough: a fault that harms no user is none. Where it takes
//! special times to do harm, the plans of its seeds are shaped for it; none of them is left out.
//!
//! The seed that finds a fault runs once more without it, and must break nothing: then it was the fault.
//!
//! `SIM_MUTANT` has those alone looked for whose names it is a part of.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use elacsym::engine::Limits;
use elacsym::env;
use elacsym::namespace::keeper::FoldAt;
use elacsym::reach;

use super::checks::harm;
use super::panics;
use super::plan::Plan;
use super::report::{mutants, say};
use super::run::{Ear, run};
use super::store::FaultKind;
use super::words::Broken;
use super::workload::Deed;

const SEEDS_MAX: usize = 500;
/// Each fault has seeds of its own, from a multiple of this on.
const SEEDS_OF_EACH: u64 = 1_000_000;
/// Of the words in which it was found.
const TOLD_CHARS: usize = 200;

struct Mutant {
    name: &'static str,
    breaks: &'static str,
    /// What makes of any plan one that may come by it.
    shape: fn(&mut Plan),
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a batch is acknowledged in halves",
        breaks: "what was answered may be lost, and is not seen at once",
        shape: as_drawn,
    },
    Mutant {
        name: "a slot in doubt is taken for mine",
        breaks: "what was answered is nowhere, and the log has a gap",
        shape: as_drawn,
    },
    Mutant {
        name: "a draft does not see the slot under way",
        breaks: "of two that each raise a counter from the same value, both are told that they did",
        shape: as_drawn,
    },
    Mutant {
        name: "a draft outlives the slot below it",
        breaks: "what was evaluated over a slot that is lost is committed all the same",
        shape: contended,
    },
    Mutant {
        name: "an answer without effect waits for no proof",
        breaks: "a condition is answered by what is not committed, or by who is the owner no more",
        shape: as_drawn,
    },
    Mutant {
        name: "what changes nothing leaves no receipt",
        breaks: "the same request under the same key is answered otherwise",
        shape: as_drawn,
    },
    Mutant {
        name: "a key answers for every request",
        breaks: "a request is answered by what another did",
        shape: as_drawn,
    },
    Mutant {
        name: "a patch drops what it does not name",
        breaks: "attributes are lost",
        shape: as_drawn,
    },
    Mutant {
        name: "a condition sees what is superseded",
        breaks: "a condition, or a patch, goes by a document as it was long ago",
        shape: as_drawn,
    },
    Mutant {
        name: "a fold forgets the last slot",
        breaks: "rows that were acknowledged are in no segment, and not in the log any more",
        shape: as_drawn,
    },
    Mutant {
        name: "what a fold supersedes of a segment lives on",
        breaks: "a document is there twice, and comes back when it is deleted",
        shape: as_drawn,
    },
    Mutant {
        name: "a fold publishes no keys",
        breaks: "a request that comes again after a fold is done again",
        shape: as_drawn,
    },
    Mutant {
        name: "a fold forgets which numbers attributes had",
        breaks: "the values of an attribute that was dropped come back with its name",
        shape: fickle,
    },
    Mutant {
        name: "the first of some deletions is not written",
        breaks: "a document comes back when its name is opened anew",
        shape: as_drawn,
    },
    Mutant {
        name: "deletions are not read",
        breaks: "all documents come back that a fold has superseded",
        shape: as_drawn,
    },
    Mutant {
        name: "a deletion in the log hides no row of a segment",
        breaks: "what was deleted is seen until the next fold",
        shape: as_drawn,
    },
    Mutant {
        name: "the oldest version in the log stands",
        breaks: "reads go back in time",
        shape: as_drawn,
    },
    Mutant {
        name: "the slot at the floor is lost from the tail",
        breaks: "what was committed while a fold was under way is not seen",
        shape: as_drawn,
    },
    Mutant {
        name: "a name is opened without its tail",
        breaks: "what is in the log is not seen by whoever has not written it",
        shape: as_drawn,
    },
    Mutant {
        name: "the first chunk of a batch is not read",
        breaks: "a part of a large batch is not seen by whoever has not written it",
        shape: large,
    },
    Mutant {
        name: "a strong read shows the view at hand",
        breaks: "a read does not see what was acknowledged before it",
        shape: as_drawn,
    },
    Mutant {
        name: "an eventual read has no bound",
        breaks: "a read is older than it allows",
        shape: as_drawn,
    },
    Mutant {
        name: "an eventual read ignores min_seq",
        breaks: "a read does not hold the slot that it asks for",
        shape: as_drawn,
    },
    Mutant {
        name: "each query of a request has a view of its own",
        breaks: "one answer tells of two states",
        shape: as_drawn,
    },
    Mutant {
        name: "a filter finds what is superseded",
        breaks: "a document is found as it was before, too",
        shape: as_drawn,
    },
    Mutant {
        name: "the last name of a page is left out",
        breaks: "a list lacks a name",
        shape: as_drawn,
    },
    Mutant {
        name: "garbage is watched for no time",
        breaks: "a reader takes a slot that is collected for one that never was, and the end of the log",
        shape: read_elsewhere,
    },
    Mutant {
        name: "garbage is watched by the calendar",
        breaks: "it stays for a day, when somebody sets the calendar of a machine back by one",
        shape: as_drawn,
    },
    Mutant {
        name: "the checksum of a frame is not checked",
        breaks: "one bit that turned on its way changes what is there, or what was",
        shape: turning,
    },
    Mutant {
        name: "the hash of a segment is not checked",
        breaks: "one bit that turned on its way changes what is read",
        shape: turning,
    },
    Mutant {
        name: "the walk passes by the dead",
        breaks: "what a deleted name leaves stays for ever, if who deleted it dies",
        shape: as_drawn,
    },
];

fn as_drawn(_: &mut Plan) {}

/// Changes of one name are sent to several nodes.
fn contended(plan: &mut Plan) {
    plan.nodes = plan.nodes.max(2);
    plan.aim.astray = plan.aim.astray.max(0.2);
}

fn read_elsewhere(plan: &mut Plan) {
    plan.nodes = plan.nodes.max(2);
    plan.aim.roaming = 1.0;
}

/// A batch comes in chunks, and stays in the log for a while.
fn large(plan: &mut Plan) {
    let Limits { folds_at_once, open_names, idle, .. } = plan.limits;
    let ample = Limits::of(1 << 30, FoldAt { slots: 64, bytes: 64 << 20 });
    plan.habits.large_at = Some(plan.turns / 4);
    plan.limits = Limits { folds_at_once, open_names, idle, ..ample };
}

/// Bits turn all the time, of what is read again and again: also of small chunks, for what lies in a slot
/// itself is in its chain, too.
fn turning(plan: &mut Plan) {
    plan.rates = plan.rates.clone().with(FaultKind::Turned, 0.02);
    plan.habits.large_at = None;
    plan.limits.chunk_bytes = 300;
    plan.limits.folds.slots = 2;
    plan.limits.idle = Duration::from_millis(500);
}

/// Attributes come and go all the time, over segments that hold them.
fn fickle(plan: &mut Plan) {
    plan.habits.fickle = 0.6;
    plan.habits.prefer(Deed::Schema);
    plan.limits.folds.slots = 2;
    plan.limits.idle = Duration::from_millis(500);
}

struct Found {
    /// How many seeds were tried before.
    before: usize,
    seed: u64,
    broken: Broken,
}

impl Mutant {
    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::of(seed);
        (self.shape)(&mut plan);
        plan
    }
}

/// The first of its seeds that breaks, on all cores.
fn find(mutant: &Mutant, from: u64) -> Option<Found> {
    let seeds = (from..from + SEEDS_OF_EACH).take(SEEDS_MAX).enumerate();
    let (seeds, over, found) = (Mutex::new(seeds), AtomicBool::new(false), Mutex::default());
    let look = || {
        while !over.load(Relaxed) {
            let Some((before, seed)) = locked(&seeds).next() else { return };
            let Some(broken) = harm_of(mutant, seed) else { continue };
            // Whoever is at a lower one goes on to its end.
            over.store(true, Relaxed);
            let mut found: MutexGuard<'_, Option<Found>> = locked(&found);
            if found.as_ref().is_none_or(|lower| before < lower.before) {
                *found = Some(Found { before, seed, broken });
            }
        }
    };
    thread::scope(|scope| {
        for core in 0..env::cores() {
            // The explorer silences threads that have no name.
            let thread = thread::Builder::new().name(format!("sim {core}"));
            thread.spawn_scoped(scope, look).expect("a thread starts");
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What users could show of a run with that fault in it.
fn harm_of(mutant: &Mutant, seed: u64) -> Option<Broken> {
    harm::listen();
    reach::mutate(Some(mutant.name));
    // What a run breaks by is what the store saw, if it saw anything.
    let ran = catch_unwind(AssertUnwindSafe(|| run(&mutant.plan(seed), Ear::Shut)));
    reach::mutate(None);
    let harm = harm::heard();
    if let Err(panic) = ran {
        let heard = panics::heard();
        say(&format!("seed {seed} with {}: the simulator panicked: {heard:?}", mutant.name));
        resume_unwind(panic);
    }
    harm
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_built_in_fault_is_found() {
    let part = std::env::var("SIM_MUTANT").unwrap_or_default();
    let mut missed = Vec::new();
    for (number, mutant) in (1..).zip(MUTANTS) {
        let Mutant { name, breaks, .. } = mutant;
        if !name.contains(&part) {
            continue;
        }
        let Some(Found { before, seed, broken: Broken(told) }) =
            find(mutant, number * SEEDS_OF_EACH)
        else {
            say(&format!("{name}: {breaks}\n    not found"));
            missed.push(*name);
            continue;
        };
        let told: String =
            told.lines().next().unwrap_or_default().chars().take(TOLD_CHARS).collect();
        say(&format!("{name}: {breaks}\n    after {} seeds, by {seed}: {told}", before + 1));
        let without = run(&mutant.plan(seed), Ear::Shut).broken;
        assert_eq!(without, None, "seed {seed} breaks without it, too: {name}");
    }
    assert!(missed.is_empty(), "not found in {SEEDS_MAX} seeds: {}", missed.join("; "));
}

#[test]
fn the_table_has_the_faults_that_the_code_has() {
    let table: BTreeSet<String> = MUTANTS.iter().map(|mutant| mutant.name.to_owned()).collect();
    assert_eq!(table.len(), MUTANTS.len(), "a fault has a name of its own");
    assert_eq!(table, mutants());
}
