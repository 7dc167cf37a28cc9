//! A failing run, made smaller: fewer operations, clients, nodes, names and mishaps, and kinds of faults
//! that never happen, as long as it breaks in the same way.
//!
//! Half of a number is tried before one less of it, and all kinds of faults before each: so what does
//! not matter goes at once. It is the one place of a run that looks at a clock on a wall.

use std::collections::BTreeSet;
use std::time::Duration;

use elacsym::env::Clock;

use super::plan::Plan;
use super::run::{Ear, Outcome, run};
use super::store::FaultKind;
use super::words::Broken;

/// Whoever waits for it has better things to do.
const TIME_MAX: Duration = Duration::from_secs(120);

/// A number of a plan, and the least that it can be.
struct Knob {
    name: &'static str,
    of: fn(&mut Plan) -> &mut usize,
    least: usize,
}

static KNOBS: [Knob; 10] = [
    // First, so that no smaller plan is forced to have faults.
    Knob { name: "owed", of: |plan| &mut plan.faults_owed, least: 0 },
    Knob { name: "operations", of: |plan| &mut plan.operations, least: 1 },
    Knob { name: "clients", of: |plan| &mut plan.clients, least: 1 },
    Knob { name: "nodes", of: |plan| &mut plan.nodes, least: 1 },
    Knob { name: "names", of: |plan| &mut plan.names, least: 1 },
    Knob { name: "crashes", of: |plan| &mut plan.crashes, least: 0 },
    Knob { name: "pauses", of: |plan| &mut plan.pauses, least: 0 },
    Knob { name: "suspends", of: |plan| &mut plan.suspends, least: 0 },
    Knob { name: "ambushes", of: |plan| &mut plan.ambushes, least: 0 },
    Knob { name: "forsaken", of: |plan| &mut plan.forsaken, least: 0 },
];
/// What a smaller plan calls the kinds of faults that never happen.
const NEVER: &str = "never";

/// The smallest plan that was found, how it breaks, and how many were tried.
pub(super) struct Small {
    pub(super) plan: Plan,
    pub(super) outcome: Outcome,
    pub(super) tried: usize,
}

/// What `plan` came to is `outcome`.
pub(super) fn shrink(plan: Plan, outcome: Outcome) -> Small {
    let clock = Clock::start();
    let mut small = Small { plan, outcome, tried: 0 };
    let Some(broken) = small.outcome.broken.clone() else { return small };
    while let Some((plan, outcome)) = smaller(&mut small, &broken, clock) {
        (small.plan, small.outcome) = (plan, outcome);
    }
    small
}

/// None: nothing smaller breaks in that way, or there was no time to find out.
fn smaller(small: &mut Small, broken: &Broken, clock: Clock) -> Option<(Plan, Outcome)> {
    for plan in lowered(&small.plan, &small.outcome) {
        if clock.now() >= TIME_MAX {
            return None;
        }
        small.tried += 1;
        let outcome = run(&plan, Ear::Shut);
        if outcome.broken.as_ref().is_some_and(|other| is_same(broken, other)) {
            return Some((plan, outcome));
        }
    }
    None
}

/// The boldest first.
fn lowered(plan: &Plan, outcome: &Outcome) -> Vec<Plan> {
    let mut plans = Vec::new();
    for Knob { of, least, .. } in &KNOBS {
        let (now, least) = (*of(&mut plan.clone()), *least);
        let mut tries = vec![least, least + (now - least) / 2, now - (now - least).div_ceil(8)];
        tries.dedup();
        for lower in tries.into_iter().filter(|lower| *lower < now) {
            let mut plan = plan.clone();
            *of(&mut plan) = lower;
            plans.push(plan);
        }
    }
    let happened = outcome.figures.faults.iter().filter(|(_, many)| **many > 0);
    let happened: Vec<FaultKind> = happened.map(|(kind, _)| *kind).collect();
    let mut parts = happened.len().min(1);
    while parts > 0 {
        for part in happened.chunks(happened.len().div_ceil(parts)) {
            let mut plan = plan.clone();
            plan.masked.extend(part);
            plans.push(plan);
        }
        parts = if parts < happened.len() { (2 * parts).min(happened.len()) } else { 0 };
    }
    plans
}

