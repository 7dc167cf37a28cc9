//! Faults that could have been built into the code above the protocol core, by name: each is found, one
//! at a time, by what clients see or by what lies on the store in the end. (Those of the core are in
//! `tests/sim/explorer/mutants.rs`.) What is not found here would not be found anywhere.
//!
//! The seed that finds a fault runs once more without it, and must break nothing: then it was the fault.
//!
//! `SIM_MUTANT` has those alone looked for whose names it is a part of.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use elacsym::env;
use elacsym::reach;

use super::panics;
use super::plan::Plan;
use super::report::{mutants, say};
use super::run::{Ear, run};
use super::words::Broken;

const SEEDS_MAX: usize = 500;
/// Each fault has seeds of its own, from a multiple of this on.
const SEEDS_OF_EACH: u64 = 1_000_000;
/// Of the words in which it was found.
const TOLD_CHARS: usize = 200;

struct Mutant {
    name: &'static str,
    breaks: &'static str,
    /// Whether a run may come by it at all.
    shows: fn(&Plan) -> bool,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a batch is acknowledged in halves",
        breaks: "what was answered may be lost, and is not seen at once",
        shows: anywhere,
    },
    Mutant {
        name: "a slot in doubt is taken for mine",
        breaks: "what was answered is nowhere, and the log has a gap",
        shows: anywhere,
    },
    Mutant {
        name: "a draft does not see the slot under way",
        breaks: "of two that each raise a counter from the same value, both are told that they did",
        shows: anywhere,
    },
    Mutant {
        name: "a draft outlives the slot below it",
        breaks: "what was evaluated over a slot that is lost is committed all the same",
        shows: is_contended,
    },
    Mutant {
        name: "an answer without effect waits for no proof",
        breaks: "a condition is answered by what is not committed, or by who is the owner no more",
        shows: anywhere,
    },
    Mutant {
        name: "what changes nothing leaves no receipt",
        breaks: "the same request under the same key is answered otherwise",
        shows: anywhere,
    },
    Mutant {
        name: "a key answers for every request",
        breaks: "a request is answered by what another did",
        shows: anywhere,
    },
    Mutant {
        name: "a patch drops what it does not name",
        breaks: "attributes are lost",
        shows: anywhere,
    },
    Mutant {
        name: "a condition sees what is superseded",
        breaks: "a condition, or a patch, goes by a document as it was long ago",
        shows: anywhere,
    },
    Mutant {
        name: "a fold forgets the last slot",
        breaks: "rows that were acknowledged are in no segment, and not in the log any more",
        shows: anywhere,
    },
    Mutant {
        name: "what a fold supersedes of a segment lives on",
        breaks: "a document is there twice, and comes back when it is deleted",
        shows: anywhere,
    },
    Mutant {
        name: "a fold publishes no keys",
        breaks: "a request that comes again after a fold is done again",
        shows: anywhere,
    },
    Mutant {
        name: "a fold forgets which numbers attributes had",
        breaks: "the values of an attribute that was dropped come back with its name",
        shows: anywhere,
    },
    Mutant {
        name: "the first of some deletions is not written",
        breaks: "a document comes back when its name is opened anew",
        shows: anywhere,
    },
    Mutant {
        name: "deletions are not read",
        breaks: "all documents come back that a fold has superseded",
        shows: anywhere,
    },
    Mutant {
        name: "a deletion in the log hides no row of a segment",
        breaks: "what was deleted is seen until the next fold",
        shows: anywhere,
    },
    Mutant {
        name: "the oldest version in the log stands",
        breaks: "reads go back in time",
        shows: anywhere,
    },
    Mutant {
        name: "the slot at the floor is lost from the tail",
        breaks: "what was committed while a fold was under way is not seen",
        shows: anywhere,
    },
    Mutant {
        name: "a name is opened without its tail",
        breaks: "what is in the log is not seen by whoever has not written it",
        shows: anywhere,
    },
    Mutant {
        name: "the first chunk of a batch is not read",
        breaks: "a part of a large batch is not seen by whoever has not written it",
        shows: is_large,
    },
    Mutant {
        name: "a strong read shows the view at hand",
        breaks: "a read does not see what was acknowledged before it",
        shows: anywhere,
    },
    Mutant {
        name: "an eventual read has no bound",
        breaks: "a read is older than it allows",
        shows: anywhere,
    },
    Mutant {
        name: "an eventual read ignores min_seq",
        breaks: "a read does not hold the slot that it asks for",
        shows: anywhere,
    },
    Mutant {
        name: "each query of a request has a view of its own",
        breaks: "one answer tells of two states",
        shows: anywhere,
    },
    Mutant {
        name: "a filter finds what is superseded",
        breaks: "a document is found as it was before, too",
        shows: anywhere,
    },
    Mutant {
        name: "the last name of a page is left out",
        breaks: "a list lacks a name",
        shows: anywhere,
    },
    Mutant {
        name: "garbage is watched for no time",
        breaks: "a reader takes a slot that is collected for one that never was, and the end of the log",
        shows: is_read_elsewhere,
    },
    Mutant {
        name: "the walk passes by the dead",
        breaks: "what a deleted name leaves stays for ever, if who deleted it dies",
        shows: anywhere,
    },
];

fn anywhere(_: &Plan) -> bool {
    true
}

/// Changes of one name are sent to several nodes.
fn is_contended(plan: &Plan) -> bool {
    plan.nodes > 1 && plan.aim.astray > 0.0
}

fn is_read_elsewhere(plan: &Plan) -> bool {
    plan.nodes > 1 && plan.aim.roaming > 0.0
}

/// A batch comes in chunks, and stays in the log for a while.
fn is_large(plan: &Plan) -> bool {
    plan.habits.large_at.is_some() && plan.limits.folds.bytes > 8 << 20
}

struct Found {
    /// How many seeds were tried before.
    before: usize,
    seed: u64,
    broken: Broken,
}

/// The first of its seeds that breaks, on all cores.
fn find(mutant: &Mutant, from: u64) -> Option<Found> {
    let shows = |seed: &u64| (mutant.shows)(&Plan::of(*seed));
    let seeds = (from..from + SEEDS_OF_EACH).filter(shows).take(SEEDS_MAX).enumerate();
    let (seeds, over, found) = (Mutex::new(seeds), AtomicBool::new(false), Mutex::default());
    let look = || {
        while !over.load(Relaxed) {
            let Some((before, seed)) = locked(&seeds).next() else { return };
            let Some(broken) = broken(seed, Some(mutant.name)) else { continue };
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

/// What breaks in a run with that fault in it.
fn broken(seed: u64, fault: Option<&'static str>) -> Option<Broken> {
    reach::mutate(fault);
    let ran = catch_unwind(AssertUnwindSafe(|| run(&Plan::of(seed), Ear::Shut)));
    reach::mutate(None);
    let outcome = ran.unwrap_or_else(|panic| {
        let heard = panics::heard();
        say(&format!("seed {seed} with {fault:?}: the simulator panicked: {heard:?}"));
        resume_unwind(panic)
    });
    outcome.broken
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
        assert_eq!(broken(seed, None), None, "seed {seed} breaks without it, too: {name}");
    }
    assert!(missed.is_empty(), "not found in {SEEDS_MAX} seeds: {}", missed.join("; "));
}

#[test]
fn the_table_has_the_faults_that_the_code_has() {
    let table: BTreeSet<String> = MUTANTS.iter().map(|mutant| mutant.name.to_owned()).collect();
    assert_eq!(table.len(), MUTANTS.len(), "a fault has a name of its own");
    assert_eq!(table, mutants());
}
