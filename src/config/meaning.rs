//! What the words mean: each key read by itself, then the keys that must agree with each other.
//! A key that could not be read stands aside, so that one mistake is told once.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use super::bytes;
use super::levels::LogLevels;
use super::location::Location;
use super::problem::Problem;
use super::said::SaidByKey;
use super::{
    Auth, CONCURRENT, Config, Indexer, Log, LogFormat, Misrouted, Node, Queries, RingSlot, Role,
    Secret, Server, TlsFiles,
};
use crate::model::NodeId;

const PORT: u16 = 3000;
const DATA_FOLDER: &str = "./data";
const CONCURRENT_MAX: u32 = 1024;
const FOLD_SLOTS: u32 = 128;
/// As many as may wait before writes are refused.
const FOLD_SLOTS_MAX: u32 = 4096;
const FOLD_BYTES: u64 = 64 << 20;
const FOLD_BYTES_MIN: u64 = 1 << 20;
const FOLD_BYTES_MAX: u64 = 1 << 30;
/// With less than that, nothing can be folded.
const MEMORY_LIMIT_MIN: u64 = 64 << 20;

pub(super) fn interpret(said: &SaidByKey, problems: &mut Vec<Problem>) -> Config {
    let mut reader = Reader { said, problems };
    let node = node(&mut reader);
    let auth = auth(&mut reader);
    let server = server(&mut reader, &auth);
    let storage = storage(&mut reader);
    let indexer = indexer(&mut reader);
    let concurrent = reader.one("query.concurrent_per_namespace", concurrent).or(CONCURRENT);
    let query = Queries { concurrent };
    let log = Log {
        format: reader.one("log.format", log_format).or(LogFormat::Text),
        levels: reader.one("log.level", LogLevels::parse).or(LogLevels::default()),
    };
    if storage == Location::Memory {
        alone_in_memory(&mut reader, &node);
    }
    let origins = said.iter().map(|(name, said)| (*name, said.origin.clone())).collect();
    Config { node, server, storage, indexer, query, auth, log, origins }
}

fn node(reader: &mut Reader<'_>) -> Node {
    let id = reader.one("node.id", node_id).value();
    let role = reader.one("node.type", role).or(Role::All);
    let index = reader.one("node.index", number::<u32>);
    let total = reader.one("node.total", number::<u32>);
    let ring_slot = match (index, total) {
        (Heard::Value(_), Heard::Value(0)) => {
            reader.problem("node.total", "a ring has at least 1 node");
            None
        }
        (Heard::Value(index), Heard::Value(total)) if index >= total => {
            let last = total - 1;
            let message = format!("{index} is not in a ring of {total}; give 0 to {last}");
            reader.problem("node.index", message);
            None
        }
        (Heard::Value(index), Heard::Value(total)) => Some(RingSlot { index, total }),
        (Heard::Value(_), Heard::Nothing) => {
            reader.problem("node.index", "needs node.total (ELACSYM_TOTAL_NODES) beside it");
            None
        }
        (Heard::Nothing, Heard::Value(_)) => {
            reader.problem("node.total", "needs node.index (ELACSYM_NODE_INDEX) beside it");
            None
        }
        _ => None,
    };
    Node { id, role, ring_slot }
}

fn auth(reader: &mut Reader<'_>) -> Auth {
    if let Heard::Value(keys) = reader.many("auth.api_keys", api_keys) {
        return Auth::Keys(keys);
    }
    match reader.one("auth.api_keys_file", path) {
        Heard::Value(path) => Auth::KeysFile(path),
        Heard::Nothing | Heard::Broken => Auth::Open,
    }
}

fn server(reader: &mut Reader<'_>, auth: &Auth) -> Server {
    let host = match auth {
        Auth::Open => Ipv4Addr::LOCALHOST,
        Auth::Keys(_) | Auth::KeysFile(_) => Ipv4Addr::UNSPECIFIED,
    };
    Server {
        host: reader.one("server.host", ip_address).or(host.into()),
        port: reader.one("server.port", port).or(PORT),
        advertise_url: reader.one("server.advertise_url", advertise_url).value(),
        misrouted: reader.one("server.misrouted", misrouted).value(),
        tls: tls(reader),
    }
}

