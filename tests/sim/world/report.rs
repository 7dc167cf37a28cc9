//! What many runs came to, as tables: how fast, how much, what befell whom, and which rare events of the
//! code that ships were reached. What no run reached was not tested, and is told once more at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::checks::Tally;
use super::store::FaultKind;
use super::trace::Kind;
use super::values::Type;
use super::words::{Act, Broken, Datum, Newest, Read, Said, Wish};

/// One of so many may be left open by a judge, for it would have taken too long: of more, runs say little.
const OPEN_MAX: u64 = 20;
/// A life that is over was watched for half an hour before it is cleared away. What lands there later was on
/// its way for so long, late or twice.
const LATE: [FaultKind; 3] = [FaultKind::LateEffect, FaultKind::Duplicate, FaultKind::OrphanLate];
/// Or its sender stood still, and put so much at most before it heard that the life is over: the files of the
/// folds that it was at, or the chunks of a batch.
const STRANDED_MAX: u64 = 64;
/// Of seeds that say little, so many are told.
const SPARED_TOLD_MAX: usize = 8;

/// What one run was put through until its faults ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) operations: u64,
    /// Of the store, and what befell the nodes.
    pub(super) faults: u64,
    pub(super) lasted: Duration,
}

impl Trial {
    /// A run of less says little.
    pub(super) const LEAST: Self =
        Self { operations: 200, faults: 20, lasted: Duration::from_secs(90 * 60) };

    /// Each of either.
    fn least(self, other: Self) -> Self {
        Self {
            operations: self.operations.min(other.operations),
            faults: self.faults.min(other.faults),
            lasted: self.lasted.min(other.lasted),
        }
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, faults, lasted } = self;
        write!(
            f,
            "{operations} operations, {faults} faults, {} simulated minutes",
            lasted.as_secs() / 60
        )
    }
}

/// Of one run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) seed: u64,
    pub(super) trial: Trial,
    /// By what was asked, and what was told.
    pub(super) operations: BTreeMap<(&'static str, &'static str), u64>,
    /// What the store did wrong, by kind.
    pub(super) faults: BTreeMap<FaultKind, u64>,
    /// Values that were read, by type.
    pub(super) values: BTreeMap<Type, u64>,
    /// What befell the nodes until the faults ended, by kind.
    pub(super) mishaps: BTreeMap<Kind, u64>,
    pub(super) reached: BTreeMap<&'static str, u64>,
    pub(super) requests: u64,
    pub(super) slots: u64,
    /// Objects that are left in lives that were over when they were written.
    pub(super) hidden: u64,
    pub(super) simulated: Duration,
    pub(super) judged: Tally,
}

impl Figures {
    pub(super) fn count(&mut self, acts: &[Act]) {
        for act in acts {
            *self.operations.entry((asked(&act.wish), told(&act.said))).or_default() += 1;
            let Said::Saw(sight) = &act.said else { continue };
            for datum in sight.rows.iter().flat_map(|(_, doc)| doc.values()) {
                if let Datum::Other(sample) = datum {
                    *self.values.entry(sample.of).or_default() += 1;
                }
            }
        }
    }

    /// What nobody looks for any more is little: each of it has a reason.
    pub(super) fn hides_little(&self) -> Result<(), Broken> {
        let late: u64 = LATE.iter().filter_map(|kind| self.faults.get(kind)).sum();
        let stood = [Kind::Paused, Kind::Suspended];
        let stood: u64 = stood.iter().filter_map(|kind| self.mishaps.get(kind)).sum();
        let most = late + STRANDED_MAX * stood;
        if self.hidden <= most {
            return Ok(());
        }
        Err(Broken(format!(
            "not collected: {} objects are left in lives that were over before, and {late} late effects \
             and {stood} nodes that stood still explain {most} at most",
            self.hidden
        )))
    }

    fn operations(&self) -> u64 {
        self.operations.values().sum()
    }

    fn troubles(&self) -> u64 {
        self.faults.values().chain(self.mishaps.values()).sum()
    }
}

