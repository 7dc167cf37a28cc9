//! What is measured: a store of our own making, one that is there, or whatever a server has that
//! runs already.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use super::finding::Aim;
use super::line::Address;
use super::scratch::Scratch;
use crate::config::{Config, Inputs, Location, Problems};
use crate::env::{Clock, Dice};
use crate::error::{Context, Result};
use crate::storage::{self, Pace, Store, Trips};

#[derive(Clone, Debug)]
pub(super) enum Ground {
    /// A local folder, which is removed afterwards.
    Local,
    /// Memory that takes its time, as a bucket does.
    Slow(Pace),
    /// A store that stays, unless it is memory. What was measured there lies below a name of its own,
    /// and stays too.
    At(Location),
    /// The server, and not the store, is given.
    Behind(Address),
}

/// What there is to measure on.
pub(super) enum Opened {
    Store {
        store: Store,
        trips: Trips,
        /// The folder that it is in, if that goes afterwards.
        scratch: Option<Scratch>,
    },
    Server(Address),
}

/// The pace that the targets were set for.
pub(super) const TARGET_PACE: Pace = Pace {
    put: Duration::from_millis(100),
    get: Duration::from_millis(25),
    bytes_per_second: NonZeroU64::new(100_000_000),
};

/// The bucket that `scripts/minio` makes.
const MINIO_BUCKET: &str = "test";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

impl Ground {
    /// `local`, `slow`, or the URL of a store.
    pub(super) fn read(word: &str, pace: Pace) -> Result<Self, Problems> {
        match word {
            "local" => Ok(Self::Local),
            "slow" => Ok(Self::Slow(pace)),
            url => {
                let flags = vec![("--storage-url", url.to_owned())];
                let config = Config::load(&Inputs { flags, ..Inputs::default() })?;
                Ok(Self::At(config.storage))
            }
        }
    }

    /// Where nothing else was said. A server of S3 that runs on this machine is one to measure on;
    /// one that runs elsewhere may be somebody's.
    pub(super) fn all(pace: Pace, vars: &[(String, String)]) -> Vec<Self> {
        let mut all = vec![Self::Local, Self::Slow(pace)];
        let endpoint = vars.iter().find(|(name, _)| name == ENDPOINT).map(|(_, url)| url.as_str());
        let here = ["http://127.0.0.1:", "http://localhost:"];
        if endpoint.is_some_and(|url| here.iter().any(|here| url.starts_with(here))) {
            let (bucket, prefix) = (MINIO_BUCKET.to_owned(), String::new());
            all.push(Self::At(Location::S3 { bucket, prefix }));
        }
        all
    }

    /// `run` is a name that no other measurement has.
    pub(super) async fn open(
        &self,
        run: &str,
        vars: &[(String, String)],
        clock: Clock,
    ) -> Result<Opened> {
        let (location, pace, scratch) = match self {
            Self::Behind(address) => return Ok(Opened::Server(address.clone())),
            Self::Local => {
                let scratch = Scratch::make()?;
                let folder = Location::Local(scratch.path().join("data"));
                (folder, Pace::NONE, Some(scratch))
            }
            Self::Slow(pace) => (Location::Memory, *pace, None),
            Self::At(location) => (below(location, run), Pace::NONE, None),
        };
        let place = || format!("opening the store {location}");
        let (vars, dice) = (vars.iter().cloned(), Dice::from_os());
        let opened = storage::open_slow(&location, vars, clock, dice, pace).await;
        let (store, trips) = opened.context(place())?;
        if matches!(location, Location::S3 { .. }) {
            store.prove().await.context(place())?;
        }
        Ok(Opened::Store { store, trips, scratch })
    }

    /// Targets are set for one store, and hold there.
    pub(super) fn aim(&self) -> Aim {
        match self {
            Self::Slow(pace) if *pace == TARGET_PACE => Aim::Judged,
            _ => Aim::Shown,
        }
    }

    /// What a request to the store takes, where that is known.
    pub(super) fn pace(&self) -> Option<Pace> {
        match self {
            Self::Slow(pace) => Some(*pace),
            Self::Local | Self::At(_) | Self::Behind(_) => None,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Slow(_) => "slow".to_owned(),
            Self::At(Location::Memory) => "memory".to_owned(),
            Self::At(location) => location.to_string(),
            Self::Behind(address) => format!("http://{}", address.host()),
        }
    }
}

fn below(location: &Location, run: &str) -> Location {
    match location {
        Location::Local(folder) => Location::Local(folder.join(run)),
        Location::S3 { bucket, prefix } => {
            let between = if prefix.is_empty() { "" } else { "/" };
            let prefix = format!("{prefix}{between}{run}");
            Location::S3 { bucket: bucket.clone(), prefix }
        }
        Location::Memory => Location::Memory,
    }
}

/// What it is, for people.
impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local: a folder of this machine"),
            Self::Slow(Pace { put, get, bytes_per_second }) => {
                let (put, get) = (put.as_millis(), get.as_millis());
                write!(f, "slow: memory, with {put} ms a PUT, {get} ms a GET")?;
                match bytes_per_second {
                    Some(rate) => write!(f, ", {} MB/s a stream", rate.get() / 1_000_000),
                    None => Ok(()),
                }
            }
            Self::At(Location::Memory) => f.write_str("memory"),
            Self::At(location) => write!(f, "{location}"),
            Self::Behind(_) => write!(f, "{}: a server that runs already", self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn names(endpoint: Option<&str>) -> Vec<String> {
        let vars = endpoint.map(|url| (ENDPOINT.to_owned(), url.to_owned()));
        let vars: Vec<(String, String)> = vars.into_iter().collect();
        Ground::all(TARGET_PACE, &vars).iter().map(Ground::name).collect()
    }

    #[test]
    fn a_word_is_a_store() {
        let read = |word: &str| Ground::read(word, TARGET_PACE).map(|ground| ground.to_string());
        let slow = "slow: memory, with 100 ms a PUT, 25 ms a GET, 100 MB/s a stream";
        assert_eq!(read("local").ok().as_deref(), Some("local: a folder of this machine"));
        assert_eq!(read("slow").ok().as_deref(), Some(slow));
        assert_eq!(read("s3://a/b").ok().as_deref(), Some("s3://a/b"));
        assert_eq!(read("memory://").ok().as_deref(), Some("memory"));
        assert!(read("fast").is_err());
    }

    #[test]
    fn a_bucket_of_this_machine_is_measured_and_one_elsewhere_is_asked_for() {
        assert_eq!(names(None), ["local", "slow"]);
        assert_eq!(names(Some("https://s3.example")), ["local", "slow"]);
        assert_eq!(names(Some("http://127.0.0.1:9000")), ["local", "slow", "s3://test"]);
    }

    #[test]
    fn what_stays_lies_below_a_name_of_its_own() {
        let s3 = |prefix: &str| Location::S3 { bucket: "b".into(), prefix: prefix.into() };
        assert_eq!(below(&s3(""), "run"), s3("run"));
        assert_eq!(below(&s3("a/b"), "run"), s3("a/b/run"));
        let folder = |path: &str| Location::Local(PathBuf::from(path));
        assert_eq!(below(&folder("data"), "run"), folder("data/run"));
    }

    #[test]
    fn targets_hold_at_the_pace_that_they_were_set_for() {
        assert_eq!(Ground::Slow(TARGET_PACE).aim(), Aim::Judged);
        assert_eq!(Ground::Slow(Pace::NONE).aim(), Aim::Shown);
        assert_eq!(Ground::Local.aim(), Aim::Shown);
    }
}