fn tls(reader: &mut Reader<'_>) -> Option<TlsFiles> {
    const CERT: &str = "server.tls.cert";
    const KEY: &str = "server.tls.key";
    match (reader.one(CERT, path), reader.one(KEY, path)) {
        (Heard::Value(cert), Heard::Value(key)) => return Some(TlsFiles { cert, key }),
        (Heard::Value(_), Heard::Nothing) => reader.problem(CERT, format!("needs {KEY} beside it")),
        (Heard::Nothing, Heard::Value(_)) => reader.problem(KEY, format!("needs {CERT} beside it")),
        _ => {}
    }
    None
}

fn storage(reader: &mut Reader<'_>) -> Location {
    if let Heard::Value(location) = reader.one("storage.url", Location::parse) {
        return location;
    }
    Location::Local(reader.one("storage.path", path).or(PathBuf::from(DATA_FOLDER)))
}

fn indexer(reader: &mut Reader<'_>) -> Indexer {
    let memory_limit = |word: &str| at_least(MEMORY_LIMIT_MIN, word);
    Indexer {
        memory_limit: reader.one("indexer.memory_limit", memory_limit).value(),
        fold_slots: reader.one("indexer.fold_slots", fold_slots).or(FOLD_SLOTS),
        fold_bytes: reader.one("indexer.fold_bytes", fold_bytes).or(FOLD_BYTES),
    }
}

/// Memory is seen by one process: a node that counts on others would wait for them for ever.
fn alone_in_memory(reader: &mut Reader<'_>, node: &Node) {
    let message = "memory:// is seen by this process alone, so the node must be the only one";
    if node.role != Role::All {
        reader.problem("node.type", format!("{message}: node.type = \"all\""));
    }
    if node.ring_slot.is_some_and(|slot| slot.total > 1) {
        reader.problem("node.total", format!("{message}: node.total = 1"));
    }
}

/// What came of asking for a key.
enum Heard<T> {
    Nothing,
    /// Said, but unusable, and that is a problem already.
    Broken,
    Value(T),
}

impl<T> Heard<T> {
    fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Broken => None,
        }
    }

    fn or(self, default: T) -> T {
        self.value().unwrap_or(default)
    }
}

struct Reader<'a> {
    said: &'a SaidByKey,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn one<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Heard<T> {
        self.many(key, |words| match words {
            [word] => read(word),
            _ => Err("takes one value".to_owned()),
        })
    }

    fn many<T>(&mut self, key: &str, read: impl Fn(&[String]) -> Result<T, String>) -> Heard<T> {
        let Some(said) = self.said.get(key) else { return Heard::Nothing };
        let Some(words) = &said.words else { return Heard::Broken };
        match read(words) {
            Ok(value) => Heard::Value(value),
            Err(message) => {
                self.problems.push(Problem::new(key, &said.origin, message));
                Heard::Broken
            }
        }
    }

    /// About a key that was said.
    fn problem(&mut self, key: &str, message: impl Into<String>) {
        if let Some(said) = self.said.get(key) {
            self.problems.push(Problem::new(key, &said.origin, message));
        }
    }
}

fn node_id(word: &str) -> Result<NodeId, String> {
    NodeId::new(word).map_err(|error| format!("{word:?} cannot name a node: {error}"))
}

fn role(word: &str) -> Result<Role, String> {
    match word {
        "all" => Ok(Role::All),
        "indexer" => Ok(Role::Indexer),
        "query" => Ok(Role::Query),
        _ => Err(format!("{word:?} is no type of node; use all, indexer or query")),
    }
}

fn misrouted(word: &str) -> Result<Misrouted, String> {
    match word {
        "redirect" => Ok(Misrouted::Redirect),
        "forward" => Ok(Misrouted::Forward),
        _ => Err(format!("{word:?} is neither redirect nor forward")),
    }
}

fn log_format(word: &str) -> Result<LogFormat, String> {
    match word {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{word:?} is neither text nor json")),
    }
}

fn number<T: FromStr<Err: Display>>(word: &str) -> Result<T, String> {
    word.parse().map_err(|error| format!("{word:?} is not a number that fits here: {error}"))
}

fn at_least(least: u64, word: &str) -> Result<u64, String> {
    match bytes::parse(word)? {
        bytes if bytes < least => {
            Err(format!("{word} is too little; give {} or more", bytes::print(least)))
        }
        bytes => Ok(bytes),
    }
}

fn fold_slots(word: &str) -> Result<u32, String> {
    let slots = word.parse().ok().filter(|slots| (1..=FOLD_SLOTS_MAX).contains(slots));
    slots.ok_or_else(|| format!("{word:?} is no number of commits; give 1 to {FOLD_SLOTS_MAX}"))
}