fn asked(wish: &Wish) -> &'static str {
    match wish {
        Wish::Change { change, .. } if change.finds() => "write by filter",
        Wish::Change { key: None, .. } => "write",
        Wish::Change { key: Some(_), .. } => "write under a key",
        Wish::Set(change) if change.read_only.is_some() => "read only, or not",
        Wish::Set(change) if change.pinning.is_some() => "pin",
        Wish::Set(_) => "declare",
        Wish::End => "delete the name",
        Wish::Read { read: Read::Nearest { .. }, .. } => "nearest",
        Wish::Read { read: Read::Says(_), .. } => "read by a word",
        Wish::Read { min_seq: Some(_), .. } => "read from a slot on",
        Wish::Read { newest: Newest::Strong, .. } => "strong read",
        Wish::Read { newest: Newest::Eventual { .. }, .. } => "eventual read",
        Wish::Look => "look at the name",
        Wish::List => "list",
    }
}

fn told(said: &Said) -> &'static str {
    match said {
        Said::Changed { stored: true, .. } => "stored answer",
        Said::Changed { .. } | Said::Ended | Said::Set => "done",
        Said::Saw(_) | Said::Told(_) | Said::Names(_) => "done",
        Said::Absent => "absent",
        Said::Refused(_) => "refused",
        Said::NotCommitted(_) => "not committed",
        Said::Unknown(_) => "unknown",
        Said::Failed(_) => "failed",
        Said::Damaged(_) | Said::Broken(_) => "broken",
    }
}

/// Of all runs.
#[derive(Debug, Default)]
pub(super) struct Sum {
    runs: u64,
    all: Figures,
    /// In how many runs.
    reached_in: BTreeMap<&'static str, u64>,
    least: Option<Trial>,
    /// Those that were put through less than is the least.
    spared: Vec<String>,
    /// Seeds that ran twice, and came to the same.
    repeated: u64,
}

impl Sum {
    pub(super) fn add(&mut self, run: &Figures) {
        self.runs += 1;
        let Figures { seed, trial, operations, faults, values, mishaps, reached, .. } = run;
        let Figures { requests, slots, hidden, simulated, judged, .. } = run;
        for (key, many) in operations {
            *self.all.operations.entry(*key).or_default() += many;
        }
        for (key, many) in faults {
            *self.all.faults.entry(*key).or_default() += many;
        }
        for (key, many) in values {
            *self.all.values.entry(*key).or_default() += many;
        }
        for (key, many) in mishaps {
            *self.all.mishaps.entry(*key).or_default() += many;
        }
        for (key, many) in reached {
            *self.all.reached.entry(*key).or_default() += many;
            *self.reached_in.entry(*key).or_default() += 1;
        }
        self.all.requests += requests;
        self.all.slots += slots;
        self.all.hidden += hidden;
        self.all.simulated += *simulated;
        let all = &mut self.all.judged;
        all.histories += judged.histories;
        all.histories_cut += judged.histories_cut;
        all.slots += judged.slots;
        all.slots_cut += judged.slots_cut;
        all.documents += judged.documents;
        all.documents_cut += judged.documents_cut;
        self.least = Some(self.least.map_or(*trial, |least| least.least(*trial)));
        if trial.least(Trial::LEAST) != Trial::LEAST && self.spared.len() < SPARED_TOLD_MAX {
            self.spared.push(format!("seed {seed} has {trial}"));
        }
    }

    pub(super) fn repeated(&mut self) {
        self.repeated += 1;
    }

    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// On one line, while others are still to come.
    pub(super) fn progress(&self, took: Duration) -> String {
        let hours = self.all.simulated.as_secs() / 3600;
        let speed = self.runs as f64 / took.as_secs_f64();
        format!("{} seeds, {speed:.1} seeds/s, {hours} simulated hours", self.runs)
    }

    /// Events that the code has and no run came by.
    pub(super) fn unreached(&self, events: &BTreeSet<String>) -> Vec<String> {
        let unreached = |event: &&String| !self.all.reached.contains_key(event.as_str());
        events.iter().filter(unreached).cloned().collect()
    }

    /// Kinds of faults that there are and that befell no run.
    pub(super) fn unmet(&self) -> Vec<String> {
        let unmet = |kind: &FaultKind| !self.all.faults.contains_key(kind);
        FaultKind::ALL.into_iter().filter(unmet).map(|kind| kind.to_string()).collect()
    }

    /// Types of which nobody read a value.
    pub(super) fn unread(&self) -> Vec<String> {
        let unread = |of: &Type| !self.all.values.contains_key(of);
        Type::all().filter(unread).map(|of| format!("{of:?}")).collect()
    }

