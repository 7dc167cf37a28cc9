//! What was asked for on the command line, and what is measured then.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::ground::Ground;
use super::line::Address;
use super::report::Heading;
use super::words;
use crate::engine::Limits;
use crate::env::Clock;
use crate::storage::Pace;

const NAMES: usize = 100_000;
const ROUNDS: usize = 5;
const QUICK_SECONDS: u64 = 2;
const QUICK_NAMES: usize = 2_000;
const QUICK_ROUNDS: usize = 2;

/// Clients that know the second contract find their key there.
const KEY: &str = "TURBOPUFFER_API_KEY";

#[derive(Debug, Args)]
pub(in crate::cli) struct Wish {
    /// What to measure, separated by commas [default: all of them]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Measure>,
    /// Where: `local`, `slow`, or the URL of a store; may be said several times [default: local,
    /// slow, and s3://test if AWS_ENDPOINT_URL is an S3 server of this machine]
    #[arg(long, value_name = "STORE")]
    store: Vec<String>,
    /// Measure a server that runs already, instead; with the key in TURBOPUFFER_API_KEY
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    url: Option<String>,
    /// How long each measure that counts by the second lasts [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = words::seconds())]
    seconds: Option<u64>,
    /// Measure little: 2 seconds instead of 10, 2 rounds of 5, 2,000 namespaces of 100,000
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    print: words::Print,
    /// What the slow store takes for a PUT, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100)]
    put_ms: u32,
    /// What it takes for a GET, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 25)]
    get_ms: u32,
    /// What passes on each of its streams, in MB a second; 0: without limit
    #[arg(long, value_name = "MB", default_value_t = 100)]
    stream_mb: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Measure {
    /// 64 clients, requests of 100 rows of 200 bytes
    Small,
    /// 8 clients, requests of 4 MiB of vectors, folding meanwhile
    Large,
    /// One client, one row at a time
    Single,
    /// The first write to a namespace that is new, released or remembered
    First,
    /// Strong reads by 1, 16 and 256 clients at once
    Reads,
    /// From the start of a process to its first answer, on an empty folder
    Start,
    /// Memory and start of a process with 100,000 namespaces in its folder
    Names,
}

/// For people, or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Json,
}

/// Whether as much is measured as the targets mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Quick,
}

/// How it is measured, wherever.
pub(super) struct Plan {
    pub(super) clock: Clock,
    /// By which a bucket is reached.
    pub(super) vars: Vec<(String, String)>,
    pub(super) limits: Limits,
    pub(super) lasts: Duration,
    /// Where something is measured once a round.
    pub(super) rounds: usize,
    /// How many are many.
    pub(super) names: usize,
    pub(super) extent: Extent,
}

impl Plan {
    pub(super) fn heading(&self, form: Form) -> Heading {
        let Self { rounds, names, extent, .. } = *self;
        let about = format!("{} s a measure", self.lasts.as_secs());
        Heading { form, extent, about, less: format!("{rounds} rounds, {names} namespaces") }
    }
}

impl Measure {
    /// Whether it is about a store. The others are about a process over a local folder.
    pub(super) fn is_of_a_store(self) -> bool {
        !matches!(self, Self::Start | Self::Names)
    }
}

/// As it is said on the command line.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Single => "single",
            Self::First => "first",
            Self::Reads => "reads",
            Self::Start => "start",
            Self::Names => "names",
        })
    }
}

impl Wish {
    pub(super) fn plan(&self, clock: Clock, vars: Vec<(String, String)>, limits: Limits) -> Plan {
        let (seconds, rounds, names, extent) = match self.quick {
            true => (QUICK_SECONDS, QUICK_ROUNDS, QUICK_NAMES, Extent::Quick),
            false => (10, ROUNDS, NAMES, Extent::Whole),
        };
        let lasts = Duration::from_secs(self.seconds.unwrap_or(seconds));
        Plan { clock, vars, limits, lasts, rounds, names, extent }
    }

    /// In the order in which they are measured.
    pub(super) fn measures(&self) -> Vec<Measure> {
        words::chosen(&self.only)
    }

    pub(super) fn grounds(&self, vars: &[(String, String)]) -> Result<Vec<Ground>, Failure> {
        if let Some(url) = &self.url {
            let key = vars.iter().find(|(name, _)| name == KEY).map(|(_, key)| key.clone());
            let address = Address::read(url, key).map_err(Failure::Refused)?;
            return Ok(vec![Ground::Behind(address)]);
        }
        let pace = self.pace();
        if self.store.is_empty() {
            return Ok(Ground::all(pace, vars));
        }
        let read = |word: &String| Ground::read(word, pace).map_err(Failure::Configuration);
        self.store.iter().map(read).collect()
    }

    pub(super) fn form(&self) -> Form {
        self.print.form()
    }

    fn pace(&self) -> Pace {
        let ms = |ms: u32| Duration::from_millis(ms.into());
        let bytes_per_second = NonZeroU64::new(u64::from(self.stream_mb) * 1_000_000);
        Pace { put: ms(self.put_ms), get: ms(self.get_ms), bytes_per_second }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ground::TARGET_PACE;
    use super::super::small_limits;
    use super::*;

    fn wish(line: &[&str]) -> Option<Wish> {
        words::read(line)
    }

    fn plan(line: &[&str]) -> Plan {
        wish(line).unwrap().plan(Clock::start(), Vec::new(), small_limits())
    }

    #[test]
    fn everything_is_measured_unless_less_was_asked_for() {
        words::check_measures(Wish::measures);
    }

    #[test]
    fn what_is_quick_says_so_and_seconds_that_were_said_hold() {
        let whole = plan(&[]);
        assert_eq!((whole.lasts, whole.names), (Duration::from_secs(10), 100_000));
        let quick = plan(&["--quick"]);
        assert_eq!((quick.lasts, quick.names), (Duration::from_secs(2), 2_000));
        assert_eq!((whole.extent, quick.extent), (Extent::Whole, Extent::Quick));
        assert_eq!(quick.heading(Form::Table).less, "2 rounds, 2000 namespaces");
        assert_eq!(plan(&["--quick", "--seconds", "7"]).lasts, Duration::from_secs(7));
        assert!(wish(&["--seconds", "0"]).is_none());
    }

    #[test]
    fn a_server_that_runs_already_stands_alone() {
        assert!(wish(&["--url", "http://a:1", "--store", "local"]).is_none());
        let names = |words: &[&str]| -> Vec<String> {
            let grounds = wish(words).unwrap().grounds(&[]);
            grounds.ok().unwrap().iter().map(Ground::name).collect()
        };
        assert_eq!(names(&["--url", "http://a:1"]), ["http://a:1"]);
        assert_eq!(names(&["--store", "slow", "--store", "s3://b"]), ["slow", "s3://b"]);
        assert_eq!(names(&[]), ["local", "slow"]);
        assert!(wish(&["--store", "fast"]).unwrap().grounds(&[]).is_err());
    }

    #[test]
    fn the_slow_store_is_as_slow_as_the_targets_want_it() {
        assert_eq!(wish(&[]).unwrap().pace(), TARGET_PACE);
        let other = wish(&["--put-ms", "7", "--stream-mb", "0"]).unwrap().pace();
        assert_eq!((other.put, other.bytes_per_second), (Duration::from_millis(7), None));
    }
}
