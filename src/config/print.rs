//! A configuration as it is obeyed: a file in TOML that means the same, each value with the place
//! it came from. Secrets are masked, and a masked key is refused when it is read back.

use std::fmt;

use super::bytes;
use super::keys::KEYS;
use super::{Auth, Config, Location, LogFormat, Misrouted, Role};

const MASK: &str = "***";

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = "";
        for key in KEYS {
            if key.section() != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = key.section();
                writeln!(f, "{gap}[{section}]")?;
            }
            match self.value(key.name) {
                Some(value) => {
                    writeln!(f, "{} = {value}  # {}", key.field(), self.origin(key.name))?
                }
                None => writeln!(f, "# {} is not set", key.field())?,
            }
        }
        Ok(())
    }
}

impl Config {
    fn origin(&self, key: &str) -> String {
        // A `file://` URL is printed as the path that it means.
        let other = if key == "storage.path" { "storage.url" } else { key };
        let origin = self.origins.get(key).or_else(|| self.origins.get(other));
        origin.map_or("default".to_owned(), ToString::to_string)
    }

    /// The value of a key as TOML, if it has one.
    pub(super) fn value(&self, key: &str) -> Option<toml::Value> {
        let text = |text: &str| Some(toml::Value::from(text));
        let Config { node, server, storage, indexer, query, auth, log, origins: _ } = self;
        match key {
            "node.id" => node.id.as_ref().and_then(|id| text(id.as_str())),
            "node.type" => text(match node.role {
                Role::All => "all",
                Role::Indexer => "indexer",
                Role::Query => "query",
            }),
            "node.index" => node.ring_slot.map(|slot| slot.index.into()),
            "node.total" => node.ring_slot.map(|slot| slot.total.into()),
            "server.host" => text(&server.host.to_string()),
            "server.port" => Some(i64::from(server.port).into()),
            "server.advertise_url" => server.advertise_url.as_deref().and_then(text),
            "server.misrouted" => server.misrouted.and_then(|misrouted| {
                text(match misrouted {
                    Misrouted::Redirect => "redirect",
                    Misrouted::Forward => "forward",
                })
            }),
            "server.tls.cert" => {
                server.tls.as_ref().and_then(|tls| text(&tls.cert.display().to_string()))
            }
            "server.tls.key" => {
                server.tls.as_ref().and_then(|tls| text(&tls.key.display().to_string()))
            }
            "storage.path" => match storage {
                Location::Local(path) => text(&path.display().to_string()),
                Location::S3 { .. } | Location::Memory => None,
            },
            "storage.url" => match storage {
                Location::Local(_) => None,
                Location::S3 { .. } | Location::Memory => text(&storage.to_string()),
            },
            "indexer.memory_limit" => {
                indexer.memory_limit.and_then(|limit| text(&bytes::print(limit)))
            }
            "indexer.fold_slots" => Some(indexer.fold_slots.into()),
            "indexer.fold_bytes" => text(&bytes::print(indexer.fold_bytes)),
            "query.concurrent_per_namespace" => Some(query.concurrent.into()),
            "auth.api_keys" => match auth {
                Auth::Keys(keys) => Some(vec![MASK; keys.len()].into()),
                Auth::Open | Auth::KeysFile(_) => None,
            },
            "auth.api_keys_file" => match auth {
                Auth::KeysFile(path) => text(&path.display().to_string()),
                Auth::Open | Auth::Keys(_) => None,
            },
            "log.format" => text(match log.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            }),
            "log.level" => text(&log.levels.to_string()),
            _ => unreachable!("{key} stands in the table of keys and has no value here"),
        }
    }
}