    /// What was judged, and left open too often.
    pub(super) fn open(&self) -> Vec<String> {
        let Tally { slots, slots_cut, documents, documents_cut, .. } = self.all.judged;
        let judged = [("slots", slots, slots_cut), ("documents", documents, documents_cut)];
        let often = judged.into_iter().filter(|(_, all, cut)| OPEN_MAX * cut > *all);
        often.map(|(what, all, cut)| format!("{cut} of {all} {what}")).collect()
    }

    /// Seeds that say little, and why: some of them, if there are many.
    pub(super) fn spared(&self) -> &[String] {
        &self.spared
    }

    /// All that there is to tell.
    pub(super) fn tables(&self, took: Duration, events: &BTreeSet<String>) -> String {
        let mut text = String::new();
        self.write(&mut text, took, events).expect("a string takes what is written");
        text
    }

    fn write(&self, text: &mut String, took: Duration, events: &BTreeSet<String>) -> fmt::Result {
        let all = &self.all;
        writeln!(text, "\n{}, {:.1} seconds", self.progress(took), took.as_secs_f64())?;
        if let Some(least) = self.least {
            writeln!(text, "a seed has at least {least}, until its faults end")?;
        }
        writeln!(text, "{} requests to the store, {} slots", all.requests, all.slots)?;
        writeln!(text, "{} objects are left in lives that were over before", all.hidden)?;
        writeln!(text, "{} seeds ran twice, and came to the same", self.repeated)?;
        let Tally { histories, histories_cut, slots, slots_cut, documents, documents_cut } =
            all.judged;
        writeln!(
            text,
            "{histories} histories were judged, {slots} slots and {documents} documents of them; not \
             settled: {histories_cut}, by {slots_cut} slots and {documents_cut} documents"
        )?;

        writeln!(text, "\n{:<22} {:<14} {:>12}", "operation", "answer", "times")?;
        for ((asked, told), many) in &all.operations {
            writeln!(text, "{asked:<22} {told:<14} {many:>12}")?;
        }
        writeln!(text, "{:<37} {:>12}", "together", all.operations())?;

        writeln!(text, "\n{:<37} {:>12}", "value of type", "read")?;
        for (of, many) in &all.values {
            writeln!(text, "{:<37} {many:>12}", format!("{of:?}"))?;
        }

        writeln!(text, "\n{:<37} {:>12}", "fault", "times")?;
        for (kind, many) in &all.faults {
            writeln!(text, "{:<37} {many:>12}", kind.to_string())?;
        }
        writeln!(text, "\n{:<37} {:>12}", "what befell the nodes", "times")?;
        for (kind, many) in &all.mishaps {
            writeln!(text, "{kind:<37} {many:>12}")?;
        }
        writeln!(text, "{:<37} {:>12}", "together, with faults", all.troubles())?;

        writeln!(text, "\n{:<64} {:>10} {:>10}", "rare event", "times", "in seeds")?;
        for event in events {
            let of = |table: &BTreeMap<&'static str, u64>| {
                table.get(event.as_str()).copied().unwrap_or_default()
            };
            writeln!(text, "{event:<64} {:>10} {:>10}", of(&all.reached), of(&self.reached_in))?;
        }
        let unreached = self.unreached(events);
        if !unreached.is_empty() {
            writeln!(text, "\nno seed reached: {}", unreached.join("; "))?;
        }
        Ok(())
    }
}

/// The rare events of the code that ships, as its source has them.
pub(super) fn events() -> BTreeSet<String> {
    given("reach!(")
}

/// The faults that can be switched on in it, likewise.
pub(super) fn mutants() -> BTreeSet<String> {
    given("mutant!(")
}

/// What a macro is given, anywhere but where it is made and tried.
fn given(call: &str) -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = BTreeSet::new();
    visit(&sources, &mut |path| {
        if path != sources.join("reach.rs") {
            let text = fs::read_to_string(path).expect("a source is text");
            all.extend(in_source(&text, call));
        }
    });
    all
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("the sources are here").path();
        if path.is_dir() {
            visit(&path, see);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            see(&path);
        }
    }
}

/// Likewise, anywhere but in comments.
fn in_source(text: &str, call: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = text.lines().filter(is_code).collect();
    let code = code.join("\n");
    let name = |(at, call): (usize, &str)| {
        let (name, _) = code[at + call.len()..].trim_start().strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    };
    code.match_indices(call).filter_map(name).collect()
}

