//! Every key that exists: its names in the file, the environment and on the command line, its
//! default and its meaning. The table of `docs/OPERATIONS.md` is this one; a test compares them.
//!
//! A key stands here only if something obeys it: every sub-command obeys `[log]`, and a node obeys
//! the rest. As long as nodes are of one kind, it refuses what is for others.

/// The variable that names the file itself; it is no key, since no file can say it.
pub const CONFIG_ENV: &str = "ELACSYM_CONFIG";

pub const ENV_PREFIX: &str = "ELACSYM_";

/// Before a section and a key, both in capitals: `ELACSYM__SERVER__PORT`.
pub(super) const NESTED_PREFIX: &str = "ELACSYM__";

#[derive(Debug)]
pub struct Key {
    /// `section.key`, or `section.group.key`.
    pub name: &'static str,
    /// Its short name in the environment, beside the nested one that every key has.
    pub env: Option<&'static str>,
    pub flag: Option<&'static str>,
    pub shape: Shape,
    /// In words for the table; `meaning` is what applies it.
    pub default: &'static str,
    pub meaning: &'static str,
}

/// How it is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    /// An array of strings that are never printed; separated by commas in the environment.
    Secrets,
}

/// Variables of our own build, scripts and tests, which a shell may well carry: a node passes over
/// them. Every other name that begins like ours is a key or a mistake.
const OF_TOOLS: [&str; 13] = [
    "ELACSYM_BIN",
    "ELACSYM_COMMIT",
    "ELACSYM_FUZZ_SECS",
    "ELACSYM_FUZZ_SEED",
    "ELACSYM_KILLS",
    "ELACSYM_KILL_SEED",
    "ELACSYM_SCOPES",
    "ELACSYM_TEST_RACE",
    "ELACSYM_TEST_VICTIM",
    "ELACSYM_TOOLS",
    "ELACSYM_TRACES",
    "ELACSYM_WALK_SECS",
    "ELACSYM_WALK_SEED",
];

/// Two spellings of one decision: saying one in a higher layer overrides the other below.
pub(super) const TWINS: [(&str, &str); 2] =
    [("storage.path", "storage.url"), ("auth.api_keys", "auth.api_keys_file")];

pub const KEYS: &[Key] = &[
    Key {
        name: "node.id",
        env: Some("ELACSYM_NODE_ID"),
        flag: Some("--node-id"),
        shape: Shape::Text,
        default: "none",
        meaning: "Name of this node, unique among the nodes of a cluster and the same after a \
                  restart: 1 to 128 of `A-Z a-z 0-9 - _ .`",
    },
    Key {
        name: "node.type",
        env: Some("ELACSYM_NODE_TYPE"),
        flag: None,
        shape: Shape::Text,
        default: "all",
        meaning: "`indexer` takes writes, `query` answers queries, `all` does both. In this release \
                  `serve` does both in either case, and refuses `query`",
    },
    Key {
        name: "node.index",
        env: Some("ELACSYM_NODE_INDEX"),
        flag: None,
        shape: Shape::Number,
        default: "none",
        meaning: "Place of this node in a ring of fixed size, counted from 0; goes with \
                  `node.total`. `serve` refuses it in this release",
    },
    Key {
        name: "node.total",
        env: Some("ELACSYM_TOTAL_NODES"),
        flag: None,
        shape: Shape::Number,
        default: "none",
        meaning: "Size of that ring; without the two, the ring is made of the live nodes. \
                  `serve` refuses it in this release",
    },
    Key {
        name: "server.host",
        env: Some("ELACSYM_HOST"),
        flag: Some("--host"),
        shape: Shape::Text,
        default: "127.0.0.1 without API keys, 0.0.0.0 with them",
        meaning: "IP address to listen on, or `localhost`",
    },
    Key {
        name: "server.port",
        env: Some("ELACSYM_PORT"),
        flag: Some("--port"),
        shape: Shape::Number,
        default: "3000",
        meaning: "TCP port to listen on; 0 lets the system choose a free one",
    },
    Key {
        name: "server.advertise_url",
        env: Some("ELACSYM_ADVERTISE_URL"),
        flag: None,
        shape: Shape::Text,
        default: "none",
        meaning: "How clients and other nodes reach this node, such as `http://10.0.0.7:3000`. \
                  `serve` refuses it in this release",
    },
    Key {
        name: "server.misrouted",
        env: Some("ELACSYM_MISROUTED"),
        flag: None,
        shape: Shape::Text,
        default: "as the wire contract has it",
        meaning: "A write for a namespace of another node: `redirect` the client, or `forward` it. \
                  `serve` refuses it in this release",
    },
    Key {
        name: "server.tls.cert",
        env: None,
        flag: None,
        shape: Shape::Text,
        default: "none: plain HTTP",
        meaning: "File of the certificate, in PEM, with those that lead to its root behind it; goes \
                  with `server.tls.key`. Read again when it changes",
    },
    Key {
        name: "server.tls.key",
        env: None,
        flag: None,
        shape: Shape::Text,
        default: "none: plain HTTP",
        meaning: "File of its private key, in PEM, without a password",
    },
    Key {
        name: "storage.path",
        env: Some("ELACSYM_STORAGE_PATH"),
        flag: Some("--storage-path"),
        shape: Shape::Text,
        default: "./data",
        meaning: "Local folder that holds everything; instead of `storage.url`",
    },
    Key {
        name: "storage.url",
        env: Some("ELACSYM_STORAGE_URL"),
        flag: Some("--storage-url"),
        shape: Shape::Text,
        default: "none",
        meaning: "Store that holds everything: `s3://bucket/prefix`, `file:///folder`, or \
                  `memory://` for trying out. S3 takes its credentials from the `AWS_*` variables",
    },
    Key {
        name: "indexer.memory_limit",
        env: None,
        flag: None,
        shape: Shape::Text,
        default: "half of the memory of the machine or container, and at least 256MiB",
        meaning: "Memory for rows and requests, such as `4GiB`, and at least 64MiB: whoever asks \
                  for more is told to come again",
    },
    Key {
        name: "indexer.fold_slots",
        env: None,
        flag: None,
        shape: Shape::Number,
        default: "128",
        meaning: "A namespace with so many commits that are in no segment is folded: 1 to 4096",
    },
    Key {
        name: "indexer.fold_bytes",
        env: None,
        flag: None,
        shape: Shape::Text,
        default: "64MiB",
        meaning: "The same by what these commits take in memory: `1MiB` to `1GiB`",
    },
    Key {
        name: "query.concurrent_per_namespace",
        env: None,
        flag: None,
        shape: Shape::Number,
        default: "16",
        meaning: "Queries of a namespace that are computed at once: 1 to 1024. One that aggregates \
                  counts as 4, a `kNN` as 2; the next one waits for 0.8 s",
    },
    Key {
        name: "auth.api_keys",
        env: Some("ELACSYM_API_KEYS"),
        flag: None,
        shape: Shape::Secrets,
        default: "none: open to all",
        meaning: "Keys with all rights, separated by commas in the environment",
    },
    Key {
        name: "auth.api_keys_file",
        env: Some("ELACSYM_API_KEYS_FILE"),
        flag: None,
        shape: Shape::Text,
        default: "none",
        meaning: "File of keys with scopes, namespaces and limits; instead of `auth.api_keys`. Read \
                  again when it changes",
    },
    Key {
        name: "log.format",
        env: None,
        flag: Some("--log-format"),
        shape: Shape::Text,
        default: "text",
        meaning: "`text` for people, `json` for machines: one object a line. Logs go to stderr",
    },
    Key {
        name: "log.level",
        env: None,
        flag: Some("--log-level"),
        shape: Shape::Text,
        default: "info",
        meaning: "`off`, `error`, `warn`, `info`, `debug` or `trace`; with exceptions: \
                  `info,elacsym::storage=debug`",
    },
];

