//! What was asked for on the command line, and how much is measured then.

use std::fmt;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::bench::plan::{Extent, Form};
use crate::cli::bench::report::Heading;
use crate::cli::bench::words;
use crate::engine::Limits;
use crate::env::Clock;

const SECONDS: u64 = 20;
const CALM_SECONDS: u64 = 10;
const AFTER_SECONDS: u64 = 10;
const STEP_MS: u64 = 2000;
const ROWS: usize = 10_000;
const QUICK_SECONDS: u64 = 3;
const QUICK_CALM_SECONDS: u64 = 2;
const QUICK_AFTER_SECONDS: u64 = 4;
const QUICK_STEP_MS: u64 = 400;
const QUICK_ROWS: usize = 2_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Wish {
    /// What to measure, separated by commas [default: all of them]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Measure>,
    /// How long three times of what can be done is asked for [default: 20]
    #[arg(long, value_name = "SECONDS", value_parser = words::seconds())]
    seconds: Option<u64>,
    /// Measure little: 3 seconds instead of 20, 2,000 rows of 10,000
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    print: words::Print,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Measure {
    /// The 10 nearest of 10,000 rows of 768 dimensions
    Queries,
    /// 100 rows of 200 bytes
    Writes,
}

pub(super) struct Plan {
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    /// How long too much is asked for.
    pub(super) lasts: Duration,
    /// How long what is comfortable is asked for, before that.
    pub(super) calm: Duration,
    /// And after it.
    pub(super) after: Duration,
    /// How long so many clients are tried, to find out what can be done.
    pub(super) step: Duration,
    /// That are queried.
    pub(super) rows: usize,
    pub(super) extent: Extent,
}

impl Wish {
    pub(super) fn plan(&self, clock: Clock, limits: Limits) -> Plan {
        let ([calm, seconds, after], step_ms, rows, extent) = match self.quick {
            true => {
                let seconds = [QUICK_CALM_SECONDS, QUICK_SECONDS, QUICK_AFTER_SECONDS];
                (seconds, QUICK_STEP_MS, QUICK_ROWS, Extent::Quick)
            }
            false => ([CALM_SECONDS, SECONDS, AFTER_SECONDS], STEP_MS, ROWS, Extent::Whole),
        };
        let lasts = self.seconds.unwrap_or(seconds);
        let [calm, lasts, after] = [calm, lasts, after].map(Duration::from_secs);
        let step = Duration::from_millis(step_ms);
        Plan { clock, limits, lasts, calm, after, step, rows, extent }
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
        let Self { lasts, calm, after, rows, extent, .. } = *self;
        let [lasts, calm, after] = [lasts, calm, after].map(|time| time.as_secs());
        let about = format!("{lasts} s of too much, {calm} s before and {after} s after");
        Heading { form, extent, about, less: format!("{rows} rows") }
    }
}

/// As it is said on the command line.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queries => "queries",
            Self::Writes => "writes",
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
        assert_eq!((whole.lasts, whole.rows), (Duration::from_secs(20), 10_000));
        assert_eq!((quick.lasts, quick.rows), (Duration::from_secs(3), 2_000));
        assert_eq!((whole.extent, quick.extent), (Extent::Whole, Extent::Quick));
        assert_eq!((whole.after, quick.after), (Duration::from_secs(10), Duration::from_secs(4)));
        assert_eq!(quick.heading(Form::Table).less, "2000 rows");
        assert_eq!(plan(&["--quick", "--seconds", "7"]).lasts, Duration::from_secs(7));
        assert!(words::read::<Wish>(&["--seconds", "0"]).is_none());
    }
}