/// Past the capture of the test harness: whoever runs seeds for minutes wants to see it go on.
pub(super) fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    writeln!(out, "{text}").expect("stderr takes what is written");
}

#[test]
fn names_are_read_out_of_code_and_not_out_of_comments() {
    let text = "/// `reach!(\"a comment\")`\n    reach!(\"one\");\n// reach!(\"none\")\n\
                if x { crate::reach!(\n    \"on the next line\"\n) }\nmacro_rules! reach { }";
    assert_eq!(in_source(text, "reach!("), ["one", "on the next line"]);
    assert_eq!(in_source(text, "mutant!("), [""; 0]);
}

#[test]
fn what_the_macros_are_tried_with_is_in_no_table() {
    assert!(events().len() >= 25 && mutants().len() >= 18);
    assert!(!events().contains("a thing that happens twice"));
    assert!(!mutants().contains("one plus one is three"));
}

#[test]
fn a_run_that_was_put_through_too_little_is_told() {
    let mut sum = Sum::default();
    for (seed, faults) in [(1, 20), (2, 19), (3, 21)] {
        let trial = Trial { faults, ..Trial::LEAST };
        sum.add(&Figures { seed, trial, ..Figures::default() });
    }
    let told = "seed 2 has 200 operations, 19 faults, 90 simulated minutes";
    assert_eq!(sum.spared(), [told]);
    assert_eq!(sum.least, Some(Trial { faults: 19, ..Trial::LEAST }));
}

#[test]
fn a_kind_of_fault_that_befell_nobody_is_told() {
    let mut sum = Sum::default();
    for kind in FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::TornList) {
        sum.add(&Figures { faults: [(kind, 1)].into(), ..Figures::default() });
    }
    assert_eq!(sum.unmet(), ["torn-listing"]);
    sum.add(&Figures { faults: [(FaultKind::TornList, 1)].into(), ..Figures::default() });
    assert_eq!(sum.unmet(), [""; 0]);
}

#[test]
fn a_type_of_which_nobody_read_a_value_is_told() {
    let mut sum = Sum::default();
    let uuids = |of: &Type| format!("{of:?}") == "[]uuid";
    for of in Type::all().filter(|of| !uuids(of)) {
        sum.add(&Figures { values: [(of, 1)].into(), ..Figures::default() });
    }
    assert_eq!(sum.unread(), ["[]uuid"]);
    let values = Type::all().filter(uuids).map(|of| (of, 1)).collect();
    sum.add(&Figures { values, ..Figures::default() });
    assert_eq!(sum.unread(), [""; 0]);
}

#[test]
fn what_is_left_open_may_be_one_of_twenty() {
    let mut sum = Sum::default();
    let add = |sum: &mut Sum, judged| sum.add(&Figures { judged, ..Figures::default() });
    add(&mut sum, Tally { slots: 60, slots_cut: 2, documents: 200, ..Tally::default() });
    assert_eq!(sum.open(), [""; 0]);
    add(&mut sum, Tally { slots_cut: 1, documents_cut: 10, ..Tally::default() });
    assert_eq!(sum.open(), [""; 0]);
    add(&mut sum, Tally { documents_cut: 1, ..Tally::default() });
    assert_eq!(sum.open(), ["11 of 200 documents"]);
    add(&mut sum, Tally { slots_cut: 1, ..Tally::default() });
    assert_eq!(sum.open(), ["4 of 60 slots", "11 of 200 documents"]);
}

#[test]
fn what_is_left_in_lives_that_were_over_has_a_reason_each() {
    let late = |many| BTreeMap::from([(FaultKind::Duplicate, many), (FaultKind::Slow, 900)]);
    let stood = |many| BTreeMap::from([(Kind::Paused, many), (Kind::Killed, 900)]);
    for (hidden, faults, mishaps, right) in [
        (0, late(0), stood(0), true),
        (1, late(0), stood(0), false),
        (3, late(3), stood(0), true),
        (4, late(3), stood(0), false),
        (3 + 2 * STRANDED_MAX, late(3), stood(2), true),
        (4 + 2 * STRANDED_MAX, late(3), stood(2), false),
    ] {
        let figures = Figures { hidden, faults, mishaps, ..Figures::default() };
        assert_eq!(figures.hides_little().is_ok(), right, "{figures:?}");
    }
}
