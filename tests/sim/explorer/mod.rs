//! An exhaustive search over the protocol core: every order of events that a small scope holds.
//!
//! The core is the very code that runs in production. Around it: a store that does what it is
//! told; a world in which every request is a step of its own, may fail before or after its effect,
//! take effect much later or twice; processes that crash; a collector that deletes at any moment
//! that its rule allows; and an oracle that knows sets of operations and nothing else.

mod model;
mod mutants;
mod next;
mod oracle;
mod scopes;
mod search;
mod step;
mod store;
mod tell;
mod world;

use std::time::Duration;

use elacsym::protocol::{Rule, Rules};

use mutants::scope_against;
use search::{Limits, exhaust};

#[test]
fn try_scope() {
    let n = |n: &str| std::env::var(n).ok().and_then(|v| v.parse().ok()).unwrap_or(0u8);
    let kind = std::env::var("KIND").unwrap_or_default();
    let mut scope = match kind.as_str() {
        "owner" => scopes::owner(n("OPS"), n("CLAIMS")),
        "lives" => scopes::lives(),
        "branch" => scopes::branch(),
        _ => scopes::base(n("OPS"), n("CLAIMS")),
    };
    if n("CLAIMS") > 0 { scope.left.claims = n("CLAIMS"); }
    scope = scope.delays(n("DELAYS")).reads(n("READS")).reads_of_b(n("READSB"));
    scope = scope.owner_reads(n("OREADS")).retries(n("RETRIES")).skips(n("SKIPS")).merges(n("MERGES"));
    scope = scope.menders(n("MENDERS"));
    if n("ENDS") > 0 { scope = scope.ends(n("ENDS")); }
    if n("KEYED") > 0 { scope = scope.keyed(); }
    if n("CHUNKS") > 0 { scope = scope.chunks(); }
    if n("WHOLE") > 0 { scope = scope.whole(); }
    if n("MARKED") > 0 { scope = scope.marked(); }
    if n("CALM") > 0 { scope = scope.calm(); }
    let secs = std::env::var("SECS").ok().and_then(|s| s.parse().ok()).unwrap_or(60);
    let found = exhaust(&scope, Limits { states: 100_000_000, time: Duration::from_secs(secs) });
    println!("{} states, complete {}, {:?}", found.states, found.complete, found.took);
    if let Some(broken) = found.broken {
        println!("{}", broken.violation);
        for (n, line) in (1..).zip(&broken.trace) {
            println!("{n:3} {line}");
        }
    }
}

#[test]
fn try_mutants() {
    let only = std::env::var("RULE").ok();
    let keep = std::env::var("KEEP").is_ok();
    let secs = std::env::var("SECS").ok().and_then(|s| s.parse().ok()).unwrap_or(30);
    let from: usize = std::env::var("FROM").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    for rule in Rule::ALL.into_iter().skip(from) {
        if only.as_ref().is_some_and(|only| !format!("{rule:?}").contains(only)) {
            continue;
        }
        let mut scope = scope_against(rule);
        if keep {
            scope.rules = Rules::default();
        }
        let limits = Limits { states: 40_000_000, time: Duration::from_secs(secs) };
        let found = exhaust(&scope, limits);
        let (verdict, steps) = match &found.broken {
            Some(broken) => (broken.violation.clone(), broken.trace.len()),
            None if found.complete => ("---- SURVIVES, complete".into(), 0),
            None => ("---- SURVIVES, cut off".into(), 0),
        };
        println!("{rule:?}: {verdict} | {steps} steps, {} states, {:?}", found.states, found.took);
        if only.is_some() || keep {
            for (n, line) in (1..).zip(found.broken.iter().flat_map(|broken| &broken.trace)) {
                println!("{n:3} {line}");
            }
        }
    }
}
