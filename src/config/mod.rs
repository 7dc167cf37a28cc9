//! Configuration: what an operator said, and what it means. Two stages, because a mistake is best
//! told in the words in which it was made: `said` collects values with the place each was read
//! from, `meaning` turns them into this tree, and both report every problem, not the first.
//!
//! `load` is pure: the text of the file, the environment and the flags are handed in. Nothing here
//! opens a file or a socket, and no value of a secret leaves through `Debug`, `Display` or a
//! problem.

mod bytes;
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

    /// Whether the files that the configuration names hold what they should, as far as their shape
    /// tells. `read` gives the text of a file, or why there is none.
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
            .map_err(|reason| format!("cannot be read: {reason}"))
            .and_then(|text| keys_file_has_keys(&text));
        checked.map_err(|message| {
            let message = format!("file {:?} {message}", path.display().to_string());
            Problems(vec![Problem::new("auth.api_keys_file", origin, message)])
        })
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

/// The message of a syntax error alone: its `Display` quotes the line, which may hold a secret.
fn keys_file_has_keys(text: &str) -> Result<(), String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        format!("is not TOML: line {line}: {}", error.message())
    })?;
    let is_list =
        |keys: &Vec<toml::Value>| !keys.is_empty() && keys.iter().all(|key| key.is_table());
    match table.get("keys").and_then(toml::Value::as_array) {
        Some(keys) if is_list(keys) => Ok(()),
        _ => Err("has no keys: each begins with [[keys]]".to_owned()),
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