/// What makes this plan of its seed's, as [`lower`] reads it.
pub(super) fn difference(plan: &Plan) -> String {
    let (mut plan, mut drawn) = (plan.clone(), Plan::of(plan.seed));
    let mut lower = Vec::new();
    for Knob { name, of, .. } in &KNOBS {
        let now = *of(&mut plan);
        if now != *of(&mut drawn) {
            lower.push(format!("{name}={now}"));
        }
    }
    if !plan.masked.is_empty() {
        let kinds: Vec<String> = plan.masked.iter().map(ToString::to_string).collect();
        lower.push(format!("{NEVER}={}", kinds.join("+")));
    }
    lower.join(";")
}

/// The plan, made smaller as it is said.
pub(super) fn lower(mut plan: Plan, said: &str) -> Plan {
    for part in said.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if name == NEVER {
            plan.masked.extend(value.split('+').map(kind));
            continue;
        }
        let knob = KNOBS.iter().find(|knob| knob.name == name);
        match (knob, value.parse()) {
            (Some(knob), Ok(value)) => *(knob.of)(&mut plan) = value,
            _ => panic!("{part:?} is no part of a plan"),
        }
    }
    plan
}

fn kind(word: &str) -> FaultKind {
    FaultKind::spelt(word).unwrap_or_else(|| panic!("{word:?} is no kind of fault"))
}

/// Whether two stories of what broke have most of their words in common. Numbers, names and documents
/// are no words of theirs.
fn is_same(one: &Broken, other: &Broken) -> bool {
    let (one, other) = (words(one), words(other));
    2 * one.intersection(&other).count() >= one.len().max(other.len())
}

fn words(broken: &Broken) -> BTreeSet<&str> {
    let first = broken.0.lines().next().unwrap_or_default();
    let is_end = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation();
    let is_plain = |c: char| c.is_ascii_lowercase() || matches!(c, '/' | '.' | '_');
    let words = first.split_whitespace().map(|word| word.trim_end_matches(is_end));
    words.filter(|word| word.len() > 2 && word.chars().all(is_plain)).collect()
}

#[test]
fn what_breaks_in_the_same_way_differs_in_numbers_alone() {
    let broken = |text: &str| Broken(text.to_owned());
    let lost = broken("document 7 of slot 12 of ash-1 is lost: it was written by 3000100");
    let same = broken("document 3 of slot 1 of ash is lost: it was written by 1000200, in vain");
    let other = broken("not collected: 3 in all:\n document slot of is lost it was written");
    assert!(is_same(&lost, &same) && !is_same(&lost, &other));
    let panic = |at: &str| broken(&format!("a panic: panicked at src/{at}.rs:12:5:\nno"));
    assert_eq!(words(&panic("log/slot")), ["panic", "panicked", "src/log/slot.rs"].into());
    assert!(is_same(&panic("a"), &panic("a")));
}

#[test]
fn a_smaller_plan_is_told_and_made_again() {
    // Once, a kind of fault that had happened in the smaller run alone was forgotten on the way, and what
    // was replayed was another run than what was found.
    let mut plan = Plan::of(7);
    (plan.operations, plan.nodes, plan.faults_owed) = (31, 1, 0);
    for kind in FaultKind::ALL {
        plan.masked.insert(kind);
        let again = lower(Plan::of(7), &difference(&plan));
        assert_eq!(again.to_string(), plan.to_string());
        assert_eq!((again.masked, again.faults_owed), (plan.masked.clone(), 0));
    }
}

#[test]
#[should_panic(expected = "\"slower\" is no kind of fault")]
fn a_kind_of_fault_that_there_is_not_is_not_passed_over() {
    lower(Plan::of(7), "nodes=1;never=slow+slower");
}
