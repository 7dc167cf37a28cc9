//! What was found, as it is found: tables for people, or an object of JSON a line for machines.

use std::fmt::Display;
use std::io::{self, Write};

use super::finding::{Aim, Finding};
use super::ground::Ground;
use super::plan::{Extent, Form};
use super::table::aligned;
use crate::cli::version::VERSION;
use crate::env;

const LEGEND: &str = "\
Targets in brackets were set for another store, or for more than was measured here.";

pub(super) struct Report<'a, W> {
    out: &'a mut W,
    form: Form,
    extent: Extent,
}

/// What is said before anything is found.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) form: Form,
    pub(super) extent: Extent,
    /// Such as `10 s a measure`.
    pub(super) about: String,
    /// What is less where it is quick, such as `2 rounds`.
    pub(super) less: String,
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) fn begin(out: &'a mut W, heading: &Heading) -> io::Result<Self> {
        let Heading { form, extent, about, less } = heading;
        let report = Self { out, form: *form, extent: *extent };
        if report.form == Form::Table {
            let build = if cfg!(debug_assertions) { "a debug build" } else { "a release build" };
            let cores = env::cores();
            let clients = "clients and server on the same cores";
            writeln!(report.out, "elacsym {VERSION}, {build}; {cores} cores, {clients}; {about}")?;
            if report.extent == Extent::Quick {
                writeln!(report.out, "QUICK: less is measured than the targets mean ({less})")?;
            }
            writeln!(report.out, "{LEGEND}")?;
        }
        Ok(report)
    }

    pub(super) fn of_store(
        &mut self,
        ground: &Ground,
        measure: impl Display,
        findings: &[Finding],
    ) -> io::Result<()> {
        let place = ground.to_string();
        self.found(&place, &ground.name(), measure, ground.aim(), findings)
    }

    /// Of a process over a local folder, which its targets were set for.
    pub(super) fn of_process(
        &mut self,
        measure: impl Display,
        findings: &[Finding],
    ) -> io::Result<()> {
        let place = "a process of its own over a local folder";
        self.found(place, "process", measure, Aim::Judged, findings)
    }

    /// Of a store that its targets were set for.
    pub(super) fn of_target(
        &mut self,
        ground: &Ground,
        measure: impl Display,
        findings: &[Finding],
    ) -> io::Result<()> {
        self.found(&ground.to_string(), &ground.name(), measure, Aim::Judged, findings)
    }

    fn found(
        &mut self,
        place: &str,
        name: &str,
        measure: impl Display,
        aim: Aim,
        findings: &[Finding],
    ) -> io::Result<()> {
        let aim = match self.extent {
            Extent::Whole => aim,
            Extent::Quick => Aim::Shown,
        };
        match self.form {
            Form::Table => {
                let rows: Vec<[String; 4]> =
                    findings.iter().map(|finding| finding.cells(aim)).collect();
                write!(self.out, "\n{measure}, on {place}\n{}", aligned(&rows))?;
            }
            Form::Json => {
                let measure = measure.to_string();
                for finding in findings {
                    writeln!(self.out, "{}", finding.json(name, &measure, aim))?;
                }
            }
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::ground::TARGET_PACE;
    use crate::cli::bench::plan::Measure;

    fn reported(form: Form, extent: Extent) -> String {
        let (about, less) = ("2 s a measure".to_owned(), "2000 namespaces".to_owned());
        let heading = Heading { form, extent, about, less };
        let findings = [Finding::of("rows", 25_000.0, "rows/s").at_least(20_000.0)];
        let mut out = Vec::new();
        let mut report = Report::begin(&mut out, &heading).unwrap();
        report.of_store(&Ground::Slow(TARGET_PACE), Measure::Small, &findings).unwrap();
        report.of_store(&Ground::Local, Measure::Small, &findings).unwrap();
        report.of_process(Measure::Names, &findings).unwrap();
        report.of_target(&Ground::Local, "query", &findings).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn targets_are_judged_on_the_store_that_they_were_set_for() {
        let shown = reported(Form::Table, Extent::Whole);
        assert_eq!(shown.matches("≥ 20,000 rows/s, met").count(), 3, "{shown}");
        assert_eq!(shown.matches("(≥ 20,000 rows/s)").count(), 1, "{shown}");
        assert!(shown.contains("small, on slow: memory, with 100 ms a PUT"), "{shown}");
        assert!(shown.contains("query, on local: a folder"), "{shown}");
        assert!(!shown.contains("QUICK"), "{shown}");
    }

    #[test]
    fn what_is_quick_is_not_judged_and_says_so() {
        let shown = reported(Form::Table, Extent::Quick);
        assert!(shown.contains("QUICK") && shown.contains("2000 namespaces"), "{shown}");
        assert_eq!(shown.matches("(≥ 20,000 rows/s)").count(), 4, "{shown}");
    }

    #[test]
    fn for_machines_each_figure_is_a_line_and_nothing_else_is() {
        let shown = reported(Form::Json, Extent::Quick);
        assert_eq!(shown.lines().count(), 4);
        assert!(shown.lines().all(|line| line.starts_with("{\"place\":") && line.ends_with('}')));
        assert!(shown.contains("{\"place\":\"process\",\"measure\":\"names\",\"figure\":\"rows\""));
    }
}
