//! What the searches found, as tables and as stories.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use elacsym::protocol::Rule;

use super::scope::Scope;
use super::search::Finding;

/// A table that is printed line by line, as searches end. They take minutes.
pub(super) struct Table {
    states: usize,
    took: Duration,
}

impl Table {
    pub(super) fn of_scopes() -> Self {
        Self::head(&format!("{:<64} {:>10}  {:<8} {:>7}", "scope", "states", "", "seconds"))
    }

    pub(super) fn of_walks() -> Self {
        Self::head(&format!("{:<64} {:>10}  {:<8} {:>7}", "random walk", "steps", "", "seconds"))
    }

    pub(super) fn of_mutants() -> Self {
        let head = format!(
            "{:<24} {:<36} {:>5} {:>9} {:>7}  killed by",
            "without", "scope", "steps", "states", "seconds"
        );
        Self::head(&head)
    }

    fn head(line: &str) -> Self {
        say(&format!("\n{line}"));
        Self { states: 0, took: Duration::ZERO }
    }

    fn add(&mut self, found: &Finding) {
        self.states += found.states;
        self.took += found.took;
    }

    /// The search of a mutant's scope with every rule kept: it has no line of its own.
    pub(super) fn control(&mut self, found: &Finding) {
        self.add(found);
    }

    /// The last line.
    pub(super) fn sum(self) {
        say(&format!("together: {} in {:.1} seconds", self.states, self.took.as_secs_f64()));
    }

    pub(super) fn scope(&mut self, scope: &Scope, found: &Finding) {
        self.add(found);
        let how = if found.complete { "complete" } else { "cut off" };
        let (states, took) = (found.states, found.took.as_secs_f64());
        say(&format!("{:<64} {states:>10}  {how:<8} {took:>7.1}", scope.describe()));
    }

    pub(super) fn mutant(&mut self, rule: Rule, scope: &Scope, found: &Finding) {
        self.add(found);
        let (states, took, rule) = (found.states, found.took.as_secs_f64(), format!("{rule:?}"));
        let (steps, verdict) = match &found.broken {
            Some(broken) => (broken.trace.len().to_string(), broken.violation.as_str()),
            None => ("-".into(), "nothing: redundant, the search is complete"),
        };
        let title = scope.describe();
        say(&format!("{rule:<24} {title:<36} {steps:>5} {states:>9} {took:>7.1}  {verdict}"));
        if std::env::var_os("ELACSYM_TRACES").is_some() {
            say(&story(scope, found));
        }
    }
}

/// The shortest way to a violation, in words.
pub(super) fn story(scope: &Scope, found: &Finding) -> String {
    let Some(broken) = &found.broken else { return String::new() };
    let mut story = format!("{}: {}", scope.describe(), broken.violation);
    for (number, line) in (1..).zip(&broken.trace) {
        write!(story, "\n{number:>6}  {line}").expect("a string takes what is written");
    }
    story
}

/// Past the capture of the test harness: whoever runs a search for minutes wants to see it go on.
fn say(line: &str) {
    let mut out = std::io::stderr().lock();
    writeln!(out, "{line}").expect("stderr takes what is written");
}
