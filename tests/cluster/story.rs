//! What happened around a violation, line by line: what one looks at when a run has failed.

use std::fmt::Write;

use crate::check::Violation;
use crate::history::{Act, History, Read};
use crate::row::Row;

/// Lines before the moment at which it showed, and after.
const LINES_BEFORE: usize = 24;
const LINES_AFTER: usize = 8;
const VIOLATIONS_MAX: usize = 12;

pub(crate) fn story(history: &History, violations: &[Violation]) -> String {
    let mut story = format!("{} has {} violations\n", history.name, violations.len());
    for violation in violations.iter().take(VIOLATIONS_MAX) {
        // To write to a string cannot fail.
        writeln!(story, "{violation}").unwrap();
    }
    if let Some(first) = violations.first() {
        story += &around(history, first);
    }
    story
}

/// Numbers are moments: those of an act are when it was asked, and when it was answered.
fn around(history: &History, violation: &Violation) -> String {
    let thing = violation.thing.as_deref();
    let about = |act: &&Act| thing.is_none_or(|thing| thing == act.draft.thing);
    let covers = |read: &&Read| thing.is_none_or(|thing| read.scope.holds(thing));
    let acts = history.acts.iter().filter(about).map(|act| (act.call, act_line(act)));
    let reads = history.reads.iter().filter(covers);
    let reads = reads.map(|read| (read.back, read_line(read, thing)));
    let mut lines: Vec<_> = acts.chain(reads).collect();
    lines.sort();
    let at = lines.partition_point(|(moment, _)| *moment <= violation.near);
    let from = at.saturating_sub(LINES_BEFORE);
    let to = lines.len().min(at + LINES_AFTER);
    let mut text = format!("around moment {}, lines {from} to {to}:\n", violation.near.0);
    for (_, line) in &lines[from..to] {
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn act_line(act: &Act) -> String {
    let (call, back) = (act.call.0, act.back.0);
    let back = if back == u64::MAX { "never".to_owned() } else { back.to_string() };
    let (token, thing) = (act.token(), &act.draft.thing);
    let what = match format!("{:?}", act.draft.what) {
        what if what.len() > 60 => what.chars().take(60).chain("…".chars()).collect(),
        what => what,
    };
    format!("{call:>8} to {back}: {token} on {thing}: {what}: {:?}", act.told)
}

fn read_line(read: &Read, thing: Option<&str>) -> String {
    let (call, back) = (read.call.0, read.back.0);
    let seen = match &read.seen {
        None => "no such name".to_owned(),
        Some(seen) => {
            let of_thing = |row: &Row| thing.is_none_or(|thing| row.thing() == thing);
            let rows = seen.rows.iter().filter(|row| of_thing(row));
            let rows: Vec<String> =
                rows.map(|row| format!("{}={} by {}", row.id, row.n, row.by)).collect();
            let shown = rows.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
            format!("slot {}, {} rows: {shown}", seen.seq, rows.len())
        }
    };
    format!("{call:>8} to {back}: {:?} read: {seen}", read.level)
}
