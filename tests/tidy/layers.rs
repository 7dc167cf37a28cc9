//! Which room may look into which. This table is the map: a room reaches what its arrows reach,
//! over any number of steps, and nothing else. A new arrow is a decision; write down why first.

use crate::paths;
use crate::source::Source;

/// `from → to`, down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli", "api"]),
    ("cli", &["api", "engine"]),
    ("api", &["engine"]),
    ("engine", &["query", "namespace", "cluster"]),
    ("query", &["namespace", "eval"]),
    ("namespace", &["segment", "log", "eval", "protocol"]),
    ("cluster", &["storage"]),
    ("segment", &["storage", "index"]),
    // What a slot is, `protocol` says; how it lies in bytes, `log`.
    ("log", &["storage", "protocol"]),
    ("storage", &[]),
    // Pure: they are handed bytes, rows and seeds, and reach no clock and no configuration.
    ("index", &["kernels", "model", "error", "slip"]),
    ("eval", &["index", "kernels", "model", "error", "slip"]),
    ("kernels", &["model::Metric", "slip"]),
    // The ground that the rooms above share, see `GROUND`.
    ("config", &["error", "model"]),
    ("env", &["error"]),
    ("reach", &[]),
    ("memory", &["error"]),
    ("model", &["error"]),
    ("error", &[]),
    // Pure: of the outside it knows one number, and no way to read it.
    ("protocol", &["model", "error", "env::BootTime", "reach"]),
];

/// What every room may use, but for those that say for themselves what ground they stand on.
const GROUND: &[&str] = &["model", "error", "config", "env", "memory", "reach", "mutant", "slip"];
const SELF_CONTAINED: &[&str] = &[
    "protocol", "index", "eval", "kernels", "config", "env", "reach", "slip", "memory", "model",
    "error",
];

pub(crate) fn complaints(source: &Source) -> Vec<String> {
    let room = source.room();
    if room == "lib" {
        return Vec::new();
    }
    if !ARROWS.iter().any(|(from, _)| *from == room) {
        let message = format!("the room `{room}` is not on the map in tests/tidy/layers.rs");
        return vec![source.complain(0, &message)];
    }
    let reached = reached(room);
    let mut complaints = Vec::new();
    for (at, path) in rooted(source) {
        let within = |to: &&str| path == **to || path.starts_with(&format!("{to}::"));
        if !reached.iter().any(within) {
            let message = format!("`{room}` does not reach `{path}` (tests/tidy/layers.rs)");
            complaints.push(source.complain(at, &message));
        }
    }
    complaints
}

fn reached(room: &str) -> Vec<&str> {
    let mut reached = vec![room];
    let mut next = 0;
    while let Some(room) = reached.get(next).copied() {
        let arrows = ARROWS.iter().filter(|(from, _)| *from == room).flat_map(|(_, to)| *to);
        // An arrow may lead to a part of a room, and no further.
        let whole = !room.contains("::") && !SELF_CONTAINED.contains(&room);
        let ground = if whole { GROUND } else { &[] };
        for to in arrows.chain(ground) {
            if !reached.contains(to) {
                reached.push(to);
            }
        }
        next += 1;
    }
    reached
}

/// Every path from the root of the crate, however it was reached.
fn rooted(source: &Source) -> Vec<(usize, String)> {
    // The binary is a crate of its own and calls the library by its name.
    let roots = ["crate", "elacsym"];
    let named = roots.iter().flat_map(|root| paths::below(source, root));
    named.chain(paths::above(source)).collect()
}

#[test]
fn an_arrow_that_points_up_is_told() {
    for (path, text, told) in [
        (
            "src/storage/slot.rs",
            "use crate::api::Router;",
            "`storage` does not reach `api::Router`",
        ),
        ("src/model/id.rs", "fn x() -> crate::config::Config {}", "`config::Config`"),
        ("src/protocol/doubt.rs", "use crate::env::{BootTime, Clock};", "`env::Clock`"),
        (
            "src/namespace/head.rs",
            "use crate::{\n    log::Entry as E,\n    query::{Plan},\n};",
            "`query::Plan`",
        ),
        ("src/log/slot.rs", "use super::super::namespace::head;", "`namespace::head`"),
        ("src/index/ids.rs", "use crate::env::Clock;", "`env::Clock`"),
        ("src/eval/filter.rs", "use crate::config::Config;", "`config::Config`"),
        ("src/kernels/mod.rs", "use crate::env::Dice;", "`env::Dice`"),
        ("src/main.rs", "use elacsym::unheard::Of;", "`unheard::Of`"),
        ("src/attic.rs", "", "`attic` is not on the map"),
        ("src/error.rs", "use crate::*;", "`*`"),
    ] {
        let complaints = complaints(&Source::new(path, text));
        assert_eq!(complaints.len(), 1, "{text:?}: {complaints:?}");
        assert!(complaints[0].contains(told), "{complaints:?}");
    }
}

#[test]
fn an_arrow_that_points_down_is_not() {
    for (path, text) in [
        ("src/main.rs", "elacsym::cli::run()"),
        ("src/query/plan.rs", "use crate::{error::Error, kernels, namespace::View, storage as s};"),
        ("src/index/ids.rs", "use crate::{error::Result, kernels, model::Seq};"),
        ("src/log/slot.rs", "use super::super::storage::frame; use super::Stored;"),
        ("src/protocol/read.rs", "use crate::env::BootTime; // not crate::api"),
        ("src/storage/mod.rs", "use crate::storage::keys::Key; type A = crate::env::Clock;"),
    ] {
        assert_eq!(complaints(&Source::new(path, text)), Vec::<String>::new(), "{text:?}");
    }
}