fn concurrent(word: &str) -> Result<u32, String> {
    let queries = word.parse().ok().filter(|queries| (1..=CONCURRENT_MAX).contains(queries));
    queries.ok_or_else(|| format!("{word:?} is no number of queries; give 1 to {CONCURRENT_MAX}"))
}

fn fold_bytes(word: &str) -> Result<u64, String> {
    match at_least(FOLD_BYTES_MIN, word)? {
        bytes if bytes > FOLD_BYTES_MAX => {
            Err(format!("{word} is too much; give {} or less", bytes::print(FOLD_BYTES_MAX)))
        }
        bytes => Ok(bytes),
    }
}

fn port(word: &str) -> Result<u16, String> {
    if word.starts_with("tcp://") {
        return Err(format!(
            "{word:?} is what Kubernetes sets for a Service called elacsym, not a port; set \
             enableServiceLinks: false in the pod, or give the service another name"
        ));
    }
    word.parse().map_err(|_| format!("{word:?} is not a port; give 0 to 65535"))
}

fn ip_address(word: &str) -> Result<IpAddr, String> {
    if word == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(word);
    bare.parse().map_err(|_| {
        format!("{word:?} is not an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::1")
    })
}

fn path(word: &str) -> Result<PathBuf, String> {
    if word.is_empty() {
        return Err("is empty; give a path, or leave it out".to_owned());
    }
    if word.contains("://") {
        return Err("this is a URL, not a path; storage.url takes URLs".to_owned());
    }
    Ok(PathBuf::from(word))
}

/// Scheme, host and port: the path of a redirect is the path of the request.
fn advertise_url(word: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("{why}; write it like http://10.0.0.7:3000"));
    let Ok(url) = http::Uri::from_str(word) else { return refuse("this is not a URL") };
    let Some(authority) = url.authority() else { return refuse("a URL must be absolute") };
    if authority.as_str().contains('@') {
        return refuse("a URL that is handed to clients carries no credentials");
    }
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return refuse("the scheme must be http or https");
    }
    if authority.host().is_empty() || authority.as_str().ends_with(':') {
        return refuse("the host or the port is missing");
    }
    let (host, port) = authority.as_str().split_at(authority.host().len());
    if !is_host(host) {
        return refuse("the host is neither a name nor an IP address");
    }
    if !port.is_empty() && !is_port(port) {
        return refuse("the port is none of 1 to 65535");
    }
    if url.path() != "/" || url.query().is_some() || word.contains('#') {
        return refuse("a path, a query or a fragment cannot be obeyed here");
    }
    if ip_address(authority.host()).is_ok_and(|ip| ip.is_unspecified()) {
        return refuse("nobody can reach a node under the address that means all addresses");
    }
    Ok(word.strip_suffix('/').unwrap_or(word).to_owned())
}

/// A name as DNS has it, or as a network of containers does, which takes underscores; or an IP
/// address. The parser of URLs takes whatever may stand in one.
fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[') {
        return inside.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && label.chars().all(is_plain);
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or(name);
    match last.chars().all(|c| c.is_ascii_digit()) {
        true => host.parse::<Ipv4Addr>().is_ok(),
        false => name.split('.').all(is_label),
    }
}

/// With its colon.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').filter(|text| text.chars().all(|c| c.is_ascii_digit()));
    digits.and_then(|digits| digits.parse::<u16>().ok()).is_some_and(|port| port > 0)
}

/// Never repeats a key: the place in the list tells which one is meant.
fn api_keys(words: &[String]) -> Result<Vec<Secret>, String> {
    if words.is_empty() {
        return Err("has no keys; give some, or leave it out to be open to all".to_owned());
    }
    let key = |(index, word): (usize, &String)| {
        let refuse = |why: &str| Err(format!("key {} of {} {why}", index + 1, words.len()));
        if word.is_empty() {
            return refuse("is empty");
        }
        if !word.chars().all(|c| c.is_ascii_graphic() && c != ',') {
            return refuse("has a space, a comma or a character outside ASCII");
        }
        if word.chars().all(|c| c == '*') {
            return refuse("is the mask that `config print` shows, not a key");
        }
        Ok(Secret(word.clone()))
    };
    words.iter().enumerate().map(key).collect()
}
