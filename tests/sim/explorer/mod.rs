//! An exhaustive search over the protocol core: every order of events that a small scope holds.
//!
//! The core is the very code that runs in production. Around it: a store that does what it is
//! told; a world in which every request is a step of its own, may fail before or after its effect,
//! take effect much later or twice; processes that crash; a collector that deletes at any moment
//! that its rule allows; and an oracle that knows sets of operations and nothing else.
//!
//! `scripts/explore` prints the tables; `docs/TESTING.md` says how to read a trace.

mod branching;
mod garbage;
mod leavings;
mod model;
mod mutants;
mod next;
mod oracle;
mod readers;
mod scope;
mod scopes;
mod search;
mod step;
mod steps;
mod store;
mod stories;
mod table;
mod tell;
mod wishes;
mod world;
mod writers;

use std::time::Duration;

use elacsym::protocol::{Rule, Rules};

use mutants::{Without, without};
use scope::Scope;
use search::{Limits, exhaust, wander};
use table::{Table, story};

/// Of a search that is meant to end by itself: twice the widest part, so that a part which has
/// become too wide fails, and fails on every machine.
const AMPLE: Limits = Limits { states: 13_000_000, steps: usize::MAX };
/// Of a search that is cut off where it does not end: a quarter of a minute.
const SCANT: Limits = Limits { states: 1_200_000, steps: usize::MAX };

/// To the end of that scope.
fn nothing_breaks(scope: &Scope, table: &mut Table) {
    let found = exhaust(scope, AMPLE);
    assert!(found.broken.is_none(), "{}", story(scope, &found));
    table.scope(scope, &found);
    assert!(found.complete, "{} is cut off at {} states", scope.title, found.states);
}

/// The scopes of the protocol as it is: nothing breaks in any history that they hold.
/// `ELACSYM_SCOPES=iv` searches those whose title begins so.
#[test]
fn no_history_in_the_four_scopes_breaks_a_promise() {
    let wanted = std::env::var("ELACSYM_SCOPES").unwrap_or_default();
    let all = scopes::all().into_iter().filter(|scope| scope.title.starts_with(&wanted));
    let all: Vec<_> = all.collect();
    assert!(!all.is_empty(), "no title begins with '{wanted}'");
    let mut table = Table::of_scopes();
    for scope in all {
        nothing_breaks(&scope, &mut table);
    }
    table.sum();
}

/// What is left out of a search (`steps`, `next`, `world::forget`) must not be what breaks: small
/// scopes are searched with nothing left out, too, to their end.
#[test]
fn a_search_without_reductions_finds_nothing_either() {
    let mut table = Table::of_scopes();
    let commit = scopes::base(1, 2).delays(1).reads(1).whole();
    let commit = commit.called("nothing left out: commit, claim, gc, a reader");
    for scope in std::iter::once(commit).chain(scopes::whole()) {
        nothing_breaks(&scope, &mut table);
    }
    table.sum();
}

/// Every rule is there for a reason: without it, a history breaks a promise, and with it no history
/// of that scope does that is as long. The few that other rules make redundant are shown to be:
/// without one of them, nothing breaks.
#[test]
fn every_mutant_is_killed() {
    let mut table = Table::of_mutants();
    for rule in Rule::ALL {
        match without(rule) {
            Without::Breaks(scope, promise) => {
                let found = exhaust(&scope, AMPLE);
                table.mutant(rule, &scope, &found);
                let verdict = found.broken.as_ref().map_or("nothing", |broken| &broken.violation);
                let told = story(&scope, &found);
                assert!(verdict.starts_with(promise), "without {rule:?}, not {promise}: {told}");
                let steps = found.broken.as_ref().map_or(0, |broken| broken.trace.len());
                let kept = Scope { rules: Rules::default(), ..scope };
                let control = exhaust(&kept, Limits { steps, ..SCANT });
                let told = story(&kept, &control);
                assert!(control.broken.is_none(), "it is not {rule:?} that breaks it: {told}");
                table.control(&control);
            }
            Without::Holds(scope) => {
                let found = exhaust(&scope, AMPLE);
                assert!(found.broken.is_none(), "{rule:?} is needed: {}", story(&scope, &found));
                assert!(found.complete, "{rule:?}: cut off at {} states", found.states);
                table.mutant(rule, &scope, &found);
            }
        }
    }
    table.sum();
}

/// Wider scopes, by random walk, with nothing left out. `ELACSYM_WALK_SECS` walks longer, and
/// `ELACSYM_WALK_SEED` walks a known way again.
#[test]
fn random_walks_through_wider_scopes_break_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let time = Duration::from_secs(number("ELACSYM_WALK_SECS").unwrap_or(10));
    let seed = number("ELACSYM_WALK_SEED").unwrap_or(1);
    let mut table = Table::of_walks();
    for scope in scopes::wide() {
        let found = wander(&scope, seed, time);
        assert!(found.broken.is_none(), "seed {seed}: {}", story(&scope, &found));
        table.scope(&scope, &found);
    }
    table.sum();
}

#[test]
fn the_testing_page_lists_every_rule_and_the_scope_that_it_is_broken_in() {
    let page = include_str!("../../../docs/TESTING.md");
    for rule in Rule::ALL {
        let (begins, scope) = match without(rule) {
            Without::Breaks(scope, _) => (format!("| `{rule:?}` |"), scope.describe()),
            Without::Holds(_) => (format!("| `{rule:?}`:"), String::new()),
        };
        let row = page.lines().find(|line| line.starts_with(&begins));
        let row = row.unwrap_or_else(|| panic!("docs/TESTING.md does not list {rule:?}"));
        assert!(row.contains(&scope), "{rule:?} is broken in {scope}: {row}");
    }
}