impl Key {
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(section, _)| section)
    }

    pub fn field(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, field)| field)
    }

    pub fn nested_env(&self) -> String {
        format!("{NESTED_PREFIX}{}", self.name.replace('.', "__").to_uppercase())
    }
}

pub(super) fn by_name(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether keys lie below that name, as `server.tls.cert` does below `server.tls`.
pub(super) fn is_group(name: &str) -> bool {
    let below = |key: &Key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    KEYS.iter().any(below)
}

pub(super) fn by_env(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.env == Some(name) || key.nested_env() == name)
}

/// Whether a variable that begins like ours is none of the configuration's.
pub(super) fn is_not_ours(name: &str, value: Option<&str>) -> bool {
    OF_TOOLS.contains(&name) || is_service_link(name, value)
}

/// What Kubernetes sets in every pod for each service of its namespace. Of one called `elacsym`, or
/// `elacsym-…`, the names begin like ours; none has two underscores where a section begins.
fn is_service_link(name: &str, value: Option<&str>) -> bool {
    let has_url =
        value.is_some_and(|value| value.starts_with("tcp://") || value.starts_with("udp://"));
    !name.starts_with(NESTED_PREFIX)
        && (name.ends_with("_SERVICE_HOST")
            || name.ends_with("_SERVICE_PORT")
            || name.contains("_SERVICE_PORT_")
            || name.ends_with("_PORT") && has_url
            || is_port_of_service(name))
}

/// `…_PORT_3000_TCP`, and what follows from it.
fn is_port_of_service(name: &str) -> bool {
    const MARK: &str = "_PORT_";
    name.match_indices(MARK).any(|(at, _)| {
        let number = &name[at + MARK.len()..];
        let rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
        let part = rest.strip_prefix("_TCP").or_else(|| rest.strip_prefix("_UDP"));
        rest.len() < number.len() && matches!(part, Some("" | "_PROTO" | "_PORT" | "_ADDR"))
    })
}

/// The key that was probably meant: a slip of two letters, or the right field without its section.
pub(super) fn nearest(name: &str) -> Option<&'static Key> {
    let field = name.rsplit('.').next().unwrap_or(name);
    let misplaced = || KEYS.iter().find(|key| key.field() == field);
    closest(name, KEYS.iter().map(|key| (key.name, key))).or_else(misplaced)
}

