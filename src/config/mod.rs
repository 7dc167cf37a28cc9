//! Configuration: what an operator said, and what it means. Two stages, because a mistake is best
//! told in the words in which it was made: `said` collects values with the place each was read
//! from, `meaning` turns them into this tree, and both report every problem, not the first.
//!
//! `load` is pure: the text of the file, the environment and the flags are handed in. Nothing here
//! opens a file or a socket, and no value of a secret leaves through `Debug`, `Display` or a
//! problem.

mod bytes;
mod key_file;
mod keys;
mod levels;
mod location;
mod meaning;
mod print;
mod problem;
mod said;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

pub use key_file::{API_KEY_NAME_CHARS_MAX, API_KEY_RATE_MAX, API_KEYS_MAX, ApiKey, Rates, Scope};
pub use keys::{CONFIG_ENV, ENV_PREFIX, KEYS, Key, Shape};
pub use levels::LogLevels;
pub use location::Location;
pub use problem::{Origin, Problem, Problems};
pub use said::{ConfigFile, Inputs};

use crate::model::NodeId;

/// Everything that an operator decides. What no operator can judge is a constant elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub node: Node,
    pub server: Server,
    pub storage: Location,
    pub indexer: Indexer,
    pub query: Queries,
    pub auth: Auth,
    pub log: Log,
    /// Where each key was said; a key that is absent has its default.
    origins: BTreeMap<&'static str, Origin>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub id: Option<NodeId>,
    pub role: Role,
    pub ring_slot: Option<RingSlot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    All,
    Indexer,
    Query,
}

/// A fixed place in a ring of fixed size, instead of one that follows the live nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSlot {
    pub index: u32,
    pub total: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    pub host: IpAddr,
    pub port: u16,
    pub advertise_url: Option<String>,
    /// `None`: as each wire contract has it.
    pub misrouted: Option<Misrouted>,
    /// `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// In PEM: a chain of certificates, the server's own first, and the private key of that one.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// What becomes of a write that reached a node other than the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misrouted {
    Redirect,
    Forward,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Indexer {
    /// `None`: as the machine has it.
    pub memory_limit: Option<u64>,
    /// A log that is so long is folded into a segment.
    pub fold_slots: u32,
    pub fold_bytes: u64,
}

/// Queries of a namespace at once, as the contract has it.
pub const CONCURRENT: u32 = 16;

#[derive(Clone, Debug, PartialEq)]
pub struct Queries {
    /// Of each namespace, at once.
    pub concurrent: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// Whoever reaches the port may do everything.
    Open,
    /// Each of these may do everything.
    Keys(Vec<Secret>),
    /// Keys with scopes.
    KeysFile(PathBuf),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    pub format: LogFormat,
    pub levels: LogLevels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Text that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Config {
    pub fn load(inputs: &Inputs) -> Result<Self, Problems> {
        let (said, mut problems) = said::collect(inputs);
        let config = meaning::interpret(&said, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    /// The same, with all that a node would find out when it starts. `read` gives the text of a file, and
    /// `open` looks into those of a certificate, or says why it cannot be used.
    pub fn check(
        inputs: &Inputs,
        read: impl FnOnce(&Path) -> Result<String, String>,
        open: impl FnOnce(&TlsFiles) -> Result<(), String>,
    ) -> Result<Self, Problems> {
        let (said, mut problems) = said::collect(inputs);
        let config = meaning::interpret(&said, &mut problems);
        let found = [config.check_alone(), config.check_files(read), config.check_tls(open)];
        let found = found.into_iter().filter_map(Result::err).flat_map(|Problems(found)| found);
        // What means nothing need not be told to be of no use.
        let more = found.filter(|one| problems.iter().all(|known| known.key != one.key));
        let more: Vec<Problem> = more.collect();
        problems.extend(more);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    /// Whether a node can obey it that knows no others.
    fn check_alone(&self) -> Result<(), Problems> {
        let of_cluster = |key: &&str| *key != "node.type" || self.node.role == Role::Query;
        let problem = |key: &str| {
            let message = "cannot be obeyed yet: this release runs one kind of node, which does \
                           everything (node.type = \"all\" or \"indexer\"), until there is a cluster";
            Some(Problem::new(key, self.origins.get(key)?, message))
        };
        let keys =
            ["node.type", "node.index", "node.total", "server.advertise_url", "server.misrouted"];
        let keys = keys.into_iter().filter(of_cluster);
        let problems: Vec<Problem> = keys.filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    fn check_tls(
        &self,
        open: impl FnOnce(&TlsFiles) -> Result<(), String>,
    ) -> Result<(), Problems> {
        let origin = self.origins.get("server.tls.cert");
        let (Some(files), Some(origin)) = (&self.server.tls, origin) else { return Ok(()) };
        open(files).map_err(|why| Problems(vec![Problem::new("server.tls", origin, why)]))
    }

    /// Whether the file of keys that the configuration names holds what it should. `read` gives the
    /// text of a file, or why there is none.
    pub fn check_files(
        &self,
        read: impl FnOnce(&Path) -> Result<String, String>,
    ) -> Result<(), Problems> {
        let (Auth::KeysFile(path), Some(origin)) =
            (&self.auth, self.origins.get("auth.api_keys_file"))
        else {
            return Ok(());
        };
        let checked = read(path)
            .map_err(|reason| vec![format!("cannot be read: {reason}")])
            .and_then(|text| ApiKey::parse_file(&text));
        let problem = |message: String| {
            let message = format!("file {:?} {message}", path.display().to_string());
            Problem::new("auth.api_keys_file", origin, message)
        };
        checked.map(drop).map_err(|told| Problems(told.into_iter().map(problem).collect()))
    }

    /// How many keys were said by somebody.
    pub fn keys_said(&self) -> usize {
        self.origins.len()
    }

    /// What is allowed, and still worth a line in the log at every start.
    pub fn notices(&self) -> Vec<String> {
        let Server { host, .. } = self.server;
        let mut notices = Vec::new();
        if self.auth == Auth::Open && host.is_loopback() {
            notices.push(format!(
                "no API keys are configured: everything is open to whoever reaches {host}, which \
                 only this machine can; with auth.api_keys the default of server.host is 0.0.0.0"
            ));
        } else if self.auth == Auth::Open {
            notices.push(format!(
                "no API keys are configured and server.host is {host}: whoever reaches this \
                 machine may read, write and delete everything; set auth.api_keys"
            ));
        }
        notices
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests;
