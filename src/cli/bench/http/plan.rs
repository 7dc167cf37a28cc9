//! What was asked for on the command line, and how much is measured then.

use std::fmt;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::bench::plan::{Extent, Form};
use crate::cli::bench::report::Heading;
use crate::cli::bench::words;
use crate::engine::Limits;
use crate::env::Clock;

const SECONDS: u64 = 5;
const QUICK_SECONDS: u64 = 1;
const ROWS: usize = 4_000;
const QUICK_ROWS: usize = 500;
const EXACT_ROWS: usize = 50_000;
const QUICK_EXACT_ROWS: usize = 2_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Wish {
    /// What to measure, separated by commas [default: all of them]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Measure>,
    /// How long each request is sent, and how long it is asked of the engine alone [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = words::seconds())]
    seconds: Option<u64>,
    /// Measure little: 1 second instead of 5, 500 rows of 4,000, 2,000 rows of 50,000
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    print: words::Print,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Measure {
    /// One row of 200 bytes, by 1, 16 and 64 connections
    Write,
    /// The 10 nearest of 768 dimensions, by as many
    Query,
    /// What there is to say of a namespace, by as many
    Metadata,
    /// The nearest of 50,000 vectors in memory, looked at one by one, in each metric
    Exact,
    /// Requests of 4 MB of vectors, as floats and as base64
    Bulk,
}

pub(super) struct Plan {
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) lasts: Duration,
    /// That a small query is asked of.
    pub(super) rows: usize,
    /// That are looked at one by one.
    pub(super) exact_rows: usize,
    pub(super) extent: Extent,
}

impl Wish {
    pub(super) fn plan(&self, clock: Clock, limits: Limits) -> Plan {
        let (seconds, rows, exact_rows, extent) = match self.quick {
            true => (QUICK_SECONDS, QUICK_ROWS, QUICK_EXACT_ROWS, Extent::Quick),
            false => (SECONDS, ROWS, EXACT_ROWS, Extent::Whole),
        };
        let lasts = Duration::from_secs(self.seconds.unwrap_or(seconds));
        Plan { clock, limits, lasts, rows, exact_rows, extent }
    }

    /// In the order in which they are measured.
    pub(super) fn measures(&self) -> Vec<Measure> {
        words::chosen(&self.only)
    }

    pub(super) fn form(&self) -> Form {
        self.print.form()
    }
}

impl Plan {
    pub(super) fn heading(&self, form: Form) -> Heading {
        let Self { rows, exact_rows, extent, .. } = *self;
        let about = format!("{} s a figure", self.lasts.as_secs());
        Heading { form, extent, about, less: format!("{rows} rows, {exact_rows} in memory") }
    }
}

/// As it is said on the command line.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write",
            Self::Query => "query",
            Self::Metadata => "metadata",
            Self::Exact => "exact",
            Self::Bulk => "bulk",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::small_limits;

    fn plan(line: &[&str]) -> Plan {
        words::read::<Wish>(line).unwrap().plan(Clock::start(), small_limits())
    }

    #[test]
    fn everything_is_measured_unless_less_was_asked_for() {
        words::check_measures(Wish::measures);
    }

    #[test]
    fn what_is_quick_says_so_and_seconds_that_were_said_hold() {
        let (whole, quick) = (plan(&[]), plan(&["--quick"]));
        assert_eq!((whole.lasts, whole.exact_rows), (Duration::from_secs(5), 50_000));
        assert_eq!((quick.lasts, quick.exact_rows), (Duration::from_secs(1), 2_000));
        assert_eq!((whole.extent, quick.extent), (Extent::Whole, Extent::Quick));
        assert_eq!(quick.heading(Form::Table).less, "500 rows, 2000 in memory");
        assert_eq!(plan(&["--quick", "--seconds", "7"]).lasts, Duration::from_secs(7));
        assert!(words::read::<Wish>(&["--seconds", "0"]).is_none());
    }
}