/// The variable that was probably meant: a slip of two letters, or one underscore for two.
pub(super) fn nearest_env(name: &str) -> Option<String> {
    let shorts = KEYS.iter().filter_map(|key| key.env).chain([CONFIG_ENV]).map(str::to_owned);
    let names: Vec<String> = shorts.chain(KEYS.iter().map(Key::nested_env)).collect();
    let flat = |name: &str| name.replace("__", "_");
    let underscores = || names.iter().find(|known| flat(known) == flat(name));
    closest(name, names.iter().map(|known| (known.as_str(), known)))
        .or_else(underscores)
        .cloned()
        .or_else(|| {
            let nested = name.strip_prefix(NESTED_PREFIX)?.to_lowercase().replace("__", ".");
            nearest(&nested).map(Key::nested_env)
        })
}

fn closest<'a, T>(word: &str, known: impl Iterator<Item = (&'a str, T)>) -> Option<T> {
    known
        .map(|(name, value)| (slips(word, name), value))
        .filter(|(slips, _)| *slips <= 2)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, value)| value)
}

/// Letters to insert, drop or replace to turn one word into the other.
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_twins_exist() {
        let mut names: Vec<String> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        names.extend(KEYS.iter().filter_map(|key| key.env).map(str::to_owned));
        names.extend(KEYS.iter().filter_map(|key| key.flag).map(str::to_owned));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        for (one, other) in TWINS {
            assert!(by_name(one).is_some() && by_name(other).is_some());
        }
    }

    #[test]
    fn a_slip_finds_the_key_that_was_meant() {
        let key = |name| nearest(name).map(|key| key.name);
        assert_eq!(key("server.prot"), Some("server.port"));
        assert_eq!(key("port"), Some("server.port"));
        assert_eq!(key("storage.port"), Some("server.port"));
        assert_eq!(key("server.colour"), None);

        let env = |name| nearest_env(name);
        assert_eq!(env("ELACSYM_STORGE_URL").as_deref(), Some("ELACSYM_STORAGE_URL"));
        assert_eq!(env("ELACSYM_SERVER_PORT").as_deref(), Some("ELACSYM__SERVER__PORT"));
        assert_eq!(env("ELACSYM__NODE__PORT").as_deref(), Some("ELACSYM__SERVER__PORT"));
        assert_eq!(env("ELACSYM_COLOUR"), None);
    }

    #[test]
    fn a_service_link_is_told_from_a_key() {
        for (name, value) in [
            ("ELACSYM_SERVICE_HOST", "10.0.0.1"),
            ("ELACSYM_API_SERVICE_PORT", "3000"),
            ("ELACSYM_SERVICE_PORT_HTTP", "3000"),
            ("ELACSYM_SERVER_PORT", "tcp://10.0.0.1:3000"),
            ("ELACSYM_STORAGE_PORT", "udp://10.0.0.1:53"),
            ("ELACSYM_PORT_3000_TCP", "tcp://10.0.0.1:3000"),
            ("ELACSYM_PORT_3000_TCP_ADDR", "10.0.0.1"),
            ("ELACSYM_NODE_PORT_53_UDP_PROTO", "udp"),
        ] {
            assert!(is_service_link(name, Some(value)), "{name}");
        }
        for (name, value) in [
            ("ELACSYM_SERVER_PORT", "3000"),
            ("ELACSYM_PORT_TCP", "1"),
            ("ELACSYM_PORT_3000", "1"),
            ("ELACSYM_PORT_3000_TCPX", "1"),
            ("ELACSYM_PORT_MAX_TCP", "1"),
            ("ELACSYM__SERVER__SERVICE_HOST", "10.0.0.1"),
            ("ELACSYM__SERVER__PROT", "tcp://10.0.0.1:3000"),
        ] {
            assert!(!is_service_link(name, Some(value)), "{name}");
        }
    }

    /// Or whoever runs the tests with one of them set could not check a configuration.
    #[test]
    fn a_variable_of_our_tools_is_no_key() {
        for name in OF_TOOLS {
            assert!(is_not_ours(name, None) && by_env(name).is_none(), "{name}");
        }
        assert!(!is_not_ours("ELACSYM_TOOL", None));
    }

    #[test]
    fn operations_md_holds_the_table_of_all_keys() {
        let mut table = String::from(
            "| key | environment | flag | default | meaning |\n|---|---|---|---|---|\n",
        );
        for key in KEYS {
            let code = |name: &str| format!("`{name}`");
            let short = key.env.map_or(String::new(), |name| format!("{}, ", code(name)));
            let flag = key.flag.map_or(String::new(), code);
            let (name, nested) = (code(key.name), code(&key.nested_env()));
            let Key { default, meaning, .. } = key;
            table += &format!("| {name} | {short}{nested} | {flag} | {default} | {meaning} |\n");
        }
        let page = include_str!("../../docs/OPERATIONS.md");
        assert!(page.contains(&table), "docs/OPERATIONS.md must hold this table:\n{table}");
    }
}
